"""Cases as text: rows of the list, and the page of one with its alerts in order and what changed."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.alert_text import korean
from streams.alert_text.alert_text import STYLES, TextLine, in_language, local_time, number
from streams.alert_text.labels import LABELS
from streams.desk.alert_heads import ANOMALY, Head
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.case_list import CaseSummary
from streams.desk.case_page import AlertChange, CasePage, changes_of
from streams.desk_text.case_words import CASE_WORDS
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.history_text import given_lines, worth
from streams.desk_text.list_text import title
from streams.desk_text.snooze_text import SNOOZE_WORDS
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

_MARGIN, _HANG, _LABEL = 2, 2, 16


def columns(zone: ZoneInfo, lang: Language) -> list[str]:
    """The titles of the list."""
    words = CASE_WORDS[lang]
    changed = f"{words.changed}({korean.zone_name(zone)})" if lang == "ko" else words.changed
    return [
        words.state,
        changed,
        words.severity,
        words.found,
        words.alerts,
        words.amounts,
        words.desk,
        words.party,
        words.case,
    ]


def cells(one: CaseSummary, zone: ZoneInfo, lang: Language) -> list[str]:
    """A row of the list."""
    changed = korean.short_moment(one.changed, zone) if lang == "ko" else local_time(one.changed, zone)
    return [
        state(one, zone, lang),
        changed,
        LABELS[lang].severity[one.worst],
        found(one, lang),
        count(one, lang),
        amounts(one, lang),
        desks(one, lang),
        party(one, lang),
        one.case_id,
    ]


def block(one: CaseSummary, zone: ZoneInfo, lang: Language) -> list[TextLine]:
    """The same for a terminal that is too narrow for a table: four lines, one below the other."""
    said, changed, severity, what, many, money, desk, who, case = cells(one, zone, lang)
    words = CASE_WORDS[lang]
    head = TextLine(f"{said}  {changed}  {money}", severity, 0, 10, label_style=STYLES[one.worst])
    more = TextLine(f"{words.alerts} {many}  {words.desk} {desk}", margin=2)
    return [head, TextLine(what, margin=2, hang=0), more, TextLine(f"{who}  {case}", margin=2)]


def state(one: CaseSummary, zone: ZoneInfo, lang: Language) -> str:
    """What became of it, and until when its alerts rest, where one came under a snooze."""
    words = CASE_WORDS[lang]
    said = words.states[one.state]
    if one.state != "resting" or one.until is None:
        return said
    return words.until.format(state=said, until=local_time(one.until, zone, lang))


def found(one: CaseSummary, lang: Language) -> str:
    """Ids and names of its typologies, in the order of their ids."""
    named = [
        DESK_WORDS[lang].anomaly if each == ANOMALY else f"{each} {in_language(name, lang)}" for each, name in one.found
    ]
    return make_printable("; ".join(named))


def count(one: CaseSummary, lang: Language) -> str:
    """Its current alerts, and how many of them are open where not all are."""
    still = one.states.get("open", 0)
    if still in {0, one.alerts}:
        return f"{one.alerts:,}"
    return CASE_WORDS[lang].still_open.format(n=f"{one.alerts:,}", open=f"{still:,}")


def amounts(one: CaseSummary, lang: Language) -> str:
    """The least and the largest amount at risk of a current alert."""
    if one.least is None or one.most is None:
        return LABELS[lang].no_amount
    least, most = (number(str(each), "USD", lang=lang) for each in (one.least, one.most))
    return least if least == most else CASE_WORDS[lang].span.format(least=least, most=most)


def desks(one: CaseSummary, lang: Language) -> str:
    """The first desk of each alert, as the alerts name it."""
    return ", ".join(_desk(each, lang) for each in one.desks)


def _desk(name: str, lang: Language) -> str:
    return korean.coded(name, korean.DESKS | korean.NO_DESK) if lang == "ko" else make_printable(name)


def party(one: CaseSummary, lang: Language) -> str:
    """The party of its newest alert, and how many residents more its alerts name."""
    if len(one.parties) == 1:
        return make_printable(one.parties[0])
    told = CASE_WORDS[lang].more.format(name=one.parties[0], n=f"{len(one.parties) - 1:,}")
    return make_printable(told)


def row_json(one: CaseSummary) -> dict[str, Any]:
    """A row for machines."""
    return {
        "case_id": one.case_id,
        "cases": list(one.cases),
        "state": one.state,
        "began": one.began.isoformat(),
        "changed": one.changed.isoformat(),
        "severity": one.worst,
        "typologies": [{"id": each, "name": name} for each, name in one.found],
        "parties": list(one.parties),
        "shared": [msgspec.to_builtins(each) for each in one.things],
        "desks": list(one.desks),
        "alerts": one.alerts,
        "states": dict(one.states),
        "amount_usd_least": None if one.least is None else str(one.least),
        "amount_usd_most": None if one.most is None else str(one.most),
        "snoozed_until": None if one.until is None else one.until.isoformat(),
    }


def page_lines(page: CasePage, zone: ZoneInfo, lang: Language) -> list[TextLine]:
    """The page: what is known of the case, its alerts in order with what changed and what was said, its snoozes."""
    made = [*_head(page.summary, zone, lang), *_alerts(page, zone, lang)]
    if page.snoozes:
        made.append(TextLine(CASE_WORDS[lang].snoozes, style="bold"))
        for one in page.snoozes:
            told = DESK_WORDS[lang].rest if one.until > one.decided_at else DESK_WORDS[lang].rest_ended
            what = DESK_WORDS[lang].anomaly if one.typology == ANOMALY else one.typology
            text = told.format(what=what, until=local_time(one.until, zone, lang), officer=one.investigator)
            place = f"{SNOOZE_WORDS[lang].record} {one.partition}:{one.offset}"
            made.append(TextLine(make_printable(f"{text}  {place}"), "-", _MARGIN, _HANG))
    made.append(TextLine(CASE_WORDS[lang].more_of, margin=_MARGIN))
    made.append(TextLine(LABELS[lang].caution, margin=_MARGIN, style="italic"))
    return made


def _head(one: CaseSummary, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words, labels = CASE_WORDS[lang], LABELS[lang]
    yield TextLine(f"{words.title}  {make_printable(one.case_id)}  {state(one, zone, lang)}", style="bold")
    told = [
        (words.found, found(one, lang)),
        (words.severity, labels.severity[one.worst]),
        (words.alerts, count(one, lang)),
        (words.amounts, amounts(one, lang)),
        (words.desk, desks(one, lang)),
        (words.began, local_time(one.began, zone, lang)),
        (words.changed, local_time(one.changed, zone, lang)),
        (words.one_with, ", ".join(one.cases[1:])),
        (words.parties if len(one.parties) > 1 else words.party, ", ".join(one.parties)),
        (words.shared, ", ".join(f"{labels.shared_kinds[each.kind]} {each.token}" for each in one.things)),
    ]
    for label, text in told:
        if text:
            yield TextLine(make_printable(text), label[:1].upper() + label[1:], _MARGIN, _LABEL)
    if one.alerts > 1 and one.least != one.most:
        yield TextLine(words.no_sum, margin=_MARGIN)


def _alerts(page: CasePage, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words, desk = CASE_WORDS[lang], DESK_WORDS[lang]
    yield TextLine(words.alerts_title.format(n=f"{page.total:,}"), style="bold")
    if page.total > len(page.heads):
        yield TextLine(words.newest_only.format(shown=f"{len(page.heads):,}", total=f"{page.total:,}"), margin=_MARGIN)
    by_id = {head.alert_id: head for head in page.heads}
    for head in page.heads:
        told = (
            local_time(head.created_for, zone, lang),
            desk.raised[head.status],
            head.alert_id[:SHORT_DIGITS],
            LABELS[lang].severity[head.severity],
            worth(head, lang),
            title(head, lang),
        )
        yield TextLine("  ".join(told), "*" if head.alert_id in page.current else "-", _MARGIN, _HANG)
        before = by_id.get(head.supersedes or "")
        if before is not None:
            yield TextLine(_changed(before, head, lang), margin=2 * _MARGIN)
        if page.verdicts is not None:
            for given in page.verdicts.on(head.alert_id, head.about):
                yield from given_lines(given, page.reasons, zone, lang, counts=page.verdicts.does_count(given))
    if page.verdicts is None:
        yield TextLine(desk.no_right, margin=_MARGIN)
    elif not any(page.verdicts.on(head.alert_id, head.about) for head in page.heads):
        yield TextLine(desk.no_verdict, margin=_MARGIN)


def _changed(before: Head, after: Head, lang: Language) -> str:
    """What the alert changed of the one that it brought up to date."""
    words = CASE_WORDS[lang]
    told = [
        words.change.format(what=words.fields[one.field], before=before_, after=after_)
        for one in changes_of(before, after)
        for before_, after_ in [_both(one, before, after, lang)]
    ]
    text = words.against.format(alert=before.alert_id[:SHORT_DIGITS], changes="; ".join(told) or words.same)
    return make_printable(text)


def _both(one: AlertChange, before: Head, after: Head, lang: Language) -> tuple[str, str]:
    """The field of both alerts in words."""
    if one.field == "severity":
        return LABELS[lang].severity[before.severity], LABELS[lang].severity[after.severity]
    if one.field == "amount":
        return worth(before, lang), worth(after, lang)
    if one.field == "typologies":
        return _ids(before, lang), _ids(after, lang)
    if one.field == "desk":
        return _desk(before.desk, lang), _desk(after.desk, lang)
    return f"{one.before:,}", f"{one.after:,}"


def _ids(head: Head, lang: Language) -> str:
    return ", ".join(DESK_WORDS[lang].anomaly if each == ANOMALY else each for each in head.found)


def page_json(page: CasePage) -> dict[str, Any]:
    """The page for machines: the row of the list, each alert with what it changed, its verdicts and their reasons."""
    return row_json(page.summary) | {
        "published": page.total,
        "history": [_alert_json(head, page) for head in page.heads],
        "snoozes": msgspec.to_builtins(page.snoozes),
    }


def _alert_json(head: Head, page: CasePage) -> dict[str, Any]:
    before = next((one for one in page.heads if one.alert_id == head.supersedes), None)
    given = None if page.verdicts is None else page.verdicts.on(head.alert_id, head.about)
    reasons = page.reasons or {}
    told: dict[str, Any] = msgspec.to_builtins(head)
    return told | {
        "current": head.alert_id in page.current,
        "changes": None if before is None else [one._asdict() for one in changes_of(before, head)],
        "verdicts": None
        if given is None
        else [msgspec.to_builtins(one) | {"reason": reasons.get((one.partition, one.offset))} for one in given],
    }
