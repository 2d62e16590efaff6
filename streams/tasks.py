"""Ending a task for certain."""

import asyncio
from typing import Any

CANCEL_AGAIN_SECONDS = 0.1


async def ended(task: "asyncio.Task[Any] | None") -> None:
    """Cancel a task and wait until it has ended.

    Asked once is not enough: `asyncio.wait_for` of Python 3.11 forgets a cancellation that comes as its work is done.
    A partition's opening would then go on beside the partition's next owner, and fence it.
    """
    cancelled: asyncio.CancelledError | None = None
    while task is not None and not task.done():
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError as asked:
            cancelled = asked  # obeyed, but not before the task has ended
    if cancelled is not None:
        raise cancelled
