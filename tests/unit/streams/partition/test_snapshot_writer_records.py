"""The records of a saved snapshot, and what a writer says, counts and leaves behind."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.kafka import deliveries
from streams.ledger.progress import SnapshotPointer, decode
from streams.ledger.snapshot_format import CHUNK_BYTES, read_header
from streams.partition import snapshot_writer
from streams.partition.snapshot_writer import SnapshotWriter
from tests.support.logged import fields
from tests.unit.streams.partition.test_snapshot_writer import (
    PLACE,
    PLAN,
    Bench,
    FrozenState,
    RecordingProducer,
    SlowCommit,
)

TOO_LARGE_TOGETHER = [("one", b"1" * CHUNK_BYTES), ("two", b"2" * 10)]


class Large:
    """A state of two chunks."""

    def sections(self) -> Any:
        """Its sections."""
        return iter(TOO_LARGE_TOGETHER)


def test_a_snapshots_records_are_chunks_header_and_pointer() -> None:
    """Each under its own key in the own partition; header and gauge count the chunks' bytes, the pointer all places."""

    async def story() -> Bench:
        bench = Bench()
        bench.writer.begin(Large(), 10, None)
        await bench.writer.finish()
        return bench

    bench = asyncio.run(story())
    assert [(record.topic, record.partition, record.key) for record in bench.log] == [
        ("fx.snapshots.v1", 2, b"monitor/2/slot-0/000000"),
        ("fx.snapshots.v1", 2, b"monitor/2/slot-0/000001"),
        ("fx.snapshots.v1", 2, b"monitor/2/slot-0/header"),
        ("fx.progress.v1", 2, b"monitor/2/snapshot/slot-0"),
    ]
    size = len(bench.log[0].value) + len(bench.log[1].value)
    header, pointer = read_header(bench.log[2].value), decode(bench.log[3].value, SnapshotPointer)
    assert (header.chunks, header.bytes, bench.saved) == (2, size, [size])
    assert pointer == SnapshotPointer(slot="slot-0", snapshot_id="monitor-2-10-slot-0", first=0, last=2, next=10)


def test_a_state_without_sections_has_a_header_of_no_chunks() -> None:
    """Nothing is counted that was not written."""

    async def story() -> Bench:
        bench = Bench()
        bench.writer.begin(SimpleNamespace(sections=lambda: iter(())), 0, None)
        await bench.writer.finish()
        return bench

    [header] = asyncio.run(story()).headers()
    assert (header.chunks, header.bytes) == (0, 0)


def test_a_saved_snapshot_is_told_with_its_size_and_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The time is that of day (seconds since 1970), for the age that a gauge shows."""
    saved: list[tuple[int, float]] = []
    log: list[Any] = []
    monkeypatch.setattr(snapshot_writer, "time", SimpleNamespace(monotonic=lambda: 5.0, time=lambda: 1.7e9))

    async def story() -> None:
        writer = SnapshotWriter(lambda: RecordingProducer(log), PLACE, PLAN, lambda *told: saved.append(told))
        writer.begin(FrozenState(), 10, "2026-01-05")
        await writer.finish()

    with caplog.at_level(logging.DEBUG, logger=snapshot_writer.__name__):
        asyncio.run(story())
    # of each slot one chunk, and the daily id is longer by the day's name: day-2026-01-05 for slot-0
    size = len(log[0].value)
    assert saved == [(size, 1.7e9), (size + 8, 1.7e9)]
    assert caplog.messages == [
        f"monitor[2]: snapshot slot-0 at 10, {size} bytes",
        f"monitor[2]: snapshot day-2026-01-05 at 10, {size + 8} bytes",
    ]


class Counting(asyncio.Semaphore):
    """A turn that counts who has taken it."""

    taken = 0

    async def acquire(self) -> Any:
        """Take it."""
        self.taken += 1
        return await super().acquire()


def test_snapshots_of_a_process_take_turns() -> None:
    """The turn that is given is taken once for each slot, so that another partition comes in between."""

    async def story() -> tuple[int, list[Any]]:
        turn, log = Counting(), []
        writer = SnapshotWriter(lambda: RecordingProducer(log), PLACE, PLAN, turn=turn)
        async with turn:
            writer.begin(FrozenState(), 10, "2026-01-05")
            await asyncio.sleep(0.01)
            assert log == []
        await writer.finish()
        return turn.taken, log

    taken, log = asyncio.run(story())
    assert taken == 1 + 2
    assert len(log) == 6


def messages(fault: BaseException, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """(level, message) of a save whose commit fails."""

    async def story() -> None:
        bench = Bench()
        await bench.writer.start()
        bench.producers[0].fault = fault
        await bench.save(10, None)

    with caplog.at_level(logging.INFO, logger=snapshot_writer.__name__):
        asyncio.run(story())
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(
    ("fault", "level", "told"),
    [
        (ProducerFenced(), "INFO", ", another worker owns the partition"),
        (KafkaConnectionError("gone"), "WARNING", f", replay will be longer: {KafkaConnectionError('gone')!r}"),
        (ValueError("torn"), "ERROR", ", replay will be longer"),
    ],
    ids=["fenced", "broker", "ours"],
)
def test_a_save_that_failed_is_told_with_place_and_cause(
    fault: BaseException, level: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody awaits the task for minutes: what is not logged here passes unseen. Ours comes with its traceback."""
    assert messages(fault, caplog) == [(level, f"monitor[2]: snapshot at 10 not written{told}")]
    assert bool(caplog.records[0].exc_info) == (level == "ERROR")
    assert fields(caplog.records[0]) == {"offset": 10}


