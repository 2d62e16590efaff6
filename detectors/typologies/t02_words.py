"""What T02 says beside its sentence: the tests of the law, the next steps, the sanctions, its own words in Korean."""

from typing import NamedTuple

from detectors.contracts.alert import LawTest
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.t02_scopes import ID, Scope
from detectors.wording import phrases


class Phrase(NamedTuple):
    """What T02's sentence says of whom, through whom, and of whose cap; `cap_ko` ends with a space where it is told."""

    who_en: str
    who_ko: str
    through_en: str
    through_ko: str
    cap_en: str = ""
    cap_ko: str = ""


_FOREIGN_EN, _FOREIGN_KO = " of a foreign resident or non-resident", "외국인거주자 또는 비거주자의 "
# by the name of the scope (t02_scopes.py)
PHRASES = {
    "all": Phrase("this person", "송금인은", "all institutions", "전 금융기관을"),
    "small remitters": Phrase("this person", "송금인은", "small remitters", "소액해외송금업자를"),
    "firm": Phrase(
        "this firm",
        "당해 기업은 물품대금을 제외하고",
        "all institutions, payments for goods left out",
        "전 금융기관을",
        " of a resident",
        "거주자의 ",
    ),
    "foreign": Phrase(
        "this party", "당사자는", "banks and card companies", "외국환은행과 신용카드사를", _FOREIGN_EN, _FOREIGN_KO
    ),
    "foreign small remitters": Phrase(
        "this party", "당사자는", "small remitters", "소액해외송금업자를", _FOREIGN_EN, _FOREIGN_KO
    ),
}
OTHER_INSTITUTIONS, OTHER_INSTITUTIONS_KO = "other institutions", "기타 기관"
WORDS = Words(
    hard_lines=("over_yearly_amount", "over_foreign_amount"),
    measured={
        "annual_total": Word("연간 송금 합계"),
        "over_cap": Word("한도 초과 금액"),
        "payments": Word("송금 건수"),
        "cap_crossed_on": Word("한도를 넘은 날"),
        "payments_after_crossing": Word("한도를 넘은 뒤의 송금 건수"),
        "institutions": Word("기관 수", "개"),
        OTHER_INSTITUTIONS: Word(OTHER_INSTITUTIONS_KO),
        **{name: Word(korean) for name, korean in phrases.FOLDED_KO.items()},
    },
    beginning={"total at ": "{} 송금 합계"},
    windows=((r"calendar year (\d+)", "{}년 한 해"),),
    legal_basis={
        # configurations of earlier releases say so
        "Foreign Exchange Transactions Act art. 15 (payment procedure): yearly amount a person may remit "
        "without documents": "외국환거래법 제15조(지급절차 등): 개인이 증빙서류 없이 송금할 수 있는 연간 금액",
        "Foreign Exchange Transactions Act art. 15(1), FX Transactions Regulation art. 4-3(1) no. 1, 4-4(2) and "
        "2-31(1): yearly amount that may be remitted without documents": (
            "외국환거래법 제15조제1항, 외국환거래규정 제4-3조제1항제1호, 제4-4조제2항, 제2-31조제1항: 증빙서류 없이 "
            "송금할 수 있는 연간 금액"
        ),
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Compare the total with what each institution reports of this party for the year",
        "각 금융기관이 통보한 이 송금인의 연간 누계금액과 합계를 대조하십시오",
    ),
    Said(
        "Ask the institutions which of the payments had documents after all, and whether one was returned",
        "증빙서류가 사후에 제출된 송금이나 반환된 송금이 있는지 금융기관에 확인하십시오",
    ),
    Said(
        "Check whether the party is a foreign resident, who has another amount and one designated bank",
        "한도와 지정거래외국환은행이 따로 정해진 외국인거주자인지 확인하십시오",
    ),
    Said(
        "Ask what the payments after the crossing were for, and whether one needed a report",
        "한도를 넘은 뒤의 송금 사유와 신고가 필요한 거래인지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "documents were due for a payment beyond the yearly amount and none were shown",
        "연간 한도를 넘은 지급에 증빙서류가 필요하였으나 제출되지 않았다면",
    ),
    Sanction(
        "act_18",
        "the payments paid for a capital transaction that needed a report",
        "송금이 신고가 필요한 자본거래의 대금이었다면",
    ),
)


