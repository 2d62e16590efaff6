"""What a worker says of itself: one line when it is ready, one when its partitions changed, one when it has stopped."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streams.log import logs

# By the logger of the worker: people look for its lines there.
logger = logs.get_logger("streams.worker")

LOOK_SECONDS = 0.5
# the agents that save what they learned
LEARNING = ("monitor", "shared")


class Announcements:
    """Looks whether the worker is ready, as `/readyz` does, and which partitions it holds.

    `agents` by name, each with `held()`; `asked` are those that may say why it is not ready (`unready()`); `pages` is
    the address of its pages; `began` is when it began to start, by `clock` (seconds).
    """

    def __init__(
        self,
        agents: Mapping[str, Any],
        asked: Iterable[Any],
        pages: str,
        began: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agents, self._asked, self._pages, self._began = agents, list(asked), pages, began
        self._clock = clock
        self._told: dict[str, list[int]] | None = None
        self._stopping: float | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Tell of what is new since the last look. While anything is not ready, nothing is told: the cause is."""
        if self._stopping is not None or any(one.unready() for one in self._asked):
            return
        held = {name: agent.held() for name, agent in self._agents.items()}
        told, self._told = self._told, held
        if told is None:
            logger.info("ready", agents=list(held), **held, pages=self._pages, seconds=self._clock() - self._began)
        elif held != told:
            gained = {name: sorted(set(now) - set(told[name])) for name, now in held.items()}
            lost = {name: sorted(set(told[name]) - set(now)) for name, now in held.items()}
            changes = {"gained": gained, "lost": lost}
            logger.info(
                "partitions changed",
                **held,
                **{
                    change: {name: numbers for name, numbers in found.items() if numbers}
                    for change, found in changes.items()
                    if any(found.values())
                },
            )

    def announce_stopping(self) -> None:
        """A signal told the worker to stop."""
        if self._stopping is None:
            self._stopping = self._clock()

    def announce_stopped(self) -> None:
        """Everything has ended in order: how long that took, and what the next owner need not do again.

        `committed`: whether the groups took the offsets of all that was done. `saved`: how many of the `partitions` of
        agents that learn have a snapshot of their last state.
        """
        took = 0.0 if self._stopping is None else self._clock() - self._stopping
        committed = all(_owed_since(agent.app) is None for agent in self._agents.values())
        learning = [self._agents[name] for name in LEARNING if name in self._agents]
        saved = {}
        if learning:
            partitions = sum(len(agent.held()) for agent in learning)
            saved = {"partitions": partitions, "saved": sum(agent.saved for agent in learning)}
        logger.info("stopped", seconds=took, committed=committed, **saved)


def _owed_since(app: Any) -> float | None:
    """Since when commits are refused (run_offsets.py); None where none is, or nothing was ever read."""
    return getattr(app._consumer, "owed_since", None)  # noqa: SLF001  (`app.consumer` would make one)
