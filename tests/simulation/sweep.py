"""Many schedules one after the other, and what they came to."""

from collections.abc import Callable, Iterable

import msgspec

from tests.simulation.schedule import Outcome, play
from tests.simulation.world import Kind


class Figures(msgspec.Struct, kw_only=True):
    """What a sweep did: `records` of ledgers, `outputs` compared, and `broken` seeds with what broke."""

    core: str
    events: int
    schedules: int = 0
    records: int = 0
    outputs: int = 0
    deaths: int = 0
    replayed: int = 0
    redelivered: int = 0
    befell: dict[str, int] = {}
    seconds: float = 0.0
    broken: list[tuple[int, str]] = []

    def add(self, outcome: Outcome) -> None:
        """Count a schedule that held."""
        self.records += outcome.records
        self.outputs += outcome.outputs
        self.deaths += outcome.deaths
        self.replayed += outcome.replayed
        self.redelivered += outcome.redelivered
        for what, times in outcome.befell.items():
            self.befell[what] = self.befell.get(what, 0) + times

    def __str__(self) -> str:
        pace = max(self.seconds, 1e-9)
        return (
            f"{self.core} core: {self.schedules:,} schedules x {self.events:,} events in {self.seconds:,.1f} s "
            f"({self.schedules / pace:,.1f} schedules/s, {self.records / pace:,.0f} ledger records/s), "
            f"{len(self.broken)} broken; {self.outputs:,} outputs compared, {self.redelivered:,} redelivered by "
            f"ingest, {self.replayed:,} replayed by the last owners, {self.deaths:,} workers ended themselves; "
            + ", ".join(f"{what} {times:,}" for what, times in sorted(self.befell.items()))
        )


def sweep(
    kind: Kind,
    seeds: Iterable[int],
    events: int,
    *,
    progress_seconds: float,
    began: Callable[[], float],
    stop_after: int = 5,
) -> Figures:
    """Play all seeds; ends early after `stop_after` broken ones. `began` is a clock in seconds."""
    figures = Figures(core=kind.name, events=events)
    start = said = began()
    for seed in seeds:
        figures.schedules += 1
        try:
            figures.add(play(kind, seed, events))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is what the seed came to
            figures.broken.append((seed, f"{type(fault).__name__}: {fault}"))
        figures.seconds = began() - start
        if began() - said > progress_seconds:
            said = began()
            print(f"at seed {seed}: {figures}", flush=True)
        if len(figures.broken) >= stop_after:
            break
    return figures
