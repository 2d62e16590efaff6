"""Where the time of `apply` goes, part by part, in a replay of a ledger without Kafka."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from detectors import core, transaction
from detectors.alerting import build
from detectors.books import accounting, payments
from detectors.books.fingerprints import Fingerprints
from detectors.features import Observation
from detectors.memory import roster
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scorer
from detectors.rates import reference_rates
from detectors.typologies import REGISTRY
from streams.monitor import core as monitor_core
from streams.monitor.core import MonitorCore
from tests.bench.workload import Stored

# (where the name is looked up, name, part); a part's own time excludes the parts that it calls
PLACES: list[tuple[Any, str, str]] = [
    (Observation, "__init__", "features"),
    (Observation, "learn", "features"),
    (Scorer, "score_then_learn", "models"),
    (Scorer, "learn", "models"),
    (transaction, "_context", "typologies"),
    *((type(typology), name, "typologies") for typology in REGISTRY for name in ("evaluate", "learn")),
    (roster, "recall", "party record"),
    (roster, "store", "party record"),
    (accounting, "account", "accounting"),
    (payments, "prune", "accounting"),
    (payments, "window_sum", "accounting"),
    (transaction, "row_of", "accounting"),
    (transaction, "worth_of", "money and rates"),
    (reference_rates.Rates, "add", "money and rates"),
    (Fingerprints, "find", "duplicates"),
    (Fingerprints, "add", "duplicates"),
    (core, "key", "duplicates"),
    (build, "build", "alerts"),
    (Budget, "offer", "budget"),
    (Budget, "to_state", "budget"),
]


class Clock:
    """Own time of nested parts, ns."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = defaultdict(int)
        self.calls: Counter[str] = Counter()
        self._inner = [0]

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its own time counted under `part`."""
        inner, spent, calls, now = self._inner, self.spent, self.calls, time.perf_counter_ns

        def call(*args: Any, **more: Any) -> Any:
            inner.append(0)
            began = now()
            try:
                return function(*args, **more)
            finally:
                whole = now() - began
                spent[part] += whole - inner.pop()
                inner[-1] += whole
                calls[part] += 1

        return call


def replay(ledger: list[list[Stored]]) -> tuple[float, int]:
    """CPU seconds of decoding and applying every partition's ledger, and the transactions that were scored."""
    scored, began = 0, time.process_time()
    for number, part in enumerate(ledger):
        core_ = MonitorCore("bench")
        state = core_.new(number)
        for record in part:
            core_.apply(state, number, record, muted=True)
        scored += state.counters["scored"]
    return time.process_time() - began, scored


def by_part(ledger: list[list[Stored]], patch: pytest.MonkeyPatch) -> dict[str, float]:
    """Share of each part in decode and apply, 0-1, in a replay of `ledger`."""
    clock = Clock()
    for owner, name, part in PLACES:
        patch.setattr(owner, name, clock.timed(part, getattr(owner, name)))
    patch.setattr(monitor_core.envelope, "decode_record", clock.timed("decode", monitor_core.envelope.decode_record))
    patch.setattr(core, "_learn", clock.timed("other", core._learn))
    patch.setattr(monitor_core.science, "apply", clock.timed("gate, counters", monitor_core.science.apply))
    patch.setattr(MonitorCore, "apply", clock.timed("tally", MonitorCore.apply))
    try:
        replay(ledger)
    finally:
        patch.undo()
    whole = sum(clock.spent.values())
    return {part: spent / whole for part, spent in sorted(clock.spent.items(), key=lambda item: -item[1])}
