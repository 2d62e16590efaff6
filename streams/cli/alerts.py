"""`fxwatch alerts`: what an investigator reads."""

import sys
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.alert_text import alert_text
from streams.cli.alerts_list import alert_topic, list_
from streams.cli.alerts_show import show
from streams.cli.desk_options import language, remark
from streams.desk_text.desk_words import DESK_WORDS, DeskWords
from streams.kafka import topic_reader
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings


@click.group()
def command() -> None:
    """Alerts, as an investigator wants to read them.

    Example: fxwatch alerts list --status open

    Example: fxwatch alerts follow --from-beginning --min-severity high
    """


command.add_command(list_)
command.add_command(show)


class _Printer:
    """Prints alerts one by one; an alert that cannot be read is said, with where it stands, and the rest go on."""

    def __init__(self, lang: Language, zone: ZoneInfo, least: str, *, as_json: bool) -> None:
        self._lang, self._zone, self._json = lang, zone, as_json
        self._least = alert_text.SEVERITIES.index(least)
        self._console = tables.make_console() if tables.is_terminal() else None

    def show(self, record: Any) -> bool:
        """Print the record's alert if it is severe enough; tells whether it did."""
        try:
            alert = alert_text.read_alert(record.value or b"")
        except msgspec.DecodeError as fault:
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            remark(DESK_WORDS[self._lang].no_alert_here.format(place=place, cause=fault))
            return False
        if alert_text.SEVERITIES.index(alert.severity) < self._least:
            return False
        if self._json and self._console is not None:
            say_json(record.value)
        elif self._json:
            # a machine reads it: the bytes that were published
            sys.stdout.buffer.write(record.value + b"\n")
            sys.stdout.buffer.flush()
        elif self._console is not None:
            self._console.print(alert_text.render(alert, lang=self._lang, zone=self._zone))
        else:
            say(alert_text.plain(alert, lang=self._lang, zone=self._zone))
            sys.stdout.flush()
        return True


def _backlog_in_order(reader: topic_reader.Reader) -> Iterator[Any]:
    """What is there already, in order of Kafka timestamps (an alert's is the event's), then by position.

    All of it is held in memory: alerts are tens a day.
    """
    held = [record for _, batch in reader.read_to_end() for record in batch]
    held.sort(key=lambda record: (record.timestamp, record.partition, record.offset))
    yield from held


def _records(reader: topic_reader.Reader, words: DeskWords, *, from_beginning: bool) -> Iterator[Any]:
    if from_beginning:
        yield from _backlog_in_order(reader)
    remark(words.waiting)

    def silent(answers: bool) -> None:
        remark(words.broker_back if answers else words.broker_silent)

    for _, batch in reader.follow(from_beginning=False, silent=silent):
        yield from batch


@command.command()
@click.option("--desk", help="Only this desk's alerts.")
@click.option("--from-beginning", is_flag=True, help="All alerts the topic holds first; default: new ones from now on.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after this many alerts.")
@click.option("--party", metavar="TOKEN", help="Only alerts of this party.")
@click.option(
    "--min-severity",
    type=click.Choice(alert_text.SEVERITIES),
    default="low",
    show_default=True,
    help="Only alerts at least this severe.",
)
@click.option("--json", "as_json", is_flag=True, help="One alert a line, byte for byte as on the topic.")
@language
def follow(
    desk: str | None,
    from_beginning: bool,
    count: int | None,
    party: str | None,
    min_severity: str,
    as_json: bool,
    lang: Language,
) -> None:
    """Print alerts as they come, until Ctrl-C or --count.

    Reads committed alerts only, joins no consumer group and commits nothing: any number of people may follow at once.

    Example: fxwatch alerts follow --from-beginning --count 5 --lang ko

    Example: fxwatch alerts follow --desk customs --json | jq .alert_id
    """
    settings, words = load_settings(), DESK_WORDS[lang]
    topic = alert_topic(settings, desk)
    printer = _Printer(lang, ZoneInfo(settings.effective.engine.time_zone), min_severity, as_json=as_json)
    wanted = None if party is None else party.encode()
    shown = 0
    try:
        with topic_reader.Reader(settings, [topic]) as reader:
            remark(words.follow.format(topic=topic, address=settings.bootstrap))
            for record in _records(reader, words, from_beginning=from_beginning):
                if wanted is None or record.key == wanted:
                    shown += printer.show(record)
                if shown == count:
                    return
    except KeyboardInterrupt:
        remark(words.stopped.format(n=f"{shown:,}"))
