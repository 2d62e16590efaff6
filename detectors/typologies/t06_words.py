"""T06's finding: its sentences, measured values and tests in English and Korean, and its words for pages in Korean."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from detectors.books.party import token_number
from detectors.books.trade_items import PREPAYMENT_REPORT, REPORTED, Item
from detectors.books.trade_matching import tolerance_by
from detectors.books.trade_queries import NearItem, kept, match_rate, nearest
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Finding, Past, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.t06_due import chapter_of, period_due
from detectors.typologies.trade_overdue import Overdue, institutions_of, traded_of
from detectors.typologies.trade_words import nearest_en, nearest_ko
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain
from detectors.wording import phrases

MEMORY_US = 366 * DAY_US
# Our judgement: a payment whose date passed is a fact, and goods may be late, stand in a bonded warehouse or be
# declared by another; half the doubt goes with each 100 000 USD. A declaration that is named and unknown, or the end of
# the law's year, is a fact of its own.
LEAST_STRENGTH, MOST_STRENGTH = 0.55, 0.9
HALVING_CENTS = 10_000_000
UNKNOWN_NUMBER = 0.1

WORDS = Words(
    measured={
        "uncovered_total": Word("수입신고가 확인되지 않은 지급 잔액"),
        "uncovered_payments": Word("수입신고가 확인되지 않은 지급"),
        "largest_uncovered": Word("가장 큰 미신고 지급 잔액"),
        "days_overdue": Word("가장 오래된 건의 예정일 경과"),
        "suppliers": Word("지급 상대방", counter="명"),
        "declarations_searched": Word("대조한 수입신고"),
        "explained_by_others": Word("다른 거래상대방의 신고로 설명되는 지급"),
        "own_match_rate": Word("이 수입자의 지급액 중 신고와 일치한 비율"),
    },
    windows=(
        (r"import payments whose date had passed by (\S+)", "{}까지 예정일이 지난 수입대금"),
        (r"advance payments whose year had ended by (\S+)", "{}까지 1년이 지난 사전 지급"),
    ),
    legal_basis={
        "Foreign Exchange Transactions Act art. 16 no. 2; Foreign Exchange Transactions Regulation art. 5-8 (payment "
        "beyond the period); Customs Act art. 241 (import declaration)": "외국환거래법 제16조제2호, 외국환거래규정 "
        "제5-8조(일정 기간을 초과하는 지급등), 관세법 제241조(수입의 신고)",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Search the customs register for declarations of this importer under other suppliers, agents or numbers",
        "다른 공급자, 대행자 또는 다른 신고번호로 된 이 수입자의 수입신고가 있는지 통관자료에서 확인하십시오",
    ),
    Said(
        "Ask the bank for contract, invoice and shipping documents, and whether goods stand in a bonded warehouse",
        "은행에 계약서, 송장, 선적서류를 요청하고 물품이 보세창고에 있는지 확인하십시오",
    ),
    Said(
        "Ask the Bank of Korea whether the advance payment was reported, or reported late for the supplier's fault",
        "사전 지급의 신고 여부와 상대방 귀책 등에 따른 사후신고 여부를 한국은행에 확인하십시오",
    ),
    Said(
        "Find out who the supplier is, and whether it or the importer's owners hold the money abroad",
        "공급자의 실체와 자금이 해외에 남아 있는지, 수입자의 특수관계인이 보유하는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_16",
        "goods were paid longer before they came than needs no report, no exemption holds and no report was made",
        "신고를 요하지 않는 기간을 초과하여 물품 수령 전에 지급하고, 신고 예외에 해당하지 않는데도 신고하지 않았다면",
    ),
)


class Missing(NamedTuple):
    """What is missing at a time (us): overdue payments, how many others are explained, USD cents left of them."""

    name: str
    waiting: list[Overdue]
    explained: int
    total: int
    limits: Mapping[str, DatedLimit]
    at_us: int

    @property
    def items(self) -> list[Item]:
        """The payments, the longest overdue first."""
        return [one.item for one in self.waiting]

    @property
    def largest(self) -> Overdue:
        """The payment of which most is missing."""
        return max(self.waiting, key=lambda one: one.usd)


def finding_of(past: Past, missing: Missing) -> Finding:
    """The finding. Cost: 0.5 ms with 190 items."""
    book = past.ledger
    rate = match_rate(book, "import", "money")
    declared = kept(book, "import", "goods")
    numbers = {item.number for item in declared} - {0}
    unknown = [item for item in missing.items if item.number and item.number not in numbers]
    share = rate.matched / rate.came_in if rate.came_in else 0.0
    shown = [limit.shown() for name, limit in missing.limits.items()]
    days = (missing.at_us - missing.waiting[0].due_us) // DAY_US
    near = nearest(book, missing.largest.item, tolerance_by(past.rulebook, past.zone)(missing.at_us), most=2)
    english, korean = _sentences(past, missing, near, (len(declared), share, rate.items))
    beyond = 0.5 ** (missing.total / HALVING_CENTS)
    strength = MOST_STRENGTH - (MOST_STRENGTH - LEAST_STRENGTH) * beyond
    day = phrases.day(missing.at_us, past.zone)
    is_period = missing.name == "period"
    return Finding(
        strength=round(min(strength + (UNKNOWN_NUMBER if unknown or is_period else 0.0), 0.97), 4),
        limits=tuple(shown),
        measured=(
            Measured(name="uncovered_total", value=plain(missing.total), unit="USD"),
            Measured(name="uncovered_payments", value=len(missing.waiting), unit="count"),
            Measured(name="largest_uncovered", value=plain(missing.largest.usd), unit="USD"),
            Measured(name="days_overdue", value=int(days), unit="days"),
            Measured(name="suppliers", value=len({item.counterparty for item in missing.items}), unit="count"),
            Measured(name="declarations_searched", value=len(declared), unit="count"),
            Measured(name="explained_by_others", value=missing.explained, unit="count"),
            Measured(name="own_match_rate", value=round(share, 4), unit="ratio"),
        ),
        window=f"advance payments whose year had ended by {day}"
        if is_period
        else f"import payments whose date had passed by {day}",
        offsets=tuple(item.offset for item in missing.items),
        institutions=institutions_of(missing.items, {token_number(name): name for name in past.names}),
        series=missing.name,
        size=missing.total,
        growth=missing.limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=missing.total,
        single=max(item.usd for item in missing.items),
        value=plain(missing.total),
        unit="USD",
        own_baseline=round(share, 4),
        own_n=rate.items,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=_tests(past, missing, unknown),
    )


def _sentences(
    past: Past, missing: Missing, near: Sequence[NearItem], known: tuple[int, float, int]
) -> tuple[str, str]:
    searched, share, paid = known
    zone, count, first = past.zone, len(missing.waiting), missing.waiting[0]
    days = int((missing.at_us - first.due_us) // DAY_US)
    payments = phrases.counted(count, "import payment", "import payments")
    when, when_ko = phrases.day(first.due_us - 1, zone), phrases.day_ko(first.due_us - 1, zone)
    english = (
        f"No customs declaration of this importer covers {phrases.usd(missing.total)} of {payments}. The goods of the "
        f"first were to be declared by {when}, {phrases.counted(days, 'day', 'days')} before this alert. "
    )
    korean = (
        f"이 수입자의 수입대금 지급 {count}건 중 {phrases.usd_ko(missing.total)}에 대한 수입신고가 확인되지 않습니다. "
        f"가장 오래된 건의 신고 예정 기한은 {when_ko}로, 이 경보 시점에 {days}일이 지났습니다. "
    )
    if missing.name == "period":
        amount, days_limit = missing.limits["advance_amount"], missing.limits["advance_days"]
        english += (
            f"Each was paid more than {days_limit.number} days ago. An advance payment above "
            f"{phrases.usd(amount.cents)} a contract ({phrases.basis(amount)}) that long before the goods is reported "
            f"to the Bank of Korea beforehand. "
        )
        korean += (
            f"모두 지급 후 {days_limit.number}일이 지났습니다. 계약 건당 {phrases.usd_ko(amount.cents)}"
            f"({phrases.basis_ko(amount)})를 넘는 대금을 물품 수령 전 그 기간을 초과하여 지급하는 경우에는 사전에 "
            f"한국은행총재에게 신고합니다. "
        )
    declarations = phrases.counted(searched, "declaration", "declarations")
    english += (
        f"{declarations} of this importer {'was' if searched == 1 else 'were'} searched. {nearest_en(near, zone)}"
    )
    korean += f"대조한 수입신고는 {searched}건입니다. {nearest_ko(near, zone)}"
    english += (
        f" Of what it paid for imports {share * 100:.1f} % is matched ({phrases.counted(paid, 'payment', 'payments')}"
        f"{phrases.few(paid)}). Whether the goods came requires a check."
    )
    korean += (
        f" 이 수입자의 수입대금 중 신고와 일치한 비율은 {share * 100:.1f}%입니다({paid}건{phrases.few_ko(paid)}). "
        f"물품이 실제로 수입되었는지 확인이 필요합니다."
    )
    return english, korean


def _tests(past: Past, missing: Missing, unknown: Sequence[Item]) -> tuple[LawTest, ...]:
    items, (_, largest, usd) = missing.items, missing.largest
    named = [item for item in items if item.number]
    amount = missing.limits.get("advance_amount")
    above = amount is not None and usd > amount.cents
    in_all = amount is not None and missing.total > amount.cents
    due = period_due(traded_of(past))(largest)
    chapter = chapter_of(largest)
    reported = bool(largest.flags & PREPAYMENT_REPORT)
    return (
        law_test(
            "no_declaration",
            "No declaration of the importer matches by number, or by supplier and amount, by the date it was due",
            "신고번호 또는 거래상대방과 금액으로 일치하는 수입신고가 예정 기한까지 확인되지 않음",
            holds=True,
        ),
        law_test(
            "named_declaration_unknown",
            "The payment names a declaration that customs has not told of",
            "지급에 기재된 수입신고번호가 통관자료에서 확인되지 않음",
            holds=bool(unknown) if named else None,
            missing=None if named else "transactions.declaration_no",
        ),
        law_test(
            "above_advance_amount",
            "More than the amount of a contract that may be paid in advance without report (Regulation art. 5-8(1) "
            "no. 2)",
            "신고 없이 사전에 지급할 수 있는 계약 건당 금액을 넘음(외국환거래규정 제5-8조제1항제2호)",
            # whether several payments are of one contract no field tells
            holds=True if above else None if in_all else False,
        ),
        law_test(
            "beyond_advance_period",
            "Paid longer before goods or shipping documents than needs no report (Regulation art. 5-8(1) no. 2)",
            "신고를 요하지 않는 기간을 초과하여 선적서류 또는 물품 수령 전에 지급함(외국환거래규정 제5-8조제1항제2호)",
            holds=missing.name == "period" or (due is not None and due <= missing.at_us),
        ),
        law_test(
            "no_advance_report",
            "No report of an advance payment is given with it (Act art. 16 no. 2)",
            "사전 지급에 관한 신고번호가 없음(외국환거래법 제16조제2호)",
            holds=None if largest.flags & REPORTED and not reported else not reported,
        ),
        law_test(
            "goods_not_exempt",
            "The goods are no ships, rail vehicles, aircraft or industrial plant (Regulation art. 5-8(1)); no field "
            "tells plant",
            "선박, 철도차량, 항공기, 산업설비가 아님(외국환거래규정 제5-8조제1항). 산업설비는 알 수 있는 항목 없음",
            holds=False if chapter.is_exempt else None,
            missing=None if chapter.is_told else "transactions.hs_code",
        ),
        law_test(
            "customs_term_passed",
            "The term to declare since goods were brought into a warehouse has passed (Customs Act art. 241(3)); no "
            "field tells when they were",
            "물품 반입 후 수입신고 기한이 지남(관세법 제241조제3항). 반입일을 알 수 있는 항목 없음",
            holds=None,
        ),
    )
