"""What an agent that raises alerts counts until it goes into the metrics: beside outcomes and time, its alerts."""

import time

from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from streams.operations.metrics import Metrics
from streams.partition.run_tally import RunTally


class AlertTally(RunTally):
    """`alerts` are those published, each with its record's Kafka timestamp (ms, UTC).

    `ruling` is the configuration that a partition came under last; None when nothing changed since it was told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[tuple[Alert, int]] = []
        self.ruling: Configuration | None = None

    def publish(self, metrics: Metrics, agent: str, records: int | None) -> None:
        """Add everything to the metrics."""
        super().publish(metrics, agent, records)
        if self.ruling is not None:
            metrics.show_rules(self.ruling)
            self.ruling = None
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
