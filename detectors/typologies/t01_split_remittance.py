"""T01: one remittance split into pieces at or just under the document line.

Same remitter, same purpose, one beneficiary or a small set of them, without documents or report; at least `pieces_min`
pieces of [`band_low` x line, line] within 1, 7, 30 or 90 rolling days that together reach `sum_multiple` x line.
Devices, accounts and contacts that several remitters share are not looked at here: remitters live in different
partitions. Fails on families that truly live on monthly transfers of nearly the line: the 90-day window is therefore
weak evidence.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from detectors import texts
from detectors.alert import Measured
from detectors.calendar import DAY_US
from detectors.limits import DatedLimit
from detectors.money import plain
from detectors.payments import NO_DOCUMENT, OUT
from detectors.typologies.base import Change, Context, Finding

ID = "T01"
# How much closeness in time says: pieces of one day are one transfer, pieces of a quarter may be a habit (our
# judgement).
CLOSENESS = {"window_day": 1.0, "window_week": 0.9, "window_month": 0.75, "window_quarter": 0.55}
SET_OF_BENEFICIARIES = 0.9
# Since 2026-01 the line itself binds only after the annual cap: before it, the pattern is an indicator, not a breach.
BEFORE_CAP = 0.8
UNDOCUMENTED = OUT | NO_DOCUMENT
_NAMES = ("document_line", "band_low", "pieces_min", "sum_multiple", "beneficiaries_max", "growth_ratio", *CLOSENESS)


class Piece(NamedTuple):
    """One transfer of the band."""

    time: int
    usd: int
    beneficiary: int
    offset: int
    institution: int


class Candidate(NamedTuple):
    """Pieces in one window that satisfy the rule."""

    window: str
    pieces: tuple[Piece, ...]
    total: int
    strength: float


class SplitRemittance:
    """The rule; see the module."""

    id = ID
    name_en = "Split remittance under the document line"
    name_ko = "증빙면제 한도 이하 분할송금"

    def evaluate(self, context: Context) -> Finding | None:
        """The largest group of pieces around this payment that satisfies the rule. Cost: 1 us when out of the band."""
        line = context.limit(ID, "document_line")
        if line is None or not context.undocumented or context.transaction.party_type == "bank":
            return None
        if not in_band(context, context.payment.usd, line):
            return None
        limits = {name: found for name in _NAMES if (found := context.limit(ID, name)) is not None}
        if len(limits) < len(_NAMES):
            return None
        standing = _cap_standing(context)
        if standing is None:
            return None
        candidates = _candidates(context, limits)
        if not candidates:
            return None
        shown = max(candidates, key=lambda each: (each.total, -limits[each.window].number, each.strength))
        strength = max(each.strength for each in candidates) * standing[0]
        return _finding(context, limits, standing[1], shown, round(strength, 4))

    def learn(self, context: Context) -> None:
        """Count, over all remitters of the partition, how many payments without documents lie in the band."""
        line = context.limit(ID, "document_line")
        if line is None or not context.undocumented:
            return
        counts = context.shared.setdefault(ID, {}).setdefault("pieces", [0.0, 0.0])
        counts[0] += 1.0
        counts[1] += 1.0 if in_band(context, context.payment.usd, line) else 0.0

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """Documents shown; an amount below the band; fewer pieces."""
        low = _band(context)[0]
        changes = [
            Change(context.with_payment(flags=context.payment.flags & ~NO_DOCUMENT),
                   "had documents been shown for this transfer", "이 송금에 대한 증빙서류가 제출되었다면"),
            Change(context.with_payment(usd=low - 1),
                   f"had this transfer been {texts.usd(low - 1)} or less (below the band)",
                   f"이 송금액이 {texts.usd_ko(low - 1)} 이하였다면"),
        ]  # fmt: skip
        others = [offset for offset in finding.offsets if offset != context.payment.offset]
        for fewer in range(1, len(others) + 1):
            changed = context.without(others[-fewer:])
            if self.evaluate(changed) is None:
                left = len(others) + 1 - fewer
                changes.append(Change(changed, f"had there been {left} such transfers instead of {len(others) + 1}",
                                      f"해당 송금이 {len(others) + 1}건이 아니라 {left}건이었다면"))  # fmt: skip
                break
        return changes


def _band(context: Context) -> tuple[int, int]:
    """Lowest and highest amount of a piece, USD cents."""
    line, low = context.limit(ID, "document_line"), context.limit(ID, "band_low")
    if line is None or low is None:
        return 1, 0
    return math.ceil(line.cents * low.number), line.cents


def in_band(context: Context, cents: int, line: DatedLimit) -> bool:
    """Whether an amount is a piece: at or just under the line."""
    if cents > line.cents:
        return False
    return cents >= _band(context)[0]


def _cap_standing(context: Context) -> tuple[float, bool] | None:
    """(strength factor, whether the line waits for a cap not yet used up); None where that is not reported."""
    flag = context.limit(ID, "line_applies_after_cap")
    if flag is None or flag.number == 0:
        return 1.0, False
    cap = context.limit("T02", "annual_cap")
    if cap is None or context.transaction.party_type != "person" or context.annual_total() > cap.cents:
        return 1.0, False
    report = context.limit(ID, "report_before_cap")
    return (BEFORE_CAP, True) if report is not None and report.number else None


def _candidates(context: Context, limits: dict[str, DatedLimit]) -> list[Candidate]:
    payment, line = context.payment, limits["document_line"].cents
    low = _band(context)[0]
    longest = max(int(limits[window].number * DAY_US) for window in CLOSENESS)
    found = context.undocumented_rows(payment.time - longest, payment.time + longest)
    found = found[(found["purpose"] == payment.purpose) & (found["usd"] >= low) & (found["usd"] <= line)]
    columns = (found[name].tolist() for name in ("time", "usd", "beneficiary", "offset", "institution"))
    pieces = [Piece(*row) for row in zip(*columns, strict=True)]
    candidates = []
    for group, factor in (([each for each in pieces if each.beneficiary == payment.beneficiary], 1.0),
                          (pieces, SET_OF_BENEFICIARIES)):  # fmt: skip
        if len(group) < limits["pieces_min"].number:
            continue
        for window, closeness in CLOSENESS.items():
            inside = _fullest(group, payment.time, int(limits[window].number * DAY_US))
            total = sum(each.usd for each in inside)
            if (len(inside) < limits["pieces_min"].number or total < line * limits["sum_multiple"].number
                    or len({each.beneficiary for each in inside}) > limits["beneficiaries_max"].number):  # fmt: skip
                continue
            # the sum in units of the least that fires: 1 -> one half, 2 -> three quarters, and so on to 1
            size = 1.0 - 0.5 ** (total / float(line * limits["sum_multiple"].number))
            candidates.append(Candidate(window, inside, total, closeness * factor * (0.5 + 0.5 * size)))
    return candidates


def _fullest(pieces: Sequence[Piece], at_us: int, width_us: int) -> tuple[Piece, ...]:
    """The pieces of the window [start, start + width) with most money, of all that begin at a piece and hold `at_us`.

    Any window can be moved up to its first piece without losing one, so no other needs to be looked at. A payment that
    arrives late stands in the middle, with pieces before and after it.
    """
    best, best_total = (0, 0), -1
    last = total = 0
    for first, piece in enumerate(pieces):
        if piece.time > at_us:
            break
        while last < len(pieces) and pieces[last].time < piece.time + width_us:
            total += pieces[last].usd
            last += 1
        if piece.time > at_us - width_us and total > best_total:
            best, best_total = (first, last), total
        total -= piece.usd
    return tuple(pieces[best[0] : best[1]])


def _finding(
    context: Context, limits: dict[str, DatedLimit], before_cap: bool, shown: Candidate, strength: float
) -> Finding:
    line, pieces = limits["document_line"], shown.pieces
    offsets = tuple(each.offset for each in pieces)
    earlier = context.rows[(context.rows["flags"] & UNDOCUMENTED == UNDOCUMENTED) & (context.rows["usd"] > 0)]
    inside = frozenset(offsets)
    own = [int(usd) for usd, offset in zip(earlier["usd"], earlier["offset"], strict=True) if int(offset) not in inside]
    own_band = sum(1 for usd in own if in_band(context, usd, line))
    peers = context.shared.get(ID, {}).get("pieces", [0.0, 0.0])
    institutions = tuple(sorted({context.names[each.institution] for each in pieces}))
    used = ["document_line", "band_low", "pieces_min", "sum_multiple", shown.window]
    shown_limits = [limits[name].shown() for name in used]
    cap = context.limit("T02", "annual_cap")
    flag = context.limit(ID, "line_applies_after_cap")
    if before_cap and cap is not None and flag is not None:
        shown_limits += [flag.shown(), cap.shown()]
    english, korean = _sentences(
        context, limits, shown, (own_band, len(own)), (int(peers[1]), int(peers[0])), before_cap
    )
    span = pieces[-1].time - pieces[0].time
    return Finding(
        strength=strength, limits=tuple(shown_limits), window=f"{limits[shown.window].number} d",
        measured=(
            Measured(name="pieces", value=len(pieces), unit="count"),
            Measured(name="sum", value=plain(shown.total), unit="USD"),
            Measured(name="sum_over_line", value=round(shown.total / line.cents, 2), unit="ratio"),
            Measured(name="smallest_piece", value=plain(min(each.usd for each in pieces)), unit="USD"),
            Measured(name="largest_piece", value=plain(max(each.usd for each in pieces)), unit="USD"),
            Measured(name="span", value=round(span / DAY_US, 3), unit="days"),
            Measured(name="beneficiaries", value=len({each.beneficiary for each in pieces}), unit="count"),
            Measured(name="institutions", value=len(institutions), unit="count"),
        ),
        offsets=offsets, institutions=institutions, series=context.names[context.payment.purpose], size=shown.total,
        growth=limits["growth_ratio"].cents, memory_us=int(limits["window_quarter"].number * DAY_US),
        at_risk=shown.total,
        value=plain(shown.total), unit="USD",
        own_baseline=round(own_band / len(own), 4) if own else None, own_n=len(own),
        peer_baseline=round(peers[1] / peers[0], 4) if peers[0] else None, text_en=english, text_ko=korean,
    )  # fmt: skip


def _sentences(
    context: Context, limits: dict[str, DatedLimit], shown: Candidate, own: tuple[int, int], peers: tuple[int, int],
    before_cap: bool,
) -> tuple[str, str]:  # fmt: skip
    line, pieces, width = limits["document_line"], shown.pieces, limits[shown.window].number
    low = _band(context)[0]
    purpose_en, purpose_ko = context.purpose_texts()
    first, last = texts.day(pieces[0].time, context.zone), texts.day(pieces[-1].time, context.zone)
    span = pieces[-1].time - pieces[0].time
    gaps = sorted(later.time - earlier.time for earlier, later in itertools.pairwise(pieces))
    gap, times = gaps[len(gaps) // 2], f"{shown.total / line.cents:.1f}"
    payees = len({each.beneficiary for each in pieces})
    banks = len({each.institution for each in pieces})
    range_us = min(each.usd for each in pieces), max(each.usd for each in pieces)
    english = (
        f"{len(pieces)} transfers of {texts.between(*range_us)} each, without documents or report, "
        f"went to {texts.counted(payees, 'beneficiary', 'beneficiaries')} "
        f"through {texts.counted(banks, 'institution', 'institutions')} "
        f"within {texts.period(span)} ({first} to {last}; median gap {texts.period(gap)}); "
        f"stated purpose: {purpose_en}. "
        f"Together they are {texts.usd(shown.total)}, {times} times the document line of {texts.usd(line.cents)} "
        f"({texts.basis(line)}). Each piece lies between {texts.usd(low)} and the line. "
        f"Share of payments without documents in that band: this party's others, {texts.share(*own)}; "
        f"all parties of this partition, {texts.share(*peers)}. "
        "The supervisor's tests for one transfer: same remitter, met; same purpose, met; "
        f"close in time, within {width} days."
    )
    korean = (
        f"동일 송금인이 {first}부터 {last}까지 {texts.period_ko(span)} 동안 같은 사유({purpose_ko})로 "
        f"증빙서류나 신고 없이 수취인 {payees}명에게 {banks}개 기관을 통하여 {len(pieces)}건을 송금하였습니다"
        f"(건당 {texts.between_ko(*range_us)}, 송금 간격 중앙값 {texts.period_ko(gap)}). "
        f"합계는 {texts.usd_ko(shown.total)}로, 증빙면제 기준금액 {texts.usd_ko(line.cents)}"
        f"({texts.basis_ko(line)})의 {times}배입니다. "
        f"각 건은 {texts.usd_ko(low)} 이상 기준금액 이하입니다. "
        f"무증빙 송금 중 이 구간의 비중은 본인의 다른 송금 {texts.share_ko(*own)}, "
        f"동일 파티션 전체 고객 {texts.share_ko(*peers)}입니다. "
        "감독당국의 동일 송금 판단기준: 동일 송금인 충족, 동일 사유 충족, "
        f"시간적 근접성 {width}일 이내."
    )
    if before_cap:
        english += (
            " Since 2026-01 the line itself binds only once the annual cap is used up, which it is not here; "
            "the pattern is an indicator that may be notified to the tax and customs authorities."
        )
        korean += (
            " 2026년 1월 이후 기준금액은 연간 한도 소진 후에만 적용되며 이 송금인의 한도는 아직 소진되지 않았습니다. "
            "다만 국세청·관세청 통보 대상이 될 수 있는 징후로 보고합니다."
        )
    return english, korean
