"""What the watch over ingest's positions reads, writes, counts and says; without a broker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.errors import BrokerUnavailableError
from streams.ingest.input_watch import InputWatch
from streams.kafka import clients, topics
from streams.ledger.input_positions import Kept, Sought, acknowledged_record, position_record
from streams.ledger.progress import Acknowledged, InputPosition
from streams.operations.metrics import Metrics
from streams.settings import load_settings
from streams.version import versions

PLACE = (topics.TRANSACTIONS, 14)


class Cluster:
    """The progress topic by partition, and one input partition's beginning and end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int]) -> None:
        self.bounds, self.log = bounds, {}
        self.fault: Exception | None = None
        self.watch = watch()
        monkeypatch.setattr(clients, "read_whole", self.read_whole)
        monkeypatch.setattr(clients, "send_records", self.send_records)
        monkeypatch.setattr(self.watch, "_bounds", lambda places: dict.fromkeys(places, self.bounds))

    async def read_whole(self, _settings: Any, topic: str, partition: int) -> AsyncIterator[list[Any]]:
        """What was written there."""
        if self.fault is not None:
            raise self.fault
        assert topic == topics.PROGRESS
        yield [SimpleNamespace(key=key, value=value) for key, value, _, _ in self.log.get(partition, [])]

    async def send_records(self, _producer: Any, topic: str, partition: int, records: Any, *_: Any) -> None:
        """Write there."""
        assert topic == topics.PROGRESS
        self.log.setdefault(partition, []).extend(records)

    def kept(self) -> Kept:
        """What a later worker reads."""
        found = Kept()
        for records in self.log.values():
            for key, value, _, _ in records:
                found.absorb(key, value)
        return found


def watch() -> InputWatch:
    """A watch of twelve ledger partitions; input partition 14 is kept in partition 2."""
    settings = load_settings()
    metrics = Metrics(
        partitions=12,
        desks=[],
        typologies=[],
        topics=topics.INPUTS,
        codes=[],
        detectors=[],
        versions=versions(settings.effective),
    )
    return InputWatch(settings, metrics, lambda: {topics.TRANSACTIONS: b"new"})


def counted(one: InputWatch, cause: str) -> float:
    """The metric."""
    return (
        one._metrics.registry.get_sample_value(
            "fxwatch_records_passed_total", {"topic": topics.TRANSACTIONS, "cause": cause}
        )
        or 0.0
    )


def test_the_first_look_keeps_where_ingest_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a partition without a record: should its first ones be deleted unread, that is known."""
    cluster = Cluster(monkeypatch, (0, 0))
    cluster.watch.note_sought({PLACE: Sought(None, ours=False)})
    cluster.watch.note_handled([])
    asyncio.run(cluster.watch.look())
    assert cluster.kept().positions == {PLACE: InputPosition(next=0, topic_id="new")}
    assert list(cluster.log) == [2]


def test_what_passed_is_said_counted_and_kept_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the position moves past it, so that the next worker does not say it again."""
    cluster = Cluster(monkeypatch, (60, 60))
    cluster.log[2] = [(*position_record(PLACE, InputPosition(next=10, topic_id="new")), [], None)]
    for _ in range(2):
        cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
        cluster.watch.note_handled([])
        asyncio.run(cluster.watch.look())
    assert caplog.text.count("fx.transactions.v1[14]: 50 offsets, 10 to 59, were deleted before they were read") == 1
    assert (counted(cluster.watch, "deleted"), counted(cluster.watch, "moved")) == (50, 0)
    [passed] = cluster.kept().passed.values()
    assert (passed.first, passed.next, passed.cause, passed.topic_id) == (10, 60, "deleted", "new")
    assert cluster.kept().positions[PLACE].next == 60


