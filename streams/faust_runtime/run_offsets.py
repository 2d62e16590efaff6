"""The offsets of a consumer of runs: which are in hand, handed over, ready to commit, and left.

The part of the run transport (streams/faust_runtime/run_consumer.py) that nothing may be lost by. It rests on the same
assumptions about Faust, and on these about aiokafka, which the exactness tests guard: a position moves only while
`_getmany` is awaited, and what lies below it was returned, or has no record that is delivered at the consumer's
isolation level.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.faust_runtime.backlog_clock import StreamClock
from streams.faust_runtime.fetch_answers import Refused
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger.input_positions import Sought


async def _nothing_kept(_places: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    return {}


class RunOffsets(driver.Consumer):  # type: ignore[misc]  # faust ships no types
    """Faust's aiokafka consumer with an account of offsets that suits runs."""

    from_senders: bool = False
    clock: StreamClock | None = None
    topic_id: Callable[[str], str] = staticmethod(lambda _topic: "")
    sought: Callable[[dict[tuple[str, int], Sought]], None] = staticmethod(lambda _offsets: None)
    kept: Callable[[list[tuple[str, int]]], Awaitable[dict[tuple[str, int], int]]] = staticmethod(_nothing_kept)
    lost: Callable[[tuple[str, int], int], None] = staticmethod(lambda _place, _offset: None)
    read_on: Callable[[dict[tuple[str, int], int]], None] = staticmethod(lambda _offsets: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # records fetched and not handed over yet
        self._held: dict[TP, deque[Any]] = {}
        # last offsets of the runs handed over, in order, by partition
        self._runs: dict[TP, deque[int]] = {}
        # last offset handed over; the offset below which all that can be delivered is here or was handed over
        self._last: dict[TP, int] = {}
        self._through: dict[TP, int] = {}
        # damaged record sets, at which their partitions stand still
        self.stopped: dict[TP, Unreadable] = {}
        self._unfetched: set[TP] = set()
        self._fetching = asyncio.Lock()
        self._owed: dict[TP, int] = {}
        # since when offsets are owed, monotonic seconds; None: none are
        self.owed_since: float | None = None

    # -- what is held back is only valid until the next seek ------------------------------------------------------

    async def seek(self, partition: TP, offset: int) -> None:
        """Seek, and forget the records held back: they may be delivered again from the new position."""
        async with self._fetching:
            self._held.clear()
            self._through.clear()
            self._runs.pop(partition, None)
            self._last.pop(partition, None)
            await super().seek(partition, offset)

    async def perform_seek(self) -> None:
        """Every rebalance seeks all partitions to what is committed; what is held back goes with it.

        Never during a fetch: one that began before the seek would bring records from beyond the new position, and those
        at it would then be dropped as already read, leaving a hole that nothing is ever committed past.
        """
        async with self._fetching:
            self._held.clear()
            self._runs.clear()  # what is not acknowledged by now is delivered again
            self._acked_index.clear()
            self._through.clear()
            self._last.clear()
            self.stopped.clear()
            await super().perform_seek()
            self._owed.clear()  # another worker may have committed more of these partitions since
            self.owed_since = None
            if self.clock is not None:
                self.clock.restart(len(self.assignment()), time.monotonic())

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget how far the partitions were: their next owner commits further, and that must not be taken back."""
        for tp in revoked:
            self._through.pop(tp, None)
            self.stopped.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def go_on(self, tp: TP, *, past: bool) -> None:
        """Read a stopped partition again: from its damaged set, which may be mended, or `past` it, as was decided.

        Then what stands in the set's place is handed over as a record.
        """
        async with self._fetching:
            unreadable = self.stopped.pop(tp, None)
            if unreadable is None:
                return  # taken by a rebalance meanwhile
            if past:
                self._held.setdefault(tp, deque()).append(unreadable)
            await self._thread.read_from(tp, unreadable.offset + 1 if past else unreadable.first)

    def has_left(self, tp: TP, offset: int) -> bool:
        """Whether reading stands elsewhere than at this offset: behind it as a rule, before it in a log cut short."""
        return self._through.get(tp, offset) != offset and tp not in self.stopped

    # -- what is left -------------------------------------------------------------------------------------------------

    def _states(self, tps: set[TP]) -> Iterator[tuple[TP, Any]]:
        """What aiokafka knows of each partition; none during a rebalance, after which everything starts afresh."""
        consumer = getattr(self._thread, "_consumer", None)
        subscription = None if consumer is None else consumer._subscription.subscription  # noqa: SLF001
        assignment: Any = subscription.assignment if subscription is not None else None
        for tp in tps if assignment is not None else ():
            state = assignment.state_value(tp)
            if state is not None:
                yield tp, state

    def _behind(self, active: set[TP]) -> list[TP]:
        """Partitions that have, or may have, records on the broker that are not here yet and can be delivered."""
        behind = []
        self._unfetched.clear()
        for tp, state in self._states(active):
            if tp in self.stopped:
                continue
            end = self._thread.deliverable_end(tp, state)
            # a partition that was never fetched has no end yet: it may hold anything
            if end is None or not state.has_valid_position:
                self._unfetched.add(tp)
                behind.append(tp)
            elif state.position < end:
                behind.append(tp)
        return behind

    def _before_damage(self, tp: TP, records: list[Any]) -> list[Any]:
        """The records before a damaged set; at one the partition stands still, the others go on."""
        for place, record in enumerate(records):
            if isinstance(record, Unreadable) and record.damaged:
                self.stopped[tp] = record
                self._through[tp] = record.first
                return records[:place]
        return records

    def open_transactions(self) -> dict[TP, tuple[int, int]]:
        """By partition held: the last stable offset and the end; apart, a transaction between them is open."""
        return {
            tp: (state.lso, state.highwater)
            for tp, state in self._states(set(self._get_active_partitions()))
            if state.highwater is not None and state.lso is not None and state.lso >= 0
        }

    def refused(self) -> dict[TP, Refused]:
        """Partitions held whose fetches a broker answers with an error now; of one given up nothing more is heard."""
        answers = getattr(self._thread, "answers", None)
        refused = dict(answers.refused) if answers is not None else {}
        return {tp: refused[tp] for tp, _ in self._states(set(refused))}

    def nothing_left(self, tp: TP, done: int) -> bool:
        """Whether nothing from offset `done` on can be delivered now; `done` is what the agent has finished.

        Markers of transactions and records that were rolled back or compacted away take offsets too: a quiet partition
        may end in them for ever.
        """
        return not self._held.get(tp) and done > self._last.get(tp, -1) and self._read_to_the_end(tp)

    def _read_to_the_end(self, tp: TP) -> bool:
        """Whether the broker has nothing to deliver now beyond what is here or was handed over."""
        through = self._through.get(tp)
        for _, state in self._states({tp}):
            end = self._thread.deliverable_end(tp, state)
            return through is not None and end is not None and through >= end
        return False

    def all_taken(self, tp: TP) -> bool:
        """Whether all that can be delivered now was handed over and acknowledged, committed or not.

        Failure prevented: while offsets could not be committed, a worker that had read everything was ended as one
        that takes no records, every two minutes.
        """
        acknowledged = self._acked_index[tp]
        if self._held.get(tp) or any(last not in acknowledged for last in self._runs.get(tp, ())):
            return False
        return self._read_to_the_end(tp)

    def _note_positions(self, active: set[TP]) -> None:
        """After a fetch and under its lock: whatever lies below a position is in hand now."""
        for tp, state in self._states(active):
            if state.has_valid_position and tp not in self.stopped:
                self._through[tp] = state.position

    # -- what may be committed ------------------------------------------------------------------------------------

    def _account(self, tp: TP, last: int) -> None:
        """A run is handed over that ends at offset `last` in this partition; what lies before it belongs to it."""
        self._runs.setdefault(tp, deque()).append(last)
        self._last[tp] = last

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the last run that is acknowledged as all before it are; None when there is no new one.

        Faust's own account has an interval for each run and expands it to the offsets in it: with 10 000 records/s in
        36 partitions that held the event loop for 80 ms at each commit, once a second.
        """
        runs, acknowledged, last = self._runs.get(tp), self._acked_index[tp], None
        while runs and runs[0] in acknowledged:
            last = runs.popleft()
            acknowledged.discard(last)
        self._acked[tp].clear()  # Faust's list of the same; `ack` goes by the index
        offset = None if last is None else last + 1
        if not self.from_senders or runs or self._held.get(tp):
            return offset
        # markers of transactions, records of those rolled back: no record has these offsets, and none will
        through = self._through.get(tp)
        return offset if through is None else max(through, offset or 0) or None

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Faust's, and partitions of which nothing was handed over: they, too, may have been read on."""
        yield from super()._filter_tps_with_pending_acks(topics)
        if topics is None:
            yield from [tp for tp in self._through if tp not in self._acked]

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: offsets that no record has lie before the end of some run, or below the position."""

    # -- committing while the broker is away ----------------------------------------------------------------------

    async def _commit(self, offsets: dict[TP, int]) -> bool:
        """Commit; what a broker that is away did not take is owed, and tried again with the next commit."""
        self._owed.update(offsets)
        assignment = self.assignment()
        due = {tp: offset for tp, offset in self._owed.items() if tp in assignment}
        committed = await super()._commit(due) if due else True
        if not committed:
            self.owed_since = self.owed_since or time.monotonic()
        else:
            self.owed_since = None
            self._owed.clear()
            self.read_on({(tp.topic, tp.partition): offset for tp, offset in due.items()})
        return bool(committed)

    async def force_commit(self, *args: Any, **kwargs: Any) -> bool:
        """Commit what is acknowledged, then what an earlier attempt still owes."""
        committed = await super().force_commit(*args, **kwargs)
        if self._owed:
            committed = await self._commit({})
        return bool(committed)
