"""T05's finding: its sentences, measured values and tests in English and Korean, and its words for pages in Korean."""

from typing import NamedTuple

from detectors.contracts.alert import Measured
from detectors.contracts.limits import Limits
from detectors.typologies.base import Context, Finding
from detectors.typologies.declared import Word, Words
from detectors.typologies.t05_measures import Measures
from detectors.typologies.t05_tests import law_tests
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain
from detectors.wording import phrases

MEMORY_US = 366 * DAY_US
# How much closeness to the published pattern says (our judgement): payments fed by exchange-linked money are half of
# it; a young or tiny firm, a multiple of the capital, and an inflow that pays for nearly all halve the doubt each.
FIRST_DOUBT = 0.5
NEARLY_ALL = 0.8

WORDS = Words(
    measured={
        "fed_payments": Word("거래소 연계 입금 후 송금"),
        "fed_sum": Word("거래소 연계 입금 후 송금 합계"),
        "linked_inflow": Word("거래소 연계 입금 합계"),
        "linked_inflow_share": Word("송금액 대비 연계 입금 비율"),
        "sent_in_all": Word("확인된 수입·용역 송금 합계"),
        "payments_in_all": Word("확인된 수입·용역 송금"),
        "times_capital": Word("자본금 대비 송금 배수"),
        "largest_branch_share": Word("최대 영업점의 송금 비중"),
        "days_since_registration": Word("사업자 등록 후 경과 기간"),
    },
    windows=((r"(\d+) rolling days; since the firm was first seen", "최근 {}일 및 최초 확인 이후"),),
    legal_basis={
        "FSS criteria of 2022-07 for abnormal foreign exchange transfers; Foreign Exchange Transactions Act art. 15 "
        "(payment procedure); an indicator": "금융감독원 2022년 7월 이상 외화송금 점검 기준, "
        "외국환거래법 제15조(지급절차 등), 확인이 필요한 징후",
    },
)


class _Told(NamedTuple):
    """What the sentences say of the firm and of the largest branch; empty where it is not known."""

    firm: str
    firm_ko: str
    capital: str
    capital_ko: str


def finding_of(context: Context, limits: Limits, measures: Measures, series: str) -> Finding:
    """The finding on fed payments (`linked`) or by the supervisor's test (`sent`)."""
    is_linked = series == "linked"
    size = measures.fed_usd if is_linked else measures.total
    share = measures.linked_usd / measures.fed_usd if measures.fed_usd else 0.0
    times = limits.get("capital_multiple")
    is_multiple = times is not None and measures.multiple is not None and measures.multiple >= times.number
    doubt = FIRST_DOUBT ** (1 + measures.firm.is_small + is_multiple + (share >= NEARLY_ALL))
    english, korean = sentences(limits, measures, series)
    bank = context.names[context.payment.institution]
    return Finding(
        strength=round(min(1.0 - doubt, 0.95), 4),
        limits=tuple(limit.shown() for limit in limits.values()),
        measured=shown(measures),
        window=f"{measures.window} rolling days; since the firm was first seen",
        offsets=tuple(one.offset for one in measures.fed) if is_linked else (context.payment.offset,),
        institutions=(bank,),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=size,
        value=plain(size),
        unit="USD",
        own_baseline=None,
        own_n=measures.number - len(measures.fed),
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        institution=bank,
        tests=law_tests(limits, measures, told=context.transaction.exchange_linked_inflow_24h is not None),
    )


