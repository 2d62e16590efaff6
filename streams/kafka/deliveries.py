"""Writes that a topic has not acknowledged: what is waited for, for how long, and what a refusal means.

The rule (docs/TRANSACTIONS.md, "When an output cannot be written"): what may pass by itself is waited for. Input stands
still meanwhile, and `/readyz` names the topic. What cannot pass is one message that names the topic and what to do.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

from aiokafka import TopicPartition
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedForMessageFormatError,
)

from streams.errors import DeliveryError, RefusedError
from streams.log import logs

logger = logs.get_logger(__name__)

# Waking time is counted in looks of this length; a longer gap between two is a process that was stopped (SIGSTOP).
LOOK_SECONDS = 1.0
STOPPED_SECONDS = 5.0
# An acknowledgement takes milliseconds, a leader election a second or two; nobody need hear of those.
TOLD_AFTER_SECONDS = 3.0

# The broker's final word on a batch: sent again it is refused again, until an operator changes something.
REFUSALS = (
    ClusterAuthorizationFailedError,
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedForMessageFormatError,
)

_TABLE = "compare with `fxwatch topics diff`, mend with `fxwatch topics apply`"
_ADVICE = {
    "MessageSizeTooLargeError": f"raise max.message.bytes of {{topic}}: {_TABLE}; then start the worker again",
    "RecordListTooLargeError": f"raise max.message.bytes of {{topic}}: {_TABLE}; then start the worker again",
    "TopicAuthorizationFailedError": "grant this worker Write and Describe on {topic}, then start it again",
    "NotEnoughReplicasError": f"bring the brokers of {{topic}} back, or correct its min.insync.replicas: {_TABLE}",
    "UnknownTopicOrPartitionError": "{topic} is missing: create it with `fxwatch topics apply`",
}
_OTHERWISE = f"see the broker's log about {{topic}}; {_TABLE}"


class Write(NamedTuple):
    """A batch or record under way to a topic's partition; `delivery` is aiokafka's future of its acknowledgement."""

    topic: str
    partition: int
    delivery: "asyncio.Future[Any]"


def mark_heard(delivery: "asyncio.Future[Any]") -> None:
    """A callback for a future whose fault follows from one that is told: asyncio would tell it at `error`, unasked."""
    if not delivery.cancelled():
        delivery.exception()


class RetryLog(logging.Handler):
    """What the broker last answered for a partition whose batch is sent again.

    aiokafka tells of it in its log only; tests/unit/streams/kafka/test_deliveries.py guards the form it has there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, int], str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the answer; other messages are none of ours."""
        if not isinstance(record.args, tuple) or len(record.args) != 2:  # noqa: PLR2004
            return
        place, answer = record.args
        if isinstance(place, TopicPartition):
            self.answers[place.topic, place.partition] = getattr(answer, "__name__", str(answer))


_retries = RetryLog()
logging.getLogger("aiokafka.producer.sender").addHandler(_retries)


class Awake:
    """Tells whether this process ran all the time since the context was entered; one that was stopped sees a gap.

    Use in an event loop: it looks every `LOOK_SECONDS`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._stopped = clock, False

    def __enter__(self) -> Self:
        self._seen = self._clock()
        self._next = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._next.cancel()

    def _look(self) -> None:
        self._note()
        self._next = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _note(self) -> None:
        now = self._clock()
        self._stopped, self._seen = self._stopped or now - self._seen >= STOPPED_SECONDS, now

    @property
    def all_the_time(self) -> bool:
        """Whether no gap was seen up to now."""
        self._note()
        return not self._stopped


class _End(NamedTuple):
    """A transaction whose end is waited for: what to say of it, its progress topic, since when, and when to say it."""

    text: str
    topic: str
    since: float
    told_after: float


