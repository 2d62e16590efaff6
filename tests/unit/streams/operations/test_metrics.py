"""The metrics page: names, label sets, bounded values, partitions that come and go, and Faust's figures beside them."""

import math
import re
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from detectors.contracts.alert import Versions
from detectors.typologies import REGISTRY
from streams.faust_runtime.faust_metrics import FaustMonitorCollector
from streams.monitor.tally import Tally
from streams.operations.metrics import Metrics
from streams.operations.run_histogram import RunHistogram
from streams.settings import overlay_configuration

VERSIONS = Versions(code="0.1.0", config="c1", detectors="d1", rules="r1")
# DESIGN section 9, copied: dashboards and alerting rules are written against these names, types and labels.
PROMISED = {
    "fxwatch_records_read_total": ("counter", {"topic"}),
    "fxwatch_events_total": ("counter", {"agent", "outcome"}),
    "fxwatch_dead_letters_total": ("counter", {"topic", "code"}),
    "fxwatch_input_notes_total": ("counter", {"note"}),
    "fxwatch_alerts_total": ("counter", {"desk", "typology", "severity"}),
    "fxwatch_records_passed_total": ("counter", {"topic", "cause"}),
    "fxwatch_reconciliation_gap": ("gauge", set()),
    "fxwatch_stage_seconds": ("histogram", {"agent", "stage"}),
    "fxwatch_end_to_end_seconds": ("histogram", set()),
    "fxwatch_event_lateness_seconds": ("histogram", set()),
    "fxwatch_source_watermark_seconds": ("gauge", {"topic"}),
    "fxwatch_lag_records": ("gauge", {"agent", "partition"}),
    "fxwatch_hidden_records": ("gauge", {"agent", "partition"}),
    "fxwatch_run_records": ("histogram", {"agent"}),
    "fxwatch_snapshot_age_seconds": ("gauge", {"agent", "partition"}),
    "fxwatch_snapshot_bytes": ("gauge", set()),
    "fxwatch_replayed_events_total": ("counter", {"agent"}),
    "fxwatch_partition_state": ("gauge", {"agent", "partition", "state"}),
    "fxwatch_rate_missing_total": ("counter", set()),
    "fxwatch_payments_folded_total": ("counter", set()),
    "fxwatch_parties_forgotten_total": ("counter", set()),
    "fxwatch_legs_left_out_total": ("counter", set()),
    "fxwatch_nodes_forgotten_total": ("counter", set()),
    "fxwatch_trails_total": ("counter", set()),
    "fxwatch_trails_cut_total": ("counter", set()),
    "fxwatch_rates_total": ("counter", {"verdict"}),
    "fxwatch_snoozes_total": ("counter", {"what"}),
    "fxwatch_alerts_withheld_total": ("counter", {"desk"}),
    "fxwatch_learning_total": ("counter", {"kind", "outcome"}),
    "fxwatch_shadow_total": ("counter", {"challenger", "who"}),
    "fxwatch_drift_total": ("counter", {"segment", "measure"}),
    "fxwatch_quarantine_total": ("counter", {"what"}),
    "fxwatch_payment_joins_total": ("counter", {"join", "institution"}),
    "fxwatch_sender_words_total": ("counter", {"word", "institution"}),
    "fxwatch_sender_proofs_total": ("counter", {"outcome", "institution"}),
    "fxwatch_sender_keys": ("gauge", {"fingerprint"}),
    "fxwatch_typology_enabled": ("gauge", {"typology"}),
    "fxwatch_stopped": ("gauge", {"what"}),
    "fxwatch_snapshots_refused": ("gauge", {"agent", "partition"}),
    "fxwatch_cold_start": ("gauge", {"agent", "partition"}),
    "fxwatch_parties": ("gauge", {"partition"}),
    "fxwatch_rank_among": ("gauge", {"partition"}),
    "fxwatch_state_bytes": ("gauge", {"partition"}),
    "fxwatch_nodes": ("gauge", {"partition"}),
    "fxwatch_node_bytes": ("gauge", {"partition"}),
    "fxwatch_detector_score": ("histogram", {"detector"}),
    # what /readyz says, so that an outage of Kafka is one alert and not all that follows from it
    "fxwatch_broker_away_seconds": ("gauge", set()),
    "fxwatch_unready_reasons": ("gauge", set()),
    "fxwatch_build_info": ("gauge", {"version", "config", "detectors", "rules"}),
}


