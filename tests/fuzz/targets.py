"""What is fuzzed: each target takes any bytes, and raises only when a promise is broken.

State is kept between inputs, because some faults need an earlier record (a rate, a payment to return); it begins anew
after `FRESH_AFTER` records, so that an input that fails does so again within that many.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from detectors.memory.frozen_state import STATE_SCHEMA
from detectors.memory.state import PartitionState
from streams.contracts.dead_letters import read_original
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, RULES, TRANSACTIONS
from streams.contracts.refusal_codes import CODES
from streams.errors import LedgerError, SnapshotError
from streams.ingest.door import Admitted, Rejected
from streams.ledger import envelope
from streams.ledger.snapshot_format import Header, assemble, chunk_opening, cut_into_chunks, read_header, seal
from streams.monitor.core import MonitorCore
from tests.fuzz.messages import payment_message
from tests.fuzz.messages import seeds as seeds_of_messages
from tests.support.letters import dead_letter
from tests.support.pipeline import GOOD, TRANSACTION, LedgerRecord, Pipeline

FRESH_AFTER = 100
TOPICS = sorted(INPUTS)
# far enough for every time a record may name: the window into the future is not what is fuzzed
TIMESTAMP_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)
HEADER_NAMES = ["fx.history", "ce_id", "ce_time", "traceparent", "__fx.check", "__fx.error.topic", "", "other"]
# what the first byte of an input of `snapshot` means, beside the places of sections
A_CHUNK, A_HEADER = 254, 255
HEADER = Header(
    snapshot_id="s",
    agent="monitor",
    partition=0,
    slot="0",
    schema=STATE_SCHEMA,
    code="1",
    config="c",
    next=1,
    topic_id="t",
    chunks=1,
    bytes=1,
    sha256="",
)
CHUNK_OPENING = chunk_opening(HEADER.snapshot_id)
# seeds of chunks leave the detectors out, which are larger than an input may be
SMALL_SECTION = 1_000
# kinds of ledger records, by the first byte of an input
KINDS = [b"transaction", b"declaration", b"rate", b"profile", b"disposition", b"configuration"]


class _Kept:
    """The pipeline that inputs are applied to."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()

    def current(self) -> Pipeline:
        if len(self.pipeline.log) > FRESH_AFTER:
            self.fresh()
        return self.pipeline

    def fresh(self) -> None:
        """Begin anew, from an empty state."""
        sections = list(self.pipeline.state.freeze().sections())
        assert PartitionState.thaw(sections).freeze().digest() == self.pipeline.state.freeze().digest()
        self.pipeline = Pipeline(self.pipeline.configuration)


_door_kept, _ledger_kept = _Kept(), _Kept()


def begin_anew() -> None:
    """Forget what earlier inputs left."""
    _door_kept.fresh()
    _ledger_kept.fresh()


def _refused_well(answer: Rejected) -> None:
    assert answer.codes, "a refusal without a code"
    assert set(answer.codes) <= CODES.keys()
    assert "door.failed" not in answer.codes, answer.message
    assert "record.refused" not in answer.codes, "the reject path must name what the fast path refused"
    assert len(answer.message) <= 512


def _key(topic: str, value: bytes) -> bytes:
    """The key that the record's body demands, so that the fuzzer need not guess it twice."""
    demanded = INPUTS[topic].key
    try:
        return b"k" if demanded is None else demanded(json.loads(value)).encode()
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return b"P-1"


def door(data: bytes) -> None:
    """An input record's value (first byte: its topic): refused with known codes, or admitted and applied."""
    if not data:
        return
    topic, value = TOPICS[data[0] % len(TOPICS)], data[1:]
    pipeline = _door_kept.current()
    answer = pipeline.door.admit(
        ArrivedRecord(topic, 0, len(pipeline.log), TIMESTAMP_MS, _key(topic, value), value, [])
    )
    if isinstance(answer, Rejected):
        _refused_well(answer)
        return
    for _, key, content, headers in answer.records:
        record = LedgerRecord(len(pipeline.log), TIMESTAMP_MS, key, content, headers)
        pipeline.log.append(record)
        pipeline.core.apply(pipeline.state, 0, record, muted=False)
    if topic == RULES:  # whatever configuration it was, the next input meets the default one
        _door_kept.fresh()


def ledger_record(data: bytes) -> None:
    """A ledger record's value (first byte: its kind), checksum and all: applied, or a `LedgerError`."""
    if not data:
        return
    kind, value = KINDS[data[0] % len(KINDS)], data[1:]
    pipeline = _ledger_kept.current()
    offset = len(pipeline.log)
    headers = envelope.envelope(envelope.Source(TRANSACTIONS, 0, offset), b"a" * 64, kind)
    record = LedgerRecord(offset, TIMESTAMP_MS, b"k", value, envelope.checked(headers, value))
    pipeline.log.append(record)
    try:
        pipeline.core.apply(pipeline.state, 0, record, muted=False)
    except LedgerError:
        # as a partition does when it stops: the state is dropped
        _ledger_kept.pipeline = Pipeline(pipeline.configuration)
        return
    assert pipeline.state.next == offset + 1
    if kind == KINDS[-1]:
        _ledger_kept.fresh()


def _split(data: bytes) -> Iterator[bytes]:
    """Pieces of the input, each led by its length."""
    place = 0
    while place < len(data):
        length = data[place]
        yield data[place + 1 : place + 1 + length]
        place += 1 + length


