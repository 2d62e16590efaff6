"""What an agent that raises alerts counts until it goes into the metrics: beside outcomes and time, its alerts."""

import time
from collections import Counter

import msgspec

from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from detectors.core import Outputs
from streams.operations.metrics import Metrics
from streams.partition.run_tally import RunTally


class AlertTally(RunTally):
    """`alerts` are those published, each with its record's Kafka timestamp (ms, UTC).

    `snoozes` are those begun and ended, and the alerts under one.
    `withheld` counts, by desk, the statistical alerts that it did not get for its ceiling.
    `ruling` is the configuration that a partition came under last; None when nothing changed since it was told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[tuple[Alert, int]] = []
        self.snoozes: Counter[str] = Counter()
        self.withheld: Counter[str] = Counter()
        self.ruling: Configuration | None = None

    def count_snoozes(self, step: Outputs) -> None:
        """Add that one was begun or ended, which alerts rest under one, and whom a ceiling kept an alert from."""
        if step.snooze is not None:
            self.snoozes[step.snooze] += 1
        for one in step.raised:
            if one.alert.snoozed is not msgspec.UNSET:
                self.snoozes["legal_line" if one.alert.snoozed.legal_line else "resting"] += 1
            if one.alert.withheld is not msgspec.UNSET:
                self.withheld.update(one.alert.withheld)

    def publish(self, metrics: Metrics, agent: str, records: int | None) -> None:
        """Add everything to the metrics."""
        super().publish(metrics, agent, records)
        if self.ruling is not None:
            metrics.show_rules(self.ruling)
            self.ruling = None
        for what, count in self.snoozes.items():
            metrics.snoozes.labels(what).inc(count)
        for desk, count in self.withheld.items():
            metrics.count_withheld(desk, count)
        now = time.time()
        for alert, _ in self.alerts:
            strongest = max(alert.typologies, key=lambda hit: hit.strength).id if alert.typologies else None
            metrics.count_alert(alert.desk, strongest, alert.severity)
        if self.alerts:
            metrics.observe_end_to_end([now - timestamp / 1000 for _, timestamp in self.alerts])

    def clear(self) -> None:
        """Forget all but the time spent."""
        super().clear()
        self.alerts.clear()
        self.snoozes.clear()
        self.withheld.clear()