class Clock:
    """Unix seconds that the test moves."""

    now = 1000.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def metrics(clock):
    return Metrics(
        partitions=2,
        desks=["legal", "anomaly"],
        typologies=["T01", "T16"],
        topics=["fx.transactions.v1", "fx.rates.v1"],
        codes=["json.syntax", "amount.range"],
        detectors=["tails"],
        versions=VERSIONS,
        clock=lambda: clock.now,
    )


def samples(metrics):
    """The page as {(name, labels): value}."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def value(metrics, name, **labels):
    return samples(metrics).get((name, tuple(sorted(labels.items()))))


def test_page_has_every_promised_metric_with_its_type(metrics):
    """Each name of DESIGN section 9 is declared on the page, with the promised type, and nothing else is ours."""
    types = dict(re.findall(r"^# TYPE (fxwatch_\S+) (\S+)$", metrics.page().decode(), re.MULTILINE))
    promised = {name: kind for name, (kind, _) in PROMISED.items()}
    assert types == promised, "to do: a new metric is entered in PROMISED here and in the table of docs/DESIGN.md"


def test_the_design_page_lists_the_same_with_types_and_labels():
    """DESIGN section 9 is where people look them up."""
    page = (Path(__file__).parents[4] / "docs" / "DESIGN.md").read_text("utf-8").split("\n## 9. ")[1]
    rows = re.findall(r"^\| `(fxwatch_\w+)` \| (\w+) \| (.+) \|$", page, re.MULTILINE)
    assert {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == PROMISED


def test_metrics_carry_exactly_the_promised_labels(metrics):
    """Every sample, gauges of held partitions included, has the labels of DESIGN section 9 (and `le` in buckets)."""
    metrics.set_partition_state("monitor", 0, "running")
    metrics.set_loaded("monitor", 0, refused=1, cold=False)
    metrics.set_lag("monitor", 0, 3)
    metrics.set_hidden("monitor", 0, 3)
    metrics.set_state_size(0, 5, 700)
    metrics.set_rank_among(0, 500)
    metrics.set_partition_state("shared", 0, "running")
    metrics.set_node_size(0, 5, 700)
    metrics.show_rules(overlay_configuration({}))
    metrics.sender_keys.labels("none").set(0)
    found = {}
    for name, labels in samples(metrics):
        if name.startswith("fxwatch_"):
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            found.setdefault(family, set()).update(dict(labels).keys() - {"le"})
    assert found == {name: labels for name, (_, labels) in PROMISED.items()}


def test_typologies_that_are_switched_off_are_shown(metrics):
    """All off, and one of the two on: whoever looks sees it, whatever the worker's own file says."""
    off = {typology: {"enabled": False} for typology in (each.id for each in REGISTRY)}
    for rules, shown in (({}, (1, 1)), (off, (0, 0)), (off | {"T16": {"enabled": True}}, (0, 1))):
        tally = Tally()
        tally.ruling = overlay_configuration({"rules": rules})
        tally.flush(metrics, "monitor")
        found = tuple(value(metrics, "fxwatch_typology_enabled", typology=name) for name in ("T01", "T16"))
        assert found == shown


def test_drifts_are_counted_by_segment_and_measure_and_all_are_there_from_the_start(metrics):
    """A rate is right from the first one on; what nobody knows counts together."""
    page = metrics.page().decode()
    assert len(re.findall(r"^fxwatch_drift_total\{.*\} 0\.0$", page, re.MULTILINE)) == 7 * 6
    metrics.count_drift("person.out", "amount")
    metrics.count_drift("made up", "amount", 2)
    assert value(metrics, "fxwatch_drift_total", segment="person.out", measure="amount") == 1
    assert value(metrics, "fxwatch_drift_total", segment="other", measure="amount") == 2


def test_what_an_operator_stopped_is_shown(metrics):
    """1 while it is, and 0 when the stop is taken back."""
    plain = overlay_configuration({})
    assert value(metrics, "fxwatch_stopped", what="statistical_alerts") == 0
    for stopped, shown in (({"statistical_alerts": "why"}, 1), ({}, 0)):
        metrics.show_rules(msgspec.structs.replace(plain, stopped=stopped))
        assert value(metrics, "fxwatch_stopped", what="statistical_alerts") == shown
        assert value(metrics, "fxwatch_stopped", what="challengers") == 0


def test_help_texts_name_their_unit(metrics):
    """Whoever reads the page learns what is counted or measured and in which unit."""
    helps = dict(re.findall(r"^# HELP (fxwatch_\S+) (.*)$", metrics.page().decode(), re.MULTILINE))
    for name, text in helps.items():
        for unit in ("seconds", "bytes", "records", "events"):
            if name.removesuffix("_total").endswith(f"_{unit}"):
                assert unit in text, name


