"""Liveness and readiness: the watchdog thread, the broker watch, and the one way a worker ends itself.

Faust never asks aiokafka whether its coordinator is alive, so a dead one leaves a worker that looks healthy and reads
nothing. A thread looks from outside the event loop, because a loop that hangs cannot look at itself, and because Faust
starts its own tasks only after the first assignment.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError, FxwatchError, NotAuthorizedError
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.kafka.refusals import REFUSALS
from streams.kafka.security import aiokafka_access
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

WATCHDOG_SECONDS = 2.0
# The loop is handed back every 20 ms (streams/partition/partition.py); half a minute without a beat is a hang, not
# load.
LOOP_STALL_SECONDS = 30.0
# A worker with a reachable broker that has records to read and takes none for this long is a zombie.
PROGRESS_STALL_SECONDS = 120.0
BROKER_PROBE_SECONDS = 2.0
BROKER_PROBE_TIMEOUT = 5.0
# For the last message of a worker that ends itself; a log that takes longer takes nothing any more.
SPEAKING_SECONDS = 5.0


class WatchdogError(FxwatchError):
    """The worker looked alive but did no work; it was ended so that another takes over."""

    code = "worker.zombie"


def die(error: BaseException) -> NoReturn:
    """End the process at once with one message and a non-zero exit code.

    Crash-only: what was not acknowledged is redelivered, what was not committed is aborted by the next owner, and a
    graceful stop would commit offsets of records whose outputs were not delivered.
    """
    code = error.exit_code if isinstance(error, FxwatchError) else 1
    message = error.message if isinstance(error, FxwatchError) else f"unexpected fault: {error!r}"

    def speak() -> None:
        if not isinstance(error, FxwatchError):
            logger.critical("unexpected fault", exc_info=error)
        logger.critical("%s", message, fault=error)
        if not logs.as_json():
            logs.write_last_words(message)
        logging.shutdown()

    _exit_after(speak, code)


def _exit_after(speak: Callable[[], None], code: int) -> NoReturn:
    """Exit whatever becomes of the words: a log on a full disk raises, and a pipe that nobody empties waits for ever.

    Failure prevented: a worker that was to end went on, and acknowledged what it had not written.
    """
    late = threading.Timer(SPEAKING_SECONDS, os._exit, (code,))
    late.daemon = True
    late.start()
    try:
        speak()
    finally:
        late.cancel()
        os._exit(code)


def start_in_background(
    work: Coroutine[Any, Any, Any], on_end: Callable[[BaseException], Any] = die
) -> "asyncio.Task[Any]":
    """A task that runs as long as the process does; should it end for any reason but a cancellation, `on_end` is told.

    Failure prevented: a task that nobody awaits fails without a word; what it did is simply not done any more.
    """
    name = getattr(work, "__qualname__", repr(work))

    def tell_end(task: "asyncio.Task[Any]") -> None:
        if not task.cancelled():
            on_end(
                task.exception()
                or WatchdogError(
                    f"the background task {name} ended",
                    got="an end without a fault",
                    expected="work as long as the process runs",
                    todo="report it; start the worker again",
                )
            )

    task = asyncio.ensure_future(work)
    task.add_done_callback(tell_end)
    return task


class BrokerWatch:
    """Asks the cluster for its metadata every 2 s; away longer than `broker_patience` ends the worker."""

    def __init__(self, settings: Settings, on_lost: Callable[[BaseException], Any] = die) -> None:
        self._settings, self._on_lost = settings, on_lost
        self.away_since: float | None = None
        self.last_failure: float | None = None

    @property
    def reachable(self) -> bool:
        """Whether the last probe was answered."""
        return self.away_since is None

    def unready(self) -> list[str]:
        """Why nothing can be done now, as agents say it: empty while a broker answers."""
        return [] if self.reachable else ["the broker does not answer"]

    def away_seconds(self) -> float:
        """How long no broker has answered, seconds; 0 while one does."""
        return 0.0 if self.away_since is None else time.monotonic() - self.away_since

    def was_away(self) -> bool:
        """Whether a probe failed recently enough for the broker to have timed out a transaction meanwhile."""
        window = 2 * self._settings.transaction_timeout_seconds + self._settings.session_timeout_seconds
        return self.last_failure is not None and time.monotonic() - self.last_failure < window

    async def run(self) -> None:
        """Probe for ever."""
        client = AIOKafkaClient(
            **aiokafka_access(self._settings),
            client_id="fxwatch-watch",
            request_timeout_ms=int(BROKER_PROBE_TIMEOUT * 1000),
        )
        started = False
        while True:
            try:
                if not started:
                    await asyncio.wait_for(client.bootstrap(), BROKER_PROBE_TIMEOUT)
                    started = True
                answered = await asyncio.wait_for(client.force_metadata_update(), BROKER_PROBE_TIMEOUT)
            except (KafkaError, TimeoutError, OSError):
                answered = False
            self._note(bool(answered))
            await asyncio.sleep(BROKER_PROBE_SECONDS)

    def _note(self, answered: bool) -> None:
        now = time.monotonic()
        if answered:
            if self.away_since is not None:
                logger.warning("the broker is back after %.0f s", now - self.away_since)
            self.away_since = None
            return
        self.last_failure = now
        if self.away_since is None:
            self.away_since = now
            logger.warning(
                "the broker does not answer; waiting for it, for at most %.0f s", self._settings.broker_patience_seconds
            )
        elif now - self.away_since > self._settings.broker_patience_seconds:
            self._on_lost(
                REFUSALS.newest()
                or BrokerUnavailableError(
                    f"no broker answered for {now - self.away_since:.0f} s",
                    got=self._settings.bootstrap,
                    expected=f"an answer within broker_patience_seconds = {self._settings.broker_patience_seconds:.0f}",
                    todo="start the broker, or correct FXWATCH_BOOTSTRAP; then start the worker again, nothing is lost",
                )
            )


def coordinator_fault(app: Any) -> str | None:
    """Why the app's group coordinator is dead, or None while it is alive or was never started."""
    consumer = app._consumer  # noqa: SLF001  (`app.consumer` would create one)
    client = getattr(getattr(consumer, "_thread", None), "_consumer", None)
    coordinator = getattr(client, "_coordinator", None)
    task = getattr(coordinator, "_coordination_task", None)
    if task is None or app.should_stop:
        return None
    error = _pending(app)
    if error is not None:
        return repr(error)
    if task.done():
        return "cancelled" if task.cancelled() else repr(task.exception())
    return None


