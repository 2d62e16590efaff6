"""Corrected rates: the payments that used a wrong rate are converted anew.

A correction is another rate of the same pair and time. Payments remember their amount and currency, rates from which
ledger position on they stood, so it can be told exactly which payments used the corrected point, and what they are
worth by it. A correction comes to every partition and may concern a million parties, so no record does it all: a party
is brought up to date before its next event is judged, and all others in small steps with the records that follow.

What cannot be undone: what models and baselines learned of the wrong amounts, alerts that were published, payments
whose rates are no longer kept (36 days), and payments that were not converted at all (`rate_missing`).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.books import payments, reversals
from detectors.books.party import Party, Restated
from detectors.books.payments import RATE_MISSING, ROW, Payment
from detectors.rates.reference_rates import Point, Rates
from detectors.values import money

# Failure prevented: a feed that corrects without end must not make every partition convert without end. More at a time
# than these: the two oldest become one, of all points between them. No payment stays wrong for it: one that used a
# point between that was not corrected comes to the same amount again.
MOST_CORRECTIONS = 64
# Payments converted anew in one step: 8 us each. A party keeps at most twice as many (folded_payments.py).
MOST_ROWS = 1024
# One ledger record's share of the work: records of parties looked at, and their bytes, 0.3 ms together.
STEP_PARTIES = 24
STEP_BYTES = 128 * 1024
# What a step spends on looks for the rates that payments used (`Rates.effort`), some 6 ms. Failure prevented: rates
# that come late by the thousand made each look 80 us, and a step of one record 80 ms and more.
MOST_EFFORT = 2_000_000
_FIRST = -1


class Correction(msgspec.Struct, array_like=True, frozen=True):
    """The rate of a pair and time was replaced at a ledger position.

    Where several were joined to one: any rate of the pair (of every pair where it is empty) from `at_us` to `until_us`,
    up to the ledger position of the last.
    """

    pair: str
    at_us: int
    offset: int
    until_us: int = 0

    @property
    def last_us(self) -> int:
        """The time of the last point."""
        return max(self.at_us, self.until_us)

    def joined(self, other: "Correction") -> "Correction":
        """Both as one."""
        pair = self.pair if self.pair == other.pair else ""
        last_us, offset = max(self.last_us, other.last_us), max(self.offset, other.offset)
        return Correction(pair, min(self.at_us, other.at_us), offset, last_us)


class Corrected:
    """Which points were corrected, and at which ledger position last."""

    def __init__(self, corrections: Sequence[Correction]) -> None:
        self._points = {Point(one.pair, one.at_us): one.offset for one in corrections if not one.until_us}
        self._wide = [one for one in corrections if one.until_us]

    def after(self, offset: int, points: Iterable[Point]) -> bool:
        """Whether one of the points that an event at a ledger position used was, or may have been, corrected since."""
        return any(self._points.get(point, -1) > offset or self._widely(offset, point) for point in points)

    def _widely(self, offset: int, point: Point) -> bool:
        return any(
            one.offset > offset and one.at_us <= point.at_us <= one.until_us and one.pair in {"", point.pair}
            for one in self._wide
        )


class RestatedChange(NamedTuple):
    """What came of a party's restatement.

    `changed`: payments whose worth changed; `reached`: whether any lies within the corrected rates' reach, so that what
    was compared with them may change; `next`: the ledger position to go on from, None when all is done.
    """

    changed: int
    reached: bool
    next: int | None


_NOTHING = RestatedChange(0, reached=False, next=None)


class Restatement:
    """Corrections under way. `waiting` maps a party to the last ledger position of its payments that was looked at.

    `again`: corrections came while others were under way, so that all parties are gone through once more.
    """

    def __init__(self) -> None:
        self.corrections: list[Correction] = []
        self.waiting: dict[str, int] = {}
        self.again = False

    def begin(self, correction: Correction, parties: Iterable[str]) -> None:
        """Bring all parties up to date with one more correction. Cost: 70 ns a party, unless others are under way."""
        self.corrections = [*self.corrections, correction]
        if len(self.corrections) > MOST_CORRECTIONS:
            oldest, second, *others = self.corrections
            self.corrections = [oldest.joined(second), *others]
        if self.waiting:
            self.again = True
        else:
            self._go_through(parties)

    def _go_through(self, parties: Iterable[str]) -> None:
        self.waiting, self.again = dict.fromkeys(parties, _FIRST), False
        if not self.waiting:
            self.corrections = []

    def looked_at(self, token: str) -> int:
        """The ledger position beyond which a party's payments are to be looked at before its next event."""
        return _FIRST if self.again else self.waiting.get(token, _FIRST)

    def rename(self, former: str, name: str) -> None:
        """A party that waits is known by a newer name."""
        if self.waiting.pop(former, None) is not None:
            self.waiting[name] = _FIRST

    def note_done(self, token: str, parties: Iterable[str], step: RestatedChange = _NOTHING) -> None:
        """Note how far a party is; the corrections end with the last one."""
        if step.next is None:
            self.waiting.pop(token, None)
        else:
            self.waiting[token] = step.next
        if not self.waiting:
            self._go_through(parties if self.again else ())

    def oldest_us(self) -> int | None:
        """The time from which on rates are still needed; None when nothing waits."""
        return min((one.at_us for one in self.corrections), default=None) if self.corrections else None

    def to_state(self) -> bytes:
        """Everything."""
        return msgspec.msgpack.encode((self.corrections, list(self.waiting.items()), self.again))

    @classmethod
    def from_state(cls, packed: bytes) -> "Restatement":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        kind = tuple[list[Correction], list[tuple[str, int]], bool]
        found.corrections, waiting, found.again = msgspec.msgpack.decode(packed, type=kind)
        found.waiting = dict(waiting)
        return found


