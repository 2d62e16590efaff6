"""`fxwatch ledger`: what stands in the ledger, in words."""

import asyncio
import json
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import click

from streams.cli.desk_options import language, remark, show_page
from streams.desk.positions import At, OffsetSpan, read_records_at
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.record_text import record_json, record_lines
from streams.errors import LedgerError, UsageError
from streams.kafka import topics
from streams.kafka.topic_reader import count_partitions_of
from streams.ledger import envelope
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import Settings, load_settings

_PLACE = re.compile(r"([0-9]{1,10}):([0-9]{1,19})")


@click.group()
def command() -> None:
    """The ledger: every event that was taken in, in order, in partitions by party.

    Example: fxwatch ledger show 8:1007
    """


def _parsed(text: str) -> tuple[int, int]:
    """Partition and offset of a position. Raises `UsageError`."""
    found = _PLACE.fullmatch(text.removeprefix(f"{topics.LEDGER}[").replace("]@", ":"))
    if found is None:
        raise UsageError(
            "this is not a position of the ledger",
            got=repr(text[:80]),
            expected="PARTITION:OFFSET",
            todo="copy it from an alert's evidence, such as 8:1007",
        )
    return int(found[1]), int(found[2])


def _places(texts: Sequence[str], settings: Settings) -> dict[int, list[int]]:
    """Offsets by partition, both in the order in which they were named. Raises `UsageError`."""
    places: dict[int, list[int]] = {}
    for partition, offset in map(_parsed, texts):
        places.setdefault(partition, []).append(offset)
    count = count_partitions_of(settings, [topics.LEDGER])[topics.LEDGER]
    for partition in places:
        if partition >= count:
            raise UsageError(
                "the ledger has no such partition",
                got=partition,
                expected=f"0 to {count - 1}",
                todo="copy it from an alert's evidence, such as 8:1007",
            )
    return places


@command.command()
@click.argument("positions", metavar="PARTITION:OFFSET...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Each record as one JSON object, a line each.")
@language
def show(positions: tuple[str, ...], *, as_json: bool, lang: Language) -> None:
    """Show ledger records in words: what each is, when, who, field by field, and which input it came from.

    The positions are those that an alert's evidence names; `alerts show` says the whole command. Where there is no
    record it says what there is: the mark of a transaction's end, a record that was rolled back or deleted with age,
    nothing yet. Exit code 1 then, after the other records.

    Example: fxwatch ledger show 8:1007

    Example: fxwatch ledger show 8:1007 8:1012 --lang ko
    """
    settings = load_settings()
    whole = True
    for partition, offsets in _places(positions, settings).items():
        found, span = asyncio.run(read_records_at(settings, topics.LEDGER, partition, offsets))
        for offset in dict.fromkeys(offsets):
            whole &= _show(settings, partition, found[offset], span, as_json=as_json, lang=lang)
    if not whole:
        raise click.exceptions.Exit(1)


def _show(settings: Settings, partition: int, at: At, span: OffsetSpan, *, as_json: bool, lang: Language) -> bool:
    """Show what stands at a position; whether it is a record that can be read."""
    event = origin = None
    place = f"{partition}:{at.offset}"
    if at.state == "record":
        try:
            event, origin = envelope.decode_record(
                at.record.value, at.record.headers, at.offset, at.record.timestamp, partition
            )
        except LedgerError as fault:
            at = At(at.offset, "damaged", cause=fault.message)
    if as_json:
        say_json(json.dumps(record_json(place, at.state, event, origin, at.cause), ensure_ascii=False))
    elif event is not None and origin is not None:
        key = (at.record.key or b"").decode(errors="replace")
        purposes, zone = settings.effective.legend.purposes, ZoneInfo(settings.effective.engine.time_zone)
        show_page(record_lines(place, key, event, origin, purposes=purposes, zone=zone, lang=lang))
    else:
        words = DESK_WORDS[lang]
        say(f"{words.record} {place}")
        say(words.positions[at.state].format(first=span.first, end=span.written, cause=at.cause))
        if span.written > span.first:
            remark(words.span.format(first=span.first, last=span.written - 1))
    return event is not None
