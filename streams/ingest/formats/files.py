"""Files of payment messages as records to publish: converted here, or as they stand for ingest to convert."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson

from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.contracts.record_headers import HISTORY_HEADER
from streams.contracts.record_lines import AT_SENDING, Timestamps, contract_key, event_time_ms
from streams.errors import FxwatchError, UsageError
from streams.ingest.formats.conversion import FILE_LIMITS, LOOKED_AT, Syntax, convert, syntax_of
from streams.ingest.formats.parameters import Parameters
from streams.ingest.formats.record import make_headers
from streams.ingest.formats.result import Converted

SUFFIXES: dict[str, Syntax] = {".xml": "xml", ".fin": "fin", ".mt103": "fin"}
JSON_LINES = ".jsonl"
# faults named in one message; the rest is counted
_SHOWN = 20
_INDEX = re.compile(r"\[\d+\]")


class MessageFileError(FxwatchError):
    """Payments of a message file that cannot be converted, each with its code and place."""

    code = "publish.message"


class ReportRow(NamedTuple):
    """One kind of place in a report: how often it stood, what it became (empty: nothing), and what is to be said."""

    place: str
    times: int
    field: str
    note: str


def syntax_of_file(name: str) -> Syntax | None:
    """The syntax of a message file, by its suffix or else its first bytes; None for JSON lines or no file."""
    path = Path(name)
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    if path.suffix.lower() == JSON_LINES or not path.is_file():
        return None
    with path.open("rb") as file:
        return syntax_of(file.read(LOOKED_AT))


def content_of(name: str) -> bytes:
    """A message file's bytes. Raises `UsageError` when it cannot be read or is longer than `FILE_LIMITS` say."""
    path = Path(name)
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMITS.content + 1)
    except OSError as fault:
        raise UsageError(
            f"cannot read the file: {fault.strerror}", got=name, expected="a readable file of payment messages"
        ) from fault
    if len(content) > FILE_LIMITS.content:
        raise UsageError(
            "the file is too long", got=name, expected=f"at most {FILE_LIMITS.content} bytes", todo="part it"
        )
    return content


def convert_file(
    name: str,
    syntax: Syntax,
    parameters: Parameters,
    identifiers: Identifiers = DEFAULT,
    timestamp_ms: int | None = None,
    *,
    report: bool = True,
) -> Converted:
    """A file's payments, and with `report` what became of each place. Raises `UsageError` when it cannot be read.

    `timestamp_ms`: the Kafka timestamp that the records will have; None where it will be each event's own time.
    """
    limits = msgspec.structs.replace(FILE_LIMITS, report=report)
    return convert(content_of(name), parameters, syntax, limits, identifiers, timestamp_ms)


def check(name: str, converted: Converted) -> None:
    """Raises `MessageFileError` when the file cannot be read, or any payment of it cannot be converted."""
    if not converted.refused:
        return
    told = [
        f"{fault.code} {fault.field}".rstrip() + (f" (expected {fault.expected})" if fault.expected else "")
        for fault in converted.faults
    ]
    more = [f"and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
    lost = converted.payments - len(converted.transactions)
    what = f"{lost} of {converted.payments} payments cannot be converted"
    if converted.unreadable:
        what = "the file as a whole cannot be converted"
    raise MessageFileError(
        f"{name}: {what}:\n  " + "\n  ".join(told[:_SHOWN] + more),
        todo="say what is missing by an option (docs/FORMATS.md), or mend the file",
    )


def records(converted: Converted, timestamps: Timestamps, *, history: bool) -> list[InputRecord]:
    """The contract's records of a converted file, one a payment, in the file's order."""
    headers = (HISTORY_HEADER,) if history else ()
    return [
        InputRecord(
            TRANSACTIONS,
            contract_key(TRANSACTIONS, body),
            orjson.dumps(body),
            event_time_ms(TRANSACTIONS, body) if timestamps == "event" else AT_SENDING,
            headers,
        )
        for body in converted.transactions
    ]


def make_record_as_is(name: str, syntax: Syntax, given: Mapping[str, str], *, history: bool) -> InputRecord:
    """The whole file as one record for ingest to convert; its key comes from the message, so it has none here."""
    headers = make_headers(syntax, given) + ((HISTORY_HEADER,) if history else ())
    return InputRecord(TRANSACTIONS, None, content_of(name), AT_SENDING, headers)


def rows(converted: Converted) -> list[ReportRow]:
    """The report by kind of place: mapped ones first, then what no field holds; both in the message's order."""
    told = Counter((_INDEX.sub("", one.path), one.field or "(checked)", one.note) for one in converted.mapped)
    told.update((_INDEX.sub("", left.path), "", left.reason) for left in converted.unmapped)
    return [ReportRow(place, times, field, note) for (place, field, note), times in told.items()]
