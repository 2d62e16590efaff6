"""T15: value goes out of the country and comes back to where it began.

A resident pays a foreign party, that one pays another resident, who pays another foreign party, and it pays the first
resident. fxwatch sees the four payments; a payment between the two foreign parties abroad would be a fifth hop that
nobody here sees. The cycle may begin at either foreign party too. Value is followed in the order of time: what a hop
passes on is at most what came to it before. It fires where at least `returned_min` of what left comes home within 3,
30 or 90 days (the narrowest is told), and that is `sum_min` or more. It must also be `share_min` of all that each pair
paid in that time, so that a small sum does not come round by chance among large ones. What else left by the first hop
and did not come home does not count.

The rule looks at residents' nodes, which foreign parties and accounts tell what they pass on (detectors/shared). Each
cycle is told once, at the resident who paid or was paid first.
Fails where value comes home through more than one other resident, over a foreign party with many large customers, or
to a related resident that shares nothing with the first one here.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.books.payments import OUT, Payment, Rows, exact_sum, rows_where, sums_by
from detectors.contracts.alert import Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Finding
from detectors.typologies.node_view import NodeFinding, NodeView
from detectors.typologies.t15_words import NEXT_STEPS, SANCTIONS, WORDS, Cycle, law_tests, sentences
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain

ID = "T15"
_WINDOWS = ("window_days", "window_month", "window_quarter")
_NEEDED = (*_WINDOWS, "returned_min", "sum_min", "share_min", "growth_ratio")
# Our judgement: an indicator, however clear. Within a quarter the doubt is a half, a narrower window leaves less of it,
# and so does a cycle that is all that the parties paid each other.
DOUBT, WINDOW_DOUBT = 0.5, (0.6, 0.8, 1.0)
MEMORY_US = 90 * DAY_US
# Payments of a first hop that are tried alone and with those after them. Failure prevented: 19 ms a leg of a full node.
MOST_TRIED = 4
_HOPS = 4


class RoundTripping:
    """The rule; see the module."""

    id = ID
    name_en = "Round-tripping"
    name_ko = "자금 우회·환류"
    kinds: tuple[LegKind, ...] = ("resident",)
    limits: LimitKinds = MappingProxyType(
        {
            "returned_min": LimitKind("ratio", "0.01", "1", ko="최소 회수 비율"),
            "sum_min": LimitKind("USD", "0", "1000000000", ko="합계 금액 하한"),
            "share_min": LimitKind("ratio", "0.2", "1", ko="전체 거래 중 최소 비중"),
            "window_days": LimitKind("days", "1", "90", whole=True, ko="수일 단위 관찰 기간"),
            "window_month": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(월)"),
            "window_quarter": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(분기)"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:
        """The other residents that the payment's foreign side deals with too; the payment's own, where it is one."""
        if payment.usd <= 0:
            return ()
        if payment.beneficiary != view.own:
            return (f"{payment.beneficiary:016x}",)
        there = view.rows["beneficiary"][view.rows["payment"] == np.uint64(payment.payment)]
        return tuple(f"{who:016x}" for who in np.unique(there).tolist() if who != view.own)

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The narrowest window in which value came round over this other resident. Cost: 20 us; 2 ms of 512 rows."""
        limits = view.limits(ID, _NEEDED, at_us)
        other = int(series, 16)
        who = view.rows["beneficiary"]
        found = rows_where(view.rows, (who == np.uint64(view.own)) | (who == np.uint64(other)))
        if limits is None or len(found) < _HOPS or not _enough(found, view.own, limits):
            return None
        for number, name in enumerate(_WINDOWS):
            days = int(limits[name].number)
            cycle = _cycle(view.window(found, at_us, days), view, limits, days)
            if cycle is not None:
                return _finding(view, series, other, cycle, limits, number)
        return None


def _kinds(rows: Rows, own: int) -> list[npt.NDArray[np.bool_]]:
    """Which rows may be of each hop: paid by `own`, got by the other, paid by the other, got by `own`."""
    out, mine = rows["flags"] & OUT != 0, rows["beneficiary"] == np.uint64(own)
    return [mine & out, ~mine & ~out, ~mine & out, mine & ~out]


