"""Counts what became of the events of a run, until they go into the metrics."""

import time
from collections import Counter

from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from streams.operations.metrics import Metrics
from streams.partition.run_tally import RunTally


class Tally(RunTally):
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
        self.alerts: list[tuple[Alert, int]] = []
        # the configuration that a partition came under last; None when nothing changed since it was told
        self.ruling: Configuration | None = None

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
        if self.ruling is not None:
            metrics.show_rules(self.ruling)
            self.ruling = None
        if self.folded:
            metrics.payments_folded.inc(self.folded)
        if self.forgotten:
            metrics.parties_forgotten.inc(self.forgotten)
        metrics.sender_words.add(self.said)
        for verdict, count in self.rates.items():
            metrics.rates.labels(verdict).inc(count)
        self._flush_alerts(metrics)

    def _flush_alerts(self, metrics: Metrics) -> None:
        now = time.time()
        for alert, _ in self.alerts:
            strongest = max(alert.typologies, key=lambda hit: hit.strength).id if alert.typologies else None
            metrics.count_alert(alert.desk, strongest, alert.severity)
        if self.alerts:
            metrics.observe_end_to_end([now - timestamp / 1000 for _, timestamp in self.alerts])

    def clear(self) -> None:
        """Forget all but the time spent."""
        super().clear()
        self.rate_missing = self.folded = self.forgotten = 0
        for kept in (self.joins, self.said, self.rates, self.late, self.scores, self.alerts):
            kept.clear()
