"""The inputs of `fxwatch publish`, each read as items: a record to send, or the faults for which it would not do.

Lines are read one by one and never kept. Of a message file the records are kept, about 1 KB a payment, because to
convert it costs more than to keep it.
"""

import contextlib
import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from streams.contracts.input_record import InputRecord
from streams.contracts.record_lines import EnvelopeError, LineError, Timestamps, parse_lines, topic_of
from streams.contracts.refusal_codes import Fault
from streams.errors import UsageError
from streams.ingest.formats import files as message_files
from streams.ingest.formats.conversion import Syntax
from streams.ingest.formats.parameters import Parameters
from streams.ingest.formats.result import Converted
from streams.publication.offline_door import OfflineDoor

STANDARD_INPUT = "-"
_STANDARD_INPUT_SHOWN = "standard input"


class Item(NamedTuple):
    """One record by its place in the file, or why ingest would not admit it; both where it is sent all the same."""

    place: str
    record: InputRecord | None
    faults: tuple[Fault, ...] = ()
    # payments that it stands for; 0: the file as a whole is refused, and how much it holds is not known
    payments: int = 1


class Source(NamedTuple):
    """A file, or standard input: its name as shown, and either its topic or its messages' syntax."""

    name: str
    topic: str = ""
    syntax: Syntax | None = None
    shown: str = ""
    # bytes; of a pipe not known
    size: int = 0
    # standard input, or a pipe with a name: it can be read once only
    piped: bool = False
    # the file as it was found: device, number, size, time of change
    state: tuple[int, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the file is not what it was when it was found, or is gone. A pipe never is."""
        try:
            return bool(self.state) and self.state != _state(Path(self.name).stat())
        except FileNotFoundError:
            return True


def unsigned(record: InputRecord) -> InputRecord:
    """The record as it is: what signs where there is no key."""
    return record


class Choices(NamedTuple):
    """How records are made of what was read.

    `texts` are the parameters of payment messages as they were given, `parameters` the same checked; None where no
    message is to be converted, but sent as it stands.
    """

    timestamps: Timestamps = "own"
    history: bool = False
    as_is: bool = False
    sign: Callable[[InputRecord], InputRecord] = unsigned
    texts: Mapping[str, str] = MappingProxyType({})
    parameters: Parameters | None = None


def open_sources(names: tuple[str, ...], topic: str | None) -> list[Source]:
    """All inputs. Raises `UsageError` when one cannot be read or no topic is known, before any is read."""
    found = []
    for name in names:
        if name == STANDARD_INPUT:
            if not topic:
                raise UsageError("standard input has no name to take the topic from", todo="pass --topic TOPIC")
            found.append(Source(name, topic_of(name, topic), shown=_STANDARD_INPUT_SHOWN, piped=True))
            continue
        size, piped = 0, _is_pipe(name)
        state: tuple[int, ...] = ()
        if not piped:
            # opened to see whether it can be; a pipe's writer would lose its reader
            with _opened(name) as file:
                state = _state(os.fstat(file.fileno()))
                size = state[2]
        syntax = message_files.syntax_of_file(name)
        found.append(Source(name, "" if syntax else topic_of(name, topic), syntax, name, size, piped, state))
    return found


def read_line_items(
    source: Source, choices: Choices, door: OfflineDoor | None, passed: Callable[[int], None] | None = None
) -> Iterator[Item]:
    """The records of JSON lines in order; without a door nobody is asked but the line itself.

    `passed` is told the bytes of each line.
    """
    with contextlib.ExitStack() as stack:
        lines: Iterator[bytes] = stack.enter_context(_opened(source.name))
        if passed is not None:
            lines = _counted(lines, passed)
        for line in parse_lines(lines, source.topic, timestamps=choices.timestamps, history=choices.history):
            record = choices.sign(line.record)
            if line.fault is not None and not choices.as_is:
                yield Item(f"line {line.number}", None, _faults_of_line(line.fault, record, door))
            else:
                yield Item(f"line {line.number}", record, () if door is None else door.faults(record))


def _faults_of_line(fault: LineError, record: InputRecord, door: OfflineDoor | None) -> tuple[Fault, ...]:
    """What is wrong with a line that no record can be made of: all that the door finds in it as it stands."""
    itself = Fault(LineError.code, "", f"one JSON object a line; {fault.what}")
    if door is None or isinstance(fault, EnvelopeError):
        return (itself,)
    # a key is made from the body: that it is missing too says nothing
    found = tuple(one for one in door.faults(record) if one.code != "key.missing")
    if found and found[0].code == "json.malformed":
        return (Fault(found[0].code, "", f"one JSON object a line; {fault.what}"),)
    return found or (itself,)


def convert_message_items(
    source: Source, syntax: Syntax, parameters: Parameters, choices: Choices, door: OfflineDoor, *, places: bool
) -> tuple[Converted, list[Item]]:
    """A message file converted: what became of its `places`, and its payments, the refused ones first."""
    # the time stamps that the records will have, so that the conversion judges a time as the door does
    now = None if choices.timestamps == "event" else time.time_ns() // 1_000_000
    converted = message_files.convert_file(source.name, syntax, parameters, door.identifiers, now, report=places)
    items = [
        Item(one.place, None, one.faults, 0 if converted.unreadable else max(1, one.payments))
        for one in converted.refused
    ]
    made = message_files.records(converted, choices.timestamps, history=choices.history)
    for place, record in zip(converted.places, map(choices.sign, made), strict=True):
        items.append(Item(place, record, door.faults(record)))
    return converted, items


def read_as_is_item(source: Source, syntax: Syntax, choices: Choices, door: OfflineDoor | None) -> Item:
    """A message file as one record for ingest to convert, with the parameters as they were given."""
    record = message_files.make_record_as_is(source.name, syntax, choices.texts, history=choices.history)
    record = choices.sign(record)
    return Item("", record, () if door is None else door.faults(record))


def _is_pipe(name: str) -> bool:
    with contextlib.suppress(OSError):  # to open it says what is wrong
        return stat.S_ISFIFO(Path(name).stat().st_mode)
    return False


def _state(held: os.stat_result) -> tuple[int, ...]:
    return held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns


def _opened(name: str) -> BinaryIO:
    # None where the shell closed it (`<&-`): then there is no file of this name
    if name == STANDARD_INPUT and sys.stdin is not None:
        # Not `sys.stdin`'s own reader: Python aborts at its end when a thread still waits in that one.
        # Where the command is called as a function, there may be no file behind it.
        with contextlib.suppress(io.UnsupportedOperation):
            return open(sys.stdin.fileno(), "rb", closefd=False)
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except OSError as fault:
        raise UsageError(
            f"cannot read the file: {fault.strerror}",
            got=name,
            expected="a readable file of JSON lines or of payment messages",
        ) from fault


def _counted(lines: Iterator[bytes], passed: Callable[[int], None]) -> Iterator[bytes]:
    for line in lines:
        passed(len(line))
        yield line
