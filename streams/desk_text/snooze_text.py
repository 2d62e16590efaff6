"""Snoozes in words and for machines: what rests until when, who said so, and how many alerts came under it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.alert_text.alert_text import local_time
from streams.desk.alert_heads import ANOMALY
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.snoozes import LedgerSnooze, State
from streams.desk_text.desk_words import DESK_WORDS
from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of
from streams.plain_text.printable import make_printable


class SnoozeWords(Words):
    """Columns of the list, and states."""

    until = Both("until", "보류 기한")
    typology = Both("what", "유형")
    state = Both("state", "상태")
    officer = Both("officer", "담당관")
    alerts = Both("alerts", "보류된 경보(건)")
    party = Both("party", "당사자")
    alert = Both("rests on", "근거 경보")
    record = Both("ledger", "원장 위치")
    states = both_of(
        {
            "resting": ("rests", "보류 중"),
            "over": ("over", "기한 경과"),
            "ended": ("ended", "보류 해제"),
        }
    )
    listed = Both("{n} snoozes", "경보 보류 {n}건")


SNOOZE_WORDS: dict[Language, SnoozeWords] = {lang: SnoozeWords(lang) for lang in LANGUAGES}


def columns(lang: Language) -> list[str]:
    """The titles of the list."""
    words = SNOOZE_WORDS[lang]
    return [
        words.until,
        words.typology,
        words.state,
        words.officer,
        words.alerts,
        words.party,
        words.alert,
        words.record,
    ]


def cells(one: LedgerSnooze, at: datetime, alerts: int, zone: ZoneInfo, lang: Language) -> list[str]:
    """A row of the list at an event time; the alert's id is shortened to what `alerts show` takes."""
    told = [
        local_time(one.until, zone, lang),
        DESK_WORDS[lang].anomaly if one.typology == ANOMALY else one.typology,
        SNOOZE_WORDS[lang].states[one.state_at(at)],
        one.investigator,
        f"{alerts:,}",
        one.about,
        one.alert_id[:SHORT_DIGITS],
        f"{one.partition}:{one.offset}",
    ]
    return [make_printable(each) for each in told]


def listed(count: int, lang: Language) -> str:
    """How many were listed."""
    return SNOOZE_WORDS[lang].listed.format(n=f"{count:,}")


def row_json(one: LedgerSnooze, state: State, alerts: int) -> dict[str, Any]:
    """A row for machines; `ledger` is where the officer's record stands."""
    told: dict[str, Any] = msgspec.to_builtins(one)
    return told | {"state": state, "alerts": alerts, "ledger": f"{one.partition}:{one.offset}"}
