"""The monitor's core between a ledger record and what is published and counted of it."""

import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.core import Assessed, Notice, Outputs
from detectors.events import Source
from detectors.party import Party, pack
from detectors.scoring import Scored
from detectors.state import STATE_SCHEMA
from streams import ledger, monitor_core
from streams.contracts import DISPOSITIONS, RATES, TRANSACTIONS
from streams.errors import LedgerError, SnapshotError
from streams.monitor_core import MonitorCore, alert_outputs
from streams.outputs import Output
from streams.record_sets import Unreadable
from streams.settings import effective_configuration
from streams.tally import Tally
from tests.support.logged import fields
from tests.support.pipeline import DISPOSITION, RATE, TIMESTAMP_MS, TRANSACTION, LedgerRecord, Pipeline

TRACE = ("traceparent", b"00-abc-def-01")
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
LATE_SECONDS = 90.0


def scored(**members: float) -> Scored:
    """What the models say, as far as it is counted."""
    return Scored(score=0.5, rank=0.5, members=members, contributions=(), warm=True)


def assessed(usd: int | None = 100, said: Scored | None = None) -> Assessed:
    """What the science made of a payment."""
    return Assessed(score=0.5, usd=usd, fired=(), scored=said, deal_deviation_bp=None)


class Bench:
    """A core whose science answers `step`; records are those of a pipeline."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: Outputs | Exception, partition: int = 0) -> None:
        self.core, self.partition = MonitorCore("test"), partition
        self.state = self.core.new(partition)
        self.state.configuration = effective_configuration({})

        real = monitor_core.science.apply

        def apply(state: Any, event: Any, origin: Any) -> Outputs:
            if state is not self.state:
                return real(state, event, origin)
            if isinstance(step, Exception):
                raise step
            return step

        monkeypatch.setattr(monitor_core.science, "apply", apply)

    def take(self, topic: str, body: dict[str, Any], *, muted: bool = False, **more: Any) -> list[Output]:
        """Apply the record that ingest writes of an input."""
        return self.core.apply(self.state, self.partition, record_of(topic, body, **more), muted=muted)

    @property
    def counted(self) -> dict[str, Any]:
        """Everything in the tally but times."""
        tally = self.core.tally
        return {"outcomes": dict(tally.outcomes), "said": dict(tally.said), "late": tally.late, "scores": tally.scores,
                "rate_missing": tally.rate_missing, "joins": dict(tally.joins), "folded": tally.folded,
                "rates": dict(tally.rates), "forgotten": tally.forgotten}  # fmt: skip


NOTHING = {"outcomes": {"applied": 1}, "said": {}, "late": [], "scores": {}, "rate_missing": 0, "joins": {},
           "folded": 0, "rates": {}, "forgotten": 0}  # fmt: skip


def record_of(topic: str, body: dict[str, Any], *, history: bool = False) -> LedgerRecord:
    """The ledger's record of an input record, as ingest writes it."""
    pipeline = Pipeline()
    sent = pipeline.send(topic, body, history=history)
    assert isinstance(sent, list), sent
    return pipeline.log[-1]


def test_a_payment_is_counted_by_what_it_came_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores by member, words by institution, and how late it is by the partition's clock before it."""
    step = Outputs(outcome="applied", assessed=assessed(said=scored(hst=0.25, freq=2.0)), folded=3)
    bench = Bench(monkeypatch, step)
    event_s = datetime.fromisoformat(TRANSACTION["event_time"]).timestamp()
    bench.state.watermark_us = int((event_s + LATE_SECONDS) * 1e6)
    bench.take(TRANSACTIONS, TRANSACTION)
    expected = NOTHING | {"said": {("event", "SHBKKRSE"): 1}, "late": [LATE_SECONDS], "folded": 3,
                          "scores": {"hst": [0.25], "freq": [2.0]}}  # fmt: skip
    assert bench.counted == expected
    bench.state.watermark_us = int((event_s - LATE_SECONDS) * 1e6)
    bench.take(TRANSACTIONS, TRANSACTION)
    assert bench.counted == {
        "outcomes": {"applied": 2}, "said": {("event", "SHBKKRSE"): 2}, "late": [LATE_SECONDS, 0.0], "folded": 6,
        "scores": {"hst": [0.25, 0.25], "freq": [2.0, 2.0]}, "rate_missing": 0, "joins": {}, "rates": {},
        "forgotten": 0,
    }  # fmt: skip


