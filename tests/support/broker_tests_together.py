"""How `pytest -n 2` divides the tests: those with a broker in one process, all others file by file in the other.

Tests with a broker share it, and a second one beside it would only take their time. pytest-xdist's own groups
(`xdist_group`) do not work with pytest 9.2, which keeps no `_nodeid` for them to write to.
"""

import os

import pytest
from xdist.scheduler import LoadFileScheduling

# What the others yield: sessions and leases of the tests with a broker run out in seconds where it is too busy.
NICENESS = 10
BROKER_TESTS = "tests/broker/"


class BrokerTestsTogether(LoadFileScheduling):
    """Tests of `tests/broker` are one unit of work; it is handed out first where it is collected first."""

    def _split_scope(self, nodeid: str) -> str:
        return BROKER_TESTS if nodeid.startswith(BROKER_TESTS) else str(super()._split_scope(nodeid))


def yield_to_broker_tests(item: pytest.Item) -> None:
    """Lower this process's priority before its first test without a broker; one alone has nobody to yield to."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(BROKER_TESTS):
        os.nice(max(0, NICENESS - os.nice(0)))
