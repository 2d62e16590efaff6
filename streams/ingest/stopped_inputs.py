"""Input partitions that are stopped while the others go on: why, for how long, and how they go on.

* A **damaged record set** (streams/kafka/unreadable_sets.py) stops its partition at its position: logged once, on
  `/readyz`. It is read again every 10 s, because a replica may be restored. An operator may decide to pass it with
  `fxwatch skip ingest`: then a dead letter stands for all its offsets, so that `reconcile` accounts for them.
* A **broker that answers a fetch with an error** of its own log: `/readyz`. It is asked again until it does not.
* A **sender's open transaction** hides what was written behind it until it ends; brokers end it after
  `transaction.max.timeout.ms` (15 minutes). That is no fault of the worker: a note on `/readyz`, and a metric.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    KafkaStorageError,
    UnknownError,
)
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from streams.errors import FxwatchError, PartitionStoppedError
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger.progress import AgentPartition, Progress
from streams.log import logs

logger = logs.get_logger(__name__)

POLL_SECONDS = 2.0
# Between two readings of a damaged set; each fetches at most 1 MiB.
READ_AGAIN_SECONDS = 10.0
# A live sender's transaction takes less. Longer, the payments behind it are late, and somebody should know why.
OPEN_TOLD_SECONDS = 30.0
# A commit is tried again each second; an election, or a rebalance, takes some.
OWED_TOLD_SECONDS = 30.0
# An election passes by itself within some seconds.
REFUSED_TOLD_SECONDS = 5.0
# Errors of a broker's log. Others (no leader, not authorised) have their own ways, and a watchdog for when those fail.
OF_THE_LOG = {error.__name__ for error in (CorruptRecordException, KafkaStorageError, UnknownError)}

ReadProgress = Callable[[AgentPartition], Any]


class StoppedInputs:
    """Looks after the partitions of one ingest consumer. `consumer()` is it, or None while there is none.

    `read_progress(place)` awaits what `fx.progress.v1` says; `topic_ids` are the inputs' ids now.
    """

    def __init__(
        self,
        consumer: Callable[[], Any],
        read_progress: ReadProgress,
        topic_ids: Callable[[], Mapping[str, bytes]],
        *,
        agent: str,
        topic: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer, self._read_progress, self._topic_ids = consumer, read_progress, topic_ids
        self._agent, self._topic, self._now = agent, topic, now
        self._known: dict[TP, Unreadable] = {}
        self._read_at: dict[TP, float] = {}
        # by partition: last stable offset, and since when it has not moved though something is behind it
        self._open: dict[TP, tuple[int, float]] = {}

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Tell of new stops, honour decisions, read damaged sets again."""
        consumer = self._consumer()
        stopped: dict[TP, Unreadable] = dict(consumer.stopped) if consumer is not None else {}
        for tp, unreadable in stopped.items():
            known = self._known.get(tp)
            if known is None or known.first != unreadable.first:
                logger.error(
                    "%s", self._told(unreadable), topic=tp.topic, partition=tp.partition, offset=unreadable.first
                )
                self._read_at[tp] = self._now()
            self._known[tp] = unreadable
            if await self._decided(tp, unreadable):
                logger.warning(
                    "%s: passed, as was decided",
                    unreadable,
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=unreadable.first,
                )
                del self._known[tp]
                await _go_on(consumer, tp, past=True)
            elif self._now() - self._read_at[tp] >= READ_AGAIN_SECONDS:
                self._read_at[tp] = self._now()
                await _go_on(consumer, tp, past=False)
        self._forget_others(consumer, stopped)

    def _forget_others(self, consumer: Any, stopped: Mapping[TP, Unreadable]) -> None:
        """What is read elsewhere than at its set goes on; what another worker holds is none of ours to tell of.

        One that is being read again is neither. Failure prevented: it was said to go on when the reading took longer
        than two seconds, and to have stopped once more when it was done.
        """
        for tp, unreadable in [(tp, known) for tp, known in self._known.items() if tp not in stopped]:
            if tp not in consumer.assignment():
                del self._known[tp]
            elif consumer.has_left(tp, unreadable.first):
                logger.warning("%s[%d] goes on", tp.topic, tp.partition, topic=tp.topic, partition=tp.partition)
                del self._known[tp]

    async def _decided(self, tp: TP, unreadable: Unreadable) -> bool:
        try:
            progress: Progress = await self._read_progress(AgentPartition(self._topic, self._agent, tp.partition))
        except (FxwatchError, KafkaError) as fault:
            logger.info("decisions cannot be read now: %r", fault)
            return False
        topic_id = self._topic_ids().get(tp.topic, b"").decode()
        return any(
            skip.topic == tp.topic
            and skip.topic_id in {"", topic_id}
            and skip.offset <= unreadable.first <= max(skip.offset, skip.last)
            for skip in progress.input_skips
        )

    def _told(self, unreadable: Unreadable) -> PartitionStoppedError:
        where = f"{unreadable.topic}[{unreadable.partition}]"
        decision = (
            f"fxwatch skip {self._agent} {unreadable.partition} {unreadable.first} --topic {unreadable.topic} "
            "--reason ..."
        )
        return PartitionStoppedError(
            f"{self._agent}: {where} stopped at offset {unreadable.first}: {unreadable.cause}",
            got=f"{unreadable.size} bytes, offsets to {unreadable.offset}",
            todo=f"restore the broker's log or a replica of it, it is read again every {READ_AGAIN_SECONDS:.0f} s; "
            f"where that cannot be, record a decision: {decision}",
        )

    def observe(self) -> dict[int, int]:
        """Look at open transactions; returns the offsets behind one that has been open for long, by partition."""
        consumer, now = self._consumer(), self._now()
        held: dict[int, int] = {}
        found = consumer.open_transactions() if consumer is not None else {}
        # a partition that another worker took is none of ours to tell of
        self._open = {tp: known for tp, known in self._open.items() if tp in found}
        for tp, (stable, end) in found.items():
            if stable >= end:
                self._open.pop(tp, None)
                continue
            if self._open.get(tp, (-1, now))[0] != stable:
                self._open[tp] = stable, now
            if now - self._open[tp][1] >= OPEN_TOLD_SECONDS:
                held[tp.partition] = held.get(tp.partition, 0) + end - stable
        return held

    def standing(self) -> set[TP]:
        """Partitions whose records nobody can take now."""
        return set(self._known) | {tp for tp, _ in self._refused(0.0)}

    def unready(self) -> list[str]:
        """Why partitions stand still, each with position, cause and what to do."""
        reasons = [self._told(unreadable).message for _, unreadable in sorted(self._known.items())]
        return reasons + [
            f"{self._agent}: {tp.topic}[{tp.partition}] is not served, the broker answers {error}; see its log"
            for tp, error in self._refused(REFUSED_TOLD_SECONDS)
        ]

    def _refused(self, longer_than: float) -> list[tuple[TP, str]]:
        consumer = self._consumer()
        refused = consumer.refused() if consumer is not None else {}
        return sorted(
            (tp, one.error)
            for tp, one in refused.items()
            if one.error in OF_THE_LOG and time.monotonic() - one.since >= longer_than
        )

    def notes(self) -> list[str]:
        """What is no fault of the worker: what keeps payments waiting, and offsets that no broker takes."""
        now = self._now()
        return self._owed(now) + [
            f"{self._agent}: {tp.topic}[{tp.partition}] waits at offset {stable}: a sender's transaction has been open "
            f"for {now - since:.0f} s"
            for tp, (stable, since) in sorted(self._open.items())
            if now - since >= OPEN_TOLD_SECONDS
        ]

    def _owed(self, now: float) -> list[str]:
        consumer = self._consumer()
        since = None if consumer is None else consumer.owed_since
        if since is None or now - since < OWED_TOLD_SECONDS:
            return []
        what = f"{self._agent}: the group's offsets cannot be committed for {now - since:.0f} s now"
        meaning = "records are read and none is lost, but the next worker reads them again"
        return [f"{what}; {meaning}; to do: see the brokers' log about __consumer_offsets"]


async def _go_on(consumer: Any, tp: TP, *, past: bool) -> None:
    """Read on; a rebalance that takes the partition at this moment seeks all that is held anew, so nothing is lost."""
    try:
        await consumer.go_on(tp, past=past)
    except (KafkaError, ConsumerNotStarted) as fault:
        logger.info("%s[%d] is not read on now: %r", tp.topic, tp.partition, fault)
