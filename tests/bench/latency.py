"""Echo latency: records sent at a steady pace over three topics, timed from send to their return."""

import asyncio
import time
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

BACK = "bench-echo-out"
PARTITIONS = 12
PADDING = b" " * 280
MARK = b"mark "
TICK_SECONDS = 0.002
# until the group is settled, and until runs and fetches have found their size
WARM_UP_SECONDS = 1.5


def sources(rate: int) -> tuple[str, ...]:
    """The three topics of a pace: each has its own, because an echo begins with whatever is there already."""
    return tuple(f"bench-echo-{rate}-{name}" for name in "abc")


class Latency(NamedTuple):
    """What came back: milliseconds at the median and the 99th percentile, and the pace that was really sent."""

    p50_ms: float
    p99_ms: float
    sent_per_second: float
    records: int


async def measure(bootstrap: str, rate: int, seconds: float) -> Latency:
    """Latency at `rate` records/s. Raises `TimeoutError` when the echo does not answer."""
    # linger: the default of Kafka's own producer since 4.0 (KIP-1030)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, enable_idempotence=True)
    consumer = AIOKafkaConsumer(BACK, bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=50)
    await producer.start()
    await consumer.start()
    try:
        await asyncio.wait_for(_answered(producer, consumer, sources(rate)), 60)
        begin = time.monotonic()
        collecting = asyncio.ensure_future(
            _collect(consumer, begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + seconds)
        )
        sent = await _send(producer, rate, begin, WARM_UP_SECONDS + seconds)
        pace = sent / (time.monotonic() - begin)
        found = sorted(await asyncio.wait_for(collecting, 60))
    finally:
        await consumer.stop()
        await producer.stop()
    return Latency(found[len(found) // 2], found[int(len(found) * 0.99)], pace, len(found))


async def _answered(producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, names: tuple[str, ...]) -> None:
    """Return when a record came back from every partition of every topic: only then is the echo at work everywhere."""
    await consumer.seek_to_end()
    waiting = {(topic, number) for topic in names for number in range(PARTITIONS)}
    for topic, number in sorted(waiting):
        await producer.send(topic, MARK + topic.encode(), partition=number)
    while waiting:
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            marks = [record.value for record in records if record.value.startswith(MARK)]
            waiting -= {(mark.removeprefix(MARK).decode(), tp.partition) for mark in marks}


async def _send(producer: AIOKafkaProducer, rate: int, begin: float, seconds: float) -> int:
    sent, names = 0, sources(rate)
    while (now := time.monotonic()) - begin < seconds:
        due = int((now - begin) * rate)
        while sent < due:
            await producer.send(names[sent % 3], b"%.6f" % time.monotonic() + PADDING, partition=sent // 3 % PARTITIONS)
            sent += 1
        await asyncio.sleep(TICK_SECONDS)
    await producer.flush()
    return sent


async def _collect(consumer: AIOKafkaConsumer, first: float, last: float) -> list[float]:
    """Milliseconds of the records sent in [first, last); returns when none has come for 2.5 s."""
    found: list[float] = []
    quiet = 0
    while quiet < 5:  # half-second looks without a record
        fetched = await consumer.getmany(timeout_ms=500)
        now = time.monotonic()
        quiet = 0 if fetched or now < last else quiet + 1
        for records in fetched.values():
            for record in records:
                if record.value.startswith(MARK):
                    continue
                sent = float(record.value[:20].split()[0])
                if first <= sent < last:
                    found.append((now - sent) * 1000)
    return found
