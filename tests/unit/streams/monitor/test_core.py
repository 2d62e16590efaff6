"""The monitor's core between a ledger record and what is published of it (counted: test_agent_counts.py)."""

import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.alerting.build import RaisedAlert
from detectors.contracts.events import Source
from detectors.contracts.learning import Learning, Mean, ScoreCounts, StreamDrift
from detectors.contracts.open_items import ItemNews, OpenItem
from detectors.core import Notice, Outputs
from detectors.memory.frozen_state import STATE_SCHEMA
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.errors import LedgerError, SnapshotError
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger import envelope
from streams.monitor import core as monitor_core
from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.alert_records import alert_outputs
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from tests.support.ledger import later
from tests.support.logged import fields
from tests.support.monitor_bench import NOTHING, Bench, assessed, record_of
from tests.support.pipeline import RATE, TIMESTAMP_MS, TRANSACTION, Pipeline
from tests.support.trade import TraderLedger

TRACE = ("traceparent", b"00-abc-def-01")
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_a_muted_record_is_counted_and_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever came of it: readers have it already."""
    step = Outputs(outcome="applied", notice=notice(), raised=(), assessed=assessed())
    bench = Bench(monkeypatch, step)
    for _ in range(2):
        assert bench.take(TRANSACTIONS, TRANSACTION, muted=True) == []
    assert bench.counted["outcomes"] == {"applied": 2, "muted": 2}
    assert len(bench.take(TRANSACTIONS, TRANSACTION)) == 1


def notice() -> Notice:
    """A letter to ingest."""
    return Notice(code="event.conflict", source=Source(TRANSACTIONS, 1, 2), identity="1" * 32, first=None)


@pytest.mark.parametrize("key", [b"k", None])
def test_a_notice_is_published_under_its_records_key(monkeypatch: pytest.MonkeyPatch, key: bytes | None) -> None:
    """To the own partition of `fx.notices.v1`, with the input's time."""
    bench = Bench(monkeypatch, Outputs(outcome="conflict", notice=notice()), partition=5)
    record = record_of(TRANSACTIONS, TRANSACTION)._replace(key=key)
    [output] = bench.core.apply(bench.state, 5, record, muted=False)
    assert output == Output("fx.notices.v1", 5, key or b"", msgspec.json.encode(notice()), [], TIMESTAMP_MS)


def test_a_refused_configuration_is_logged_with_its_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of its faults, also while muted."""
    bench = Bench(monkeypatch, Outputs(outcome="refused", faults=("one", "two")), partition=5)
    record = Pipeline().log[0]._replace(offset=7)
    with caplog.at_level(logging.ERROR, logger=monitor_core.__name__):
        bench.core.apply(bench.state, 5, record, muted=True)
    assert caplog.messages == [
        f"partition 5, offset 7: a configuration is refused, the former one stays: {why}" for why in ("one", "two")
    ]
    told = {"agent": "monitor", "partition": 5, "offset": 7, "code": "configuration.refused"}
    assert [fields(one) for one in caplog.records] == [told, told]


def a_drift() -> Learning:
    """What the first partition tells of a change."""
    mean = Mean(payments=5, days=3, total=90)
    drift = StreamDrift(
        segment="person.out",
        measure="amount",
        since=AT.date(),
        before=mean,
        after=mean,
        text="it changed",
        detectors="f00d",
    )
    return Learning(partition=0, number=7, told=drift)


def test_a_drift_is_published_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the partition that sees it; a replay is silent."""
    told = a_drift()
    bench = Bench(monkeypatch, Outputs(outcome="applied", told=(told,)), partition=0)
    assert bench.take(TRANSACTIONS, TRANSACTION, muted=True) == []
    [output] = bench.take(TRANSACTIONS, TRANSACTION)
    assert (output.topic, msgspec.json.decode(output.value, type=Learning)) == ("fx.learning.v1", told)
    assert bench.core.tally.drifts == {("person.out", "amount"): 1}


