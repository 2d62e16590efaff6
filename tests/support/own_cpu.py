"""CPU time of a piece of code, without other threads' and without collecting what other tests left behind."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


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
        measured.seconds = 0.0 if "MUTANT_UNDER_TEST" in os.environ else time.thread_time() - began
        gc.unfreeze()