def _enough(rows: Rows, own: int, limits: dict[str, DatedLimit]) -> bool:
    """Whether no hop has too little, at whatever time; nearly every node has none of one of them. 10 us."""
    least = limits["returned_min"].cents * limits["sum_min"].cents
    return all(100 * exact_sum(rows["usd"][kind]) >= least for kind in _kinds(rows, own))


class Step(NamedTuple):
    """A payment of a hop (0-3): event time (us), hop, number of its first event, USD cents."""

    at_us: int
    hop: int
    event: int
    cents: int


class _Passed(NamedTuple):
    """Cents that left by the first hop and that came home by the last, and the times of the first and last of them."""

    left: int
    home: int
    first_us: int
    last_us: int
    first_event: int = 0


def _cycle(rows: Rows, view: NodeView, limits: dict[str, DatedLimit], days: int) -> Cycle | None:
    accounts = [number for number, (kind, _) in view.vias.items() if kind == "account"]
    hops = hops_of(rows, view.own, accounts)
    sums = [exact_sum(hop["usd"]) for hop in hops]
    if 100 * min(sums) < limits["returned_min"].cents * limits["sum_min"].cents:
        return None
    steps = steps_of(hops)
    begun = [(place, *found) for place in range(_HOPS) if (found := _largest(steps, place, limits)) is not None]
    if not begun:
        return None
    # both residents' nodes choose alike
    place, chosen, passed = min(begun, key=lambda one: (-one[2].home, one[2].first_us, one[2].first_event))
    # where the other resident comes first, its own node tells the cycle
    if place not in {0, _HOPS - 1} or 100 * passed.home < limits["share_min"].cents * max(sums):
        return None
    first = rows_where(hops[place], np.isin(hops[place]["event"], np.array(sorted(chosen), "<u8")))
    return Cycle(
        hops=(first, *hops[place + 1 :], *hops[:place]),
        left=passed.left,
        home=passed.home,
        first_us=passed.first_us,
        last_us=passed.last_us,
        foreign=place != 0,
        days=days,
        largest=max(sums),
    )


def _largest(steps: Sequence[Step], place: int, limits: dict[str, DatedLimit]) -> tuple[set[int], _Passed] | None:
    """The payments of a hop, by event, of which most comes home, with what does; None where none are enough.

    All are tried; then, of the largest, each alone and each with those after it. Failure prevented: a payment for
    something else, between the same two, that does not come home hid a cycle.
    """
    least, returned_min = limits["sum_min"].cents, limits["returned_min"].cents

    def holds(passed: _Passed) -> bool:
        return passed.left >= least and 100 * passed.home >= returned_min * passed.left

    first = [step for step in steps if step.hop == place]
    every = {step.event for step in first}
    whole = followed(steps, place, every)
    if holds(whole):
        return every, whole
    if 100 * whole.home < returned_min * least or len(first) == 1:
        return None
    some = sorted(sorted(first, key=lambda step: (-step.cents, step.event))[:MOST_TRIED])
    in_time = [step.event for step in some]
    ends = [(begin, end) for begin in range(len(some)) for end in {begin + 1, len(some)}]
    tried = [(each, followed(steps, place, each)) for begin, end in ends if (each := set(in_time[begin:end]))]
    found = [(each, passed) for each, passed in tried if holds(passed)]
    return min(found, key=lambda one: (-one[1].home, one[1].first_us, len(one[0])), default=None)


