"""T04: a foreign party or account takes from many residents and pays many others about as much: hwanchigi.

An operator here and one abroad settle for their customers, so that money crosses the border on paper only: what some
residents send, others get. It fires where at least `names_min` residents paid and as many others were paid, without
documents, within 1, 3, 7 or 30 days, both sides are within `balance_low` and `balance_high` of each other, and come to
`sum_min` together; the narrowest window is told. A resident on both sides counts on neither: who buys and sells at one
place mirrors nobody. Business abroad that needs a registration (Act 8) is for an investigator to find.

Payments with documents are left out: an affiliate's trade in both directions balances too.
Fails where each side of the operator's book has its own foreign party and account, and where balances are settled by
goods or cash. Legs of an operator with several accounts are told account by account.
"""

from types import MappingProxyType

import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, Payment, Rows, rows_where
from detectors.contracts.alert import Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Finding
from detectors.typologies.node_view import NodeFinding, NodeView, by_resident, total
from detectors.typologies.t04_words import NEXT_STEPS, SANCTIONS, WORDS, Mirror, MirrorPairs, law_tests, sentences
from detectors.values.legal_calendar import DAY_US, HOUR_US, midnight_us
from detectors.values.money import plain

ID = "T04"
_WINDOWS = ("window_day", "window_days", "window_week", "window_month")
_NEEDED = (*_WINDOWS, "names_min", "balance_low", "balance_high", "sum_min", "growth_ratio")
# Our judgement: an indicator, however clear. At the least number on both sides in a month the doubt is a half; each
# further name takes a tenth of it, a narrower window more, and pairs of like amounts up to a half.
DOUBT, A_NAME, WINDOW_DOUBT = 0.5, 0.9, (0.6, 0.7, 0.8, 1.0)
MOST_STRENGTH = 0.9
# An operator's fee is a few per cent; two legs that differ by more are no pair (our judgement).
MOST_APART = 0.1
# Legs out that are paired, the newest. Failure prevented: 256 of them took 4 ms at each leg of a hub.
MOST_PAIRED = 64
MEMORY_US = 90 * DAY_US


