"""T08's findings: their sentences, measured values and tests in English and Korean, and its words in Korean."""

from collections.abc import Mapping, Sequence

from detectors.books.party import token_number
from detectors.books.trade_queries import monthly
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import Finding, Past, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.t08_gap import Gap, Years
from detectors.typologies.trade_overdue import institutions_of
from detectors.values.money import plain
from detectors.wording import phrases

MEMORY_US = 366 * 24 * 3_600_000_000
# Our judgement: a sum of open items says less than each of them; the supervisor's own screen says more.
LEAST_STRENGTH, MOST_STRENGTH, SCREENED = 0.5, 0.85, 0.75
HALVING_CENTS = 30_000_000
# months told one by one, the newest
MONTHS_TOLD = 12
_KO = {"import": "수입", "export": "수출"}

WORDS = Words(
    measured={
        "gap_outward": Word("국외로 남은 차액"),
        "gap_inward": Word("국내로 남은 차액"),
        "gap_share_of_trade": Word("무역액 대비 차액"),
        "imports_without_goods": Word("신고가 확인되지 않은 수입대금"),
        "exports_without_money": Word("회수되지 않은 수출신고액"),
        "imports_not_paid": Word("지급되지 않은 수입신고액"),
        "receipts_without_goods": Word("신고가 확인되지 않은 수령액"),
        "traded_in_a_year": Word("12개월간 무역액"),
        "open_items": Word("기한이 지난 미결 항목"),
        "import_gap_12_months": Word("수입 12개월 차액"),
        "import_gap_year_before": Word("수입 직전 12개월 차액"),
        "import_gap_mean": Word("수입 4년 평균 차액"),
        "export_gap_12_months": Word("수출 12개월 차액"),
        "export_gap_year_before": Word("수출 직전 12개월 차액"),
        "export_gap_mean": Word("수출 4년 평균 차액"),
    },
    beginning={
        "import declared less paid in": "수입 신고액에서 지급액을 뺀 금액({})",
        "export declared less received in": "수출 신고액에서 수령액을 뺀 금액({})",
    },
    windows=(
        (r"open past their dates by (\S+)", "{}까지 기한이 지난 항목"),
        (r"twelve months before (\S+)", "{} 이전 12개월"),
    ),
    legal_basis={
        "KCS screening of 2026-01-13 (gap between declared and settled trade); Foreign Exchange Transactions Act art. "
        "16, 20, 21; an indicator": "관세청 2026년 1월 13일 발표 무역대금 편차 점검 기준, 외국환거래법 제16조, 제20조, "
        "제21조, 확인이 필요한 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Go through the ledger month by month with the firm: which declarations and payments belong together",
        "월별 원장을 기준으로 어느 신고와 지급·수령이 서로 대응하는지 업체에 확인하십시오",
    ),
    Said(
        "Look for offsets, netting, third-party and bank-free settlement, and their reports",
        "상계, 상호계산, 제3자 지급, 은행을 통하지 않는 결제의 유무와 신고 여부를 확인하십시오",
    ),
    Said(
        "Compare unit prices with those of other traders: a gap may be a wrong price",
        "단가를 다른 무역업체와 비교하여 가격 조작 여부를 확인하십시오",
    ),
    Said(
        "Find out who holds the open claims and debts abroad, and for how long",
        "미결 채권과 채무의 해외 상대방과 경과 기간을 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_16",
        "what is missing was settled in a way that needed a report, and none was made",
        "차액을 신고가 필요한 방법으로 결제하고도 신고하지 않았다면",
    ),
)


def gap_finding(past: Past, limits: Mapping[str, DatedLimit], gap: Gap, both: Sequence[Years], at_us: int) -> Finding:
    """The finding on items that are open past their dates."""
    strength = MOST_STRENGTH - (MOST_STRENGTH - LEAST_STRENGTH) * 0.5 ** (gap.outward / HALVING_CENTS)
    english, korean = _gap_sentences(past, gap, limits, at_us)
    window = f"open past their dates by {phrases.day(at_us, past.zone)}"
    return _finding(past, limits, gap, both, (round(strength, 4), gap.outward, "gap", window, english, korean))


