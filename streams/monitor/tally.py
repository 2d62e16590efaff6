"""Counts what became of the events of a run, until they go into the metrics."""

import time
from collections import Counter

from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from streams.operations.metrics import Metrics


class Tally:
    """Flushed into the metrics once a run or replayed batch, because a counter costs 1-2 us an event.

    It grows with the events since (some 160 bytes each): a whole replay would be 158 MB a million.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.decode_seconds = self.apply_seconds = 0.0
        self._flushed_seconds = 0.0
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

    @property
    def busy(self) -> float:
        """Seconds spent on events since the process began; no flush takes it back."""
        return self._flushed_seconds + self.decode_seconds + self.apply_seconds

    def flush(self, metrics: Metrics, agent: str, records: int | None = None) -> None:
        """Add everything to the metrics and start again. `records` of a run; None for a replay, which is none."""
        for outcome, count in self.outcomes.items():
            metrics.count_events(agent, outcome, count)  # type: ignore[arg-type]
        if records is not None:
            metrics.observe_run(agent, records)
        metrics.observe_stage(agent, "decode", self.decode_seconds)
        metrics.observe_stage(agent, "apply", self.apply_seconds)
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
        self.clear()

    def _flush_alerts(self, metrics: Metrics) -> None:
        now = time.time()
        for alert, _ in self.alerts:
            strongest = max(alert.typologies, key=lambda hit: hit.strength).id if alert.typologies else None
            metrics.count_alert(alert.desk, strongest, alert.severity)
        if self.alerts:
            metrics.observe_end_to_end([now - timestamp / 1000 for _, timestamp in self.alerts])

    def clear(self) -> None:
        """Forget all but the time spent."""
        self._flushed_seconds = self.busy
        self.decode_seconds = self.apply_seconds = 0.0
        self.rate_missing = self.folded = self.forgotten = 0
        for kept in (self.outcomes, self.joins, self.said, self.rates, self.late, self.scores, self.alerts):
            kept.clear()
