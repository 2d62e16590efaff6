"""Workers that are stopped in the midst of their work, certainly: what comes next then happens while work is left."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.support.cluster import Cluster
from tests.support.worker_process import Worker

ATTEMPTS = 20


def freeze_at_work(
    cluster: Cluster, workers: Iterable[Worker], left: Callable[[], bool], more: Callable[[], Any]
) -> None:
    """Stop workers (SIGSTOP) while `left()` says that work is left; where none is they go on, and `more()` is sent.

    Failure prevented: work that was left when a test asked was done when it acted, or done before it came to ask,
    because the machine had other things to do. A stopped worker does nothing in between. Kill it, or `thaw` it.
    """
    chosen = list(workers)
    for _ in range(ATTEMPTS):
        for worker in chosen:
            worker.freeze()
        if cluster.when_answered(left):
            return
        for worker in chosen:
            worker.thaw()
        more()
    raise AssertionError(f"no work was left at any of {ATTEMPTS} looks: the test would prove nothing")
