"""A party's page: its profile, what it paid and received, with whom, its alerts and cases."""

from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.events import Declaration, Disposition, Profile, Transaction
from detectors.values.money import plain
from streams.alert_text import korean
from streams.alert_text.alert_text import TextLine, local_time, number
from streams.alert_text.labels import LABELS as ALERT_LABELS
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.joined_cases import JoinedCases
from streams.desk.listing import AlertRow
from streams.desk.party_history import OTHERS, History, PartyEvent, Sum, largest
from streams.desk_text.desk_words import DESK_WORDS, DeskWords
from streams.desk_text.event_text import Purposes, event_lines, purpose
from streams.desk_text.history_text import worth
from streams.desk_text.list_text import title, verdict
from streams.desk_text.record_text import plain_field
from streams.desk_text.record_words import KINDS, LABELS, value_in_words
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

SHOWN_COUNTERPARTIES = 20
_HANG = 26
CSV_COLUMNS = (
    "time",
    "kind",
    "ledger",
    "event_id",
    "direction",
    "status",
    "amount",
    "currency",
    "usd",
    "purpose",
    "purpose_text",
    "counterparty",
    "counterparty_country",
    "institution",
    "channel",
    "documents",
    "declaration_no",
    "alert_id",
    "verdict",
    "officer",
)
CSV_KOREAN = (
    "일시",
    "종류",
    "원장 위치",
    "식별번호",
    "방향",
    "상태",
    "금액",
    "통화",
    "미화 환산액",
    "거래 사유 코드",
    "거래 사유",
    "상대방",
    "상대방 국가",
    "보고 기관",
    "경로",
    "증빙",
    "수출입신고번호",
    "경보 번호",
    "판정",
    "담당관",
)
CSV_TITLES: dict[Language, tuple[str, ...]] = {"en": CSV_COLUMNS, "ko": CSV_KOREAN}


def party_lines(
    token: str,
    history: History,
    partition: int,
    rows: Iterable[AlertRow],
    purposes: Purposes,
    zone: ZoneInfo,
    lang: Language,
    joined: JoinedCases | None = None,
) -> list[TextLine]:
    """The page, top to bottom: events the oldest first; cases that are `joined` are told as one."""
    words = DESK_WORDS[lang]
    page = [TextLine(f"{words.party}  {token}", style="bold")]
    others = sorted(history.names - {token})
    if others:
        page.append(TextLine(words.names.format(names=", ".join(others)), margin=2))
    page += _profile(history.profile, zone, lang)
    page += _sums(history, words, lang)
    page += _counterparties(history, words, lang)
    page += _events(history, partition, purposes, zone, lang)
    alerts = list(rows)
    page += _alerts(alerts, joined or JoinedCases(0), zone, lang)
    if alerts:
        page.append(TextLine(ALERT_LABELS[lang].caution, margin=2, style="italic"))
    return page


