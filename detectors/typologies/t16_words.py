"""What T16 says beside its sentence: the tests of the law, the next steps, the sanctions, its own words in Korean."""

from detectors.contracts.alert import LawTest
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction, Word, Words

WORDS = Words(
    measured={
        "deviation": Word("기준환율 대비 괴리"),
        "limit_in_force": Word("적용된 기준"),
        "deal_rate": Word("거래환율"),
        "reference_rate": Word("기준환율"),
        "value_moved": Word("환율 차이로 이전된 금액"),
        "mean_deviation": Word("평균 괴리"),
        "earlier_off_market_deals": Word("이전의 시장환율 이탈 거래"),
        "value_moved_in_window": Word("기간 중 이전된 금액"),
        "others_deviation": Word("다른 금융기관의 괴리(중앙값)"),
        "other_institutions": Word("직전 1시간에 거래한 다른 금융기관"),
    },
    windows=((r"this deal; mean of (\d+) local days", "이 거래 및 {}일간의 평균"),),
    legal_basis={
        # configurations of earlier releases say so
        "Foreign Exchange Transactions Act art. 15 (payment procedure); an indicator of value moved through the price "
        "of currency": "외국환거래법 제15조(지급절차 등), 환율을 통하여 가치가 이전되는 징후",
        "Foreign Exchange Transactions Act art. 5(2), 27(1) no. 1 (a rate other than the one that the Minister "
        "fixed); here an indicator of value moved through the price of currency": (
            "외국환거래법 제5조제2항, 제27조제1항제1호(재정경제부장관이 정한 환율에 따르지 않은 거래), 여기서는 환율을 "
            "통하여 가치가 이전되는 징후"
        ),
    },
)
# By what way a deal was made, as an end of "the pair's deals ...", and in front of "거래".
CHANNELS = {
    "branch": ("at branches", "영업점"),
    "web": ("on the web", "인터넷"),
    "app": ("by app", "모바일"),
    "small_remitter": ("by small remitters", "소액해외송금업자"),
    "card": ("by card", "카드"),
    "exchanger": ("over exchangers' counters", "환전영업자"),
    "interbank": ("between banks", "은행 간"),
}
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Get the deal ticket: when the rate was agreed, for cash or transfer, with which fees",
        "거래전표를 받아 환율 약정 시각, 현찰·전신환 구분과 수수료를 확인하십시오",
    ),
    Said(
        "Compare with the rates of the institution's other customers within the same minutes",
        "같은 시각 해당 금융기관의 다른 고객에게 적용된 환율과 비교하십시오",
    ),
    Said(
        "Find out who gained by the gap, and whether the two sides are related or owe each other",
        "환율 차이로 이익을 얻은 자와, 양 당사자의 특수관계 및 채권·채무 관계를 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_5_2",
        "the minister had fixed the rate at which the deal had to be made",
        "재정경제부장관이 정한 기준환율등에 따라야 하는 거래였다면",
    ),
    Sanction(
        "act_16",
        "the gap settled a debt between the two sides that needed a report",
        "환율 차이로 신고가 필요한 채권·채무를 상계한 것이었다면",
    ),
)


def law_tests(deals: int, *, persistent: bool) -> tuple[LawTest, ...]:
    """The tests of an off-market deal of a party with so many other deals, off on the same side (`persistent`)."""
    return (
        law_test(
            "beyond_limit",
            "The gap is beyond the limit in force, which is fxwatch's own: the law names none",
            "괴리 폭이 적용 중인 기준을 넘음. 이 기준은 시스템 기본값이며 법령에 정한 수치는 없음",
            holds=True,
        ),
        law_test(
            "same_side",
            "The party's deals are off on the same side, so that value moves one way",
            "당사자의 거래가 같은 방향으로 벗어나 가치가 한쪽으로 이전됨",
            holds=persistent if deals else None,
        ),
        law_test(
            "rate_was_fixed",
            "The minister had fixed the rate at which the deal had to be made (Act art. 5(2)); no field tells it",
            "재정경제부장관이 정한 기준환율등에 따라야 하는 거래임(외국환거래법 제5조제2항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
