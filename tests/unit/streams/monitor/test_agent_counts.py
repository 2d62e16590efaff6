"""What the monitor's core counts of a ledger record, when it is new and when it is replayed."""

from datetime import datetime
from typing import Any

import pytest

from detectors.books.party import Party, pack
from detectors.core import Outputs
from streams.contracts.inputs import DISPOSITIONS, RATES, TRANSACTIONS
from streams.monitor import core as monitor_core
from streams.monitor.core import MonitorCore
from streams.monitor.tally import Tally
from streams.settings import overlay_configuration
from tests.support.monitor_bench import NOTHING, Bench, assessed, record_of, scored
from tests.support.pipeline import DISPOSITION, RATE, TRANSACTION, Pipeline

LATE_SECONDS = 90.0


def test_a_payment_is_counted_by_what_it_came_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores by member, words by institution, and how late it is by the partition's clock before it."""
    step = Outputs(outcome="applied", assessed=assessed(said=scored(hst=0.25, freq=2.0)), folded=3)
    bench = Bench(monkeypatch, step)
    event_s = datetime.fromisoformat(TRANSACTION["event_time"]).timestamp()
    bench.state.watermark_us = int((event_s + LATE_SECONDS) * 1e6)
    bench.take(TRANSACTIONS, TRANSACTION)
    expected = NOTHING | {
        "said": {("event", "SHBKKRSE"): 1},
        "late": [LATE_SECONDS],
        "folded": 3,
        "scores": {"hst": [0.25], "freq": [2.0]},
    }
    assert bench.counted == expected
    bench.state.watermark_us = int((event_s - LATE_SECONDS) * 1e6)
    bench.take(TRANSACTIONS, TRANSACTION)
    assert bench.counted == {
        "outcomes": {"applied": 2},
        "said": {("event", "SHBKKRSE"): 2},
        "late": [LATE_SECONDS, 0.0],
        "folded": 6,
        "scores": {"hst": [0.25, 0.25], "freq": [2.0, 2.0]},
        "rate_missing": 0,
        "joins": {},
        "rates": {},
        "forgotten": 0,
    }


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
        "outcomes": {"applied": 2, "history": 2, "late": 2, "type_differs": 2},
        "late": [],
        "scores": {},
        "said": {(word, "SHBKKRSE"): 2 for word in words},
        "rate_missing": 2,
        "folded": 0,
        "rates": {},
        "forgotten": 0,
        "joins": {("payment.reused", "SHBKKRSE"): 2},
    }


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
    bench.state.install(overlay_configuration({"engine": {"parties": 2}}))

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
    step = Outputs(
        outcome="applied",
        assessed=assessed(None, scored(hst=0.25)),
        folded=3,
        late=True,
        rate="rate.held",
        type_differs=True,
        join="joined",
    )
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