def test_the_first_payment_of_a_partition_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no clock before it, whatever its own time is."""
    bench, record = (
        Bench(monkeypatch, Outputs(outcome="applied", assessed=assessed(said=scored()))),
        record_of(TRANSACTIONS, TRANSACTION),
    )
    value = record.value.replace(b"2026-01-05T01:11:12Z", b"1970-01-01T00:00:00Z")
    assert value != record.value
    bench.core.apply(bench.state, 0, record, muted=False)
    bench.core.apply(bench.state, 0, record._replace(value=value, headers=record.headers[:-1]), muted=False)
    assert bench.counted["late"] == [0.0, 0.0]


def test_what_a_sender_said_and_what_became_of_it_is_counted_by_institution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the one code of the bank, however the ledger has it; each counter by one for each payment."""
    step = Outputs(outcome="applied", assessed=assessed(usd=None), late=True, type_differs=True, join="payment.reused")
    bench = Bench(monkeypatch, step)
    record = record_of(TRANSACTIONS, TRANSACTION | {"evidence": "exempt"}, history=True)
    # as a ledger of an earlier release has it; such records had no check
    value = record.value.replace(b'"SHBKKRSE"', b'"SHBKKRSEXXX"')
    for _ in range(2):
        bench.core.apply(bench.state, 0, record._replace(value=value, headers=record.headers[:-1]), muted=False)
    words = ("event", "exempt", "history", "late", "rate_missing", "type_differs")
    assert bench.counted == {
        "outcomes": {"applied": 2, "history": 2, "late": 2, "type_differs": 2}, "late": [], "scores": {},
        "said": {(word, "SHBKKRSE"): 2 for word in words}, "rate_missing": 2, "folded": 0, "rates": {}, "forgotten": 0,
        "joins": {("payment.reused", "SHBKKRSE"): 2},
    }  # fmt: skip


def test_a_new_party_is_counted_by_the_institution_whose_payment_brought_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one for each; a party that a rate's record stands for is none."""
    bench, kept = Bench(monkeypatch, Outputs(outcome="duplicate")), monitor_core.science.apply

    def apply(state: Any, *told: Any) -> Outputs:
        state.parties[f"p{len(state.parties)}"] = pack(Party())
        return kept(state, *told)

    records = [record_of(TRANSACTIONS, TRANSACTION)] * 2 + [record_of(RATES, RATE)]
    monkeypatch.setattr(monitor_core.science, "apply", apply)
    for record in records:
        bench.core.apply(bench.state, 0, record, muted=False)
    assert bench.counted["said"] == {("new_party", "SHBKKRSE"): 2}


@pytest.mark.parametrize(("muted", "times"), [(False, 1), (True, 0)])
def test_parties_that_were_forgotten_are_counted_once_and_hide_no_new_one(
    monkeypatch: pytest.MonkeyPatch, muted: bool, times: int
) -> None:
    """Where a partition has room for two: 6 payments of as many new parties, and one more that a rate stands for.

    Not when they are replayed: a cold start would make tickets of parties that were told of months ago.
    """
    bench, kept = Bench(monkeypatch, Outputs(outcome="duplicate")), monitor_core.science.apply
    bench.state.install(effective_configuration({"engine": {"parties": 2}}))

    def apply(state: Any, *told: Any) -> Outputs:
        state.parties.put(f"p{state.counters['applied']}", pack(Party()), "")
        state.counters["applied"] += 1
        state.forget_parties("")
        return kept(state, *told)

    monkeypatch.setattr(monitor_core.science, "apply", apply)
    for record in [record_of(TRANSACTIONS, TRANSACTION)] * 6 + [record_of(RATES, RATE)]:
        bench.core.apply(bench.state, 0, record, muted=muted)
    assert bench.counted["said"] == ({("new_party", "SHBKKRSE"): 6} if times else {})
    assert bench.counted["forgotten"] == 5 * times
    assert list(bench.state.parties) == ["p5", "p6"]