def restate(
    party: Party, rates: Rates, corrections: Sequence[Correction], stale_us: int, after: int = _FIRST
) -> RestatedChange:
    """Convert anew what used a corrected point, from the first payment beyond the ledger position `after` on.

    At most `MOST_ROWS` payments are looked at closely, and fewer where that costs more than `MOST_EFFORT`; `next` says
    where to go on.
    """
    found = payments.rows(party)
    if not len(found):
        return _NOTHING
    offsets = found["offset"]
    places = _within_reach(found, corrections, stale_us, after)
    if not len(places):
        _hidden(party, rates, corrections, stale_us)
        return _NOTHING
    corrected = Corrected(corrections)
    taken = {one.taken for one in party.reversals if one.taken}
    packed, changed, reversed_places, looked_at = bytearray(party.payments), 0, [], 0
    spent = rates.effort + MOST_EFFORT
    for place in places[:MOST_ROWS].tolist():
        if rates.effort > spent:
            break
        looked_at += 1
        row = payments.at(party, place)
        if row.event in taken:
            reversed_places.append(place)
            continue
        usd = _worth(party, row, rates, corrected, stale_us)
        if usd is not None and usd != row.usd:
            row.usd, changed = usd, changed + 1
            packed[place * ROW.itemsize : (place + 1) * ROW.itemsize] = row.packed()
    if changed:
        party.payments = bytes(packed)
    for place in reversed_places:
        changed += _reversed(party, place, rates, corrected, stale_us)
    if len(places) > looked_at:
        return RestatedChange(changed, reached=True, next=int(offsets[places[looked_at - 1]]))
    _hidden(party, rates, corrections, stale_us)
    return RestatedChange(changed, reached=True, next=None)


def _within_reach(
    found: payments.Rows, corrections: Sequence[Correction], stale_us: int, after: int
) -> npt.NDArray[np.intp]:
    """The payments beyond a ledger position that may have used a corrected point, in ledger order."""
    first, last = min(one.at_us for one in corrections), max(one.last_us for one in corrections) + stale_us
    until = max(one.offset for one in corrections)
    times, offsets = found["amount_us"], found["offset"]
    mask = (times >= first) & (times <= last) & (offsets > after) & (offsets < until)
    places = np.flatnonzero(mask & (found["flags"] & RATE_MISSING == 0))
    return places[np.argsort(offsets[places], kind="stable")]


def _worth(party: Party, row: Payment, rates: Rates, corrected: Corrected, stale_us: int) -> int | None:
    """USD cents by the corrected points; None when the payment used none of them."""
    ratio, points = rates.used(party.names[row.currency], "USD", row.amount_us, stale_us, row.offset)
    if ratio is None or not corrected.after(row.offset, points):
        return None
    return money.cents(money.Exact(row.amount, row.exponent), ratio)


def _reversed(party: Party, place: int, rates: Rates, corrected: Corrected, stale_us: int) -> int:
    """A payment of which something came back: its whole is converted anew, then the same is taken back."""
    fresh = reversals.fresh(party, payments.at(party, place))
    usd = _worth(party, fresh, rates, corrected, stale_us)
    if usd is None or usd == fresh.usd:
        return 0
    fresh.usd = usd
    payments.write(party, place, fresh)
    reversals.less_reversals(party, place)
    return 1


def _hidden(party: Party, rates: Rates, corrections: Sequence[Correction], stale_us: int) -> None:
    """What was said of payments before it was said anew may be put back one day; it is converted anew too."""
    corrected = Corrected(corrections)
    for number, one in enumerate(party.restated):
        row = payments.unpacked(one.row)
        usd = None if row.flags & RATE_MISSING else _worth(party, row, rates, corrected, stale_us)
        if usd is not None and usd != row.usd:
            row.usd = usd
            party.restated[number] = Restated(one.first, one.standing, row.packed())
