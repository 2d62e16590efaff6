"""The shared agent's core: each leg counted once, the same state at every replay, and what it refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from detectors.alerting.build import RaisedAlert
from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.contracts.alert import Alert
from detectors.shared.core import SharedOutputs
from detectors.values.legal_calendar import to_us
from streams.contracts.inputs import PROFILES, RATES, TRANSACTIONS
from streams.errors import LedgerError, SnapshotError
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from streams.shared import core as module
from streams.shared.core import SHARED, SharedCore
from tests.support.legs_partition import CHANGE, SHARING, LegsLog, applied, shared_stream
from tests.support.pipeline import GOOD, RATE, TIMESTAMP_MS, Pipeline
from tests.unit.streams.monitor.test_core import raised

NO_RELOADS: frozenset[int] = frozenset()


def digest(log: LegsLog, reload_at: frozenset[int] = NO_RELOADS) -> str:
    return str(applied(log, reload_at=reload_at)[0].freeze().digest())


def test_each_leg_counts_once_though_several_of_a_record_stand_in_one_partition() -> None:
    """Counterparty, account, device and contact of each payment; a line of goods of each declaration."""
    state, _ = applied(shared_stream(payments=12))
    assert state.counters["redelivered"] == 0
    # 12 payments with four legs each, 3 declarations; and 4 rates and the first configuration
    assert state.counters["applied"] == 12 * 4 + 3 + 4 + 1
    assert state.next == 12 * 4 + 3 + 4 + 1
    assert sorted(name.split(".")[0] for name in state.parties if "/" not in name) == ["dev"] * 4


@pytest.mark.parametrize("first", range(0, 19, 3))
def test_what_ingest_writes_again_changes_nothing_but_what_is_counted(first: int) -> None:
    """From any input on, once and twice: the nodes are those of a stream without a repetition."""
    plain, again = shared_stream(), shared_stream()
    again.resend(first)
    again.resend(first)
    expected, _ = applied(plain)
    state, _ = applied(again)
    repeated = 2 * sum(len(group) for group in plain.groups[first:])
    assert state.counters["redelivered"] == repeated
    assert state.parties == expected.parties
    assert state.gate.marks == expected.gate.marks
    state.next, state.counters["redelivered"] = expected.next, expected.counters["redelivered"]
    assert state.freeze().digest() == expected.freeze().digest()


def test_a_crash_in_the_middle_of_a_records_legs_loses_none() -> None:
    """Two of the four legs were written, then ingest begins at the record anew."""
    log = shared_stream(payments=2)
    whole = applied(log)[0]
    legs = log.send(TRANSACTIONS, SHARING | {"event_id": "last"})
    expected, _ = applied(log)
    del log.records[-2:]
    for one in legs:
        log.append(one.timestamp, one.key, one.value, one.headers)
    state, _ = applied(log)
    assert state.counters["applied"] == expected.counters["applied"] == whole.counters["applied"] + 4
    assert state.counters["redelivered"] == 2
    counts = [{name: len(rows(unpack(node))) for name, node in one.parties.items()} for one in (state, expected)]
    assert counts[0] == counts[1]
    assert sorted(counts[0].values()) == [1, 3, 3, 3, 3], "goods, and what the payments share"


def test_a_state_saved_and_loaded_anywhere_has_the_digest_of_a_straight_replay() -> None:
    """Before each record alone, and before every one of them."""
    log = shared_stream(payments=5)
    log.resend(4)
    straight = digest(log)
    for offset in range(0, len(log.records), 3):
        assert digest(log, frozenset([offset])) == straight
    assert digest(log, frozenset(range(len(log.records)))) == straight


def test_legs_before_the_first_configuration_are_passed() -> None:
    """An earlier release wrote them, without rates; what `topics apply` appends then begins the work."""
    log = shared_stream(payments=1)
    first, rate, *legs = log.records[:6]
    log.records.clear()
    for one in (*legs, first, rate, *legs):
        log.append(one.timestamp, one.key, one.value, one.headers)
    core = SharedCore("test")
    state = core.new(0)
    for record in log.records[:4]:
        assert core.apply(state, 0, record, muted=False) == []
    assert (dict(core.tally.outcomes), state.next, state.parties) == ({"passed": 4}, 4, {})
    for record in log.records[4:]:
        core.apply(state, 0, record, muted=False)
    assert dict(core.tally.outcomes) == {"passed": 4, "applied": 6}
    assert len(state.parties) == 4


def test_a_configuration_that_is_appended_later_undoes_none() -> None:
    """`topics apply` may say again what was in force when it looked."""
    log = shared_stream(payments=1)
    changed = msgspec.structs.replace(CHANGE, configuration=msgspec.structs.replace(CHANGE.configuration, desks={}))
    log.append(0, *envelope.first_configuration(changed))
    state, _ = applied(log)
    assert state.configuration == CHANGE.configuration
    assert state.next == len(log.records)


def test_a_rate_values_the_legs_after_it_as_in_the_monitor() -> None:
    """The copies on the legs are applied by the same code."""
    log, pipeline = LegsLog(), Pipeline()
    for number in range(3):
        body = RATE | {"mid": f"{1300 + number}", "rate_time": f"2026-01-0{number + 2}T00:00:00Z"}
        log.send(RATES, body)
        pipeline.send(RATES, body)
    state, _ = applied(log)
    for day in (2, 3, 4):
        at_us = to_us(datetime(2026, 1, day, 12, tzinfo=UTC))
        valued = state.rates.ratio("KRW", "USD", at_us, 26 * 3600 * 10**6)
        assert valued is not None
        assert valued == pipeline.state.rates.ratio("KRW", "USD", at_us, 26 * 3600 * 10**6)


@pytest.mark.parametrize("topic", [PROFILES, TRANSACTIONS])
def test_what_has_no_place_on_the_legs_stops_the_partition(topic: str) -> None:
    """A ledger's record, say."""
    pipeline = Pipeline()
    pipeline.send(topic, GOOD[topic])
    with pytest.raises(LedgerError, match="it is no leg, verdict, rate or configuration"):
        SharedCore("test").apply(SharedCore("test").new(0), 0, pipeline.log[-1], muted=False)


