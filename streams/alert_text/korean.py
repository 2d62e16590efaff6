"""Names, codes and figures of an alert in Korean: limits, measured values, units, windows, desks, the legal basis.

An alert carries these in one language, because programs read them too. A name that is not known here is shown as it is.
"""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from detectors.alerting.desks import UNASSIGNED
from detectors.contracts.alert import Number
from detectors.wording.phrases import date_ko
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

if TYPE_CHECKING:
    from detectors.typologies.base import Typology
    from detectors.typologies.node_view import NodeTypology

_COUNTER = "건"

_TIMES = "배"
_UNITS = {"days": "일", "bp": "bp", "": ""}
DESKS = {"central-bank": "중앙은행", "customs": "관세", "supervision": "감독", "compliance": "준법감시"}
# beside the desks: the alert that none of them matches (detectors/alerting/desks.py)
NO_DESK = {UNASSIGNED: "담당 미지정"}
BUDGETS = {"anomaly": "이상 거래"}  # what rules raise is in none (detectors/alerting/build.py, RULE)


class Known(NamedTuple):
    """The Korean words that the typologies declare for what their alerts carry (typologies/declared.py).

    `counters` are what numbers are counted by where it is not `건`. `legal_bases` are of the shipped configuration's
    words; a configuration may say both languages itself, as `English / Korean`.
    """

    names: dict[str, str]
    counters: dict[str, str]
    beginnings: dict[str, str]
    windows: tuple[tuple[re.Pattern[str], str], ...]
    legal_bases: dict[str, str]


def known() -> Known:
    """The words of all typologies of this release."""
    from detectors.typologies import all_rules  # numpy with it, which pages in English do without

    return _known(all_rules())


@cache
def _known(registry: tuple["Typology | NodeTypology", ...]) -> Known:
    said: dict[str, tuple[str, str]] = {}
    for one in registry:
        said |= {name: (kind.ko, kind.counter) for name, kind in one.limits.items()}
        said |= {name: (word.ko, word.counter) for name, word in one.words.measured.items()}
    return Known(
        {name: korean for name, (korean, _) in said.items()},
        {name: counter for name, (_, counter) in said.items() if counter != _COUNTER},
        {start: form for one in registry for start, form in one.words.beginning.items()},
        tuple((re.compile(pattern), form) for one in registry for pattern, form in one.words.windows),
        {english: korean for one in registry for english, korean in one.words.legal_basis.items()},
    )


def name(text: str) -> str:
    """A limit's or measured value's name."""
    words = known()
    if text in words.names:
        return words.names[text]
    for start, form in words.beginnings.items():
        if text.startswith(start):
            rest = text.removeprefix(start)
            return form.format(words.names.get(rest) or make_printable(rest))
    return make_printable(text.replace("_", " "))


def window(text: str) -> str:
    """The time that a typology looked at."""
    for pattern, form in known().windows:
        found = pattern.fullmatch(text)
        if found:
            return form.format(make_printable(found[1]))
    return make_printable(text)


def legal_basis(text: str) -> str:
    """What a typology rests on; the text itself where it is not known, as a configuration may have its own."""
    return known().legal_bases.get(text, text)


def coded(code: str, words: dict[str, str]) -> str:
    """A desk or a budget: what it is called, with the code that commands and topics name it by."""
    return f"{words[code]}({make_printable(code)})" if code in words else make_printable(code)


def desk(name: str, lang: Language) -> str:
    """A desk as a page of the language shows it."""
    return coded(name, DESKS | NO_DESK) if lang == "ko" else make_printable(name)


def day(text: str) -> str:
    """A date of ISO 8601; what is none stays as it is."""
    try:
        return date_ko(date.fromisoformat(text))
    except ValueError:
        return make_printable(text)


def month(text: str) -> str:
    """A month of a year, `2026-04`."""
    year, _, number = text.partition("-")
    return f"{year}년 {int(number)}월"


def short_moment(at: datetime, zone: ZoneInfo) -> str:
    """A time in a column that says the zone (`zone_name`)."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def zone_name(zone: ZoneInfo) -> str:
    """A zone as the title of a column says it."""
    return "한국 시각" if zone.key == "Asia/Seoul" else make_printable(zone.key)


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
    if unit in ("count", "ratio"):
        counter = known().counters.get(of, _COUNTER)
        # a ratio that is a chance, and no multiple, is declared with no counter
        return grouped + (_TIMES if unit == "ratio" and counter else counter)
    return grouped + _UNITS[unit] if unit in _UNITS else f"{grouped} {make_printable(unit)}"


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
