"""What a worker runs beside Faust, and who is asked whether it is ready."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from streams import worker
from streams.operations.stops_told import StopsTold
from streams.partition import stateful_agent
from streams.partition.stateful_agent import StatefulAgent


async def for_ever(*_: Any) -> None:
    """A task that goes on."""
    await asyncio.Event().wait()


async def failing(*_: Any) -> None:
    """A task that fails."""
    raise ValueError("failed")


def observing(fault: Exception | None = None) -> Any:
    """A stateful agent; looking at its lag fails with `fault`."""

    def observe() -> int:
        if fault is not None:
            raise fault
        return 0

    agent: Any = StatefulAgent.__new__(StatefulAgent)
    agent.observe_lag, agent.log = observe, SimpleNamespace(watch=for_ever)
    return agent


@pytest.mark.parametrize("which", ["heartbeat", "broker", "lag", "ledger"])
def test_every_task_beside_faust_ends_the_worker_when_it_fails(which: str) -> None:
    """The lag, the broker watch, the heartbeat, the look after the ledger: none stops without a word."""
    told: list[BaseException] = []
    agent = observing(ValueError("failed") if which == "lag" else None)
    if which == "ledger":
        agent.log.watch = failing
    watchdog = SimpleNamespace(heartbeat=failing if which == "heartbeat" else for_ever)
    broker = SimpleNamespace(run=failing if which == "broker" else for_ever)

    async def story() -> None:
        tasks = worker._watching({"monitor": agent}, watchdog, broker, told.append)
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(story())
    assert [str(fault) for fault in told] == ["failed"]


def test_the_writer_of_letters_is_asked_whether_it_is_ready() -> None:
    """Beside the agents, in the role that has it; and the broker watch, before all of them."""
    conflicts, broker = SimpleNamespace(), SimpleNamespace(unready=list)
    ingest, monitor = SimpleNamespace(conflicts=conflicts), SimpleNamespace(name="monitor")
    metrics = SimpleNamespace()
    *asked, stops = worker._asked({"monitor": monitor, "ingest": ingest}, metrics, broker)
    assert asked == [broker, monitor, ingest, conflicts]
    assert isinstance(stops, StopsTold)
    assert worker._asked({"monitor": monitor}, metrics, broker)[:-1] == [broker, monitor]


def test_a_stop_counts_the_states_that_are_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one whose save failed, not one with events that no save was begun for, not one that was stopped."""
    monkeypatch.setattr(stateful_agent.health, "exit_deadline", lambda _seconds: None)
    states = {0: (object(), 0, True), 1: (object(), 0, False), 2: (object(), 3, True), 3: (None, 0, True)}

    async def left(numbers: list[int]) -> None:
        assert numbers == [0, 1, 2, 3]

    agent: Any = SimpleNamespace(
        settings=SimpleNamespace(shutdown_seconds=20.0),
        _leave=left,
        saved=0,
        partitions={
            number: SimpleNamespace(state=state, unsaved=unsaved) for number, (state, unsaved, _) in states.items()
        },
        writers={number: SimpleNamespace(written=written) for number, (_, _, written) in states.items()},
    )
    asyncio.run(StatefulAgent._on_shutdown(agent, None))
    assert agent.saved == 1


def test_all_apps_are_stopped_at_once_and_one_that_fails_holds_no_other() -> None:
    """Each waits for its group and saves; one after the other they would take as long as all together."""
    running: set[int] = set()
    most: list[int] = []

    def app(number: int, fault: Exception | None = None) -> Any:
        async def stop() -> None:
            running.add(number)
            await asyncio.sleep(0.01)
            most.append(len(running))
            running.discard(number)
            if fault is not None:
                raise fault

        return SimpleNamespace(stop=stop)

    process: Any = worker._Process.__new__(worker._Process)
    process._children = [app(0), app(1, ValueError("failed")), None, app(2)]
    asyncio.run(worker._Process._stop_children(process))
    assert most[0] == 3
    assert len(most) == 3
