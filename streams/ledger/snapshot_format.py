"""Snapshots of a partition's state on `fx.snapshots.v1`: chunks, header, checksum.

A snapshot is a list of (name, bytes) sections. It is written as one Kafka transaction: the chunks, then the header that
names their number and checksum, so that a torn snapshot is never visible to a read_committed reader. The reader checks
all the same: a set that is incomplete, corrupt or of another state schema raises `SnapshotError` and the loader goes to
the next. Nothing of a chunk is decoded before its checksum is proven, so that damage costs neither memory nor time. The
header has a checksum of its own: where it says that the ledger is another one, the partition stops for good.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from streams.errors import LedgerError, SnapshotError
from streams.kafka.agent_names import key_of

# Payload of one chunk. Small enough that packing one never holds the event loop for long (about 1 ms), and far below
# the topics' 2 MiB message limit even where a single section exceeds it by its own framing.
CHUNK_BYTES = 256 * 1024

Section = tuple[str, bytes]


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """One record's value: which snapshot, which place in it, and packed sections."""

    snapshot_id: str
    index: int
    sections: tuple[Section, ...]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The last record of a snapshot.

    `next` is the first ledger offset not applied; `topic_id` the ledger's (KIP-516). `sha256` covers the chunks'
    values, `check` the other fields of the header; `sealed` fills it in.
    """

    snapshot_id: str
    agent: str
    partition: int
    slot: str
    schema: int
    code: str
    config: str
    next: int
    topic_id: str
    chunks: int
    bytes: int
    sha256: str
    check: str = ""


def _check(header: Header) -> str:
    bare = msgspec.structs.replace(header, check="")
    return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()


def seal(header: Header) -> Header:
    """The header with its own checksum."""
    return msgspec.structs.replace(header, check=_check(header))


def read_header(value: bytes) -> Header:
    """The header behind a record's value. Raises `SnapshotError` when it is damaged in any way."""
    try:
        header = msgspec.json.decode(value, type=Header)
    except ValueError as fault:  # msgspec's own errors and those of UTF-8
        raise SnapshotError("the snapshot's header cannot be read", got=str(fault)) from fault
    if header.check != _check(header):
        raise SnapshotError(
            "the checksum of the snapshot's header does not match", got=header.check, expected=_check(header)
        )
    return header


def chunk_opening(snapshot_id: str) -> bytes:
    """What the value of every chunk of a snapshot begins with, and no chunk of another: told without decoding."""
    return msgspec.msgpack.encode(Chunk(snapshot_id, 0, ()))[:-2]


def cut_into_chunks(snapshot_id: str, sections: Iterable[Section]) -> Iterator[bytes]:
    """Encode sections into chunk values of about `CHUNK_BYTES`; lazily, so that the caller can breathe in between."""
    pending: list[Section] = []
    size = index = 0
    for section in sections:
        if pending and size + len(section[1]) > CHUNK_BYTES:
            yield msgspec.msgpack.encode(Chunk(snapshot_id, index, tuple(pending)))
            pending, size, index = [], 0, index + 1
        pending.append(section)
        size += len(section[1])
    if pending:
        yield msgspec.msgpack.encode(Chunk(snapshot_id, index, tuple(pending)))


def chunk_key(agent: str, partition: int, slot: str, index: int) -> bytes:
    """Key of a chunk; compaction keeps the newest set of each slot."""
    return key_of(agent, partition, slot, f"{index:06d}")


def header_key(agent: str, partition: int, slot: str) -> bytes:
    """Key of the header."""
    return key_of(agent, partition, slot, "header")


def assemble(header: Header, values: Iterable[bytes], schema: int, topic_id: str) -> list[Section]:
    """The sections of a snapshot, proven whole. Raises `SnapshotError` saying what is wrong.

    `values` are record values found at the snapshot's place, in log order; those of other snapshots are ignored.
    Raises `LedgerError` when it was learned from another ledger: that is no fault of the snapshot, and no other one
    would do.
    """
    if header.topic_id != topic_id:
        raise LedgerError(
            "the snapshot was learned from another ledger, so this one was created anew",
            got=f"topic id {topic_id}",
            expected=f"topic id {header.topic_id}",
        )
    if header.schema != schema:
        raise SnapshotError("the snapshot is of another state schema", got=header.schema, expected=schema)
    opening, digest = chunk_opening(header.snapshot_id), hashlib.sha256()
    own = [value for value in values if value.startswith(opening)]
    if len(own) != header.chunks:
        raise SnapshotError("the snapshot is incomplete", got=f"{len(own)} chunks", expected=f"{header.chunks} chunks")
    for value in own:
        digest.update(value)
    if digest.hexdigest() != header.sha256:
        raise SnapshotError("the snapshot's checksum does not match", got=digest.hexdigest(), expected=header.sha256)
    sections: list[Section] = []
    for number, value in enumerate(own):
        try:
            chunk = msgspec.msgpack.decode(value, type=Chunk)
        except ValueError as fault:
            raise SnapshotError("a chunk of the snapshot cannot be read", got=str(fault)) from fault
        if chunk.index != number:
            raise SnapshotError("the snapshot's chunks are not in order", got=chunk.index, expected=number)
        sections.extend(chunk.sections)
    return sections