def test_moved_offsets_that_were_followed_are_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the kept position could not be read at the assignment; else reading goes on there."""
    cluster = Cluster(monkeypatch, (0, 90))
    cluster.log[2] = [(*position_record(PLACE, InputPosition(next=10, topic_id="new")), [], None)]
    cluster.watch.note_sought({PLACE: Sought(30, ours=False)})
    cluster.watch.note_handled([])
    asyncio.run(cluster.watch.look())
    assert "20 offsets, 10 to 29, are not read" in caplog.text
    assert asyncio.run(cluster.watch.read_kept([PLACE])) == {PLACE: 30}  # accounted for now
    cluster.log[2] = [(*position_record(PLACE, InputPosition(next=10, topic_id="old")), [], None)]
    assert asyncio.run(cluster.watch.read_kept([PLACE])) == {}
    cluster.fault = KafkaConnectionError()
    assert asyncio.run(cluster.watch.read_kept([PLACE])) == {}
    assert counted(cluster.watch, "moved") == 20


@pytest.mark.parametrize(
    ("fault", "level"), [(BrokerUnavailableError("away"), logging.DEBUG), (KafkaConnectionError(), logging.WARNING)]
)
def test_a_cluster_that_does_not_answer_costs_a_look_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception, level: int
) -> None:
    """The next look finds what this one could not; no worker ends for it."""
    caplog.set_level(logging.DEBUG, "streams.ingest.input_watch")
    cluster = Cluster(monkeypatch, (60, 60))
    cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
    cluster.watch.note_handled([])
    cluster.fault = fault
    asyncio.run(cluster.watch._look_or_tell())
    assert [record.levelno for record in caplog.records] == [level]
    cluster.fault = None
    asyncio.run(cluster.watch._look_or_tell())
    assert counted(cluster.watch, "deleted") == 50


def test_a_stop_keeps_the_positions_and_does_not_wait_for_a_broker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator moves offsets while no worker runs, and compares with what the last one kept."""
    cluster = Cluster(monkeypatch, (0, 90))
    cluster.watch._producer = object()
    cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
    cluster.watch.note_handled([(PLACE, 10, 20)])
    asyncio.run(cluster.watch.look())
    cluster.watch.note_handled([(PLACE, 21, 30)])
    asyncio.run(cluster.watch.save())
    assert cluster.kept().positions[PLACE].next == 31

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(clients, "send_records", never)
    monkeypatch.setattr("streams.ingest.input_watch.STOP_SECONDS", 0.05)
    cluster.watch.note_handled([(PLACE, 31, 40)])
    asyncio.run(cluster.watch.save())
    assert "not kept: no answer" in caplog.text


def test_a_stop_right_after_an_assignment_keeps_the_positions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look came before it. Kept nowhere, an operator's move forward would be followed by the next worker."""
    cluster = Cluster(monkeypatch, (0, 20))
    cluster.watch._producer = object()
    cluster.watch.note_sought({PLACE: Sought(None, ours=False)})
    cluster.watch.read_on({PLACE: 20})
    asyncio.run(cluster.watch.save())
    assert asyncio.run(cluster.watch.read_kept([PLACE])) == {PLACE: 20}


def test_a_stop_right_after_an_assignment_tells_what_passed_by(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The look of a stop is a whole one: what was deleted unread is said and kept before the position moves past it."""
    cluster = Cluster(monkeypatch, (15, 20))
    cluster.watch._producer = object()
    cluster.log[2] = [(*position_record(PLACE, InputPosition(next=10, topic_id="new")), [], None)]
    cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
    cluster.watch.note_handled([(PLACE, 15, 19)])
    asyncio.run(cluster.watch.save())
    assert "5 offsets, 10 to 14, were deleted before they were read" in caplog.text
    assert [(one.first, one.next) for one in cluster.kept().passed.values()] == [(10, 15)]
    assert cluster.kept().positions[PLACE].next == 20


def test_what_the_consumers_thread_tells_is_taken_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of before an assignment says nothing of it; a commit past markers keeps where ingest stands."""
    cluster = Cluster(monkeypatch, (0, 12))
    cluster.watch.note_lost(PLACE, 10)
    cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
    cluster.watch.read_on({PLACE: 12, (topics.RATES, 1): 5})
    asyncio.run(cluster.watch.look())
    cluster.bounds = (12, 12)
    asyncio.run(cluster.watch.look())
    assert cluster.kept() == Kept({PLACE: InputPosition(next=12, topic_id="new")}, {})
    cluster.watch.note_lost(PLACE, 12)
    cluster.watch.read_on({PLACE: 20})
    cluster.bounds = (20, 20)
    asyncio.run(cluster.watch.look())
    assert [(one.first, one.next) for one in cluster.kept().passed.values()] == [(12, 20)]
    assert counted(cluster.watch, "deleted") == 8


def test_a_gap_is_counted_until_an_operator_has_settled_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces or at once; a decision on a topic of before settles nothing."""
    cluster = Cluster(monkeypatch, (60, 60))

    def gap() -> float | None:
        return cluster.watch._metrics.registry.get_sample_value("fxwatch_reconciliation_gap")

    def settle(first: int, last: int, topic_id: str = "new") -> None:
        decision = Acknowledged(first=first, next=last + 1, topic_id=topic_id, reason="r", who="w", at="a")
        cluster.log.setdefault(2, []).append((*acknowledged_record(PLACE, decision), [], None))
        asyncio.run(cluster.watch.look())

    cluster.log[2] = [(*position_record(PLACE, InputPosition(next=10, topic_id="new")), [], None)]
    cluster.watch.note_sought({PLACE: Sought(10, ours=True)})
    cluster.watch.note_handled([])
    asyncio.run(cluster.watch.look())
    assert gap() == 50
    settle(10, 59, "old")
    settle(30, 59)
    settle(10, 28)
    assert gap() == 50
    settle(29, 29)
    assert gap() == 0
    settle(20, 40)
    assert (gap(), counted(cluster.watch, "deleted")) == (0, 50)
