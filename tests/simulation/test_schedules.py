"""Any schedule of faults ends as one undisturbed run does; `python -m tests.simulation` plays more."""

import os
import time

import pytest

from tests.simulation.clients import COMMIT_FAULTS
from tests.simulation.schedule import HASHING, REAL, command, schedule
from tests.simulation.sweep import sweep
from tests.simulation.world import Kind

SHORT = [(HASHING, 300, range(250)), (REAL, 120, range(40))]
LONG_EVENTS = 2000
LONG = [(HASHING, 10_000), (REAL, 300)]


def _told(kind: Kind, events: int, broken: list[tuple[int, str]]) -> str:
    return "\n".join(f"seed {seed}: {what}\n  {command(kind, seed, events)}" for seed, what in broken)


@pytest.mark.parametrize(("kind", "events", "seeds"), SHORT, ids=["hashing", "real"])
def test_a_schedule_of_faults_ends_as_an_undisturbed_run(kind: Kind, events: int, seeds: range) -> None:
    """State digest, outputs for a read_committed reader, and a plain recount agree after every schedule."""
    figures = sweep(kind, seeds, events, progress_seconds=600.0, began=time.perf_counter)
    print(figures)
    assert figures.broken == [], _told(kind, events, figures.broken)
    # a sweep in which nothing was disturbed would prove nothing
    assert figures.redelivered > 0
    assert figures.replayed > figures.schedules
    assert figures.outputs > figures.schedules
    assert figures.deaths > 0
    wanted = {*COMMIT_FAULTS, "damaged", "forged", "fenced", "foreign", "skips", "duplicates", "conflicts"}
    if kind is REAL:
        wanted.add("late events")
    assert sorted(what for what in wanted if not figures.befell.get(what)) == [], "nothing of these befell any schedule"


@pytest.mark.chaos
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize(("kind", "schedules"), LONG, ids=["hashing", "real"])
def test_ten_thousand_schedules_of_two_thousand_events(kind: Kind, schedules: int) -> None:
    """The same, long; FXWATCH_SIMULATION_SEEDS=first:last+1 takes another range, to split it over processes."""
    first, last = map(int, os.environ.get("FXWATCH_SIMULATION_SEEDS", f"0:{schedules}").split(":"))
    figures = sweep(kind, range(first, last), LONG_EVENTS, progress_seconds=60.0, began=time.perf_counter)
    print(f"\nsimulation: {figures}")
    assert figures.broken == [], _told(kind, LONG_EVENTS, figures.broken)


def test_a_seed_always_gives_the_same_schedule_and_the_same_end() -> None:
    """A failing seed can be played again: nothing comes from a clock or from the order of a hash."""
    assert schedule(7, 300) == schedule(7, 300)
    first, second = (sweep(HASHING, range(7, 12), 300, progress_seconds=600.0, began=lambda: 0.0) for _ in range(2))
    assert first == second