def key_and_headers(data: bytes) -> None:
    """A good record under any key and headers, and ledger headers that are anything."""
    pieces = list(_split(data))
    key = pieces[0] if pieces else None
    headers: list[tuple[str, bytes | None]] = []
    for name, content in zip(pieces[1::2], pieces[2::2], strict=False):
        shown = HEADER_NAMES[name[0] % len(HEADER_NAMES)] if len(name) == 1 else name.decode("utf-8", "replace")
        headers.append((shown, content or None))
    value = json.dumps(TRANSACTION).encode()
    answer = _door_kept.current().door.admit(ArrivedRecord(TRANSACTIONS, 0, 1, TIMESTAMP_MS, key, value, headers))
    if isinstance(answer, Admitted):
        assert key == b"P-1"
        record = answer.records[0]
        envelope.decode_record(record[2], record[3], 1, TIMESTAMP_MS)
    else:
        _refused_well(answer)
    letter = dead_letter("t", 0, 1, 2, key, value, headers, "decode", ["utf8.invalid"], "m", "0")
    back = read_original(_Letter(*letter))
    assert back is not None
    assert (back.key, back.value, list(back.headers)) == (key, value, headers)
    try:
        envelope.decode_record(value, headers, 1, 2)
    except LedgerError:
        return
    raise AssertionError("no value of an input topic is a ledger record")


def snapshot(data: bytes) -> None:
    """A snapshot, of which one part is the input: refused as the loader expects, or a state that saves again alike.

    The first byte says which part: a section, the only chunk (its checksum is right), or the header.
    """
    if not data:
        return
    if data[0] == A_HEADER:
        try:
            header = read_header(data[1:])
        except SnapshotError:
            return
        assert seal(header) == header
    elif data[0] == A_CHUNK:
        value = CHUNK_OPENING + data[1:]
        header = msgspec.structs.replace(HEADER, sha256=hashlib.sha256(value).hexdigest())
        try:
            sections = assemble(header, [value], STATE_SCHEMA, HEADER.topic_id)
        except SnapshotError:
            return
        _thawed(sections)
    else:
        sections = snapshot_sections()
        place = data[0] % len(sections)
        sections[place] = (sections[place][0], data[1:])
        _thawed(sections)


def _thawed(sections: list[tuple[str, bytes]]) -> None:
    try:
        state = MonitorCore("fuzz").thaw(0, sections)
    except SnapshotError:
        return
    saved = state.freeze()
    again = PartitionState.thaw(list(saved.sections()))
    assert again.freeze().digest() == saved.digest(), "a state that was loaded does not save as it was loaded"
    assert (again.next, again.counters) == (state.next, state.counters)


def snapshot_sections() -> list[tuple[str, bytes]]:
    """The sections of a small partition's state, made once."""
    return list(_sections())


@cache
def _sections() -> tuple[tuple[str, bytes], ...]:
    pipeline = Pipeline()
    for topic in ("fx.rates.v1", *GOOD):
        pipeline.send(topic, GOOD[topic])
    return tuple(pipeline.state.freeze().sections())


class _Letter(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "door": door,
    "ledger_record": ledger_record,
    "key_and_headers": key_and_headers,
    "snapshot": snapshot,
    "payment_message": payment_message,
}


def seeds() -> dict[str, list[bytes]]:
    """Inputs to begin with: good records of every topic, as sent and as they stand in the ledger."""
    pipeline = Pipeline()
    for topic in ("fx.rates.v1", *GOOD):
        answer = pipeline.send(topic, GOOD[topic])
        assert not isinstance(answer, Rejected), answer
    in_ledger = []
    for record in pipeline.log:
        kind = dict(record.headers)[envelope.TYPE]
        in_ledger.append(bytes([KINDS.index(kind)]) + record.value)
    sent = [bytes([TOPICS.index(topic)]) + json.dumps(body).encode() for topic, body in GOOD.items()]
    sent += seeds_of_transactions()
    keyed = [b"\x03P-1", b"\x03P-1\x01\x00\x011\x01\x03\x05trace", b"\x02\xff\xfe\x01\x05\x011"]
    return {
        "door": sent,
        "ledger_record": in_ledger,
        "key_and_headers": keyed,
        "snapshot": seeds_of_snapshots(),
        "payment_message": seeds_of_messages(),
    }


def seeds_of_snapshots() -> list[bytes]:
    """Every section, a chunk of the small ones, and the header."""
    sections = snapshot_sections()
    found = [bytes([place]) + packed for place, (_, packed) in enumerate(sections)]
    small = [section for section in sections if len(section[1]) < SMALL_SECTION]
    (chunk,) = cut_into_chunks(HEADER.snapshot_id, small)
    assert chunk.startswith(CHUNK_OPENING)
    return [
        *found,
        bytes([A_CHUNK]) + chunk[len(CHUNK_OPENING) :],
        bytes([A_HEADER]) + msgspec.json.encode(seal(HEADER)),
    ]


def seeds_of_transactions() -> list[bytes]:
    """Inputs of the target `door` that are good transactions: the least one, and one with most fields."""
    given: dict[str, Any] = {
        "payment_id": "P",
        "settled_amount": "6850000",
        "settled_currency": "KRW",
        "deal_rate": "1390",
        "remittance_info": "bitcoin",
        "status": "returned",
        "original_event_id": "E-0",
        "x_own": {"a": [1, 1e5, None]},
    }
    topic = bytes([TOPICS.index(TRANSACTIONS)])
    return [topic + json.dumps(body).encode() for body in (TRANSACTION, TRANSACTION | given)]
