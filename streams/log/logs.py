"""How a worker's log is made: structlog over Python's own logging, in one form for us and for the libraries.

A message is a sentence; what it is about (agent, partition, topic, offset, a fault's code) goes with it as fields.
`text` is for people; `json` is one object a line. Both are made in streams/log/lines.py.
"""

import contextlib
import json
import logging
import os
import sys
import threading
import time
from logging.handlers import MemoryHandler
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast

from streams.errors import FxwatchError
from streams.log.library_noise import LIBRARIES, Noise
from streams.plain_text.printable import make_showable

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

# The settings have a handful of warnings; more would be a fault.
HELD_RECORDS = 1000

_form: Format = "text"


class _LazyLogger:
    """Imports structlog with the first message: that takes 0.1 to 0.2 s, and most commands say nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        import structlog
        from structlog import stdlib

        # on to Python's logging, arguments unformatted and fields as `extra`: levels, handlers and tests work as ever
        bound = structlog.wrap_logger(
            logging.getLogger(self._name),
            wrapper_class=stdlib.BoundLogger,
            processors=[stdlib.filter_by_level, stdlib.render_to_log_args_and_kwargs],
        ).bind()
        self.__dict__.update(
            {
                name: getattr(bound, name)
                for name in ("bind", "debug", "info", "warning", "error", "exception", "critical")
            }
        )
        return getattr(bound, method)


def get_logger(name: str) -> "BoundLogger":
    """The logger of a module. Keywords of its methods are fields; `%` arguments are put into the message."""
    return cast("BoundLogger", _LazyLogger(name))


def hold() -> None:
    """Keep what is logged until `set_up`: the settings, which say how it is to be written, have warnings of their own.

    What is kept when it never comes is not written.
    """
    logging.getLogger().addHandler(MemoryHandler(HELD_RECORDS, flushLevel=logging.CRITICAL + 1))


class _Handler(logging.StreamHandler[Any]):
    """Passes over what cannot be written: the stream is a full disk, or a pipe whose reader is gone.

    Python would print a traceback there, of many lines and with the message's arguments, as soon as there is room.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Of a record that cannot be formatted, a fault of ours, its logger and the fault's type are told."""
        fault = sys.exc_info()[1]
        if not isinstance(fault, OSError) and self.stream is not None and not self.stream.closed:
            write_last_words(f"a record of {record.name} cannot be shown: {type(fault).__name__}")


def set_up(form: Format, level: Level) -> None:
    """Write this process's log to standard error. Libraries stay as silent as they are until `hear_libraries`."""
    global _form  # noqa: PLW0603  (of the process, as Python's logging is)
    from streams.log.lines import make_formatter

    _form = form
    root, handler = logging.getLogger(), _Handler(sys.stderr)
    # None where the process was started without one (`2>&-`): then nothing is written, and it works all the same
    terminal = sys.stderr is not None and sys.stderr.isatty()
    handler.setFormatter(make_formatter(form, colours=terminal and "NO_COLOR" not in os.environ))
    if level != "debug":
        handler.addFilter(Noise())
    root.setLevel(level.upper())
    for one in list(root.handlers):
        root.removeHandler(one)
        if isinstance(one, MemoryHandler):
            one.setTarget(handler)  # what it holds is written when it is closed
        one.close()
    root.addHandler(handler)
    logging.captureWarnings(capture=True)
    _hook_up()


def hear_libraries(level: Level) -> None:
    """Let libraries speak: at `debug` all they say, otherwise what they say at WARNING and above.

    They log each rebalance and retry at INFO in paragraphs; what matters of it is told here in one line.
    """
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(
            logging.NOTSET if level == "debug" else max(logging.getLogger().level, logging.WARNING)
        )


def _hook_up() -> None:
    """What Python would print by itself goes into the log too: in JSON every line is to be an object."""
    logger = logging.getLogger("python")

    def of_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_type is not SystemExit and told.exc_value is not None:
            logger.critical("a thread ended with an unexpected fault", exc_info=told.exc_value)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        logger.error("a fault where none can be raised", exc_info=told.exc_value)

    def uncaught(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, Exception):
            logger.critical("ended by an unexpected fault", exc_info=(kind, fault, trace))
        else:
            sys.__excepthook__(kind, fault, trace)

    threading.excepthook, sys.unraisablehook, sys.excepthook = of_thread, unraisable, uncaught


def as_json() -> bool:
    """Whether each line of this process's log is a JSON object: then nothing is told beside it."""
    return _form == "json"


def write_last_words(message: str) -> None:
    """One message on standard error, whatever logging does: in JSON an object of the same form.

    Never raises: where it cannot be written, nobody can be told.
    """
    line = f"fxwatch: {message}"
    if _form == "json":
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        record = {"timestamp": now, "level": "critical", "logger": "fxwatch", "event": make_showable(message)}
        line = json.dumps(record)
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(make_showable(line), file=sys.stderr, flush=True)  # noqa: T201  (logging may be what hangs)


def log_refused_start(fault: Exception) -> None:
    """The one message of a worker that does not start: code and advice as fields, of other faults the traceback."""
    unforeseen = None if isinstance(fault, FxwatchError) else fault
    get_logger("streams.worker").critical("the worker does not start", fault=fault, exc_info=unforeseen)
