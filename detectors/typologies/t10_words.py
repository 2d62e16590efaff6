"""T10's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.contracts.alert import LawTest
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.kept_payments import Kept
from detectors.wording import phrases

WORDS = Words(
    measured={
        "third_party_total": Word("제3자 지급 합계"),
        "third_party_payments": Word("제3자 지급 건수"),
        "largest_third_party_payment": Word("가장 큰 제3자 지급"),
        "above_bank_line": Word("외국환은행 신고 금액 초과 여부"),
        "payee_is_related": Word("수취인이 고객정보상 특수관계인인지 여부"),
        "earlier_payments_to_payee": Word("이 수취인에 대한 다른 지급"),
        "earlier_total_to_payee": Word("이 수취인에 대한 다른 지급 합계"),
    },
    windows=((r"third-party payments of (\d+) days", "최근 {}일간의 제3자 지급"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 16 no. 3; Foreign Exchange Transactions Regulation art. 5-10 "
        "(payment to a third party)": "외국환거래법 제16조제3호, 외국환거래규정 제5-10조(제3자 지급등)",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank for the contract and the payment order: who is owed, and who asked for another payee",
        "은행에 계약서와 지급신청서를 요청하여 채권자와 제3자 지급을 요청한 자를 확인하십시오",
    ),
    Said(
        "Ask the bank and the Bank of Korea whether a report of a third-party payment was made for this contract",
        "해당 계약의 제3자 지급 신고 여부를 외국환은행과 한국은행에 확인하십시오",
    ),
    Said(
        "Check the exemptions of art. 5-10(1): assigned claims, escrow, agents, treasury centres of a group",
        "채권 양도, 에스크로 계좌, 대리인, 그룹 자금관리회사 등 제5-10조제1항의 신고 예외 해당 여부를 확인하십시오",
    ),
    Said(
        "Find out how payee and contract party are related, and whether the goods or services came",
        "수취인과 계약 상대방의 관계, 물품이나 용역이 실제로 제공되었는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_16",
        "the payment settled the contract party's claim, no exemption holds and no report was made",
        "계약 상대방의 채권을 결제한 지급으로서 신고 예외에 해당하지 않고 신고도 하지 않았다면",
    ),
)


class Paid(NamedTuple):
    """What was paid for the deals of one contract party to others: pieces in order of time, their sum (USD cents)."""

    pieces: list[Kept]
    total: int
    free: DatedLimit
    bank: DatedLimit
    days: int
    growth: DatedLimit


def sentences(context: Context, paid: Paid, earlier: int, first_us: int | None) -> tuple[str, str]:
    """What was found; `earlier` are other payments to the payee that are kept, the first of them at `first_us`."""
    count, event = len(paid.pieces), context.transaction
    beyond = paid.total > paid.bank.cents
    line = paid.bank if beyond else paid.free
    where, where_ko = ("the Bank of Korea", "한국은행총재") if beyond else ("a bank", "외국환은행의 장")
    english = (
        f"This party paid {phrases.usd(context.payment.usd)} to a payee in ({event.counterparty_country}) that is not "
        f"the other party of the contract, and named no report. Payments of {paid.days} days for that contract party "
        f"to others come to {phrases.usd(paid.total)} in {phrases.counted(count, 'payment', 'payments')}; split "
        f"payments are summed. Above {phrases.usd(line.cents)} ({phrases.basis(line)}) a report to {where} comes "
        f"before the payment. Whether one of the exemptions of the regulation holds requires a check."
    )
    korean = (
        f"당사자는 계약 상대방이 아닌 ({event.counterparty_country}) 소재 수취인에게 신고번호 없이 "
        f"{phrases.usd_ko(context.payment.usd)}를 지급하였습니다. 최근 {paid.days}일간 같은 계약 상대방의 거래로 "
        f"제3자에게 지급한 금액은 분할 지급을 합산하여 {count}건, 합계 {phrases.usd_ko(paid.total)}입니다. "
        f"{phrases.usd_ko(line.cents)}({phrases.basis_ko(line)})를 넘으면 지급 전에 {where_ko}에게 신고하는 "
        f"거래입니다. 규정상 신고 예외에 해당하는지 확인이 필요합니다."
    )
    bank = event.counterparty_bank_country
    if bank is not None and bank != event.counterparty_country:
        english += f" The payee's bank is in another country ({bank})."
        korean += f" 수취인의 은행은 다른 국가({bank})에 있습니다."
    if first_us is None:
        english += " No other payment to this payee is kept."
        korean += " 이 수취인에 대한 다른 지급은 확인되지 않습니다."
    else:
        english += (
            f" {phrases.counted(earlier, 'other payment', 'other payments')} to this payee "
            f"{'is' if earlier == 1 else 'are'} kept, the first of {phrases.day(first_us, context.zone)}."
        )
        korean += (
            f" 이 수취인에 대한 다른 지급은 {earlier}건이며, 가장 이른 것은 "
            f"{phrases.day_ko(first_us, context.zone)}입니다."
        )
    return english, korean


def law_tests(context: Context, paid: Paid, *, related: bool | None) -> tuple[LawTest, ...]:
    """The tests of art. 5-10; `related` says whether the profile relates the payee to the party, None without one."""
    single = context.payment.usd > paid.free.cents
    term, term_ko = _term(context.limit("T10", "late_report_months"))
    known = context.limit("T10", "exemption_count")
    number, number_ko = ("", "") if known is None else (f" {known.number}", f" {known.number}개")
    return (
        law_test(
            "payee_is_third_party",
            "The payee is not the other party of the deal (Act art. 16 no. 3)",
            "수취인이 해당 거래의 당사자가 아님(외국환거래법 제16조제3호)",
            holds=True,
        ),
        law_test(
            "above_free_amount",
            "With split payments summed, it is above the amount that needs no report (Regulation art. 5-10(1) no. 1)",
            "분할 지급을 합산하면 신고를 요하지 않는 금액을 넘음(외국환거래규정 제5-10조제1항제1호)",
            holds=True,
        ),
        law_test(
            "single_payment_above",
            "This payment alone is above it; that pieces belong to one deal is for the contract to say",
            "이 지급만으로도 그 금액을 넘음. 분할 지급이 하나의 거래인지는 계약서로 확인함",
            holds=single,
        ),
        law_test(
            "bank_of_korea",
            "It is above the amount up to which the bank takes the report (Regulation art. 5-10(2), (3))",
            "외국환은행 신고 금액을 넘어 한국은행총재에게 신고하는 거래임(외국환거래규정 제5-10조제2항, 제3항)",
            holds=paid.total > paid.bank.cents,
        ),
        law_test(
            "no_report",
            "No report number is given with the payment",
            "지급에 신고번호가 없음",
            holds=True,
        ),
        law_test(
            "group_treasury",
            f"The payee is the treasury company of a group; then the report may follow{term} (art. 5-10(4))",
            f"수취인이 다국적회사의 자금관리전문회사로서 지급 후{term_ko} 사후 보고할 수 있음(제5-10조제4항)",
            holds=None if related is None or related else False,
            missing="profiles.related_counterparties" if related is None else None,
        ),
        law_test(
            "no_exemption",
            f"None of the{number} exemptions of art. 5-10(1) holds; no field tells it",
            f"제5-10조제1항의{number_ko} 신고 예외에 해당하지 않음. 알 수 있는 항목 없음",
            holds=None,
        ),
    )


def _term(months: DatedLimit | None) -> tuple[str, str]:
    """Within how long after the payment a treasury company's report may follow; empty where no limit says so."""
    if months is None:
        return "", ""
    return f" within {phrases.counted(months.number, 'month', 'months')}", f" {months.number}개월 이내에"
