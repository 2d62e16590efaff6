"""How many payments a day come, and what partitions have learned of them, as topics tell: for `fxwatch doctor`.

Payments a day are what `fx.transactions.v1` gained between two local midnights, by its records' timestamps: a look-up
a partition and day, and no record is read. Records sent twice, refused ones and the marks of senders' transactions are
among them. What was learned is on `fx.learning.v1`, of which the newest records of each partition are read.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from detectors.contracts.configuration import fingerprint
from detectors.contracts.learning import Learning, ScoreCounts
from detectors.memory.exchange import bins_of
from detectors.ranking.calibration import BINS, WIDER, Level
from detectors.ranking.outlook import Learned
from streams.errors import BrokerUnavailableError
from streams.kafka import clients, topics
from streams.kafka.denied import choose_error
from streams.kafka.topic_reader import Reader, count_partitions_of
from streams.settings import Settings

# Whole days looked at: a week has each weekday once.
DAYS = 7
# Records of each partition, the newest: 200 000 payments where there are many, and 200 days where there are few.
NEWEST_RECORDS = 200

_decode = msgspec.json.Decoder(Learning).decode


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """Records of payments by whole local day, oldest first, and of today so far."""

    days: dict[str, int]
    today: int

    @property
    def payments_a_day(self) -> float:
        """The mean of the days since the first that had any; before one has passed, what today has so far."""
        counts = list(self.days.values())
        while counts and not counts[0]:
            counts.pop(0)
        return sum(counts) / len(counts) if counts else float(self.today)


def read_volume(settings: Settings, now: datetime) -> Volume:
    """Payments of the last seven whole days before `now`, and of today. Raises what `count_partitions_of` raises."""
    count = count_partitions_of(settings, [topics.TRANSACTIONS])[topics.TRANSACTIONS]
    places = [TopicPartition(topics.TRANSACTIONS, number) for number in range(count)]
    midnights = list_midnights(now, ZoneInfo(settings.effective.engine.time_zone))
    try:
        positions, ends = asyncio.run(_find_positions(settings, places, [at for _, at in midnights]))
    except KafkaError as fault:
        gone = BrokerUnavailableError(
            f"the broker stopped answering while {topics.TRANSACTIONS} was looked at",
            got=repr(fault),
            todo="see `fxwatch broker status`, then ask again",
        )
        raise choose_error(gone, fault, f"this client may not read {topics.TRANSACTIONS}") from fault
    gained = [sum(after[tp] - before[tp] for tp in places) for before, after in pairwise([*positions, ends])]
    names = [day.isoformat() for day, _ in midnights]
    return Volume(days=dict(zip(names, gained[:-1], strict=False)), today=gained[-1])


def list_midnights(now: datetime, zone: ZoneInfo) -> list[tuple[date, datetime]]:
    """The local midnights that began the last seven whole days and today, oldest first, each with its day."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    return [(day, datetime(day.year, day.month, day.day, tzinfo=zone)) for day in days]


async def _find_positions(
    settings: Settings, places: list[TopicPartition], moments: Iterable[datetime]
) -> tuple[list[dict[TopicPartition, int]], dict[TopicPartition, int]]:
    """The first offset at or after each moment, by partition, and the ends; where nothing came since, the end."""
    consumer = clients.make_reader(settings, committed=False)
    try:
        await consumer.start()
        ends = {tp: int(end) for tp, end in (await consumer.end_offsets(places)).items()}
        found = []
        for moment in moments:
            asked = dict.fromkeys(places, int(moment.timestamp() * 1000))
            told = await consumer.offsets_for_times(asked)
            found.append(
                {tp: ends[tp] if told.get(tp) is None else min(int(told[tp].offset), ends[tp]) for tp in places}
            )
    finally:
        await consumer.stop()
    return found, ends


def read_learned(settings: Settings) -> Learned:
    """What partitions told of the detector set of this configuration. Raises what `Reader` raises."""
    with Reader(settings, [topics.LEARNING]) as reader:
        starts = {tp: max(reader.begins[tp], end - NEWEST_RECORDS) for tp, end in reader.ends.items()}
        values = [record.value for _, batch in reader.read_to_end(starts) for record in batch]
    detectors = settings.effective.detectors
    return count_learned(values, fingerprint(detectors), WIDER * detectors.calibration_window)


def count_learned(values: Iterable[Any], detectors: str, size: int) -> Learned:
    """Scores that each partition told of a detector set, and how many of them the level of all counts by now.

    `size` is that level's: it forgets by generations, as each partition's own does. A record told twice counts once.
    What is no such record is passed over: ingest dead-letters it.
    """
    partitions: Counter[int] = Counter()
    heard: set[tuple[int, int]] = set()
    everyone = Level(size)
    for value in values:
        try:
            record = _decode(value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        told, place = record.told, (record.partition, record.number)
        if not isinstance(told, ScoreCounts) or told.detectors != detectors or place in heard:
            continue
        bins = bins_of(told, BINS)
        if bins is None:
            continue
        heard.add(place)
        of_all: Counter[int] = Counter()
        for counts in bins.values():
            of_all.update(counts)
        partitions[record.partition] += of_all.total()
        everyone.merge(of_all)
    return Learned(partitions=dict(partitions), everyone=everyone.counted)
