"""Keeps a snapshot, its ledger and what they come to, for later versions to load: `python -m tests.evolution.keep`.

Writes `tests/evolution/state-v<STATE_SCHEMA>/` and the schema's line in `layouts.toml`. Run it once for each schema.
"""

import asyncio
import gzip
import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from detectors.memory.frozen_state import STATE_SCHEMA
from streams.kafka import topics
from streams.ledger.progress import AgentPartition
from streams.monitor.core import MonitorCore
from streams.partition.snapshot_writer import SnapshotPlan, SnapshotWriter
from streams.proofs.first_difference import unworded
from streams.settings import overlay_configuration
from tests.bench.workload import Stored, ingested, records, stored

HERE = Path(__file__).parent
TOPIC_ID = "kept-ledger"
EVENTS, SEED = 8_000, 3
# models warm early, so that statistical alerts come too, and small windows, so that the files stay small
TABLES = {
    "detectors": {
        "warm_up": 30,
        "calibration_window": 60,
        "daily_budget": 2000.0,
        "rank_ceiling": 1.0,
        "most_by_chance": 1e9,
        "exploration": 0.1,
    }
}


class Recorder:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[SimpleNamespace] = []

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def begin_transaction(self) -> None:
        """Nothing to do."""

    async def commit_transaction(self) -> None:
        """Nothing to do."""

    async def send(self, topic: str, value: bytes, key: bytes, _partition: int) -> "asyncio.Future[Any]":
        """Keep a record."""
        self.records.append(SimpleNamespace(topic=topic, key=key, value=value, offset=len(self.records)))
        delivery: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        delivery.set_result(self.records[-1])
        return delivery


def ledger() -> tuple[int, list[Stored]]:
    """The partition with most records of a seeded stream, and its ledger."""
    configuration = overlay_configuration(TABLES)
    written = ingested(stored(records(EVENTS, SEED, bad_share=0.02)), configuration).ledger
    number = max(range(len(written)), key=lambda one: len(written[one]))
    return number, written[number]


def alert_hash(values: list[bytes]) -> str:
    """SHA-256, hex, of alerts in their order, without their sentences: a later release may say it in other words."""
    return hashlib.sha256(b"\n".join(unworded(value) or b"" for value in values)).hexdigest()


def expected(number: int, log: list[Stored], save_at: int) -> tuple[list[SimpleNamespace], dict[str, Any]]:
    """The snapshot's records, and what the whole ledger comes to."""
    core, recorder, alerts = MonitorCore("kept"), Recorder(), []
    plan = SnapshotPlan(
        topic=topics.SNAPSHOTS,
        schema=STATE_SCHEMA,
        code="kept",
        config="kept",
        topic_id=TOPIC_ID,
        every_events=1,
        every_seconds=1,
    )
    place = AgentPartition(topics.PROGRESS, "monitor", number)

    async def save(frozen: Any) -> None:
        writer = SnapshotWriter(lambda: recorder, place, plan)  # type: ignore[arg-type, return-value]
        writer.begin(frozen, save_at, None)
        await writer.finish()

    state = core.new(number)
    for record in log:
        outputs = core.apply(state, number, record, muted=False)
        alerts += [one.value for one in outputs if one.topic == topics.ALERTS and record.offset >= save_at]
        if state.next == save_at:
            asyncio.run(save(state.freeze()))
    told = {
        "partition": number,
        "snapshot_at": save_at,
        "next": state.next,
        "parties": len(state.parties),
        "counters": state.counters,
        "digest": state.freeze().digest(),
        "alerts_after_snapshot": len(alerts),
        "alerts_sha256": alert_hash(alerts),
    }
    return recorder.records, told


def main() -> None:
    """Write the files of today's schema; refuses to change those of a schema that is kept already."""
    target = HERE / f"state-v{STATE_SCHEMA}"
    if target.exists():
        sys.exit(f"{target.name} is kept already: raise STATE_SCHEMA, or delete it if no version with it was released")
    number, log = ledger()
    written, told = expected(number, log, len(log) // 2)
    target.mkdir()
    for record in written:
        name = record.key.decode().rsplit("/", 1)[1]
        if record.topic == topics.SNAPSHOTS:
            (target / ("header.json" if name == "header" else f"chunk-{name}.bin")).write_bytes(record.value)
    packed = msgspec.msgpack.encode([(one.offset, one.timestamp, one.key, one.value, one.headers) for one in log])
    (target / "ledger.msgpack.gz").write_bytes(gzip.compress(packed, 9, mtime=0))
    (target / "expected.json").write_text(json.dumps(told, indent=1) + "\n")
    _keep_layout()
    print(f"{target.name}: {len(log)} records, {told['parties']} parties")


def _keep_layout() -> None:
    from tests.evolution.layout import layout

    file = HERE / "layouts.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{STATE_SCHEMA} =")]
    file.write_text("\n".join([*lines, f'{STATE_SCHEMA} = "{layout()}"']) + "\n")


if __name__ == "__main__":
    main()
