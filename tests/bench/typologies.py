"""What all typologies cost on a realistic stream, in time and in state: `python -m tests.bench.typologies`.

The generator's whole preset (all scenarios and look-alikes) is ingested and applied without Kafka. Of each sixth
payment every registered typology is asked anew (`evaluate`, then `learn` on a copy), and the quickest of seven counts:
what other processes do to this one is no cost of a rule. Printed are microseconds a payment by rule and in all, and the
bytes of each party's record in the state, by its parts. The bounds are 60 us and 1.5 KiB at the median.
"""

import argparse
import copy
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from detectors import transaction
from detectors.books.party import Party, unpack
from detectors.memory.state import PartitionState
from detectors.typologies import REGISTRY
from detectors.typologies.base import Context
from streams.generator import Simulation
from streams.monitor.core import MonitorCore
from tests.bench.workload import CONFIGURATION, Stored, ingested, stored

MOST_US, MOST_BYTES = 60.0, 1536
SAMPLED, TRIES = 6, 7


class Sampler:
    """What each rule costs for a sample of the payments that are judged."""

    def __init__(self) -> None:
        self.seen = 0
        self.by_rule: dict[str, list[float]] = defaultdict(list)
        self.in_all: list[float] = []
        self._original = transaction._context

    def __call__(self, *args: Any) -> Context | None:
        """In the place of `transaction._context`: the context, measured before the core goes on with it."""
        context = self._original(*args)
        if context is not None:
            self.seen += 1
            if self.seen % SAMPLED == 0:
                self._measure(context)
        return context

    def _measure(self, context: Context) -> None:
        whole = 0.0
        for typology in REGISTRY:
            took = quickest(typology.evaluate, [context] * TRIES)
            took += quickest(typology.learn, [_copied(context) for _ in range(TRIES)])
            self.by_rule[typology.id].append(took)
            whole += took
        self.in_all.append(whole)


def _copied(context: Context) -> Context:
    """One that a rule may learn from without a trace."""
    dates, shared = copy.deepcopy(context.dates), copy.deepcopy(context.shared)
    return msgspec.structs.replace(context, slots=dict(context.slots), shared=shared, dates=dates)


def quickest(function: Callable[[Context], object], contexts: Sequence[Context]) -> float:
    """Microseconds of the quickest call."""
    took = []
    for context in contexts:
        began = time.perf_counter_ns()
        function(context)
        took.append(time.perf_counter_ns() - began)
    return min(took) / 1000


def replayed(ledger: Sequence[Sequence[Stored]]) -> list[PartitionState]:
    """The states of all partitions after their ledgers."""
    states = []
    for number, part in enumerate(ledger):
        core = MonitorCore("bench")
        state = core.new(number)
        for record in part:
            core.apply(state, number, record, muted=True)
        states.append(state)
    return states


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The median, the 90th and 99th of a hundred, the largest and the mean."""
    ordered = sorted(values)
    shares = {"median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    found = {name: ordered[round(share * (len(ordered) - 1))] for name, share in shares.items()}
    return {name: round(value, 1) for name, value in (found | {"mean": sum(values) / len(values)}).items()}


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
    sampler = Sampler()
    transaction._context = sampler
    states = replayed(ledger)
    for rule, took in sampler.by_rule.items():
        print(f"{rule}, us a payment:", quantiles(took))
    cost = quantiles(sampler.in_all)
    print(f"all typologies, us a payment ({len(sampler.in_all)} of {sampler.seen}):", cost)
    records = [state.parties[token] for state in states for token in state.parties]
    size = quantiles([len(record) for record in records])
    print(f"bytes a party, {len(records)} parties:", size)
    print("mean bytes by part:", parts_of(records))
    print("within the bounds (time, state):", cost["median"] <= MOST_US, size["median"] <= MOST_BYTES)


if __name__ == "__main__":
    main()
