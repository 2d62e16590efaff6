"""The metrics that say what /readyz says: whether a broker answers this process, and whether it is ready."""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge


class ReadinessMetrics(NamedTuple):
    """Named as on the page, without `fxwatch_`. Their values are asked for when the page is made (web_pages.py)."""

    broker_away_seconds: Gauge
    unready_reasons: Gauge


def readiness_metrics(registry: CollectorRegistry) -> ReadinessMetrics:
    """The metrics on a registry; both 0 until somebody says how they are known."""
    away = Gauge(
        "fxwatch_broker_away_seconds",
        "Time since the brokers last answered this process, seconds; 0 while one answers. The process ends itself at "
        "broker_patience_seconds.",
        registry=registry,
    )
    unready = Gauge(
        "fxwatch_unready_reasons",
        "Reasons on /readyz for which this process is not ready (replaying, nothing assigned, nothing can be written, "
        "a partition stopped), reasons; 0 when it is ready.",
        registry=registry,
    )
    return ReadinessMetrics(away, unready)
