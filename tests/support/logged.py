"""What a record of the log carries beside its message."""

import logging
from typing import Any

_OWN = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime"})


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The fields that were given with it, by name."""
    return {name: value for name, value in record.__dict__.items() if name not in _OWN}
