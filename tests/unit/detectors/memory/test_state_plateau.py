"""A partition's state stops growing when the legal windows are full, however long the ledger.

`python -m tests.bench.memory` is the long run with the process's memory (docs/BENCHMARKS.md).
"""

import gc
from collections import Counter

import pytest

from detectors.contracts.events import Transaction
from tests.bench.memory import START, Monitor, events

DAYS, PARTIES, PAYMENTS, WINDOW = 6 * 365, 20, 4_000, 300


@pytest.fixture(scope="module")
def samples() -> list[tuple[int, Counter[str], int]]:
    """Every 30 days of six years: the day, bytes of the saved state by part, and the collector's objects.

    What was there before is set aside: after some thousand tests it is 800 000 objects, and 70 times to walk them took
    more than the monitor's six years.
    """
    # hardly any statistical alerts: a party keeps the ids of its newest ones, a few more each year up to a limit
    detectors = {"calibration_window": WINDOW, "daily_budget": 0.01}
    monitor, found = Monitor(1, engine={"fingerprints": WINDOW}, detectors=detectors), []
    gc.collect()
    gc.freeze()
    for partition, event in events(PAYMENTS, DAYS, PARTIES, partitions=1):
        monitor.feed(partition, event)
        day = (event.event_time - START).days if isinstance(event, Transaction) else 0
        if day >= 30 * (len(found) + 1):
            gc.collect()
            found.append((day, monitor.saved(), len(gc.get_objects())))
    gc.unfreeze()
    return found


def test_no_part_of_the_state_is_larger_in_the_last_two_years(samples):
    """As many parties, each with as many payments a year: what is pruned now and then has the same highest point."""
    assert len(samples) > 60
    before, after = ([parts for day, parts, _ in samples if begin <= day // 365 < begin + 2] for begin in (2, 4))
    for part in samples[-1][1]:
        most = max(parts[part] for parts in before)
        assert max(parts[part] for parts in after) <= most * 1.15 + 200, part
    # the year's payments come and go: the test would see what grows
    assert max(parts["parties"] for parts in after) > 1.3 * min(parts["parties"] for parts in after)


def test_the_process_holds_no_more_objects(samples):
    """What the collector counts: dictionaries, lists and models, wherever they are kept."""
    before, after = (max(count for day, _, count in samples if begin <= day // 365 < begin + 2) for begin in (2, 4))
    # 6 500 and 7 500: a hundredth of what a test's process holds in all
    assert after <= before + 1_500
