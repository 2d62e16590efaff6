"""How tests are divided among processes: the longest units first, and no file named that is not there."""

from types import SimpleNamespace

import pytest

from tests.support import broker_tests_together
from tests.support.broker_tests_together import COMMAND_FILES, LONG_FILES, OUTSIDE_FILES, longest_first
from tests.support.repository import ROOT

GIVEN = (
    "tests/contract/test_names.py::one",
    "tests/broker/test_publish.py::two",
    "tests/unit/tools/test_mutation_tool.py::three",
    "tests/broker/test_senders.py::four",
    "tests/contract/test_names.py::five",
    "tests/broker/test_skip.py::six",
)


def test_every_file_that_is_named_is_there():
    """A file that was renamed would begin last, or with the wrong ones."""
    named = OUTSIDE_FILES | COMMAND_FILES | LONG_FILES
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert not (OUTSIDE_FILES & COMMAND_FILES)


@pytest.mark.parametrize(("worker", "order"), [("gw0", (5, 3, 1, 2, 0, 4)), (None, range(6))])
def test_the_longest_begin_first_where_several_processes_run(monkeypatch, worker, order):
    """Faults, outsiders, commands, long files, then all others as they came; one process keeps the order."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    if worker is not None:
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
    items = [SimpleNamespace(nodeid=name) for name in GIVEN]
    longest_first(items)
    assert [one.nodeid for one in items] == [GIVEN[place] for place in order]


def test_tests_with_a_broker_are_two_units_and_all_others_are_files():
    """But for tests of commands, which wait for little."""
    assert [broker_tests_together.unit(name) for name in GIVEN] == [
        "tests/contract/test_names.py",
        "tests/broker/test_publish.py",
        "tests/unit/tools/test_mutation_tool.py",
        "outsiders",
        "tests/contract/test_names.py",
        "faults",
    ]
