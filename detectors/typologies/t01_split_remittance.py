"""T01: one remittance split into pieces at or just under the document line.

Same remitter, same purpose, one beneficiary or a small set of them, without documents or report; at least `pieces_min`
pieces of [`band_low` x line, line] within 1, 7, 30 or 90 rolling days that together reach `sum_multiple` x line.
Devices, accounts and contacts that several remitters share are looked at apart (t01_ring.py): remitters live in
different partitions. Fails on families that truly live on monthly transfers of nearly the line: the 90-day window is
therefore weak evidence.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, Payment, Rows, exact_sum, rows_where
from detectors.books.wanted import LookBack, OneByOne, Wanted, Which
from detectors.contracts.alert import Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds, Limits
from detectors.typologies import t01_standing
from detectors.typologies.base import (
    MOST_LEFT_OUT,
    Change,
    Context,
    Finding,
    Past,
    largest_others,
    sums_by_institution,
    undocumented_sum,
)
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.t01_band import BEFORE_CAP, CLOSENESS, ID, NAMES, split_band, width_us
from detectors.typologies.t01_folded import bound, bound_finding, folded_of_its_own
from detectors.typologies.t01_windows import FewWindows, Windows, without_one
from detectors.typologies.t01_words import NEXT_STEPS, SANCTIONS, WORDS, law_tests, pieces_told
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain
from detectors.wording import phrases

LOOK_BACK_DAYS = 90
# pieces of a splitting that a trial makes; a limit that wants more is not reached, and does nothing either
MOST_TRIED = 12
SET_OF_BENEFICIARIES = 0.9
UNDOCUMENTED = OUT | NO_DOCUMENT
# Up to this many pieces the search for fewer tries every number.
FEW_PIECES = 16
FEW_WINDOWS = 64
FLAG = LimitKind("flag", "0", "1", whole=True, needed=False)


class Candidate(NamedTuple):
    """Pieces in one window that satisfy the rule, in order of time."""

    window: str
    pieces: Rows
    total: int
    strength: float


class SplitRemittance:
    """The rule; see the module."""

    id = ID
    name_en = "Split remittance under the document line"
    name_ko = "증빙면제 기준금액 이하 분할송금"
    told_apart: tuple[PartyType, ...] = ("person", "bank")
    limits: LimitKinds = MappingProxyType(
        {
            "document_line": LimitKind("USD", "1", "1000000000", ko="증빙면제 기준금액"),
            "line_applies_after_cap": FLAG._replace(ko="연간 한도 소진 후 기준금액 적용 여부"),
            "report_before_cap": FLAG._replace(ko="연간 한도 소진 전 보고 여부"),
            "band_low": LimitKind("ratio", "0.001", "1", ko="금액 구간의 하한(기준금액 대비)"),
            "pieces_min": LimitKind("count", "1", "1000000", whole=True, ko="최소 송금 건수"),
            "sum_multiple": LimitKind("ratio", "0.001", "1000000", ko="최소 합계(기준금액 대비)"),
            "beneficiaries_max": LimitKind("count", "1", "1000000", whole=True, ko="최대 수취인 수", counter="명"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
            # of pieces under several names; where they are not given, nobody looks for those
            "ring_names_min": LimitKind(
                "count", "2", "10000", whole=True, needed=False, ko="접속기기·연락처 공유 최소 명의 수", counter="명"
            ),
            "ring_payee_names_min": LimitKind(
                "count", "2", "10000", whole=True, needed=False, ko="같은 수취인 최소 명의 수", counter="명"
            ),
            "ring_share": LimitKind("ratio", "0.01", "1", needed=False, ko="분할송금이 차지하는 최소 비중"),
            "window_day": LimitKind("days", "0.001", "3660", ko="관찰 기간(일)", kept=str(LOOK_BACK_DAYS)),
            "window_week": LimitKind("days", "0.001", "3660", ko="관찰 기간(주)", kept=str(LOOK_BACK_DAYS)),
            "window_month": LimitKind("days", "0.001", "3660", ko="관찰 기간(월)", kept=str(LOOK_BACK_DAYS)),
            "window_quarter": LimitKind("days", "0.001", "3660", ko="관찰 기간(분기)", kept=str(LOOK_BACK_DAYS)),
        }
    )
    wants = Wanted(  # incoming payments without documents stay too: states of today have them
        look_back=(LookBack(Which(undocumented=True), LOOK_BACK_DAYS),),
        one_by_one=(OneByOne(Which("out", undocumented=True), LOOK_BACK_DAYS, split_band, tally=""),),
        proofs=(Which(undocumented=True),),
        totals=True,
    )
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The largest group of pieces around this payment that satisfies the rule. Cost: 1 us when out of the band."""
        line = context.law("document_line")
        # Reg 4-3(1) leaves foreign residents and non-residents out, and the line with them
        exempt = context.transaction.party_type == "bank" or context.residence.foreign
        if line is None or not context.undocumented or exempt:
            return None
        if not in_band(context, context.payment.usd, line):
            return None
        limits = context.needed(ID, NAMES)
        if limits is None:
            return None
        standing = _cap_standing(context, context.annual_total)
        if standing is None:
            return None
        pieces = _pieces(context, limits)
        candidates = list(_candidates(pieces, context.payment, limits))
        if not candidates:
            return _bound(context, limits, standing, pieces)
        shown = max(candidates, key=lambda each: (each.total, -limits[each.window].number, each.strength))
        strength = max(each.strength for each in candidates) * standing[0]
        finding = _finding(context, limits, standing[1], shown, round(strength, 4))
        parts = sums_by_institution(pieces, context.names, context.payment.institution)
        without = []
        others = largest_others(parts, finding.institution)
        for other in others:
            rest = rows_where(pieces, pieces["institution"] != context.names.index(other))
            total = max((each.total for each in _candidates(rest, context.payment, limits)), default=0)
            without += [(other, total)] if total else []
        alone = 0
        if len(others) == MOST_LEFT_OUT:  # beside fewer, what is left without them is the own part
            own = rows_where(pieces, pieces["institution"] == context.payment.institution)
            alone = max((each.total for each in _candidates(own, context.payment, limits)), default=0)
        return msgspec.structs.replace(finding, parts=parts, without=tuple(without), alone=alone)

    def learn(self, context: Context) -> None:
        """Count, over all remitters of the partition, how many payments without documents lie in the band."""
        line = context.law("document_line")
        if line is None or not context.undocumented:
            return
        counts = context.shared.setdefault(ID, {}).setdefault("pieces", [0.0, 0.0])
        counts[0] += 1.0
        counts[1] += 1.0 if in_band(context, context.payment.usd, line) else 0.0

    def restate(self, past: Past) -> None:
        """Nothing is kept of a party."""

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What the law adds up of the series' purpose within the longest window."""
        if series not in past.names:
            return 0
        rows = rows_where(past.rows, past.rows["purpose"] == past.names.index(series))
        return undocumented_sum(rows, at_us - LOOK_BACK_DAYS * DAY_US, at_us + 1)

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether some pieces of the purpose near the alert still satisfy the rule (t01_standing.py)."""
        return t01_standing.stands(past, series, at_us)

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """Documents shown; an amount below the band; fewer pieces."""
        low = _band(context)[0]
        changes = [
            Change(
                context.with_payment(flags=context.payment.flags & ~NO_DOCUMENT),
                "had documents been shown for this transfer",
                "이 송금에 대한 증빙서류가 제출되었다면",
            ),
            Change(
                context.with_payment(usd=low - 1),
                f"had this transfer been {phrases.usd(low - 1)} or less (below the band)",
                f"이 송금액이 {phrases.usd_ko(low - 1)} 이하였다면",
            ),
        ]
        if finding.bound:  # the pieces that might be fewer are not known one by one
            return changes
        others = [offset for offset in finding.offsets if offset != context.payment.offset]
        fewer = _fewest_removed(context, others)
        if fewer is not None:
            left = len(others) + 1 - fewer
            changes.append(
                Change(
                    context.without(others[-fewer:]),
                    f"had there been {left} such transfers instead of {len(others) + 1}",
                    f"해당 송금이 {len(others) + 1}건이 아니라 {left}건이었다면",
                )
            )
        return changes

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """As many pieces in the middle of the band as a splitting needs, and `MOST_TRIED` at most."""
        pieces = min(max(int(day.limit("pieces_min")), int(day.limit("sum_multiple")) + 2), MOST_TRIED)
        piece = day.limit("document_line") * (1 + day.limit("band_low")) / 2
        for number in range(pieces):
            yield "a split remittance", day.paid(number, "splitter", piece)


def _band(context: Context) -> tuple[int, int]:
    return context.rulebook.band(split_band, context.day)


def in_band(context: Context, cents: int, line: DatedLimit) -> bool:
    """Whether an amount is a piece: at or just under the line."""
    if cents > line.cents:
        return False
    return cents >= _band(context)[0]


def _cap_standing(context: Context, annual_total: Callable[[], int]) -> tuple[float, bool] | None:
    """(strength factor, whether the line waits for a cap not yet used up); None where that is not reported."""
    flag = context.limit(ID, "line_applies_after_cap")
    if flag is None or flag.number == 0:
        return 1.0, False
    cap = context.resident_cap
    if cap is None or annual_total() > cap.cents:
        return 1.0, False
    report = context.limit(ID, "report_before_cap")
    return (BEFORE_CAP, True) if report is not None and report.number else None


def _pieces(context: Context, limits: Limits) -> Rows:
    """The transfers that may be in a window with this payment, by time, then ledger position."""
    payment, line = context.payment, limits["document_line"].cents
    longest = max(width_us(limits[window]) for window in CLOSENESS)
    found = context.undocumented_rows(payment.time - longest, payment.time + longest)
    usd = found["usd"]
    return rows_where(found, (found["purpose"] == payment.purpose) & (usd >= _band(context)[0]) & (usd <= line))


def _candidates(pieces: Rows, payment: Payment, limits: Limits) -> Iterator[Candidate]:
    """The fullest group of each window that satisfies the rule, pieces of one beneficiary first.

    Cost: 30 us for ten pieces, 1 ms for 2 048, and as much for each institution that is left out.
    """
    none = True
    own = rows_where(pieces, pieces["beneficiary"] == payment.beneficiary)
    # where all are of one beneficiary they are no set of several
    groups = ((own, 1.0), (pieces, SET_OF_BENEFICIARIES)) if len(own) < len(pieces) else ((own, 1.0),)
    for group, factor in groups:
        for one in _fullest(group, factor, payment, limits):
            none = False
            yield one
    if none and len(pieces) >= limits["pieces_min"].number:
        for group in without_one(pieces, payment):
            # the first group that satisfies the rule is enough: who is left out says nothing of the others
            if none:
                for one in _fullest(group, SET_OF_BENEFICIARIES, payment, limits):
                    none = False
                    yield one


def _fullest(group: Rows, factor: float, payment: Payment, limits: Limits) -> Iterator[Candidate]:
    """The fullest group of each window that satisfies the rule, of these pieces."""
    least = limits["pieces_min"].number
    least_sum = limits["document_line"].cents * limits["sum_multiple"].number
    if len(group) < least:
        return
    windows = FewWindows(group) if len(group) <= FEW_WINDOWS else Windows(group)
    for window, closeness in CLOSENESS.items():
        first, last, total = windows.fullest(payment.time, width_us(limits[window]))
        if last - first < least or total < least_sum:
            continue
        if windows.beneficiaries(first, last) > limits["beneficiaries_max"].number:
            continue
        yield Candidate(window, group[first:last], total, closeness * factor * _size(total, least_sum))


def _size(total: int, least_sum: Decimal) -> float:
    """What a sum says, in units of the least that fires: 1 -> three quarters, 2 -> seven eighths, and so on to 1."""
    return float(0.5 + 0.5 * (1.0 - 0.5 ** (total / float(least_sum))))


def _bound(context: Context, limits: Limits, standing: tuple[float, bool], pieces: Rows) -> Finding | None:
    """What the windows may hold at most where pieces are kept in totals only, when that satisfies the rule."""
    least = limits["pieces_min"].number
    least_sum = limits["document_line"].cents * limits["sum_multiple"].number
    found = [bound(context, pieces, window, width_us(limits[window])) for window in CLOSENESS]
    firing = [one for one in found if one is not None and one.pieces >= least and one.total >= least_sum]
    if not firing:
        return None
    shown = max(firing, key=lambda each: (each.total, -limits[each.window].number))
    strength = max(CLOSENESS[each.window] * _size(each.total, least_sum) for each in firing)
    names = ("document_line", "band_low", "pieces_min", "sum_multiple", shown.window)
    strength *= SET_OF_BENEFICIARIES * standing[0]
    return bound_finding(context, shown, limits, tuple(limits[name] for name in names), strength)


def _fewest_removed(context: Context, others: Sequence[int]) -> int | None:
    """How many of the newest of these pieces had to be missing for the rule not to fire; None when that is not found.

    Up to `FEW_PIECES` every number is tried, and the least one found. Beyond, the numbers are halved between one that
    fires and one that does not: with several beneficiaries a smaller number may exist. Failure prevented: the rule
    evaluated anew for each of 3 072 pieces, 45 s for one payment.
    """
    limits = {name: found for name in NAMES if (found := context.limit(ID, name)) is not None}
    pieces, whole = _pieces(context, limits), context.annual_total()
    places = np.flatnonzero(np.isin(pieces["offset"], np.array(others, "<i8")))

    def fires(fewer: int) -> bool:
        gone = places[len(places) - fewer :]
        within = (pieces["time"][gone] >= context.year_us[0]) & (pieces["time"][gone] < context.year_us[1])
        total = whole - exact_sum(pieces["usd"][gone][within])
        if _cap_standing(context, lambda: total) is None:
            return False
        return next(_candidates(np.delete(pieces, gone), context.payment, limits), None) is not None

    if len(places) <= FEW_PIECES:
        return next((fewer for fewer in range(1, len(places) + 1) if not fires(fewer)), None)
    firing, silent = 0, len(places)
    if fires(silent):
        return None
    while silent - firing > 1:
        middle = (firing + silent) // 2
        firing, silent = (middle, silent) if fires(middle) else (firing, middle)
    return silent


def _finding(context: Context, limits: Limits, before_cap: bool, shown: Candidate, strength: float) -> Finding:
    line, pieces = limits["document_line"], shown.pieces
    rows, amounts = context.rows, pieces["usd"]
    counted = rows["usd"][(rows["flags"] & UNDOCUMENTED == UNDOCUMENTED) & (rows["usd"] > 0)]
    # every piece is one of these, and in the band
    own = len(counted) - len(pieces)
    own_band = int(((counted >= _band(context)[0]) & (counted <= line.cents)).sum()) - len(pieces)
    peers = context.shared.get(ID, {}).get("pieces", [0.0, 0.0])
    institutions = tuple(sorted(context.names[number] for number in set(pieces["institution"].tolist())))
    used = ["document_line", "band_low", "pieces_min", "sum_multiple", shown.window]
    shown_limits = [limits[name].shown() for name in used]
    cap = context.resident_cap
    flag = context.limit(ID, "line_applies_after_cap")
    if before_cap and cap is not None and flag is not None:
        shown_limits += [flag.shown(), cap.shown()]
    english, korean = pieces_told(
        context,
        pieces,
        line,
        _band(context)[0],
        before_cap=None if flag is None or not before_cap else flag.limit.effective_from,
        own=(own_band, own),
        peers=(int(peers[1]), int(peers[0])),
        width=limits[shown.window].number,
    )
    folded = _folded_near(context, limits[shown.window])
    if folded:
        english += phrases.folded_pieces(folded)
        korean += phrases.folded_pieces_ko(folded)
    span = int(pieces["time"][-1] - pieces["time"][0])
    return Finding(
        strength=strength,
        limits=tuple(shown_limits),
        window=f"{limits[shown.window].number} d",
        measured=(
            Measured(name="pieces", value=len(pieces), unit="count"),
            Measured(name="sum", value=plain(shown.total), unit="USD"),
            Measured(name="sum_over_line", value=round(shown.total / line.cents, 2), unit="ratio"),
            Measured(name="smallest_piece", value=plain(int(amounts.min())), unit="USD"),
            Measured(name="largest_piece", value=plain(int(amounts.max())), unit="USD"),
            Measured(name="span", value=round(span / DAY_US, 3), unit="days"),
            Measured(name="beneficiaries", value=len(set(pieces["beneficiary"].tolist())), unit="count"),
            Measured(name="institutions", value=len(institutions), unit="count"),
            *phrases.folded_shown(folded),
        ),
        offsets=tuple(pieces["offset"].tolist()),
        institutions=institutions,
        series=context.names[context.payment.purpose],
        institution=context.names[context.payment.institution],
        size=shown.total + folded_of_its_own(context, pieces, width_us(limits["window_quarter"])),
        growth=limits["growth_ratio"].cents,
        memory_us=int(limits["window_quarter"].number * DAY_US),
        at_risk=shown.total,
        value=plain(shown.total),
        unit="USD",
        own_baseline=round(own_band / own, 4) if own else None,
        own_n=own,
        peer_baseline=round(peers[1] / peers[0], 4) if peers[0] else None,
        text_en=english,
        text_ko=korean,
        tests=law_tests(context, len(set(pieces["beneficiary"].tolist())), limits[shown.window].number),
    )


def _folded_near(context: Context, window: DatedLimit) -> int:
    """Folded payments without documents of the days that a window with this payment may reach."""
    if context.folded is None:
        return 0
    at_us, width = context.payment.time, width_us(window)
    return context.folded.counted(local_date(at_us - width, context.zone), local_date(at_us + width, context.zone))
