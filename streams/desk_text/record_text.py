"""One ledger record in words: what it is, when, who, what it says field by field, and where it came from."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.events import ConfigurationChange, Event, Origin
from detectors.contracts.learning import Learning, ScoreCounts, StreamDrift
from detectors.memory.day_measures import shown
from streams.alert_text import korean
from streams.alert_text.alert_text import TextLine, local_time, number
from streams.contracts.record_headers import HISTORY
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.event_text import Purposes, purpose
from streams.desk_text.record_words import KINDS, LABELS, MEASURES_KO, NOTES, TOLD, value_in_words
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

# labels stand in front of values: as wide as most of them in either language
_HANG = 26
# told with the amount or rate that they belong to, or in a line of their own at the end
_JOINED = {"currency", "settled_currency", "quote", "quantity_unit", "notes", "previous", "identity", "body", "former"}
_KRW = {"capital_krw", "turnover_krw", "amount_krw", "exchange_linked_inflow_24h"}
_UNIT_OF = {
    "amount": "currency",
    "settled_amount": "settled_currency",
    "value": "currency",
    "mid": "quote",
    "quantity": "quantity_unit",
}


def record_lines(
    place: str, key: str, event: Event, origin: Origin, *, purposes: Purposes, zone: ZoneInfo, lang: Language
) -> list[TextLine]:
    """The page of a record that stands at `place`."""
    words, labels = DESK_WORDS[lang], LABELS[lang]
    kind = str(event.__struct_config__.tag)
    page = [TextLine(f"{words.record} {place}  {KINDS[lang][kind]}", style="bold")]
    page += [_line(label, text) for label, text in _fields(event, purposes, zone, lang)]
    page.append(TextLine())
    page += [_line(label, text) for label, text in _origin(origin, zone, lang)]
    page += [_line(labels[name], text) for name, text in _marks(event, lang)]
    if key and key != getattr(event, "party", key):
        page.append(_line("key", make_printable(key)))
    return page


def _line(label: str, text: str) -> TextLine:
    return TextLine(text, label, 2, _HANG)


def _fields(event: Event, purposes: Purposes, zone: ZoneInfo, lang: Language) -> Iterator[tuple[str, str]]:
    """Each field that has a value, the time first, in the contract's order."""
    labels = LABELS[lang]
    if isinstance(event, ConfigurationChange):
        yield labels["configuration"], ", ".join(event.configuration.__struct_fields__)
        if event.approvals:
            who, when = ", ".join(event.approvals.names), local_time(event.approvals.proposed_at, zone, lang)
            yield labels["approvals"], make_printable(f"{who} ({when}: {event.approvals.reason})")
        return
    if isinstance(event, Learning):
        yield labels["partition"], str(event.partition)
        yield labels["number"], str(event.number)
        yield labels["told"], _told_to_all(event, lang)
        return
    names = sorted(event.__struct_fields__, key=lambda name: not isinstance(getattr(event, name), datetime))
    for name in names:
        content = getattr(event, name)
        if name in _JOINED or content is None or content == ():
            continue
        if name == "purpose":
            yield labels[name], purpose(content, purposes, lang)
        else:
            yield labels[name], _told(event, name, content, zone, lang)


def _told_to_all(event: Learning, lang: Language) -> str:
    """What a partition told all others, in a few words; the whole of it is in `--json`."""
    told = event.told
    scores = sum(sum(bins[1::2]) for bins in told.segments.values()) if isinstance(told, ScoreCounts) else 0
    drift = _drift(told, lang) if isinstance(told, StreamDrift) else ""
    return TOLD[lang][str(told.__struct_config__.tag)].format(count=number(str(scores), lang=lang), drift=drift)


def _drift(told: StreamDrift, lang: Language) -> str:
    """What changed: the whole sentence in English; in Korean segment, measure, both means and the day."""
    if lang == "en":
        return make_printable(told.text)
    name = MEASURES_KO.get(told.measure, told.measure)
    before, after = (shown(told.measure, one.total / one.payments) for one in (told.before, told.after))
    return make_printable(f"{told.segment} {name}, {korean.day(told.since.isoformat())}부터 {before} → {after}")


def _told(event: Event, name: str, content: Any, zone: ZoneInfo, lang: Language) -> str:
    if isinstance(content, datetime):
        return local_time(content, zone, lang)
    if isinstance(content, tuple):
        return make_printable(", ".join(map(str, content)))
    if name in _UNIT_OF:
        return number(content, getattr(event, _UNIT_OF[name]), lang=lang)
    return plain_field(name, content, lang)


def plain_field(name: str, content: object, lang: Language) -> str:
    """A field that is no time and has no unit of its own: a date, a count, a code of the contract, a text."""
    if name in _KRW:
        return number(str(content), "KRW", lang=lang)
    told = value_in_words(name, str(content), lang)
    if lang == "ko":
        told = f"{told}명" if name == "employees" else korean.day(told) if isinstance(content, date) else told
    return make_printable(told)


def _origin(origin: Origin, zone: ZoneInfo, lang: Language) -> Iterator[tuple[str, str]]:
    words = DESK_WORDS[lang]
    source = origin.source
    told = (
        words.no_source
        if source is None
        else words.source_record.format(topic=source.topic, partition=source.partition, offset=source.offset)
    )
    yield words.source, make_printable(told)
    if origin.timestamp_ms >= 0:
        yield words.received, local_time(datetime.fromtimestamp(origin.timestamp_ms / 1000, UTC), zone, lang)
    if origin.commitment:
        yield words.commitment, make_printable(origin.commitment)
    if origin.history:
        yield HISTORY, words.is_history
    for name, content in origin.headers:
        yield name, make_printable(content.decode(errors="replace"))


def _marks(event: Event, lang: Language) -> Iterator[tuple[str, str]]:
    """What ingest and monitor go by: fingerprints, former names, what was mended."""
    for note in getattr(event, "notes", ()):
        what, _, field = note.partition(" ")
        # the contract's name of a field whose token the ledger has: party_id is party there
        label = LABELS[lang].get(field) or LABELS[lang].get(field.removesuffix("_id"), field)
        yield "notes", make_printable(f"{label}: {NOTES[lang].get(what, what)}")
    for name in ("identity", "body"):
        if hasattr(event, name):
            yield name, make_printable(getattr(event, name))
    previous = getattr(event, "previous", {})
    if previous:
        yield "previous", make_printable("; ".join(f"{now} <- {before}" for now, before in previous.items()))


def record_json(place: str, state: str, event: Event | None, origin: Origin | None, cause: str) -> dict[str, Any]:
    """The same for machines: the event as the ledger has it, and its origin."""
    told: dict[str, Any] = {"position": place, "state": state}
    if cause:
        told["cause"] = cause
    if event is not None and origin is not None:
        headers = {name: content.decode(errors="replace") for name, content in origin.headers}
        source = None if origin.source is None else msgspec.structs.asdict(origin.source)
        told |= {
            "event": msgspec.to_builtins(event),
            "source": source,
            "topic_id": origin.topic_id,
            "commitment": origin.commitment,
            "timestamp_ms": origin.timestamp_ms,
            "history": origin.history,
            "headers": headers,
        }
    return told
