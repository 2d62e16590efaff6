"""T13's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.contracts.alert import LawTest
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.kept_payments import Kept
from detectors.wording import phrases

WORDS = Words(
    measured={
        "capital_on_day": Word("같은 날 자본거래 지급 합계"),
        "capital_of_year": Word("연간 신고 없는 지급 합계"),
        "capital_payments": Word("자본거래 지급 건수"),
        "this_payment_krw": Word("이 지급의 원화 환산액"),
        "above_criminal_line": Word("단일 거래 형사처벌 기준 초과 여부"),
        "text_names_property": Word("송금 문구에 부동산 표시"),
        "unusual_total": Word("평소와 다른 지급 합계"),
        "unusual_payments": Word("평소와 다른 지급 건수"),
        "usual_payment": Word("평소 지급액"),
        "times_usual": Word("평소 지급액 대비"),
        "distance_from_own": Word("본인 과거와의 차이(표준편차)", ""),
        "unusual_payees": Word("평소와 다른 지급의 수취인 수", "명"),
        "share_of_turnover": Word("연 매출액 대비 비율"),
    },
    windows=(
        (r"local day and calendar year (\d+)", "당일 및 {}년 한 해"),
        (r"unusual payments of (\d+) days", "최근 {}일간의 평소와 다른 지급"),
    ),
    legal_basis={
        "Foreign Exchange Transactions Act art. 18 (capital transactions); Foreign Exchange Transactions Regulation "
        "art. 7-2, 7-11(3), 9-5, 9-39": "외국환거래법 제18조(자본거래의 신고 등), "
        "외국환거래규정 제7-2조, 제7-11조제3항, 제9-5조, 제9-39조",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank what the money was for: a deposit, a loan, securities, a firm or property, and in whose name",
        "예금, 대차, 증권, 법인 투자, 부동산 중 무엇을 위한 지급이며 누구의 명의인지 은행에 확인하십시오",
    ),
    Said(
        "Ask the designated bank and the Bank of Korea for a report or an acceptance of this transaction",
        "해당 거래의 신고 또는 신고수리 여부를 지정거래외국환은행과 한국은행에 확인하십시오",
    ),
    Said(
        "Find out who owns the account abroad, and whether the payee is related to the party",
        "해외 계좌의 명의인과 수취인이 당사자와 관련된 자인지 확인하십시오",
    ),
    Said(
        "Compare the sum with the party's income or turnover, and ask where the money came from",
        "합계 금액을 당사자의 소득이나 매출과 비교하고 자금의 출처를 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_18",
        "it was a capital transaction that needed a report and none was made",
        "신고가 필요한 자본거래였으나 신고하지 않았다면",
    ),
)


class Capital(NamedTuple):
    """Capital payments without a report: USD cents of the local day and of the year, their pieces, what is known."""

    pieces: list[Kept]
    day_total: int
    year_total: int
    krw: int | None
    line: DatedLimit
    each: DatedLimit | None
    cap: DatedLimit | None
    criminal: DatedLimit | None
    property_text: bool


class Drain(NamedTuple):
    """Payments far above the own usual: pieces in order of time, their sum, the own usual (USD) and the distance."""

    pieces: list[Kept]
    total: int
    payees: int
    usual: float
    own_n: int
    distance: float
    least: DatedLimit
    multiple: DatedLimit
    days: int


def of_capital(context: Context, found: Capital) -> tuple[str, str]:
    """A payment that its purpose calls a capital transaction."""
    purpose_en, purpose_ko = context.purpose_texts()
    english = (
        f"This party paid {phrases.usd(context.payment.usd)} as {purpose_en} and named no report. Such payments of "
        f"that day come to {phrases.usd(found.day_total)}; above {phrases.usd(found.line.cents)} a day "
        f"({phrases.basis(found.line)}) a deposit abroad is reported to the Bank of Korea beforehand, and direct "
        f"investment and property abroad are reported at any amount."
    )
    korean = (
        f"당사자는 신고번호 없이 {purpose_ko} 명목으로 {phrases.usd_ko(context.payment.usd)}를 지급하였습니다. 그날의 "
        f"자본거래 지급 합계는 {phrases.usd_ko(found.day_total)}입니다. 해외예금은 하루 "
        f"{phrases.usd_ko(found.line.cents)}({phrases.basis_ko(found.line)})를 넘으면 한국은행총재에게 사전에 "
        f"신고하며, 해외직접투자와 해외부동산 취득은 금액과 관계없이 신고하는 거래입니다."
    )
    if found.each is not None and found.cap is not None and not found.property_text:
        english += (
            f" The exemption of small capital transactions, up to {phrases.usd(found.each.cents)} each and "
            f"{phrases.usd(found.cap.cents)} a year ({phrases.basis(found.each)}), does not cover it: the year's "
            f"payments without a report come to {phrases.usd(found.year_total)}."
        )
        korean += (
            f" 건당 {phrases.usd_ko(found.each.cents)}, 연간 {phrases.usd_ko(found.cap.cents)}까지의 소액 자본거래 "
            f"예외({phrases.basis_ko(found.each)})에는 해당하지 않으며, 올해 신고 없는 지급 합계는 "
            f"{phrases.usd_ko(found.year_total)}입니다."
        )
    if found.property_text:
        english += " The remittance text names property."
        korean += " 송금 문구에 부동산이 표시되어 있습니다."
    english += " Whether a report was made under another number requires a check."
    korean += " 다른 번호로 신고되었는지 확인이 필요합니다."
    return english, korean


def of_drain(context: Context, found: Drain) -> tuple[str, str]:
    """Payments that no purpose calls capital, far above what this party usually pays."""
    usual = round(found.usual * 100)
    count = len(found.pieces)
    beside, beside_ko = _compared(found, usual)
    english = (
        f"In {found.days} days this party made {phrases.counted(count, 'payment', 'payments')} of "
        f"{phrases.usd(found.total)} in all to {phrases.counted(found.payees, 'payee', 'payees')}, each at least "
        f"{found.multiple.number} times {beside}; together they lie {found.distance:.1f} spreads above it. The stated "
        f"purpose now is "
        f"{context.purpose_texts()[0]}, and no capital report is named. The sum is above "
        f"{phrases.usd(found.least.cents)} ({phrases.basis(found.least)}). Whether money was moved abroad as a "
        f"deposit, loan or purchase requires a check."
    )
    korean = (
        f"최근 {found.days}일간 당사자는 수취인 {found.payees}명에게 {count}건, 합계 {phrases.usd_ko(found.total)}를 "
        f"지급하였으며, 각 지급은 {beside_ko}의 {found.multiple.number}배 이상입니다. 전체적으로 그와의 차이는 "
        f"표준편차의 {found.distance:.1f}배입니다. 이번 지급 사유는 {context.purpose_texts()[1]}이며 "
        f"자본거래 신고번호가 없습니다. "
        f"합계는 {phrases.usd_ko(found.least.cents)}({phrases.basis_ko(found.least)})를 넘습니다. 예금·대차·취득 "
        f"목적의 자금 이동인지 확인이 필요합니다."
    )
    return english, korean


def _compared(found: Drain, usual: int) -> tuple[str, str]:
    """What the payments are compared with: the own past, or what is usual of peers where that is too short."""
    if not found.own_n:
        return (
            f"what is usual of such parties, {phrases.usd(usual)} (its own past is too short)",
            f"비슷한 당사자의 평소 지급액 {phrases.usd_ko(usual)}(본인의 이전 지급이 부족함)",
        )
    earlier = phrases.counted(found.own_n, "earlier payment", "earlier payments")
    weak = ", 근거 약함" if found.own_n < phrases.WEAK else ""
    return (
        f"its usual {phrases.usd(usual)} (from {earlier}{phrases.few(found.own_n)})",
        f"평소 지급액 {phrases.usd_ko(usual)}(이전 지급 {found.own_n}건 기준{weak})",
    )


def capital_tests(found: Capital, *, above_criminal: bool | None) -> tuple[LawTest, ...]:
    """The tests of art. 18 for a payment that its purpose calls capital."""
    exempt = None if found.each is None or found.cap is None else not found.property_text
    return (
        law_test(
            "capital_purpose",
            "The purpose is that of a capital transaction (Act art. 18(1))",
            "지급 사유가 자본거래임(외국환거래법 제18조제1항)",
            holds=True,
        ),
        law_test(
            "above_deposit_line",
            "The day's payments are above the line for deposits abroad (Regulation art. 7-11(3) no. 1)",
            "당일 지급 합계가 해외예금 신고 금액을 넘음(외국환거래규정 제7-11조제3항제1호)",
            holds=True,
        ),
        law_test(
            "beyond_small_capital",
            "It is beyond the exemption of small capital transactions (Regulation art. 7-2 no. 8)",
            "소액 자본거래의 신고 예외를 넘음(외국환거래규정 제7-2조제8호)",
            holds=exempt,
        ),
        law_test(
            "property_or_investment",
            "It is property or direct investment, reported at any amount (Regulation art. 9-5, 9-39(2))",
            "금액과 관계없이 신고하는 해외부동산 취득 또는 해외직접투자임(외국환거래규정 제9-5조, 제9-39조제2항)",
            holds=True if found.property_text else None,
        ),
        law_test("no_report", "No report number is given with the payment", "지급에 신고번호가 없음", holds=True),
        law_test(
            "above_criminal_line",
            "This single payment is above the criminal line (Act art. 29(1) no. 3, Decree art. 40(1) no. 2)",
            "이 단일 지급이 형사처벌 기준 금액을 넘음(외국환거래법 제29조제1항제3호, 시행령 제40조제1항제2호)",
            holds=above_criminal,
            missing="rates" if found.krw is None else None,
        ),
        law_test(
            "no_exemption",
            "No other exemption holds, such as the repayment of a reported loan (Regulation art. 7-2, 7-11(1), "
            "9-39(1)), and it is no payment of direct investment or property that may precede the report (9-1(2)); no "
            "field tells it",
            "신고된 대차의 상환 등 다른 신고 예외(외국환거래규정 제7-2조, 제7-11조제1항, 제9-39조제1항)에 "
            "해당하지 않고, 신고 전에 할 수 있는 해외직접투자·부동산 취득 자금의 지급(제9-1조제2항)도 아님. "
            "알 수 있는 항목 없음",
            holds=None,
        ),
    )


def drain_tests(context: Context, found: Drain) -> tuple[LawTest, ...]:
    """The tests of the indicator: what is measured, and that the capital transaction itself cannot be told."""
    purpose, classes = bool(context.names[context.payment.purpose]), context.transaction.remittance_classes
    return (
        law_test(
            "far_above_own_past",
            "The payments lie far above the party's own past; the figures are fxwatch's own",
            "당사자의 과거 지급을 크게 벗어남. 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "purpose_told",
            "A purpose is stated for this payment",
            "이 지급의 사유가 기재됨",
            holds=True if purpose else None,
            missing=None if purpose else "transactions.purpose",
        ),
        law_test(
            "names_property",
            "The remittance text names property",
            "송금 문구에 부동산이 표시됨",
            # a text of no class is not told from none
            holds="property" in classes if classes else None,
        ),
        law_test(
            "capital_transaction",
            f"The {phrases.counted(len(found.pieces), 'payment', 'payments')} moved capital abroad (Act art. 18(1)); "
            "no field tells it",
            f"지급 {len(found.pieces)}건이 해외로 자본을 이전한 것임(외국환거래법 제18조제1항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