def law_tests(context: Context, scope: Scope, *, at_one: bool) -> tuple[LawTest, ...]:
    """The tests of the amount of a scope; `at_one` says whether it is crossed at one institution alone."""
    if scope.foreign:
        return _foreign_tests(context, scope)
    line, residence = context.law("document_line"), context.residence
    resident = residence.told and not residence.disputed
    return (
        law_test(
            "over_yearly_amount",
            "The year's payments without documents are above the yearly amount (Regulation art. 4-3(1) no. 1)",
            "한 해의 무증빙 지급 누계가 연간 금액을 넘음(외국환거래규정 제4-3조제1항제1호)",
            holds=True,
        ),
        _at_one(context, holds=at_one),
        law_test(
            "resident_with_this_amount",
            "The party is a resident and no foreign resident, who has another amount (Regulation art. 4-4)",
            "한도가 다른 외국인거주자가 아닌 거주자임(외국환거래규정 제4-4조)",
            holds=True if resident else None,
            missing=None if residence.told or residence.disputed else "transactions.residency",
        ),
        law_test(
            "payment_over_line",
            "This payment is above the amount that needs no documents even then (Regulation art. 4-3(1) no. 2)",
            "이 송금이 한도 초과 후에도 증빙서류가 필요 없는 건당 금액을 넘음(외국환거래규정 제4-3조제1항제2호)",
            holds=None if line is None else context.payment.usd > line.cents,
        ),
    )


def _at_one(context: Context, *, holds: bool) -> LawTest:
    """Whether the amount is crossed at one institution alone; since when all are summed is a dated limit."""
    summed = context.limit(ID, "sums_institutions")
    english, korean = "They are above it at one institution alone", "한 금융기관의 누계만으로도 연간 금액을 넘음"
    if summed is not None and summed.number:
        since = summed.limit.effective_from
        english += f"; since {since.isoformat()} all institutions are added up"
        korean += f". {phrases.date_ko(since)}부터 전 금융기관의 금액을 합산함"
    elif summed is not None:
        english += "; at that time the amount was counted at each institution"
        korean += ". 당시에는 금융기관별로 금액을 계산함"
    return law_test("over_at_one_institution", english, korean, holds=holds)


def _foreign_tests(context: Context, scope: Scope) -> tuple[LawTest, ...]:
    """Foreign residents and non-residents: documents of where the money is from, or an amount a year."""
    small, designated = scope.part == "small", context.transaction.designated_bank
    article = ("2-31(1) no. 2", "제2-31조제1항제2호") if small else ("4-4(2)", "제4-4조제2항")
    over = law_test(
        "over_foreign_amount",
        "The year's payments without documents are above the yearly amount of a foreign resident or non-resident "
        f"(Regulation art. {article[0]})",
        f"한 해의 무증빙 지급 누계가 외국인거주자 또는 비거주자의 연간 금액을 넘음(외국환거래규정 {article[1]})",
        holds=True,
    )
    foreign = law_test(
        "foreign_party",
        "The party is a foreign resident or a non-resident, as its institution or its profile says",
        "금융기관 또는 고객정보상 외국인거주자 또는 비거주자임",
        holds=None if context.residence.disputed else True,
    )
    if small:
        return over, foreign
    bank = law_test(
        "designated_bank",
        "It was paid through the bank or card company that the party designated (Regulation art. 4-4(2))",
        "당사자가 지정한 외국환은행 또는 신용카드사를 통하여 지급함(외국환거래규정 제4-4조제2항)",
        holds=designated,
        missing="transactions.designated_bank" if designated is None else None,
    )
    return over, foreign, bank
