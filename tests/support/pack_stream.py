"""A stream with the scenario pack in it, read back: bodies by event_id, who planted what, and what the rules say."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import orjson

from detectors import core
from streams.contracts.input_record import DECLARATIONS, TRANSACTIONS, ArrivedRecord, InputRecord
from streams.generator import Simulation
from streams.ingest.door import Rejected
from streams.ledger import envelope
from tests.support.pipeline import Pipeline

# 240 days hold every variant, the silence of T14 too; the limits of 2025 and of 2026 are both in force within them
EVENTS, DAYS, START = 60_000, 240, date(2025, 12, 15)


class PackStream:
    """The preset `full` of the generator, kept whole."""

    def __init__(self, seed: int) -> None:
        self.simulation = Simulation(seed, EVENTS, preset="full", days=DAYS, start=START)
        self.records: list[InputRecord] = list(self.simulation)
        self.truth = self.simulation.truth
        self.cases: list[dict[str, Any]] = self.truth.of("case")
        self.topic_of: dict[str, str] = {}
        self.bodies: dict[str, dict[str, Any]] = {}
        self.record_of: dict[str, InputRecord] = {}
        for record in self.records:
            if record.topic in {TRANSACTIONS, DECLARATIONS}:
                body = orjson.loads(record.value or b"")
                self.bodies[body["event_id"]] = body
                self.topic_of[body["event_id"]] = record.topic
                self.record_of[body["event_id"]] = record

    def fired(self, parties: Iterable[str]) -> dict[str, set[str]]:
        """event_id -> typologies that fire at it, for these parties' events after all rates, in stream order."""
        wanted, found = set(parties), defaultdict[str, set[str]](set)
        pipeline = Pipeline()
        for record in self.records:
            if not record.topic.endswith("rates.v1") and (record.key or b"").decode() not in wanted:
                continue
            for typologies, event_id in _applied(pipeline, record):
                found[event_id] |= typologies
        return found


def _applied(pipeline: Pipeline, record: InputRecord) -> list[tuple[set[str], str]]:
    offset = pipeline.offsets[record.topic] = pipeline.offsets.get(record.topic, -1) + 1
    admitted = pipeline.door.admit(
        ArrivedRecord(record.topic, 0, offset, record.timestamp_ms, record.key, record.value, list(record.headers))
    )
    if isinstance(admitted, Rejected):
        raise TypeError(f"{record.topic} {record.value!r}: {admitted.message}")
    done = []
    for _, key, value, headers in admitted.records:
        place = len(pipeline.log)
        pipeline.log.append((place, record.timestamp_ms, key, value, headers))
        event, origin = envelope.decode_record(value, headers, place, record.timestamp_ms, 0)
        outputs = core.apply(pipeline.state, event, origin)
        if outputs.assessed is not None:
            done.append(({typology for typology, _ in outputs.assessed.fired}, event.event_id))
    return done


def at(body: dict[str, Any]) -> datetime:
    """When it happened, UTC."""
    text = body["event_time"] if "event_time" in body else body["declared_time"]
    return datetime.fromisoformat(text).astimezone(UTC)