def shown(measures: Measures) -> tuple[Measured, ...]:
    """What was measured, as alerts and lists show it."""
    share = measures.linked_usd / measures.fed_usd if measures.fed_usd else 0.0
    found = [
        Measured(name="fed_payments", value=len(measures.fed), unit="count"),
        Measured(name="fed_sum", value=plain(measures.fed_usd), unit="USD"),
        Measured(name="linked_inflow", value=plain(measures.linked_usd), unit="USD"),
        Measured(name="linked_inflow_share", value=round(share, 4), unit="ratio"),
        Measured(name="sent_in_all", value=plain(measures.total), unit="USD"),
        Measured(name="payments_in_all", value=measures.number, unit="count"),
    ]
    if measures.multiple is not None:
        found.append(Measured(name="times_capital", value=round(measures.multiple, 1), unit="ratio"))
    if measures.branch is not None:
        found.append(Measured(name="largest_branch_share", value=round(measures.branch, 4), unit="ratio"))
    if measures.firm.age is not None:
        found.append(Measured(name="days_since_registration", value=measures.firm.age, unit="days"))
    return tuple(found)


def _told(measures: Measures) -> _Told:
    age, times = measures.firm.age, measures.multiple
    firm, firm_ko = "This firm, whose date of registration is not known,", "등록일이 확인되지 않은 이 업체는"
    if age is not None:
        firm = f"This firm, registered {phrases.counted(age, 'day', 'days')} ago,"
        firm_ko = f"등록 후 {age}일이 지난 이 업체는"
    capital, capital_ko = "Its capital is not known.", "자본금은 확인되지 않습니다."
    if times is not None and measures.firm.capital is not None:
        capital = f"That is {times:.1f} times its capital of {phrases.usd(measures.firm.capital)}."
        capital_ko = f"이는 자본금 {phrases.usd_ko(measures.firm.capital)} 상당액의 {times:.1f}배입니다."
    return _Told(firm, firm_ko, capital, capital_ko)


def sentences(limits: Limits, measures: Measures, series: str) -> tuple[str, str]:
    """What it says of fed payments (`linked`) or by the supervisor's test (`sent`), in English and Korean."""
    told, least = _told(measures), limits["linked_share"]
    fed = phrases.counted(len(measures.fed), "import or service payment", "import or service payments")
    fed_en = (
        f"{told.firm} sent {fed} of {phrases.usd(measures.fed_usd)} in {measures.window} days, each within 24 hours "
        f"after an inflow from accounts linked to crypto-asset exchanges of at least {least.number} of its amount "
        f"({phrases.basis(least)}). The inflows come to {phrases.usd(measures.linked_usd)}."
    )
    fed_ko = (
        f"{told.firm_ko} {measures.window}일 동안 수입·용역 대금 {len(measures.fed)}건, 합계 "
        f"{phrases.usd_ko(measures.fed_usd)}를 송금하였으며, 각 송금 전 24시간 이내에 가상자산거래소 연계 계좌로부터 "
        f"송금액의 {least.number}배 이상({phrases.basis_ko(least)})이 입금되었습니다. 연계 입금 합계는 "
        f"{phrases.usd_ko(measures.linked_usd)}입니다."
    )
    if series == "sent":
        line = limits["sent_min"]
        fed_en = (
            f"{told.firm} meets the supervisor's test for examination: {phrases.usd(measures.total)} sent for imports "
            f"and services, where the test begins at {phrases.usd(line.cents)} ({phrases.basis(line)})."
        )
        fed_ko = (
            f"{told.firm_ko} 감독당국의 점검 기준에 해당합니다. 수입·용역 송금 합계는 "
            f"{phrases.usd_ko(measures.total)}이며 "
            f"기준은 {phrases.usd_ko(line.cents)}({phrases.basis_ko(line)})입니다."
        )
    known = phrases.counted(measures.number, "payment", "payments")
    english = (
        f"{fed_en} In all it sent {phrases.usd(measures.total)} in {known} for imports and services as far as they are "
        f"known. {told.capital} This requires a check of contracts and goods."
    )
    korean = (
        f"{fed_ko} 확인된 수입·용역 송금은 모두 {measures.number}건, {phrases.usd_ko(measures.total)}입니다. "
        f"{told.capital_ko} 계약과 물품의 확인이 필요합니다."
    )
    return english, korean
