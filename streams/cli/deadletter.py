"""`fxwatch deadletter`: rejected records, and the way back."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from streams.contracts.dead_letters import Original, read_original
from streams.errors import FxwatchError, UsageError
from streams.ingest.input_topic_ids import read_ids
from streams.kafka import clients, topic_reader, topics
from streams.kafka.topics.table import BEFORE, INPUT_AHEAD_MS
from streams.keys.sealed_identities import time_of
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json
from streams.settings import Settings, load_settings

# What is held before it is sent and its delivery awaited. Failure prevented: letters hold up to 1 MiB each, and all
# those of a replay, or of a look at what would be sent, were held at once.
_HELD_RECORDS, _HELD_BYTES = 500, 16 * 1024 * 1024
# what Python takes for a header beside its name and content; a letter has up to 10 000
_HEADER_BYTES = 150
# how long the sending may take before a stamp at the limit is too old; beyond it records are restamped
_SENDING_MS = 3_600_000


class NotReplayedError(FxwatchError):
    """Dead letters that cannot be replayed were asked for; the others were."""

    code = "deadletter.not_replayed"


def selection(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose dead letters."""
    for option in (
        click.option(
            "--offset",
            "offsets",
            multiple=True,
            metavar="PARTITION:OFFSET",
            help="Only the record at this source position (with --topic); may be repeated.",
        ),
        click.option(
            "--topic-id",
            metavar="ID",
            help="Only records of the topic with this id: one created again has its predecessor's name.",
        ),
        click.option("--code", help="Only records refused with this code, such as decimal.malformed."),
        click.option("--topic", help="Only records that came from this input topic."),
    ):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Rejected records: see why they were refused, and send them again once the cause is mended.

    Example: fxwatch deadletter list --topic fx.transactions.v1 --limit 20
    """


def _positions(topic: str | None, offsets: tuple[str, ...]) -> frozenset[tuple[int, int]]:
    if offsets and topic is None:
        raise UsageError("--offset needs --topic", got=", ".join(offsets), expected="--topic NAME --offset 3:1200")
    found = []
    for text in offsets:
        partition, colon, offset = text.partition(":")
        if not (colon and partition.isdecimal() and offset.isdecimal()):
            raise UsageError("not a source position", got=text, expected="PARTITION:OFFSET, such as 3:1200")
        found.append((int(partition), int(offset)))
    return frozenset(found)


def letters(
    settings: Settings, topic: str | None, topic_id: str | None, code: str | None, offsets: tuple[str, ...]
) -> Iterator[tuple[Original, int]]:
    """The chosen dead letters, each source position once, with the size of the original value in bytes.

    A topic that was created again has the positions of the one before it: they are told apart by the topic's id.
    """
    positions = _positions(topic, offsets)
    seen: set[tuple[str, str, int, int]] = set()
    with topic_reader.Reader(settings, [topics.DEADLETTER]) as reader:
        for _, batch in reader.read_to_end():
            for record in batch:
                letter = read_original(record)
                if letter is None:
                    place = f"{record.topic}[{record.partition}]@{record.offset}"
                    say(f"{place} is not a dead letter of fxwatch; left out", err=True)
                    continue
                # a letter that a crash wrote twice has the same source position
                identity = (letter.topic, letter.topic_id, letter.partition, letter.offset)
                if (
                    identity in seen
                    or (topic is not None and letter.topic != topic)
                    or (topic_id is not None and letter.topic_id != topic_id)
                    or (code is not None and code not in letter.codes)
                    or (positions and identity[2:] not in positions)
                ):
                    continue
                seen.add(identity)
                yield letter, letter.length if letter.length is not None else len(letter.value or b"")


def _when(letter: Original) -> str:
    return time_of(letter.timestamp_ms).strftime("%Y-%m-%dT%H:%M:%SZ") if letter.timestamp_ms >= 0 else "-"


def _place(letter: Original, ids: dict[str, bytes]) -> str:
    """Where the record stood; with the topic's id where that is not the topic of the name any more."""
    place = f"{letter.topic}[{letter.partition}]@{letter.offset}"
    if letter.last_offset > letter.offset:
        place += f"-{letter.last_offset}"
    gone = letter.topic_id and letter.topic in ids and letter.topic_id.encode() != ids[letter.topic]
    return f"{place} (deleted topic {letter.topic_id})" if gone else place


