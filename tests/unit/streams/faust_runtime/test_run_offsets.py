"""What may be committed and what counts as lag, where offsets have no record: markers, rolled-back records, damage."""

import asyncio
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from streams.faust_runtime.fetch_answers import Refused
from streams.faust_runtime.run_consumer import RunConsumer
from streams.kafka.unreadable_sets import Unreadable

PLACE, OTHER = TP("payments", 0), TP("payments", 1)


def record(tp: TP, offset: int) -> Any:
    return SimpleNamespace(
        topic=tp.topic,
        partition=tp.partition,
        offset=offset,
        timestamp=offset,
        timestamp_type=0,
        key=None,
        value=b"v",
        headers=(),
    )


def damaged(tp: TP, first: int, last: int) -> Unreadable:
    return Unreadable(tp.topic, tp.partition, first, last, -1, 100, "ab", "set.damaged", "its checksum does not match")


class Thread:
    """The consumer's thread: what `deliverable_end` says, and where it was told to read on."""

    def __init__(self) -> None:
        self.ends: dict[TP, int] = {}
        self.sought: list[tuple[TP, int]] = []
        self._consumer = None

    def deliverable_end(self, tp: TP, _state: Any) -> int:
        return self.ends[tp]

    async def read_from(self, tp: TP, offset: int) -> None:
        self.sought.append((tp, offset))


class Consumer(RunConsumer):
    """Over lists of records; `positions` are where aiokafka is, behind the records of each fetch."""

    flow_active = True
    from_senders = True

    def __init__(self, *fetches: dict[TP, tuple[list[Any], int]], from_senders: bool = True) -> None:
        app = faust.App("offsets", broker="kafka://nowhere", autodiscover=False)
        super().__init__(
            app.transport, callback=print, on_partitions_revoked=lambda _: None, on_partitions_assigned=lambda _: None
        )
        self.from_senders, self.fetches = from_senders, list(fetches)
        self.positions = {PLACE: 0, OTHER: 0}
        self._thread: Any = Thread()
        self._thread.ends = {PLACE: 0, OTHER: 0}
        self.asked: list[set[TP]] = []

    def assignment(self) -> set[TP]:
        return set(self.positions)

    def _get_active_partitions(self) -> set[TP]:
        return set(self.positions)

    def _queued(self) -> int:
        return 0

    def _states(self, tps: Any) -> Any:
        for tp in tps:
            yield tp, SimpleNamespace(position=self.positions[tp], has_valid_position=True)

    async def _getmany(self, active_partitions: set[TP], timeout: float) -> Any:  # noqa: ASYNC109
        self.asked.append(set(active_partitions))
        fetch = self.fetches.pop(0) if self.fetches else {}
        self.positions |= {tp: position for tp, (_, position) in fetch.items()}
        self._thread.ends |= {tp: max(self._thread.ends[tp], position) for tp, (_, position) in fetch.items()}
        return {tp: records for tp, (records, _) in fetch.items() if records}

    async def seek_to_committed(self) -> Any:
        return dict.fromkeys(self.positions)

    async def run(self) -> list[Any]:
        """The offsets of the next run; acknowledged when `acknowledge` says so."""
        found, _ = await self._wait_next_records(0.1)
        messages = [message for messages in found.values() for message in messages]
        self.messages = messages
        return [one for message in messages for one in message.value]

    def acknowledge(self) -> None:
        for message in self.messages:
            for one in (*message.value.companions, message):
                self._acked_index[TP(one.topic, one.partition)].add(one.offset)

    def committable(self) -> dict[TP, int]:
        tps = set(self._filter_tps_with_pending_acks())
        return self._filter_committable_offsets(tps)


def played(story: Any) -> Any:
    return asyncio.run(story())


