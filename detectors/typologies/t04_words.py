"""T04's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.node_view import NodeView
from detectors.wording import phrases
from detectors.wording.korean_particles import particle

WORDS = Words(
    measured={
        "payers": Word("송금한 거주자 수", "명"),
        "payees": Word("수령한 거주자 수", "명"),
        "mirror_sent": Word("지급 합계"),
        "mirror_received": Word("수령 합계"),
        "mirror_residual": Word("지급과 수령의 차액"),
        "mirror_balance": Word("지급 대비 수령 비율"),
        "paired_legs": Word("금액이 비슷한 지급·수령 쌍"),
        "pair_lag_hours": Word("지급에서 수령까지의 중앙값", "시간"),
        "implied_fee": Word("추정 수수료율"),
        "mirror_days": Word("거래가 있었던 일수"),
        "sample_of": Word("표본 추출 비율의 분모", "명"),
    },
    windows=((r"(\d+) days", "{}일"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 8(1), (3), 27-2(1) no. 1 (foreign exchange business without "
        "registration); an indicator of informal value transfer": (
            "외국환거래법 제8조제1항, 제3항, 제27조의2제1항제1호(무등록 외국환업무), 환치기의 징후"
        ),
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask some residents of both sides whom they know abroad, and at what rate and fee the money was passed on",
        "지급한 거주자와 수령한 거주자 일부에게 해외 상대방과의 관계, 적용 환율과 수수료를 확인하십시오",
    ),
    Said(
        "Find out who the foreign party is and who runs the account, by a request to the authority of its country",
        "해외 상대방과 계좌 운영자가 누구인지 해당 국가 당국에 정보를 요청하여 확인하십시오",
    ),
    Said(
        "Look at domestic transfers between the residents of both sides and at a common organiser's account",
        "양쪽 거주자 사이의 국내 이체와 공통된 모집책의 계좌가 있는지 확인하십시오",
    ),
    Said(
        "Check whether the foreign party is a registered small remitter's partner or another honest hub",
        "해외 상대방이 등록된 소액해외송금업자의 협력사 등 정당한 집금처인지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_8",
        "somebody settled payments for others as a business, without a registration",
        "등록 없이 타인의 지급과 수령을 정산하는 영업을 하였다면",
    ),
)


class MirrorPairs(NamedTuple):
    """Legs out with a leg back of a like amount: of how many that could, how many, hours between, what was kept (0-1).

    Hours are those of the pair in the middle.
    """

    looked: int
    legs: int
    lag_hours: float
    fee: float


class Mirror(NamedTuple):
    """Both sides of a mirror: rows out and back, USD cents of each, their residents with cents, largest first."""

    out: Rows
    back: Rows
    sent: int
    came: int
    payers: list[tuple[int, int]]
    payees: list[tuple[int, int]]
    days: int
    pairs: MirrorPairs


def sentences(view: NodeView, mirror: Mirror) -> tuple[str, str]:
    """What was found, in English and Korean."""
    thing, thing_ko = view.thing()
    payers, payees, pairs = len(mirror.payers), len(mirror.payees), mirror.pairs
    where = f" in ({view.country})" if view.country else ""
    where_ko = f"({view.country}) 소재 " if view.country else ""
    percent = 100 * mirror.came / mirror.sent
    from_ko = particle(thing_ko, "으로", "로")
    english = (
        f"Within {phrases.counted(mirror.days, 'day', 'days')} {payers} residents paid one {thing}{where} "
        f"{phrases.usd(mirror.sent)}, and {payees} other residents got {phrases.usd(mirror.came)} from it "
        f"({percent:.0f} %), without documents on either side. "
        f"{phrases.usd(abs(mirror.sent - mirror.came))} is the difference."
    )
    korean = (
        f"{mirror.days}일 동안 거주자 {payers}명이 {where_ko}같은 {thing_ko}에 {phrases.usd_ko(mirror.sent)}를 "
        f"지급하고, 다른 거주자 {payees}명이 그 {from_ko}부터 {phrases.usd_ko(mirror.came)}({percent:.0f}%)를 "
        f"수령하였으며, 양쪽 모두 증빙서류가 없습니다. 차액은 {phrases.usd_ko(abs(mirror.sent - mirror.came))}입니다."
    )
    if pairs.legs:
        english += (
            f" {phrases.counted(pairs.legs, 'payment', 'payments')} out "
            f"{'has' if pairs.legs == 1 else 'have'} a payment in of a like amount, "
            f"{abs(pairs.lag_hours)} hours {'after' if pairs.lag_hours >= 0 else 'before'} it in the middle; "
            f"{100 * pairs.fee:.1f} % less came than went."
        )
        korean += (
            f" 지급 {pairs.legs}건에 금액이 비슷한 수령이 대응하며, 시간 차이의 중앙값은 지급 "
            f"{'후' if pairs.lag_hours >= 0 else '전'} {abs(pairs.lag_hours)}시간, 지급 대비 감소율은 "
            f"{100 * pairs.fee:.1f}%입니다."
        )
    english += " Whether somebody settles for others here requires a check."
    korean += " 타인을 위한 정산인지 확인이 필요합니다."
    more, more_ko = view.sampled()
    return english + more, korean + more_ko


def law_tests(view: NodeView, mirror: Mirror) -> tuple[LawTest, ...]:
    """The tests of a mirror."""
    thing, thing_ko = view.thing()
    return (
        law_test(
            "both_sides",
            f"One {thing} took from several residents and paid several others; the number is fxwatch's own",
            f"같은 {particle(thing_ko, '이', '가')} 여러 거주자로부터 받고 다른 여러 거주자에게 지급함. 기준 "
            "인원은 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "volumes_match",
            "Both sides come to about the same amount; the range is fxwatch's own",
            "양쪽 금액이 거의 같음. 기준 범위는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "legs_match",
            "Half of the payments of the smaller side have a payment of a like amount on the other",
            "적은 쪽 거래의 절반 이상이 다른 쪽의 비슷한 금액과 대응함",
            holds=2 * mirror.pairs.legs >= mirror.pairs.looked,
        ),
        law_test(
            "no_documents",
            "The banks told that no documents were shown for these payments (Regulation art. 4-3(1))",
            "은행이 증빙서류 없는 거래로 보고함(외국환거래규정 제4-3조제1항)",
            holds=True,
        ),
        law_test(
            "business_without_registration",
            "It was done for others as a business, which needs a registration (Act art. 8(1), (3)); no field tells it",
            "타인을 위한 영업으로서 등록이 필요한 업무임(외국환거래법 제8조제1항, 제3항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
