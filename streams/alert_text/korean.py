"""Names, codes and figures of an alert in Korean: limits, measured values, units, windows, desks, the legal basis.

An alert carries these in one language, because programs read them too. A name that is not known here is shown as it is.
"""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from detectors.contracts.alert import Number
from detectors.wording.phrases import date_ko
from streams.plain_text.printable import printable

NAMES = {
    # limits
    "document_line": "증빙면제 기준금액",
    "line_applies_after_cap": "연간 한도 소진 후 기준금액 적용 여부",
    "report_before_cap": "연간 한도 소진 전 보고 여부",
    "band_low": "금액 구간의 하한(기준금액 대비)",
    "pieces_min": "최소 송금 건수",
    "sum_multiple": "최소 합계(기준금액 대비)",
    "beneficiaries_max": "최대 수취인 수",
    "window_day": "관찰 기간(일)",
    "window_week": "관찰 기간(주)",
    "window_month": "관찰 기간(월)",
    "window_quarter": "관찰 기간(분기)",
    "growth_ratio": "다시 경보하는 증가 배수",
    "annual_cap": "연간 한도",
    "small_remitter_cap": "소액해외송금업자 연간 한도",
    "deviation_min": "최소 괴리 폭",
    "spread_multiple": "통상 괴리 폭의 배수",
    "spread_cap": "통상 괴리 폭의 상한",
    "amount_min": "최소 거래 금액",
    "mean_window": "평균 산정 기간",
    # measured values of T01
    "pieces": "송금 건수",
    "sum": "송금 합계",
    "sum_over_line": "송금 합계(기준금액 대비)",
    "smallest_piece": "가장 작은 송금액",
    "largest_piece": "가장 큰 송금액",
    "span": "첫 송금부터 마지막 송금까지",
    "beneficiaries": "수취인 수",
    "institutions": "기관 수",
    "pieces_at_most": "송금 건수(최대)",
    "sum_at_most": "송금 합계(최대)",
    "sum_over_line_at_most": "송금 합계(최대, 기준금액 대비)",
    "pieces_kept_one_by_one": "개별로 보관된 송금",
    "folded_pieces": "합계로만 보관된 송금",
    "folded_pieces_sum": "합계로만 보관된 송금의 합계",
    # of T02
    "annual_total": "연간 송금 합계",
    "over_cap": "한도 초과 금액",
    "payments": "송금 건수",
    "cap_crossed_on": "한도를 넘은 날",
    "payments_after_crossing": "한도를 넘은 뒤의 송금 건수",
    "folded_payments": "합계로만 보관된 송금",
    "folded_orders_not_settled": "합계로만 보관된 송금 중 결제 전 금액",
    "returns_not_matched": "대상 거래를 찾지 못한 반환·취소 금액",
    # of T16
    "deviation": "기준환율 대비 괴리",
    "limit_in_force": "적용된 기준",
    "deal_rate": "거래환율",
    "reference_rate": "기준환율",
    "value_moved": "환율 차이로 이전된 금액",
    "mean_deviation": "평균 괴리",
    "earlier_off_market_deals": "이전의 시장환율 이탈 거래",
    "value_moved_in_window": "기간 중 이전된 금액",
}
# What is counted by another word than "건".
_COUNTERS = {"beneficiaries": "명", "beneficiaries_max": "명", "institutions": "개"}
_UNITS = {"ratio": "배", "days": "일", "bp": "bp", "": ""}
_WINDOWS = (
    (re.compile(r"(\S+) d"), "{}일"),
    (re.compile(r"calendar year (\d+)"), "{}년 한 해"),
    (re.compile(r"this deal; mean of (\d+) local days"), "이 거래 및 {}일간의 평균"),
)
_TOTAL_AT, _OTHERS = "total at ", "other institutions"
DESKS = {"customs": "관세", "supervision": "감독", "compliance": "준법감시"}
BUDGETS = {"anomaly": "이상 거래"}  # what rules raise is in none (detectors/alerting/build.py, RULE)
# The shipped configuration's own words. A configuration may say both languages itself, as `English / Korean`.
LEGAL_BASES = {
    (
        "Foreign Exchange Transactions Act art. 15 (payment procedure); FSC notice 2021-11-15: split transfers count "
        "as one when remitter, closeness in time and purpose agree"
    ): (
        "외국환거래법 제15조(지급절차 등), 금융위원회 안내(2021년 11월 15일): 송금인, 시간적 근접성 및 송금 사유가 "
        "일치하는 분할송금은 하나의 송금으로 봅니다"
    ),
    (
        "Foreign Exchange Transactions Act art. 15 (payment procedure): yearly amount a person may remit "
        "without documents"
    ): "외국환거래법 제15조(지급절차 등): 개인이 증빙서류 없이 송금할 수 있는 연간 금액",
    "Foreign Exchange Transactions Act art. 15 (payment procedure); an indicator of value moved through the price of "
    "currency": "외국환거래법 제15조(지급절차 등), 환율을 통하여 가치가 이전되는 징후",
}


