"""Senders' original records, read one after another: for each place its own, with few openings, seeks and looks."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError

from detectors.contracts.events import Source
from streams.kafka import original_records
from streams.kafka.original_records import LOOK, PAST_RETENTION, READ_ON, REPLACED, Originals
from streams.kafka.unreadable_sets import Unreadable
from streams.settings import Settings
from tests.support.input_log import InputLog, InputReader, input_record

INPUT, OTHER = "fx.transactions.v1", "customs.declarations.v1"


def read(places: Iterable[tuple[str, int, int]]) -> list[tuple[int | None, str]]:
    """For each place (topic, partition, offset) the offset of the record that was found, and where it is gone."""

    async def work() -> list[tuple[Any, str]]:
        reader = Originals(Settings())
        try:
            return [await reader.read_at(Source(*place)) for place in places]
        finally:
            await reader.close()

    return [(None if record is None else record.offset, gone) for record, gone in asyncio.run(work())]


def at(*offsets: int) -> list[tuple[str, int, int]]:
    return [(INPUT, 4, offset) for offset in offsets]


def unreadable(first: int, last: int, code: str = "set.too_large") -> Unreadable:
    return Unreadable(INPUT, 4, first, last, -1, 100, "ab", code, f"{first} to {last} too large")


def test_a_thousand_neighbours_are_read_with_one_consumer_and_one_seek(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failure prevented: a consumer for each, so that one sender's storm held up everybody's letters for minutes."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(5, 2005)], 5, 2005)
    assert read(at(*range(6, 2000, 2))) == [(offset, "") for offset in range(6, 2000, 2)]
    [reader] = log.readers
    assert (reader.seeks, reader.running) == ([6], False)


def test_records_far_away_are_sought_and_near_ones_read_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order, each gets its own record; asked for twice, twice."""
    end = 5 * READ_ON
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(end)], 0, end)
    far = 3 + READ_ON + READ_ON + 1
    wanted = (3, 3, 3 + READ_ON, far, far - 1, end - 1)
    assert read(at(*wanted)) == [(offset, "") for offset in wanted]
    assert log.seeks == [3, far, far - 1, end - 1]


def test_places_of_other_partitions_and_topics_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same offset of another place is another record, and is looked up there."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(9)], 0, 9)
    assert read([(INPUT, 4, 7), (INPUT, 5, 7), (OTHER, 5, 7), (OTHER, 12, 7), (OTHER, 63, 1), (INPUT, 4, 7)]) == [
        (7, ""), (7, ""), (7, ""), (None, "gone: their topic has no such partition any more"),
        (None, "gone: their topic has no such partition any more"), (7, ""),
    ]  # fmt: skip
    assert (len(log.readers), log.seeks) == (1, [7, 7, 7, 7, 1, 7])  # each at once


@pytest.mark.parametrize(
    ("offset", "gone"),
    [
        (4, PAST_RETENTION),
        (7, PAST_RETENTION),
        (10, REPLACED),
        (11, "gone: their topic ends at offset 11"),
        (2**62, "gone: their topic ends at offset 11"),
    ],
    ids=["before the first", "a gap", "a marker at the end", "the end", "far beyond"],
)
def test_what_is_gone_is_said_and_those_behind_it_are_found(
    monkeypatch: pytest.MonkeyPatch, offset: int, gone: str
) -> None:
    """Offsets 5, 6, 8 and 9 are records, 7 and 10 are none."""
    InputLog.install(monkeypatch, [input_record(one) for one in (5, 6, 8, 9)], 5, 11)
    assert read(at(6, offset, 8, offset, 9)) == [(6, ""), (None, gone), (8, ""), (None, gone), (9, "")]


