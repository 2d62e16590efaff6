"""What an agent's records came to, kept until it goes into the metrics: outcomes, and the time spent on them."""

from collections import Counter

from streams.operations.metrics import Metrics


class RunTally:
    """Flushed into the metrics once a run or replayed batch, because a counter costs 1-2 us an event.

    An agent that counts more adds it in a class of its own: `publish` and `clear`.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.decode_seconds = self.apply_seconds = 0.0
        self._flushed_seconds = 0.0

    @property
    def busy(self) -> float:
        """Seconds spent on events since the process began; no flush takes it back."""
        return self._flushed_seconds + self.decode_seconds + self.apply_seconds

    def flush(self, metrics: Metrics, agent: str, records: int | None = None) -> None:
        """Add everything to the metrics and start again. `records` of a run; None for a replay, which is none."""
        self.publish(metrics, agent, records)
        self.clear()

    def publish(self, metrics: Metrics, agent: str, records: int | None) -> None:
        """Add everything to the metrics."""
        for outcome, count in self.outcomes.items():
            metrics.count_events(agent, outcome, count)  # type: ignore[arg-type]
        if records is not None:
            metrics.observe_run(agent, records)
        metrics.observe_stage(agent, "decode", self.decode_seconds)
        metrics.observe_stage(agent, "apply", self.apply_seconds)

    def clear(self) -> None:
        """Forget all but the time spent."""
        self._flushed_seconds = self.busy
        self.decode_seconds = self.apply_seconds = 0.0
        self.outcomes.clear()