def name(known: str) -> str:
    """A limit's or measured value's name."""
    if known.startswith(_TOTAL_AT):
        institution = known.removeprefix(_TOTAL_AT)
        return f"{'기타 기관' if institution == _OTHERS else printable(institution)} 송금 합계"
    return NAMES.get(known) or printable(known.replace("_", " "))


def window(text: str) -> str:
    """The time that a typology looked at."""
    for pattern, korean in _WINDOWS:
        found = pattern.fullmatch(text)
        if found:
            return korean.format(printable(found[1]))
    return printable(text)


def coded(code: str, words: dict[str, str]) -> str:
    """A desk or a budget: what it is called, with the code that commands and topics name it by."""
    return f"{words[code]}({printable(code)})" if code in words else printable(code)


def day(text: str) -> str:
    """A date of ISO 8601; what is none stays as it is."""
    try:
        return date_ko(date.fromisoformat(text))
    except ValueError:
        return printable(text)


def month(text: str) -> str:
    """A month of a year, `2026-04`."""
    year, _, number = text.partition("-")
    return f"{year}년 {int(number)}월"


def short_moment(at: datetime, zone: ZoneInfo) -> str:
    """A time in a column that says the zone (`zone_name`)."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def zone_name(zone: ZoneInfo) -> str:
    """A zone as the title of a column says it."""
    return "한국 시각" if zone.key == "Asia/Seoul" else printable(zone.key)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time where the law applies, with its zone."""
    there = at.astimezone(zone)
    clock = "한국 시각" if zone.key == "Asia/Seoul" else there.strftime("%Z")
    return f"{date_ko(there.date())} {there:%H:%M:%S}({clock})"


def figure(value: Number, unit: str, grouped: str, of: str = "") -> str:
    """A value with its unit, as it is said; `grouped` are its digits, `of` the name of what it measures."""
    if unit == "USD":
        return f"미화 {grouped}달러"
    if unit == "KRW":
        return won(grouped, value)
    if unit == "flag":
        return "예" if float(value) else "아니요"
    if unit == "local date":
        return day(str(value))
    if unit == "count":
        return grouped + _COUNTERS.get(of, "건")
    return grouped + _UNITS[unit] if unit in _UNITS else f"{grouped} {printable(unit)}"


def won(grouped: str, value: Number) -> str:
    """An amount in KRW, from ten thousand on with its ten thousands beside it, as in `20,313,827원(약 2,031만 원)`."""
    try:
        exact = Decimal(value)
        rounded = int((exact / 10_000).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError):
        return f"{grouped}원"
    if exact < 10_000:  # noqa: PLR2004  (man)
        return f"{grouped}원"
    parts, left = [], rounded
    for size, word in ((100_000_000, "조"), (10_000, "억"), (1, "만")):
        count, left = divmod(left, size)
        parts += [f"{count:,}{word}"] if count else []
    return f"{grouped}원({'' if rounded * 10_000 == exact else '약 '}{' '.join(parts)} 원)"
