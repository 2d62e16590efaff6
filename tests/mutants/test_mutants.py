"""Every mutant of the product is caught by the simulation within a few schedules."""

import importlib

import msgspec
import pytest
from aiokafka.consumer import fetcher

from streams.kafka.record_sets import RecordSets
from tests.mutants.mutation import Mutant, StaleMutantError, imported_with, mutants, mutated_source

# (events a schedule, schedules at most): a fault that needs more to show is one that the simulation is weak at
WITHIN = {"hashing": (200, 200), "real": (100, 40)}

ALL = [
    pytest.param(mutant, id=mutant.name.replace(" ", "-"), marks=[pytest.mark.chaos] if mutant.chaos else [])
    for mutant in mutants()
]


@pytest.mark.parametrize("mutant", ALL)
def test_the_simulation_catches_the_mutant(mutant: Mutant) -> None:
    """A schedule breaks, and says what."""
    events, most = WITHIN[mutant.core]
    with imported_with(mutant) as simulation:
        kind = simulation.KINDS[mutant.core]
        caught = next(((seed, what) for seed in range(most) if (what := simulation.broken(kind, seed, events))), None)
    assert caught is not None, f"{mutant.name}: {most} schedules of {events} events, and nothing broke"
    print(f"{mutant.name}: seed {caught[0]}: {caught[1][:150]}")


def test_a_mutant_that_no_longer_fits_says_so() -> None:
    """Code moves on; a mutant whose text is gone must not pass for caught."""
    stale = msgspec.structs.replace(mutants()[0], old="    a line that never was\n")
    with pytest.raises(StaleMutantError, match="no longer fits"):
        mutated_source(stale)


def test_a_mutant_leaves_no_library_changed() -> None:
    """The product sets classes of aiokafka as it is imported; a mutant's would read for every later test."""
    read_with = fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult
    assert read_with[0] is RecordSets
    with imported_with(mutants()[0]):
        importlib.import_module("streams.kafka.bounded_fetching")
        assert fetcher.MemoryRecords is not RecordSets
    assert (fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult) == read_with


def test_a_broken_schedule_is_made_small() -> None:
    """The few operations that are left still break it, and in the same way."""
    mutant = next(one for one in mutants() if one.name == "nothing is muted")
    with imported_with(mutant) as simulation:
        kind = simulation.HASHING
        seed = next(seed for seed in range(100) if simulation.broken(kind, seed, 200))
        first, few = simulation.broken(kind, seed, 200), simulation.minimised(kind, seed, 200)
        again = simulation.broken(kind, seed, 200, few)
        whole = len(simulation.schedule(seed, 200))
    assert 0 < len(few) <= whole // 2
    assert again is not None
    assert again.split()[:3] == first.split()[:3]
    print(f"{whole} operations made {len(few)}: {[one.name for one in few]}")
