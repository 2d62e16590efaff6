"""What an operator has stopped (docs/CONFIGURATION.md, "Emergency stop"), as log, commands and /readyz tell it."""

from detectors.contracts.configuration import Configuration
from streams.operations.metrics import Metrics


def describe_stops(configuration: Configuration) -> list[str]:
    """What is stopped, one line each: what, why, and how it is taken back; empty while nothing is."""
    return [
        f"{what} are stopped: {why}; taken back by: fxwatch rules resume {what}"
        for what, why in configuration.stops.items()
    ]


class StopsTold:
    """The notes of /readyz about stops, by the configuration that a partition here came under last.

    A stop is no fault of a worker: it is ready all the same.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def unready(self) -> list[str]:
        """Nothing."""
        return []

    def notes(self) -> list[str]:
        """What is stopped, one line each."""
        ruling = self._metrics.ruling
        return [] if ruling is None else describe_stops(ruling)