@pytest.mark.parametrize("fault", [None, KafkaConnectionError("gone"), ProducerFenced()])
def test_a_writer_says_whether_its_last_save_is_written(fault: BaseException | None) -> None:
    """True from the beginning: the state is then the one that was loaded. A fenced one writes nothing any more."""

    async def story() -> None:
        bench = Bench()
        assert bench.writer.written is True
        await bench.writer.start()
        await bench.save(9, None)
        assert bench.writer.written is True
        bench.producers[0].fault = fault
        await bench.save(10, None)
        assert bench.writer.written is (fault is None)
        bench.writer.begin(FrozenState(), 11, None)
        assert bench.writer.written is False
        await bench.writer.finish()
        assert bench.writer.written is not isinstance(fault, ProducerFenced)

    asyncio.run(story())


def late(monkeypatch: pytest.MonkeyPatch, seconds: float, began: float = 1000.0) -> Bench:
    """A save that is fenced after so many seconds of waking time; the time-out is 30 s."""
    clock = SimpleNamespace(now=began)
    monkeypatch.setattr(snapshot_writer, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.now))
    monkeypatch.setattr(deliveries, "LOOK_SECONDS", 0.001)

    async def story() -> Bench:
        bench = Bench(msgspec.structs.replace(PLAN, transaction_timeout=30.0))
        bench.writer._producer = SlowCommit(bench.log, clock, seconds, 2.0)
        await bench.save(10, None)
        return bench

    return asyncio.run(story())


def test_a_snapshot_that_took_too_long_says_what_to_raise(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The time is that of its own transaction, whenever the process began; the limit itself is too long already."""
    assert not late(monkeypatch, 30.0).writer._fenced
    [message] = caplog.messages
    assert fields(caplog.records[0]) == {"offset": 10}
    assert message == (
        "monitor[2]: snapshot at 10 not written, replay will be longer: "
        "its transaction took longer than the broker lets one take; got: 30 s; "
        "expected: at most transaction_timeout_seconds = 30; to do: raise it if this comes again"
    )
    assert late(monkeypatch, 28.0).writer._fenced


def test_a_writers_producer_that_does_not_start_is_abandoned() -> None:
    """It is stopped, and the fault is the caller's: the opening tries again."""
    made: list[Any] = []

    async def refuse() -> None:
        raise KafkaConnectionError("away")

    def new() -> Any:
        made.append(RecordingProducer([]))
        made[-1].start = refuse
        return made[-1]

    with pytest.raises(KafkaConnectionError):
        asyncio.run(SnapshotWriter(new, PLACE, PLAN).start())
    assert [one.stopped for one in made] == [True]


def test_a_save_is_due_when_its_interval_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the writer's beginning, and again from the last save's: at the interval itself it is due."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(snapshot_writer, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.now))

    async def story() -> list[bool]:
        bench, due = Bench(), []
        for now in (4599.0, 4600.0):
            clock.now = now
            due.append(bench.writer.due(1))
        await bench.save(10, None)
        for now in (8199.0, 8200.0):
            clock.now = now
            due.append(bench.writer.due(1))
        return due

    assert asyncio.run(story()) == [False, True, False, True]
