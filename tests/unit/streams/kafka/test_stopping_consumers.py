"""A consumer that is stopped ends in order: with a fetch that failed a moment ago, and right after its start."""

import asyncio
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import consumer as aiokafka_consumer
from aiokafka.consumer import fetcher, group_coordinator
from aiokafka.consumer.subscription_state import SubscriptionState

from streams.faust_runtime import consumer_thread
from streams.kafka import clients
from streams.kafka.stopping_consumers import StoppedCoordinator, StoppedFetcher


def make_fetcher(kind: Any) -> Any:
    """Of a client that no broker knows of."""
    return kind(
        AIOKafkaClient(), SubscriptionState(), key_deserializer=None, value_deserializer=None, retry_backoff_ms=60_000
    )


async def failed_fetch(found: Any) -> None:
    """As `_proc_fetch_request` after a fetch that failed: it waits before the next."""
    await asyncio.sleep(found._retry_backoff)


async def stop_while_a_fetch_waits(kind: Any) -> tuple[Any, list[Any]]:
    found = make_fetcher(kind)
    await asyncio.sleep(0)  # its own task begins, and waits for an assignment
    tasks = [asyncio.create_task(failed_fetch(found)) for _ in range(2)]
    found._pending_tasks.update(tasks)
    await asyncio.sleep(0)
    await found.close()
    return found, tasks


def test_a_fetch_that_waits_to_be_tried_again_does_not_cancel_who_stops():
    """The connections, which are closed after it, would stay open, and a command would end in a traceback."""
    found, tasks = asyncio.run(stop_while_a_fetch_waits(StoppedFetcher))
    assert all(task.cancelled() for task in tasks)
    assert found._fetch_task.done()
    assert not found._pending_tasks
    # why this class is there: where aiokafka does so itself, it can go
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stop_while_a_fetch_waits(fetcher.Fetcher))


def test_a_routine_that_swallows_its_cancellation_is_asked_again():
    """As it cancels the fetches of an assignment that was lost. aiokafka asks once, and waits for ever."""

    async def stop() -> bool:
        found = make_fetcher(StoppedFetcher)
        found._pending_tasks.add(asyncio.create_task(failed_fetch(found)))
        await asyncio.sleep(0)  # its own task begins, and cancels what it finds
        await found.close()
        return bool(found._fetch_task.done())

    assert asyncio.run(asyncio.wait_for(stop(), 10))


async def stop_right_after_the_start(kind: Any) -> Any:
    found = kind(AIOKafkaClient(), SubscriptionState(), exclude_internal_topics=True)
    await found.close()
    return found


def test_a_consumer_may_be_stopped_before_its_tasks_have_run():
    assert asyncio.run(stop_right_after_the_start(StoppedCoordinator))._reset_committed_task is None
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stop_right_after_the_start(group_coordinator.NoGroupCoordinator))


def test_who_is_cancelled_while_stopping_obeys_once_the_tasks_have_ended():
    """A deadline of a stop goes on working."""

    async def stop() -> list[bool]:
        found = make_fetcher(StoppedFetcher)
        task = asyncio.create_task(failed_fetch(found))
        found._pending_tasks.add(task)
        await asyncio.sleep(0)
        stopping = asyncio.create_task(found.close())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        await asyncio.wait({task})
        return [found._fetch_task.done(), task.cancelled()]

    assert asyncio.run(stop()) == [True, True]


def test_every_consumer_of_the_product_is_made_so():
    assert clients.stopping_consumers is consumer_thread.stopping_consumers
    assert aiokafka_consumer.Fetcher is StoppedFetcher
    assert aiokafka_consumer.NoGroupCoordinator is StoppedCoordinator
