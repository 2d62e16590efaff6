"""Real workers behind a bad network, and the proof that nobody can tell afterwards."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from streams.publish import publish_records
from streams.simulate import Simulation
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import Cluster, Worker, assert_exact
from tests.support.tcp_proxy import ProxiedBroker, TcpProxy

Trouble = tuple[str, float, Callable[[TcpProxy], None]]


def slow(proxy: TcpProxy) -> None:
    """100 ms +- 50 ms each way."""
    proxy.latency(0.1, 0.05)


def resetting(proxy: TcpProxy) -> None:
    """Every connection is reset every 2 s."""
    proxy.reset_every(2.0)


def dead(proxy: TcpProxy) -> None:
    """Connections are accepted, nothing passes."""
    proxy.blackhole(on=True)


def healthy(proxy: TcpProxy) -> None:
    """No trouble."""
    proxy.latency(0.0)
    proxy.reset_every(None)
    proxy.blackhole(on=False)


class NetworkFigures(msgspec.Struct, kw_only=True):
    """What a run measured: seconds from the last trouble's end to the last event's commit, resets, alerts."""

    events: int
    drained_seconds: float = 0.0
    resets: int = 0
    alerts: int = 0

    def __str__(self) -> str:
        return (
            f"{self.events:,} events, {self.resets} connections reset, {self.alerts} alerts once each, "
            f"drained {self.drained_seconds:.1f} s after the network was well again"
        )


def start_through(cluster: Cluster, address: str, *roles: str) -> list[Worker]:
    """Start workers that know the brokers by `address` only; the cluster's own clients keep theirs."""
    direct = cluster.environment
    cluster.environment = direct | {"FXWATCH_BOOTSTRAP": address}
    try:
        return cluster.start(*roles)
    finally:
        cluster.environment = direct


def run_behind(
    broker: ProxiedBroker, directory: Path, troubles: list[Trouble], *, events: int, seed: int, **settings: Any
) -> NetworkFigures:
    """Two workers behind the proxy; during each trouble (name, seconds, how) a share of the events is sent.

    No worker may end, and at the end everything that can be proved from the topics is asserted.
    """
    figures = NetworkFigures(events=events)
    stream = list(Simulation(seed=seed, events=events, bad_share=0.01))
    with Cluster(broker.bootstrap, directory, MANY_ALERTS, snapshot_every_events=500, **settings) as cluster:
        workers = start_through(cluster, broker.proxied, "all", "all")
        share = len(stream) // len(troubles) + 1
        for number, (name, seconds, begin) in enumerate(troubles):
            before = cluster.monitored()
            part = stream[number * share : (number + 1) * share]
            publish_records(broker.bootstrap, iter(part), None, stamps="now", expected=len(part))
            cluster.until(lambda before=before: cluster.monitored() > before, 60, f"nothing is under way before {name}")
            began = time.monotonic()
            begin(broker.proxy)
            while time.monotonic() - began < seconds:
                assert all(worker.alive() for worker in workers), "\n".join(worker.words() for worker in workers)
                time.sleep(0.2)
            healthy(broker.proxy)
        figures.drained_seconds = cluster.wait_drained(180)
        replay = cluster.replay()
        assert_exact(cluster, replay)
        assert all(worker.alive() for worker in workers)
        figures.alerts, figures.resets = len(cluster.alerts()), broker.proxy.resets
        assert figures.alerts > 0
        assert cluster.stop(workers) == [0, 0]
    return figures
