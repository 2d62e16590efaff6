"""Payments of a party beyond those that are kept one by one: folded into exact totals.

A party keeps `MOST_ROWS` payments as rows. Beyond that the ones that are needed least are folded: their amounts go, to
the cent, into totals by local day and by institution, so that the year's total without documents is what it would have
been. Lost of a folded payment is the rest. A return, a cancellation or a settlement of it finds no payment any more:
a return then stays pending and is counted here, and a settlement counts as a payment of its own, so the total may be
too high and is never too low. It is no evidence of its own, and a corrected rate does not restate it. Of pieces, the
payments in an amount band that a rule wants one by one (wanted.py), the number and sum are kept by purpose and local
day, so that none leaves a window's sum; what is lost of them is the payee and the hour (t01_folded.py). Alerts say how
many payments of their total are folded.

Each institution with a share of its own (shares.py) keeps its share of the rows that may still be needed. Failure
prevented: 2 600 pieces that one bank sends push out the two that another bank sent of the same party.

Failure prevented: one company with 200 000 payments made each further one take 27 ms, and its record grew to 14 MB.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from operator import add
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.books.party import Party
from detectors.books.payments import (
    NO_DOCUMENT,
    OUT,
    ROW,
    SETTLED,
    SHORT_DAYS,
    SMALL_REMITTER,
    Rows,
    proofs_of,
    rows,
    rows_where,
    sums_by,
)
from detectors.books.wanted import InForce, Wanted
from detectors.values.legal_calendar import DAY_US, HOUR_US, local_date

# 147 kB a party, and at most some 7 ms for the payment that alerts on all of them. Not folded is who makes up to 2 048
# payments in a year without documents, and up to 48 a day with them (those leave after 42 days). Folding goes down to
# the lower number, so that its 2 ms come once in 512 payments.
MOST_ROWS = 2048
KEPT_ROWS = 1536
# Institutions and days are senders' words. A person has a handful of banks; days reach back over two years at most.
MOST_INSTITUTIONS = 64
MOST_DAYS = 800
# totals are cut to what 63 bits hold, 9.2e16 USD: every limit is passed all the same (as `money.LARGEST_CENTS`)
LARGEST_TOTAL = 2**63 - 1
# Purposes whose pieces are told apart in a tally, and the days they are kept beyond what its rule looks back on: twice
# how late an event may be by default.
MOST_PURPOSES = 16
LATE_DAYS = 70
# the sums that the 7-day feature looks back on, and the days by which an event may be late
FLOW_DAYS = 60
OTHERS = ""
# no purpose has this name: the door refuses control characters
OTHER_PURPOSES = "\0"
LEGAL = OUT | NO_DOCUMENT
# ranks from which on rows may still be needed (`_least_needed_first`)
_NEEDED = 2
QUARTER_US = HOUR_US // 4
# rows keep the number of a name in 16 bits, so a key of a year or day and a name has it in its lowest ones
_NAME_BITS = 16
_NAME_MASK = (1 << _NAME_BITS) - 1


class Day(msgspec.Struct, array_like=True):
    """Folded payments of one local day that the law adds up. Amounts in USD cents.

    `small` is the part through small remitters, `ordered` the part not settled when it was folded. `returned` and
    `returns` are returns of that day which found no payment; they are not taken off.
    """

    total: int = 0
    count: int = 0
    small: int = 0
    small_count: int = 0
    ordered: int = 0
    ordered_count: int = 0
    returned: int = 0
    returns: int = 0

    def plus(self, other: "Day") -> "Day":
        """Both days' figures together. Cost: 1 us."""
        figures = map(add, msgspec.structs.astuple(self), msgspec.structs.astuple(other))
        return Day(*[min(one, LARGEST_TOTAL) for one in figures])


