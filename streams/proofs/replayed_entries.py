"""The entries of `fx.openitems.v1` and `fx.screens.v1` against the ledger, which is replayed for it.

Read only, beside running workers. The ledger is replayed from its first record, without snapshots: what an entry
follows from may lie before each of them.
"""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from aiokafka.errors import KafkaError

from detectors.contracts.alert import Position, Versions
from streams.errors import BrokerUnavailableError
from streams.kafka import agent_names, topic_reader, topics
from streams.kafka.denied import choose_error
from streams.learning_agents import LEARNING
from streams.ledger.progress import AgentPartition, Progress
from streams.partition.kafka_log import KafkaLog
from streams.partition.rebuild import replay
from streams.proofs.written_entries import EntryFault, WrittenEntries
from streams.settings import Settings
from streams.version import code_version

TOPICS = (topics.OPEN_ITEMS, topics.SCREENS)


class EntryCount(msgspec.Struct, frozen=True):
    """What of a topic was compared: records that are there, and those that the ledger gives, compacted ones too.

    `unchecked` names ledger partitions that do not begin with their first record any more.
    """

    topic: str
    there: int
    given: int
    unchecked: tuple[int, ...]


def compare_entries(settings: Settings, told: topic_reader.Told) -> tuple[list[EntryCount], list[EntryFault]]:
    """Every partition of both topics, one after the other. A ledger record costs what it cost the monitor: 0.3 to 1 ms.

    Raises `LedgerError`, and what the reader raises; a topic that a cluster of an earlier release lacks is passed.
    """
    with topics.connect(settings) as admin:
        named = [name for name in TOPICS if name in admin.list_topics()]
    try:
        return asyncio.run(_compare(settings, named, told)) if named else ([], [])
    except KafkaError as fault:
        raise choose_error(BrokerUnavailableError("the ledger cannot be replayed", got=repr(fault)), fault) from fault


async def _compare(
    settings: Settings, named: list[str], told: topic_reader.Told
) -> tuple[list[EntryCount], list[EntryFault]]:
    identity = LEARNING[agent_names.MONITOR].identity
    log = identity.open_log(settings)
    places = [identity.place(number) for number in range(settings.effective.engine.partitions)]
    # what is published by now is there when the topics are read, and what comes meanwhile may be
    before = [(await log.progress(place)).next for place in places]
    written = await asyncio.to_thread(read_written, settings, named)
    after = [await log.progress(place) for place in places]
    given, unchecked, seen = dict.fromkeys(named, 0), list[int](), 0
    total = sum(progress.next for progress in after)
    for place, due, progress in zip(places, before, after, strict=True):
        some = {name: written.of(name, place.partition) for name in named}
        first, _, _ = await log.bounds(place)
        if first > 0:
            unchecked.append(place.partition)
            written.leave_out(place.partition)
        else:
            for name, count in (await _replay(log, place, progress, due, some, written.releases)).items():
                given[name] += count
        seen += progress.next
        told(seen, total)
    counts = [EntryCount(name, written.count(name), given[name], tuple(unchecked)) for name in named]
    return counts, written.find_faults()


async def _replay(
    log: KafkaLog,
    place: AgentPartition,
    progress: Progress,
    due: int,
    written: dict[str, WrittenEntries],
    releases: dict[int, dict[int, str]],
) -> dict[str, int]:
    """Give what the ledger gives of one partition; what it gave before `due` must be there. Counts it by topic."""
    core, counts = LEARNING[agent_names.MONITOR].core(code_version()), dict.fromkeys(written, 0)
    made_by = releases.get(place.partition, {})
    new = core.new(place.partition)
    async for offset, outputs in replay(log, core, place, progress, new, progress.next, published_by=made_by):
        for one in outputs:
            if one.topic in written:
                counts[one.topic] += 1
                key, value = one.key or b"", one.value
                written[one.topic].take_given(offset, key, value, one.timestamp_ms, due=offset < due)
    return counts


class WrittenTopics:
    """What the topics hold, by topic and partition, and which release made the lists of a ledger position."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], WrittenEntries] = {}
        self.releases: dict[int, dict[int, str]] = {}

    def take(self, topic: str, partition: int, record: Any) -> None:
        """Take the next record of a partition."""
        self.of(topic, partition).take_written(record.offset, record.key or b"", record.value, record.timestamp)
        if topic == topics.SCREENS and record.value is not None:
            with suppress(msgspec.DecodeError):  # it differs from what the ledger gives, and is told as that
                made = _read_made(record.value)
                self.releases.setdefault(partition, {})[made.position.offset] = made.versions.code

    def of(self, topic: str, partition: int) -> WrittenEntries:
        """One partition of a topic."""
        return self._found.setdefault((topic, partition), WrittenEntries(topic, partition))

    def leave_out(self, partition: int) -> None:
        """Forget what a partition of each topic holds: nothing can be said of it."""
        for topic in TOPICS:
            self._found.pop((topic, partition), None)

    def count(self, topic: str) -> int:
        """Records that are there."""
        return sum(one.there for (name, _), one in self._found.items() if name == topic)

    def find_faults(self) -> list[EntryFault]:
        """What does not add up, by topic, partition and key."""
        return [fault for _, one in sorted(self._found.items()) for fault in one.find_faults()]


class _Made(msgspec.Struct):
    """Which ledger record led to an entry of a list, and the versions that made it."""

    position: Position
    versions: Versions


_read_made = msgspec.json.Decoder(_Made).decode


def read_written(settings: Settings, named: list[str]) -> WrittenTopics:
    """Read the topics once, to where they end now. Raises what the reader raises."""
    found = WrittenTopics()
    with topic_reader.Reader(settings, named) as reader:
        for tp, records in reader.read_to_end():
            for record in records:
                found.take(tp.topic, tp.partition, record)
    return found
