"""Makes the models' compiled code ready before the monitor starts, and says in the log what came of it."""

import time

from detectors.models import compiled_code
from streams.log import logs

logger = logs.get_logger(__name__)


def prepare_models() -> None:
    """Load or compile now: no event waits for it, and `/readyz` answers only afterwards.

    Cost: 1 s from the cache, some 10 s of one core without. Where there is no compiled code, or none that can be kept,
    the log has a warning, and the worker goes on: results are equal.
    """
    began = time.monotonic()
    found = compiled_code.prepare()
    seconds = time.monotonic() - began
    tell = logger.warning if found.trouble else logger.info
    tell("%s (%.1f s)", found.said, seconds, compiled=found.kernels is not None, cached=found.cached)
