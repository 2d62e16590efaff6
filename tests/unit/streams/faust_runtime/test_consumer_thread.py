"""What is committed with an offset, and which committed offsets are gone by, on a consumer in memory."""

import asyncio
import logging
from types import SimpleNamespace

import pytest
from aiokafka.errors import CommitFailedError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from streams.faust_runtime import consumer_thread
from streams.faust_runtime.consumer_thread import RunConsumerThread
from streams.ledger.input_positions import Sought
from streams.log import library_noise

RATES, RULES = TopicPartition("fx.rates.v1", 0), TopicPartition("fx.rules.v1", 3)


class MemoryBroker:
    """aiokafka's consumer over a dict of committed offsets; partitions begin at offset 7."""

    def __init__(self, committed, assigned=(RATES, RULES)):
        self.committed, self.assigned, self.sought, self.fault = committed, set(assigned), {}, None
        self._coordinator = self

    def assignment(self):
        return self.assigned

    async def fetch_committed_offsets(self, partitions):
        return {tp: self.committed[tp] for tp in partitions if tp in self.committed}

    async def beginning_offsets(self, partitions):
        return dict.fromkeys(partitions, 7)

    def seek(self, tp, offset):
        self.sought[tp] = offset

    async def commit(self, offsets):
        if self.fault is not None:
            raise self.fault
        self.committed |= offsets


class MemoryThread(RunConsumerThread):
    """The thread's own decisions without a thread."""

    def __init__(self, broker, ids):
        self.broker, self.log, self.tp_last_committed_at = broker, logging.getLogger("thread"), {}
        self.told, self.positions = {}, {}
        self.consumer = SimpleNamespace(
            topic_id=lambda topic: ids.get(topic, ""), sought=self.told.update, kept=self.kept, owed_since=None
        )

    async def kept(self, places):
        return {place: self.positions[place] for place in places if place in self.positions}

    def _ensure_consumer(self):
        return self.broker

    def assignment(self):
        return {TP(tp.topic, tp.partition) for tp in self.broker.assigned}


def sought(committed, ids):
    """Where partitions are read on, and what Faust is told."""
    broker = MemoryBroker(committed)
    told = asyncio.run(MemoryThread(broker, ids)._seek_to_committed())
    return broker.sought, told


@pytest.mark.parametrize("metadata", ["id-1", ""], ids=["its own", "none, as older versions"])
def test_an_offset_of_this_topic_is_gone_by(metadata):
    """Reading goes on where it stopped."""
    place, told = sought({RATES: OffsetAndMetadata(20, metadata)}, {RATES.topic: "id-1"})
    assert place == {RATES: 20, RULES: 7}
    assert told == {RATES: 20, RULES: None}


def test_an_offset_of_a_deleted_topic_is_not(caplog):
    """The topic that bears its name now is read from its beginning, and the log says why."""
    place, told = sought({RATES: OffsetAndMetadata(20, "id-1")}, {RATES.topic: "id-2"})
    assert place == {RATES: 7, RULES: 7}
    assert told == {RATES: None, RULES: None}
    assert "offset 20 was committed for another topic of that name (id id-1); this one (id-2)" in caplog.text


def test_an_offset_that_somebody_else_committed_is_told_as_such():
    """Kafka's own tools write no topic id beside an offset; a worker does."""
    ids = {RATES.topic: "id-1", RULES.topic: "id-1"}
    for metadata, ours in (("id-1", True), ("", False)):
        thread = MemoryThread(MemoryBroker({RATES: OffsetAndMetadata(20, metadata)}), ids)
        asyncio.run(thread._seek_to_committed())
        assert thread.told == {tuple(RATES): Sought(20, ours), tuple(RULES): Sought(None, ours=False)}


@pytest.mark.parametrize(
    ("metadata", "position", "expected"),
    [("", 12, 12), ("", 30, 20), ("", None, 20), ("id-1", 12, 20)],
    ids=["forward", "back", "nothing is known", "a worker's own"],
)
def test_an_offset_that_somebody_moved_forward_is_not_followed(metadata, position, expected, caplog):
    """What lies between would be lost for good; back only redelivers."""
    ids = {RATES.topic: "id-1", RULES.topic: "id-1"}
    broker = MemoryBroker({RATES: OffsetAndMetadata(20, metadata)})
    thread = MemoryThread(broker, ids)
    thread.positions = {} if position is None else {tuple(RATES): position}
    told = asyncio.run(thread._seek_to_committed())
    assert (broker.sought[RATES], told[RATES]) == (expected, expected)
    assert ("from 12 to 20; nothing is skipped" in caplog.text) == (expected == 12)


def test_a_topic_whose_id_nobody_asks_for_is_read_on():
    """The monitor's position is its state's: the ledger's id is checked there."""
    assert sought({RATES: OffsetAndMetadata(20, "id-1")}, {})[0][RATES] == 20


def test_offset_zero_is_none():
    """The partition would be left where it is by aiokafka; what was dropped with the seek would be lost."""
    assert sought({RATES: OffsetAndMetadata(0, "id-1")}, {RATES.topic: "id-1"})[0][RATES] == 7


def test_a_commit_carries_the_topics_id():
    """Only of partitions held; a partition given up is its new owner's."""
    broker = MemoryBroker({}, assigned=[RATES])
    thread = MemoryThread(broker, {RATES.topic: "id-1", RULES.topic: "id-9"})
    assert asyncio.run(thread._commit({TP(*RATES): 5, TP(*RULES): 6}))
    assert broker.committed == {RATES: OffsetAndMetadata(5, "id-1")}


def test_a_commit_that_fails_is_owed():
    """Not fatal: offsets only say where to read from next. The consumer keeps what is owed (test_run_offsets.py)."""
    broker = MemoryBroker({})
    broker.fault = KafkaConnectionError()
    assert not asyncio.run(MemoryThread(broker, {})._commit({TP(*RATES): 5}))


def test_commits_that_fail_for_long_are_told(caplog, monkeypatch):
    """A rebalance refuses one, a broker's restart some; a minute of it is told, and again each half minute."""
    now = SimpleNamespace(seconds=0)
    monkeypatch.setattr(consumer_thread, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    broker = MemoryBroker({})
    thread, told = MemoryThread(broker, {}), []
    for second in range(200):
        now.seconds = second
        broker.fault = None if second == 100 else CommitFailedError("already rebalanced")
        before, owed_since = len(caplog.records), thread.consumer.owed_since
        committed = asyncio.run(thread._commit({TP(*RATES): 5}))
        # as RunOffsets does
        thread.consumer.owed_since = None if committed else second if owed_since is None else owed_since
        told += [(second, one.seconds) for one in caplog.records[before:]]
    assert told == [(60, 60), (90, 90), (161, 60), (191, 90)]


def test_what_mode_says_of_the_thread_is_a_librarys():
    """Under our name it would be written whatever it is: that the thread starts, and that a busy machine is busy."""
    assert RunConsumerThread.logger.name == "faust.consumer_thread"
    assert any(rule.logger == RunConsumerThread.logger.name for rule in library_noise.RULES)


def test_fausts_own_alarm_about_a_slow_stream_is_off(caplog):
    """It would be raised for a sender's open transaction, and for a partition that is stopped and says so."""
    thread = MemoryThread(MemoryBroker({}), {})  # Faust's own would look for a consumer and a clock that are not there
    thread.verify_event_path(1e9, TP(*RATES))
    assert not caplog.records