def test_every_label_set_of_a_counter_is_there_from_the_start(metrics):
    """A dashboard's first rate is right: each combination of known label values shows 0 before anything happened."""
    page = samples(metrics)
    assert value(metrics, "fxwatch_dead_letters_total", topic="fx.rates.v1", code="amount.range") == 0
    assert value(metrics, "fxwatch_alerts_total", desk="legal", typology="T16", severity="critical") == 0
    assert value(metrics, "fxwatch_alerts_total", desk="anomaly", typology="anomaly", severity="low") == 0
    assert value(metrics, "fxwatch_events_total", agent="monitor", outcome="redelivered") == 0
    assert value(metrics, "fxwatch_detector_score_count", detector="tails") == 0
    assert value(metrics, "fxwatch_stage_seconds_count", agent="ingest", stage="publish") == 0
    assert sum(name == "fxwatch_partition_state" for name, _ in page) == 3 * 2 * 3


def test_counts_land_on_their_labels(metrics):
    """What is counted is shown where it was counted, and nowhere else."""
    metrics.count_read("fx.rates.v1", 7)
    metrics.count_events("monitor", "applied", 250)
    metrics.count_dead_letter("fx.transactions.v1", "json.syntax")
    metrics.count_alert("legal", "T01", "high")
    metrics.count_alert("legal", None, "high")
    metrics.count_replayed("monitor", 11)
    metrics.observe_run("ingest", 256)
    assert value(metrics, "fxwatch_records_read_total", topic="fx.rates.v1") == 7
    assert value(metrics, "fxwatch_records_read_total", topic="fx.transactions.v1") == 0
    assert value(metrics, "fxwatch_events_total", agent="monitor", outcome="applied") == 250
    assert value(metrics, "fxwatch_dead_letters_total", topic="fx.transactions.v1", code="json.syntax") == 1
    assert value(metrics, "fxwatch_alerts_total", desk="legal", typology="T01", severity="high") == 1
    assert value(metrics, "fxwatch_alerts_total", desk="legal", typology="anomaly", severity="high") == 1
    assert value(metrics, "fxwatch_replayed_events_total", agent="monitor") == 11
    assert value(metrics, "fxwatch_run_records_bucket", agent="ingest", le="256.0") == 1
    assert value(metrics, "fxwatch_run_records_bucket", agent="ingest", le="128.0") == 0


def test_unknown_label_values_never_grow_the_page(metrics):
    """A value that is not configured is counted as `other`; the number of series stays the same."""
    before = len(samples(metrics))
    for number in range(100):
        metrics.count_dead_letter(f"topic-{number}", f"code-{number}")
        metrics.count_read(f"topic-{number}")
    assert len(samples(metrics)) == before
    assert value(metrics, "fxwatch_dead_letters_total", topic="other", code="other") == 100
    assert value(metrics, "fxwatch_records_read_total", topic="other") == 100
    metrics.count_dead_letter("fx.rates.v1", "never-heard-of")
    assert value(metrics, "fxwatch_dead_letters_total", topic="fx.rates.v1", code="other") == 1


def test_observing_a_run_equals_observing_one_by_one():
    """`observe_many` fills the same buckets and sum as the library's own `observe`, bounds and overflow included."""
    bounds = (0.1, 0.5, 1.0)
    values = [0.05, 0.1, 0.100001, 0.5, 0.7, 1.0, 1.5, 40.0, 0.0]
    texts = []
    for together in (True, False):
        registry = CollectorRegistry()
        histogram = RunHistogram("h", "help", buckets=bounds, registry=registry)
        if together:
            histogram.observe_many(values)
        else:
            for one in values:
                histogram.observe(one)
        texts.append([(s.name, s.labels, pytest.approx(s.value)) for f in registry.collect() for s in f.samples])
    assert texts[0] == texts[1]
    assert len(texts[0]) >= len(bounds) + 3


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused(metrics, wrong):
    """NaN or infinity would spoil the histogram's sum for ever; it is refused and nothing of the run is counted."""
    with pytest.raises(ValueError, match="finite"):
        metrics.observe_scores("tails", [0.5, wrong])
    assert value(metrics, "fxwatch_detector_score_count", detector="tails") == 0


def test_negative_delays_count_as_zero(metrics):
    """A sender's clock ahead of ours does not make the sum of a histogram go down."""
    metrics.observe_end_to_end([-3.0, 0.02])
    metrics.observe_lateness([-86_400.0])
    assert value(metrics, "fxwatch_end_to_end_seconds_sum") == pytest.approx(0.02)
    assert value(metrics, "fxwatch_event_lateness_seconds_bucket", le="1.0") == 1
    assert value(metrics, "fxwatch_event_lateness_seconds_sum") == 0


