"""CPU time of a piece of code, without other threads' and without collecting what other tests left behind.

A limit in seconds is a limit for one machine. The same code took 0.7 ms on a developer's and 1.0 ms in CI, beside two
others on one core. So the time is told in seconds of the machine that the limits were set on. A known piece of work
runs right after the code. Where it takes longer than on that machine, the code's time is made shorter in that share.
"""

import gc
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The known work's CPU seconds on an idle core of the machine of 2026-11 (Python 3.11).
KNOWN_WORK_SECONDS = 0.00029
# How long an answer about this machine's speed holds. A test that measures each of 10 000 events would else spend more
# on the known work than on its own.
SPEED_HOLDS_SECONDS = 0.1


class OwnCpu:
    """What `own_cpu` measured, seconds of this thread; 0 until the block has ended."""

    seconds = 0.0


@contextmanager
def own_cpu() -> Iterator[OwnCpu]:
    """Measure the block, raised or returned, in CPU seconds of this thread.

    A full collection walks every object of the process. After some thousand tests that is 800 000 of them and 0.7 s,
    and it falls on whoever makes the next object; so what was there before is set aside, and only what the block makes
    is walked. Under the mutation tool (tests/mutation) the result is 0: coverage slows the code, and mutants run beside
    each other.
    """
    measured = OwnCpu()
    gc.freeze()
    began = time.thread_time()
    try:
        yield measured
    finally:
        spent = time.thread_time() - began
        measured.seconds = 0.0 if "MUTANT_UNDER_TEST" in os.environ else spent / slowness()
        gc.unfreeze()


def slowness() -> float:
    """How many times longer than on the machine of the limits this one takes now; 1.0 where it is as fast or faster."""
    now = time.monotonic()
    if now - _told.at_seconds > SPEED_HOLDS_SECONDS:
        _told.share = max(1.0, min(_do_known_work() for _ in range(3)) / KNOWN_WORK_SECONDS)
        _told.at_seconds = time.monotonic()
    return _told.share


class _Told:
    share = 1.0
    at_seconds = -math.inf


_told = _Told()


def _do_known_work() -> float:
    """CPU seconds of some work like the tested code's: numbers, dictionaries, bytes."""
    began = time.thread_time()
    seen: dict[int, bytes] = {}
    total = 0
    for number in range(2_000):
        total = (total * 31 + number) % 1_000_003
        seen[total % 512] = total.to_bytes(8, "big")
    b"".join(seen.values()).lower().translate(None, b"ab")
    return time.thread_time() - began


def least_cpu(act: Callable[[], object], times: int = 10) -> float:
    """CPU seconds of the cheapest of some runs of the act: what else a busy machine does can only add to a run.

    Use it for an act that can be run again. Its limit in a test is three times what was measured or more: a machine of
    CI takes half again as long as a developer's.
    """
    return min(_seconds(act) for _ in range(times))


def _seconds(act: Callable[[], object]) -> float:
    with own_cpu() as measured:
        act()
    return measured.seconds
