"""A range of the live ledger as the source of a replay. Read only: nothing is committed, no producer is started.

The state is that of the newest usable snapshot at or below the range, else it is learned from the ledger's beginning;
what stands before the range is learned from and its outputs are left out. Records that an operator skipped are left
out, as the workers do.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from detectors.contracts.configuration import Configuration
from detectors.memory.state import PartitionState
from streams.errors import BrokerUnavailableError, LedgerError, UsageError
from streams.kafka import clients, topic_reader, topics
from streams.kafka.denied import choose_error
from streams.ledger import envelope
from streams.ledger.progress import Progress
from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.rebuild import begin
from streams.settings import Settings
from streams.testbed import ledger_files
from streams.testbed.ledger_copy import set_partitions
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter
from streams.testbed.prepared import Prepared, Stages, members_of
from streams.testbed.result_files import DEAD_LETTERS, SourceRead
from streams.version import code_version

# A place in the ledger: one offset for all partitions, offsets by partition (others: no bound), or a Kafka timestamp.
Bound = int | dict[int, int] | datetime


class LedgerSpan(NamedTuple):
    """Which part of the ledger is judged: from `first` (None: its beginning) up to `last`, exclusive (None: its end).

    `cold`: the state is learned from the ledger's first record, without snapshots.
    """

    first: Bound | None = None
    last: Bound | None = None
    cold: bool = False


class _PartitionRange(NamedTuple):
    """One partition: where its records begin, from where they are judged, and where they end (exclusive)."""

    start: int
    judged: int
    end: int
    skips: frozenset[int]


def parse_bound(text: str) -> Bound:
    """A bound as it is typed: `1500`, `0:1500,3:900`, or a time with an offset. Raises `UsageError`."""
    try:
        if text.isdecimal():
            return int(text)
        pairs = [part.split(":") for part in text.split(",")]
        if all(len(pair) == 2 and all(one.strip().isdecimal() for one in pair) for pair in pairs):  # noqa: PLR2004
            return {int(partition): int(offset) for partition, offset in pairs}
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        "this is no place in the ledger",
        got=repr(text[:80]),
        expected="an offset (1500), offsets by partition (0:1500,3:900), or a time with its offset "
        "(2026-04-20T00:00:00+09:00)",
        todo="see `fxwatch testbed replay --help`",
    )


def prepare(
    settings: Settings, span: LedgerSpan, directory: Path, configuration: Configuration | None, stages: Stages
) -> Prepared:
    """Write the span's ledger files, and the states they begin from where that is a snapshot.

    With `configuration` every configuration record is replaced by it, and the state is always learned from the ledger's
    beginning. Raises `UsageError` for a span outside the ledger, `LedgerError` where records are missing,
    `BrokerUnavailableError`.
    """
    counts = topic_reader.count_partitions_of(settings, [topics.LEDGER])
    partitions = counts[topics.LEDGER]
    if configuration is not None:
        configuration = set_partitions(configuration, partitions)
        span = span._replace(cold=True)
    try:
        with topic_reader.Reader(settings, [topics.LEDGER]) as reader:
            begins = {tp.partition: offset for tp, offset in reader.begins.items()}
            ends = {tp.partition: offset for tp, offset in reader.ends.items()}
            judged = asyncio.run(_offsets(settings, span.first, begins, ends, default=begins))
            until = asyncio.run(_offsets(settings, span.last, begins, ends, default=ends))
            ranges, snapshots, known = asyncio.run(_begin(settings, span, begins, judged, until, directory))
            found, records, ranges = _copy(reader, ranges, directory, configuration, stages)
    except KafkaError as fault:
        gone = BrokerUnavailableError(
            "the ledger cannot be read", got=repr(fault), todo="see `fxwatch broker status`, then run it again"
        )
        raise choose_error(gone, fault) from fault
    (directory / DEAD_LETTERS).touch()
    known += [one for number in range(partitions)[::-1] for one in found[number]]
    if not known:
        raise UsageError(
            "there is nothing in this part of the ledger",
            got=f"until {span.last}",
            expected="a configuration at least",
            todo="choose a later --until",
        )
    spans = {str(number): (one.judged, one.end) for number, one in enumerate(ranges)}
    source = SourceRead(kind="ledger", topic=topics.LEDGER, snapshots=snapshots, partitions=spans)
    read, told = {topics.LEDGER: records}, configuration is None
    return Prepared(source, partitions, known[-1], members_of(known), read, {}, records, told)


async def _offsets(
    settings: Settings,
    bound: Bound | None,
    begins: Mapping[int, int],
    ends: Mapping[int, int],
    *,
    default: Mapping[int, int],
) -> dict[int, int]:
    """The offset of a bound in every partition, within what the ledger holds."""
    if bound is None:
        return dict(default)
    if isinstance(bound, dict):
        strange = sorted(set(bound) - set(ends))
        if strange:
            raise UsageError(
                "the ledger has no such partition", got=", ".join(map(str, strange)), expected=f"0 to {len(ends) - 1}"
            )
        found = {number: bound.get(number, default[number]) for number in ends}
    elif isinstance(bound, int):
        found = dict.fromkeys(ends, bound)
    else:
        found = await _at_time(settings, bound, ends)
    return {number: min(max(offset, begins[number]), ends[number]) for number, offset in found.items()}


async def _at_time(settings: Settings, moment: datetime, ends: Mapping[int, int]) -> dict[int, int]:
    """The first offset of each partition whose Kafka timestamp is `moment` or later; the end where there is none."""
    asked = {TopicPartition(topics.LEDGER, number): round(moment.timestamp() * 1000) for number in ends}
    consumer = clients.make_reader(settings, committed=True)
    try:
        await consumer.start()
        found = await consumer.offsets_for_times(asked)
    finally:
        await consumer.stop()
    return {tp.partition: ends[tp.partition] if at is None else int(at.offset) for tp, at in found.items()}


async def _begin(
    settings: Settings,
    span: LedgerSpan,
    begins: Mapping[int, int],
    judged: Mapping[int, int],
    until: Mapping[int, int],
    directory: Path,
) -> tuple[list[_PartitionRange], dict[str, int], list[Configuration]]:
    """Where each partition's records begin; also the snapshots used, and their configurations.

    States that are not new ones are written to `directory`.
    """
    core = MonitorCore(code_version())
    log = MONITOR.open_log(settings)
    ranges: list[_PartitionRange] = []
    snapshots: dict[str, int] = {}
    known: list[Configuration] = []
    for number in sorted(begins):
        place = MONITOR.place(number)
        progress: Progress = await log.progress(place)
        found = await begin(log, core, place, progress, stop=judged[number], cold=span.cold)
        if found.state.next < begins[number]:
            raise LedgerError(
                f"the ledger of partition {number} does not reach back to where its state begins",
                got=f"offsets from {begins[number]}",
                expected=f"offset {found.state.next}",
                todo="choose a later --from, at or after a snapshot that the ledger reaches back to",
            )
        if found.snapshot is not None:
            ledger_files.write_start(directory, number, _sections(found.state))
            snapshots[str(number)] = found.snapshot
            if found.state.configuration is not None:
                known.append(found.state.configuration)
        end = max(until[number], judged[number])
        ranges.append(_PartitionRange(found.state.next, judged[number], end, frozenset(progress.skips)))
    return ranges, snapshots, known


def _sections(state: PartitionState) -> list[tuple[str, bytes]]:
    return list(state.freeze().sections())


def _copy(
    reader: topic_reader.Reader,
    ranges: list[_PartitionRange],
    directory: Path,
    configuration: Configuration | None,
    stages: Stages,
) -> tuple[list[list[Configuration]], int, list[_PartitionRange]]:
    """Write the ranges' records; the configurations among them by partition, how many there were, and the ranges.

    Under another configuration what partitions told one another is left out. Later records take the places of those
    before them, as `ledger_files.copy_with` has it, and the ranges are of these places.
    """
    stages.begin("ledger", sum(one.end - one.start for one in ranges))
    configurations: list[list[Configuration]] = [[] for _ in ranges]
    expected = [one.start for one in ranges]
    records, left_out, before_judged = 0, [0] * len(ranges), [0] * len(ranges)
    starts = {TopicPartition(topics.LEDGER, number): one.start for number, one in enumerate(ranges)}
    for tp in reader.ends:
        reader.ends[tp] = ranges[tp.partition].end
    with LedgerWriter(directory, len(ranges)) as writer:
        for tp, batch in reader.read_to_end(starts):
            number = tp.partition
            for one in batch:
                if one.offset != expected[number]:
                    raise _hole(number, one.offset, expected[number])
                expected[number] += 1
                if one.offset in ranges[number].skips:
                    continue
                if configuration is not None and envelope.is_kind(one.headers, envelope.LEARNING_KEY):
                    left_out[number] += 1
                    before_judged[number] += one.offset < ranges[number].judged
                    continue
                record = _record(one, configuration)
                record = record._replace(offset=record.offset - left_out[number])
                if ledger_files.is_configuration(record):
                    configurations[number].append(ledger_files.read_configuration(record))
                writer.write(number, record)
                records += 1
            stages.advance(len(batch))
    for number, one in enumerate(ranges):
        if expected[number] < one.end:
            raise _hole(number, "nothing", expected[number])
    placed = [
        one._replace(judged=one.judged - early, end=one.end - out)
        for one, early, out in zip(ranges, before_judged, left_out, strict=True)
    ]
    return configurations, records, placed


def _record(one: Any, configuration: Configuration | None) -> LedgerRecord:
    record = LedgerRecord(one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
    return record if configuration is None else ledger_files.replace_configuration(record, configuration)


def _hole(partition: int, got: object, expected: int) -> LedgerError:
    return LedgerError(f"the ledger of partition {partition} has a hole", got=got, expected=f"offset {expected}")
