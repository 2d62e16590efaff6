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
