"""Tells that the newest configuration was refused, so that everybody follows the one before: a note on `/readyz`.

The worker is as ready as before. Without the note only the log of the moment and a dead letter said so, and who had put
the configuration there believed it to be in force.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka.errors import KafkaError

from detectors.core import RULES_PARTITION
from streams.errors import FxwatchError
from streams.kafka.async_tasks import cancel_and_wait
from streams.kafka.topics import RULES
from streams.ledger.configuration_in_force import place_of, refused_place
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

RETRY_SECONDS = 30.0
# An admitted change is looked at so long after the last one. Failure prevented: a flood of them, and a look for each.
SETTLED_SECONDS = 1.0


class RulesRefused:
    """Of the ingest worker that reads the configurations; `look` says where a refused one stands (blocking)."""

    def __init__(self, settings: Settings, look: Callable[[Settings], str | None] = refused_place) -> None:
        self._settings, self._look = settings, look
        self._held = False
        self._place: str | None = None
        self._looking: asyncio.Task[None] | None = None

    async def note_assigned(self, places: set[tuple[str, int]]) -> None:
        """The worker holds these partitions now. One that did not have the configurations' looks at what is there."""
        held = (RULES, RULES_PARTITION) in places
        if held and not self._held:
            await cancel_and_wait(self._looking)
            self._looking = asyncio.ensure_future(self._find(0.0))
        self._held = held

    async def stop(self) -> None:
        """Look no more."""
        await cancel_and_wait(self._looking)

    def note_taken(self, record: Any, *, refused: bool) -> None:
        """A record was admitted or refused at the door; those of other topics are ignored.

        What the door admits is looked at again: where approvers are named, monitors refuse what they did not sign.
        """
        if record.topic == RULES and record.partition == RULES_PARTITION:
            if self._looking is not None:
                self._looking.cancel()  # this record is newer than what is looked at
            self._place = place_of(record.offset) if refused else None
            if not refused:
                self._looking = asyncio.ensure_future(self._find(SETTLED_SECONDS))

    def notes(self) -> list[str]:
        """What to say on `/readyz`; empty when the newest configuration is in force."""
        if not self._held or self._place is None:
            return []
        what = f"ingest: the newest configuration ({self._place}) is refused, so that another is in force"
        return [f"{what}; to do: see why with fxwatch deadletter list, which with fxwatch rules show; then rules apply"]

    async def _find(self, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        while True:
            try:
                self._place = await asyncio.to_thread(self._look, self._settings)
            except (FxwatchError, KafkaError) as fault:
                logger.info("whether the newest configuration is refused cannot be told now: %s", fault)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
