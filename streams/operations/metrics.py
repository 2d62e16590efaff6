"""The metrics that dashboards and alerting rules rely on (DESIGN section 9: the names are fixed).

Every label value comes from code or configuration, so the page's size is bounded and holds no identifiers; reporting
institutions alone come from events, at most 64 of them (institution_counter.py). Counters, histograms and
`partition_state` show every label set from the start, with 0, so that a rate is right from the first event on. Gauges
of a partition (lag, snapshot age, parties, state bytes) are there only while this process holds the partition: a value
left behind by an earlier owner would fire alerts, and NaN would spoil every sum.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from detectors.contracts.alert import Severity, Versions
from detectors.contracts.configuration import Configuration
from detectors.rates.rate_checks import VERDICTS
from streams.operations import run_histogram
from streams.operations.bounded_labels import OTHER, BoundedChildren
from streams.operations.institution_metrics import institution_metrics
from streams.operations.readiness_metrics import readiness_metrics
from streams.operations.run_histogram import RunHistogram

Outcome = Literal[
    "applied",
    "duplicate",
    "conflict",
    "redelivered",
    "refused",
    "late",
    "muted",
    "history",
    "ahead",
    "type_differs",
    "displaced",
]
# what the door did to a field of a record that it admitted (streams/contracts/identifiers.py)
Note = Literal["respelled", "placeholder", "report_form", "minor_units", "withheld"]
Stage = Literal["decode", "apply", "publish"]
PartitionState = Literal["running", "replaying", "stopped"]

# The agent that keeps learned state and writes snapshots: that of `fxwatch_parties` and `fxwatch_state_bytes`, which
# carry no agent label. Ingest keeps none, so it has no snapshot age (DESIGN section 2).
STATE_AGENT = "monitor"


class Metrics:
    """All metrics of one process, on a registry of their own.

    `topics` are the input topics, `codes` the stable codes of dead letters, `typologies` the ids that alerts carry (an
    alert that no typology explains counts as `anomaly`, added here), `detectors` the members' registry names.
    `input_partitions`: partitions of the input topic that has most, where that is another number than `partitions`;
    `clock` gives Unix seconds, read only when the page is made.
    The attributes are the metrics, named as on the page without `fxwatch_`, unit suffix included.
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
        # their order is that of the page
        self._define_record_counters()
        self._define_outcome_counters(tuple(institutions))
        self._define_histograms()
        self._define_input_gauges()
        self._define_state_gauges()
        self._define_process_gauges()
        self._read = BoundedChildren(self.records_read, [*topics, OTHER])
        self._passed = BoundedChildren(self.records_passed, [*topics, OTHER], ["deleted", "moved"])
        self._events = BoundedChildren(self.events, self.agents, [*get_args(Outcome)])
        self._notes = BoundedChildren(self.input_notes, get_args(Note))
        self._dead = BoundedChildren(self.dead_letters, [*topics, OTHER], [*codes, OTHER])
        self._alerts = BoundedChildren(self.alerts, [OTHER], ["anomaly", OTHER], get_args(Severity))
        self._scores = BoundedChildren(self.detector_score, [OTHER])
        self._stages = BoundedChildren(self.stage_seconds, self.agents, get_args(Stage))
        self._runs = BoundedChildren(self.run_records, self.agents)
        self._replayed = BoundedChildren(self.replayed_events, self.agents)
        for topic in topics:
            self.source_watermark_seconds.labels(topic)
        for agent in self.agents:
            for partition in range(input_partitions or partitions if agent == "ingest" else partitions):
                self._show_state(agent, partition, None)
        self.configure(desks=desks, typologies=typologies, detectors=detectors, versions=versions)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"fxwatch_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"fxwatch_{name}", text, labels, registry=self.registry)

    def _define_record_counters(self) -> None:
        counter = self._counter
        self.records_read = counter("records_read", "Records read from an input topic, records.", "topic")
        self.events = counter(
            "events",
            "Events by what became of them, events. applied: scored and learned from; duplicate: sent before; "
            "conflict: same identity, other body; redelivered: below the source's high-water mark; refused: not borne "
            "out, dead-lettered; late: beyond the lateness window (also applied); muted: replayed, its outputs having "
            "been published before (also what it was then; counted in no other metric again); "
            "history: loaded, never alerts (also applied); ahead: dated after its own Kafka timestamp (also applied); "
            "type_differs: gives its party another type than it was known by (also applied); "
            "displaced: a verdict to which another officer's on the alert gave way (also applied).",
            "agent",
            "outcome",
        )
        self.dead_letters = counter(
            "dead_letters",
            "Records rejected to the dead-letter topic, by the first code found, records.",
            "topic",
            "code",
        )
        self.input_notes = counter(
            "input_notes",
            "Fields of admitted records by what ingest did to them, fields. respelled: an identifier was written in "
            "another spelling than the one that counts; placeholder: an optional field named nobody and was left out; "
            "report_form: a report number has not the form of one and counts as no report; minor_units: an amount has "
            "more decimal places than its currency (nothing was changed); withheld: a CloudEvents or trace header held "
            "one of the record's identifiers and goes no further.",
            "note",
        )

    def _define_outcome_counters(self, institutions: Sequence[str]) -> None:
        counter = self._counter
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
            "group's offset was moved past them.",
            "topic",
            "cause",
        )
        self.replayed_events = counter(
            "replayed_events", "Events applied again from the ledger to rebuild state, events.", "agent"
        )
        self.rate_missing = counter("rate_missing", "Events scored without a usable reference rate, events.")
        self.rates = counter("rates", "Reference rates that were not used, doubted or corrected, records.", "verdict")
        for verdict in VERDICTS:
            self.rates.labels(verdict)
        self.payment_joins, self.sender_words, self.sender_proofs = institution_metrics(self.registry, institutions)
        self.payments_folded = counter(
            "payments_folded",
            "Payments of parties with more than are kept one by one, from now on in exact totals only, payments.",
        )
        self.parties_forgotten = counter("parties_forgotten", "Parties a partition had no room for any more, parties.")

    def _define_histograms(self) -> None:
        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> RunHistogram:
            return RunHistogram(f"fxwatch_{name}", text, labels, buckets=buckets, registry=self.registry)

        self.stage_seconds = histogram(
            "stage_seconds",
            "Time one run of consecutive records spends in a stage, seconds.",
            run_histogram.STAGE_BUCKETS,
            "agent",
            "stage",
        )
        self.end_to_end_seconds = histogram(
            "end_to_end_seconds",
            "From the input's Kafka timestamp to the commit of its alert, seconds.",
            run_histogram.END_TO_END_BUCKETS,
        )
        self.event_lateness_seconds = histogram(
            "event_lateness_seconds",
            "How far an event's own time lies behind the newest event time of its partition, seconds; 0 in order.",
            run_histogram.LATENESS_BUCKETS,
        )
        self.run_records = histogram(
            "run_records", "Consecutive records taken at once, records.", run_histogram.RUN_BUCKETS, "agent"
        )
        self.detector_score = histogram(
            "detector_score",
            "Scores of one detector, 0 to 1, higher is more unusual.",
            run_histogram.SCORE_BUCKETS,
            "detector",
        )

    def _define_input_gauges(self) -> None:
        gauge = self._gauge
        self.reconciliation_gap = gauge(
            "reconciliation_gap",
            "Offsets of input topics that ended neither in the ledger nor as dead letters, offsets: read and come to "
            "nothing, or passed ingest by (deleted unread, skipped by a moved offset) and not acknowledged. Must be 0.",
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
            "agent",
            "partition",
        )

    def _define_state_gauges(self) -> None:
        gauge = self._gauge
        self.snapshot_age_seconds = gauge(
            "snapshot_age_seconds",
            "Time since the newest snapshot of a partition held here (or since it was taken over), seconds.",
            "agent",
            "partition",
        )
        self.snapshot_bytes = gauge("snapshot_bytes", "Size of the snapshot written last by this process, bytes.")
        self.partition_state = gauge(
            "partition_state",
            "1 for the state a partition held here is in, 0 for the others; all 0 when it is not held here.",
            "agent",
            "partition",
            "state",
        )
        self.snapshots_refused = gauge(
            "snapshots_refused",
            "Snapshots that could not be used when a partition held here was loaded, snapshots.",
            "agent",
            "partition",
        )
        self.cold_start = gauge(
            "cold_start",
            "1 when a partition held here had to replay its ledger from the start, for lack of a usable snapshot.",
            "agent",
            "partition",
        )
        self.parties = gauge("parties", "Parties in the memory of a partition held here, parties.", "partition")
        self.state_bytes = gauge("state_bytes", "Learned state of a partition held here, packed, bytes.", "partition")

    def _define_process_gauges(self) -> None:
        gauge = self._gauge
        self.typology_enabled = gauge(
            "typology_enabled",
            "1 for a typology that the configuration enables which a partition held here came under last, else 0.",
            "typology",
        )
        self.sender_keys = gauge(
            "sender_keys",
            "Keys by which senders prove records, as ingest here knows them, keys; the label is the same where workers "
            "know the same ones, `none` without a file.",
            "fingerprint",
        )
        self.broker_away_seconds, self.unready_reasons = readiness_metrics(self.registry)
        self.build_info = gauge(
            "build_info",
            "Always 1; code release, and fingerprints of configuration, detector set and rules.",
            "version",
            "config",
            "detectors",
            "rules",
        )

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
        """Count offsets of an input topic that passed ingest by; what nobody read is part of the gap."""
        self._passed[topic, cause].inc(offsets)
        self.reconciliation_gap.inc(offsets)

    def count_acknowledged(self, offsets: int) -> None:
        """Count offsets that an operator settled as unread: they are a gap no more."""
        self.reconciliation_gap.dec(offsets)

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
        """The page in Prometheus' text format (`CONTENT_TYPE_LATEST`). Costs milliseconds, not per event."""
        return generate_latest(self.registry)

    def _age_from(self, agent: str, partition: int, taken_at: float) -> None:
        age = self.snapshot_age_seconds
        if agent == STATE_AGENT:
            age.labels(agent, str(partition)).set_function(lambda: max(0.0, self._clock() - taken_at))

    def _show_state(self, agent: str, partition: int, current: PartitionState | None) -> None:
        for state in get_args(PartitionState):
            self.partition_state.labels(agent, str(partition), state).set(1 if state == current else 0)
