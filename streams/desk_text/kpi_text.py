"""The figures of `fxwatch kpi` as text: two tables, what is said beside them, and JSON."""

from decimal import Decimal
from typing import Any

from streams.desk.kpi import HitRate, Kpi
from streams.desk_text.kpi_words import KPI_WORDS
from streams.plain_text.languages import Language

NONE = "-"
# shares as machines get them; rounded once, from the exact counts
_DIGITS = Decimal("0.0001")


def group_columns(lang: Language) -> list[str]:
    """The titles of the table of groups."""
    words = KPI_WORDS[lang]
    return [
        words.group,
        words.alerts,
        words.confirmed,
        words.refuted,
        words.undecided,
        words.open,
        words.hit_rate,
        words.interval,
    ]


def group_rows(found: Kpi, lang: Language) -> list[list[str]]:
    """Its rows; a typology stands under its id."""
    named = KPI_WORDS[lang].groups
    return [
        [
            named.get(one.group, one.group),
            f"{one.alerts:,}",
            f"{one.confirmed:,}",
            f"{one.refuted:,}",
            f"{one.undecided:,}",
            f"{one.open:,}",
            percent(one.hit_rate),
            interval(one),
        ]
        for one in found.groups
    ]


def month_columns(lang: Language) -> list[str]:
    """The titles of the table of months."""
    words = KPI_WORDS[lang]
    return [
        words.month,
        words.cases,
        words.at_risk,
        words.confirmed_cases,
        words.confirmed_krw,
        words.without_amount,
    ]


def month_rows(found: Kpi) -> list[list[str]]:
    """Its rows."""
    return [
        [
            one.month,
            f"{one.cases:,}",
            f"{one.at_risk_krw:,f}",
            f"{one.confirmed:,}",
            f"{one.confirmed_krw:,f}",
            f"{one.without_amount:,}",
        ]
        for one in found.months
    ]


def percent(share: Decimal | None) -> str:
    """A share in per cent with one decimal."""
    return NONE if share is None else f"{100 * share:.1f} %"


def interval(one: HitRate) -> str:
    """Both ends of the hit rate's interval, in per cent."""
    ends = one.interval
    return NONE if ends is None else f"{100 * ends[0]:.1f} - {100 * ends[1]:.1f} %"


def beside(found: Kpi, lang: Language) -> list[str]:
    """How to read it, and how many alerts the comparison with chance rests on."""
    words, lot = KPI_WORDS[lang], found.group("lot")
    if not lot.alerts:
        return [words.reading, words.none_drawn]
    rate = words.rate.format(share=percent(lot.hit_rate), interval=interval(lot)) if lot.decided else ""
    return [words.reading, words.lot.format(alerts=f"{lot.alerts:,}", decided=f"{lot.decided:,}", rate=rate)]


def kpi_json(found: Kpi) -> dict[str, Any]:
    """Everything; shares (four digits) and amounts are decimal strings, None where there is none."""
    return {
        "groups": [
            {
                "group": one.group,
                "alerts": one.alerts,
                "confirmed": one.confirmed,
                "refuted": one.refuted,
                "undecided": one.undecided,
                "open": one.open,
                "hit_rate": None if one.hit_rate is None else str(one.hit_rate.quantize(_DIGITS)),
                "interval": None if one.interval is None else [str(end.quantize(_DIGITS)) for end in one.interval],
            }
            for one in found.groups
        ],
        "months": [
            {
                "month": one.month,
                "cases": one.cases,
                "at_risk_krw": f"{one.at_risk_krw:f}",
                "confirmed": one.confirmed,
                "confirmed_krw": f"{one.confirmed_krw:f}",
                "without_amount": one.without_amount,
            }
            for one in found.months
        ],
        "unreadable": found.unreadable,
    }
