"""Counts what became of the events of a run, until they go into the metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence

from detectors.contracts.events import Event
from detectors.contracts.learning import Learning, StreamDrift
from detectors.core import Outputs
from detectors.memory.frozen_state import QUARANTINE
from streams.operations.metrics import Metrics
from streams.partition.alert_tally import AlertTally


class Tally(AlertTally):
    """What the monitor counts beside outcomes and time.

    It grows with the events since (some 160 bytes each): a whole replay would be 158 MB a million.
    """

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self.scores: dict[str, list[float]] = {}
        self.rate_missing = 0
        self.joins: Counter[tuple[str, str]] = Counter()
        self.folded = self.forgotten = 0
        self.said: Counter[tuple[str, str]] = Counter()
        self.rates: Counter[str] = Counter()
        self.quarantine: Counter[str] = Counter()
        # by kind, and by what became of it: told, or as in memory/exchange.py
        self.learning: Counter[tuple[str, str]] = Counter()
        # by challenger, and whether the champion alerted the payment too
        self.shadow: Counter[tuple[str, str]] = Counter()
        # by segment and measure
        self.drifts: Counter[tuple[str, str]] = Counter()

    def count_quarantine(self, before: Sequence[int], counters: Mapping[str, int]) -> None:
        """Add what a record did to the quarantine: its counters as they stood before it, and as they stand."""
        for name, count in zip(QUARANTINE, before, strict=True):
            if counters[name] != count:
                self.quarantine[name.removeprefix("quarantine_")] += counters[name] - count

    def count_learning(self, event: Event, step: Outputs) -> None:
        """Add what a partition told with a record, and what became of one that was told."""
        for one in step.told:
            if isinstance(one.told, StreamDrift):
                self.drifts[one.told.segment, one.told.measure] += 1
            self.learning[str(one.told.__struct_config__.tag), "told"] += 1
        if isinstance(event, Learning) and step.heard is not None:
            self.learning[str(event.told.__struct_config__.tag), step.heard] += 1

    def count_shadow(self, step: Outputs) -> None:
        """Add what challengers would have alerted with a record."""
        for one in step.shadow:
            self.shadow[one.challenger, "alone" if one.champion_alert_id is None else "both"] += 1

    def publish(self, metrics: Metrics, agent: str, records: int | None) -> None:
        """Add everything to the metrics."""
        super().publish(metrics, agent, records)
        if self.late:
            metrics.observe_lateness(self.late)
        for detector, scores in self.scores.items():
            metrics.observe_scores(detector, scores)
        if self.rate_missing:
            metrics.rate_missing.inc(self.rate_missing)
        metrics.payment_joins.add(self.joins)
        if self.folded:
            metrics.payments_folded.inc(self.folded)
        if self.forgotten:
            metrics.parties_forgotten.inc(self.forgotten)
        metrics.sender_words.add(self.said)
        for verdict, count in self.rates.items():
            metrics.rates.labels(verdict).inc(count)
        self._publish_learning(metrics)

    def _publish_learning(self, metrics: Metrics) -> None:
        for what, count in self.quarantine.items():
            metrics.count_quarantine(what, count)
        for labels, count in self.learning.items():
            metrics.count_learning(*labels, count)
        for (challenger, who), count in self.shadow.items():
            metrics.count_shadow(challenger, who, count)
        for (segment, measure), count in self.drifts.items():
            metrics.count_drift(segment, measure, count)

    def clear(self) -> None:
        """Forget all but the time spent."""
        super().clear()
        self.rate_missing = self.folded = self.forgotten = 0
        for kept in (
            self.joins,
            self.said,
            self.rates,
            self.quarantine,
            self.learning,
            self.drifts,
            self.shadow,
            self.late,
            self.scores,
        ):
            kept.clear()