def test_an_amendment_that_no_model_saw_is_counted_without_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a payment of which nothing was assessed at all."""
    for step in (Outputs(outcome="applied", assessed=assessed()), Outputs(outcome="applied")):
        bench = Bench(monkeypatch, step)
        bench.take(TRANSACTIONS, TRANSACTION)
        assert bench.counted == NOTHING | {"said": {("event", "SHBKKRSE"): 1}}


@pytest.mark.parametrize("outcome", ["duplicate", "conflict", "redelivered", "refused"])
def test_what_was_not_applied_is_counted_by_its_outcome_alone(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    """A payment sent twice is no second payment of its institution, and none of history."""
    bench = Bench(monkeypatch, Outputs(outcome=outcome))
    bench.take(TRANSACTIONS, TRANSACTION, history=True)
    assert bench.counted == NOTHING | {"outcomes": {outcome: 1}}


def test_other_events_are_counted_as_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration is; and a verdict in whose favour another one gave way is counted for both."""
    bench = Bench(monkeypatch, Outputs(outcome="configuration"))
    bench.core.apply(bench.state, 0, Pipeline().log[0], muted=False)
    assert bench.counted == NOTHING
    assert bench.core.tally.ruling is bench.state.configuration
    bench = Bench(monkeypatch, Outputs(outcome="applied", displaced=True))
    for _ in range(2):
        bench.take(DISPOSITIONS, DISPOSITION)
    assert bench.counted == NOTHING | {"outcomes": {"applied": 2, "displaced": 2}}
    assert bench.core.tally.ruling is None


def test_what_is_replayed_is_no_news_to_alerting_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Muted, its outputs were published and it was counted then: a cold start would tell last month's faults anew."""
    step = Outputs(outcome="applied", assessed=assessed(None, scored(hst=0.25)), folded=3, late=True, rate="rate.held",
                   type_differs=True, join="joined")  # fmt: skip
    bench = Bench(monkeypatch, step)
    bench.take(TRANSACTIONS, TRANSACTION, muted=True)
    assert bench.counted == NOTHING | {"outcomes": {"applied": 1, "muted": 1}}
    bench = Bench(monkeypatch, Outputs(outcome="applied", rate="rate.held"))
    bench.take(RATES, RATE, muted=True)
    assert bench.counted["rates"] == {}


@pytest.mark.parametrize(("partition", "expected"), [(0, {"rate.held": 2}), (1, {})])
def test_a_rate_is_counted_by_the_first_partition_alone(
    monkeypatch: pytest.MonkeyPatch, partition: int, expected: dict[str, int]
) -> None:
    """It comes to every partition; told by each it would be twelve."""
    bench = Bench(monkeypatch, Outputs(outcome="applied", rate="rate.held"), partition)
    for _ in range(2):
        bench.take(RATES, RATE)
    assert bench.counted["rates"] == expected


