"""A partition that is interrupted while it publishes, and what a replay leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.errors import FencedError
from streams.ledger.progress import AgentPartition, Progress
from streams.partition.outputs import Output
from streams.partition.partition import Partition

PLACE = AgentPartition("fx.progress.v1", "monitor", 0)
OUTPUT = Output("fx.alerts.v1", 0, b"k", b"v", [], 0)


class AlertingCore:
    """Every record gives one output."""

    def new(self, _partition: int) -> Any:
        """A state at the start."""
        return SimpleNamespace(next=0)

    def apply(self, state: Any, _partition: int, record: Any, *, muted: bool) -> list[Output]:
        """Apply one record."""
        state.next = record.offset + 1
        return [] if muted else [OUTPUT]


class LedgerOf:
    """A ledger of `count` records, read in batches of three; `committed` of them were handed to the group."""

    def __init__(self, count: int, committed: int) -> None:
        self.count, self.committed = count, committed

    async def progress(self, _place: AgentPartition) -> Progress:
        """Nothing is published yet."""
        return Progress()

    async def snapshots(self, *_: Any) -> AsyncIterator[Any]:
        """There is none."""
        for none in ():
            yield none

    async def bounds(self, _place: AgentPartition) -> tuple[int, int, int]:
        """First, end, committed."""
        return 0, self.count, self.committed

    async def records(self, _partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        """The records, three at a time."""
        for first in range(start, stop, 3):
            yield [SimpleNamespace(offset=offset) for offset in range(first, min(first + 3, stop))]


class Outputs:
    """Publishes at once; `fault` is raised instead, or with "hang" nothing ever comes of it."""

    def __init__(self) -> None:
        self.published, self.fault = 0, None

    async def start(self) -> None:
        """Nothing to do."""

    async def publish(self, _outputs: list[Output], position: int) -> None:
        """Publish."""
        if self.fault == "hang":
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        self.published = position


async def keep_nothing(*_: Any, **__: Any) -> None:
    """No snapshots."""


def partition(count: int, committed: int = 0, **more: Any) -> Partition[Any]:
    """A partition over such a ledger."""
    return Partition(PLACE, AlertingCore(), LedgerOf(count, committed), Outputs(), keep_nothing, **more)


@pytest.mark.parametrize("fault", ["hang", FencedError("another worker owns it")], ids=["cancelled", "fenced"])
def test_a_run_interrupted_while_it_publishes_is_named(fault: Any) -> None:
    """The partition is stopped with the offset and what to do: "running" without a state it would drop every run."""

    async def story() -> Partition[Any]:
        one = partition(2)
        await one.open()
        one.outputs.fault = fault
        run = asyncio.ensure_future(one.run([SimpleNamespace(offset=0), SimpleNamespace(offset=1)]))
        await asyncio.sleep(0.01)
        run.cancel()
        with pytest.raises((asyncio.CancelledError, FencedError)):
            await run
        return one

    one = asyncio.run(story())
    assert (one.status, one.state) == ("stopped", None)
    assert one.cause is not None
    assert "the run at ledger offset 0 was interrupted while it was published" in one.cause.message


def test_a_run_interrupted_while_it_publishes_comes_with_the_next_opening() -> None:
    """Nothing is lost: what was handed over is replayed and published."""

    async def story() -> Partition[Any]:
        one = partition(2)
        await one.open()
        one.outputs.fault = "hang"
        run = asyncio.ensure_future(one.run([SimpleNamespace(offset=0), SimpleNamespace(offset=1)]))
        await asyncio.sleep(0.01)
        run.cancel()
        await asyncio.wait([run])
        one.outputs.fault = None
        await one.open()
        return one

    one = asyncio.run(story())
    assert (one.status, one.state.next, one.outputs.published) == ("running", 2, 2)


def test_every_replayed_batch_is_told_of() -> None:
    """What is counted is written down batch by batch: it need not grow, and an operator sees it move."""
    at: list[tuple[int, int]] = []

    async def story() -> None:
        one = partition(8, committed=8, on_replayed=lambda records: at.append((one.state.next, records)))
        await one.open()

    asyncio.run(story())
    assert at == [(3, 3), (6, 3), (8, 2)]


def test_a_record_for_another_agents_topic_stops_the_partition_and_is_not_published() -> None:
    """It would look there as if that agent had written it. What came before it is published."""
    core = AlertingCore()

    def apply(state: Any, _partition: int, record: Any, *, muted: bool) -> list[Output]:
        state.next = record.offset + 1
        topic = "fx.ledger.v1" if record.offset == 2 else "fx.alerts.v1"
        return [OUTPUT, msgspec.structs.replace(OUTPUT, topic=topic)]

    core.apply = apply  # type: ignore[method-assign]

    async def story() -> Partition[Any]:
        more = {"may_write": lambda topic: topic == "fx.alerts.v1"}
        one = Partition(PLACE, core, LedgerOf(3, 0), Outputs(), keep_nothing, **more)  # type: ignore[arg-type]
        await one.open()
        await one.run([SimpleNamespace(offset=offset) for offset in range(3)])
        return one

    one = asyncio.run(story())
    assert (one.status, one.outputs.published) == ("stopped", 2)
    assert one.cause is not None
    assert one.cause.position == 2
    said = "the core of monitor made a record for a topic that is not its own; got: fx.ledger.v1"
    assert one.cause.message.startswith(f"monitor[0] stopped at ledger offset 2: {said}; to do: mend the cause")
