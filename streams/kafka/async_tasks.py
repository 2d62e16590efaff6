"""Ending a task for certain, and letting one end for certain."""

import asyncio
from typing import Any

CANCEL_AGAIN_SECONDS = 0.1
# For one that closes a consumer as it ends: asked again in the middle of it, the consumer would not leave its group,
# and the group would wait a session time-out for it.
CLOSING_SECONDS = 1.0


async def cancel_and_wait(task: "asyncio.Task[Any] | None", again: float = CANCEL_AGAIN_SECONDS) -> None:
    """Cancel a task and wait until it has ended; one that has not after `again` seconds is asked again.

    Asked once is not enough: `asyncio.wait_for` of Python 3.11 forgets a cancellation that comes as its work is done.
    A partition's opening would then go on beside the partition's next owner, and fence it.
    """
    cancelled: asyncio.CancelledError | None = None
    while task is not None and not task.done():
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=again)
        except asyncio.CancelledError as asked:
            cancelled = asked  # obeyed, but not before the task has ended
    if cancelled is not None:
        raise cancelled


async def wait_to_the_end(task: "asyncio.Future[Any]") -> None:
    """Wait until a task has ended by itself, however often the waiter is cancelled meanwhile; then obey.

    Its result, or what it raised, is left to who asks for it. Awaited itself it would be cancelled with the waiter.
    """
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as asked:
            cancelled = asked
    if cancelled is not None:
        raise cancelled
