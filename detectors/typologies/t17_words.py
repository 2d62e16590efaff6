"""T17's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

import numpy as np

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.values.legal_calendar import HOUR_US
from detectors.wording import phrases

WORDS = Words(
    measured={
        "came_in": Word("입금 합계"),
        "went_out": Word("출금 합계"),
        "out_share": Word("입금액 대비 출금 비율"),
        "sources": Word("송금인 수", "명"),
        "sinks": Word("수취인 수", "명"),
        "payments_in": Word("입금 건수"),
        "payments_out": Word("출금 건수"),
        "holding_hours": Word("가중 평균 보유 시간", "시간"),
    },
    windows=((r"(\d+) hours before the last payment out", "마지막 출금 전 {}시간"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 8 (registration of foreign exchange business); an indicator of money "
        "passed on for others": "외국환거래법 제8조(외국환업무의 등록 등), 타인의 자금을 전달하는 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank for the orders and messages of both sides: who the payers are, and what they paid for",
        "은행에 입출금 전문과 신청서를 요청하여 송금인이 누구이며 무엇에 대한 대금인지 확인하십시오",
    ),
    Said(
        "Look at the account's domestic side and at who orders the payments, from which device",
        "계좌의 국내 입출금 내역과 송금을 실행한 자, 접속기기를 확인하십시오",
    ),
    Said(
        "Check whether the party is registered for foreign exchange business or acts for somebody who is",
        "당사자가 외국환업무 등록을 하였는지, 등록한 자를 대리하는지 확인하십시오",
    ),
    Said(
        "Look for parties with the same payers, payees or devices",
        "송금인, 수취인 또는 접속기기가 같은 다른 당사자가 있는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_8",
        "the party passed money on for others as a business, without a registration",
        "당사자가 등록 없이 타인을 위하여 자금을 전달하는 영업을 하였다면",
    ),
)


class Passed(NamedTuple):
    """What went through: rows in and out, how many payers and payees, USD cents in and out, the window's limit."""

    incoming: Rows
    out: Rows
    sources: int
    sinks: int
    came: int
    went: int
    window: str

    @property
    def holding_hours(self) -> float:
        """Hours from the mean time of what came to the mean time of what went, each weighted by its amount."""
        held = _mean_time(self.out) - _mean_time(self.incoming)
        return round(max(held, 0.0) / HOUR_US, 1)


def _mean_time(rows: Rows) -> float:
    first = int(rows["time"].min())
    weights = rows["usd"].astype(float)
    return first + float(np.average((rows["time"] - first).astype(float), weights=weights))


def sentences(context: Context, passed: Passed, hours: int) -> tuple[str, str]:
    """What was found."""
    first, last = int(passed.incoming["time"].min()), int(passed.out["time"].max())
    payers = phrases.counted(passed.sources, "payer", "payers")
    payees = phrases.counted(passed.sinks, "payee", "payees")
    percent = 100 * passed.went / passed.came
    english = (
        f"Within {hours} hours {phrases.usd(passed.came)} came in from {payers} abroad, and {phrases.usd(passed.went)} "
        f"({percent:.0f} % of it) went out again to {payees}. The first of it came on "
        f"{phrases.day(first, context.zone)}, the last went on {phrases.day(last, context.zone)}; it was held for "
        f"{passed.holding_hours} hours on average. Payments for goods are not counted. Why the money came and for whom "
        f"it went on requires a check."
    )
    korean = (
        f"{hours}시간 안에 해외 송금인 {passed.sources}명으로부터 {phrases.usd_ko(passed.came)}가 입금된 뒤, 그중 "
        f"{phrases.usd_ko(passed.went)}({percent:.0f}%)가 수취인 {passed.sinks}명에게 다시 송금되었습니다. 첫 입금일은 "
        f"{phrases.day_ko(first, context.zone)}, 마지막 송금일은 {phrases.day_ko(last, context.zone)}이며, 평균 보유 "
        f"시간은 {passed.holding_hours}시간입니다. 물품대금은 제외하였습니다. 자금의 출처와 송금 사유에 대한 확인이 "
        f"필요합니다."
    )
    return english, korean


def law_tests(context: Context, hours: int) -> tuple[LawTest, ...]:
    """The tests of a pass-through within so many hours."""
    purpose = bool(context.names[context.payment.purpose])
    return (
        law_test(
            "passed_on",
            f"Most of what came from several payers went out again within {hours} hours; the figures are fxwatch's own",
            f"여러 송금인의 자금이 {hours}시간 안에 대부분 다시 송금됨. 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "purpose_told",
            "A purpose is stated for this payment",
            "이 거래의 사유가 기재됨",
            holds=True if purpose else None,
            missing=None if purpose else "transactions.purpose",
        ),
        law_test(
            "for_others_as_business",
            "It was done for others as a business, which needs a registration (Act art. 8(1), (3)); no field tells it",
            "타인을 위한 영업으로서 등록이 필요한 업무임(외국환거래법 제8조제1항, 제3항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