def screen_finding(
    past: Past, limits: Mapping[str, DatedLimit], both: Sequence[Years], gap: Gap, at_us: int
) -> Finding:
    """The finding of the supervisor's screen."""
    up = [one for one in both if one.is_up]
    day = phrases.day(at_us, past.zone)[:8] + "01"
    english, korean = _screen_sentences(up, limits, sum(one.declared for one in both))
    size = sum(one.gap for one in up)
    window = f"twelve months before {day}"
    return _finding(past, limits, gap, both, (SCREENED, size, "screen", window, english, korean))


def _finding(
    past: Past,
    limits: Mapping[str, DatedLimit],
    gap: Gap,
    both: Sequence[Years],
    said: tuple[float, int, str, str, str, str],
) -> Finding:
    strength, size, series, window, english, korean = said
    items = [one.item for one in gap.waiting]
    return Finding(
        strength=strength,
        limits=tuple(limit.shown() for limit in limits.values()),
        measured=(*_measured(gap), *_years_measured(both), *_months(past)),
        window=window,
        offsets=tuple(item.offset for item in items) or tuple(item.offset for item in past.ledger.items()[-1:]),
        institutions=institutions_of(items, {token_number(name): name for name in past.names}),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=size,
        single=max((item.usd for item in items), default=0),
        value=plain(size),
        unit="USD",
        own_baseline=next((plain(one.before) for one in both if one.is_up and one.before is not None), None),
        own_n=sum(one.before is not None for one in both),
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=_tests(limits, gap, both),
    )


def _measured(gap: Gap) -> list[Measured]:
    money = {
        "gap_outward": gap.outward,
        "gap_inward": gap.inward,
        "imports_without_goods": gap.imports_uncovered,
        "exports_without_money": gap.exports_unreceived,
        "imports_not_paid": gap.imports_unpaid,
        "receipts_without_goods": gap.receipts_uncovered,
        "traded_in_a_year": gap.traded,
    }
    return [
        *(Measured(name=name, value=plain(cents), unit="USD") for name, cents in money.items()),
        Measured(name="gap_share_of_trade", value=round(gap.share, 4), unit="ratio"),
        Measured(name="open_items", value=len(gap.waiting), unit="count"),
    ]


def _years_measured(both: Sequence[Years]) -> list[Measured]:
    found = []
    for one in both:
        of = {"12_months": one.gap if one.declared else None, "year_before": one.before, "mean": one.mean}
        found += [
            Measured(name=f"{one.trade}_gap_{name}", value=plain(cents), unit="USD")
            for name, cents in of.items()
            if cents is not None
        ]
    return found


def _months(past: Past) -> list[Measured]:
    """The ledger by month: what customs saw less what banks paid or received."""
    found = []
    for trade, name in (("import", "import declared less paid in"), ("export", "export declared less received in")):
        for year, month, declared, settled in monthly(past.ledger, trade)[-MONTHS_TOLD:]:  # type: ignore[arg-type]
            label = f"{name} {year}-{month:02}"
            found.append(Measured(name=label, value=plain(declared - settled), unit="USD"))
    return found


def _gap_sentences(past: Past, gap: Gap, limits: Mapping[str, DatedLimit], at_us: int) -> tuple[str, str]:
    day, day_ko = phrases.day(at_us, past.zone), phrases.day_ko(at_us, past.zone)
    least, share = limits["open_gap_min"], limits["gap_share"]
    english = (
        f"By {day} this firm had paid {phrases.usd(gap.imports_uncovered)} for imports that no declaration covers, and "
        f"declared {phrases.usd(gap.exports_unreceived)} for export that was not paid, all past their dates. Together "
        f"{phrases.usd(gap.outward)}, {gap.share * 100:.1f} % of its trade of {phrases.usd(gap.traded)} in twelve "
        f"months; told from {phrases.usd(least.cents)} ({phrases.basis(least)}) and {share.number * 100:.1f} % on. The "
        f"other way round {phrases.usd(gap.inward)} are open. What became of them requires a check."
    )
    korean = (
        f"{day_ko}까지 기한이 지난 항목 중 이 업체가 지급하였으나 수입신고가 확인되지 않은 금액은 "
        f"{phrases.usd_ko(gap.imports_uncovered)}, 수출신고 후 회수되지 않은 금액은 "
        f"{phrases.usd_ko(gap.exports_unreceived)}로, 합계 {phrases.usd_ko(gap.outward)}입니다. 이는 12개월간 무역액 "
        f"{phrases.usd_ko(gap.traded)}의 {gap.share * 100:.1f}%이며, 기준은 {phrases.usd_ko(least.cents)}"
        f"({phrases.basis_ko(least)}) 및 {share.number * 100:.1f}% 이상입니다. 반대 방향의 미결 금액은 "
        f"{phrases.usd_ko(gap.inward)}입니다. 차액의 발생 원인에 대한 확인이 필요합니다."
    )
    return english, korean