def test_a_record_that_cannot_be_read_or_applied_says_where_it_is_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = shared_stream(payments=1)
    core = SharedCore("test")
    state = core.new(0)
    core.apply(state, 0, log.records[0], muted=False)
    torn = log.records[1]._replace(value=log.records[1].value + b" ")
    with pytest.raises(LedgerError, match="is not the checksum"):
        core.apply(state, 0, torn, muted=False)
    gone = Unreadable("fx.legs.v1", 0, 1, 4, TIMESTAMP_MS, 90, "0" * 64, "set.damaged", "a checksum")
    with pytest.raises(LedgerError) as told:
        core.apply(state, 0, gone, muted=False)
    assert told.value.what == "a record cannot be read"

    def fails(*_: Any) -> SharedOutputs:
        raise ZeroDivisionError("0")

    monkeypatch.setattr(module.science, "apply", fails)
    with pytest.raises(LedgerError) as told:
        core.apply(state, 3, log.records[1], muted=False)
    assert told.value.fields["got"] == "fx.legs.v1[3], offset 1"
    assert "fxwatch skip shared 3 1 --reason" in str(told.value)


def test_a_snapshot_of_another_partition_agent_or_form_is_refused() -> None:
    """The monitor's lacks the gate over legs."""
    state, _ = applied(shared_stream(payments=1))
    sections = list(state.freeze().sections())
    assert SharedCore("test").thaw(0, sections).next == state.next
    with pytest.raises(SnapshotError, match="another partition"):
        SharedCore("test").thaw(1, sections)
    pipeline = Pipeline()
    with pytest.raises(SnapshotError, match="leg marks"):
        SharedCore("test").thaw(0, list(pipeline.state.freeze().sections()))
    with pytest.raises(SnapshotError, match="cannot be used"):
        SharedCore("test").thaw(0, [("header", b"\xc1")])
    with pytest.raises(SnapshotError):
        MonitorCore("test").thaw(0, sections)


def test_alerts_bear_the_agents_name_and_are_muted_in_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for `fx.alerts.v1`, one for each desk. What a rule of later days raises goes the same way."""
    alert = msgspec.json.decode(raised()[1][0].value, type=Alert)
    log = shared_stream(payments=1)
    step = SharedOutputs(outcome="applied", raised=(RaisedAlert(alert, ("customs",)),), folded=2, late=True)
    monkeypatch.setattr(module.science, "apply", lambda *_: step)
    core = SharedCore("test")
    state = core.new(0)
    state.configuration = CHANGE.configuration
    outputs = core.apply(state, 7, log.records[1], muted=False)
    assert [(one.topic, one.partition) for one in outputs] == [("fx.alerts.v1", 7), ("fx.alerts.customs.v1", 7)]
    assert {dict(one.headers)["ce_source"] for one in outputs} == {b"/fxwatch/shared"}
    assert {json.loads(one.value)["alert_id"] for one in outputs} == {alert.alert_id}
    assert (core.tally.alerts, core.tally.left_out) == ([(alert, TIMESTAMP_MS)], 2)
    assert core.apply(state, 7, log.records[1], muted=True) == []
    assert dict(core.tally.outcomes) == {"applied": 2, "late": 2, "muted": 1}
    assert (len(core.tally.alerts), core.tally.left_out) == (1, 2)


def test_a_record_that_is_left_out_moves_the_position_alone() -> None:
    state = SharedCore("test").new(0)
    before = state.freeze().digest()
    SharedCore("test").skip(state, 4)
    assert state.next == 5
    state.next = 0
    assert state.freeze().digest() == before


def test_the_agent_has_names_of_its_own() -> None:
    """Its progress and snapshots stand beside the monitor's."""
    place = SHARED.place(3)
    assert (place.published_key, SHARED.input_topic) == (b"shared/3", "fx.legs.v1")
    assert SHARED.place(3).snapshot_key("a") == b"shared/3/snapshot/a"
