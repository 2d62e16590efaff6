"""An asyncio event loop whose time is made up: a pause costs nothing, and the same seed gives the same order.

No sockets, no threads, no clock. When nothing is ready the loop's time jumps to the next timer; when there is no timer
either, nothing can ever happen again, and that is an error instead of a hang.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop on virtual time, seconds from 0. `tick`: what a look at the clock takes, as work does."""

    def __init__(self, tick: float = 0.0) -> None:
        super().__init__()
        self._now = 0.0
        self.tick = tick
        # what BaseEventLoop asks for I/O events; there are none
        self._selector = self
        self.faults: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.faults.append(context))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def look(self) -> float:
        """The time as the code under test sees it; looking takes `tick` seconds."""
        self._now += self.tick
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        """Jump to the next timer."""
        if timeout is None:
            raise RuntimeError("every task waits for another one: deadlock")
        self._now += timeout
        return []

    def _process_events(self, _events: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(self, _executor: Any, function: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """Run it at once: a thread would make the order depend on the machine."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(function(*arguments))
        except Exception as fault:  # noqa: BLE001 - handed to who awaits it, as an executor does
            done.set_exception(fault)
        return done

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        """Nothing here has an address: a client that is not simulated would ask a name server for minutes."""
        raise RuntimeError("the code under test made a client that tests/simulation/world.py does not replace")


class VirtualClock:
    """Stands in for the module `time` in the code under test."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.monotonic = self.time = self.perf_counter = loop.look


def run(main: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run `main` to its end, then cancel what is left, so that nothing outlives its schedule."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
