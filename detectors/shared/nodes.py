"""A node's residents by name, and which of its payments it keeps when they are too many.

A node keeps `MOST_ROWS` payments of the last 90 days. A hub with more keeps those of a sample of its residents, all of
each: a resident is in the sample of level n when the slot of its token (0-4095, under a secret key, the same through
key rotations) is a multiple of 2**n. So the sample depends on nothing but who pays, neither on the order of arrival nor
on chance, and a replay draws the same one. The number of distinct residents is then an estimate, that of the sample
times 2**n; it is off by one part in `sqrt(residents in the sample)`, 5 to 10 in a hundred. What was left out is counted
in whole: payments, and USD in and out. A rule that fires on a hub says that it saw a sample.

Each sender has a level of its own: whoever reports most is sampled first. Failure prevented: one bank made up 600
payers of a foreign party, and of a ring of nine at three other banks one was left in the sample.

A resident with more than `MOST_OF_ONE` payments at a sender keeps the newest of them, the others are left out likewise.
"""

from collections import Counter
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.books.party import Party
from detectors.books.payments import (
    OUT,
    RATE_MISSING,
    ROW,
    SETTLED,
    Horizons,
    Payment,
    exact_sum,
    proofs_of,
    prune,
    rows,
)
from detectors.books.payments import rows_where as where
from detectors.values.shares import fairly_cut

# Failure prevented: a foreign shop with a million payers made each further leg take a second. 512 rows are 37 KB, and a
# leg of such a node costs 0.4 ms.
MOST_ROWS = 512
MOST_OF_ONE = 64
# A sample that has shrunk to a quarter takes in twice the residents again.
_FEW = MOST_ROWS // 4
# Totals are cut to what 63 bits hold, as those of a party are. Failure prevented: three payments of an absurd amount in
# a hub, and a state that cannot be packed stops its partition.
LARGEST_TOTAL = 2**63 - 1
# slots have 12 bits
HIGHEST_LEVEL = 12
KIND, RESIDENTS, SAMPLE = "kind", "residents", "sample"
# whose share an institution's payments count to (shares.py)
KnownAs = Callable[[str], str]
_RESIDENTS = msgspec.msgpack.Decoder(dict[int, str])


class Sample(msgspec.Struct, array_like=True):
    """How much of a hub is kept: of a sender's residents those of its level in `levels`, since `since_us`.

    A sender (`Shares.known_as`) without a level has all of them kept. `since_us` is event time.
    `left_out` payments are in no row; `usd_in` and `usd_out` are their cents, as they were told. What comes back of
    them, or is said of them anew, changes none of these.
    """

    levels: dict[str, int] = {}
    since_us: int = 0
    left_out: int = 0
    usd_in: int = 0
    usd_out: int = 0

    @property
    def level(self) -> int:
        """The highest level of any sender; 0 is no sample, but all."""
        return max(self.levels.values(), default=0)

    def holds(self, token: str, sender: str) -> bool:
        """Whether a resident belongs to the sample of a sender. A token without a slot does."""
        level = self.levels.get(sender, 0)
        return level == 0 or _slot(token) % (1 << level) == 0


def _slot(token: str) -> int:
    parts = token.split(".")
    try:
        return int(parts[1], 16)
    except (IndexError, ValueError):
        return 0


def kind_of(node: Party) -> str:
    """What kind of shared thing a node is; empty for one that has no leg yet."""
    return node.slots.get(KIND, b"").decode()


def sample_of(node: Party) -> Sample:
    """What the node says of its sample."""
    packed = node.slots.get(SAMPLE)
    return Sample() if packed is None else msgspec.msgpack.decode(packed, type=Sample)


def residents_of(node: Party) -> dict[int, str]:
    """Tokens of the residents that have payments here, by the number that rows know them by."""
    packed = node.slots.get(RESIDENTS)
    return {} if packed is None else _RESIDENTS.decode(packed)


def name_resident(node: Party, number: int, token: str) -> None:
    """Remember a resident's newest token. Cost: 1 us a hundred residents."""
    known = residents_of(node)
    if known.get(number) != token:
        known[number] = token
        node.slots[RESIDENTS] = msgspec.msgpack.encode(known)


def join_residents(node: Party, other: Party) -> None:
    """Names of residents that were known to the same thing under its former token, during a key rotation."""
    node.slots[RESIDENTS] = msgspec.msgpack.encode(residents_of(other) | residents_of(node))


def leave_out(node: Party, sample: Sample, row: Payment) -> None:
    """Count a payment of a resident outside the sample. An order is not counted, its settlement is."""
    if row.flags & SETTLED:
        sample.left_out += 1
        if row.flags & OUT:
            sample.usd_out = min(sample.usd_out + row.usd, LARGEST_TOTAL)
        else:
            sample.usd_in = min(sample.usd_in + row.usd, LARGEST_TOTAL)
        node.slots[SAMPLE] = msgspec.msgpack.encode(sample)