def test_a_set_that_cannot_be_read_is_the_loss_of_its_own_records_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands for 7 to 9, one after another for 12 and 13; the records before, between and behind are found."""
    records = [
        input_record(6),
        unreadable(7, 9),
        input_record(10),
        unreadable(12, 12, "set.damaged"),
        unreadable(13, 13, "set.damaged"),
        input_record(15),
        unreadable(17, 18),
    ]
    log = InputLog.install(monkeypatch, records, 0, 20)
    why = "not to be read any more: {} too large"
    wanted = at(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
    assert read(wanted) == [
        (6, ""),
        *[(None, why.format("7 to 9"))] * 3,
        (10, ""),
        (None, PAST_RETENTION),
        (None, why.format("12 to 12")),
        (None, why.format("13 to 13")),
        (None, PAST_RETENTION),
        (15, ""),
        (None, PAST_RETENTION),
    ]
    log.readers.clear()
    assert read(at(6, 15)) == [(6, ""), (15, "")]
    assert log.seeks == [6, 15]  # not from one damaged offset to the next, each of which would be a fetch


def test_looks_are_bounded_and_others_work_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failure prevented: heartbeats, which the same event loop sends, wait until thousands of records are passed."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(READ_ON)], 0, READ_ON)
    most, turns = [], 0
    whole = InputReader.getmany

    async def getmany(self: InputReader, tp: Any, *, timeout_ms: int, max_records: int) -> Any:
        most.append(max_records)
        return await whole(self, tp, timeout_ms=timeout_ms, max_records=max_records)

    async def work() -> None:
        nonlocal turns

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        reader = Originals(Settings())
        await reader.read_at(Source(INPUT, 4, 0))
        assert (await reader.read_at(Source(INPUT, 4, READ_ON - 1)))[0].offset == READ_ON - 1
        beside.cancel()

    monkeypatch.setattr(InputReader, "getmany", getmany)
    asyncio.run(work())
    assert log.seeks == [0]
    assert most == [LOOK] * -(-READ_ON // LOOK)
    assert turns >= len(most)


def test_a_broker_that_is_slow_is_waited_for_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may still come: no letter without its bytes, but a time-out, after which one tries again."""
    log = InputLog.install(monkeypatch, [input_record(5)], 5, 6)
    log.stuck = True
    monkeypatch.setattr(original_records, "ORIGINAL_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        read(at(5))
    assert not log.readers[0].running


def test_a_place_that_could_not_be_looked_up_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known of the place before says nothing of it."""
    InputLog.install(monkeypatch, [input_record(offset) for offset in range(9)], 0, 9)
    known = InputReader.beginning_offsets

    async def missing(_self: InputReader, _partitions: Any) -> Any:
        raise UnknownTopicOrPartitionError

    async def work() -> None:
        reader = Originals(Settings())
        assert (await reader.read_at(Source(INPUT, 4, 7)))[0].offset == 7
        for _ in range(2):
            monkeypatch.setattr(InputReader, "beginning_offsets", missing)
            with pytest.raises(UnknownTopicOrPartitionError):
                await reader.read_at(Source(OTHER, 4, 7))
        monkeypatch.setattr(InputReader, "beginning_offsets", known)
        assert (await reader.read_at(Source(OTHER, 4, 8)))[0].offset == 8
        assert (await reader.read_at(Source(INPUT, 4, 6)))[0].offset == 6

    asyncio.run(work())


def test_what_was_read_is_read_again_when_it_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same consumer: a topic created anew holds other records at the same offsets, and ends elsewhere."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(5, 9)], 5, 9)

    async def work() -> None:
        reader = Originals(Settings())
        assert (await reader.read_at(Source(INPUT, 4, 7)))[0].value == b"v"
        log.records, log.first, log.end = [input_record(offset, b"new") for offset in range(8)], 0, 8
        reader.renew()
        assert (await reader.read_at(Source(INPUT, 4, 3)))[0].value == b"new"
        assert (await reader.read_at(Source(INPUT, 4, 7)))[0].value == b"new"
        assert await reader.read_at(Source(INPUT, 4, 8)) == (None, "gone: their topic ends at offset 8")
        assert len(log.readers) == 1
        await reader.close()
        await reader.close()
        assert (await reader.read_at(Source(INPUT, 4, 7)))[0].value == b"new"

    asyncio.run(work())
    assert [one.running for one in log.readers] == [False, True]


def test_a_consumer_that_does_not_stop_cleanly_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The letters are written by then, and the next one opens another."""
    log = InputLog.install(monkeypatch, [input_record(5)], 5, 6)

    async def stop(_self: InputReader) -> None:
        raise KafkaConnectionError("gone")

    monkeypatch.setattr(InputReader, "stop", stop)
    caplog.set_level("INFO")
    assert read(at(5)) == read(at(5)) == [(5, "")]
    assert len(log.readers) == 2
    assert caplog.text.count("the reader of senders' originals did not stop cleanly: KafkaConnectionError") == 2


def test_a_reader_that_cannot_start_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections are not left behind, at each of the attempts."""
    log = InputLog.install(monkeypatch, [], 0, 0)
    start = InputReader.start

    async def failing(self: InputReader) -> None:
        await start(self)
        raise UnknownTopicOrPartitionError

    monkeypatch.setattr(InputReader, "start", failing)
    with pytest.raises(UnknownTopicOrPartitionError):
        read(at(5))
    assert not log.readers[0].running