def _shown(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", errors="backslashreplace")


def _as_json(letter: Original, size: int, *, show: bool) -> str:
    fields: dict[str, Any] = {
        "topic": letter.topic,
        "topic_id": letter.topic_id or None,
        "partition": letter.partition,
        "offset": letter.offset,
        "timestamp": _when(letter),
        "stage": letter.stage,
        "codes": letter.codes,
        "message": letter.message,
        "bytes": size,
        "complete": letter.complete,
        "version": letter.version,
    }
    if show:
        fields |= {"key": _shown(letter.key), "value": _shown(letter.value)}
    return json.dumps(fields, ensure_ascii=False)


@command.command("list")
@selection
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Show at most this many.")
@click.option("--show", is_flag=True, help="Show keys and values too: they hold personal data.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(
    topic: str | None,
    topic_id: str | None,
    code: str | None,
    offsets: tuple[str, ...],
    limit: int,
    show: bool,
    as_json: bool,
) -> None:
    """List rejected records and every reason. Keys and values are shown only with --show.

    A record of a topic that was deleted since is shown with that topic's id; another may stand at its position now.

    Example: fxwatch deadletter list --code decimal.malformed

    Example: fxwatch deadletter list --topic fx.transactions.v1 --offset 3:1200 --show
    """
    settings = load_settings()
    ids = read_ids(settings)
    rows, total, codes = [], 0, Counter[str]()
    for letter, size in letters(settings, topic, topic_id, code, offsets):
        total += 1
        codes.update(letter.codes)
        if total > limit:
            continue
        if as_json:
            say_json(_as_json(letter, size, show=show))
            continue
        place = _place(letter, ids)
        cut = "" if letter.complete else " (cut)"
        row = [_when(letter), place, ", ".join(letter.codes), letter.message, f"{size:,}{cut}"]
        rows.append([*row, _shown(letter.key) or "", _shown(letter.value) or ""] if show else row)
    if not as_json:
        columns = ["when", "source", "codes", "message", "bytes"]
        tables.show([*columns, "key", "value"] if show else columns, rows, numeric=["bytes"], whole=["when", "source"])
    counted = ", ".join(f"{name} {count}" for name, count in codes.most_common()) or "none"
    say(f"{total} dead letters, {min(total, limit)} shown; by code: {counted}", err=True)


def _sendable(letter: Original, partitions: dict[str, int]) -> str | None:
    """Why a letter cannot be replayed; None when it can."""
    if letter.last_offset >= 0:
        return f"a whole record set, to offset {letter.last_offset}, that could not be read: senders must send it again"
    if not letter.complete:
        return "cut for its size: the whole record is not kept, ask the sender to send it again"
    if letter.topic not in topics.INPUTS:
        return "its source is none of the input topics"
    if letter.topic == topics.LEARNING:
        return "monitors alone write there: see who else may, with fxwatch topics acls"
    if not 0 <= letter.partition < partitions[letter.topic]:
        return f"its topic has no partition {letter.partition}"
    return None


class _Sender:
    """Sends originals to where they came from, some at a time, each delivery awaited. One event loop for all."""

    def __init__(self, settings: Settings, now_ms: int) -> None:
        self._settings = settings
        self._oldest_ms = {
            row.name: now_ms - int(row.configuration(settings)[BEFORE]) + _SENDING_MS
            for row in topics.table(settings)
            if row.name in topics.INPUTS
        }
        # a batch with one stamp beyond it is refused, and with it the rest of the replay; not all clocks are one
        self._newest_ms = now_ms + INPUT_AHEAD_MS // 2
        self._waiting: dict[tuple[str, int], list[clients.Record]] = {}
        self._records = self._bytes = 0
        self._producer: Any = None

    def stamp(self, letter: Original) -> int | None:
        """The record's own Kafka timestamp; None, the time of sending, where its topic takes none so old or so new."""
        own = letter.timestamp_ms
        return own if self._oldest_ms[letter.topic] <= own <= self._newest_ms else None

    def add(self, letter: Original) -> bool:
        """Hold one more; returns whether it is time to `send`."""
        headers: Any = list(letter.headers)
        at = (letter.topic, letter.partition)
        self._waiting.setdefault(at, []).append((letter.key, letter.value, headers, self.stamp(letter)))
        self._records += 1
        self._bytes += len(letter.key or b"") + len(letter.value or b"")
        self._bytes += sum(len(name) + len(content or b"") + _HEADER_BYTES for name, content in headers)
        return self._records >= _HELD_RECORDS or self._bytes >= _HELD_BYTES

    async def send(self) -> None:
        """Send what is held. Raises what `clients.send_records` raises."""
        waiting, self._waiting = self._waiting, {}
        self._records = self._bytes = 0
        if waiting and self._producer is None:
            producer = clients.make_idempotent_producer(self._settings, f"{self._settings.application}-replay")
            await producer.start()
            self._producer = producer
        for at, records in waiting.items():
            await clients.send_records(self._producer, *at, records, self._settings.broker_patience_seconds)

    async def stop(self) -> None:
        """Stop the producer, where there is one."""
        if self._producer is not None:
            await self._producer.stop()


class _Replayed(NamedTuple):
    """How many records by (topic, codes), which could not be, and how many got the time of sending."""

    counts: Counter[tuple[str, str]]
    refused: list[str]
    restamped: int


def _replay(settings: Settings, chosen: Iterator[tuple[Original, int]], *, yes: bool) -> _Replayed:
    """Send the letters that can be, as they are read; unless `yes`, only say what would be sent."""
    partitions = topic_reader.count_partitions_of(settings, topics.INPUTS)
    sender = _Sender(settings, time.time_ns() // 1_000_000)
    counts, refused, restamped = Counter[tuple[str, str]](), [], 0
    # in turns with the reader, whose loop is its own
    with asyncio.Runner() as runner:
        try:
            for letter, _ in chosen:
                why = _sendable(letter, partitions)
                if why is not None:
                    refused.append(f"{letter.topic}[{letter.partition}]@{letter.offset}: {why}")
                    continue
                counts[letter.topic, ",".join(letter.codes)] += 1
                restamped += sender.stamp(letter) is None
                if yes and sender.add(letter):
                    runner.run(sender.send())
            runner.run(sender.send())
        finally:
            runner.run(sender.stop())
    return _Replayed(counts, refused, restamped)


@command.command()
@selection
@click.option("--yes", is_flag=True, help="Send; without it nothing is sent, only said.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
def replay(
    topic: str | None, topic_id: str | None, code: str | None, offsets: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    """Send rejected records again to the topic and partition they came from, byte for byte.

    Each keeps its Kafka timestamp where its topic takes it (half of raw_retention_days back, half an hour ahead), else
    gets that of sending.

    A dry run unless --yes is given. Each becomes a new record of the input; refused again, it is a new dead letter.
    A record that was cut for its size (over 1 MiB) cannot be replayed.

    Example: fxwatch deadletter replay --code currency.unknown

    Example: fxwatch deadletter replay --topic fx.transactions.v1 --offset 3:1200 --yes
    """
    settings = load_settings()
    done = _replay(settings, letters(settings, topic, topic_id, code, offsets), yes=yes)
    total, word = done.counts.total(), "sent" if yes else "would be sent"
    if as_json:
        say_json(
            json.dumps(
                {
                    "sent": total if yes else 0,
                    "selected": total,
                    "dry_run": not yes,
                    "restamped": done.restamped,
                    "not_replayable": done.refused,
                }
            )
        )
    else:
        rows = [(name, codes, f"{count:,}") for (name, codes), count in sorted(done.counts.items())]
        tables.show(["topic", "codes", word], rows, numeric=[word])
    hint = "" if yes else "; nothing was sent, add --yes to send them"
    say(f"{total} records {word}{hint}", err=True)
    if done.restamped:
        say(
            f"{done.restamped} of them with the time of sending as Kafka timestamp: their own is older or newer than "
            "their topic takes",
            err=True,
        )
    if done.refused:
        told = "\n  ".join(done.refused[:20])
        raise NotReplayedError(f"{len(done.refused)} dead letters cannot be replayed:\n  {told}")