def _profile(profile: Profile | None, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words, labels = DESK_WORDS[lang], LABELS[lang]
    yield TextLine(words.profile, style="bold")
    if profile is None:
        yield TextLine(words.no_profile, margin=2)
        return
    yield TextLine(value_in_words("party_type", profile.party_type, lang), labels["party_type"], 2, _HANG)
    for name in ("registered_on", "capital_krw", "turnover_krw", "industry_code", "size", "employees", "region"):
        content = getattr(profile, name)
        if content is not None:
            yield TextLine(plain_field(name, content, lang), labels[name], 2, _HANG)
    yield TextLine(local_time(profile.as_of, zone, lang), labels["as_of"], 2, _HANG)


def _usd(one: Sum, words: DeskWords, lang: Language) -> str:
    told = number(str(one.usd), "USD", lang=lang)
    return f"{told} ({words.without_usd}: {one.without_usd:,})" if one.without_usd else told


def _sums(history: History, words: DeskWords, lang: Language) -> Iterator[TextLine]:
    if not history.months:
        return
    yield TextLine(words.sums, style="bold")
    for period, one in sorted(history.months.items()):
        direction = value_in_words("direction", period.direction, lang)
        month = korean.month(period.month) if lang == "ko" else period.month
        told = f"{_usd(one, words, lang)}  {words.payments.format(n=f'{one.count:,}')}"
        yield TextLine(told, f"{month}  {direction}", 2, _HANG + 8)
    yield TextLine(words.sums_note, margin=2)
    statuses = ((value_in_words("status", name, lang), count) for name, count in sorted(history.statuses.items()))
    yield TextLine(_tallies(statuses, "; ", words), margin=2)
    names = _tallies(history.institutions.most_common(SHOWN_COUNTERPARTIES), ", ", words)
    yield TextLine(make_printable(words.institutions.format(names=names)), margin=2)


def _tallies(counts: Iterable[tuple[str, int]], between: str, words: DeskWords) -> str:
    return between.join(words.tally.format(name=name, n=f"{count:,}") for name, count in counts)


def _counterparties(history: History, words: DeskWords, lang: Language) -> Iterator[TextLine]:
    if not history.counterparties:
        return
    yield TextLine(
        f"{words.counterparties} ({words.tokens.format(n=f'{len(history.counterparties):,}')})", style="bold"
    )
    for token, one in largest(history.counterparties, SHOWN_COUNTERPARTIES):
        name = words.others if token == OTHERS else token
        told = f"{name}  {_usd(one, words, lang)}  {words.payments.format(n=f'{one.count:,}')}"
        yield TextLine(make_printable(told), "-", 2, 2)


def _events(history: History, partition: int, purposes: Purposes, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words, entries = DESK_WORDS[lang], history.entries()
    counts = _tallies(((words.kinds[kind], count) for kind, count in history.kinds.most_common()), ", ", words)
    yield TextLine(f"{words.events} ({counts})" if counts else words.events, style="bold")
    for entry in entries:
        place = ALERT_LABELS[lang].ledger_position.format(partition=partition, offset=entry.offset)
        kind = KINDS[lang][str(entry.event.__struct_config__.tag)]
        yield TextLine(f"{local_time(entry.at, zone, lang)}  {kind}  {place}", "-", 2, 2)
        for line in event_lines(entry.event, entry.usd, purposes, lang, zone):
            yield TextLine(line, margin=4)
    if not entries:
        yield TextLine(words.no_events, margin=2)
    elif history.total > len(entries):
        yield TextLine(words.page.format(shown=f"{len(entries):,}", total=f"{history.total:,}"), margin=2)
        before = history.earlier_before or entries[0].at
        yield TextLine(words.earlier_page.format(when=before.astimezone(zone).isoformat()), margin=2)
    if history.repeated:
        yield TextLine(words.repeated.format(n=f"{history.repeated:,}"), margin=2)
    if history.unreadable:
        places = ", ".join(f"{partition}:{offset}" for offset in history.unreadable_at)
        yield TextLine(words.unreadable_events.format(n=f"{history.unreadable:,}", places=places), margin=2)


def _alerts(rows: list[AlertRow], joined: JoinedCases, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words = DESK_WORDS[lang]
    cases: dict[str, list[AlertRow]] = {}
    for row in rows:
        cases.setdefault(joined.joined(row.current.head.case_id)[0], []).append(row)
    yield TextLine(f"{words.alerts} ({words.cases.format(n=len(cases))})", style="bold")
    if not rows:
        yield TextLine(words.no_alerts, margin=2)
    for case, many in cases.items():
        still = sum(row.state == "open" for row in many)
        yield TextLine(words.case_line.format(case=make_printable(case), n=len(many), open=still), margin=2)
        others = sorted({row.current.head.case_id for row in many} - {case})
        if others:
            yield TextLine(words.one_with.format(cases=make_printable(", ".join(others))), margin=4)
        for row in many:
            head = row.current.head
            told = (
                local_time(head.created_for, zone, lang),
                ALERT_LABELS[lang].severity[head.severity],
                title(head, lang),
                worth(head, lang),
                verdict(row, lang),
                head.alert_id[:SHORT_DIGITS],
            )
            yield TextLine("  ".join(told), "-", 4, 2)


def csv_cells(entry: PartyEvent, partition: int, purposes: Purposes, zone: ZoneInfo, lang: Language) -> list[str]:
    """An event for a spreadsheet; what it does not have is empty."""
    event = entry.event
    row = dict.fromkeys(CSV_COLUMNS, "") | {
        "time": entry.at.astimezone(zone).isoformat(),
        "kind": KINDS[lang][str(event.__struct_config__.tag)],
        "ledger": f"{partition}:{entry.offset}",
        "event_id": getattr(event, "event_id", ""),
        "usd": entry.usd or "",
    }
    if isinstance(event, (Transaction, Declaration)):
        row |= {
            "currency": event.currency,
            "counterparty": event.counterparty,
            "counterparty_country": event.counterparty_country,
            "declaration_no": event.declaration_no or "",
        }
    if isinstance(event, Transaction):
        row |= {
            "direction": value_in_words("direction", event.direction, lang),
            "amount": event.amount,
            "status": value_in_words("status", event.status, lang),
            "purpose": event.purpose or "",
            "purpose_text": purpose(event.purpose, purposes, lang),
            "institution": event.institution,
            "channel": value_in_words("channel", event.channel, lang),
            "documents": value_in_words("evidence", event.evidence, lang),
        }
    elif isinstance(event, Declaration):
        row |= {"direction": value_in_words("kind", event.kind, lang), "amount": event.value}
    elif isinstance(event, Disposition):
        row |= {
            "alert_id": event.alert_id,
            "verdict": value_in_words("verdict", event.verdict, lang),
            "officer": event.investigator,
        }
    return [row[name] for name in CSV_COLUMNS]


def party_json(token: str, history: History, partition: int, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The same for machines."""

    def told(one: Sum) -> dict[str, Any]:
        return {"payments": one.count, "usd": plain(int(one.usd * 100)), "without_usd": one.without_usd}

    return {
        "party": token,
        "names": sorted(history.names),
        "profile": None if history.profile is None else msgspec.to_builtins(history.profile),
        "counts": dict(history.kinds),
        "statuses": dict(history.statuses),
        "repeated": history.repeated,
        "unreadable": history.unreadable,
        "unreadable_at": [f"{partition}:{offset}" for offset in history.unreadable_at],
        "institutions": dict(history.institutions.most_common()),
        "months": [
            {"month": period.month, "direction": period.direction, **told(one)}
            for period, one in sorted(history.months.items())
        ],
        "counterparties": [
            {"counterparty": name or None, **told(one)}
            for name, one in largest(history.counterparties, len(history.counterparties))
        ],
        "total": history.total,
        "events": [
            {"ledger": f"{partition}:{entry.offset}", "usd": entry.usd, **msgspec.to_builtins(entry.event)}
            for entry in history.entries()
        ],
        "alerts": list(rows),
    }
