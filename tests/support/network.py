"""Real workers behind a bad network, and the proof that nobody can tell afterwards."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from streams.generator import Simulation
from streams.kafka import topics
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import Cluster, assert_exact
from tests.support.sender import Sender
from tests.support.tcp_proxy import ProxiedBroker, TcpProxy
from tests.support.worker_process import Worker

# a trouble that has not hit what it should by then does not
MOST_SECONDS = 90.0

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
    """What a run measured: seconds from the last trouble's end to the last event's commit, resets, alerts.

    `resets_under_load`: of connections that had sent the broker more than an idle one can. `left`: records not
    committed yet as each trouble ended.
    """

    events: int
    drained_seconds: float = 0.0
    resets: int = 0
    resets_under_load: int = 0
    left: list[int] = []
    alerts: int = 0

    def __str__(self) -> str:
        return (
            f"{self.events:,} events, {self.resets} connections reset, {self.resets_under_load} of them under load, "
            f"{', '.join(map(str, self.left))} records uncommitted as the troubles ended, "
            f"{self.alerts} alerts once each, drained {self.drained_seconds:.1f} s after the network was well again"
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
    """Two workers behind the proxy; during each trouble (name, seconds, how) a share of the events is sent, evenly.

    No worker may end, and at the end everything that can be proved from the topics is asserted.
    """
    figures = NetworkFigures(events=events)
    stream = list(Simulation(seed=seed, events=events, bad_share=0.01))
    with Cluster(broker.bootstrap, directory, MANY_ALERTS, snapshot_every_events=500, **settings) as cluster:
        workers = start_through(cluster, broker.proxied, "all", "all")
        share = len(stream) // len(troubles) + 1
        for number, (name, seconds, begin) in enumerate(troubles):
            part = stream[number * share : (number + 1) * share]
            # a second before the end all is sent, so that it lasts as long as it should
            sender = Sender(broker.bootstrap, part, len(part) / (seconds - 1.0), allowed=len(part) + 1)
            begin(broker.proxy)
            began = time.monotonic()
            sender.start()

            def lasts(begin: Any = begin, began: float = began, seconds: float = seconds) -> bool:
                """Resets until one has hit work, which a busy machine may do late."""
                passed = time.monotonic() - began
                idle = begin is resetting and not broker.proxy.resets_under_load
                return passed < seconds or (idle and passed < MOST_SECONDS)

            while lasts() or sender.is_alive():
                assert all(worker.alive() for worker in workers), "\n".join(worker.words() for worker in workers)
                time.sleep(0.1)
            sender.finish()
            figures.left.append(cluster.lag("ingest", *topics.INPUTS))
            healthy(broker.proxy)
            assert begin is not dead or figures.left[-1] > len(part) / 2, f"work went on through the {name}"
        figures.drained_seconds = cluster.wait_drained(180)
        assert all(worker.alive() for worker in workers)
        assert_exact(cluster, cluster.replay())
        figures.alerts, figures.resets = len(cluster.alerts()), broker.proxy.resets
        figures.resets_under_load = broker.proxy.resets_under_load
        assert figures.alerts > 0
        assert figures.resets_under_load > 0 or all(begin is not resetting for _, _, begin in troubles)
    return figures
