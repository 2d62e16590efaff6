"""A payment message as an input record: by the header `content-type`, one payment a record.

One, because a record is one place in its partition, and the monitor tells repetitions by places: a second event of
the same place would be taken for a repetition of the first. `fxwatch publish` sends each payment as a record.
"""

from collections.abc import Mapping

import orjson

from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.contracts.record_headers import RawHeaders, by_name
from streams.contracts.refusal_codes import Fault
from streams.ingest.formats.conversion import RECORD_LIMITS, Syntax, convert
from streams.ingest.formats.parameters import parameters

CONTENT_TYPE = "content-type"
PARAMETER = "fx.convert."
CONTENT_TYPES: dict[bytes, Syntax] = {
    b"application/xml": "xml",
    b"text/xml": "xml",
    b"application/iso20022+xml": "xml",
    b"application/x.swift-mt103": "fin",
    b"application/x-swift-mt103": "fin",
}
TYPE_OF: dict[Syntax, bytes] = {"xml": b"application/xml", "fin": b"application/x.swift-mt103"}


def syntax_of_record(headers: RawHeaders) -> Syntax | None:
    """The syntax that a record's `content-type` names; None when the value is the contract's own JSON."""
    told = [(CONTENT_TYPE, content) for name, content in headers if name.lower() == CONTENT_TYPE]
    if not told:
        return None
    return CONTENT_TYPES.get((by_name(told)[CONTENT_TYPE] or b"").partition(b";")[0].strip().lower())


def convert_record(
    value: bytes, headers: RawHeaders, identifiers: Identifiers = DEFAULT, timestamp_ms: int | None = None
) -> tuple[bytes, bytes] | list[Fault] | None:
    """Key and JSON value of the payment in a record, or its faults; None when the record is no payment message.

    `timestamp_ms` is the record's Kafka timestamp. The key is the contract's, from the message: what key the record has
    says nothing. Never raises.
    """
    syntax = syntax_of_record(headers)
    if syntax is None:
        return None
    given = parameters(_given(headers))
    if isinstance(given, list):
        return given
    converted = convert(value, given, syntax, RECORD_LIMITS, identifiers, timestamp_ms)
    if converted.faults:
        return list(converted.faults)
    body = converted.transactions[0]
    return str(body["party_id"]).encode(), orjson.dumps(body)


def _given(headers: RawHeaders) -> dict[str, str]:
    told = by_name(
        [(name.removeprefix(PARAMETER).replace("-", "_"), held) for name, held in headers if name.startswith(PARAMETER)]
    )
    return {name: content.decode("utf-8", "replace") for name, content in told.items() if content is not None}


def make_headers(syntax: Syntax, given: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    """The headers with which a message is sent to be converted by ingest, with parameters by name."""
    return ((CONTENT_TYPE, TYPE_OF[syntax]), *((f"{PARAMETER}{name}", text.encode()) for name, text in given.items()))
