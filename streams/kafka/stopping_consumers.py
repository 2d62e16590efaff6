"""An aiokafka consumer that is stopped ends in order, whatever its fetches are doing.

aiokafka cancels what is under way and awaits it. Two of its tasks hand that cancellation on to who called `stop`: a
fetch that failed and waits before it is tried again, and the task of a consumer that has only just started (aiokafka's
issues 647 and 974). `stop` then raised `CancelledError` before the connections were closed. Failure prevented: on a
busy machine, or where a broker is away, a command ended in a traceback after its work was done.
"""

import asyncio

from aiokafka.consumer import consumer, fetcher, group_coordinator

from streams.kafka.async_tasks import cancel_and_wait


class StoppedFetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own; cancelled fetches are waited for, and what they end with is nobody's."""

    async def close(self) -> None:
        """As in the base. Raises `CancelledError` when the caller is cancelled, and then only."""
        self._closed = True
        pending = [self._fetch_task, *self._pending_tasks]
        for task in pending:
            task.cancel()  # also where the caller is cancelled before the last has ended
        for task in pending:
            await _end(task)
        self._pending_tasks.clear()
        await super().close()


class StoppedCoordinator(group_coordinator.NoGroupCoordinator):  # type: ignore[misc]  # as above
    """aiokafka's own, of a consumer without a group."""

    _reset_committed_task: "asyncio.Task[None] | None"

    async def close(self) -> None:
        """As in the base. Raises `CancelledError` when the caller is cancelled, and then only."""
        await _end(self._reset_committed_task)
        self._reset_committed_task = None


async def _end(task: "asyncio.Task[None] | None") -> None:
    await cancel_and_wait(task)
    if task is not None and not task.cancelled():
        task.exception()  # asked for, so that asyncio does not log one that nobody can act on any more


def stop_in_order() -> None:
    """Let every aiokafka consumer of this process stop so: it has no setting for the classes it is made of."""
    consumer.Fetcher, consumer.NoGroupCoordinator = StoppedFetcher, StoppedCoordinator