def _pending(app: Any) -> BaseException | None:
    """What the app's group coordinator died of."""
    client = getattr(getattr(app._consumer, "_thread", None), "_consumer", None)  # noqa: SLF001  (as above)
    found = getattr(getattr(client, "_coordinator", None), "_pending_exception", None)
    return found if isinstance(found, BaseException) else None


class Watchdog(threading.Thread):
    """Ends a worker that is alive in name only. Started before the event loop, never joined (daemon)."""

    def __init__(self, apps: list[Any], stalled: Callable[[], float], broker: BrokerWatch) -> None:
        super().__init__(name="fxwatch-watchdog", daemon=True)
        self._apps, self._stalled, self._broker = apps, stalled, broker
        self.beat = time.monotonic()
        self.stopping = False

    async def heartbeat(self) -> None:
        """Runs on the event loop; the thread watches that it does."""
        while True:
            self.beat = time.monotonic()
            await asyncio.sleep(0.5)

    def fault(self) -> str | None:
        """What is wrong right now, or None."""
        if time.monotonic() - self.beat > LOOP_STALL_SECONDS:
            return f"the event loop has not turned for {time.monotonic() - self.beat:.0f} s"
        for app in self._apps:
            dead = coordinator_fault(app)
            if dead is not None:
                return f"the group coordinator of {app.conf.id} is dead: {dead}"
        if self._broker.reachable and self._stalled() > PROGRESS_STALL_SECONDS:
            return f"there are records to read and none was taken for {self._stalled():.0f} s"
        return None

    def _denied(self) -> NotAuthorizedError | None:
        """The right that a dead coordinator lacks; None when it died of something else. A start would not help."""
        for app in self._apps:
            error = _pending(app)
            if isinstance(error, DENIED):
                return make_not_authorized_error(f"{app.conf.id} may not read as a consumer group", error)
        return None

    def run(self) -> None:
        """Look every 2 s. A fault must be seen twice: a process that was stopped sees its own gap first."""
        seen = 0
        while True:
            time.sleep(WATCHDOG_SECONDS)
            fault = None if self.stopping else self.fault()
            seen = seen + 1 if fault else 0
            if fault and seen > 1:
                die(
                    self._denied()
                    or WatchdogError(
                        f"the worker is a zombie: {fault}", todo="start it again; another worker takes over meanwhile"
                    )
                )


def exit_deadline(seconds: float) -> None:
    """End the process hard after `seconds`: Faust hangs for ever when a shutdown handler fails (DESIGN section 3)."""

    def expire() -> None:
        words = f"the stop took longer than {seconds:.0f} s, ended hard; nothing is lost"
        _exit_after(lambda: logs.write_last_words(words), 1)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
