"""Rows of the list of alerts: for the eye, for spreadsheets, for machines."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.alert_text import korean
from streams.alert_text.alert_text import STYLES, TextLine, in_language, local_time
from streams.alert_text.labels import LABELS
from streams.desk.alert_heads import ANOMALY, Head
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.listing import AlertRow
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.history_text import worth
from streams.desk_text.record_words import value_in_words
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

# titles in English; what reads them by name leaves --lang ko away
CSV_COLUMNS = (
    "alert_id",
    "created_for",
    "severity",
    "state",
    "verdict",
    "officer",
    "decided_at",
    "typologies",
    "found",
    "amount_usd",
    "amount_krw",
    "party",
    "counterparty",
    "case_id",
    "desk",
    "evidence_total",
    "status",
    "ledger",
    "snoozed_until",
)
CSV_KOREAN = (
    "경보 번호",
    "일시",
    "심각도",
    "상태",
    "판정",
    "담당관",
    "판정 일시",
    "유형",
    "탐지 내용",
    "의심 금액(미화)",
    "의심 금액(원)",
    "당사자",
    "상대방",
    "사안 번호",
    "담당",
    "근거 자료 건수",
    "경보 구분",
    "원장 위치",
    "보류 기한",
)
CSV_TITLES: dict[Language, tuple[str, ...]] = {"en": CSV_COLUMNS, "ko": CSV_KOREAN}


def columns(zone: ZoneInfo, lang: Language) -> list[str]:
    """The titles of a table."""
    words = DESK_WORDS[lang]
    when = f"{words.when}({korean.zone_name(zone)})" if lang == "ko" else words.when
    return [when, words.severity, words.found, words.amount, words.verdict, words.alert, words.party, words.case]


def cells(row: AlertRow, zone: ZoneInfo, lang: Language) -> list[str]:
    """A row of the table, the id shortened to what `show` and `dispose` take."""
    head = row.current.head
    when = korean.short_moment(head.created_for, zone) if lang == "ko" else local_time(head.created_for, zone)
    return [
        when,
        LABELS[lang].severity[head.severity],
        title(head, lang),
        worth(head, lang),
        verdict(row, lang) + resting(head, zone, lang),
        head.alert_id[:SHORT_DIGITS],
        head.party,
        head.case_id,
    ]


def block(row: AlertRow, zone: ZoneInfo, lang: Language) -> list[TextLine]:
    """The same for a terminal that is too narrow for a table: three lines of 80 columns, one below the other."""
    when, severity, found, amount, said, short, party, case = cells(row, zone, lang)
    head = TextLine(
        f"{short}  {when}  {amount}  {said}", severity, 0, 10, label_style=STYLES[row.current.head.severity]
    )
    return [head, TextLine(found, margin=2, hang=0), TextLine(f"{party}  {case}", margin=2)]


def title(head: Head, lang: Language) -> str:
    """What was found: ids and names of the typologies, or that it is an unusual payment."""
    named = "; ".join(f"{hit.id} {in_language(hit.name, lang)}" for hit in head.typologies)
    return make_printable(named) if named else DESK_WORDS[lang].anomaly


def verdict(row: AlertRow, lang: Language) -> str:
    """The verdicts that stand; where there is none, the state, and what was said before it was updated."""
    words = DESK_WORDS[lang]
    if row.standing:
        return "; ".join(dict.fromkeys(value_in_words("verdict", each.verdict, lang) for each in row.standing))
    before = dict.fromkeys(value_in_words("verdict", each.verdict, lang) for each in row.earlier)
    remark = f" ({words.earlier.format(verdict=', '.join(before))})" if before else ""
    return f"{words.states[row.state]}{remark}"


def resting(head: Head, zone: ZoneInfo, lang: Language) -> str:
    """That an officer let its typology rest, and until when; empty for most."""
    if head.snoozed is None:
        return ""
    until = local_time(head.snoozed.until, zone, lang)
    return f" ({DESK_WORDS[lang].under_snooze.format(until=until)})"


def csv_cells(row: AlertRow, zone: ZoneInfo, lang: Language) -> list[str]:
    """A row for a spreadsheet: whole ids, decimal amounts, times in the zone with its offset."""
    head, last = row.current.head, row.standing[-1] if row.standing else None
    place = f"{head.position.partition}:{head.position.offset}"
    return [
        head.alert_id,
        head.created_for.astimezone(zone).isoformat(),
        LABELS[lang].severity[head.severity],
        DESK_WORDS[lang].states[row.state],
        "" if last is None else value_in_words("verdict", last.verdict, lang),
        "" if last is None else last.investigator,
        "" if last is None else last.decided_at.astimezone(zone).isoformat(),
        " ".join(head.found),
        title(head, lang),
        head.amount_usd or "",
        head.amount_krw or "",
        head.party,
        head.counterparty or "",
        head.case_id,
        head.desk,
        str(head.evidence_total),
        LABELS[lang].status.get(head.status, head.status),
        place,
        "" if head.snoozed is None else head.snoozed.until.astimezone(zone).isoformat(),
    ]


def row_json(row: AlertRow) -> dict[str, Any]:
    """A row for machines: the alert's own words, the state, and every verdict that stands."""
    head = row.current.head
    told: dict[str, Any] = msgspec.to_builtins(head)
    return told | {
        "found": [hit.id for hit in head.typologies] or [ANOMALY],
        "earlier": list(row.current.earlier),
        "state": row.state,
        "verdicts": None if row.standing is None else msgspec.to_builtins(row.standing),
        "earlier_verdicts": msgspec.to_builtins(row.earlier),
    }
