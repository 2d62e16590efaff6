"""The mutation tool says of each mutant of its example what can be said by hand, and its reasons fit the source."""

import os
import subprocess
import sys

import pytest

from tests.mutation.mutants import ROOT, compiled, mutants_of
from tests.mutation.plan import (
    Plan,
    Survivor,
    files_without_plan,
    plan_of,
    planned_files,
    stale_reasons,
    unused_reasons,
)

EXAMPLE = "tests/mutation/example.py"


def try_example(*options: str) -> subprocess.CompletedProcess[str]:
    """The command on the example, as a process of its own: it forks, and a pytest inside of pytest shares its state."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation", EXAMPLE, *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.parametrize("file", planned_files())
def test_reasons_fit_the_source(file: str) -> None:
    assert stale_reasons(file) == []
    assert all((ROOT / test).is_file() for test in plan_of(file).tests)


def test_every_module_of_the_scope_has_a_plan() -> None:
    """A new module comes with its plan, as it comes with its tests."""
    assert files_without_plan() == []


def test_mutants_of_the_example() -> None:
    changes = [(mutant.function, mutant.removed, mutant.added) for mutant in mutants_of(EXAMPLE)]
    assert ("total", "if amount <= limit:", "if amount < limit:") in changes
    assert ("total", "found += amount", "found -= amount") in changes
    assert ("halvings", "amount //= 2", "amount //= 3") in changes
    assert ("Counter.add", "self.__count += number", "self.__count = number") in changes
    assert (
        len(changes) == len(set(changes)) == 5 + 10 + 2 + 2 + 2
    )  # total, halvings, never_asked, Counter.__init__, Counter.add


def test_a_mutant_is_the_code_of_one_function() -> None:
    [mutant] = [one for one in mutants_of(EXAMPLE) if one.added == "self.__count -= number"]
    code = compiled(mutant)
    assert code is not None
    assert (code.co_name, code.co_varnames) == ("add", ("self", "number"))
    assert "_Counter__count" in code.co_names


def test_the_command_tells_survivors_from_the_rest() -> None:
    ended = try_example()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # among the noticed are two that never end: `amount = 2` and `amount >= 0`
    assert f"{EXAMPLE}: 21 mutants, 18 noticed, 3 with a reason, 0 without" in ended.stdout


def test_a_survivor_without_a_reason_is_printed_and_ends_with_1() -> None:
    ended = try_example(
        "--tests", "tests/mutation/example_tests.py::test_halvings", "--function", "Counter.add", "--toml"
    )
    assert ended.returncode == 1
    assert 'removed = "self.__count += number"\nadded = ["self.__count = number"]' in ended.stdout


def test_a_reason_for_a_mutant_that_is_noticed_is_not_true() -> None:
    survivor = Survivor(function="total", removed="found = 0", added=["found = 1"], reason="nobody looks at the sum")
    plan = Plan(tests=[], survivor=[survivor])
    [noticed] = [one for one in mutants_of(EXAMPLE) if (one.function, one.added) == ("total", "found = 1")]
    assert unused_reasons(plan, []) == ["total\n    - found = 0\n    + found = 1"]
    assert unused_reasons(plan, [noticed]) == []
    assert plan.explained(noticed)