class Folded(msgspec.Struct, array_like=True):
    """All that is left of a party's folded payments.

    `count` is every payment folded since the party is known. `days` are by the ordinal of the local day, `institutions`
    by calendar year and name (`OTHERS` beyond `MOST_INSTITUTIONS`): cents, and cents through small remitters. `flows`
    are cents (in, out) of all payments by UTC day, for the sum of the last seven days. `pieces` are number and cents of
    those in a rule's band, by tally and purpose (`piece_key`, `OTHER_PURPOSES` beyond `MOST_PURPOSES`) and local day.
    """

    count: int = 0
    days: dict[int, Day] = {}
    institutions: dict[int, dict[str, tuple[int, int]]] = {}
    flows: dict[int, tuple[int, int]] = {}
    pieces: dict[str, dict[int, tuple[int, int]]] = {}

    def pieces_of(self, purpose: str, tally: str = "") -> dict[int, tuple[int, int]]:
        """Number and cents by local day of a tally's pieces that are, or may be, of a purpose; in order of days."""
        named, others = (self.pieces.get(piece_key(tally, one), {}) for one in (purpose, OTHER_PURPOSES))
        both = {day: [named.get(day, (0, 0)), others.get(day, (0, 0))] for day in sorted({*named, *others})}
        return {day: (one[0] + other[0], one[1] + other[1]) for day, (one, other) in both.items()}

    def of_year(self, year: int) -> dict[int, Day]:
        """The days of a calendar year, in order."""
        days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
        return {day: self.days[day] for day in sorted(self.days) if day in days}

    def annual_total(self, year: int) -> int:
        """USD cents without documents in a calendar year."""
        days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
        return sum(found.total for day, found in self.days.items() if day in days)

    def counted(self, first: date, last: date) -> int:
        """Payments without documents from the first to the last local day."""
        ordinals = range(first.toordinal(), last.toordinal() + 1)
        return sum(found.count for day, found in self.days.items() if day in ordinals)

    def flow(self, outbound: bool, first_us: int, last_us: int) -> int:
        """USD cents of one direction between two times, by whole UTC days: of two half days at the ends, the later."""
        days = range(first_us // DAY_US + 1, last_us // DAY_US + 1)
        return sum(cents[outbound] for day, cents in self.flows.items() if day in days)


class Needs(NamedTuple):
    """What decides which payments are needed least.

    The clock, how late payments may be, what rules want, with the bands of the clock's day, and which institutions have
    a share of their own.
    """

    clock_us: int
    lateness_us: int
    wanted: Wanted
    in_force: tuple[InForce, ...]
    zone: ZoneInfo
    has_share: Callable[[str], bool] = bool


def piece_key(tally: str, purpose: str) -> str:
    """The name in `Folded.pieces` of a tally's purpose; in the tally without a name it is the purpose alone."""
    return f"\0{tally}\0{purpose}" if tally else purpose


def _tally_of(key: str) -> str:
    return key.split("\0")[1] if "\0" in key else ""


_decoder = msgspec.msgpack.Decoder(Folded)


def folded_of(party: Party) -> Folded | None:
    """What is left of the party's folded payments; None for nearly every party. Cost: 0.1 ms for a full record."""
    return _decoder.decode(party.folded) if party.folded else None


def _keep(party: Party, found: Folded) -> None:
    party.folded = msgspec.msgpack.encode(found)


def is_due(party: Party) -> bool:
    """Whether the party has more payments than are kept as rows."""
    return len(party.payments) > MOST_ROWS * ROW.itemsize


def fold(party: Party, needs: Needs) -> int:
    """Fold the payments needed least, down to `KEPT_ROWS`; how many. Cost: 2 ms for 512."""
    table = rows(party)
    count = len(table)
    order = _least_needed_first(table, party.names, needs)
    leaving = np.zeros(count, bool)
    leaving[order[: count - KEPT_ROWS]] = True
    found = folded_of(party) or Folded()
    gone = rows_where(table, leaving)
    _add(found, gone, party.names, needs)
    _add_pieces(found, gone, party.names, needs)
    _forget(found, needs)
    staying = rows_where(table, ~leaving)
    party.payments = staying.tobytes()
    party.proofs = proofs_of(party, staying)
    _keep(party, found)
    return count - len(staying)


def _least_needed_first(table: Rows, names: list[str], needs: Needs) -> npt.NDArray[Any]:
    """Row numbers in the order in which they are folded.

    First payments that no rule wants one by one, then those beyond every look-back; then what lies under the bands, the
    smallest first, and what lies over them. Pieces of a band go last, the oldest first: 100 000 tiny payments must not
    push out large ones. What may still be settled goes later than what is settled, but before the bands. Of what may
    still be needed, each share's own order counts, and the share that holds most gives first.
    """
    flags, time, usd = table["flags"], table["time"], table["usd"]
    oldest = needs.clock_us - needs.lateness_us
    wanted, recent, in_band, reaching = np.zeros((4, len(table)), bool)
    for one in needs.in_force:
        its = one.payments.holds(flags)
        its_recent = its & (time >= oldest - one.days * DAY_US)
        its_reaching = its_recent & (usd >= one.low)
        wanted |= its
        recent |= its_recent
        reaching |= its_reaching
        in_band |= its_reaching & (usd <= one.high)
    past = wanted & ~recent
    awaited = (flags & SETTLED == 0) & (time >= needs.clock_us - SHORT_DAYS * DAY_US)
    small = recent & ~reaching
    rank = np.select([past, in_band, awaited & wanted, awaited, small, recent], [1, 6, 5, 4, 2, 3], default=0)
    size = np.where(small & ~awaited, usd, 0)
    order = np.lexsort((table["offset"], time, size, rank))
    needed = rank[order] >= _NEEDED
    return np.concatenate((order[~needed], _fairly(order[needed], table["institution"], names, needs)))


def _fairly(
    order: npt.NDArray[Any], institutions: npt.NDArray[Any], names: list[str], needs: Needs
) -> npt.NDArray[Any]:
    """The same rows, so that any number of the first ones leaves each share as many as the others, or all its own.

    Whoever has no share of its own shares one with all others that have none.
    """
    numbers, places = np.unique(institutions[order], return_inverse=True)
    shares = np.array([number if needs.has_share(names[number]) else -1 for number in numbers.tolist()], "<i8")[places]
    if len(order) == 0 or (shares == shares[0]).all():
        return order
    # how many rows of its share come after each in the order
    by_share = np.argsort(shares, kind="stable")
    ends = np.cumsum(np.unique(shares, return_counts=True)[1])
    after = np.empty(len(order), "<i8")
    after[by_share] = np.repeat(ends, np.diff(ends, prepend=0)) - 1 - np.arange(len(order))
    fair: npt.NDArray[Any] = order[np.argsort(-after, kind="stable")]
    return fair


def _add(found: Folded, table: Rows, names: list[str], needs: Needs) -> None:
    """Take rows into the totals, if a rule wants those, and into the flows. Cost: 0.5 ms for 512."""
    found.count += len(table)
    legal = rows_where(table, (table["flags"] & LEGAL == LEGAL) & (table["usd"] != 0) & needs.wanted.totals)
    usd, days = legal["usd"], _local_days(legal["time"], needs.zone)
    small, open_order = legal["flags"] & SMALL_REMITTER != 0, legal["flags"] & SETTLED == 0
    for day, figures in _sums_by(days, usd, np.ones_like(usd), usd * small, small, usd * open_order, open_order):
        found.days[day] = found.days.get(day, Day()).plus(Day(*figures))
    years: dict[int, list[tuple[str, tuple[int, int]]]] = {}
    for key, (whole, part) in _sums_by(_years(days) << _NAME_BITS | legal["institution"], usd, usd * small):
        years.setdefault(key >> _NAME_BITS, []).append((names[key & _NAME_MASK], (whole, part)))
    for year, more in years.items():
        _share(found.institutions.setdefault(year, {}), more)
    out = table["flags"] & OUT
    for utc_day, (into, outward) in _sums_by(table["time"] // DAY_US, table["usd"] * (1 - out), table["usd"] * out):
        _flow(found.flows, utc_day, (into, outward))


def _add_pieces(found: Folded, table: Rows, names: list[str], needs: Needs) -> None:
    """Count each tally's pieces among rows by purpose and local day. Cost: 0.2 ms for 512."""
    for one in needs.in_force:
        if one.tally is not None:
            pieces = rows_where(table, one.holds(table["flags"], table["usd"]) & (table["usd"] > 0))
            cents, days = pieces["usd"], _local_days(pieces["time"], needs.zone)
            for key, (count, total) in _sums_by(days << _NAME_BITS | pieces["purpose"], np.ones_like(cents), cents):
                purpose = names[key & _NAME_MASK]
                _piece(found.pieces, piece_key(one.tally, purpose), key >> _NAME_BITS, (count, total))


def _sums_by(key: npt.NDArray[Any], *columns: npt.NDArray[Any]) -> Iterator[tuple[int, list[int]]]:
    """As `sums_by`, in the order in which the keys first appear: it is that of a party's record."""
    found = sums_by(key, *columns)
    for each in dict.fromkeys(key.tolist()):
        yield each, found[each]


def _local_days(times: npt.NDArray[Any], zone: ZoneInfo) -> npt.NDArray[Any]:
    """The ordinals of times' local days. Every zone's days begin at a whole quarter of an hour."""
    _, firsts, places = np.unique(times // QUARTER_US, return_index=True, return_inverse=True)
    days = [local_date(at_us, zone).toordinal() for at_us in times[firsts].tolist()]
    return np.array(days, "<i8")[places]


def _years(days: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The calendar years of days' ordinals."""
    found, places = np.unique(days, return_inverse=True)
    return np.array([date.fromordinal(day).year for day in found.tolist()], "<i8")[places]


def _piece(pieces: dict[str, dict[int, tuple[int, int]]], key: str, day: int, more: tuple[int, int]) -> None:
    tally = _tally_of(key)
    if key not in pieces and sum(_tally_of(one) == tally for one in pieces) >= MOST_PURPOSES:
        key = piece_key(tally, OTHER_PURPOSES)
    days = pieces.setdefault(key, {})
    before = days.get(day, (0, 0))
    days[day] = (before[0] + more[0], min(before[1] + more[1], LARGEST_TOTAL))


def _flow(flows: dict[int, tuple[int, int]], day: int, cents: tuple[int, int]) -> None:
    before = flows.get(day, (0, 0))
    flows[day] = (min(before[0] + cents[0], LARGEST_TOTAL), min(before[1] + cents[1], LARGEST_TOTAL))


def _share(shares: dict[str, tuple[int, int]], more: Iterable[tuple[str, tuple[int, int]]]) -> None:
    """Add cents, and cents through small remitters, by institution; those with most keep their names.

    Failures prevented: 64 made-up institutions with a cent each, and the one through which all was paid has no name in
    the alert, so that its desk gets no copy; and 5 ms for 512 institutions, each compared with all others.
    """
    for name, cents in more:
        before = shares.get(name, (0, 0))
        shares[name] = (min(before[0] + cents[0], LARGEST_TOTAL), min(before[1] + cents[1], LARGEST_TOTAL))
    named = [name for name in shares if name != OTHERS]
    if len(named) <= MOST_INSTITUTIONS:
        return
    # of equal ones those that were there first
    staying = set(heapq.nsmallest(MOST_INSTITUTIONS, named, key=lambda one: (-shares[one][0], -shares[one][1])))
    whole, small = shares.get(OTHERS, (0, 0))
    for name in named:
        if name not in staying:
            gone = shares.pop(name)
            whole, small = min(whole + gone[0], LARGEST_TOTAL), min(small + gone[1], LARGEST_TOTAL)
    shares[OTHERS] = whole, small


def _forget(found: Folded, needs: Needs) -> None:
    """Let go of years and days that no later event can belong to."""
    oldest = local_date(needs.clock_us - needs.lateness_us, needs.zone)
    first = min(date(oldest.year, 1, 1).toordinal(), oldest.toordinal() - needs.wanted.longest_days())
    found.days = {day: found.days[day] for day in sorted(found.days) if day >= first}
    while len(found.days) > MOST_DAYS:  # days far ahead of the clock: the two oldest become one, no cent is lost
        oldest_day, next_day = list(found.days)[:2]
        found.days[next_day] = found.days[next_day].plus(found.days.pop(oldest_day))
    years = {date.fromordinal(day).year for day in found.days}
    found.institutions = {year: shares for year, shares in found.institutions.items() if year in years}
    look_back = {one.tally: one.days for one in needs.in_force}
    for key in list(found.pieces):
        days, width = found.pieces.pop(key), look_back.get(_tally_of(key))
        # of a rule that this release does not have any more nothing is kept
        if width is not None and (kept := _newest_pieces(days, oldest.toordinal() - width, width + LATE_DAYS)):
            found.pieces[key] = kept
    newest = max(found.flows, default=0)
    found.flows = {day: cents for day, cents in found.flows.items() if day > newest - FLOW_DAYS}


def _newest_pieces(days: dict[int, tuple[int, int]], first: int, most: int) -> dict[int, tuple[int, int]]:
    """The pieces of `first` and later days; of more than `most` days the two oldest become one, no piece is lost."""
    kept = {day: days[day] for day in sorted(days) if day >= first}
    while len(kept) > most:
        oldest_day, next_day = list(kept)[:2]
        count, cents = kept.pop(oldest_day)
        kept[next_day] = (kept[next_day][0] + count, min(kept[next_day][1] + cents, LARGEST_TOTAL))
    return kept


def note_return(party: Party, cents: int, needs: Needs) -> None:
    """Count a return or cancellation that found no payment, where payments were folded; else nothing.

    It stands on the day it came, not on its own: it may be dated on any day of the past, and days must not grow.
    """
    found = folded_of(party)
    if found is not None:
        day = local_date(needs.clock_us, needs.zone).toordinal()
        found.days[day] = found.days.get(day, Day()).plus(Day(returned=cents, returns=1))
        _forget(found, needs)
        _keep(party, found)


def join(current: Party, earlier: Party) -> bytes:
    """The folded payments of one party known under two tokens."""
    found, other = folded_of(current), folded_of(earlier)
    if found is None or other is None:
        return current.folded or earlier.folded
    found.count += other.count
    for day, figures in other.days.items():
        found.days[day] = found.days.get(day, Day()).plus(figures)
    for year, shares in other.institutions.items():
        _share(found.institutions.setdefault(year, {}), shares.items())
    for utc_day, cents in other.flows.items():
        _flow(found.flows, utc_day, cents)
    for key, days in other.pieces.items():
        for day, more in days.items():
            _piece(found.pieces, key, day, more)
    return msgspec.msgpack.encode(found)
