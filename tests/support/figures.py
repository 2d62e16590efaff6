"""What a chaos run measured, as one readable line."""

from collections import Counter
from collections.abc import Sequence
from statistics import quantiles

import msgspec


class Figures(msgspec.Struct, kw_only=True):
    """Figures of one run. `takeovers`: (fault, seconds until all partitions ran and both groups committed).

    `pauses`: seconds for which a single partition did not run, by pause. `exits`: seconds from SIGTERM to the end.
    `growth_megabytes`: the most that a worker grew by while all brokers were away. `without_rate`: payments scored
    without a rate, because its record came behind them.
    """

    events: int
    seconds: float = 0.0
    kills: int = 0
    kills_in_transaction: int = 0
    stops_in_transaction: int = 0
    zombies_back: int = 0
    zombies_ended: int = 0
    broker_kills: int = 0
    elections: int = 0
    outages: int = 0
    takeovers: list[tuple[str, float]] = []
    pauses: list[float] = []
    exits: list[float] = []
    in_sync_seconds: list[float] = []
    growth_megabytes: float = 0.0
    resent: int = 0
    replayed: int = 0
    redelivered: int = 0
    alerts: int = 0
    without_rate: int = 0
    missed_cases: int = 0
    seen_again_uncommitted: int = 0

    def __str__(self) -> str:
        done = {
            "worker kills": self.kills,
            "of them in a transaction": self.kills_in_transaction,
            "stopped in a transaction": self.stops_in_transaction,
            "SIGTERM": len(self.exits),
            "zombies that went on": self.zombies_back,
            "zombies that ended": self.zombies_ended,
            "broker kills": self.broker_kills,
            "elections": self.elections,
            "outages of all brokers": self.outages,
        }
        parts = [
            f"{self.events:,} events at {self.events / self.seconds:,.0f}/s",
            ", ".join(f"{count} {name}" for name, count in done.items() if count) or "no faults",
            f"partition pauses {spread(self.pauses)} s",
            *(
                f"over the {kind} after {spread(self._took(kind))} s"
                for kind in Counter(kind for kind, _ in self.takeovers)
            ),
        ]
        if self.exits:
            parts.append(f"SIGTERM to exit {spread(self.exits)} s")
        if self.outages:
            parts.append(f"memory grew by at most {self.growth_megabytes:.0f} MB without brokers")
        parts += [
            f"{self.resent:,} records sent again, {self.redelivered:,} redelivered to the ledger",
            f"{self.replayed:,} replayed by workers still alive",
            f"{self.alerts:,} alerts",
            f"{self.without_rate:,} payments came before their rates, {self.missed_cases} planted cases missed for it",
            f"{self.seen_again_uncommitted} published records seen again by a read_uncommitted reader",
        ]
        return "; ".join(parts)

    def _took(self, kind: str) -> list[float]:
        return [seconds for one, seconds in self.takeovers if one == kind]


def spread(values: Sequence[float]) -> str:
    """Median, 95th percentile, greatest and number of some seconds; all of them while they are few."""
    if len(values) < 4:
        return " ".join(f"{one:.1f}" for one in sorted(values)) or "-"
    parts = quantiles(values, n=20, method="inclusive")
    return f"p50 {parts[9]:.1f} p95 {parts[18]:.1f} max {max(values):.1f} (n={len(values)})"
