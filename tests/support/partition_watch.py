"""How long ledger partitions stood still: a thread that asks the workers' own pages."""

import threading
import time
from typing import Self

from tests.support.cluster import PARTITIONS, Cluster
from tests.support.worker_process import Worker

# A page costs a worker some milliseconds, so asking more often would slow down what is measured.
LOOK_SECONDS = 0.1


class PartitionWatch(threading.Thread):
    """Notes for each partition when no live worker showed it as running, and for how long; a context manager.

    `pauses`: seconds of each completed pause. Resolution is some 0.1 s: a shorter pause may pass unseen. A worker that
    the test stops for moments, to see whether it is in a transaction, is taken to run what it ran before: that pause is
    the test's own.
    """

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(name="partition-watch", daemon=True)
        self._cluster, self._over = cluster, threading.Event()
        self._since: dict[int, float] = {}
        self._shown: dict[Worker, set[int]] = {}
        self.pauses: list[float] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(30)

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(LOOK_SECONDS):
            began = time.monotonic()
            running = self.running()
            for number in range(PARTITIONS):
                if number not in running:
                    self._since.setdefault(number, began)
                elif number in self._since:
                    self.pauses.append(began - self._since.pop(number))

    def running(self) -> set[int]:
        """The partitions that live workers show as running."""
        workers = [one for one in list(self._cluster.workers) if one.alive() and one.role != "ingest"]
        for one in workers:
            before, shown = one.probed, one.running_partitions()
            if not (before or one.probed):  # asked twice: it may begin or end while the page is waited for
                self._shown[one] = shown
        return {number for one in workers for number in self._shown.get(one, ())}
