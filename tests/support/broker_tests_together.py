"""How `pytest -n 2` divides the tests: workers under faults in one process, all others file by file in the other.

Those mostly wait, for sessions and leases that run out, and two of them at once would end each other's. Tests of
commands on a broker wait for little and can run beside them; they come first in the other process, then all those
without a broker. pytest-xdist's own groups (`xdist_group`) do not work with pytest 9.2, which keeps no `_nodeid` for
them to write to.
"""

import os

import pytest
from xdist.scheduler import LoadFileScheduling

# What the others yield: sessions and leases of the tests with a broker run out in seconds where it is too busy.
NICENESS = 10
BROKER_TESTS = "tests/broker/"
# of the tests with a broker, those that wait for no session: without them, these 5 minutes would follow the others
COMMANDS = (
    "alerts_follow", "console_consumers", "deadletter_cli", "embedded_broker", "formats", "many_parties", "publish",
    "reconcile_cli", "reidentify", "topics", "worker_refusals",
)  # fmt: skip


FILES = {f"{BROKER_TESTS}test_{name}.py" for name in COMMANDS}


def unit(nodeid: str) -> str:
    """The unit of work a test belongs to: `BROKER_TESTS`, or its file."""
    place = nodeid.partition("::")[0]
    return BROKER_TESTS if place.startswith(BROKER_TESTS) and place not in FILES else place


class BrokerTestsTogether(LoadFileScheduling):
    """Tests of `tests/broker` but for `COMMANDS` are one unit of work."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Begin with the unit that takes longest: units are handed out in the order of collection."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: unit(item.nodeid) != BROKER_TESTS)


def yield_to_broker_tests(item: pytest.Item) -> None:
    """Lower this process's priority before its first test without a broker; one alone has nobody to yield to."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(BROKER_TESTS):
        os.nice(max(0, NICENESS - os.nice(0)))
