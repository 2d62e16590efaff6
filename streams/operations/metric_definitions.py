"""Every metric of a worker, defined: its name on the page, its text, its labels (the names are fixed for outsiders).

Who counts and sets them is metrics.py.
"""

from collections.abc import Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from detectors.contracts.configuration import Stoppable
from detectors.memory.exchange import HEARD
from detectors.memory.frozen_state import QUARANTINE
from detectors.rates.rate_checks import VERDICTS
from streams.operations import run_histogram
from streams.operations.institution_metrics import institution_metrics
from streams.operations.readiness_metrics import readiness_metrics
from streams.operations.run_histogram import RunHistogram


class DefinedMetrics:
    """The metrics as attributes, named as on the page without `fxwatch_`, unit suffix included; and their registry.

    `institutions` get the label values that only they have (institution_metrics.py).
    """

    def __init__(self, institutions: Sequence[str]) -> None:
        # `_created` samples double the page and tell nothing that `process_start_time_seconds` does not
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        # their order is that of the page
        self._define_record_counters()
        self._define_outcome_counters(institutions)
        self._define_histograms()
        self._define_input_gauges()
        self._define_state_gauges()
        self._define_process_gauges()

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
            "displaced: a verdict to which another officer's on the alert gave way (also applied); "
            "passed: of the legs, no business of the agent that reads them (written before it knew rates and limits).",
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
        self._define_learning_counters()
        self._define_desk_counters(institutions)

    def _define_desk_counters(self, institutions: Sequence[str]) -> None:
        counter = self._counter
        self.snoozes = counter(
            "snoozes",
            "Snoozes begun and ended by officers, and alerts under one, records. resting: no desk gets the alert; "
            "legal_line: the desks get it all the same, marked.",
            "what",
        )
        for what in ("begun", "ended", "resting", "legal_line"):
            self.snoozes.labels(what)
        self.alerts_withheld = counter(
            "alerts_withheld",
            "Statistical alerts that a desk did not get, because it had as many that day as its ceiling allows, "
            "alerts. They stand in fx.alerts.v1.",
            "desk",
        )
        self.payment_joins, self.sender_words, self.sender_proofs = institution_metrics(self.registry, institutions)
        self.payments_folded = counter(
            "payments_folded",
            "Payments of parties with more than are kept one by one, from now on in exact totals only, payments.",
        )
        self.parties_forgotten = counter("parties_forgotten", "Parties a partition had no room for any more, parties.")
        self.legs_left_out = counter(
            "legs_left_out",
            "Legs of shared things with more than are kept one by one, from now on in sums only, legs.",
        )
        self.nodes_forgotten = counter("nodes_forgotten", "Shared things a partition had no room for any more, nodes.")
        self.trails = counter("trails", "Payments told to residents' nodes by what foreign parties pass on, legs.")
        self.trails_cut = counter("trails_cut", "Payments that no trail told of, for lack of a proof, payments.")

    def _define_learning_counters(self) -> None:
        counter = self._counter
        self.learning = counter(
            "learning",
            "What partitions tell one another, records by kind and by what became of them. told: published by a "
            "partition here; applied: learned from; repeated: applied before; passed: of another detector set; "
            "unusable: what no partition can have told. A record told is heard by every partition.",
            "kind",
            "outcome",
        )
        for kind in ("score_counts", "lesson", "drift", "desk_copies"):
            for outcome in ("told", *HEARD):
                self.learning.labels(kind, outcome)
        self.drift = counter(
            "drift",
            "Changes of what a segment's payments are like, changes; each is told in the log and stands in the ledger.",
            "segment",
            "measure",
        )
        self.shadow = counter(
            "shadow",
            "Payments that a challenger would have alerted, payments. both: the set in force alerted it too; alone: it "
            "did not. Nobody is shown them. A challenger that this worker's configuration does not name is other.",
            "challenger",
            "who",
        )
        self.quarantine = counter(
            "quarantine",
            "Payments that the models do not learn from, payments. held: flagged and kept back; cleared: learned after "
            "a verdict; timed_out: learned when their time was up; changed: learned as a real change; pushed_out: "
            "never learned, as a party had too many; untaught: not held, and beyond what others learn of a party in "
            "30 days.",
            "what",
        )
        for name in QUARANTINE:
            self.quarantine.labels(name.removeprefix("quarantine_"))

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
        self.rank_among = gauge(
            "rank_among",
            "Payments that a rank of a partition held here is taken among, by its newest snapshot, payments; 0 while it"
            " ranks none. A rank finer than 1 in so many is coarse (page /startup, `fxwatch doctor`).",
            "partition",
        )
        self.nodes = gauge("nodes", "Shared things in the memory of a partition of legs held here, nodes.", "partition")
        self.node_bytes = gauge(
            "node_bytes", "Learned state of a partition of legs held here, packed, bytes.", "partition"
        )

    def _define_process_gauges(self) -> None:
        gauge = self._gauge
        self.typology_enabled = gauge(
            "typology_enabled",
            "1 for a typology that the configuration enables which a partition held here came under last, else 0.",
            "typology",
        )
        self.stopped = gauge(
            "stopped",
            "1 for what an operator has stopped in the configuration which a partition held here came under last, else "
            "0.",
            "what",
        )
        for what in get_args(Stoppable):
            self.stopped.labels(what)
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
