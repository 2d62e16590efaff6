"""The metrics that dashboards and alerting rules rely on (DESIGN section 9: the names are fixed).

Every label value comes from code or configuration, so the page's size is bounded and holds no identifiers; reporting
institutions alone come from events, at most 64 of them (institution_counter.py). Counters, histograms and
`partition_state` show every label set from the start, with 0, so that a rate is right from the first event on. Gauges
of a partition (lag, snapshot age, parties, state bytes) are there only while this process holds the partition: a value
left behind by an earlier owner would fire alerts, and NaN would spoil every sum.
"""

import math
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from detectors.accounting import JOINS
from detectors.alert import Severity, Versions
from detectors.configuration import Configuration
from detectors.rate_checks import VERDICTS
from streams.institution_counter import InstitutionCounter
from streams.sender_words import WORDS

Outcome = Literal["applied", "duplicate", "conflict", "redelivered", "refused", "late", "muted", "history", "ahead",
                  "type_differs"]  # fmt: skip
# what the door did to a field of a record that it admitted (streams/identifiers.py)
Note = Literal["respelled", "placeholder", "report_form", "minor_units", "withheld"]
Stage = Literal["decode", "apply", "publish"]
PartitionState = Literal["running", "replaying", "stopped"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
# The label value for what is in neither the code nor the configuration. More than 0 here is a fault in fxwatch;
# counting it beats stopping a partition over a metric, and keeps the number of series bounded.
OTHER = "other"
# Agents that keep learned state and write snapshots; ingest keeps none, so it has no snapshot age (DESIGN section 2).
STATEFUL_AGENTS = ("monitor", "network")
# The agent whose parties and bytes are shown (`fxwatch_parties`, `fxwatch_state_bytes` carry no agent label).
STATE_AGENT = "monitor"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# Stages take from 10 us (one short run) to 10 s (a broker that hardly answers); DESIGN section 3 bounds a run at 50 ms.
STAGE_BUCKETS = (
    1e-5,
    2.5e-5,
    5e-5,
    1e-4,
    2.5e-4,
    5e-4,
    1e-3,
    2.5e-3,
    5e-3,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
)
END_TO_END_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
# 35 days is the default of `engine.lateness_days`; later events are counted as `late`.
LATENESS_BUCKETS = (1, 5, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
                    _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 35 * _DAY, 40 * _DAY)  # fmt: skip
RUN_BUCKETS = tuple(2**power for power in range(11))  # up to the most records a run may have (settings.run_records)
SCORE_BUCKETS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


class RunHistogram(Histogram):
    """The library's histogram, and a way to observe a whole run's values at once (a lock per bucket, not per value)."""

    def observe_many(self, values: Sequence[float]) -> None:
        """Observe each of `values`; the same result as `observe` one by one. Measured 0.13 us a value beside 0.9.

        Raises `ValueError` on NaN or infinity, which would spoil the sum for the life of the process.
        """
        total = math.fsum(values)
        if not math.isfinite(total):
            raise ValueError(f"only finite values can be observed; got a sum of {total} over {len(values)} values")
        bounds = self._upper_bounds
        for bucket, count in Tally([bisect_left(bounds, value) for value in values]).items():
            self._buckets[bucket].inc(count)
        self._sum.inc(total)


class _Children(dict[tuple[str, ...], Any]):
    """A metric's children by label values, resolved once; unknown values go to the `other` child of that label."""

    def __init__(self, metric: Counter | Histogram, *allowed: Iterable[str]) -> None:
        super().__init__()
        self.metric = metric
        self.allowed: list[dict[str, None]] = [{} for _ in allowed]
        self.extend(*allowed)

    def extend(self, *values: Iterable[str]) -> None:
        """Allow more values, label by label, and make every combination appear with 0."""
        for known, more in zip(self.allowed, values, strict=True):
            known.update(dict.fromkeys(more))
        combinations: list[tuple[str, ...]] = [()]
        for known in self.allowed:
            combinations = [(*before, value) for before in combinations for value in known]
        for labels in combinations:
            if labels not in self:
                self[labels] = self.metric.labels(*labels)

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        bounded = tuple(value if value in known else OTHER for value, known in zip(labels, self.allowed, strict=True))
        # not stored under `labels`: a dictionary that grew with unknown values would be the leak this prevents
        return self[bounded] if bounded in self else self.metric.labels(*bounded)


class Metrics:
    """All metrics of one process, on a registry of their own.

    `topics` are the input topics, `codes` the stable codes of dead letters, `typologies` the ids that alerts carry (an
    alert that no typology explains counts as `anomaly`, added here), `detectors` the members' registry names.
    `input_partitions`: partitions of the input topic that has most, where that is another number than `partitions`.
    `clock` gives Unix seconds; it is read only when the page is made.
    The attributes are the prometheus_client metrics, named as on the page without `fxwatch_`, unit suffix included.
    """

    def __init__(
        self,
        *,
        partitions: int,
        input_partitions: int | None = None,
        desks: Iterable[str],
        typologies: Iterable[str],
        topics: Iterable[str],
        codes: Iterable[str],
        detectors: Iterable[str],
        versions: Versions,
        agents: Iterable[str] = ("ingest", "monitor"),
        institutions: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        # `_created` samples double the page and tell nothing that `process_start_time_seconds` does not
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.partitions, self.agents, self._clock = partitions, tuple(agents), clock
        self._held: set[tuple[str, int]] = set()
        self._build_labels: tuple[str, ...] | None = None
        self._typologies: dict[str, None] = {}
        self._watermarks: dict[str, float] = {}
        topics = tuple(topics)
        self._define_counters(tuple(institutions))
        self._define_histograms()
        self._define_gauges()
        self._read = _Children(self.records_read, [*topics, OTHER])
        self._passed = _Children(self.records_passed, [*topics, OTHER], ["deleted", "moved"])
        self._events = _Children(self.events, self.agents, [*get_args(Outcome)])
        self._notes = _Children(self.input_notes, get_args(Note))
        self._dead = _Children(self.dead_letters, [*topics, OTHER], [*codes, OTHER])
        self._alerts = _Children(self.alerts, [OTHER], ["anomaly", OTHER], get_args(Severity))
        self._scores = _Children(self.detector_score, [OTHER])
        self._stages = _Children(self.stage_seconds, self.agents, get_args(Stage))
        self._runs = _Children(self.run_records, self.agents)
        self._replayed = _Children(self.replayed_events, self.agents)
        for topic in topics:
            self.source_watermark_seconds.labels(topic)
        for agent in self.agents:
            for partition in range(input_partitions or partitions if agent == "ingest" else partitions):
                self._show_state(agent, partition, None)
        self.configure(desks=desks, typologies=typologies, detectors=detectors, versions=versions)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _define_counters(self, institutions: Sequence[str]) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"fxwatch_{name}", text, labels, registry=self.registry)

        self.records_read = counter("records_read", "Records read from an input topic, records.", "topic")
        self.events = counter(
            "events",
            "Events by what became of them, events. applied: scored and learned from; duplicate: sent before; "
            "conflict: same identity, other body; redelivered: below the source's high-water mark; refused: not borne "
            "out, dead-lettered; late: beyond the lateness window (also applied); muted: applied, its outputs having "
            "been published before (also applied); "
            "history: loaded, never alerts (also applied); ahead: dated after its own Kafka timestamp (also applied); "
            "type_differs: gives its party another type than it was known by (also applied).",
            "agent", "outcome",
        )  # fmt: skip
        self.dead_letters = counter(
            "dead_letters",
            "Records rejected to the dead-letter topic, by the first code found, records.", "topic", "code",
        )  # fmt: skip
        self.input_notes = counter(
            "input_notes",
            "Fields of admitted records by what ingest did to them, fields. respelled: an identifier was written in "
            "another spelling than the one that counts; placeholder: an optional field named nobody and was left out; "
            "report_form: a report number has not the form of one and counts as no report; minor_units: an amount has "
            "more decimal places than its currency (nothing was changed); withheld: a CloudEvents or trace header held "
            "one of the record's identifiers and goes no further.", "note",
        )  # fmt: skip
        self.alerts = counter(
            "alerts",
            "Alerts published, by desk, strongest typology and severity, alerts.",
            "desk",
            "typology",
            "severity",
        )
        self.records_passed = counter(
            "records_passed",
            "Offsets of an input topic that passed ingest by, offsets. deleted: gone before they were read; moved: the "
            "group's offset was moved past them.", "topic", "cause",
        )  # fmt: skip
        self.replayed_events = counter(
            "replayed_events", "Events applied again from the ledger to rebuild state, events.", "agent"
        )
        self.rate_missing = counter("rate_missing", "Events scored without a usable reference rate, events.")
        self.rates = counter("rates", "Reference rates that were not used, doubted or corrected, records.", "verdict")
        for verdict in VERDICTS:
            self.rates.labels(verdict)
        self.payment_joins = InstitutionCounter(
            "payment_joins",
            "Events that share a payment's id. payment.reused: disagrees, so another payment; payment.restated: said "
            "anew; reversal.mismatched: nothing taken back; reversal.foreign: of another institution's payment.",
            "join", JOINS, self.registry, institutions,
        )  # fmt: skip
        self.sender_words = InstitutionCounter(
            "sender_words",
            "Payments by what their institution merely says of them, payments. event: all; exempt: no documents asked; "
            "reported: a report number; bank: the party is a bank; history: loaded; noted: a field was mended or left "
            "out at the door; type_differs: another type of the party than it is known by.",
            "word", WORDS, self.registry, institutions,
        )  # fmt: skip
        self.payments_folded = counter(
            "payments_folded",
            "Payments of parties with more than are kept one by one, from now on in exact totals only, payments.",
        )

    def _define_histograms(self) -> None:
        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> RunHistogram:
            return RunHistogram(f"fxwatch_{name}", text, labels, buckets=buckets, registry=self.registry)

        self.stage_seconds = histogram(
            "stage_seconds",
            "Time one run of consecutive records spends in a stage, seconds.",
            STAGE_BUCKETS,
            "agent",
            "stage",
        )
        self.end_to_end_seconds = histogram(
            "end_to_end_seconds",
            "From the input's Kafka timestamp to the commit of its alert, seconds.",
            END_TO_END_BUCKETS,
        )
        self.event_lateness_seconds = histogram(
            "event_lateness_seconds",
            "How far an event's own time lies behind the newest event time of its partition, seconds; 0 in order.",
            LATENESS_BUCKETS,
        )
        self.run_records = histogram("run_records", "Consecutive records taken at once, records.", RUN_BUCKETS, "agent")
        self.detector_score = histogram(
            "detector_score", "Scores of one detector, 0 to 1, higher is more unusual.", SCORE_BUCKETS, "detector"
        )

    def _define_gauges(self) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"fxwatch_{name}", text, labels, registry=self.registry)

        self.reconciliation_gap = gauge(
            "reconciliation_gap",
            "Records read and acknowledged that are neither in the ledger nor dead-lettered, records. Must be 0.",
        )
        self.source_watermark_seconds = gauge(
            "source_watermark_seconds",
            "Newest event time read from an input topic, Unix seconds; 0 before the first.",
            "topic",
        )
        self.lag_records = gauge(
            "lag_records",
            "Records not yet taken from a partition that this process holds, records.",
            "agent",
            "partition",
        )
        self.hidden_records = gauge(
            "hidden_records",
            "Records of a partition held here that a sender's transaction, open for over 30 s, keeps from being read, "
            "records.",
            "agent", "partition",
        )  # fmt: skip
        self.snapshot_age_seconds = gauge(
            "snapshot_age_seconds",
            "Time since the newest snapshot of a partition held here (or since it was taken over), seconds.",
            "agent", "partition",
        )  # fmt: skip
        self.snapshot_bytes = gauge("snapshot_bytes", "Size of the snapshot written last by this process, bytes.")
        self.partition_state = gauge(
            "partition_state",
            "1 for the state a partition held here is in, 0 for the others; all 0 when it is not held here.",
            "agent", "partition", "state",
        )  # fmt: skip
        self.snapshots_refused = gauge(
            "snapshots_refused",
            "Snapshots that could not be used when a partition held here was loaded, snapshots.",
            "agent", "partition",
        )  # fmt: skip
        self.cold_start = gauge(
            "cold_start",
            "1 when a partition held here had to replay its ledger from the start, for lack of a usable snapshot.",
            "agent", "partition",
        )  # fmt: skip
        self.parties = gauge("parties", "Parties in the memory of a partition held here, parties.", "partition")
        self.state_bytes = gauge("state_bytes", "Learned state of a partition held here, packed, bytes.", "partition")
        self.typology_enabled = gauge(
            "typology_enabled",
            "1 for a typology that the configuration enables which a partition held here came under last, else 0.",
            "typology",
        )  # fmt: skip
        self.build_info = gauge(
            "build_info",
            "Always 1; code release, and fingerprints of configuration, detector set and rules.",
            "version", "config", "detectors", "rules",
        )  # fmt: skip

    def configure(
        self, *, desks: Iterable[str], typologies: Iterable[str], detectors: Iterable[str], versions: Versions
    ) -> None:
        """Show the label values of another configuration; counts of the one before stay, `build_info` moves."""
        typologies = tuple(typologies)
        self._typologies.update(dict.fromkeys(typologies))
        self._alerts.extend(desks, typologies, ())
        self._scores.extend(detectors)
        labels = (versions.code, versions.config, versions.detectors, versions.rules)
        if self._build_labels is not None and self._build_labels != labels:
            self.build_info.remove(*self._build_labels)
        self._build_labels = labels
        self.build_info.labels(*labels).set(1)

    def show_rules(self, ruling: Configuration) -> None:
        """Show which typologies the configuration has enabled that a partition here came under last."""
        for typology in self._typologies:
            rules = ruling.rules.get(typology)
            self.typology_enabled.labels(typology).set(int(rules is not None and rules.enabled))

    def count_read(self, topic: str, records: int = 1) -> None:
        """Count records read from an input topic."""
        self._read[topic,].inc(records)

    def count_events(self, agent: str, outcome: Outcome, events: int = 1) -> None:
        """Count events by outcome."""
        self._events[agent, outcome].inc(events)

    def count_passed(self, topic: str, cause: Literal["deleted", "moved"], offsets: int) -> None:
        """Count offsets of an input topic that passed ingest by."""
        self._passed[topic, cause].inc(offsets)

    def count_dead_letter(self, topic: str, code: str, records: int = 1) -> None:
        """Count rejected records under one code each (the first found), so that the sum is the number of records."""
        self._dead[topic, code].inc(records)

    def count_note(self, note: str, fields: int = 1) -> None:
        """Count fields of admitted records by what was done to them, one of `Note`."""
        self._notes[note,].inc(fields)

    def count_alert(self, desk: str, typology: str | None, severity: Severity) -> None:
        """Count one alert under its strongest typology; None stands for `anomaly`."""
        self._alerts[desk, typology or "anomaly", severity].inc()

    def count_replayed(self, agent: str, events: int) -> None:
        """Count events applied again from the ledger."""
        self._replayed[agent,].inc(events)

    def observe_stage(self, agent: str, stage: Stage, seconds: float) -> None:
        """Observe the time one run spent in a stage."""
        self._stages[agent, stage].observe(seconds)

    def observe_run(self, agent: str, records: int) -> None:
        """Observe the number of records of one run."""
        self._runs[agent,].observe(records)

    def observe_scores(self, detector: str, scores: Sequence[float]) -> None:
        """Observe a run's scores of one detector. Raises `ValueError` on NaN or infinity."""
        self._scores[detector,].observe_many(scores)

    def observe_end_to_end(self, seconds: Sequence[float]) -> None:
        """Observe the delays of a run's alerts; a clock ahead of ours counts as 0."""
        self.end_to_end_seconds.observe_many([max(0.0, value) for value in seconds])

    def observe_lateness(self, seconds: Sequence[float]) -> None:
        """Observe how late a run's events were; an event ahead of the others counts as 0."""
        self.event_lateness_seconds.observe_many([max(0.0, value) for value in seconds])

    def advance_watermark(self, topic: str, event_time: float) -> None:
        """Move a topic's newest event time (Unix seconds) forward; an older one changes nothing."""
        if event_time > self._watermarks.get(topic, 0.0):
            self._watermarks[topic] = event_time
            self.source_watermark_seconds.labels(topic).set(event_time)

    def set_partition_state(self, agent: str, partition: int, state: PartitionState) -> None:
        """Say that this process holds the partition, and in what state it is."""
        if (agent, partition) not in self._held:
            self._held.add((agent, partition))
            self._age_from(agent, partition, self._clock())
        self._show_state(agent, partition, state)

    def set_loaded(self, agent: str, partition: int, *, refused: int, cold: bool) -> None:
        """Say how a held partition's state came to be: snapshots refused on the way, and whether none was left."""
        if (agent, partition) in self._held:
            self.snapshots_refused.labels(agent, str(partition)).set(refused)
            self.cold_start.labels(agent, str(partition)).set(int(cold))

    def set_lag(self, agent: str, partition: int, records: int) -> None:
        """Set a held partition's lag; nothing for one that is not, so that a late call brings no dead series back."""
        if (agent, partition) in self._held:
            self.lag_records.labels(agent, str(partition)).set(records)

    def set_hidden(self, agent: str, partition: int, records: int) -> None:
        """Set how many records of a held partition an open transaction hides."""
        if (agent, partition) in self._held:
            self.hidden_records.labels(agent, str(partition)).set(records)

    def snapshot_saved(self, agent: str, partition: int, taken_at: float, size_bytes: int) -> None:
        """Note a snapshot written or loaded: when it was taken (Unix seconds) and its size over all chunks."""
        if (agent, partition) in self._held:
            self._age_from(agent, partition, taken_at)
            self.snapshot_bytes.set(size_bytes)

    def set_state_size(self, partition: int, parties: int, size_bytes: int) -> None:
        """Set the learned state of one held partition of the monitor: parties in memory, bytes."""
        if (STATE_AGENT, partition) in self._held:
            self.parties.labels(str(partition)).set(parties)
            self.state_bytes.labels(str(partition)).set(size_bytes)

    def forget_partition(self, agent: str, partition: int) -> None:
        """The partition went to another process: states to 0, its gauges leave the page. Harmless when not held."""
        self._held.discard((agent, partition))
        self._show_state(agent, partition, None)
        self.lag_records.remove(agent, str(partition))
        self.hidden_records.remove(agent, str(partition))
        self.snapshot_age_seconds.remove(agent, str(partition))
        self.snapshots_refused.remove(agent, str(partition))
        self.cold_start.remove(agent, str(partition))
        if agent == STATE_AGENT:
            self.parties.remove(str(partition))
            self.state_bytes.remove(str(partition))

    def register(self, collector: Collector) -> None:
        """Add a collector that is asked each time the page is made."""
        self.registry.register(collector)

    def page(self) -> bytes:
        """The page in Prometheus' text format; serve it with `CONTENT_TYPE`. Costs milliseconds, not per event."""
        return generate_latest(self.registry)

    def _age_from(self, agent: str, partition: int, taken_at: float) -> None:
        age = self.snapshot_age_seconds
        if agent in STATEFUL_AGENTS:
            age.labels(agent, str(partition)).set_function(lambda: max(0.0, self._clock() - taken_at))

    def _show_state(self, agent: str, partition: int, current: PartitionState | None) -> None:
        for state in get_args(PartitionState):
            self.partition_state.labels(agent, str(partition), state).set(1 if state == current else 0)
