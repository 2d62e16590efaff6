"""One partition over a ledger, outputs and snapshots that are lists, with a journal of what it asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from types import SimpleNamespace
from typing import Any

from streams.ledger.progress import AgentPartition, Progress, Skip
from streams.partition.outputs import Output
from streams.partition.partition import Partition

PLACE = AgentPartition("fx.progress.v1", "monitor", 4)
RESTORE = "to do: the ledger was truncated or recreated: restore it, or begin new snapshot and progress topics"
RESTART = "to do: mend the cause and restart"


def output(offset: int) -> Output:
    """The one output of a record."""
    return Output("fx.alerts.v1", 4, b"%d" % offset, b"v", [], 0)


def decision(offset: int) -> Skip:
    """An operator's decision."""
    return Skip(offset=offset, reason="r", who="w", at="t")


def run_of(*offsets: int) -> list[Any]:
    """Records as Faust hands them over."""
    return [SimpleNamespace(offset=offset) for offset in offsets]


class Bench:
    """A partition over a ledger of `end` records from `first` on; `calls` tells what happened, in order.

    Each record gives an output unless it is in `quiet` or muted; one in `faults` raises.
    """

    agent, schema = "monitor", 1

    def __init__(self, end: int = 10, first: int = 0, committed: int = 0, published: int = 0, **more: Any) -> None:
        self.place_bounds = (first, end, committed)
        self.progress_now: Progress | Exception = Progress(next=published)
        self.kept: list[tuple[int, Any]] = []
        self.batch, self.held = 4, end
        self.quiet: set[int] = set()
        self.faults: dict[int, Exception] = {}
        self.fault: BaseException | None = None
        self.calls: list[Any] = []
        self.published = 0
        self.partition: Partition[Any] = Partition(PLACE, self, self, self, self.save, self.changed, **more)

    # the core
    def new(self, partition: int) -> Any:
        self.calls.append(("new", partition))
        return SimpleNamespace(next=0)

    def thaw(self, partition: int, sections: Any) -> Any:
        self.calls.append(("thaw", partition, sections))
        return SimpleNamespace(next=sections)

    def skip(self, state: Any, offset: int) -> None:
        self.calls.append(("skip", offset))
        state.next = offset + 1

    def apply(self, state: Any, partition: int, record: Any, *, muted: bool) -> list[Output]:
        if record.offset in self.faults:
            raise self.faults[record.offset]
        self.calls.append(("muted" if muted else "live", partition, record.offset))
        state.next = record.offset + 1
        return [] if muted or record.offset in self.quiet else [output(record.offset)]

    # the log
    async def progress(self, place: AgentPartition) -> Progress:
        assert place == PLACE
        self.calls.append("progress")
        if isinstance(self.progress_now, Exception):
            raise self.progress_now
        return self.progress_now

    async def snapshots(self, place: AgentPartition, progress: Progress) -> AsyncIterator[Any]:
        assert (place, progress) == (PLACE, self.progress_now)
        for position, sections in self.kept:

            async def load(sections: Any = sections) -> Any:
                if isinstance(sections, Exception):
                    raise sections
                return sections

            yield position, load

    async def bounds(self, place: AgentPartition) -> tuple[int, int, int]:
        assert place == PLACE
        self.calls.append("bounds")
        if isinstance(self.place_bounds, Exception):
            raise self.place_bounds
        return self.place_bounds

    async def records(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        self.calls.append(("read", partition, start, stop))
        for begin in range(start, min(stop, self.held), self.batch):
            yield run_of(*range(begin, min(begin + self.batch, stop, self.held)))

    # the outputs
    async def start(self) -> None:
        self.calls.append("start")

    async def publish(self, outputs: list[Output], position: int) -> None:
        if self.fault is not None:
            raise self.fault
        self.calls.append(("publish", [int(one.key) for one in outputs], position))
        self.published = position

    async def close(self) -> None:
        self.calls.append("close")

    # who is told
    async def save(self, partition: Any, state: Any, *, now: bool = False) -> None:
        assert partition is self.partition
        self.calls.append(("save", state.next, now))

    def changed(self, partition: Any) -> None:
        self.calls.append(partition.status)

    def did(self, *kinds: str) -> list[Any]:
        """The calls of these kinds."""
        return [call for call in self.calls if (call if isinstance(call, str) else call[0]) in kinds]

    def play(self, *turns: Callable[[], Coroutine[Any, Any, Any]]) -> Partition[Any]:
        """One turn after the other, in one event loop."""

        async def story() -> None:
            for turn in turns:
                await turn()

        asyncio.run(story())
        return self.partition

    def run(self, *offsets: int) -> Callable[[], Coroutine[Any, Any, Any]]:
        """The turn of a run of these offsets."""
        return lambda: self.partition.run(run_of(*offsets))

    async def open(self) -> None:
        """The turn of an assignment."""
        await self.partition.open()


def said(partition: Partition[Any]) -> str:
    """The message of a stopped partition."""
    assert (partition.status, partition.state, partition.unsaved) == ("stopped", None, 0)
    assert partition.cause is not None
    return partition.cause.message