def _screen_sentences(up: Sequence[Years], limits: Mapping[str, DatedLimit], declared: int) -> tuple[str, str]:
    least = limits["trade_min"]
    parts = "; ".join(
        f"{one.trade}s {phrases.usd(one.gap)}, {phrases.usd(one.before or 0)} the year before, "
        f"{phrases.usd(one.mean or 0)} in the mean of four years"
        for one in up
    )
    parts_ko = "; ".join(
        f"{_KO[one.trade]} {phrases.usd_ko(one.gap)}, 직전 12개월 {phrases.usd_ko(one.before or 0)}, "
        f"4년 평균 {phrases.usd_ko(one.mean or 0)}"
        for one in up
    )
    english = (
        f"Customs saw trade of {phrases.usd(declared)} of this firm in twelve months, at or above "
        f"{phrases.usd(least.cents)} ({phrases.basis(least)}), and what was declared and what was settled lie further "
        f"apart than before: {parts}. Firms of this pattern are screened by customs; what became of the gap requires a "
        f"check."
    )
    korean = (
        f"이 업체의 12개월간 수출입신고액은 {phrases.usd_ko(declared)}로 {phrases.usd_ko(least.cents)}"
        f"({phrases.basis_ko(least)}) 이상이며, 신고액과 결제액의 차이가 이전보다 커졌습니다: {parts_ko}. 관세청의 "
        f"점검 대상에 해당하는 유형으로, 차액의 발생 원인에 대한 확인이 필요합니다."
    )
    return english, korean


def _tests(limits: Mapping[str, DatedLimit], gap: Gap, both: Sequence[Years]) -> tuple[LawTest, ...]:
    least, trade = limits.get("open_gap_min"), limits.get("trade_min")
    share = limits.get("gap_share")
    is_open = (
        None
        if least is None or share is None
        else gap.outward >= least.cents and gap.outward * 100 >= gap.traded * share.cents
    )
    declared = sum(one.declared for one in both)
    before = [one.gap > one.before for one in both if one.before is not None and one.declared]
    mean = [one.gap > one.mean for one in both if one.mean is not None and one.declared]
    return (
        law_test(
            "open_past_dates",
            "What is open past its dates is at or above the amount and the share of this rule",
            "기한이 지난 미결 금액이 이 규칙의 금액과 비율 이상임",
            holds=is_open,
        ),
        law_test(
            "large_trader",
            "The firm's trade of twelve months is at or above the amount that customs screens (KCS 2026-01-13)",
            "12개월간 무역액이 관세청의 점검 기준 금액 이상임(관세청 2026년 1월 13일 발표)",
            holds=None if trade is None else declared >= trade.cents,
        ),
        law_test(
            "above_year_before",
            "The gap is larger than in the twelve months before (KCS 2026-01-13)",
            "차액이 직전 12개월보다 큼(관세청 2026년 1월 13일 발표)",
            holds=any(before) if before else None,
        ),
        law_test(
            "above_four_years",
            "The gap is larger than the mean of the four years before (KCS 2026-01-13)",
            "차액이 이전 4년 평균보다 큼(관세청 2026년 1월 13일 발표)",
            holds=any(mean) if mean else None,
        ),
        law_test(
            "settled_unreported",
            "The gap was settled in a way that needs the report of Act art. 16; no field tells it",
            "차액을 외국환거래법 제16조의 신고가 필요한 방법으로 결제함. 알 수 있는 항목 없음",
            holds=None,
        ),
    )
