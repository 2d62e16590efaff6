"""Remembers brokers that refused this process a moment ago, so that they are not asked again at once.

aiokafka tries a connection again every 100 ms, each client for itself. A password that was changed on the cluster would
make that a storm of failed log-ins, which locks accounts and hides attacks in the broker's log.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from streams.errors import FxwatchError
from streams.kafka.connection_faults import Attempt
from streams.log import logs

logger = logs.get_logger(__name__)

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0
"""How long after the first refusal, doubled each time, and at most."""

Files = tuple[object, ...]
"""Stamps of the files that a connection was made with: new ones are tried at once."""


class _Refused(NamedTuple):
    times: int
    until: float
    fault: FxwatchError
    files: Files


class Refusals:
    """By broker and log-in: how often in a row, and until when it is left alone. For any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[Attempt, _Refused] = {}

    def find_reason_to_wait(self, attempt: Attempt, files: Files) -> FxwatchError | None:
        """Why it is not to be tried now; None when it may be."""
        with self._lock:
            found = self._known.get(attempt)
        return found.fault if found is not None and found.files == files and self._clock() < found.until else None

    def note(self, attempt: Attempt, files: Files, fault: FxwatchError) -> None:
        """The broker refused. Logged from the second time on: the first is told by who wanted to connect."""
        with self._lock:
            known = self._known.get(attempt)
            times = known.times + 1 if known is not None and known.files == files else 1
            wait = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(times - 1, 10))
            self._known[attempt] = _Refused(times, self._clock() + wait, fault, files)
        if times > 1:
            logger.warning("not connected, next attempt in %.0f s: %s", wait, fault)

    def clear(self, attempt: Attempt) -> None:
        """The broker took a connection."""
        with self._lock:
            self._known.pop(attempt, None)

    def newest(self) -> FxwatchError | None:
        """What was refused last and not taken since."""
        with self._lock:
            return max(self._known.values(), key=lambda one: one.until).fault if self._known else None


REFUSALS = Refusals()
"""Of this process."""