def test_watermark_only_moves_forward(metrics):
    """The newest event time of a topic stays when an older event comes in."""
    metrics.advance_watermark("fx.rates.v1", 500.0)
    metrics.advance_watermark("fx.rates.v1", 400.0)
    assert value(metrics, "fxwatch_source_watermark_seconds", topic="fx.rates.v1") == 500.0
    assert value(metrics, "fxwatch_source_watermark_seconds", topic="fx.transactions.v1") == 0


def states(metrics, agent, partition):
    return {
        state: value(metrics, "fxwatch_partition_state", agent=agent, partition=str(partition), state=state)
        for state in ("running", "replaying", "stopped")
    }


def test_partition_state_is_one_hot(metrics):
    """Exactly the current state of a held partition is 1."""
    metrics.set_partition_state("monitor", 1, "replaying")
    metrics.set_partition_state("monitor", 1, "running")
    assert states(metrics, "monitor", 1) == {"running": 1, "replaying": 0, "stopped": 0}
    assert states(metrics, "monitor", 0) == {"running": 0, "replaying": 0, "stopped": 0}
    assert states(metrics, "ingest", 1) == {"running": 0, "replaying": 0, "stopped": 0}


def test_a_partition_that_went_away_leaves_no_value_behind(metrics):
    """After `forget_partition` its states are 0 and its gauges are gone; other partitions keep theirs."""
    for partition in (0, 1):
        metrics.set_partition_state("monitor", partition, "running")
        metrics.set_lag("monitor", partition, 9)
        metrics.set_state_size(partition, 3, 400)
        metrics.set_rank_among(partition, 500)
    metrics.forget_partition("monitor", 1)
    metrics.set_lag("monitor", 1, 9)  # a late call of a background task
    assert states(metrics, "monitor", 1) == {"running": 0, "replaying": 0, "stopped": 0}
    for name in ("fxwatch_lag_records", "fxwatch_snapshot_age_seconds"):
        assert value(metrics, name, agent="monitor", partition="1") is None
        assert value(metrics, name, agent="monitor", partition="0") is not None
    for name in ("fxwatch_parties", "fxwatch_state_bytes", "fxwatch_rank_among"):
        assert value(metrics, name, partition="1") is None
        assert value(metrics, name, partition="0") is not None
    metrics.forget_partition("monitor", 1)  # revoked twice, as Faust may do


def test_the_nodes_of_a_partition_leave_with_it(metrics):
    """The shared agent's; those of the monitor's partition of the same number stay."""
    metrics.set_node_size(0, 9, 9)
    assert value(metrics, "fxwatch_nodes", partition="0") is None, "not held"
    for agent in ("monitor", "shared"):
        metrics.set_partition_state(agent, 0, "running")
    metrics.set_state_size(0, 3, 400)
    metrics.set_node_size(0, 5, 600)
    assert value(metrics, "fxwatch_nodes", partition="0") == 5
    assert value(metrics, "fxwatch_node_bytes", partition="0") == 600
    metrics.forget_partition("shared", 0)
    assert value(metrics, "fxwatch_nodes", partition="0") is None
    assert value(metrics, "fxwatch_node_bytes", partition="0") is None
    assert value(metrics, "fxwatch_parties", partition="0") == 3


def test_snapshot_age_grows_until_the_next_one(metrics, clock):
    """Age counts from the take-over, then from the newest snapshot, and grows with the clock at every scrape."""
    metrics.set_partition_state("monitor", 0, "replaying")
    clock.now = 1030.0
    assert value(metrics, "fxwatch_snapshot_age_seconds", agent="monitor", partition="0") == 30
    metrics.note_snapshot("monitor", 0, taken_at=1025.0, size_bytes=4096)
    clock.now = 1100.0
    metrics.set_partition_state("monitor", 0, "running")
    assert value(metrics, "fxwatch_snapshot_age_seconds", agent="monitor", partition="0") == 75
    assert value(metrics, "fxwatch_snapshot_bytes") == 4096


def test_ingest_has_no_snapshot_age(metrics):
    """Ingest keeps no state and writes no snapshot, so an age of it would only ever grow and fire an alert."""
    metrics.set_partition_state("ingest", 0, "running")
    assert value(metrics, "fxwatch_snapshot_age_seconds", agent="ingest", partition="0") is None
    assert states(metrics, "ingest", 0)["running"] == 1