class Outstanding:
    """The writes of one producer that are not acknowledged yet. `patience`: seconds a write may take in all."""

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._clock = patience, clock
        self._since: dict[tuple[str, int], float] = {}
        self._told: set[str] = set()
        self._end: _End | None = None
        self.awake_seconds = 0.0

    def forget(self) -> None:
        """Nothing of an earlier transaction counts any more: neither how long it was waited for, nor awake or not."""
        for place in self._since:
            _retries.answers.pop(place, None)
        self._since.clear()
        self._told.clear()
        self._end, self.awake_seconds = None, 0.0

    async def wait_acknowledged(self, writes: Sequence[Write]) -> None:
        """Return when all writes are acknowledged.

        Raises `RefusedError` when a topic refuses for good, `DeliveryError` after the patience, and aiokafka's own
        error when it cannot be told what became of the write. `awake_seconds` is then how long this process waited
        without being stopped in between.
        """
        for write in writes:
            self.note_begun(write.topic, write.partition)
        self.awake_seconds, waiting = 0.0, list(writes)
        try:
            while waiting:
                waiting = [write for write in waiting if not self._settled(write)]
                if waiting:
                    await self._look(waiting)
        except BaseException:
            for write in writes:
                write.delivery.add_done_callback(mark_heard)
            raise

    def note_begun(self, topic: str, partition: int) -> None:
        """A write to the partition begins; one that is sent again has begun before."""
        self._since.setdefault((topic, partition), self._clock())

    @staticmethod
    def note_refused(topic: str, partition: int, fault: KafkaError) -> None:
        """What kept a write from being handed over at all."""
        _retries.answers[topic, partition] = type(fault).__name__

    def note_committing(self, what: str, topic: str) -> None:
        """The commit of `what` is waited for; of one that takes no longer than usual nobody need hear."""
        if self._end is None:
            text = f"{what}: the commit of its outputs is not answered"
            self._end = _End(text, topic, self._clock(), TOLD_AFTER_SECONDS)

    def note_settling(self, what: str, topic: str, cause: str) -> None:
        """How the transaction of `what` ended is not known: that is told from the beginning, with the last `cause`."""
        text = f"{what}: whether its outputs were committed is being found out ({cause})"
        since = self._end.since if self._end is not None else self._clock()
        self._end = _End(text, topic, since, 0.0)

    def _settled(self, write: Write) -> bool:
        if not write.delivery.done():
            return False
        try:
            write.delivery.result()
        except REFUSALS as fault:
            raise make_refused_error(write.topic, write.partition, fault) from fault
        self.note_arrived(write.topic, write.partition)
        return True

    async def _look(self, waiting: Sequence[Write]) -> None:
        began = self._clock()
        await asyncio.wait(
            [write.delivery for write in waiting], timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        took = self._clock() - began
        self.awake_seconds = self.awake_seconds + took if took < STOPPED_SECONDS else 0.0
        for reason in self._late_writes():
            topic = reason.partition(":")[0]
            if topic not in self._told:
                self._told.add(topic)
                logger.warning("%s", reason, topic=topic)
        self.check_patience()

    def check_patience(self) -> None:
        """Raise `DeliveryError` when a write has waited for longer than the patience."""
        if self._since and self._clock() - min(self._since.values()) > self._patience:
            raise self.make_given_up_error("TimeoutError")

    def make_given_up_error(self, cause: str) -> DeliveryError:
        """The error of a write that is waited for no longer."""
        places = sorted({topic for topic, _ in self._since} | ({self._end.topic} if self._end is not None else set()))
        return DeliveryError(
            "Kafka did not acknowledge what was written to " + ", ".join(places),
            got="; ".join(self.reasons()) or cause,
            expected=f"an acknowledgement within broker_patience_seconds = {self._patience:.0f}",
            todo="nothing was committed past it: mend the topic or the broker, then start the worker again",
        )

    def note_arrived(self, topic: str, partition: int) -> None:
        """A write to the partition was acknowledged."""
        if self._since.pop((topic, partition), None) is None:
            return
        _retries.answers.pop((topic, partition), None)
        if topic in self._told and not any(name == topic for name, _ in self._since):
            self._told.discard(topic)
            logger.warning("%s takes writes again", topic, topic=topic)

    def clear(self) -> None:
        """Everything is known to be written."""
        self._end = None
        for topic, partition in list(self._since):
            self.note_arrived(topic, partition)

    def reasons(self) -> list[str]:
        """A sentence for each topic, and for an end, waited for long enough to be told; empty when all is well."""
        reasons, end = self._late_writes(), self._end
        if end is not None and (took := self._clock() - end.since) >= end.told_after:
            reasons.append(
                f"{end.text}, for {took:.0f} s now; input stands still until it is known; "
                f"to do: {_OTHERWISE.format(topic=end.topic)}"
            )
        return reasons

    def _late_writes(self) -> list[str]:
        now = self._clock()
        late: dict[str, list[tuple[int, float]]] = {}
        for (topic, partition), since in sorted(self._since.items()):
            if now - since > TOLD_AFTER_SECONDS:
                late.setdefault(topic, []).append((partition, since))
        return [self._reason(topic, found, now) for topic, found in late.items()]

    def _reason(self, topic: str, found: list[tuple[int, float]], now: float) -> str:
        answers = {answer for partition, _ in found if (answer := _retries.answers.get((topic, partition)))}
        answer = ", ".join(sorted(answers)) or "no answer"
        advice = next((_ADVICE[name] for name in sorted(answers) if name in _ADVICE), _OTHERWISE).format(topic=topic)
        numbers = ", ".join(str(partition) for partition, _ in found)
        longest = now - min(since for _, since in found)
        return (
            f"{topic}: partition {numbers} has not acknowledged a write for {longest:.0f} s ({answer}); "
            f"input stands still until it does; to do: {advice}"
        )


def make_refused_error(topic: str, partition: int, fault: KafkaError) -> RefusedError:
    """The one message about a topic that refuses a write for good."""
    name = type(fault).__name__
    return RefusedError(
        f"{topic}[{partition}] refuses what was written to it",
        got=f"{name}: {getattr(fault, 'description', fault)}",
        expected="an acknowledgement; nothing was acknowledged past this write, so nothing is lost",
        todo=_ADVICE.get(name, _OTHERWISE).format(topic=topic),
    )