def test_a_drift_is_logged_once_with_its_place_in_the_ledger(caplog: pytest.LogCaptureFixture) -> None:
    """Where it has come back to its teller; other partitions, and other records, say nothing."""
    other = Learning(partition=0, number=8, told=ScoreCounts(segments={}, detectors="f00d"))
    with caplog.at_level(logging.WARNING, logger=monitor_core.__name__):
        for partition in (0, 5):
            monitor_core._tell_drift(a_drift(), partition, 812)
            monitor_core._tell_drift(other, partition, 813)
    assert caplog.messages == ["drift: it changed; see: fxwatch ledger show 0:812"]
    assert fields(caplog.records[0]) == {"agent": "monitor", "code": "drift", "partition": 0, "offset": 812}


def test_a_stop_and_its_end_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """By the worker with partition 0, with the reason and the way back; never while muted."""
    plain = overlay_configuration({})
    stopped = msgspec.structs.replace(plain, stopped={"statistical_alerts": "cents"})
    line = "statistical_alerts are stopped: cents; taken back by: fxwatch rules resume statistical_alerts"
    with caplog.at_level(logging.WARNING, logger=monitor_core.__name__):
        monitor_core._tell_stops({}, stopped)
        monitor_core._tell_stops(stopped.stops, plain)
        monitor_core._tell_stops({}, plain)
        monitor_core._tell_stops({}, None)
    ended = "statistical_alerts go on: their stop was taken back"
    assert caplog.messages == [f"from here on {line}", f"from here on {ended}"]


def test_a_record_that_cannot_be_applied_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition, offset, cause, and the command that leaves it out. Nothing of it is counted."""
    bench, fault = Bench(monkeypatch, ValueError("torn"), partition=5), ValueError("torn")
    record = record_of(RATES, RATE)
    with pytest.raises(LedgerError) as told:
        bench.core.apply(bench.state, 5, record, muted=False)
    assert told.value.message == (
        f"a record cannot be applied: {fault!r}; got: fx.ledger.v1[5], offset {record.offset}; "
        "expected: a record that this version of fxwatch can apply; "
        f"to do: report it; `fxwatch skip monitor 5 {record.offset} --reason ...` leaves it out"
    )
    assert bench.counted == NOTHING | {"outcomes": {}}


def test_a_record_that_cannot_be_read_is_named_with_its_partition() -> None:
    """The envelope's own refusal; of a damaged set, the broker's log is what is to be mended."""
    core = MonitorCore("test")
    record = record_of(RATES, RATE)._replace(value=b"{")
    with pytest.raises(LedgerError, match=f"got: partition 5, offset {record.offset}"):
        core.apply(core.new(5), 5, record, muted=False)
    damaged = Unreadable("fx.ledger.v1", 5, 8, 9, -1, 100, "ab", "set.damaged", "its checksum is wrong")
    with pytest.raises(LedgerError) as told:
        core.apply(core.new(5), 5, damaged, muted=False)
    assert told.value.message == (
        "a record cannot be read; got: fx.ledger.v1[5] offsets 8 to 9: its checksum is wrong; "
        "to do: mend the broker's log; where that cannot be, see `fxwatch skip --help`"
    )
    deleted = SimpleNamespace(value=None, headers=(), offset=3, timestamp=0)
    with pytest.raises(LedgerError, match="a record cannot be read: Input data was truncated"):
        core.apply(core.new(5), 5, deleted, muted=False)


def test_a_skipped_record_moves_the_position_alone() -> None:
    """Nothing is learned from it, and the next record is the one after."""
    core = MonitorCore("test")
    state, untouched = core.new(0), core.new(0)
    core.skip(state, 41)
    untouched.next = 42
    assert (state.next, state.freeze().digest()) == (42, untouched.freeze().digest())


def test_a_new_state_is_of_its_partition_of_the_ledger() -> None:
    """With the code's version, for alerts, and the shipped configuration for a ledger that begins without a usable."""
    core = MonitorCore("9.9")
    state = core.new(5)
    assert (state.partition, state.ledger_topic, state.next, state.code_version) == (5, "fx.ledger.v1", 0, "9.9")
    assert state.fallback == overlay_configuration({})
    assert (MONITOR.name, MONITOR.input_topic, MONITOR.state_schema) == ("monitor", "fx.ledger.v1", STATE_SCHEMA)


