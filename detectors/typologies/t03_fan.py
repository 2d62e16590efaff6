"""T03: many residents and one foreign party or account, with similar amounts; or several residents on one device.

A ring sends one person's money under many names, or spreads what comes in over many. On a foreign party or account it
fires where at least `names_min` residents paid it (or were paid by it) without documents, and the largest group of
similar amounts has so many names, `cluster_share` of the window's payments, a mean of `mean_min` and a sum of
`sum_min`. Amounts are similar whose coefficient of variation is below `spread_max`. On a device or contact
`names_min_shared` residents and the sum are enough, in either direction: whose hand it is, is what they share.
Windows of 1, 7 and 30 days; the narrowest that fires is told. An indicator: to send for a friend is no offence, to do
so for others as a business needs a registration (Act 8).

Payments with documents are left out, so donors to a charity or students of a school who show what for are no ring.
Fails where each name has its own payee, device and contact, and where amounts are spread widely on purpose.
A family on one telephone is found too; the finding says that who holds it has to be asked.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, Payment, Rows, rows_where
from detectors.contracts.alert import Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Finding
from detectors.typologies.node_view import NodeFinding, NodeView, by_resident, spread, total
from detectors.typologies.t03_words import NEXT_STEPS, SANCTIONS, WORDS, Star, law_tests, sentences
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain

ID = "T03"
_WINDOWS = ("window_day", "window_week", "window_month")
_HELD_BY = ("names_min_shared", "spread_max", "sum_min", "growth_ratio")
_STAR = ("names_min", "spread_max", "cluster_share", "mean_min", "sum_min", "growth_ratio")
_HELD: tuple[LegKind, ...] = ("device", "contact")
# Our judgement: an indicator, however clear. At the least number of names in a month the doubt is a half; each further
# name takes a seventh of it, and a week or a day takes more.
DOUBT, A_NAME, WINDOW_DOUBT = 0.5, 0.86, (0.7, 0.85, 1.0)
MOST_STRENGTH = 0.9
# a ring that goes on is one series, brought up to date as it grows
MEMORY_US = 90 * DAY_US


class Fan:
    """The rule; see the module."""

    id = ID
    name_en = "Fan-in, fan-out, borrowed names"
    name_ko = "다수 명의 집중·분산 거래"
    kinds: tuple[LegKind, ...] = ("counterparty", "account", "device", "contact")
    limits: LimitKinds = MappingProxyType(
        {
            "names_min": LimitKind("count", "2", "10000", whole=True, ko="최소 거주자 수", counter="명"),
            "names_min_shared": LimitKind(
                "count", "2", "10000", whole=True, ko="접속기기·연락처 공유 최소 거주자 수", counter="명"
            ),
            "spread_max": LimitKind("ratio", "0.01", "100", ko="금액 변동계수 상한"),
            "cluster_share": LimitKind("ratio", "0.01", "1", ko="유사 금액 거래의 최소 비중"),
            "mean_min": LimitKind("USD", "0", "1000000000", ko="건당 평균 금액 하한"),
            "sum_min": LimitKind("USD", "0", "1000000000", ko="합계 금액 하한"),
            "window_day": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(일)"),
            "window_week": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(주)"),
            "window_month": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(월)"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:
        """A direction of a foreign party or account; all that a device or contact was used for."""
        if not payment.flags & NO_DOCUMENT or payment.usd <= 0:
            return ()
        if view.kind in _HELD:
            return ("names",)
        return ("out" if payment.flags & OUT else "in",)

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The narrowest window with enough names. Cost: 5 us; 1 ms for a node of 512 payments."""
        held = view.kind in _HELD
        limits = view.limits(ID, (*_WINDOWS, *(_HELD_BY if held else _STAR)), at_us)
        if limits is None:
            return None
        names_min = int(limits["names_min_shared" if held else "names_min"].number)
        if len(view.rows) < names_min:
            return None
        mask = view.rows["flags"] & NO_DOCUMENT != 0
        if not held:
            mask &= (view.rows["flags"] & OUT != 0) == (series == "out")
        rows = rows_where(view.rows, mask)
        for number, name in enumerate(_WINDOWS):
            days = int(limits[name].number)
            star = _star(view.window(rows, at_us, days), limits, names_min, days, held=held)
            if star is not None:
                return _finding(view, series, star, limits, name, number, names_min)
        return None


def _star(rows: Rows, limits: dict[str, DatedLimit], names_min: int, days: int, *, held: bool) -> Star | None:
    if len(rows) < names_min or len(np.unique(rows["beneficiary"])) < names_min:
        return None
    alike = rows if held else similar(rows, float(limits["spread_max"].number))
    residents = by_resident(alike)
    if len(residents) < names_min or total(alike) < limits["sum_min"].cents:
        return None
    if not held:
        if len(alike) * 100 < len(rows) * limits["cluster_share"].cents:
            return None
        if total(alike) < limits["mean_min"].cents * len(alike):
            return None
    return Star(alike, residents, total(alike), spread(alike["usd"].tolist()), days, len(rows))


def similar(rows: Rows, spread_max: float) -> Rows:
    """The most rows whose amounts are similar: a stretch of the amounts in order of size, of equals the smallest.

    Exact for amounts in cents: sums are of whole numbers. Cost: 2 us a row.
    """
    ordered = rows.take(np.lexsort((rows["offset"], rows["usd"])))
    amounts: list[int] = ordered["usd"].tolist()
    limit, best, first, count, one, two = spread_max**2, (0, 0), 0, 0, 0, 0
    for last, cents in enumerate(amounts):
        one, two, count = one + cents, two + cents * cents, count + 1
        # variance / mean**2 = count * sum of squares / square of the sum - 1
        while count > 1 and count * two / (one * one) - 1.0 >= limit:
            gone = amounts[first]
            one, two, count, first = one - gone, two - gone * gone, count - 1, first + 1
        if count > best[1] - best[0]:
            best = (first, last + 1)
    return ordered[best[0] : best[1]]


def _strength(names: int, names_min: int, window: int) -> float:
    return round(min(1.0 - DOUBT * A_NAME ** (names - names_min) * WINDOW_DOUBT[window], MOST_STRENGTH), 4)


def _finding(
    view: NodeView,
    series: str,
    star: Star,
    limits: dict[str, DatedLimit],
    window: str,
    number: int,
    names_min: int,
) -> NodeFinding:
    english, korean = sentences(view, series, star)
    size, parts = view.sized(star.rows)
    names = len(star.residents)
    shown: Sequence[str] = [name for name in limits if name not in _WINDOWS or name == window]
    finding = Finding(
        strength=_strength(names, names_min, number),
        limits=tuple(limits[name].shown() for name in shown),
        window=f"{star.days} days",
        measured=(
            Measured(name="residents", value=names, unit="count"),
            Measured(name="star_payments", value=len(star.rows), unit="count"),
            Measured(name="star_total", value=plain(star.usd), unit="USD"),
            Measured(name="amount_spread", value=round(star.spread, 4), unit="ratio"),
            Measured(name="payments_in_window", value=star.seen, unit="count"),
            Measured(name="sample_of", value=2**view.level, unit="count"),
        ),
        offsets=tuple(sorted(star.rows["offset"].tolist())),
        institutions=tuple(sorted({view.names[each] for each in set(star.rows["institution"].tolist())})),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=star.usd,
        value=plain(star.usd),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        parts=parts,
        tests=law_tests(view, star, float(limits["spread_max"].number), held=view.kind in _HELD),
    )
    return NodeFinding(finding, tuple(who for who, _ in star.residents))
