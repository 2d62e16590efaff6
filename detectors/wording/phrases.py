"""Phrases that alerts are made of, in English and Korean: amounts, limits with their basis, dates, periods.

A sentence of one typology stands in the typology's own file; here is what all of them share, so that an amount or a
limit always reads the same.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from detectors.contracts.alert import Measured
from detectors.contracts.limits import DatedLimit
from detectors.values.legal_calendar import DAY_US, HOUR_US, local
from detectors.values.money import grouped, plain
from detectors.wording.korean_particles import particle

_BASIS_EN = {"L": "law", "S": "published by the supervisor", "D": "fxwatch default"}
_BASIS_KO = {"L": "법령", "S": "감독당국 공표", "D": "시스템 기본값"}
_MINUTE_US = HOUR_US // 60
_FOUR_PLACES = 0.001
_ONE_WORD = re.compile(r"[\w.:/+-]+")


def code(name: str) -> str:
    """A code that a sender chose, within a sentence or list: in quotation marks unless it is one word.

    Failure prevented: an institution called `BKGGKRSE 10.00 USD, SHBKKRSE` puts its own amount beside another's name.
    """
    return name if _ONE_WORD.fullmatch(name) else '"' + name.replace('"', "'") + '"'


def usd(cents: int) -> str:
    """USD in English, such as `29,400.00 USD`."""
    return f"{grouped(cents)} USD"


def usd_ko(cents: int) -> str:
    """USD in Korean, such as `미화 29,400.00달러`."""
    return f"미화 {grouped(cents)}달러"


def basis(limit: DatedLimit) -> str:
    """Where a limit comes from, since when, and whether its text was checked."""
    unchecked = (
        "" if limit.limit.verified or limit.limit.provenance == "D" else ", figure not yet checked against the text"
    )
    return f"{_BASIS_EN[limit.limit.provenance]}, in force since {limit.limit.effective_from.isoformat()}{unchecked}"


def basis_ko(limit: DatedLimit) -> str:
    """The same in Korean."""
    unchecked = "" if limit.limit.verified or limit.limit.provenance == "D" else ", 원문 확인 필요"
    return f"{_BASIS_KO[limit.limit.provenance]}, {date_ko(limit.limit.effective_from)} 시행{unchecked}"


def day(at_us: int, zone: ZoneInfo) -> str:
    """The legal day of an event."""
    return local(at_us, zone).date().isoformat()


def date_ko(day: date) -> str:
    """A date in Korean, such as `2025년 3월 4일`."""
    return f"{day.year}년 {day.month}월 {day.day}일"


def day_ko(at_us: int, zone: ZoneInfo) -> str:
    """The legal day of an event, in Korean."""
    return date_ko(local(at_us, zone).date())


def below(value: float, limit: Decimal) -> str:
    """A value under a limit, in as few digits as still read so: 0.00097 under 0.001 is not rounded to 0.001."""
    for digits in range(1, 17):
        text = f"{Decimal(f'{value:.{digits}g}'):f}"
        if Decimal(text) < limit:
            return text
    return repr(value)


def chance(p_value: float) -> str:
    """A p-value 0-1: four places, and two digits that count below 0.001, so that a rare one is not said to be 0."""
    return f"{p_value:.4f}" if p_value >= _FOUR_PLACES else f"{Decimal(f'{p_value:.2g}'):f}"


def period(length_us: int) -> str:
    """A length of time in words: minutes, hours or days."""
    if length_us < 2 * HOUR_US:
        return f"{round(length_us / _MINUTE_US)} minutes"
    if length_us < 2 * DAY_US:
        return f"{length_us / HOUR_US:.1f} hours"
    return f"{length_us / DAY_US:.1f} days"


def period_ko(length_us: int) -> str:
    """The same in Korean."""
    if length_us < 2 * HOUR_US:
        return f"{round(length_us / _MINUTE_US)}분"
    if length_us < 2 * DAY_US:
        return f"{length_us / HOUR_US:.1f}시간"
    return f"{length_us / DAY_US:.1f}일"


# fewer observations are marked as weak evidence, not hidden (DETECTION, "Explanations")
WEAK = 20


def few(count: int) -> str:
    """What to add to a number of observations: nothing from 20 on, else that they are weak evidence."""
    return f" (fewer than {WEAK}, so weak evidence)" if count < WEAK else ""


def few_ko(count: int) -> str:
    """The same in Korean."""
    return f"({WEAK}건 미만이므로 근거가 약합니다)" if count < WEAK else ""


def between(least: int, most: int) -> str:
    """USD amounts from `least` to `most`, one amount when they are equal."""
    return usd(least) if least == most else f"{usd(least)} to {usd(most)}"


def between_ko(least: int, most: int) -> str:
    """The same in Korean."""
    return usd_ko(least) if least == most else f"미화 {grouped(least)}~{grouped(most)}달러"


def counted(number: int | Decimal, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def folded_payments(count: int, ordered: int, returned: int) -> str:
    """What to know of payments that are kept in totals only (folded_payments.py); amounts in USD cents."""
    text = (
        f" {counted(count, 'of these payments is', 'of these payments are')} kept in totals only: counted to the cent, "
        "but a return, cancellation or settlement of one of them is no longer matched with it."
    )
    if ordered:
        text += f" Of their total {usd(ordered)} was ordered and not yet settled; settled since, it is counted twice."
    if returned:
        text += f" Returns and cancellations of {usd(returned)} found no payment; at most that much is to be taken off."
    return text


def folded_payments_ko(count: int, ordered: int, returned: int) -> str:
    """The same in Korean."""
    text = (
        f" 이 중 {count}건은 합계로만 보관됩니다. 금액은 정확히 합산되어 있으나, 해당 건의 반환·취소·결제는 "
        "더 이상 개별 거래와 연결되지 않습니다."
    )
    if ordered:
        text += f" 그 합계 중 {usd_ko(ordered)}는 합산 당시 결제 전이었으며, 이후 결제되었다면 이중으로 계산됩니다."
    if returned:
        text += f" 대상 거래를 찾지 못한 반환·취소는 {usd_ko(returned)}이며, 최대 그 금액만큼 차감될 수 있습니다."
    return text


def folded_pieces(count: int) -> str:
    """Payments of the time looked at that are kept in totals only, for a rule that looks at single ones."""
    return (
        f" {counted(count, 'further payment', 'further payments')} without documents of this time "
        f"{'is' if count == 1 else 'are'} kept in totals only and not looked at here."
    )


def folded_pieces_ko(count: int) -> str:
    """The same in Korean."""
    return f" 같은 기간의 무증빙 송금 {count}건은 합계로만 보관되어 여기에서는 고려하지 않았습니다."


# the names of `folded_shown` in Korean
FOLDED_KO = {
    "folded_payments": "합계로만 보관된 송금",
    "folded_orders_not_settled": "합계로만 보관된 송금 중 결제 전 금액",
    "returns_not_matched": "대상 거래를 찾지 못한 반환·취소 금액",
}


def folded_shown(count: int, ordered: int = 0, returned: int = 0) -> list[Measured]:
    """The same as measured values; none where nothing is folded."""
    shown = [Measured(name="folded_payments", value=count, unit="count")] if count else []
    if ordered:
        shown.append(Measured(name="folded_orders_not_settled", value=plain(ordered), unit="USD"))
    if returned:
        shown.append(Measured(name="returns_not_matched", value=plain(returned), unit="USD"))
    return shown


def both(english: str, korean: str) -> str:
    """One field that both readers use: English, then Korean."""
    return f"{english} / {korean}"


TYPES = {
    "person": ("a person", "개인"),
    "sole_trader": ("a sole trader", "개인사업자"),
    "company": ("a company", "법인"),
    "bank": ("a bank", "금융기관"),
}


def other_type(told: str, judged: str) -> str:
    """That the sender of the payment gives its party another type than the one it is judged as."""
    return f"The reporting institution calls this party {TYPES[told][0]} here; it is known as {TYPES[judged][0]}."


def other_type_ko(told: str, judged: str) -> str:
    """As `other_type`, in Korean."""
    return f"보고기관은 이 거래에서 당사자를 {_as_ko(told)} 표시하였으나, 이미 {_as_ko(judged)} 확인된 당사자입니다."


def _as_ko(kind: str) -> str:
    return particle(TYPES[kind][1], "으로", "로")


_NAMED = 3


def disputed_type(told: str, reading: str, names: Sequence[str]) -> str:
    """That institutions disagree on the party's type, and that the finding holds under one of their words alone."""
    others = _names(names, "other institutions", "and", "{} more")
    return (
        f"Institutions disagree on what this party is, and no profile says it. The reporting institution calls it "
        f"{TYPES[told][0]}; it was called {TYPES[reading][0]} by {others}. This "
        f"finding holds only if it is {TYPES[reading][0]}, and its strength is lower for that."
    )


def disputed_type_ko(told: str, reading: str, names: Sequence[str]) -> str:
    """As `disputed_type`, in Korean."""
    others = _names(names, "기타 기관", "및", "그 밖의 {}개 기관")
    return (
        f"당사자의 유형에 관하여 기관 간 표시가 서로 다르며 이를 확정하는 고객정보가 없습니다. 보고기관은 당사자를 "
        f"{_as_ko(told)} 표시하였고, {particle(others, '은', '는')} {_as_ko(reading)} 표시하였습니다. "
        f"이 결과는 당사자가 {TYPES[reading][1]}인 경우에만 해당하며, 그만큼 강도를 낮추었습니다."
    )


def _names(names: Sequence[str], others: str, last: str, further: str) -> str:
    """Up to three institutions, and how many more; the empty name stands for those that are not told apart."""
    told = [name for name in names if name]
    shown, more = told[:_NAMED], len(told) - _NAMED
    parts = [*map(code, shown), *([further.format(more)] if more > 0 else []), *([others] if "" in names else [])]
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