def bound(node: Party, since_us: int, now_us: int, known_as: KnownAs, *, sampled: bool = True) -> int:
    """Forget payments before `since_us`, and leave out what is too much; how many were left out.

    Not `sampled` are goods, of which every line is judged, and a resident's node: of too many the newest stay, of each
    sender its share. Cost: 5 us; 1 ms where something is left out.
    """
    prune_before(node, since_us)
    found = rows(node)
    if len(found) <= MOST_ROWS and SAMPLE not in node.slots:
        return 0
    sample, before = sample_of(node), len(found)
    if len(found) <= MOST_ROWS:
        if sample.levels and len(found) < _FEW:
            _raise_level(sample, max(sample.levels, key=lambda one: (sample.levels[one], one)), -1, now_us)
            node.slots[SAMPLE] = msgspec.msgpack.encode(sample)
        return 0
    _keep_newest_of_each(node, sample, known_as)
    if sampled:
        _sample(node, sample, now_us, known_as)
    found = rows(node)
    if len(found) > MOST_ROWS:
        # goods, a resident's own, or more than 512 residents of one slot in 4096: the newest stay, of each its share
        senders = _senders(node, known_as)
        order = np.lexsort((found["event"], found["time"])).tolist()
        keep = np.zeros(len(found), np.bool_)
        keep[fairly_cut(order, MOST_ROWS, senders.__getitem__)] = True
        _keep(node, sample, keep)
    node.slots[SAMPLE] = msgspec.msgpack.encode(sample)
    return before - len(node.payments) // ROW.itemsize


def _sample(node: Party, sample: Sample, now_us: int, known_as: KnownAs) -> None:
    """Halve the residents of whichever sender has most rows, again and again, until there is room."""
    tokens = residents_of(node)
    while len(node.payments) // ROW.itemsize > MOST_ROWS:
        senders = _senders(node, known_as)
        counts = Counter(one for one in senders if sample.levels.get(one, 0) < HIGHEST_LEVEL)
        if not counts:
            return
        most = max(counts, key=lambda one: (counts[one], one))
        _raise_level(sample, most, 1, now_us)
        held = np.array([number for number, token in tokens.items() if sample.holds(token, most)], "<u8")
        of_others = np.array([one != most for one in senders], np.bool_)
        _keep(node, sample, of_others | np.isin(rows(node)["beneficiary"], held))


def _raise_level(sample: Sample, sender: str, by: int, now_us: int) -> None:
    level = sample.levels.get(sender, 0) + by
    sample.levels = {one: each for one, each in sample.levels.items() if one != sender} | (
        {sender: level} if level else {}
    )
    sample.since_us = now_us


def _senders(node: Party, known_as: KnownAs) -> list[str]:
    """Who reported each row."""
    numbers = rows(node)["institution"].tolist()
    names = {number: known_as(node.names[number]) for number in set(numbers)}
    return [names[number] for number in numbers]


def prune_before(node: Party, since_us: int) -> None:
    """Forget payments before a time, with what was remembered of them."""
    before = len(node.payments)
    prune(node, Horizons(since_us, since_us, ()))
    if len(node.payments) != before:
        _forget_residents(node)


def _keep_newest_of_each(node: Party, sample: Sample, known_as: KnownAs) -> None:
    found, senders = rows(node), _senders(node, known_as)
    order = np.lexsort((found["event"], found["time"]))[::-1]
    keep, seen = np.ones(len(found), np.bool_), dict[tuple[int, str], int]()
    for place in order.tolist():
        who = int(found["beneficiary"][place]), senders[place]
        seen[who] = seen.get(who, 0) + 1
        keep[place] = seen[who] <= MOST_OF_ONE
    _keep(node, sample, keep)


def _keep(node: Party, sample: Sample, keep: npt.NDArray[np.bool_]) -> None:
    """Keep some rows, count the others as left out."""
    found = rows(node)
    gone = where(found, ~keep)
    if not len(gone):
        return
    counted = (gone["flags"] & SETTLED != 0) & (gone["flags"] & RATE_MISSING == 0)
    out = gone["flags"] & OUT != 0
    sample.left_out += int((gone["flags"] & SETTLED != 0).sum())
    sample.usd_out = min(sample.usd_out + exact_sum(gone["usd"][counted & out]), LARGEST_TOTAL)
    sample.usd_in = min(sample.usd_in + exact_sum(gone["usd"][counted & ~out]), LARGEST_TOTAL)
    staying = where(found, keep)
    node.payments, node.proofs = staying.tobytes(), proofs_of(node, staying)
    events = set(staying["event"].tolist())
    node.restated = [one for one in node.restated if one.first in events]
    _forget_residents(node)


def _forget_residents(node: Party) -> None:
    """Keep the names of those that have payments."""
    there, known = set(rows(node)["beneficiary"].tolist()), residents_of(node)
    node.slots[RESIDENTS] = msgspec.msgpack.encode({number: known[number] for number in known if number in there})
