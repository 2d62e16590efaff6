"""What all typologies cost on a realistic stream, in time and in state: `python -m tests.bench.typologies`.

The generator's whole preset (all scenarios and look-alikes) is ingested and applied without Kafka. Printed are the CPU
that all registered typologies took of each transaction (`evaluate`, `learn` and what they hear), and the bytes of the
saved record of each party, by its parts. ARCHITECTURE.md's bounds are 60 us at the median and 1.5 KiB at the median.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from detectors import transaction
from detectors.books.party import Party, unpack
from detectors.memory.state import PartitionState
from detectors.typologies import REGISTRY
from detectors.typologies.base import Context
from detectors.typologies.due import HearsAmendments
from streams.generator import Simulation
from streams.monitor.core import MonitorCore
from tests.bench.workload import CONFIGURATION, Stored, ingested, stored

MOST_US, MOST_BYTES = 60.0, 1536


class Meter:
    """CPU microseconds that typologies took of each transaction; those in which none was asked are none.

    It stands in the place of the registry where a transaction is learned, so that the clock is read once for all rules.
    """

    def __init__(self) -> None:
        self.spent_ns, self.each_us = 0, list[float]()

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its own CPU time counted."""

        def call(*args: Any, **more: Any) -> Any:
            began = time.thread_time_ns()
            try:
                return function(*args, **more)
            finally:
                self.spent_ns += time.thread_time_ns() - began

        return call

    def learn(self, context: Context) -> None:
        """What all of them learn."""
        for typology in REGISTRY:
            typology.learn(context)

    def hear_amendment(self, context: Context) -> None:
        """What those hear that do."""
        for typology in REGISTRY:
            if isinstance(typology, HearsAmendments):
                typology.hear_amendment(context)

    def watch(self) -> None:
        """Count from now on, in this process, for good."""
        self.learn = self.timed(self.learn)  # type: ignore[method-assign]
        self.hear_amendment = self.timed(self.hear_amendment)  # type: ignore[method-assign]
        transaction.registered = lambda: (self,)  # type: ignore[assignment]
        transaction.build.evaluate = self.timed(transaction.build.evaluate)

    def note(self) -> None:
        """A record was applied."""
        if self.spent_ns:
            self.each_us.append(self.spent_ns / 1000)
        self.spent_ns = 0


def replayed(ledger: Sequence[Sequence[Stored]], meter: Meter) -> list[PartitionState]:
    """The states of all partitions after their ledgers."""
    states = []
    for number, part in enumerate(ledger):
        core = MonitorCore("bench")
        state = core.new(number)
        for record in part:
            core.apply(state, number, record, muted=True)
            meter.note()
        states.append(state)
    return states


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The median, the 90th, 99th and 99.9th of a hundred, and the largest."""
    ordered = sorted(values)
    shares = {"median": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: ordered[round(share * (len(ordered) - 1))] for name, share in shares.items()}


def parts_of(records: Sequence[bytes]) -> dict[str, int]:
    """The mean bytes of each part of a party's record, the largest first; slots by rule."""
    sums: Counter[str] = Counter()
    for record in records:
        party: Party = unpack(record)
        for name in party.__struct_fields__:
            sums[name] += len(msgspec.msgpack.encode(getattr(party, name)))
        for rule, slot in party.slots.items():
            sums[f"slots of {rule}"] += len(slot)
    return {name: round(total / len(records)) for name, total in sums.most_common(14)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    stream = list(Simulation(seed=chosen.seed, events=chosen.events, preset="full"))
    ledger = ingested(stored(stream), CONFIGURATION).ledger
    meter = Meter()
    meter.watch()
    states = replayed(ledger, meter)
    cost = quantiles(meter.each_us)
    print("us a transaction, all typologies:", {name: round(value, 1) for name, value in cost.items()})
    records = [state.parties[token] for state in states for token in state.parties]
    size = quantiles([len(record) for record in records])
    print(f"bytes a party, {len(records)} parties:", size)
    print("mean bytes by part:", parts_of(records))
    print("within the bounds:", cost["median"] <= MOST_US, size["median"] <= MOST_BYTES)


if __name__ == "__main__":
    main()
