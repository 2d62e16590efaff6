"""`fxwatch ledger`: what stands in the ledger, in words."""

import asyncio
import json
import re
from zoneinfo import ZoneInfo

import click

from streams.cli.desk_options import language, remark, show_page
from streams.desk.positions import At, read_records_at
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


def _place(text: str, settings: Settings) -> tuple[int, int]:
    """Partition and offset. Raises `UsageError`."""
    found = _PLACE.fullmatch(text.removeprefix(f"{topics.LEDGER}[").replace("]@", ":"))
    if found is None:
        raise UsageError(
            "this is not a position of the ledger",
            got=repr(text[:80]),
            expected="PARTITION:OFFSET",
            todo="copy it from an alert's evidence, such as 8:1007",
        )
    partition, offset = int(found[1]), int(found[2])
    count = count_partitions_of(settings, [topics.LEDGER])[topics.LEDGER]
    if partition >= count:
        raise UsageError(
            "the ledger has no such partition",
            got=partition,
            expected=f"0 to {count - 1}",
            todo="copy it from an alert's evidence, such as 8:1007",
        )
    return partition, offset


@command.command()
@click.argument("position", metavar="PARTITION:OFFSET")
@click.option("--json", "as_json", is_flag=True, help="The record as one JSON object.")
@language
def show(position: str, *, as_json: bool, lang: Language) -> None:
    """Show one ledger record in words: what it is, when, who, field by field, and which input it came from.

    The position is the one that an alert's evidence names. Where there is no record it says what there is: the mark of
    a transaction's end, a record that was rolled back or deleted with age, nothing yet. Exit code 1 then.

    Example: fxwatch ledger show 8:1007

    Example: fxwatch ledger show 8:1007 --lang ko
    """
    settings = load_settings()
    partition, offset = _place(position, settings)
    found, span = asyncio.run(read_records_at(settings, topics.LEDGER, partition, [offset]))
    at, place = found[offset], f"{partition}:{offset}"
    event = origin = None
    if at.state == "record":
        try:
            event, origin = envelope.decode_record(
                at.record.value, at.record.headers, offset, at.record.timestamp, partition
            )
        except LedgerError as fault:
            at = At(offset, "damaged", cause=fault.message)
    if as_json:
        say_json(json.dumps(record_json(place, at.state, event, origin, at.cause), ensure_ascii=False))
    elif event is not None and origin is not None:
        key = (at.record.key or b"").decode(errors="replace")
        show_page(
            record_lines(
                place,
                key,
                event,
                origin,
                purposes=settings.effective.legend.purposes,
                zone=ZoneInfo(settings.effective.engine.time_zone),
                lang=lang,
            )
        )
    else:
        words = DESK_WORDS[lang]
        say(f"{words.record} {place}")
        say(words.positions[at.state].format(first=span.first, end=span.written, cause=at.cause))
        if span.written > span.first:
            remark(words.span.format(first=span.first, last=span.written - 1))
    if event is None:
        raise click.exceptions.Exit(1)
