"""The ids of the input topics (KIP-516): a topic deleted and created again bears its name and begins at offset 0.

Ingest writes them into the ledger, where they part the records of the one from those of the other. They hold for the
life of the process: one that changes ends it, because what its consumer has read, and where it reads on, is the
old topic's.
"""

import asyncio
import base64
import time
import uuid
from collections.abc import Callable

from kafka.errors import KafkaError

from streams.errors import BrokerUnavailableError, FxwatchError, InputRecreatedError
from streams.kafka import topics
from streams.kafka.topics.admin_client import MISSING
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

# How often a worker looks. Costs a connection, some 20 ms of CPU beside the event loop.
WATCH_SECONDS = 10.0
RETRY_SECONDS = 1.0


def read_ids(settings: Settings) -> dict[str, bytes]:
    """The input topics' ids, 22 characters of base64 each; empty for a topic that is not there.

    Raises what `topics.read_topic_id` raises, and `NotAuthorizedError` naming those that this client may not describe.
    """
    with topics.connect(settings) as admin:
        found = topics.describe_topics(admin, topics.INPUTS)
    ids: dict[str, bytes] = {}
    for name in topics.INPUTS:
        error = found[name]["error_code"]
        if error == MISSING:
            ids[name] = b""
        else:
            ids[name] = shorten(str(found[name]["topic_id"]) if error == 0 else topics.read_topic_id(settings, name))
    return ids


def shorten(topic_id: str) -> bytes:
    """An id as Kafka's own tools show it. It stands in every ledger record, so its length counts."""
    return base64.urlsafe_b64encode(uuid.UUID(topic_id).bytes).rstrip(b"=")


class InputIds:
    """The ids that this process began with, and whether they still hold."""

    def __init__(self, settings: Settings, read: Callable[[Settings], dict[str, bytes]] = read_ids) -> None:
        self._settings, self._read = settings, read
        self.ids: dict[str, bytes] = {}

    async def look(self) -> None:
        """Read the ids; the first look is what the process goes by.

        Raises `InputRecreatedError` when a topic has another id than then, and what the reading raises.
        """
        current = await asyncio.to_thread(self._read, self._settings)
        if not self.ids:
            self.ids = current
        changed = [name for name, known in self.ids.items() if current[name] != known]
        if changed:
            raise InputRecreatedError(
                "an input topic was deleted, and perhaps created again, while this worker read it",
                got="; ".join(f"{name} with topic id {current[name].decode() or '(none)'}" for name in changed),
                expected="; ".join(self.ids[name].decode() for name in changed),
                todo="start the worker again: it goes on with the topic that is there now (a missing one: fxwatch "
                "topics apply); what the deleted one held and nobody read is gone",
            )

    async def require(self, patience: float) -> None:
        """As `look`, and waits for a cluster that cannot answer, at most `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return await self.look()
            except BrokerUnavailableError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def watch(self) -> None:
        """Look for ever. Raises `InputRecreatedError` when an id changed.

        Failure prevented: after a topic was created again aiokafka begins at its first record, which Faust drops as
        read before; the worker would look healthy and lose the new topic's records up to the old one's end.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self.look()
            except InputRecreatedError:
                raise
            except BrokerUnavailableError as fault:
                logger.debug("the input topics' ids cannot be read now: %r", fault)  # the broker watch's business
            except (FxwatchError, KafkaError) as fault:
                logger.warning("whether the input topics are still the same cannot be told: %s", fault)
