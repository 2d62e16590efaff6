"""Makes the models' compiled code ready before the monitor starts, and says in the log what came of it."""

import time
from collections.abc import Iterable

from detectors.models import REGISTRY, compiled_code
from streams.log import logs

logger = logs.get_logger(__name__)


def prepare_models(members: Iterable[str]) -> None:
    """Load or compile now, if any of these members runs compiled: no event waits, `/readyz` answers only afterwards.

    A configuration that later switches one on has it prepared at its first event, which then waits for it.
    Cost: 1 s from the cache, some 10 s of one core without. Where there is no compiled code, or none that can be kept,
    the log has a warning, and the worker goes on: results are equal.
    """
    if not any(REGISTRY[name].compiled for name in members if name in REGISTRY):
        return
    began = time.monotonic()
    found = compiled_code.prepare()
    seconds = time.monotonic() - began
    tell = logger.warning if found.trouble else logger.info
    tell("%s (%.1f s)", found.said, seconds, compiled=found.kernels is not None, cached=found.cached)