class MirrorOfPayments:
    """The rule; see the module."""

    id = ID
    name_en = "Hwanchigi mirror: informal value transfer"
    name_ko = "환치기 의심 거래"
    kinds: tuple[LegKind, ...] = ("counterparty", "account")
    limits: LimitKinds = MappingProxyType(
        {
            "names_min": LimitKind("count", "2", "10000", whole=True, ko="최소 거주자 수", counter="명"),
            "balance_low": LimitKind("ratio", "0.01", "1", ko="지급 대비 수령 하한"),
            "balance_high": LimitKind("ratio", "1", "100", ko="지급 대비 수령 상한"),
            "sum_min": LimitKind("USD", "0", "1000000000", ko="합계 금액 하한"),
            "window_day": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(일)"),
            "window_days": LimitKind("days", "1", "90", whole=True, ko="수일 단위 관찰 기간"),
            "window_week": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(주)"),
            "window_month": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(월)"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:  # noqa: ARG002 - there is one series
        """All payments without documents of the foreign party or account."""
        return ("mirror",) if payment.flags & NO_DOCUMENT and payment.usd > 0 else ()

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The narrowest window whose sides mirror each other. Cost: 5 us; 1 ms for a node of 512 payments."""
        limits = view.limits(ID, _NEEDED, at_us)
        if limits is None or len(view.rows) < 2 * int(limits["names_min"].number):
            return None
        rows = rows_where(view.rows, view.rows["flags"] & NO_DOCUMENT != 0)
        for number, name in enumerate(_WINDOWS):
            days = int(limits[name].number)
            mirror = _mirror(view.window(rows, at_us, days), limits, days)
            if mirror is not None:
                return _finding(view, series, mirror, limits, number)
        return None


def _mirror(rows: Rows, limits: dict[str, DatedLimit], days: int) -> Mirror | None:
    names_min = int(limits["names_min"].number)
    out_mask = rows["flags"] & OUT != 0
    both = np.intersect1d(rows["beneficiary"][out_mask], rows["beneficiary"][~out_mask])
    one_sided = ~np.isin(rows["beneficiary"], both)
    out, back = rows_where(rows, out_mask & one_sided), rows_where(rows, ~out_mask & one_sided)
    if min(len(np.unique(side["beneficiary"])) for side in (out, back)) < names_min:
        return None
    sent, came = total(out), total(back)
    if sent + came < limits["sum_min"].cents:
        return None
    if not limits["balance_low"].cents * sent <= came * 100 <= limits["balance_high"].cents * sent:
        return None
    return Mirror(out, back, sent, came, by_resident(out), by_resident(back), days, pairs_of(out, back))


def pairs_of(out: Rows, back: Rows) -> MirrorPairs:
    """The newest legs out, in order of time, each with the nearest leg back of a like amount that is not taken yet.

    Cost: 15 us a leg out.
    """
    free = np.ones(len(back), np.bool_)
    lags: list[int] = []
    paid = kept = 0
    order = np.lexsort((out["event"], out["time"])).tolist()[-MOST_PAIRED:]
    for place in order:
        cents, at_us = int(out["usd"][place]), int(out["time"][place])
        like = free & (np.abs(back["usd"] - cents) <= MOST_APART * cents)
        if not like.any():
            continue
        candidates = np.flatnonzero(like)
        lag = np.abs(back["time"][candidates] - at_us)
        nearest = int(candidates[np.lexsort((back["event"][candidates], lag))[0]])
        free[nearest] = False
        lags.append(int(back["time"][nearest]) - at_us)
        paid, kept = paid + cents, kept + int(back["usd"][nearest])
    lags.sort()
    middle = lags[len(lags) // 2] if lags else 0
    return MirrorPairs(
        min(len(order), len(back)), len(lags), round(middle / HOUR_US, 1), round(1.0 - kept / paid, 4) if paid else 0.0
    )


def _strength(mirror: Mirror, names_min: int, window: int) -> float:
    further = len(mirror.payers) + len(mirror.payees) - 2 * names_min
    paired = mirror.pairs.legs / mirror.pairs.looked
    return round(min(1.0 - DOUBT * A_NAME**further * WINDOW_DOUBT[window] * (1.0 - paired / 2), MOST_STRENGTH), 4)


def _finding(view: NodeView, series: str, mirror: Mirror, limits: dict[str, DatedLimit], window: int) -> NodeFinding:
    english, korean = sentences(view, mirror)
    both = np.concatenate((mirror.out, mirror.back))
    gross = mirror.sent + mirror.came
    size, parts = view.sized(both)
    finding = Finding(
        strength=_strength(mirror, int(limits["names_min"].number), window),
        limits=tuple(limits[name].shown() for name in _NEEDED if name not in _WINDOWS or name == _WINDOWS[window]),
        window=f"{mirror.days} days",
        measured=(
            Measured(name="payers", value=len(mirror.payers), unit="count"),
            Measured(name="payees", value=len(mirror.payees), unit="count"),
            Measured(name="mirror_sent", value=plain(mirror.sent), unit="USD"),
            Measured(name="mirror_received", value=plain(mirror.came), unit="USD"),
            Measured(name="mirror_residual", value=plain(mirror.sent - mirror.came), unit="USD"),
            Measured(name="mirror_balance", value=round(mirror.came / mirror.sent, 4), unit="ratio"),
            Measured(name="paired_legs", value=mirror.pairs.legs, unit="count"),
            Measured(name="pair_lag_hours", value=mirror.pairs.lag_hours, unit="count"),
            Measured(name="implied_fee", value=mirror.pairs.fee, unit="ratio"),
            Measured(name="mirror_days", value=active_days(view, both), unit="days"),
            Measured(name="sample_of", value=2**view.level, unit="count"),
        ),
        offsets=tuple(sorted(both["offset"].tolist())),
        institutions=tuple(sorted({view.names[each] for each in set(both["institution"].tolist())})),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=gross,
        value=plain(gross),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        parts=parts,
        tests=law_tests(view, mirror),
    )
    return NodeFinding(finding, tuple(who for who, _ in by_resident(both)))


def active_days(view: NodeView, rows: Rows) -> int:
    """On how many local days there was a payment. Cost: 5 us a day."""
    times, days, place = np.sort(rows["time"]), 0, 0
    while place < len(times):
        end_us = midnight_us(view.day(int(times[place])).toordinal() + 1, view.zone)
        days, place = days + 1, int(np.searchsorted(times, end_us))
    return days
