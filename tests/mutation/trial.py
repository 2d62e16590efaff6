"""A pytest plugin that tries mutants: each in a forked process, by the tests that run its lines, quickest test first.

1. Every chosen test runs once on the product as it is. Coverage notes which lines each one runs, and its seconds.
   A test that fails here ends the run: nothing could be said of any mutant.
2. For each mutant a child is forked from this very process, so that nothing is imported or collected again. It puts
   the mutant's code into the living function and runs the tests that reach the function's lines.
3. The first test that fails ends the child: the mutant is `killed`. A child whose test outlives its time is `timeout`,
   and counts as noticed. When all tests pass, the mutant `survived`. One that no test reaches is `untested`.
"""

import contextlib
import functools
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from coverage import Coverage

from tests.mutation.mutants import ROOT, Mutant, compiled

# A mutant may turn a loop into one without end. The time of each test is CPU time, so that a busy machine ends no
# mutant. One that waits for ever uses none; it is ended by the clock, much later.
SLOWEST_FACTOR = 10.0
SLOWEST_AT_LEAST_SECONDS = 5.0
WAITING_FACTOR = 10.0
TIMED_OUT = (signal.SIGPROF, signal.SIGALRM)
KILLED, SURVIVED, BROKEN = 1, 0, 7


class Trial:
    """Runs the tests once, then tries each mutant; `verdicts` holds the outcome by mutant.

    `told` is called after each mutant with how many are done. `processes` mutants are tried at a time. Under a trial
    the environment variable MUTANT_UNDER_TEST is set, so that CPU time is not judged (tests/support/own_cpu.py).
    """

    def __init__(self, mutants: Sequence[Mutant], processes: int, told: Callable[[int], None]) -> None:
        self._mutants = mutants
        self._processes = processes
        self._told = told
        self._failed: list[str] = []
        self._in_child = False
        self.verdicts: dict[Mutant, str] = {}
        os.environ["MUTANT_UNDER_TEST"] = "1"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what failed; a child ends at once."""
        if report.failed:
            self._failed.append(report.nodeid)
            if self._in_child:
                os._exit(KILLED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests once."""
        reached, seconds = self._run_all(session.items)
        if self._failed:
            raise pytest.UsageError(
                f"the tests fail without any mutant; got: {self._failed[:5]}; to do: mend them first"
            )
        _forget_cached_results()
        functions = _functions_of({mutant.file for mutant in self._mutants})
        running: dict[int, Mutant] = {}
        for mutant in self._mutants:
            function = functions.get((mutant.file, mutant.function))
            code = compiled(mutant)
            tests = _reaching(function, reached, session.items) if function else []
            if function is None or code is None or not tests:
                self._decide(mutant, "untested" if code is not None else "no code")
                continue
            while len(running) >= self._processes:
                self._await_one(running)
            ordered = sorted(tests, key=lambda item: seconds[item.nodeid])
            running[self._fork(function, code, ordered, seconds)] = mutant
        while running:
            self._await_one(running)
        return True

    def _run_all(self, items: Sequence[pytest.Item]) -> tuple[dict[str, dict[int, set[str]]], dict[str, float]]:
        """Tests by line by file, and seconds by test."""
        coverage = Coverage(data_file=None, config_file=False, include=[str(ROOT / m.file) for m in self._mutants])
        seconds: dict[str, float] = {}
        coverage.start()
        for at, item in enumerate(items):
            coverage.switch_context(item.nodeid)
            began = time.monotonic()
            _run(item, items[at + 1] if at + 1 < len(items) else None)
            seconds[item.nodeid] = time.monotonic() - began
        coverage.stop()
        data = coverage.get_data()
        files = {mutant.file for mutant in self._mutants}
        return {
            file: {line: set(tests) - {""} for line, tests in data.contexts_by_lineno(str(ROOT / file)).items()}
            for file in files
        }, seconds

    def _fork(self, function: FunctionType, code: CodeType, tests: list[pytest.Item], seconds: dict[str, float]) -> int:
        sys.stdout.flush()
        child = os.fork()
        if child:
            return child
        try:
            self._in_child = True
            for number in TIMED_OUT:
                signal.signal(number, signal.SIG_DFL)
            function.__code__ = code
            for at, item in enumerate(tests):
                _allow(seconds[item.nodeid])
                _run(item, tests[at + 1] if at + 1 < len(tests) else None)
            os._exit(SURVIVED)
        except BaseException:  # noqa: BLE001 (whatever a mutant raises through pytest itself: it was noticed)
            os._exit(KILLED)
        finally:
            os._exit(BROKEN)

    def _await_one(self, running: dict[int, Mutant]) -> None:
        child, status = os.wait()
        if child not in running:
            return
        code = os.waitstatus_to_exitcode(status)
        verdicts = {SURVIVED: "survived", KILLED: "killed", **{-number: "timeout" for number in TIMED_OUT}}
        self._decide(running.pop(child), verdicts.get(code, f"ended by {code}"))

    def _decide(self, mutant: Mutant, verdict: str) -> None:
        self.verdicts[mutant] = verdict
        self._told(len(self.verdicts))


def _allow(seconds: float) -> None:
    """End this process when the next test takes many times what it took on the product."""
    allowed = max(SLOWEST_AT_LEAST_SECONDS, SLOWEST_FACTOR * seconds)
    signal.setitimer(signal.ITIMER_PROF, allowed)
    signal.setitimer(signal.ITIMER_REAL, allowed * WAITING_FACTOR)


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _reaching(
    function: FunctionType, reached: dict[str, dict[int, set[str]]], items: Iterable[pytest.Item]
) -> list[pytest.Item]:
    """The tests that run a line of the function's body."""
    code = function.__code__
    lines = {line for inner in _with_nested(code) for _, _, line in inner.co_lines() if line} - {code.co_firstlineno}
    file = str(Path(code.co_filename).relative_to(ROOT))
    names = set().union(*(reached[file].get(line, set()) for line in lines)) if lines else set()
    return [item for item in items if item.nodeid in names]


def _forget_cached_results() -> None:
    """What `functools.cache` keeps was computed without the mutant."""
    for found in gc.get_objects():
        if isinstance(found, functools._lru_cache_wrapper):
            found.cache_clear()


def _with_nested(code: CodeType) -> list[CodeType]:
    return [
        code,
        *(inner for constant in code.co_consts if isinstance(constant, CodeType) for inner in _with_nested(constant)),
    ]


def _functions_of(files: set[str]) -> dict[tuple[str, str], FunctionType]:
    """The living functions of these files by file and qualified name."""
    paths = {str(ROOT / file): file for file in files}
    return {
        (paths[found.__code__.co_filename], found.__code__.co_qualname): found
        for found in gc.get_objects()
        if isinstance(found, FunctionType) and found.__code__.co_filename in paths
    }