def test_a_replay_is_no_news_of_rates_and_parties(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tickets go by these counts: a take-over that replays a held rate would tell of it once more."""
    bench, kept = Bench(monkeypatch, Outputs(outcome="applied", rate="rate.held")), monitor_core.science.apply

    def apply(state: Any, *told: Any) -> Outputs:
        state.parties[f"p{len(state.parties)}"] = pack(Party())
        state.counters["parties_forgotten"] += 1
        return kept(state, *told)

    monkeypatch.setattr(monitor_core.science, "apply", apply)
    for muted in (True, False):
        bench.take(TRANSACTIONS, TRANSACTION, muted=muted)
    counted = bench.counted
    assert (counted["rates"], counted["forgotten"]) == ({"rate.held": 1}, 1)
    assert counted["said"]["new_party", "SHBKKRSE"] == 1


def test_time_spent_is_told_by_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding 1 s, applying 2 s a record: the sums, in seconds."""
    bench = Bench(monkeypatch, Outputs(outcome="applied"))
    record, looks = record_of(RATES, RATE), iter([10.0, 11.0, 13.0, 20.0, 21.0, 23.0])
    monkeypatch.setattr(monitor_core.time, "perf_counter", lambda: next(looks))
    for _ in range(2):
        bench.core.apply(bench.state, 0, record, muted=False)
    assert (bench.core.tally.decode_seconds, bench.core.tally.apply_seconds) == (2.0, 4.0)


def test_a_tally_that_is_given_is_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's metrics read it."""
    tally = Tally()
    core = MonitorCore("test", tally)
    monkeypatch.setattr(monitor_core.science, "apply", lambda *_: Outputs(outcome="duplicate"))
    core.apply(core.new(0), 0, record_of(RATES, RATE), muted=True)
    assert core.tally is tally
    assert dict(tally.outcomes) == {"duplicate": 1, "muted": 1}


def test_a_muted_record_is_counted_and_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever came of it: readers have it already."""
    step = Outputs(outcome="applied", notice=notice(), alerts=(), assessed=assessed())
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


def test_a_record_that_cannot_be_applied_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition, offset, cause, and the command that leaves it out. Nothing of it is counted."""
    bench, fault = Bench(monkeypatch, ValueError("torn"), partition=5), ValueError("torn")
    record = record_of(RATES, RATE)
    with pytest.raises(LedgerError) as told:
        bench.core.apply(bench.state, 5, record, muted=False)
    assert told.value.message == (
        f"a record cannot be applied: {fault!r}; got: partition 5, offset {record.offset}; "
        "expected: an event that this version of fxwatch can apply; "
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
    assert state.fallback == effective_configuration({})
    assert (core.agent, core.schema) == ("monitor", STATE_SCHEMA)


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
    assert [output.topic for output in outputs] == ["fx.alerts.v1", "fx.alerts.customs.v1", "fx.alerts.supervision.v1"]
    assert body["desk"] == "customs"
    assert {(one.partition, one.key, one.value, one.timestamp_ms, tuple(one.headers)) for one in outputs} == {
        (0, body["party"].encode(), outputs[0].value, int((AT + timedelta(hours=1)).timestamp() * 1000),
         (("ce_specversion", b"1.0"), ("ce_id", body["alert_id"].encode()), ("ce_source", b"/fxwatch/monitor"),
          ("ce_type", b"fx.alert.raised.v1"), ("ce_time", b"2026-01-05T11:00:00+00:00"),
          ("content-type", b"application/json")))
    }  # fmt: skip
    [(alert, timestamp_ms)] = pipeline.core.tally.alerts
    assert (alert.alert_id, timestamp_ms) == (body["alert_id"], outputs[0].timestamp_ms)


def test_an_alerts_desks_are_those_of_the_type_it_was_judged_as(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core may read a party as another than its sender says; without such a reading the sender's word counts."""
    pipeline, _ = raised()
    [(alert, _)] = pipeline.core.tally.alerts
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(monitor_core, "desks", lambda *told: asked.append(told) or ("customs",))
    for judged_as, expected in [("company", "company"), (None, "person")]:
        bench = Bench(monkeypatch, Outputs(outcome="applied", alerts=(alert, alert), judged_as=judged_as), partition=5)
        outputs = bench.take(TRANSACTIONS, TRANSACTION)
        assert [asked.pop(), asked.pop()] == [(alert, expected, bench.state.configuration)] * 2
        assert [(output.topic, output.partition) for output in outputs] == [
            ("fx.alerts.v1", 5), ("fx.alerts.customs.v1", 5),
        ] * 2  # fmt: skip
        assert bench.core.tally.alerts == [(alert, TIMESTAMP_MS)] * 2


def test_a_trace_is_passed_on_and_nothing_else_of_the_senders_headers() -> None:
    """The alert has an identity, a time and a type of its own."""
    pipeline, _ = raised()
    [(alert, _)] = pipeline.core.tally.alerts
    origin = ledger.decode_record(*last(pipeline))[1]
    passed = msgspec.structs.replace(origin, headers=(("ce_id", b"theirs"), TRACE, ("ce_type", b"theirs")))
    for output in alert_outputs(alert, "person", passed, 0, pipeline.configuration):
        assert [name for name, _ in output.headers] == [
            "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type", "traceparent",
        ]  # fmt: skip
        assert output.headers[-1] == TRACE


def last(pipeline: Pipeline) -> tuple[Any, ...]:
    """The pipeline's last record, as the ledger's reader takes it."""
    record = pipeline.log[-1]
    return record.value, record.headers, record.offset, record.timestamp
