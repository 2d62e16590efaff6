"""How tests are divided among processes: the longest files first, and no file named that is not there."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.broker_tests_together import (
    COMMAND_FILES,
    FAULTS,
    LONG_BROKER_FILES,
    LONG_FILES,
    OTHERS,
    OUTSIDE_FILES,
    OUTSIDERS,
    BrokerTestsTogether,
    lane,
    longest_first,
    next_file,
)
from tests.support.repository import ROOT

NAMES, PUBLISH = "tests/contract/test_names.py", "tests/broker/test_publish.py"
SENDERS, LETTERS = "tests/broker/test_senders.py", "tests/broker/test_letters.py"
SKIP, END_TO_END = "tests/broker/test_skip.py", "tests/broker/test_end_to_end.py"
MUTATION = "tests/unit/tools/test_mutation_tool.py"
GIVEN = (
    f"{NAMES}::one",
    f"{PUBLISH}::two",
    f"{MUTATION}::three",
    f"{SENDERS}::four",
    f"{NAMES}::five",
    f"{END_TO_END}::six",
)


def test_every_file_that_is_named_is_there():
    """A file that was renamed would begin last, or with the wrong ones."""
    named = OUTSIDE_FILES | COMMAND_FILES | LONG_FILES | LONG_BROKER_FILES
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert not (OUTSIDE_FILES & COMMAND_FILES)
    assert not (LONG_BROKER_FILES & COMMAND_FILES)


@pytest.mark.parametrize(("worker", "order"), [("gw0", (5, 1, 2, 0, 3, 4)), (None, range(6))])
def test_the_longest_begin_first_where_several_processes_run(monkeypatch, worker, order):
    """Long ones with a broker, commands, long ones without, then all as they came; one process keeps the order."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    if worker is not None:
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
    items = [SimpleNamespace(nodeid=name) for name in GIVEN]
    longest_first(items)
    assert [one.nodeid for one in items] == [GIVEN[place] for place in order]


def test_tests_with_a_broker_have_two_lanes():
    """But for tests of commands, which wait for little."""
    assert [lane(one) for one in (NAMES, PUBLISH, SENDERS, SKIP)] == [OTHERS, OTHERS, OUTSIDERS, FAULTS]


@pytest.mark.parametrize(
    ("waiting", "held", "found"),
    [
        ((NAMES, LETTERS, SENDERS, SKIP), OUTSIDERS, LETTERS),
        ((NAMES, LETTERS, SENDERS, SKIP), FAULTS, SKIP),
        ((NAMES, LETTERS, SENDERS), FAULTS, SENDERS),
        ((NAMES, PUBLISH), FAULTS, NAMES),
        ((SKIP, PUBLISH, NAMES), OTHERS, PUBLISH),
        ((SKIP, LETTERS), OTHERS, None),
    ],
)
def test_the_own_lane_comes_first_then_the_others_last_file(waiting, held, found):
    assert next_file(waiting, held) == found


class Node:
    """A process of pytest-xdist, which is told numbers of tests."""

    def __init__(self) -> None:
        self.gateway, self.told, self.shutting_down = SimpleNamespace(id="gw"), list[int](), False

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.told += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def run(scheduler: BrokerTestsTogether, nodes: list[Node], slow: Node) -> dict[int, list[int]]:
    """Every test done by who was told it; `slow` does one for three of the others. Tests by node, in their order."""
    done: dict[int, list[int]] = {place: [] for place in range(len(nodes))}
    for turn in range(1000):
        for place, node in enumerate(nodes):
            if len(done[place]) < len(node.told) and (node is not slow or turn % 3 == 0):
                number = node.told[len(done[place])]
                done[place].append(number)
                scheduler.mark_test_complete(node, number)
    return done


@pytest.mark.parametrize("slow", range(3))
def test_every_test_is_run_once_and_at_most_two_processes_have_a_broker(slow):
    """Whichever is slow; the third process has none of the two lanes."""
    broker = [f"tests/broker/test_{name}.py" for name in ("skip", "snooze", "screens", "outage", "letters", "senders")]
    files = [*broker, PUBLISH, *(f"tests/unit/test_{number}.py" for number in range(12))]
    items = [f"{place}::{number}" for place in files for number in range(3)]
    config: Any = SimpleNamespace(
        option=SimpleNamespace(loadscopereorder=False), getvalue=lambda name: ["popen"] * 3 if name == "tx" else None
    )
    scheduler = BrokerTestsTogether(config, None)
    nodes = [Node() for _ in range(3)]
    for node in nodes:
        scheduler.add_node(node)  # type: ignore[arg-type]
        scheduler.add_node_collection(node, items)  # type: ignore[arg-type]
    scheduler.schedule()
    done = run(scheduler, nodes, nodes[slow])
    assert sorted(number for some in done.values() for number in some) == list(range(len(items)))
    assert all(node.shutting_down for node in nodes)
    assert {lane(items[number].partition("::")[0]) for number in done[2]} == {OTHERS}
    assert lane(items[done[0][0]].partition("::")[0]) == FAULTS
    assert lane(items[done[1][0]].partition("::")[0]) == OUTSIDERS