def learned() -> tuple[Pipeline, list[Any]]:
    """A partition that has applied a rate and a payment, and its snapshot's sections."""
    pipeline = Pipeline()
    pipeline.send(RATES, RATE)
    pipeline.send(TRANSACTIONS, TRANSACTION)
    return pipeline, list(pipeline.state.freeze().sections())


def test_a_thawed_state_is_the_one_that_was_saved_under_the_code_of_today() -> None:
    """The configuration that it came under is told to the metrics."""
    pipeline, sections = learned()
    core = MonitorCore("9.9")
    state = core.thaw(0, sections)
    assert state.freeze().digest() == pipeline.state.freeze().digest()
    assert (state.code_version, core.tally.ruling) == ("9.9", pipeline.configuration)


def test_a_snapshot_of_another_partition_or_topic_says_of_which() -> None:
    """Its models and parties would score in silence."""
    pipeline, sections = learned()
    with pytest.raises(SnapshotError) as told:
        MonitorCore("test").thaw(4, sections)
    assert told.value.message == (
        "the snapshot is of another partition; got: fx.ledger.v1[0]; expected: fx.ledger.v1[4]"
    )
    pipeline.state.ledger_topic = "fx.other.v1"
    with pytest.raises(SnapshotError, match=r"got: fx.other.v1\[0\]; expected: fx.ledger.v1\[0\]"):
        MonitorCore("test").thaw(0, list(pipeline.state.freeze().sections()))


def test_sections_that_are_no_state_say_why() -> None:
    """The cause is the reader's own."""
    with pytest.raises(SnapshotError) as told:
        MonitorCore("test").thaw(0, [("header", b"\xc1")])
    assert told.value.what == "the snapshot's contents cannot be used"
    assert told.value.fields["got"] == str(told.value.__cause__)
    assert told.value.fields["got"] not in {"None", ""}


def raised() -> tuple[Pipeline, list[Output]]:
    """A person's payments cross the yearly cap of 100 000 USD without papers; what was published for the second."""
    pipeline, outputs = Pipeline(), []
    pipeline.send(RATES, RATE | {"rate_time": AT.isoformat()}, at=AT)
    for number in range(2):
        at = AT + timedelta(hours=number)
        body = TRANSACTION | {"event_id": f"e{number}", "event_time": at.isoformat(), "amount": "60000"}
        sent = pipeline.send(TRANSACTIONS, body | {"channel": "branch", "party_type": "person"}, at=at)
        assert isinstance(sent, list)
        outputs = sent
    return pipeline, outputs


def test_an_alert_goes_to_its_topic_and_to_each_desk_with_the_same_bytes() -> None:
    """Keyed by the party, in the ledger's partition, at the payment's Kafka time; headers as CONTRACT says."""
    pipeline, outputs = raised()
    body = json.loads(outputs[0].value)
    assert [output.topic for output in outputs] == ["fx.alerts.v1", "fx.alerts.supervision.v1"]
    assert body["desk"] == "supervision"
    assert {(one.partition, one.key, one.value, one.timestamp_ms, tuple(one.headers)) for one in outputs} == {
        (
            0,
            body["party"].encode(),
            outputs[0].value,
            int((AT + timedelta(hours=1)).timestamp() * 1000),
            (
                ("ce_specversion", b"1.0"),
                ("ce_id", body["alert_id"].encode()),
                ("ce_source", b"/fxwatch/monitor"),
                ("ce_type", b"fx.alert.raised.v1"),
                ("ce_time", b"2026-01-05T11:00:00+00:00"),
                ("content-type", b"application/json"),
            ),
        )
    }
    [(alert, timestamp_ms)] = pipeline.core.tally.alerts
    assert (alert.alert_id, timestamp_ms) == (body["alert_id"], outputs[0].timestamp_ms)


