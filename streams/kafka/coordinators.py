"""Asks a group's coordinator, which a new cluster does not have yet and a restarted broker loads first."""

import time
from collections.abc import Callable
from typing import TypeVar

from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

Answer = TypeVar("Answer")
# The first question ever makes the broker create its offsets topic, which takes it 1-2 s. Failure prevented: a command
# that failed on the first day of a cluster and never again.
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.2
PASSING = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


def ask_coordinator(question: Callable[[], Answer]) -> Answer:
    """The answer, asked for again while there is no coordinator; after 15 s its error is raised as it is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return question()
        except PASSING:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
