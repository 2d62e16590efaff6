"""Legal payment accounting: a payment counts once, at its own time, with what was settled less what came back.

CONTRACT, "A payment counts once in legal totals": from its first `ordered` or `settled` event; a later `settled` with
the same `payment_id` replaces the amount; a return takes back its own amount, a cancellation the whole. Here that
holds in
whatever order the events come: the payment's time is the earliest of its events', its amount that of the latest
`settled` one (by event time, then by ledger order), and a return that comes first waits for its payment.
"""

import struct
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors import money
from detectors.calendar import DAY_US
from detectors.party import MOST_REVERSALS, Party, Reversal

OUT = 1
NO_DOCUMENT = 2
SETTLED = 4
SMALL_REMITTER = 8
RATE_MISSING = 16
REVERSED = 32

# What every row costs: 72 bytes. `amount_us` is the time of the event the amount comes from.
ROW = np.dtype([("time", "<i8"), ("amount_us", "<i8"), ("event", "<u8"), ("payment", "<u8"), ("beneficiary", "<u8"),
                ("usd", "<i8"), ("amount", "<i8"), ("offset", "<i8"), ("purpose", "<u2"), ("institution", "<u2"),
                ("currency", "<u2"), ("exponent", "u1"), ("flags", "u1")])  # fmt: skip
_PACKER = struct.Struct("<qqQQQqqqHHHBB")
Rows = npt.NDArray[Any]

# Other payments than those the law adds up are only needed to match a settlement or a return, and for the 7-day sum.
SHORT_DAYS = 7
# T01 looks back 90 days from an event
LONGEST_ROLLING_DAYS = 90
_PRUNE_EVERY = 4
FEW = 100


class Payment(msgspec.Struct):
    """One row, unpacked. `usd` is in cents, 0 where the rate was missing; names are numbers of the party's table."""

    time: int
    amount_us: int
    event: int
    payment: int
    beneficiary: int
    usd: int
    amount: int
    offset: int
    purpose: int
    institution: int
    currency: int
    exponent: int
    flags: int

    def packed(self) -> bytes:
        """The row's 72 bytes."""
        return _PACKER.pack(*msgspec.structs.astuple(self))


class Incoming(NamedTuple):
    """A transaction as the accounting sees it: its row if it counts as new, its status, and what it reverses."""

    row: Payment
    status: str
    original: int
    currency: str
    late: bool


class Effect(NamedTuple):
    """What an event did to the legal totals: `new`, `amended`, `reversed`, `known` (no change), `pending`, `late`.

    `payment` is the payment as it now counts, None for reversals and late events.
    """

    kind: str
    payment: Payment | None


def rows(party: Party) -> Rows:
    """The party's payments as columns, in ledger order; a view, never written to."""
    return np.frombuffer(party.payments, ROW)