def test_another_configuration_adds_label_values_and_moves_build_info(metrics):
    """A new desk, typology or detector appears with 0; counts stay; one build_info remains."""
    metrics.count_alert("legal", "T01", "high")
    later = Versions(code="0.1.0", config="c2", detectors="d2", rules="r2")
    metrics.configure(desks=["tax"], typologies=["T02"], detectors=["trees"], versions=later)
    assert value(metrics, "fxwatch_alerts_total", desk="tax", typology="T02", severity="low") == 0
    assert value(metrics, "fxwatch_alerts_total", desk="legal", typology="T01", severity="high") == 1
    assert value(metrics, "fxwatch_detector_score_count", detector="trees") == 0
    infos = [dict(labels) for name, labels in samples(metrics) if name == "fxwatch_build_info"]
    assert infos == [{"version": "0.1.0", "config": "c2", "detectors": "d2", "rules": "r2"}]


def faust_app(**broken):
    """An app with the attributes that faust.sensors.Monitor has (the next test checks that against Faust)."""
    monitor = SimpleNamespace(
        messages_active=4,
        events_active=2,
        events_runtime=deque([0.1, 0.3]),
        commit_latency=deque([0.02]),
        assignment_latency=deque(),
        rebalance_end_latency=deque(),
        rebalance_return_latency=deque(),
        messages_received_total=90,
        events_total=80,
        rebalances=1,
        assignments_completed=1,
        assignments_failed=0,
        send_errors=0,
    )
    vars(monitor).update(broken)
    return SimpleNamespace(conf=SimpleNamespace(id="fxwatch-monitor"), monitor=monitor)


def test_what_passed_ingest_by_is_part_of_the_gap(metrics):
    """917 offsets that somebody moved past, and 60 that retention deleted unread, are in the gap and by their cause."""
    metrics.count_passed("fx.transactions.v1", "moved", 917)
    metrics.count_passed("fx.rates.v1", "deleted", 60)
    assert value(metrics, "fxwatch_reconciliation_gap") == 917 + 60
    assert value(metrics, "fxwatch_records_passed_total", topic="fx.transactions.v1", cause="moved") == 917


def test_faust_figures_are_served_beside_ours(metrics):
    """The collector shows one sample an app, means of the recent latencies, 0 where there are none yet."""
    metrics.register(FaustMonitorCollector(faust_app()))
    assert value(metrics, "faust_events_active", app="fxwatch-monitor") == 2
    assert value(metrics, "faust_event_runtime_seconds", app="fxwatch-monitor") == pytest.approx(0.2)
    assert value(metrics, "faust_assignment_latency_seconds", app="fxwatch-monitor") == 0
    assert value(metrics, "faust_rebalances_total", app="fxwatch-monitor") == 1
    assert value(metrics, "faust_collector_failures") == 0


def test_every_figure_exists_on_fausts_own_monitor():
    """Read from a real faust.sensors.Monitor, nothing is missing: a new Faust that renames a field is noticed here."""
    from faust.sensors import Monitor

    app = SimpleNamespace(conf=SimpleNamespace(id="real"), monitor=Monitor())
    families = {family.name: family for family in FaustMonitorCollector(app).collect()}
    assert families["faust_collector_failures"].samples[0].value == 0
    assert all(family.samples for family in families.values())


def test_a_broken_monitor_does_not_break_the_scrape(metrics, caplog):
    """A figure that cannot be read is left out, counted and logged once; the other metrics are served."""
    app = faust_app(rebalances=None)
    del app.monitor.commit_latency
    metrics.register(FaustMonitorCollector(app))
    metrics.page()
    assert value(metrics, "faust_collector_failures") == 2
    assert value(metrics, "faust_commit_latency_seconds", app="fxwatch-monitor") is None
    assert value(metrics, "faust_events_active", app="fxwatch-monitor") == 2
    assert value(metrics, "fxwatch_reconciliation_gap") == 0
    assert len([r for r in caplog.records if "faust_commit_latency_seconds" in r.message]) == 1


def test_process_figures_are_on_the_page(metrics):
    """Memory, CPU and garbage collection of the process are served as prometheus_client names them."""
    names = {name for name, _ in samples(metrics)}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_gc_collections_total"} <= names


def test_what_a_ceiling_held_back_counts_by_desk(metrics):
    """Every configured desk is there with 0 from the start; one that this worker does not know counts as another."""
    metrics.count_withheld("legal", 2)
    metrics.count_withheld("unheard-of", 1)
    told = {desk: value(metrics, "fxwatch_alerts_withheld_total", desk=desk) for desk in ("legal", "anomaly", "other")}
    assert told == {"legal": 2, "anomaly": 0, "other": 1}
