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
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

from detectors.contracts.alert import Severity, Versions
from detectors.contracts.configuration import Configuration, Stoppable
from detectors.memory.day_measures import MEASURES
from detectors.payment_score import SEGMENTS
from streams.operations.bounded_labels import OTHER, BoundedChildren
from streams.operations.metric_definitions import DefinedMetrics

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
    "passed",
]
# what the door did to a field of a record that it admitted (streams/contracts/identifiers.py)
Note = Literal["respelled", "placeholder", "report_form", "minor_units", "withheld"]
Stage = Literal["decode", "apply", "publish"]
PartitionState = Literal["running", "replaying", "stopped"]

# The agent of `fxwatch_parties` and `fxwatch_state_bytes`, and that of `fxwatch_nodes` and `fxwatch_node_bytes`, which
# carry no agent label.
STATE_AGENT, NODES_AGENT = "monitor", "shared"
_SEGMENTS = [f"{peers}.{direction}" for peers in dict.fromkeys(SEGMENTS.values()) for direction in ("in", "out")]


class Metrics(DefinedMetrics):
    """All metrics of one process, on a registry of their own.

    `topics` are the input topics, `codes` the stable codes of dead letters, `typologies` the ids that alerts carry (an
    alert that no typology explains counts as `anomaly`, added here), `detectors` the members' registry names.
    `input_partitions`: partitions of the input topic that has most, where that is another number than `partitions`;
    `stateful`: which of `agents` keep learned state, and so have snapshots with an age (ingest keeps none);
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
        agents: Iterable[str] = ("ingest", "monitor", "shared"),
        stateful: Iterable[str] = (STATE_AGENT, NODES_AGENT),
        institutions: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(tuple(institutions))
        self.partitions, self.agents, self._clock = partitions, tuple(agents), clock
        self._stateful = frozenset(stateful)
        self._held: set[tuple[str, int]] = set()
        self._build_labels: tuple[str, ...] | None = None
        self._typologies: dict[str, None] = {}
        # None until a partition held here has come under one
        self.ruling: Configuration | None = None
        self._watermarks: dict[str, float] = {}
        topics = tuple(topics)
        self._read = BoundedChildren(self.records_read, [*topics, OTHER])
        self._passed = BoundedChildren(self.records_passed, [*topics, OTHER], ["deleted", "moved"])
        self._events = BoundedChildren(self.events, self.agents, [*get_args(Outcome)])
        self._notes = BoundedChildren(self.input_notes, get_args(Note))
        self._dead = BoundedChildren(self.dead_letters, [*topics, OTHER], [*codes, OTHER])
        self._alerts = BoundedChildren(self.alerts, [OTHER], ["anomaly", OTHER], get_args(Severity))
        self._shadow = BoundedChildren(self.shadow, [OTHER], ["both", "alone"])
        self._withheld = BoundedChildren(self.alerts_withheld, [OTHER])
        self._scores = BoundedChildren(self.detector_score, [OTHER])
        self._stages = BoundedChildren(self.stage_seconds, self.agents, get_args(Stage))
        self._drifts = BoundedChildren(self.drift, [*_SEGMENTS, OTHER], [*MEASURES, OTHER])
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

    def configure(
        self, *, desks: Iterable[str], typologies: Iterable[str], detectors: Iterable[str], versions: Versions
    ) -> None:
        """Show the label values of another configuration; counts of the one before stay, `build_info` moves."""
        typologies = tuple(typologies)
        self._typologies.update(dict.fromkeys(typologies))
        desks = tuple(desks)
        self._alerts.extend(desks, typologies, ())
        self._withheld.extend(desks)
        self._scores.extend(detectors)
        labels = (versions.code, versions.config, versions.detectors, versions.rules)
        if self._build_labels is not None and self._build_labels != labels:
            self.build_info.remove(*self._build_labels)
        self._build_labels = labels
        self.build_info.labels(*labels).set(1)

    def show_rules(self, ruling: Configuration) -> None:
        """Show what the configuration has enabled and stopped that a partition here came under last.

        And count its challengers by name.
        """
        self.ruling = ruling
        self._shadow.extend(ruling.challenging, ())
        for typology in self._typologies:
            rules = ruling.rules.get(typology)
            self.typology_enabled.labels(typology).set(int(rules is not None and rules.enabled))
        for what in get_args(Stoppable):
            self.stopped.labels(what).set(int(what in ruling.stops))

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

    def count_learning(self, kind: str, outcome: str, records: int = 1) -> None:
        """Count what partitions tell one another, by kind: told, or as in detectors/memory/exchange.py."""
        self.learning.labels(kind, outcome).inc(records)

    def count_shadow(self, challenger: str, who: str, payments: int = 1) -> None:
        """Count payments that a challenger would have alerted: `both`, or it `alone`."""
        self._shadow[challenger, who].inc(payments)

    def count_quarantine(self, what: str, payments: int) -> None:
        """Count payments that are kept back from learning, or what became of them."""
        self.quarantine.labels(what).inc(payments)

    def count_drift(self, segment: str, measure: str, changes: int = 1) -> None:
        """Count changes of what a segment's payments are like."""
        self._drifts[segment, measure].inc(changes)

    def count_alert(self, desk: str, typology: str | None, severity: Severity) -> None:
        """Count one alert under its strongest typology; None stands for `anomaly`."""
        self._alerts[desk, typology or "anomaly", severity].inc()

    def count_withheld(self, desk: str, alerts: int) -> None:
        """Count alerts that a desk did not get for its ceiling."""
        self._withheld[desk,].inc(alerts)

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

    def note_snapshot(self, agent: str, partition: int, taken_at: float, size_bytes: int) -> None:
        """Note a snapshot written or loaded: when it was taken (Unix seconds) and its size over all chunks."""
        if (agent, partition) in self._held:
            self._age_from(agent, partition, taken_at)
            self.snapshot_bytes.set(size_bytes)

    def set_state_size(self, partition: int, parties: int, size_bytes: int) -> None:
        """Set the learned state of one held partition of the monitor: parties in memory, bytes."""
        if (STATE_AGENT, partition) in self._held:
            self.parties.labels(str(partition)).set(parties)
            self.state_bytes.labels(str(partition)).set(size_bytes)

    def set_rank_among(self, partition: int, payments: int) -> None:
        """Set among how many payments one held partition of the monitor ranks; 0 while it ranks none."""
        if (STATE_AGENT, partition) in self._held:
            self.rank_among.labels(str(partition)).set(payments)

    def set_node_size(self, partition: int, nodes: int, size_bytes: int) -> None:
        """Set the learned state of one held partition of the shared agent: nodes in memory, bytes."""
        if (NODES_AGENT, partition) in self._held:
            self.nodes.labels(str(partition)).set(nodes)
            self.node_bytes.labels(str(partition)).set(size_bytes)

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
            self.rank_among.remove(str(partition))
        elif agent == NODES_AGENT:
            self.nodes.remove(str(partition))
            self.node_bytes.remove(str(partition))

    def register(self, collector: Collector) -> None:
        """Add a collector that is asked each time the page is made."""
        self.registry.register(collector)

    def page(self) -> bytes:
        """The page in Prometheus' text format (`CONTENT_TYPE_LATEST`). Costs milliseconds, not per event."""
        return generate_latest(self.registry)

    def _age_from(self, agent: str, partition: int, taken_at: float) -> None:
        age = self.snapshot_age_seconds
        if agent in self._stateful:
            age.labels(agent, str(partition)).set_function(lambda: max(0.0, self._clock() - taken_at))

    def _show_state(self, agent: str, partition: int, current: PartitionState | None) -> None:
        for state in get_args(PartitionState):
            self.partition_state.labels(agent, str(partition), state).set(1 if state == current else 0)
