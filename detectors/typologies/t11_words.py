"""T11's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.contracts.alert import LawTest
from detectors.contracts.limits import Limits
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.wording import phrases

WORDS = Words(
    measured={
        "declared_imports": Word("수입신고 금액"),
        "declared_exports": Word("수출신고 금액"),
        "set_off": Word("서로 상쇄된 금액"),
        "paid_difference": Word("실제 결제한 차액"),
        "paid_other_way": Word("반대 방향 결제 금액"),
        "distance_from_difference": Word("신고 차액과 결제액의 차이"),
        "partners_of_group": Word("같은 계좌를 쓰는 거래상대방", "명"),
    },
    windows=((r"offsets of (\d+) days", "최근 {}일간의 상계"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 16 no. 1; Foreign Exchange Transactions Regulation art. 5-4 (offset)": (
            "외국환거래법 제16조제1호, 외국환거래규정 제5-4조(상계)"
        ),
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank whether an offset with this partner was reported, beforehand or within the term after it",
        "이 거래상대방과의 상계를 사전에 신고하였거나 기한 내에 사후 보고하였는지 외국환은행에 확인하십시오",
    ),
    Said(
        "Ask the firm for the statement of account with the partner: which claims and debts were set off",
        "어떤 채권과 채무를 상계하였는지 거래상대방과의 정산서를 업체에 요청하십시오",
    ),
    Said(
        "Check the exemptions of art. 5-4(1): processing trade, mutual account, agency commission, carriers",
        "위탁가공·수탁가공무역, 상호계산, 대리점 수수료, 운송 등 제5-4조제1항의 신고 예외 해당 여부를 확인하십시오",
    ),
    Said(
        "Look whether open declarations are paid or received later: fxwatch trade show lists them",
        "미결 신고 건이 이후 결제되는지 무역 원장의 미결 목록으로 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_16",
        "claims and debts were set off, no exemption holds and no report was made in time",
        "채권과 채무를 상계하였고 신고 예외에 해당하지 않으며 기한 내에 신고나 보고를 하지 않았다면",
    ),
)


class Netted(NamedTuple):
    """What was declared and paid with a group of partners in a window of `days`, USD cents.

    `paid` is the money of the net's direction (`outward`: the party pays), `back` that of the other, `offset` what was
    set off, `residual` how far `paid` is from the difference. `offsets` are ledger positions in order of time, `group`
    the partners by number.
    """

    imports: int
    exports: int
    paid: int
    back: int
    offset: int
    residual: int
    outward: bool
    days: int
    offsets: tuple[int, ...]
    group: frozenset[int]
    limits: Limits


def sentences(found: Netted) -> tuple[str, str]:
    """What was found, with the law of the day."""
    line, months = found.limits["free_line"], int(found.limits["report_months"].number)
    did, did_ko = ("paid", "지급한") if found.outward else ("received", "수령한")
    group = "one partner" if len(found.group) == 1 else f"{len(found.group)} partners on one account"
    group_ko = "한 거래상대방" if len(found.group) == 1 else f"같은 계좌를 쓰는 거래상대방 {len(found.group)}명"
    term = phrases.counted(months, "month", "months")
    english = (
        f"Within {found.days} days this party declared imports of {phrases.usd(found.imports)} from and exports of "
        f"{phrases.usd(found.exports)} to {group}. What was {did} comes to {phrases.usd(found.paid)}, which is the "
        f"difference of the two but for {phrases.usd(found.residual)}; {phrases.usd(found.back)} went the other way. "
        f"So {phrases.usd(found.offset)} of each side may have been set off, and no payment names a report of it. "
        f"An offset of more than {phrases.usd(line.cents)} ({phrases.basis(line)}) is reported to a bank beforehand "
        f"or within {term} after it. Whether it was, or an exemption holds, requires a check."
    )
    korean = (
        f"당사자는 최근 {found.days}일간 {group_ko}과의 거래에서 수입 {phrases.usd_ko(found.imports)}, 수출 "
        f"{phrases.usd_ko(found.exports)}를 세관에 신고하였습니다. 실제로 {did_ko} 금액은 "
        f"{phrases.usd_ko(found.paid)}로, 두 금액의 차액과 {phrases.usd_ko(found.residual)} 차이이며 반대 방향 결제는 "
        f"{phrases.usd_ko(found.back)}입니다. 양쪽에서 {phrases.usd_ko(found.offset)}씩 상계하였을 수 있으나 상계 "
        f"신고번호가 있는 결제는 없습니다. {phrases.usd_ko(line.cents)}({phrases.basis_ko(line)})를 넘는 상계는 "
        f"외국환은행에 사전에 신고하거나 상계 후 {months}개월 이내에 보고하는 거래입니다. 신고 여부와 신고 예외에 "
        f"해당하는지 확인이 필요합니다."
    )
    return english, korean


def law_tests(context: Context) -> tuple[LawTest, ...]:
    """The tests of art. 5-4."""
    facts, payee = context.facts, context.payment.beneficiary
    related = None if facts is None else payee in facts.related
    return (
        law_test(
            "both_directions_declared",
            "Goods were declared both ways with the same partners",
            "같은 거래상대방과 수출과 수입을 모두 신고함",
            holds=True,
        ),
        law_test(
            "difference_settled",
            "What was settled is the difference of what was declared both ways",
            "결제액이 양방향 신고 금액의 차액에 해당함",
            holds=True,
        ),
        law_test(
            "above_free_amount",
            "With split ones summed, one side is above the amount that needs no report (Regulation art. 5-4(1) no. 1)",
            "분할 금액을 합산하면 일방의 금액이 신고를 요하지 않는 금액을 넘음(외국환거래규정 제5-4조제1항제1호)",
            holds=True,
        ),
        law_test(
            "no_report_named",
            "No payment with these partners names the report of an offset",
            "이 거래상대방과의 결제에 상계 신고번호가 없음",
            holds=True,
        ),
        law_test(
            "no_report_in_time",
            "No report was made within the term after the offset (Regulation art. 5-4(2)); banks know it",
            "상계 후 기한 내에 사후 보고를 하지 않음(제5-4조제2항). 외국환은행이 확인할 수 있음",
            holds=None,
        ),
        law_test(
            "partner_is_related",
            "The partner is related to the party by its profile; netting within a group is usual, and is reported",
            "거래상대방이 고객정보상 특수관계인임. 계열사 간 상계는 흔하며 신고 대상임",
            holds=related,
            missing="profiles.related_counterparties" if related is None else None,
        ),
        law_test(
            "no_exemption",
            "None of the exemptions of art. 5-4(1) holds; no field tells it",
            "제5-4조제1항의 신고 예외에 해당하지 않음. 알 수 있는 항목 없음",
            holds=None,
        ),
    )
