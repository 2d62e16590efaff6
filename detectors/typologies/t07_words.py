"""T07's finding: its sentences, measured values and tests in English and Korean, and its words for pages in Korean."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.books.party import token_number
from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import Item
from detectors.books.trade_matching import tolerance_by
from detectors.books.trade_queries import AGES_DAYS, NearItem, by_age, match_rate, nearest
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Finding, Past, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.trade_overdue import Overdue, institutions_of, named_end
from detectors.typologies.trade_words import nearest_en, nearest_ko
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain
from detectors.wording import phrases

MEMORY_US = 366 * DAY_US
# Our judgement: bad debts and quarrels over quality are common, so that a shortfall alone says little; half the doubt
# goes with each 200 000 USD, and where nothing came at all a part of it.
LEAST_STRENGTH, MOST_STRENGTH = 0.5, 0.85
HALVING_CENTS = 20_000_000
NOTHING_CAME = 0.1
# where receipts that may be the money would cover it
MAY_BE_COVERED = 0.5

WORDS = Words(
    measured={
        "shortfall_total": Word("미회수 합계"),
        "exports_short": Word("미회수 수출신고"),
        "exports_unpaid": Word("전액 미회수 수출신고"),
        "largest_shortfall": Word("가장 큰 미회수 금액"),
        "shortfall_share": Word("해당 수출신고액 대비 미회수 비율"),
        "receipts_without_declaration": Word("신고와 일치하지 않는 수령액"),
        "receipts_of_strangers": Word("무역거래에 관여한 바 없는 금융기관의 수령액"),
        "days_unpaid": Word("가장 오래된 건의 결제 예정일 경과"),
        "buyers": Word("수출 상대방", counter="명"),
        "own_receipt_rate": Word("이 수출자의 수출액 중 대금이 회수된 비율"),
    },
    beginning={"open exports, age in days": "경과 일수별 미회수 수출액 {}"},
    windows=((r"exports whose date had passed by (\S+)", "{}까지 결제 예정일이 지난 수출"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 16 (offset, third-party payment, settlement outside banks); Foreign "
        "Exchange Transactions Regulation art. 5-4, 5-10, 5-11; an indicator": "외국환거래법 제16조(상계, 제3자 지급, "
        "은행을 통하지 않는 지급등), 외국환거래규정 제5-4조, 제5-10조, 제5-11조, 확인이 필요한 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the exporter for the state of each claim: paid to an account abroad, offset, reduced, in dispute, lost",
        "건별 채권의 상태(해외계좌 수령, 상계, 감액, 분쟁, 손실)를 수출자에게 확인하십시오",
    ),
    Said(
        "Ask the bank and the Bank of Korea for reports of offset, third-party payment or settlement outside banks",
        "상계, 제3자 지급, 은행을 통하지 않는 지급등의 신고 여부를 외국환은행과 한국은행에 확인하십시오",
    ),
    Said(
        "Find out whether the buyer is related to the exporter, and what it paid before",
        "수입상이 수출자와 특수관계에 있는지와 이전의 결제 실적을 확인하십시오",
    ),
    Said(
        "Check with customs whether the goods were sold at all: samples, repairs, leases and returns bring no money",
        "견본, 수리, 임대, 반품 등 대금이 없는 수출인지 통관자료의 거래구분으로 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_16",
        "the claim was offset, or settled outside banks, in a way that needed a report, and none was made",
        "채권을 신고가 필요한 방법으로 상계하거나 은행을 통하지 않고 결제하고도 신고하지 않았다면",
    ),
)


class Short(NamedTuple):
    """What is short at a time (us): overdue exports, USD cents received that no declaration has, and what is left.

    `strange` are receipts that would cover it, of institutions that had no part in the firm's trade; they are not taken
    off.
    """

    waiting: list[Overdue]
    received: int
    total: int
    limits: Mapping[str, DatedLimit]
    at_us: int
    strange: Sequence[Item] = ()

    @property
    def items(self) -> list[Item]:
        """The declarations, the longest overdue first."""
        return [one.item for one in self.waiting]

    @property
    def largest(self) -> Overdue:
        """The declaration of which most is missing."""
        return max(self.waiting, key=lambda one: one.usd)

    @property
    def unpaid(self) -> list[Item]:
        """Those of which nothing came."""
        return [item for item in self.items if not item.matched]


def finding_of(past: Past, short: Short) -> Finding:
    """The finding. Cost: 0.5 ms with 190 items."""
    book = past.ledger
    rate = match_rate(book, "export", "goods")
    share = rate.matched / rate.came_in if rate.came_in else 0.0
    of_these = sum(item.usd for item in short.items)
    part = short.total / of_these if of_these else 0.0
    near = nearest(book, short.largest.item, tolerance_by(past.rulebook, past.zone)(short.at_us), most=2)
    english, korean = _sentences(past, short, near, (part, share, rate.items))
    strength = MOST_STRENGTH - (MOST_STRENGTH - LEAST_STRENGTH) * 0.5 ** (short.total / HALVING_CENTS)
    strength += NOTHING_CAME if short.unpaid else 0.0
    return Finding(
        strength=round(strength * (MAY_BE_COVERED if short.strange else 1.0), 4),
        limits=tuple(limit.shown() for limit in short.limits.values()),
        measured=(
            Measured(name="shortfall_total", value=plain(short.total), unit="USD"),
            Measured(name="exports_short", value=len(short.waiting), unit="count"),
            Measured(name="exports_unpaid", value=len(short.unpaid), unit="count"),
            Measured(name="largest_shortfall", value=plain(short.largest.usd), unit="USD"),
            Measured(name="shortfall_share", value=round(part, 4), unit="ratio"),
            Measured(name="receipts_without_declaration", value=plain(short.received), unit="USD"),
            *_of_strangers(short),
            Measured(name="days_unpaid", value=_days(short), unit="days"),
            Measured(name="buyers", value=len({item.counterparty for item in short.items}), unit="count"),
            Measured(name="own_receipt_rate", value=round(share, 4), unit="ratio"),
            *_ages(book, short),
        ),
        window=f"exports whose date had passed by {phrases.day(short.at_us, past.zone)}",
        offsets=tuple(item.offset for item in short.items),
        institutions=_strangers(past, short),
        series="receipt",
        size=short.total,
        growth=short.limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=short.total,
        single=max(item.usd for item in short.items),
        value=plain(short.total),
        unit="USD",
        own_baseline=round(share, 4),
        own_n=rate.items,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=_tests(short, past.zone),
    )


def _of_strangers(short: Short) -> list[Measured]:
    usd = sum(item.left_usd for item in short.strange)
    return [Measured(name="receipts_of_strangers", value=plain(usd), unit="USD")] if short.strange else []


def _strangers(past: Past, short: Short) -> tuple[str, ...]:
    return institutions_of(short.strange, {token_number(name): name for name in past.names})


def _days(short: Short) -> int:
    return int((short.at_us - short.waiting[0].due_us) // DAY_US)


def _ages(book: TradeBook, short: Short) -> list[Measured]:
    """Open exports by their age since the date they were to be settled; classes without any are left out."""
    found, before = [], 0
    for age in by_age(book, "export", "goods", short.at_us, AGES_DAYS, by_due=True):
        name = f"{before + 1}-{age.days}" if age.days else f"{before}+"
        if age.usd:
            found.append(Measured(name=f"open exports, age in days {name}", value=plain(age.usd), unit="USD"))
        before = age.days or 0
    return found


def _sentences(past: Past, short: Short, near: Sequence[NearItem], known: tuple[float, float, int]) -> tuple[str, str]:
    part, share, number = known
    zone, count, days = past.zone, len(short.waiting), _days(short)
    last = short.waiting[0].due_us - 1
    exports = phrases.counted(count, "export declaration", "export declarations")
    english = (
        f"Of {exports} of this exporter {phrases.usd(short.total)} did not come, {part * 100:.1f} % of their value; of "
        f"{len(short.unpaid)} nothing came at all. The first was to be paid by {phrases.day(last, zone)}, "
        f"{phrases.counted(days, 'day', 'days')} before this alert. "
    )
    korean = (
        f"이 수출자의 수출신고 {count}건에서 {phrases.usd_ko(short.total)}가 회수되지 않았으며, 해당 신고액의 "
        f"{part * 100:.1f}%입니다. 그중 {len(short.unpaid)}건은 전혀 회수되지 않았습니다. 가장 오래된 건의 결제 기한은 "
        f"{phrases.day_ko(last, zone)}로, 이 경보 시점에 {days}일이 지났습니다. "
    )
    if short.received:
        english += f"{phrases.usd(short.received)} that came for no known declaration is taken off. "
        korean += f"신고와 일치하지 않는 수령액 {phrases.usd_ko(short.received)}는 차감하였습니다. "
    if short.strange:
        usd = sum(item.left_usd for item in short.strange)
        names = ", ".join(map(phrases.code, _strangers(past, short)))
        english += (
            f"Receipts of {phrases.usd(usd)} told by {names or 'another institution'} would cover it. They match no "
            f"declaration, and who told them had no part in this exporter's trade before, so whether they are the "
            f"money cannot be told. "
        )
        korean += (
            f"{names or '다른 금융기관'} 보고분 수령액 {phrases.usd_ko(usd)}로 충당될 수 있으나, 일치하는 수출신고가 "
            f"없고 해당 금융기관은 이전에 이 수출자의 무역거래에 관여한 바 없어 해당 수출의 대금인지 알 수 없습니다. "
        )
    english += (
        f"{nearest_en(near, zone)} Of what it exported {share * 100:.1f} % was paid "
        f"({phrases.counted(number, 'declaration', 'declarations')}{phrases.few(number)}). There is no duty to bring "
        f"claims home; where the money is requires a check."
    )
    korean += (
        f"{nearest_ko(near, zone)} 이 수출자의 수출액 중 회수된 비율은 {share * 100:.1f}%입니다({number}건"
        f"{phrases.few_ko(number)}). 채권을 회수할 의무는 없으나, 대금의 소재에 대한 확인이 필요합니다."
    )
    return english, korean


def _tests(short: Short, zone: ZoneInfo) -> tuple[LawTest, ...]:
    told = all(named_end(item, zone) is not None for item in short.items)
    return (
        law_test(
            "date_passed",
            "The date on which the goods were to be paid has passed",
            "결제 예정일이 지남",
            holds=True if told else None,
            missing=None if told else "declarations.settlement_due",
        ),
        law_test(
            "far_short",
            "More is missing than the share and the amount of this rule",
            "미회수 금액이 이 규칙의 비율과 금액을 넘음",
            holds=True,
        ),
        law_test(
            "nothing_came",
            "For one of the declarations nothing came at all",
            "전혀 회수되지 않은 수출신고가 있음",
            holds=bool(short.unpaid),
        ),
        law_test(
            "goods_were_sold",
            "The goods were sold, and not sent as a sample, for repair, on lease or back; no field tells it",
            "견본, 수리, 임대, 반품이 아닌 판매를 위한 수출임. 알 수 있는 항목 없음",
            holds=None,
        ),
        law_test(
            "settled_unreported",
            "The claim was offset, paid to somebody else or outside banks without the report of Act art. 16; no field "
            "tells it",
            "외국환거래법 제16조의 신고 없이 상계, 제3자 지급, 은행 외 결제 등을 함. 알 수 있는 항목 없음",
            holds=None,
        ),
        *_covered(short),
    )


def _covered(short: Short) -> tuple[LawTest, ...]:
    if not short.strange:
        return ()
    return (
        law_test(
            "paid_elsewhere",
            "Receipts of an institution that had no part in this exporter's trade before are for these exports; "
            "receipts from third parties are free of report (Regulation art. 5-10(1) no. 2, 3)",
            "이 수출자의 무역거래에 관여한 바 없는 금융기관의 수령액이 해당 수출의 대금임. 제3자로부터의 수령은 "
            "신고 대상이 아님(외국환거래규정 제5-10조제1항제2호, 제3호)",
            holds=None,
        ),
    )
