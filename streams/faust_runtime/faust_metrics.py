"""Faust's own figures on the metrics page, read when the page is made.

Faust's per-event Prometheus sensors cost 35-45 us an event and can kill its drain task (DESIGN section 3).
"""

from collections.abc import Callable, Iterable, Iterator
from statistics import fmean
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.log import logs

logger = logs.get_logger(__name__)

Reader = Callable[[Any], float]


def _mean(values: Iterable[float]) -> float:
    recent = list(values)  # Faust appends to the deque while we read
    return fmean(recent) if recent else 0.0


# name -> (help, reader of faust.sensors.Monitor). With the run transport, one Faust message or event is one run.
GAUGES: dict[str, tuple[str, Reader]] = {
    "faust_messages_active": ("Runs delivered and not yet acknowledged, runs.", lambda m: m.messages_active),
    "faust_events_active": ("Runs being processed now, runs.", lambda m: m.events_active),
    "faust_event_runtime_seconds": (
        "Mean time of the latest runs in the agent, seconds.",
        lambda m: _mean(m.events_runtime),
    ),
    "faust_commit_latency_seconds": (
        "Mean time of the latest offset commits, seconds.",
        lambda m: _mean(m.commit_latency),
    ),
    "faust_assignment_latency_seconds": (
        "Mean time of the latest partition assignments, seconds.",
        lambda m: _mean(m.assignment_latency),
    ),
    "faust_rebalance_end_seconds": (
        "Mean time of the latest rebalances, from their start until all is recovered, seconds.",
        lambda m: _mean(m.rebalance_end_latency),
    ),
    "faust_rebalance_return_seconds": (
        "Mean time of the latest rebalances, from their start until the assignment is taken, seconds.",
        lambda m: _mean(m.rebalance_return_latency),
    ),
}
COUNTERS: dict[str, tuple[str, Reader]] = {
    "faust_messages_received": ("Runs taken from the transport, runs.", lambda m: m.messages_received_total),
    "faust_events": ("Runs handed to agents, runs.", lambda m: m.events_total),
    "faust_rebalances": ("Rebalances this process went through, rebalances.", lambda m: m.rebalances),
    "faust_assignments_completed": ("Partition assignments completed, assignments.", lambda m: m.assignments_completed),
    "faust_assignments_failed": ("Partition assignments failed, assignments.", lambda m: m.assignments_failed),
    "faust_send_errors": ("Sends by Faust's own producer that failed, sends.", lambda m: m.send_errors),
}


class FaustMonitorCollector(Collector):
    """A Prometheus collector over the `monitor` of one or more Faust apps (label `app`: the app's id).

    It never raises into the scrape: a figure that cannot be read is left out, logged once, and shown by
    `faust_collector_failures` above 0.
    """

    def __init__(self, *apps: Any) -> None:
        self.apps = apps
        self._logged: set[str] = set()

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time, so that registering does not read an app that has not started."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The families, one sample an app."""
        failures = 0
        for kind, table in ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS)):
            for name, (text, reader) in table.items():
                family = kind(name, text, labels=("app",))
                for app in self.apps:
                    try:
                        family.add_metric((app.conf.id,), float(reader(app.monitor)))
                    except Exception as fault:  # noqa: BLE001  whatever Faust does, the other metrics must be served
                        failures += 1
                        self._log_once(name, fault)
                yield family
        yield GaugeMetricFamily(
            "faust_collector_failures",
            "Figures of Faust that could not be read for this page, figures.",
            value=failures,
        )

    def _log_once(self, name: str, fault: Exception) -> None:
        if name not in self._logged:
            self._logged.add(name)
            logger.warning("metric %s cannot be read from Faust's monitor and is left out: %r", name, fault)
