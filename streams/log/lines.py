"""One record of the log as a line: JSON for machines, text for people.

Whatever a message quotes, a record is one line; in text a traceback, or an error's list, is indented below its line.
Only plain values are shown (text, numbers, lists of them, faults): a record of a topic, or its bytes, that is handed
over by mistake is named by its type, so that no sender's text comes into a log that way.
"""

import json
import logging
import math
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

from structlog import dev
from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from streams.errors import FxwatchError
from streams.log.library_noise import is_ours
from streams.plain_text.printable import make_printable, make_showable

Event = MutableMapping[str, Any]

HEAD = ("timestamp", "level", "logger", "event")
"""What every record has, in this order; fields come behind."""
LEVEL_WIDTH, LOGGER_WIDTH = len("critical"), 16
OWN = "streams."


def make_formatter(form: str, *, colours: bool = False) -> logging.Formatter:
    """The formatter of a handler, `json` or `text`; for our records and those of libraries alike."""
    shape = [_json] if form == "json" else [_for_people, _Text(colours=colours)]
    return ProcessorFormatter(
        foreign_pre_chain=[_given, add_log_level, add_logger_name, _stamp, _named, _fault, format_exc_info],
        processors=[_plain, *shape],
        pass_foreign_args=True,
    )


_OURS, _THEIRS = ExtraAdder(), ExtraAdder(allow=["seconds"])


def _given(logger: Any, method: str, event: Event) -> Event:
    """The fields that were given with a message of ours. A library may hand over anything, a sender's text too."""
    adder = _OURS if is_ours(event["_record"]) else _THEIRS
    return adder(logger, method, event)


def _stamp(_logger: Any, _method: str, event: Event) -> Event:
    """When the record was made: UTC, ISO 8601, milliseconds."""
    created = datetime.fromtimestamp(event["_record"].created, UTC)
    event["timestamp"] = created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _named(_logger: Any, _method: str, event: Event) -> Event:
    """What a message's arguments name, as fields too: a partition of an agent or of a topic, and a fault."""
    arguments = event.get("positional_args") or ()
    for one in arguments if isinstance(arguments, tuple) else ():
        if isinstance(one, BaseException):
            event.setdefault("fault", one)
        elif (isinstance(one, tuple) or hasattr(one, "agent")) and hasattr(one, "topic") and hasattr(one, "partition"):
            owner = "agent" if hasattr(one, "agent") else "topic"
            event.setdefault(owner, getattr(one, owner))
            event.setdefault("partition", one.partition)
    return event


def _fault(_logger: Any, _method: str, event: Event) -> Event:
    """A fault as fields: its message; of ours also the code, whether it may pass by itself, and the message's parts."""
    fault = event.get("fault")
    if isinstance(fault, FxwatchError):
        parts = {name: value for name, value in fault.fields.items() if name != "what" and value not in (None, [])}
        event["fault"] = fault.message
        for name, value in parts.items():
            event.setdefault(name, value if isinstance(value, bool | int | list) else str(value))
    elif isinstance(fault, BaseException):
        event["fault"] = repr(fault)
    return event


def _plain(_logger: Any, _method: str, event: Event) -> Event:
    """The head first, then the fields; nothing in them that a terminal does not show as itself."""
    complete = bool(event.pop("positional_args", ()))
    fields = {name: _shown(value) for name, value in event.items() if name not in HEAD and not name.startswith("_")}
    head = {name: make_showable(str(event[name])) for name in HEAD}
    return {**head, **{make_printable(name): value for name, value in fields.items()}, "_complete": complete}


def _shown(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return make_showable(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one) for one in (value if isinstance(value, list | tuple) else sorted(value, key=repr))]
    if isinstance(value, Mapping):
        return {make_printable(str(name)): _shown(one) for name, one in value.items()}
    return make_printable(repr(value)) if isinstance(value, BaseException) else f"<{type(value).__name__}>"


def _json(_logger: Any, _method: str, event: Event) -> str:
    """ASCII, so that it is JSON whatever the stream's encoding, and no control character is left."""
    del event["_complete"]
    return str(JSONRenderer(serializer=json.dumps)(None, "", event))


def _for_people(_logger: Any, _method: str, event: Event) -> Event:
    """Without what the sentence has said already: one with values in it needs no fields."""
    if event.pop("_complete"):
        event = {name: value for name, value in event.items() if name in (*HEAD, "exception")}
    elif "fault" in event:  # it says what was got, expected and to be done
        told = {"got", "expected", "todo", "problems", "retriable", "position"}
        event = {name: value for name, value in event.items() if name not in told}
    event["level"] = event["level"].upper()
    event["logger"] = event["logger"].removeprefix(OWN)
    return event


class _Text:
    """`time LEVEL logger message  field=value ...`, aligned; `colours` for a terminal."""

    def __init__(self, *, colours: bool) -> None:
        plain = ("", "", "")
        faint, bold, reset = ("\x1b[2m", "\x1b[1m", "\x1b[0m") if colours else plain

        def column(name: str, width: int, style: str, behind: str = "") -> dev.Column:
            return dev.Column(name, dev.KeyValueColumnFormatter(None, style, reset, str, width, postfix=behind))

        self._render = dev.ConsoleRenderer(
            sort_keys=False,
            columns=[
                column("timestamp", 0, faint),
                column("level", LEVEL_WIDTH, bold),
                column("logger", LOGGER_WIDTH, faint),
                column("event", 0, "", " "),
                dev.Column("", dev.KeyValueColumnFormatter(faint, "", reset, _value)),
            ],
        )

    def __call__(self, logger: Any, method: str, event: Event) -> str:
        """The lines of a record."""
        return self._render(logger, method, event).replace("\n", "\n    ")


def _value(value: Any) -> str:
    """A field for people: partition numbers as ranges, text in quotes only where it has blanks or is empty."""
    if isinstance(value, list):
        whole = bool(value) and all(type(one) is int for one in value)
        return write_ranges(value) if whole else ",".join(map(_value, value)) or "none"
    if isinstance(value, dict):
        return ";".join(f"{name}:{_value(one)}" for name, one in value.items()) or "none"
    if isinstance(value, float):
        return f"{value:.1f}"
    text = str(value)
    return text if text and not set(text) & set(" =\"'\n\t") else json.dumps(text, ensure_ascii=False)


def write_ranges(numbers: list[int]) -> str:
    """`0-5,7` for 0, 1, 2, 3, 4, 5 and 7."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
