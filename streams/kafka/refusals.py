"""Brokers that refused this process a moment ago: not asked again at once, and said why.

aiokafka tries a connection again every 100 ms, each client for itself. A password that was changed on the cluster would
make that a storm of failed log-ins, which locks accounts and hides attacks in the broker's log.
"""

import logging
import threading
import time
from collections.abc import Callable

from streams.errors import FxwatchError

logger = logging.getLogger(__name__)

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0
"""How long after the first refusal, doubled each time, and at most."""


class Refusals:
    """By address: how often in a row, and until when it is left alone. For any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._by_address: dict[str, tuple[int, float, FxwatchError]] = {}

    def held_back(self, address: str) -> FxwatchError | None:
        """Why the address is not to be tried now; None when it may be."""
        with self._lock:
            found = self._by_address.get(address)
        return found[2] if found is not None and self._clock() < found[1] else None

    def note(self, address: str, fault: FxwatchError) -> None:
        """The broker refused. Logged from the second time on: the first is told by who wanted to connect."""
        with self._lock:
            times = self._by_address[address][0] + 1 if address in self._by_address else 1
            wait = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(times - 1, 10))
            self._by_address[address] = (times, self._clock() + wait, fault)
        if times > 1:
            logger.warning("not connected, next attempt in %.0f s: %s", wait, fault.message)

    def cleared(self, address: str) -> None:
        """The broker took a connection."""
        with self._lock:
            self._by_address.pop(address, None)

    def newest(self) -> FxwatchError | None:
        """What was refused last and not taken since."""
        with self._lock:
            return max(self._by_address.values(), key=lambda one: one[1])[2] if self._by_address else None


REFUSALS = Refusals()
"""Of this process."""
