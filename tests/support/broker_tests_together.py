"""How `pytest -n 3` divides the tests: two processes wait for brokers, the third runs everything else file by file.

Tests on a broker mostly wait, for sessions and leases that run out, so that two of them share two cores. More at once
would end each other's: workers that are killed are one unit of work (`FAULTS`), senders and topics as nobody wants them
the other (`OUTSIDERS`). Tests of commands wait for little and come first in the third process, then all those without
a broker. pytest-xdist's own groups (`xdist_group`) do not work with pytest 9.2, which keeps no `_nodeid` for them to
write to.
"""

import os

import pytest
from xdist.scheduler import LoadFileScheduling

# What the others yield: sessions and leases of the tests with a broker run out in seconds where it is too busy.
NICENESS = 10
BROKER_TESTS = "tests/broker/"
FAULTS, OUTSIDERS = "faults", "outsiders"
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


def unit(nodeid: str) -> str:
    """The unit of work a test belongs to: `FAULTS`, `OUTSIDERS`, or its file."""
    place = nodeid.partition("::")[0]
    if not place.startswith(BROKER_TESTS) or place in COMMAND_FILES:
        return place
    return OUTSIDERS if place in OUTSIDE_FILES else FAULTS


class BrokerTestsTogether(LoadFileScheduling):
    """Tests of `tests/broker` but for `COMMANDS` are two units of work."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Begin with the units that take longest: units are handed out in the order of collection."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = {FAULTS: 0, OUTSIDERS: 1, **dict.fromkeys(COMMAND_FILES, 2), **dict.fromkeys(LONG_FILES, 3)}
        items.sort(key=lambda item: order.get(unit(item.nodeid), 4))


def yield_to_broker_tests(item: pytest.Item) -> None:
    """Lower this process's priority before its first test without a broker; one alone has nobody to yield to."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(BROKER_TESTS):
        os.nice(max(0, NICENESS - os.nice(0)))
