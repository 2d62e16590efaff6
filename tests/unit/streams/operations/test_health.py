"""The watchdog and the broker watch, with fakes for app, clock and broker."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import BrokerUnavailableError
from streams.operations import health
from streams.settings import Settings


class Ended(Exception):  # noqa: N818
    """Stands for the end of the process."""


def app(task: Any = None, error: Exception | None = None) -> Any:
    """A Faust app whose group coordinator has this task and pending error."""
    coordinator = SimpleNamespace(_coordination_task=task, _pending_exception=error)
    consumer = SimpleNamespace(_thread=SimpleNamespace(_consumer=SimpleNamespace(_coordinator=coordinator)))
    return SimpleNamespace(_consumer=consumer, should_stop=False, conf=SimpleNamespace(id="fxwatch-test"))


def task(*, done: bool, error: Exception | None = None, cancelled: bool = False) -> Any:
    """A task of the coordinator."""
    return SimpleNamespace(done=lambda: done, cancelled=lambda: cancelled, exception=lambda: error)


def watchdog(one: Any, stalled: float = 0.0, *, reachable: bool = True) -> health.Watchdog:
    """A watchdog over one app; the thread is not started."""
    return health.Watchdog([one], lambda: stalled, SimpleNamespace(reachable=reachable))


def test_a_healthy_worker_has_no_fault() -> None:
    """Loop beats, coordinator runs, work is taken."""
    assert watchdog(app(task(done=False))).fault() is None


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (app(task(done=True, error=ValueError("gone"))), "gone"),
        (app(task(done=True, cancelled=True)), "cancelled"),
        (app(task(done=False), RuntimeError("pending")), "pending"),
    ],
)
def test_a_dead_coordinator_is_a_fault(one: Any, expected: str) -> None:
    """Ended, cancelled, or about to raise: the message names the group and the cause."""
    fault = watchdog(one).fault()
    assert fault is not None
    assert "fxwatch-test" in fault
    assert expected in fault


def test_a_coordinator_that_ends_while_stopping_is_none() -> None:
    """A stop ends the coordinator too."""
    one = app(task(done=True))
    one.should_stop = True
    assert watchdog(one).fault() is None


def test_a_loop_that_hangs_is_a_fault() -> None:
    """No beat for longer than the limit."""
    dog = watchdog(app(task(done=False)))
    dog.beat = time.monotonic() - health.LOOP_STALL_SECONDS - 1
    assert "event loop" in str(dog.fault())


def test_records_that_nobody_takes_are_a_fault_only_with_a_broker() -> None:
    """While the broker is away, waiting is right; BrokerWatch decides how long."""
    stalled = health.PROGRESS_STALL_SECONDS + 1
    assert "records to read" in str(watchdog(app(task(done=False)), stalled).fault())
    assert watchdog(app(task(done=False)), stalled, reachable=False).fault() is None


@pytest.mark.parametrize(("faults", "ends"), [(["x", None, "x", None], False), (["x", "x"], True)])
def test_a_fault_must_be_seen_twice_in_a_row(monkeypatch: pytest.MonkeyPatch, faults: list, ends: bool) -> None:
    """A process that was stopped and continued sees its own gap first; only a fault that stays ends it."""
    dog = watchdog(app(task(done=False)))
    looks = iter(faults)
    died: list[BaseException] = []

    def end(error: BaseException) -> None:
        died.append(error)
        raise Ended

    def sleep(_seconds: float) -> None:
        if not faults_left():
            raise Ended

    left = list(faults)

    def faults_left() -> bool:
        return bool(left)

    def fault() -> str | None:
        left.pop()
        return next(looks)

    monkeypatch.setattr(dog, "fault", fault)
    monkeypatch.setattr(health, "die", end)
    monkeypatch.setattr(health.time, "sleep", sleep)
    with pytest.raises(Ended):
        dog.run()
    assert bool(died) is ends
    if ends:
        assert isinstance(died[0], health.WatchdogError)
        assert died[0].exit_code == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that stands still until told."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(health.time, "monotonic", lambda: now.seconds)
    return now


def test_a_broker_away_for_longer_than_the_patience_is_lost(clock: Any) -> None:
    """Not a second earlier; the message names the address and the setting."""
    lost: list[BaseException] = []
    watch = health.BrokerWatch(Settings(bootstrap="b:1", broker_patience_seconds=8), lost.append)
    assert watch.away_seconds() == 0
    watch._note(answered=False)
    clock.seconds += 8
    watch._note(answered=False)
    assert not lost
    assert not watch.reachable
    assert watch.unready() == ["the broker does not answer"]
    assert watch.away_seconds() == 8
    clock.seconds += 1
    watch._note(answered=False)
    assert isinstance(lost[0], BrokerUnavailableError)
    assert "b:1" in lost[0].message
    assert "broker_patience_seconds = 8" in lost[0].message


def test_a_broker_that_came_back_is_reachable_and_remembered(clock: Any) -> None:
    """Its outage counts again from nothing, and explains a timed-out transaction for a while."""
    lost: list[BaseException] = []
    settings = Settings(broker_patience_seconds=8, transaction_timeout_seconds=30, session_timeout_seconds=10)
    watch = health.BrokerWatch(settings, lost.append)
    assert not watch.was_away()
    watch._note(answered=False)
    clock.seconds += 5
    watch._note(answered=True)
    assert watch.reachable
    assert watch.unready() == []
    assert watch.away_seconds() == 0
    assert watch.was_away()
    clock.seconds += 5
    watch._note(answered=False)
    assert not lost
    watch._note(answered=True)
    clock.seconds += 71
    assert not watch.was_away()


@pytest.mark.parametrize("fault", [ValueError("gone"), None], ids=["failed", "returned"])
def test_a_background_task_that_ends_ends_the_worker(fault: Exception | None) -> None:
    """Whether it failed or came to an end: the one who ends the process is told, with the cause."""
    told: list[BaseException] = []

    async def watch() -> None:
        if fault is not None:
            raise fault

    async def story() -> None:
        await asyncio.wait([health.start_in_background(watch(), told.append)])
        await asyncio.sleep(0)

    asyncio.run(story())
    [cause] = told
    assert cause is fault if fault is not None else "watch ended" in str(cause)


def test_a_background_task_that_is_cancelled_is_a_stop() -> None:
    """A worker that stops cancels its tasks; nobody is told."""
    told: list[BaseException] = []

    async def story() -> None:
        task = health.start_in_background(asyncio.sleep(60), told.append)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    asyncio.run(story())
    assert told == []
