"""Send records to the input topics: idempotent, acknowledged by all replicas, at a chosen pace or flat out."""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidTimestampError, KafkaError

from streams.contracts.input_record import InputRecord
from streams.errors import BrokerUnavailableError, DeliveryError, FxwatchError, TopicsError
from streams.kafka.check_connection import check_connection_here
from streams.kafka.denied import DENIED, choose_error, make_not_authorized_error
from streams.kafka.security import aiokafka_access
from streams.settings import Settings

Progress = Callable[[int], None]
Stamps = Literal["event", "now"]

# records between two turns of the event loop: some 1 ms, short enough for the network to keep moving
CHUNK = 128
# deliveries that may be open; bounds memory at some 20 MB when the broker is slower than we are
OPEN_DELIVERIES = 20_000
# less sleep than this is not worth a timer: records of one pause go out together, at most 5 ms early or late
PAUSE_SECONDS = 0.005
# stamps are whole milliseconds: at a faster pace they cannot all differ
STAMPS_A_SECOND = 1000
REQUEST_TIMEOUT_MS = 15_000
DAY_MS = 86_400_000
BATCH_BYTES = 256 * 1024
# topics allow 2 MiB; a larger record is refused by the producer with a message
REQUEST_BYTES = 2 * 1024 * 1024
# behind by more than this share of the planned time, and half a second, a pace was not kept
SLACK_SHARE, SLACK_SECONDS = 0.05, 0.5


@dataclass
class PublishSummary:
    """What was acknowledged: records, bytes of values and keys, by topic; seconds, records/s; warnings for people."""

    records: int = 0
    bytes: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    target_rate: float | None = None
    kept_pace: bool | None = None
    topics: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def publish_records(
    settings: Settings,
    records: Iterable[InputRecord],
    rate: float | None = None,
    progress: Progress | None = None,
    *,
    stamps: Stamps = "event",
    expected: int | None = None,
    slow: bool = False,
) -> PublishSummary:
    """Send `records` in their order and wait until all are acknowledged.

    `rate` in records/s paces them; None = flat out. `progress` is called with the number sent so far. `stamps`: `event`
    gives each record its own `timestamp_ms` as Kafka timestamp, the time of sending where that is negative; `now` gives
    every record a stamp at or just before its sending. With `now`, stamps keep the order of the records strictly where
    `expected` (their number) is known or the pace is below 1000/s, so that ingest sees the order between topics.
    `slow`: the next of `records` may be long in coming (a pipe); what came is sent meanwhile, for 0.1 ms a record more.

    Raises `BrokerUnavailableError`, `TopicsError` (a topic is missing), `DeliveryError` (something was not
    acknowledged; `fields` say how much was). Costs some 15 us a record beside making it.
    """
    return asyncio.run(_Publishing(settings, rate, progress, stamps, expected, slow=slow).run(records))


