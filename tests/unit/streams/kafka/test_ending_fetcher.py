"""The end of a consumer's fetcher: it raises no cancellation of its own tasks, and obeys the caller's."""

import asyncio
import gc

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.kafka.ending_fetcher import EndingFetcher


async def before_it_asks_again() -> bool:
    """As aiokafka's fetch does after one that failed."""
    await asyncio.sleep(600)
    return False


async def failing() -> bool:
    raise KafkaConnectionError("gone")


def fetching(kind: type[Fetcher], *fetches, fault: BaseException | None = None) -> Fetcher:
    """A fetcher at work with these fetches under way; its own task fails with `fault`, or works."""

    async def work() -> None:
        if fault is not None:
            raise fault
        await asyncio.sleep(600)

    fetcher = kind.__new__(kind)
    fetcher._fetch_task = asyncio.ensure_future(work())
    fetcher._pending_tasks = {asyncio.ensure_future(one()) for one in fetches}
    fetcher._fetch_waiters = {asyncio.get_running_loop().create_future()}
    return fetcher


async def closed(fetcher: Fetcher) -> list[bool]:
    """Close it once its tasks have begun; whether tasks and waiters have ended."""
    tasks = [fetcher._fetch_task, *fetcher._pending_tasks]
    await asyncio.sleep(0)
    await fetcher.close()
    assert fetcher._closed
    return [one.done() for one in (*tasks, *fetcher._fetch_waiters)]


def test_a_fetch_that_waits_to_ask_again_is_no_cancellation_of_who_stops() -> None:
    """Not as by aiokafka, whose own raises it."""

    async def ours() -> list[bool]:
        return await closed(fetching(EndingFetcher, before_it_asks_again, before_it_asks_again))

    async def theirs() -> None:
        with pytest.raises(asyncio.CancelledError):
            await closed(fetching(Fetcher, before_it_asks_again))

    assert asyncio.run(ours()) == [True] * 4
    asyncio.run(theirs())


def test_what_a_last_fetch_raised_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    """Nor does asyncio tell of it."""

    async def story() -> list[bool]:
        return await closed(fetching(EndingFetcher, failing))

    assert asyncio.run(story()) == [True] * 3
    gc.collect()
    assert [one for one in caplog.records if one.name == "asyncio"] == []


def test_that_fetching_failed_for_good_is_raised_as_ever() -> None:
    """Who stops the consumer then is told why."""

    async def story() -> None:
        await closed(fetching(EndingFetcher, before_it_asks_again, fault=KafkaError("Unexpected error")))

    with pytest.raises(KafkaError, match="Unexpected error"):
        asyncio.run(story())


def test_the_callers_own_cancellation_is_obeyed() -> None:
    """Once the fetches have ended."""

    async def story() -> tuple[bool, bool]:
        fetcher = fetching(EndingFetcher, before_it_asks_again)
        [fetch] = fetcher._pending_tasks
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(fetcher.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        task = fetcher._fetch_task
        fetch.cancel()
        await asyncio.wait([fetch])
        return closing.cancelled(), task.done()

    assert asyncio.run(story()) == (True, True)