def account(party: Party, incoming: Incoming) -> Effect:
    """Bring the party's payments up to date with one event. Cost: 1-2 us, and 4 us more where it has to be matched."""
    row = incoming.row
    if incoming.status in {"returned", "cancelled"}:
        return _reverse(party, incoming)
    place = _place(party, 0, row.payment) if row.payment else None
    if incoming.late:
        return Effect("late", None)
    if place is not None:
        return _amend(party, place, incoming)
    party.payments += row.packed()
    return Effect("new", _less_reversals(party, len(party.payments) // ROW.itemsize - 1))


def _place(party: Party, event: int, payment: int) -> int | None:
    """The index of the newest row with this event hash, else with this payment hash; 0 stands for unknown."""
    if not party.payments:
        return None
    found = rows(party)
    for name, wanted in (("event", event), ("payment", payment)):
        if wanted:
            places = np.flatnonzero(found[name] == np.uint64(wanted))
            if len(places):
                return int(places[-1])
    return None


def at(party: Party, place: int) -> Payment:
    """The row at an index."""
    return Payment(*_PACKER.unpack_from(party.payments, place * ROW.itemsize))


def _write(party: Party, place: int, row: Payment) -> None:
    start = place * ROW.itemsize
    party.payments = party.payments[:start] + row.packed() + party.payments[start + ROW.itemsize :]


def _amend(party: Party, place: int, incoming: Incoming) -> Effect:
    """Another event of a payment that counts already."""
    old, new = at(party, place), incoming.row
    replaces = bool(new.flags & SETTLED) and (not old.flags & SETTLED or new.amount_us >= old.amount_us)
    time = min(old.time, new.time)
    party.settle(new.event, old.event)
    if not replaces and time == old.time:
        return Effect("known", old)
    kept = msgspec.structs.replace(new if replaces else old, time=time, event=old.event)
    _write(party, place, kept)
    return Effect("amended", _less_reversals(party, place) if replaces else kept)


def _reverse(party: Party, incoming: Incoming) -> Effect:
    row = incoming.row
    reversal = Reversal(incoming.original, row.payment, row.time, incoming.status == "cancelled", row.amount,
                        row.exponent, incoming.currency, None if row.flags & RATE_MISSING else row.usd)  # fmt: skip
    party.reversals = [*party.reversals, reversal][-MOST_REVERSALS:]
    place = _place(party, party.first_event(incoming.original), row.payment)
    if place is None:
        return Effect("pending", None)
    _take_back(party, place, reversal)
    return Effect("reversed", None)


def _less_reversals(party: Party, place: int) -> Payment:
    """Take back from a fresh amount what its returns took, in ledger order; the payment as it counts then."""
    if party.reversals:
        row = at(party, place)
        for reversal in party.reversals:
            original = party.first_event(reversal.original)
            if (original and original == row.event) or (reversal.payment and reversal.payment == row.payment):
                _take_back(party, place, reversal)
    return at(party, place)


def _take_back(party: Party, place: int, reversal: Reversal) -> None:
    """Reduce a payment: the whole, or in proportion of its own currency, so that no change of rates leaves a rest."""
    row = at(party, place)
    if reversal.whole or (row.flags & RATE_MISSING and reversal.currency != party.names[row.currency]):
        left, usd = 0, 0
    elif reversal.currency == party.names[row.currency]:
        places = max(row.exponent, reversal.exponent)
        had = row.amount * 10 ** (places - row.exponent)
        back = reversal.mantissa * 10 ** (places - reversal.exponent)
        rest = max(had - back, 0)
        usd = money.half_even(row.usd * rest, had) if had else 0
        left, row.exponent = money.fitted(money.Exact(rest, places))
    else:
        usd = max(row.usd - (reversal.usd or 0), 0)
        left = money.half_even(row.amount * usd, row.usd) if row.usd else 0
    row.amount, row.usd = left, usd
    if left == 0:
        row.flags |= REVERSED
    _write(party, place, row)


def prune(party: Party, full_us: int, short_us: int) -> None:
    """Drop rows that no window needs any more: before `full_us`, and before `short_us` those the law does not add up.

    An order that was never settled is kept in full, because its settlement may yet say that no document was shown.
    Looked at once in 4 rows, so that it costs little on most events.
    """
    count = len(party.payments) // ROW.itemsize
    if count % _PRUNE_EVERY or not count:
        return
    found = rows(party)
    legal = (found["flags"] & NO_DOCUMENT != 0) | (found["flags"] & SETTLED == 0)
    keep = (found["time"] >= full_us) & (legal | (found["time"] >= short_us))
    if keep.all():
        return
    party.payments = found[keep].tobytes()
    offsets = {int(each) for each in found["offset"][keep]}
    party.proofs = [proof for proof in party.proofs if proof.offset in offsets]
    party.reversals = [reversal for reversal in party.reversals if reversal.time_us >= short_us]


def horizons(watermark_us: int, lateness_us: int, year_start_us: int) -> tuple[int, int]:
    """(full, short) horizons for `prune`; `year_start_us` is the local year's start of watermark less lateness."""
    oldest = watermark_us - lateness_us
    return min(year_start_us, oldest - LONGEST_ROLLING_DAYS * DAY_US), oldest - SHORT_DAYS * DAY_US


def exact_sum(values: npt.NDArray[Any]) -> int:
    """The sum of 64-bit integers without overflow: numpy's where it surely fits, Python's otherwise."""
    if len(values) <= FEW:  # two passes of numpy cost more than the sum of a short list
        return sum(values.tolist())
    if len(values) * int(np.abs(values).max()) < 2**63:
        return int(values.sum())
    return sum(values.tolist())


def running_sums(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums of the first 0, 1, 2 ... values (none negative), exact: Python's integers where 64 bits might not do."""
    kind = "<i8" if len(values) * int(values.max(initial=0)) < 2**63 else object
    return np.concatenate((np.zeros(1, kind), np.cumsum(values, dtype=kind)))


def window_sum(found: Rows, outbound: bool, first_us: int, last_us: int) -> int:
    """USD cents of one direction in the closed interval [first, last] of event time. Cost: about 6 us."""
    flags = found["flags"]
    mask = (flags & OUT == (OUT if outbound else 0)) & (found["time"] >= first_us) & (found["time"] <= last_us)
    return exact_sum(found["usd"][mask])


def joined(current: Party, earlier: Party) -> bytes:
    """Both parties' rows, the earlier one's first, its names renumbered to the current one's table."""
    renumbered = rows(earlier).copy()
    numbers = np.array([current.name_number(name) for name in earlier.names] or [0], "<u2")
    for column in ("purpose", "institution", "currency"):
        if len(renumbered):
            renumbered[column] = numbers[renumbered[column]]
    return renumbered.tobytes() + current.payments
