"""State of earlier versions loads, or is refused and rebuilt from the ledger; a new layout needs a new schema."""

import gzip
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.memory import frozen_state
from detectors.memory import state as state_module
from detectors.memory.frozen_state import STATE_SCHEMA
from detectors.memory.state import PartitionState
from streams.errors import SnapshotError
from streams.kafka import topics
from streams.ledger.snapshot_format import assemble, read_header
from streams.monitor.core import MonitorCore
from tests.bench.workload import Stored
from tests.evolution.keep import HERE, TOPIC_ID, alert_hash
from tests.evolution.layout import layout

KEPT = sorted(HERE.glob("state-v*"), key=lambda one: int(one.name.removeprefix("state-v")))


def schema_of(kept: Path) -> int:
    """The schema that a directory is of."""
    return int(kept.name.removeprefix("state-v"))


def expected(kept: Path) -> dict[str, Any]:
    """What its own version came to."""
    return dict(json.loads((kept / "expected.json").read_text()))


def ledger(kept: Path) -> list[Stored]:
    """The kept ledger."""
    rows = msgspec.msgpack.decode(gzip.decompress((kept / "ledger.msgpack.gz").read_bytes()))
    return [
        Stored(topics.LEDGER, 0, offset, timestamp, key, value, tuple(tuple(one) for one in headers))
        for offset, timestamp, key, value, headers in rows
    ]


def load(kept: Path, schema: int = STATE_SCHEMA) -> PartitionState:
    """The kept snapshot through the product's loader."""
    header = read_header((kept / "header.json").read_bytes())
    values = [chunk.read_bytes() for chunk in sorted(kept.glob("chunk-*.bin"))]
    sections = assemble(header, values, schema, TOPIC_ID)
    return MonitorCore("kept").thaw(expected(kept)["partition"], sections)


def applied(state: PartitionState, log: list[Stored], alerts_from: int) -> tuple[PartitionState, list[bytes]]:
    """Apply the rest of a ledger; the alerts from an offset on."""
    core, alerts = MonitorCore("kept"), []
    for record in log[state.next :]:
        outputs = core.apply(state, state.partition, record, muted=False)
        alerts += [one.value for one in outputs if one.topic == topics.ALERTS and record.offset >= alerts_from]
    return state, alerts


def test_todays_schema_is_kept() -> None:
    """Else the next version has nothing to be held to; see README.md for the command."""
    assert STATE_SCHEMA in map(schema_of, KEPT), "run: python -m tests.evolution.keep"


@pytest.mark.parametrize("kept", KEPT, ids=lambda one: one.name)
def test_a_kept_snapshot_continues_or_is_refused_and_rebuilt(kept: Path) -> None:
    """Same schema: same digest and alerts as in its own version. Another: refused by name, and the ledger is read."""
    told, log = expected(kept), ledger(kept)
    if schema_of(kept) == STATE_SCHEMA:
        loaded = load(kept)
        assert loaded.next == told["snapshot_at"]
        state, alerts = applied(loaded, log, told["snapshot_at"])
        assert (len(alerts), alert_hash(alerts)) == (told["alerts_after_snapshot"], told["alerts_sha256"])
        assert told["alerts_after_snapshot"] > 0
        assert state.freeze().digest() == told["digest"]
    else:
        with pytest.raises(SnapshotError):
            load(kept)
    rebuilt, _ = applied(MonitorCore("kept").new(told["partition"]), log, 0)
    assert rebuilt.next == told["next"]
    known = {name: count for name, count in rebuilt.counters.items() if name in told["counters"] and name != "alerts"}
    assert known == {name: count for name, count in told["counters"].items() if name in known}
    if schema_of(kept) == STATE_SCHEMA:
        assert rebuilt.freeze().digest() == told["digest"]


def test_a_snapshot_of_todays_schema_is_refused_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its header, and by the state itself where the header would not say so."""
    kept = KEPT[-1]
    with pytest.raises(SnapshotError, match="another state schema"):
        load(kept, STATE_SCHEMA + 1)
    monkeypatch.setattr(state_module, "STATE_SCHEMA", STATE_SCHEMA + 1)
    with pytest.raises(SnapshotError, match="another state schema"):
        load(kept, STATE_SCHEMA)


def test_the_layout_of_the_state_changes_only_with_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field more, less, renamed or moved needs another STATE_SCHEMA; and the fingerprint would see one."""
    kept = tomllib.loads((HERE / "layouts.toml").read_text())
    assert layout() == kept.get(str(STATE_SCHEMA)), "the layout of the state changed: see tests/evolution/README.md"
    monkeypatch.setattr(frozen_state, "COUNTERS", (*frozen_state.COUNTERS, "one more"))
    assert layout() != kept[str(STATE_SCHEMA)]
