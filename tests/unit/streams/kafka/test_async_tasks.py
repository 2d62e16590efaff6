"""Ending tasks, and waiting for them, while others cancel."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from streams.kafka.async_tasks import cancel_and_wait, wait_to_the_end


class Work:
    """A task's work that takes 20 ms and obeys the second cancellation only."""

    def __init__(self) -> None:
        self.deaf, self.done = False, False

    async def run(self) -> None:
        """Work."""
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            if not self.deaf:
                raise
            self.deaf = False
            await asyncio.sleep(10)
        self.done = True


def played(story: Coroutine[Any, Any, Any]) -> Any:
    """Run a story to its end."""
    return asyncio.run(asyncio.wait_for(story, 60))


def test_a_task_that_overhears_a_cancellation_is_cancelled_again() -> None:
    """`cancel_and_wait` returns when it has ended, and not before."""

    async def story() -> bool:
        work = Work()
        work.deaf = True
        task = asyncio.ensure_future(work.run())
        await asyncio.sleep(0)
        await cancel_and_wait(task)
        return task.cancelled()

    assert played(story())


@pytest.mark.parametrize("times", [1, 3])
def test_who_outlasts_a_task_leaves_it_alone_however_often_it_is_cancelled(times: int) -> None:
    """The task ends by itself; only then is the cancellation obeyed."""

    async def story() -> tuple[bool, bool]:
        work = Work()
        task = asyncio.ensure_future(work.run())
        waiting = asyncio.ensure_future(wait_to_the_end(task))
        for _ in range(times):
            await asyncio.sleep(0.001)
            waiting.cancel()
        await asyncio.wait({waiting})
        return work.done, waiting.cancelled()

    assert played(story()) == (True, True)


def test_what_an_outlasted_task_raised_is_left_to_who_asks() -> None:
    """The waiter is none of those who handle it."""

    async def story() -> BaseException | None:
        async def fail() -> None:
            raise ValueError

        task = asyncio.ensure_future(fail())
        await wait_to_the_end(task)
        return task.exception()

    assert isinstance(played(story()), ValueError)
