"""Rotation of the pseudonym key: whatever worker wrote which record, a party and its counterparties go on."""

import random
from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.contracts.alert import Alert
from detectors.contracts.events import ConfigurationChange
from detectors.memory.state import PartitionState
from streams.contracts.input_record import ArrivedRecord
from streams.generator import Simulation
from streams.ingest.door import Admitted, Door
from streams.kafka import topics
from streams.keys.pseudonyms import Keys, parse_keys
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from tests.support.ledger import configuration
from tests.support.rotation import former_names, parties_without_names, under_old_names, without_names

EVENTS = 1_000
K1, K2 = f"k1 = {'1a' * 32}\n", f"k2 = {'2b' * 32}\n"
OLD, NEW = parse_keys(K1, "before"), parse_keys(K2 + K1, "overlap")
# one payment in ten raises an alert, so that nothing of what alerts show goes unseen
MANY_ALERTS = {
    "detectors": {"warm_up": 20, "daily_budget": 36.0, "rank_ceiling": 1.0, "most_by_chance": 1e9},
    "engine": {"partitions": 1},
}


def written(seed: int, begin: int, end: int) -> list[Any]:
    """The ledger of a stream during which workers are restarted one by one with the new keys, from `begin` to `end`."""
    draw = random.Random(seed)
    effective = configuration(**MANY_ALERTS)
    doors: dict[str, Door] = {}

    def door(keys: Keys) -> Door:
        return doors.setdefault(repr(keys), Door(keys, 1, effective.legend.words))

    key, value, headers = envelope.first_configuration(ConfigurationChange(configuration=effective))
    records = [SimpleNamespace(key=key, value=value, headers=headers, offset=0, timestamp=0)]
    sent: dict[str, int] = {}
    for number, record in enumerate(Simulation(seed=seed, events=EVENTS, bad_share=0.02)):
        # a resend or a worker behind: both key files are in use meanwhile
        rotated = number >= end or (number >= begin and draw.random() < (number - begin) / (end - begin))
        offset = sent[record.topic] = sent.get(record.topic, -1) + 1
        admitted = door(NEW if rotated else OLD).admit(
            ArrivedRecord(record.topic, 0, offset, record.timestamp_ms, record.key, record.value, record.headers)
        )
        if isinstance(admitted, Admitted):
            for _, key, value, headers in admitted.records:
                records.append(
                    SimpleNamespace(
                        key=key, value=value, headers=headers, offset=len(records), timestamp=record.timestamp_ms
                    )
                )
    return records


def applied(records: list[Any]) -> tuple[PartitionState, list[Alert]]:
    """What the core makes of a ledger: its state, and the alerts of `fx.alerts.v1`."""
    core = MonitorCore("test")
    state = core.new(0)
    outputs = [output for record in records for output in core.apply(state, 0, record, muted=False)]
    return state, [msgspec.json.decode(one.value, type=Alert) for one in outputs if one.topic == topics.ALERTS]


@settings(max_examples=4, deadline=None)
@given(st.integers(1, 10_000), st.integers(50, 600), st.integers(1, 300))
def test_a_rolling_rotation_changes_nothing_but_names(seed: int, begin: int, length: int) -> None:
    """Alerts, totals, baselines, duplicates and budget are those of the same ledger under the old names."""
    records = written(seed, begin, begin + length)
    former = former_names(records)
    rotated, alerts = applied(records)
    # one stream in some hundred holds neither a duplicate nor a conflict; a stream without them would prove less
    assume(rotated.counters["duplicates"] + rotated.counters["conflicts"] > 0)
    assume(len(alerts) > EVENTS // 100)
    plain, expected = applied([under_old_names(record, former) for record in records])
    assert without_names(alerts, former) == without_names(expected, {})
    assert dict(parties_without_names(rotated, former)) == dict(parties_without_names(plain, {}))
    assert len(rotated.parties) == len(plain.parties)
    assert rotated.counters == plain.counters
    assert rotated.budget is not None
    assert plain.budget is not None
    assert rotated.budget.to_state() == plain.budget.to_state()


@settings(max_examples=2, deadline=None)
@given(st.integers(1, 10_000), st.integers(100, EVENTS - 200))
def test_names_survive_a_snapshot_in_the_overlap(seed: int, cut: int) -> None:
    """Loaded from a snapshot at any point of the overlap, the rest of the ledger comes to the same state."""
    records = written(seed, 100, EVENTS - 100)
    whole, _ = applied(records)
    core = MonitorCore("test")
    state, _ = applied(records[:cut])
    state = core.thaw(0, list(state.freeze().sections()))
    for record in records[cut:]:
        core.apply(state, 0, record, muted=True)
    assert whole.renamed
    assert state.freeze().digest() == whole.freeze().digest()