def hops_of(rows: Rows, own: int, accounts: Sequence[int] = ()) -> list[Rows]:
    """Payments of the four hops: to foreign parties, from them to the other resident, on to others, and back to `own`.

    A foreign party that both residents pay and are paid by belongs to the way on which it passes more; each payment
    counts once, though its foreign party and its account (one of `accounts`) tell of it.
    """
    rows = rows.take(np.argsort(np.isin(rows["payment"], np.array(accounts, "<u8")), kind="stable"))
    kinds = _kinds(rows, own)
    sums = [
        {via: cents for via, (cents,) in sums_by(rows["payment"][kind], rows["usd"][kind]).items()} for kind in kinds
    ]
    ways: tuple[list[int], list[int]] = ([], [])
    for via in sorted({via for one in sums for via in one}):
        going, coming = (min(sums[one].get(via, 0), sums[one + 1].get(via, 0)) for one in (0, 2))
        if going or coming:
            ways[coming > going].append(via)
    over = [np.isin(rows["payment"], np.array(way, "<u8")) for way in ways]
    return [_once(rows_where(rows, kind & over[number // 2])) for number, kind in enumerate(kinds)]


def _once(rows: Rows) -> Rows:
    _, places = np.unique(rows["event"], return_index=True)
    found: Rows = rows.take(np.sort(places))
    return found


def steps_of(hops: Sequence[Rows]) -> list[Step]:
    """The payments of hops in the order of time. 0.6 us a payment."""
    columns = [[hop[name].tolist() for name in ("time", "event", "usd")] for hop in hops]
    return sorted(
        Step(at_us, number, event, cents)
        for number, column in enumerate(columns)
        for at_us, event, cents in zip(*column, strict=True)
    )


def followed(steps: Sequence[Step], place: int, chosen: AbstractSet[int]) -> _Passed:
    """What comes home of what leaves by the chosen payments of the hop at `place`; each hop passes on what came before.

    Cost: 0.2 us a payment.
    """
    # what each hop has passed on and the next one has not
    held, last = [0] * _HOPS, _HOPS - 1
    left = left_before = first_us = last_us = first_event = 0
    for at_us, hop, event, cents in steps:
        number = (hop - place) % _HOPS
        if number == 0:
            if event in chosen:
                if not left:
                    first_us, first_event = at_us, event
                left += cents
                held[0] += cents
        elif held[number - 1]:
            moved = min(cents, held[number - 1])
            held[number - 1] -= moved
            held[number] += moved
            if number == last:
                left_before, last_us = left, at_us
    return _Passed(left_before, held[last], first_us, last_us, first_event)


def _strength(cycle: Cycle, window: int) -> float:
    return round(1.0 - DOUBT * WINDOW_DOUBT[window] * (1.0 - cycle.home / cycle.largest / 2), 4)


def _finding(
    view: NodeView, series: str, other: int, cycle: Cycle, limits: dict[str, DatedLimit], window: int
) -> NodeFinding:
    english, korean = sentences(view, cycle)
    every = _once(np.concatenate(cycle.hops))
    size, parts = view.sized(every, cycle.home)
    finding = Finding(
        strength=_strength(cycle, window),
        limits=tuple(limits[name].shown() for name in _NEEDED if name not in _WINDOWS or name == _WINDOWS[window]),
        window=f"{cycle.days} days",
        measured=(
            Measured(name="cycle_left", value=plain(cycle.left), unit="USD"),
            Measured(name="cycle_returned", value=plain(cycle.home), unit="USD"),
            Measured(name="cycle_lost", value=plain(cycle.left - cycle.home), unit="USD"),
            Measured(name="cycle_ratio", value=round(cycle.home / cycle.left, 4), unit="ratio"),
            Measured(name="cycle_days", value=round((cycle.last_us - cycle.first_us) / DAY_US, 1), unit="days"),
            Measured(name="cycle_payments", value=len(every), unit="count"),
            Measured(name="cycle_hops", value=_HOPS, unit="count"),
            Measured(name="foreign_parties", value=len(cycle.vias(view, "counterparty")), unit="count"),
            Measured(name="institutions_shared", value=len(cycle.shared()), unit="count"),
        ),
        offsets=tuple(sorted(every["offset"].tolist())),
        institutions=tuple(sorted({view.names[each] for each in set(every["institution"].tolist())})),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=cycle.left,
        value=plain(cycle.home),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        parts=parts,
        tests=law_tests(view, cycle),
    )
    return NodeFinding(finding, (view.own, other))
