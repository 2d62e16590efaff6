"""The proof that no identifier leaves ingest: a stream full of them through real workers, then all is scanned."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams.cli.reidentify import generate_keys
from streams.contracts.dead_letters import PREFIX
from streams.kafka import clients, topics
from streams.ledger.snapshot_format import Chunk
from streams.publication.sending import publish_records
from streams.settings import Settings, load_settings
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import Cluster
from tests.support.identified_stream import IdentifiedStream
from tests.support.identifier_scan import Hit, Scanner

PAGES = ("/metrics", "/healthz", "/readyz")
# what `generate_keys` seals to: without it no identities would be written, and nothing proved of them
SEAL_KEY = "seal.pub"


class Proof(msgspec.Struct, kw_only=True):
    """What was scanned and found. `places`: records or pages by kind, none of which may be 0."""

    hits: list[Hit]
    needles: int
    left_out: list[str]
    places: Counter[str]
    megabytes: float
    seconds: float
    planted: list[Hit]

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.places.items()))
        return (
            f"{self.needles:,} identifiers in {self.megabytes:,.0f} MB: {len(self.hits)} found; scanned in "
            f"{self.seconds:.1f} s: {kinds}"
        )


def prove(bootstrap: str, directory: Path, *, events: int, seed: int = 1, **settings: Any) -> Proof:
    """Send a stream full of identifiers through two workers, and scan what they wrote, said and showed."""
    generate_keys(directory / "seal")
    seal = {"seal_key_file": directory / "seal" / SEAL_KEY}
    with Cluster(bootstrap, directory, MANY_ALERTS, snapshot_every_events=500, **seal, **settings) as cluster:
        cluster.start("all", "all")
        stream = IdentifiedStream(seed, events)
        publish_records(load_settings(bootstrap=bootstrap), stream, stamps="now", expected=stream.count)
        cluster.wait_drained(60 + events / 200)
        pages = [
            (f"page {page} of {worker.log.name}", text.encode())
            for worker in cluster.workers
            for page in PAGES
            if (text := worker.page(page)) is not None
        ]
        told = cluster.fxwatch("reconcile", "--json", check=False)
        cluster.stop_all()
        began = time.monotonic()
        scanner, counts = Scanner(stream.needles), Counter[str]()
        places = [
            *pages,
            *((f"log {worker.log.name}", worker.log.read_bytes()) for worker in cluster.workers),
            ("output of reconcile", (told.stdout + told.stderr).encode()),
            *asyncio.run(records(cluster.settings)),
        ]
        hits = scanner.scan(_counted(places, counts))
        seconds = time.monotonic() - began
        planted = scanner.scan(_with_plants(places, sorted(stream.needles)))
    size = sum(len(content) for _, content in places)
    return Proof(
        hits=hits,
        needles=scanner.needles,
        left_out=scanner.left_out,
        places=counts,
        megabytes=size / 1e6,
        seconds=seconds,
        planted=planted,
    )


def _counted(places: list[tuple[str, bytes]], counts: Counter[str]) -> Iterator[tuple[str, bytes]]:
    for name, content in places:
        counts[name.split("[", maxsplit=1)[0].split(" of ")[0].split(" worker")[0]] += 1
        yield name, content


def _with_plants(places: list[tuple[str, bytes]], needles: list[str]) -> list[tuple[str, bytes]]:
    """The same log and ledger with one identifier planted in each: the scan must see exactly these."""
    log = next(place for place in places if place[0].startswith("log "))
    record = [place for place in places if place[0].startswith(f"{topics.LEDGER}[")][-1]
    return [
        (log[0], log[1] + f"\nINFO party {needles[0]} seen\n".encode()),
        (record[0], record[1][:-1] + b',"x_party":' + msgspec.json.encode(needles[-1]) + b"}"),
    ]


async def records(settings: Settings) -> list[tuple[str, bytes]]:
    """Every record that stands on a topic behind the door, aborted transactions too: key, value and headers.

    Of dead letters the headers that ingest adds alone: value, key and the sender's headers are the originals by
    contract. Snapshots also as the sections they hold, joined: an identifier may lie across two pieces.
    """
    found = []
    sections: dict[str, bytearray] = {}
    for topic in topics.table(settings):
        # the last of the inputs is written by monitors
        if topic.name in topics.INPUTS and topic.name != topics.LEARNING:
            continue
        for number in range(topic.partitions):
            async for record in _of(settings, topic.name, number):
                place = f"{topic.name}[{number}]@{record.offset}"
                if topic.name == topics.DEADLETTER:
                    parts = [content or b"" for name, content in record.headers if name.startswith(PREFIX)]
                else:
                    parts = [record.key or b"", record.value or b""]
                    parts += [part for name, content in record.headers for part in (name.encode(), content or b"")]
                if topic.name == topics.SNAPSHOTS:
                    _join(record.value, sections)
                found.append((place, b"\0".join(parts)))
    return [*found, *((f"sections[{name}]", bytes(content)) for name, content in sections.items())]


def _join(value: bytes | None, sections: dict[str, bytearray]) -> None:
    try:
        chunk = msgspec.msgpack.decode(value or b"", type=Chunk)
    except msgspec.DecodeError:
        return  # a header, which is JSON
    for name, content in chunk.sections:
        sections.setdefault(f"{chunk.snapshot_id}/{name.rpartition('#')[0]}", bytearray()).extend(content)


async def _of(settings: Settings, topic: str, partition: int) -> Any:
    consumer = clients.make_reader(settings, committed=False)
    await consumer.start()
    try:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        end = await clients.end_offset(consumer, tp)
        await consumer.seek_to_beginning(tp)
        while await consumer.position(tp) < end:
            for batch in (await consumer.getmany(tp, timeout_ms=200)).values():
                for record in batch:
                    yield record
    finally:
        await consumer.stop()


def assert_nothing_found(proof: Proof) -> None:
    """Nothing but what was planted, and nothing left unscanned."""
    of_each = list({hit.needle: hit for hit in proof.hits}.values())
    assert proof.hits == [], f"{len(of_each)} identifiers behind the door, such as {of_each[:20]}"
    assert proof.left_out == [], "the stream holds identifiers too short to look for"
    assert len(proof.planted) == 2, proof.planted
    wanted = {
        topics.LEDGER,
        topics.LEGS,
        topics.ALERTS,
        topics.NOTICES,
        topics.LEARNING,
        topics.SNAPSHOTS,
        topics.PROGRESS,
        topics.CLOCK,
        topics.IDENTITIES,
        topics.DEADLETTER,
        topics.desk_topic("supervision"),
        topics.desk_topic("compliance"),
        "sections",
        "log",
        "output",
        *(f"page {page}" for page in PAGES),
    }
    assert wanted <= proof.places.keys(), f"nothing was scanned of {sorted(wanted - proof.places.keys())}"