class _Publishing:
    def __init__(
        self,
        settings: Settings,
        rate: float | None,
        progress: Progress | None,
        stamps: Stamps,
        expected: int | None,
        *,
        slow: bool = False,
    ) -> None:
        self._slow = slow
        self._settings, self.rate, self.progress, self.stamps = settings, rate, progress, stamps
        self.summary = PublishSummary(target_rate=rate)
        self._counts: Counter[str] = Counter()
        self._open: list[asyncio.Future[Any]] = []
        self._known: set[str] = set()
        self._checked_retention: set[str] = set()
        self._deleted_soon: list[str] = []
        self._why = ""
        ahead = expected if expected is not None and rate is None else 0
        self._last_ms = time.time_ns() // 1_000_000 - ahead
        self._strict = expected is not None or (rate is not None and rate < STAMPS_A_SECOND)
        self._backdated = ahead > 0

    async def run(self, records: Iterable[InputRecord]) -> PublishSummary:
        await check_connection_here(self._settings, REQUEST_TIMEOUT_MS / 1000)
        producer = AIOKafkaProducer(
            **aiokafka_access(self._settings),
            client_id="fxwatch-publish",
            enable_idempotence=True,
            acks="all",
            linger_ms=5 if self.rate else 20,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
        except KafkaError as fault:
            await producer.stop()
            gone = BrokerUnavailableError(
                "no Kafka broker answers",
                got=self._settings.bootstrap,
                expected="a running broker",
                todo="start one with `fxwatch broker start --detach`, or set FXWATCH_BOOTSTRAP",
            )
            raise choose_error(gone, fault, "this client may not write to any topic") from fault
        try:
            self._known = set((await producer.client.fetch_all_metadata()).topics())
            begin = time.monotonic()
            await self._send_all(producer, records, begin)
            await self._settle(0)
            self._finish(time.monotonic() - begin)
        finally:
            await producer.stop()
        return self.summary

    async def _send_all(self, producer: AIOKafkaProducer, records: Iterable[InputRecord], begin: float) -> None:
        sent, waiting = 0, iter(records)
        while (record := await self._next(waiting)) is not None:
            if self.rate is not None:
                await self._pace(begin + sent / self.rate)
            await self._send(producer, record)
            sent += 1
            if sent % CHUNK == 0:
                await asyncio.sleep(0)
                if self.progress is not None:
                    self.progress(sent)
                if len(self._open) >= OPEN_DELIVERIES:
                    await self._settle(OPEN_DELIVERIES // 2)
        if self.progress is not None:
            self.progress(sent)

    async def _next(self, records: Iterator[InputRecord]) -> InputRecord | None:
        """The next record, None at the end.

        A slow one is waited for in a thread: in this one the records before it would stay unsent until it came, and
        expire after `REQUEST_TIMEOUT_MS`. No thread of the loop's own pool: asyncio waits for these when it is stopped,
        so that Ctrl-C would not end the command until the pipe gave one more line.
        """
        if not self._slow:
            return next(records, None)
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[InputRecord | None] = loop.create_future()
        threading.Thread(target=_hand_over, args=(records, loop, arrived), daemon=True).start()
        return await arrived

    @staticmethod
    async def _pace(due: float) -> None:
        wait = due - time.monotonic()
        if wait > PAUSE_SECONDS:
            await asyncio.sleep(wait)

    async def _send(self, producer: AIOKafkaProducer, record: InputRecord) -> None:
        if record.topic not in self._checked_retention:
            await self._check_topic(record)
        try:
            self._open.append(
                await producer.send(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    timestamp_ms=self._stamp(record),
                    headers=list(record.headers),
                )
            )
        except KafkaError as fault:
            raise self._failed(fault, record.topic) from fault
        self._counts[record.topic] += 1
        self.summary.bytes += len(record.value or b"") + len(record.key or b"")

    def _stamp(self, record: InputRecord) -> int:
        if self.stamps == "event" and record.timestamp_ms >= 0:
            return record.timestamp_ms
        now = time.time_ns() // 1_000_000
        if self._backdated:
            self._last_ms += 1
        else:
            self._last_ms = max(now, self._last_ms + 1) if self._strict else now
        return self._last_ms

    async def _check_topic(self, record: InputRecord) -> None:
        if record.topic not in self._known:
            raise TopicsError(
                "the topic does not exist, or this client may not see it",
                got=record.topic,
                todo="run `fxwatch topics apply`, or let this client write to it (fxwatch topics acls)",
            )
        self._checked_retention.add(record.topic)
        if self.stamps != "event" or record.timestamp_ms < 0:
            return
        held = await _topic_settings(self._settings, record.topic)
        keep_ms = int(held.get("retention.ms", "-1"))
        age_ms = time.time_ns() // 1_000_000 - record.timestamp_ms
        oldest_ms = int(held.get("message.timestamp.before.max.ms", age_ms))
        if age_ms > oldest_ms and held.get("message.timestamp.type") == "CreateTime":
            raise _too_old(record.topic, f"{age_ms / DAY_MS:.1f} days", f"at most {oldest_ms / DAY_MS:g} days")
        if keep_ms >= 0 and age_ms > keep_ms and "delete" in held.get("cleanup.policy", "delete"):
            self._deleted_soon.append(record.topic)
            self._why = (
                f"topics keep records {keep_ms / DAY_MS:g} days by their time stamps, "
                f"these are {age_ms / DAY_MS:.0f} days old"
            )

    async def _settle(self, leave: int) -> None:
        """Wait for the oldest open deliveries until only `leave` are open."""
        done, self._open = self._open[: len(self._open) - leave], self._open[len(self._open) - leave :]
        for delivery in done:
            try:
                await delivery
            except KafkaError as fault:
                raise self._failed(fault, "an input topic") from fault
            self.summary.records += 1

    def _failed(self, fault: KafkaError, topic: str) -> FxwatchError:
        if isinstance(fault, InvalidTimestampError):
            return _too_old(topic, f"{self.summary.records} records known to be acknowledged", "stamps that it takes")
        if isinstance(fault, DENIED):
            return make_not_authorized_error(f"this client may not write to {topic}", fault)
        return DeliveryError(
            f"Kafka did not take a record for {topic}: {fault}",
            got=f"{self.summary.records} records known to be acknowledged",
            expected="every record acknowledged",
            todo="see the broker's log; sending again makes duplicates, which fxwatch drops",
        )

    def _finish(self, seconds: float) -> None:
        summary = self.summary
        summary.seconds, summary.topics = round(seconds, 3), dict(sorted(self._counts.items()))
        summary.rate = round(summary.records / seconds, 1) if seconds > 0 else 0.0
        if self._deleted_soon:
            summary.warnings.append(
                f"Kafka will delete these records within minutes, read or not: {self._why} "
                f"({', '.join(self._deleted_soon)}); "
                "use the time of sending as time stamps (--timestamps now), or raise raw_retention_days"
            )
        if self.rate is None:
            return
        planned = summary.records / self.rate
        summary.kept_pace = seconds <= planned * (1 + SLACK_SHARE) + SLACK_SECONDS
        if not summary.kept_pace:
            summary.warnings.append(
                f"the pace of {self.rate:g} records/s was not kept: {summary.rate:g} records/s reached"
            )


def _hand_over(
    records: Iterator[InputRecord], loop: asyncio.AbstractEventLoop, arrived: "asyncio.Future[InputRecord | None]"
) -> None:
    """Read one record, in a thread of its own, and give it or what was raised to the loop, which may be gone by now."""

    def give(record: InputRecord | None, fault: Exception | None) -> None:
        if arrived.cancelled():
            return
        if fault is None:
            arrived.set_result(record)
        else:
            arrived.set_exception(fault)

    record, fault = None, None
    try:
        record = next(records, None)
    except Exception as raised:  # noqa: BLE001 - whatever it is, it is raised again where the record is waited for
        fault = raised
    with contextlib.suppress(RuntimeError):  # the loop was stopped meanwhile, and nobody waits
        loop.call_soon_threadsafe(give, record, fault)


def _too_old(topic: str, got: str, expected: str) -> DeliveryError:
    """Kafka keeps records by their time stamps, so that an old one would be deleted before anybody reads it."""
    return DeliveryError(
        f"{topic} takes no record whose time stamp is so far from now",
        got=got,
        expected=expected,
        todo="send with the time of sending as time stamp (--timestamps now), the event's own time "
        "stays in the record; or raise raw_retention_days, or mend this clock",
    )


async def _topic_settings(settings: Settings, topic: str) -> dict[str, str]:
    """The topic's settings as the cluster holds them. Raises `DeliveryError` when the cluster does not tell."""
    admin = AIOKafkaAdminClient(
        **aiokafka_access(settings),
        client_id="fxwatch-publish",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    await admin.start()
    try:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    except KafkaError as fault:
        untold = DeliveryError(
            "the cluster does not tell a topic's settings", got=repr(fault), todo="see the broker's log"
        )
        raise choose_error(untold, fault) from fault
    finally:
        await admin.close()
    return {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
