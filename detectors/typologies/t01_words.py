"""How T01 tells of its pieces, in English and Korean: the pieces, what others do, the supervisor's tests."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.wording import phrases

# (payments in the band, all payments without documents)
Share = tuple[int, int]
WORDS = Words(
    measured={
        "pieces": Word("송금 건수"),
        "sum": Word("송금 합계"),
        "sum_over_line": Word("송금 합계(기준금액 대비)"),
        "smallest_piece": Word("가장 작은 송금액"),
        "largest_piece": Word("가장 큰 송금액"),
        "span": Word("첫 송금부터 마지막 송금까지"),
        "beneficiaries": Word("수취인 수", "명"),
        "institutions": Word("기관 수", "개"),
        "residents": Word("거주자 수", "명"),
        "users_of_thing": Word("관찰 기간(월)의 이용 거주자 수", "명"),
        "pieces_at_most": Word("송금 건수(최대)"),
        "sum_at_most": Word("송금 합계(최대)"),
        "sum_over_line_at_most": Word("송금 합계(최대, 기준금액 대비)"),
        "pieces_kept_one_by_one": Word("개별로 보관된 송금"),
        "folded_pieces": Word("합계로만 보관된 송금"),
        "folded_pieces_sum": Word("합계로만 보관된 송금의 합계"),
        **{name: Word(korean) for name, korean in phrases.FOLDED_KO.items()},
    },
    windows=((r"(\S+) d", "{}일"),),
    legal_basis={
        # configurations of earlier releases say so
        "Foreign Exchange Transactions Act art. 15 (payment procedure); FSC notice 2021-11-15: split transfers count "
        "as one when remitter, closeness in time and purpose agree": (
            "외국환거래법 제15조(지급절차 등), 금융위원회 안내(2021년 11월 15일): 송금인, 시간적 근접성 및 송금 사유가 "
            "일치하는 분할송금은 하나의 송금으로 봅니다"
        ),
        "Foreign Exchange Transactions Act art. 15(1), FX Transactions Regulation art. 4-3(1) no. 2 (payments without "
        "documents); FSC notice 2021-11-15: split transfers count as one when remitter, closeness in time and purpose "
        "agree": (
            "외국환거래법 제15조제1항, 외국환거래규정 제4-3조제1항제2호(증빙서류 없는 지급), 금융위원회 "
            "안내(2021년 11월 15일): 송금인, 시간적 근접성 및 송금 사유가 일치하는 분할송금은 하나의 송금으로 봅니다"
        ),
    },
)
# Pieces within this many days are close in time without question; the notice names no number (our judgement).
SURELY_CLOSE_DAYS = 1
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the institutions for the payment orders of all pieces: who ordered them, from which account and device",
        "모든 분할송금의 지급신청서를 요청하여 신청인, 출금계좌와 접속기기를 확인하십시오",
    ),
    Said(
        "Ask the remitter for the contract or bill behind the pieces, to tell one payment from several",
        "하나의 송금인지 여러 건의 송금인지 구분할 수 있도록 송금인에게 원인 계약서나 청구서를 요청하십시오",
    ),
    Said(
        "Check whether the sum paid for a capital transaction or a third party, which would have needed a report",
        "합계 금액이 신고가 필요한 자본거래나 제3자 지급에 해당하는지 확인하십시오",
    ),
    Said(
        "Check whether the year's total over all institutions had used up the amount that needs no documents",
        "전 금융기관의 연간 누계금액이 증빙서류가 필요 없는 한도를 모두 사용하였는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "the pieces were one payment for which documents were due",
        "각 송금이 증빙서류를 제출하여야 하는 하나의 지급이었다면",
    ),
    Sanction(
        "act_18",
        "the pieces paid for a capital transaction that needed a report",
        "각 송금이 신고가 필요한 자본거래의 대금이었다면",
    ),
)


def close_and_alike(purpose: bool, width: Decimal | int) -> tuple[LawTest, LawTest]:
    """Two of the three tests of one transfer: a purpose, which is the same, and pieces within `width` days."""
    return (
        law_test(
            "same_purpose",
            "One transfer (FSC notice of 2021-11-15): the purpose is the same",
            "동일 송금(금융위원회 2021년 11월 15일 안내): 송금 사유가 같음",
            holds=True if purpose else None,
            missing=None if purpose else "transactions.purpose",
        ),
        law_test(
            "close_in_time",
            f"One transfer (FSC notice of 2021-11-15): close in time, here {phrases.counted(width, 'day', 'days')}",
            f"동일 송금(금융위원회 2021년 11월 15일 안내): 시간적으로 근접함. 여기서는 {width}일 이내",
            holds=True if width <= SURELY_CLOSE_DAYS else None,
        ),
    )


def line_binds(holds: bool | None) -> LawTest:
    """Whether the line for documents binds; None where that cannot be told."""
    return law_test(
        "line_binds",
        "The line for documents binds: at once, or as the yearly amount is used up (Regulation art. 4-3(1))",
        "증빙 기준금액이 적용됨: 바로 적용되거나 연간 누계금액을 모두 사용함(외국환거래규정 제4-3조제1항)",
        holds=holds,
    )


def law_tests(context: Context, payees: int | None, width: Decimal) -> tuple[LawTest, ...]:
    """The tests of one transfer and of the line, for pieces within `width` days to `payees`, None where not known."""
    purpose = bool(context.names[context.payment.purpose])
    # a line that waits for the cap is tested by the cap of all; without one it binds at once
    flag, cap = context.limit("T01", "line_applies_after_cap"), context.resident_cap
    binds = flag is None or not flag.number or cap is None or context.annual_total() > cap.cents
    return (
        law_test(
            "same_remitter",
            "One transfer (FSC notice of 2021-11-15): the remitter is the same",
            "동일 송금(금융위원회 2021년 11월 15일 안내): 송금인이 같음",
            holds=True,
        ),
        *close_and_alike(purpose, width),
        law_test(
            "one_beneficiary",
            "All pieces went to one beneficiary",
            "모든 송금의 수취인이 같음",
            holds=None if payees is None else payees == 1,
        ),
        line_binds(binds),
    )


def pieces_told(
    context: Context,
    pieces: Rows,
    line: DatedLimit,
    low: int,
    *,
    before_cap: date | None,
    own: Share,
    peers: Share,
    width: Decimal,
) -> tuple[str, str]:
    """The whole sentence on pieces, in order of time: `low` is the band's lower end in USD cents, `width` the days.

    `before_cap` is the day since when the line binds after the yearly cap alone, where that is not used up yet.

    `own` and `peers` are the party's other payments and those of its comparison group.
    """
    total, payees = int(pieces["usd"].sum()), len(set(pieces["beneficiary"].tolist()))
    banks, amounts = len(set(pieces["institution"].tolist())), (int(pieces["usd"].min()), int(pieces["usd"].max()))
    purpose, purpose_ko = context.purpose_texts()
    moments = np.ascontiguousarray(pieces["time"])
    first, last = int(moments[0]), int(moments[-1])
    gaps = np.sort(np.diff(moments))
    # one piece has no gap; a configuration may ask for no more than one
    gap = int(gaps[len(gaps) // 2]) if len(gaps) else None
    times = f"{total / line.cents:.1f}"
    english = (
        f"{phrases.counted(len(pieces), 'transfer', 'transfers')} of {phrases.between(*amounts)} each, without "
        f"documents or report, went to {phrases.counted(payees, 'beneficiary', 'beneficiaries')} through "
        f"{phrases.counted(banks, 'institution', 'institutions')} {_when(first, last, gap, context.zone)}; "
        f"stated purpose: {purpose}. Together they are {phrases.usd(total)}, {times} times the document line of "
        f"{phrases.usd(line.cents)} ({phrases.basis(line)}). Each piece lies between {phrases.usd(low)} and the line. "
        f"{_compared(own, peers)} The supervisor's tests for one transfer: same remitter, met; same purpose, met; "
        f"close in time, within {phrases.counted(width, 'day', 'days')}."
    )
    korean = (
        f"동일 송금인이 {_when_ko(first, last, gap, context.zone)} 같은 사유({purpose_ko})로 증빙서류나 신고 없이 "
        f"수취인 {payees}명에게 {banks}개 기관을 통하여 {len(pieces)}건을 송금하였습니다"
        f"(건당 {phrases.between_ko(*amounts)}). 합계는 {phrases.usd_ko(total)}로, 증빙면제 기준금액 "
        f"{phrases.usd_ko(line.cents)}({phrases.basis_ko(line)})의 {times}배입니다. 각 건은 {phrases.usd_ko(low)} 이상 "
        f"기준금액 이하입니다. {_compared_ko(own, peers)} 감독당국의 동일 송금 판단기준 중 동일 송금인과 동일 사유는 "
        f"충족하며, 시간적 근접성은 {width}일 이내입니다."
    )
    if before_cap is not None:
        english += (
            f" Since {before_cap} the line itself binds only once the annual cap is used up, which it is not here; "
            "the pattern is an indicator that may be notified to the tax and customs authorities."
        )
        korean += (
            f" {phrases.date_ko(before_cap)} 이후 기준금액은 연간 한도를 모두 사용한 뒤에만 적용되며, "
            "이 송금인의 한도는 아직 남아 있습니다. 다만 국세청·관세청 통보 대상이 될 수 있는 징후이므로 보고합니다."
        )
    return english, korean


def _when(first: int, last: int, gap: int | None, zone: ZoneInfo) -> str:
    day, end = phrases.day(first, zone), phrases.day(last, zone)
    if gap is None:
        return f"on {day}"
    days = f"{day} to {end}" if end != day else f"all on {day}"
    return f"within {phrases.period(last - first)} ({days}; median gap {phrases.period(gap)})"


def _when_ko(first: int, last: int, gap: int | None, zone: ZoneInfo) -> str:
    day, end = phrases.day_ko(first, zone), phrases.day_ko(last, zone)
    if gap is None:
        return f"{day}에"
    days = f"{day}부터 {end}까지" if end != day else f"{day} 하루 중"
    return f"{days} {phrases.period_ko(last - first)} 사이에(송금 간격의 중앙값 {phrases.period_ko(gap)})"


def _compared(own: Share, peers: Share) -> str:
    """How many other payments without documents lie in the band: the party's, and its comparison group's."""
    past = "No other payment of this party without documents is known, so it cannot be compared with its own past."
    if own[1]:
        others = phrases.counted(own[1], "other payment", "other payments")
        past = f"Of this party's {others} without documents, {_percent(own)} % lie in that band{phrases.few(own[1])}."
    if not peers[1]:
        return f"{past} No payment of its comparison group without documents is known yet."
    group = phrases.counted(peers[1], "payment", "payments")
    return f"{past} Of its comparison group's {group} without documents, {_percent(peers)} % do{phrases.few(peers[1])}."


def _compared_ko(own: Share, peers: Share) -> str:
    past = "본인의 다른 무증빙 송금이 확인되지 않아 본인의 과거와 비교할 수 없습니다."
    if own[1]:
        past = (
            f"본인의 다른 무증빙 송금 {own[1]}건 중 이 금액 구간에 속하는 비율은 {_percent(own)}%입니다"
            f"{phrases.few_ko(own[1])}."
        )
    if not peers[1]:
        return f"{past} 비교 고객군의 무증빙 송금은 아직 확인되지 않았습니다."
    return (
        f"{past} 비교 고객군의 무증빙 송금 {peers[1]}건 중 이 금액 구간에 속하는 비율은 {_percent(peers)}%입니다"
        f"{phrases.few_ko(peers[1])}."
    )


def _percent(share: Share) -> str:
    return f"{100 * share[0] / share[1]:.0f}"