def test_offsets_behind_the_last_record_are_committed_once_it_is_acknowledged() -> None:
    """Records 0 and 1, a marker at 2: nothing before the acknowledgement, then 3. Again nothing is new."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([record(PLACE, 0), record(PLACE, 1)], 3)})
        assert len(await consumer.run()) == 2
        assert consumer.committable() == {}
        assert not consumer.nothing_left(PLACE, 0)
        consumer.acknowledge()
        assert consumer.committable() == {PLACE: 3}
        assert consumer.nothing_left(PLACE, 2)

    played(story)


def test_a_partition_of_markers_and_rolled_back_records_alone_is_committed() -> None:
    """Nothing was ever handed over of it: the position counts all the same, and there is no lag."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([], 4)})
        assert await consumer.run() == []
        assert consumer.committable() == {PLACE: 4}
        assert consumer.nothing_left(PLACE, 0)

    played(story)


def test_a_position_beyond_records_that_wait_commits_none_of_them() -> None:
    """The runs hold one record each: the position is behind all three from the start, the commit goes run by run."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([record(PLACE, number) for number in range(3)], 5)})
        consumer.run_records = 1
        for offset in range(3):
            assert [one.offset for one in await consumer.run()] == [offset]
            assert consumer.committable() == {}
            assert not consumer.nothing_left(PLACE, offset)
            consumer.acknowledge()
            expected = offset + 1 if offset < 2 else 5
            assert consumer.committable() == {PLACE: expected}

    played(story)


def test_of_the_ledger_only_records_are_committed() -> None:
    """Its offsets are dense: a gap at its end is a fault that the next record tells, and nothing to pass."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([record(PLACE, 0)], 3)}, from_senders=False)
        await consumer.run()
        consumer.acknowledge()
        assert consumer.committable() == {PLACE: 1}
        assert consumer.nothing_left(PLACE, 1), "yet it is no lag: nothing there can be delivered"

    played(story)


@pytest.mark.parametrize("forget", ["perform_seek", "on_partitions_revoked"])
def test_no_position_survives_a_rebalance(forget: str) -> None:
    """Its next owner commits further: an old position would take that back."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([], 4)})
        await consumer.run()

        async def nobody(_tps: Any) -> None:
            """Stands for Faust's own callback."""

        consumer._on_partitions_revoked = nobody
        await (consumer.perform_seek() if forget == "perform_seek" else consumer.on_partitions_revoked({PLACE}))
        consumer._committed_offset.clear()
        assert consumer.committable() == {}

    played(story)


def test_a_damaged_set_stops_its_partition_and_no_other() -> None:
    """What stands before it is handed over, nothing behind it; nobody waits for it, and it is not fetched."""

    async def story() -> None:
        bad = damaged(PLACE, 1, 4)
        consumer = Consumer(
            {PLACE: ([record(PLACE, 0), bad, record(PLACE, 5)], 6), OTHER: ([record(OTHER, 0)], 1)},
            {OTHER: ([record(OTHER, 1)], 2)},
        )
        assert {(one.partition, one.offset) for one in await consumer.run()} == {(0, 0), (1, 0)}
        consumer.acknowledge()
        assert consumer.stopped == {PLACE: bad}
        assert consumer.committable() == {PLACE: 1, OTHER: 1}
        assert [one.offset for one in await consumer.run()] == [1]
        assert consumer.asked[-1] == {OTHER}
        consumer._thread.ends[PLACE] = 9
        assert consumer._behind({PLACE, OTHER}) == []

    played(story)


