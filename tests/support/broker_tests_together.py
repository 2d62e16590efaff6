"""How `pytest -n 3` divides the tests: two processes wait for brokers, the third runs everything else file by file.

Tests on a broker mostly wait, for sessions and leases that run out, so that two of them share two cores. More at once
would end each other's. So two processes have a lane each: workers that are killed are one (`FAULTS`), senders and
topics as nobody wants them the other (`OUTSIDERS`). Who is through with its own lane takes the last file of the other;
without that, one process waited for minutes on a lane that had grown. Tests of commands wait for little and come first
in the third process, then all those without a broker. pytest-xdist's own groups (`xdist_group`) do not work with
pytest 9.2, which keeps no `_nodeid` for them to write to.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# What the others yield: sessions and leases of the tests with a broker run out in seconds where it is too busy.
NICENESS = 10
BROKER_TESTS = "tests/broker/"
FAULTS, OUTSIDERS, OTHERS = "faults", "outsiders", "others"
# of the tests with a broker, those of other people's clusters, senders and disks
OUTSIDE = (
    "application_claim",
    "damaged_disk",
    "damaged_ledger",
    "inputs_unread",
    "letters",
    "other_topics",
    "rules_in_force",
    "secured_cluster",
    "senders",
    "unwritable_topics",
)
# of the tests with a broker, those that wait for no session
COMMANDS = (
    "alerts_follow",
    "console_consumers",
    "deadletter_cli",
    "embedded_broker",
    "formats",
    "many_parties",
    "publish",
    "reconcile_cli",
    "reidentify",
    "testbed_ledger",
    "topics",
    "worker_refusals",
)
# of the tests with a broker, the files of minutes
LONG = ("end_to_end", "secured_cluster", "three_brokers_short")
# of the tests without a broker, the files of half a minute and more: begun last, one keeps two idle processes waiting
LONG_FILES = frozenset(
    (
        "tests/fuzz/test_fuzz.py",
        "tests/mutants/test_mutants.py",
        "tests/simulation/test_schedules.py",
        "tests/testbed/test_replay_processes.py",
        "tests/testbed/test_run.py",
        "tests/unit/detectors/memory/test_state_plateau.py",
        "tests/unit/streams/cli/testbed/test_compare.py",
        "tests/unit/streams/cli/testbed/test_search.py",
        "tests/unit/streams/generator/scenarios/test_pack.py",
        "tests/unit/streams/ledger/test_snapshot_format_damage.py",
        "tests/unit/tools/test_mutation_tool.py",
    )
)


def _files(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"{BROKER_TESTS}test_{name}.py" for name in names)


OUTSIDE_FILES, COMMAND_FILES = _files(OUTSIDE), _files(COMMANDS)
LONG_BROKER_FILES = _files(LONG)


def lane(place: str) -> str:
    """The lane of a file: `FAULTS`, `OUTSIDERS`, or `OTHERS`."""
    if not place.startswith(BROKER_TESTS) or place in COMMAND_FILES:
        return OTHERS
    return OUTSIDERS if place in OUTSIDE_FILES else FAULTS


def next_file(waiting: Iterable[str], held: str) -> str | None:
    """The file that the process of a lane runs next, of those that wait in their order; None: it is done.

    Its own lane's first, then the other's last, which that process comes to last, then one without a broker. The third
    process takes no file of the two lanes: it has lowered its priority, and there would be three at once.
    """
    by_lane: dict[str, list[str]] = {FAULTS: [], OUTSIDERS: [], OTHERS: []}
    for place in waiting:
        by_lane[lane(place)].append(place)
    if by_lane[held]:
        return by_lane[held][0]
    if held == OTHERS:
        return None
    other = by_lane[OUTSIDERS if held == FAULTS else FAULTS]
    return other[-1] if other else next(iter(by_lane[OTHERS]), None)


class BrokerTestsTogether(LoadFileScheduling):
    """A file is a unit of work; the first two processes have a lane of `tests/broker` each."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._lanes: dict[Any, str] = {}

    def _assign_work_unit(self, node: Any) -> None:
        if node not in self._lanes:
            # of a process that ended, its successor takes the lane
            taken = {held for one, held in self._lanes.items() if one in self.assigned_work}
            self._lanes[node] = next((one for one in (FAULTS, OUTSIDERS) if one not in taken), OTHERS)
        place = next_file(self.workqueue, self._lanes[node])
        if place is None:
            node.shutdown()
            return
        self.workqueue.move_to_end(place, last=False)
        super()._assign_work_unit(node)


def longest_first(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: of a lane they are handed out in the order of collection."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = dict.fromkeys(LONG_BROKER_FILES, 0) | dict.fromkeys(COMMAND_FILES, 1) | dict.fromkeys(LONG_FILES, 2)
        items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], 3))


def yield_to_broker_tests(item: pytest.Item) -> None:
    """Lower this process's priority before its first test without a broker; one alone has nobody to yield to."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(BROKER_TESTS):
        os.nice(max(0, NICENESS - os.nice(0)))
