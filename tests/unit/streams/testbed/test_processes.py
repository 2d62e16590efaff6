"""Processes of a replay: one that ends takes nobody along in silence."""

import os
from pathlib import Path
from typing import Any

import pytest

from streams.testbed import processes
from streams.testbed.prepared import Silent


def die(task: int, stages: Any) -> int:
    """A worker's work that ends its process, as the kernel does when memory runs out."""
    if task == 1:
        os.kill(os.getpid(), 9)
    return task


def fail(task: int, stages: Any) -> int:
    """A worker's work that fails in a way nobody thought of."""
    raise ZeroDivisionError(task)


def test_a_killed_process_ends_the_replay(tmp_path: Path) -> None:
    """It is told in one message, and does not hang; a fault in it comes to the parent."""
    with pytest.raises(processes.ProcessDiedError, match="signal 9"):
        processes.run_in_processes(die, [0, 1, 2], 2, Silent())
    with pytest.raises(ZeroDivisionError):
        processes.run_in_processes(fail, [0, 1, 2], 2, Silent())


class Adds:
    """Work that keeps a sum from task to task."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, task: int, stages: Any) -> int:
        stages.advance(1)
        if task < 0:
            raise ZeroDivisionError(task)
        self.total += task
        return self.total


def square(task: int, stages: Any) -> int:
    """The work aside, which tells how far it is so often that a pipe nobody reads would fill."""
    for _ in range(5_000):
        stages.advance(1)
    return task * task


class Counted(Silent):
    """Counts what is told."""

    def __init__(self) -> None:
        self.records = 0

    def advance(self, records: int) -> None:
        self.records += records


@pytest.mark.parametrize("size", [1, 3])
def test_a_crew_keeps_what_it_learned_and_works_aside(size: int) -> None:
    stages = Counted()
    with processes.Crew(Adds(), size, stages, 7, square) as crew:
        assert crew.ask(list(range(size))) == list(range(size))
        assert crew.ask([10] * size) == [10 + number for number in range(size)]
        assert crew.answer_aside() == 49
        with pytest.raises(ValueError, match="a task for each"):
            crew.ask([1] * (size + 1))
    assert stages.records == 2 * size + 5_000


def test_what_fails_in_a_crew_comes_to_the_parent_and_ends_the_others() -> None:
    with processes.Crew(Adds(), 2, Silent()) as crew:
        with pytest.raises(ZeroDivisionError):
            crew.ask([1, -1])
        workers = crew._workers
    assert not any(worker.process.is_alive() for worker in workers)