def test_a_stopped_partition_goes_on_past_the_set_or_from_it() -> None:
    """By a decision the set itself is handed over, so that its letter is written before anything is committed."""

    async def story() -> None:
        bad = damaged(PLACE, 0, 4)
        consumer = Consumer(
            {PLACE: ([bad, record(PLACE, 5)], 6)}, {PLACE: ([bad], 6)}, {PLACE: ([record(PLACE, 5)], 6)}
        )
        assert await consumer.run() == []
        await consumer.go_on(PLACE, past=False)
        assert consumer._thread.sought == [(PLACE, 0)]
        assert not consumer.has_left(PLACE, bad.first), "it is being read again"
        assert await consumer.run() == []
        assert not consumer.has_left(PLACE, bad.first)
        assert consumer.stopped == {PLACE: bad}, "read again, it is as damaged as before"
        await consumer.go_on(PLACE, past=True)
        assert consumer._thread.sought[-1] == (PLACE, 5)
        consumer._thread.ends[OTHER] = 0
        found = await consumer.run()
        found += await consumer.run() if len(found) < 2 else []
        assert [one.offset for one in found] == [4, 5]
        assert (consumer.has_left(PLACE, bad.first), consumer.has_left(OTHER, 0)) == (True, False)
        consumer.acknowledge()

    played(story)


def test_when_all_partitions_are_stopped_none_is_fetched() -> None:
    """Asked for no partition, aiokafka would give those of all."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([damaged(PLACE, 0, 0)], 1), OTHER: ([damaged(OTHER, 0, 0)], 1)})
        assert await consumer.run() == []
        asked = len(consumer.asked)
        assert await consumer.run() == []
        assert len(consumer.asked) == asked

    played(story)


def test_what_was_committed_is_told_and_what_is_owed_is_not() -> None:
    """Whoever keeps the positions must not be ahead of what the next worker begins with."""

    async def story() -> None:
        consumer, told, taken = Consumer(), [], [False, True]
        consumer.read_on = told.append
        consumer._thread.commit = lambda offsets: asyncio.sleep(0, taken.pop(0))
        assert not await consumer._commit({PLACE: 3})
        assert told == []
        assert await consumer._commit({OTHER: 5})
        assert told == [{tuple(PLACE): 3, tuple(OTHER): 5}]

    played(story)


def test_nothing_is_owed_behind_a_rebalance() -> None:
    """It refused the commit: `stopped` would say `committed=False` of a partition that another worker has long had."""

    async def story() -> None:
        consumer = Consumer()
        consumer._thread.commit = lambda _offsets: asyncio.sleep(0, result=False)
        assert not await consumer._commit({PLACE: 3})
        assert consumer.owed_since is not None
        await consumer.perform_seek()
        assert (consumer.owed_since, consumer._owed) == (None, {})

    played(story)


def test_of_a_partition_given_up_no_refusal_is_told() -> None:
    """Nobody fetches it here any more: the worker would never be ready again, whatever the broker answers since."""

    async def story() -> None:
        consumer = Consumer()
        refused = Refused("CorruptRecordException", 0.0)
        consumer._thread.answers = SimpleNamespace(refused={PLACE: refused, OTHER: refused})
        held = {PLACE: SimpleNamespace(position=0, has_valid_position=True)}
        consumer._states = lambda tps: [(tp, held[tp]) for tp in tps if tp in held]
        assert consumer.refused() == {PLACE: refused}

    played(story)


def test_what_is_acknowledged_is_taken_whether_it_is_committed_or_not() -> None:
    """Handed over and not acknowledged, held back, or still on the broker: not taken."""

    async def story() -> None:
        consumer = Consumer({PLACE: ([record(PLACE, 0), record(PLACE, 1)], 3)})
        assert not consumer.all_taken(PLACE)
        await consumer.run()
        assert not consumer.all_taken(PLACE)
        consumer.acknowledge()
        assert consumer.all_taken(PLACE)
        consumer._thread.commit = lambda _offsets: asyncio.sleep(0, result=False)  # the brokers take no offset
        assert consumer.owed_since is None
        assert not await consumer._commit(consumer.committable())
        assert consumer.all_taken(PLACE)
        assert consumer.owed_since is not None
        consumer._thread.ends[PLACE] = 4
        assert not consumer.all_taken(PLACE)
        consumer._thread.commit = lambda _offsets: asyncio.sleep(0, result=True)
        assert await consumer._commit({})
        assert consumer.owed_since is None

    played(story)