def test_an_alert_goes_to_the_desks_that_the_core_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """To all of them in their order, and to no other; without any to `fx.alerts.v1` alone."""
    pipeline, _ = raised()
    [(alert, _)] = pipeline.core.tally.alerts
    for desks in (("customs",), ("supervision", "customs"), ()):
        bench = Bench(monkeypatch, Outputs(outcome="applied", raised=(RaisedAlert(alert, desks),)), partition=5)
        outputs = bench.take(TRANSACTIONS, TRANSACTION)
        names = ["fx.alerts.v1", *(f"fx.alerts.{desk}.v1" for desk in desks)]
        assert [(output.topic, output.partition) for output in outputs] == [(name, 5) for name in names]
        assert bench.core.tally.alerts == [(alert, TIMESTAMP_MS)]


def test_each_alert_of_a_payment_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, and with a notice behind them."""
    pipeline, _ = raised()
    [(alert, _)] = pipeline.core.tally.alerts
    alerts = tuple(RaisedAlert(msgspec.structs.replace(alert, alert_id=name), ()) for name in ("first", "second"))
    bench = Bench(monkeypatch, Outputs(outcome="applied", raised=alerts, notice=notice()))
    outputs = bench.take(TRANSACTIONS, TRANSACTION)
    assert [json.loads(output.value).get("alert_id") for output in outputs] == ["first", "second", None]


def test_a_trace_is_passed_on_and_nothing_else_of_the_senders_headers() -> None:
    """The alert has an identity, a time and a type of its own."""
    pipeline, _ = raised()
    [(alert, _)] = pipeline.core.tally.alerts
    origin = envelope.decode_record(*last(pipeline))[1]
    passed = msgspec.structs.replace(origin, headers=(("ce_id", b"theirs"), TRACE, ("ce_type", b"theirs")))
    for output in alert_outputs(alert, ("customs",), passed, 0, agent="monitor"):
        assert [name for name, _ in output.headers] == [
            "ce_specversion",
            "ce_id",
            "ce_source",
            "ce_type",
            "ce_time",
            "content-type",
            "traceparent",
        ]
        assert output.headers[-1] == TRACE


def last(pipeline: Pipeline) -> tuple[Any, ...]:
    """The pipeline's last record, as the ledger's reader takes it."""
    record = pipeline.log[-1]
    return record.value, record.headers, record.offset, record.timestamp


def test_open_items_are_published_by_item_and_closed_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the own partition of `fx.openitems.v1`, with the input's time; nothing while muted."""
    item = ledger_item()
    news = (ItemNews("0" * 15 + "1", item), ItemNews("0" * 15 + "2", None))
    bench = Bench(monkeypatch, Outputs(outcome="applied", items=news), partition=5)
    record = record_of(TRANSACTIONS, TRANSACTION)
    opened, closed = bench.core.apply(bench.state, 5, record, muted=False)
    assert opened == Output("fx.openitems.v1", 5, b"0" * 15 + b"1", msgspec.json.encode(item), [], TIMESTAMP_MS)
    assert closed == Output("fx.openitems.v1", 5, b"0" * 15 + b"2", None, [], TIMESTAMP_MS)
    assert bench.core.apply(bench.state, 5, record, muted=True) == []


def ledger_item() -> OpenItem:
    """An open item of a trader."""
    ledger = TraderLedger()
    (news,) = ledger.declare("d", later()).items
    assert news.now is not None
    return news.now
