"""A consumer's fetcher that ends when it is told to, whatever it waits for at that moment.

aiokafka's own cancels its fetches at the end and awaits each. One that waits before it asks a broker again, because the
fetch before it failed, then raises the cancellation, and whoever stopped the consumer seems to be cancelled.

Failure prevented: where a broker was slow or away at that moment, a command ended with a traceback after its work was
done, and the task that writes the letters of conflicts ended without a word: a cancelled task is taken for a stop.
"""

from typing import Any

from aiokafka.consumer.fetcher import Fetcher

from streams.kafka.async_tasks import cancel_and_wait


class EndingFetcher(Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own, with an end that raises no cancellation but the caller's."""

    _fetch_task: Any
    _pending_tasks: set[Any]

    async def close(self) -> None:
        """End all fetches, then what aiokafka ends. Raises `KafkaError` when fetching had failed for good."""
        await cancel_and_wait(self._fetch_task)  # first, because it begins others
        while self._pending_tasks:
            task = self._pending_tasks.pop()
            await cancel_and_wait(task)
            if not task.cancelled():
                task.exception()  # asked for, else asyncio tells of it: nobody needs what a last fetch brought
        await super().close()
