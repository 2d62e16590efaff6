"""Counts what became of the records of the legs, until it goes into the metrics."""

from streams.operations.metrics import Metrics
from streams.partition.alert_tally import AlertTally


class SharedTally(AlertTally):
    """What the shared agent counts beside outcomes, time and alerts.

    `left_out`: legs of nodes with more than are kept one by one; `forgotten`: nodes that a partition had no room for;
    `trails`: legs written for residents' nodes; `cut`: payments that were not told of for lack of a proof.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left_out = self.forgotten = self.trails = self.cut = 0

    def publish(self, metrics: Metrics, agent: str, records: int | None) -> None:
        """Add everything to the metrics."""
        super().publish(metrics, agent, records)
        if self.left_out:
            metrics.legs_left_out.inc(self.left_out)
        if self.forgotten:
            metrics.nodes_forgotten.inc(self.forgotten)
        if self.trails:
            metrics.trails.inc(self.trails)
        if self.cut:
            metrics.trails_cut.inc(self.cut)

    def clear(self) -> None:
        """Forget all but the time spent."""
        super().clear()
        self.left_out = self.forgotten = self.trails = self.cut = 0
