"""Snapshots of a partition's state on `fx.snapshots.v1`: chunks, header, checksum.

A snapshot is a list of (name, bytes) sections. It is written as one Kafka transaction: the chunks, then the header that
names their number and checksum, so that a torn snapshot is never visible to a read_committed reader. The reader checks
all the same: a set that is incomplete, corrupt or of another state schema raises `SnapshotError` and the loader goes to
the next.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from streams.errors import SnapshotError

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

    `next` is the first ledger offset not applied; `topic_id` the ledger's (KIP-516).
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


def chunked(snapshot_id: str, sections: Iterable[Section]) -> Iterator[bytes]:
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
    return f"{agent}/{partition}/{slot}/{index:06d}".encode()


def header_key(agent: str, partition: int, slot: str) -> bytes:
    """Key of the header."""
    return f"{agent}/{partition}/{slot}/header".encode()


def assemble(header: Header, values: Iterable[bytes], schema: int, topic_id: str) -> list[Section]:
    """The sections of a snapshot, proven whole. Raises `SnapshotError` saying what is wrong.

    `values` are record values found at the snapshot's place, in log order; those of other snapshots are ignored.
    """
    if header.schema != schema:
        raise SnapshotError("the snapshot is of another state schema", got=header.schema, expected=schema)
    if header.topic_id != topic_id:
        raise SnapshotError("the snapshot was learned from another ledger", got=header.topic_id, expected=topic_id)
    digest, found = hashlib.sha256(), 0
    sections: list[Section] = []
    for value in values:
        try:
            chunk = msgspec.msgpack.decode(value, type=Chunk)
        except msgspec.DecodeError as fault:
            raise SnapshotError("a chunk of the snapshot cannot be read", got=str(fault)) from fault
        if chunk.snapshot_id != header.snapshot_id:
            continue
        if chunk.index != found:
            raise SnapshotError("the snapshot's chunks are not in order", got=chunk.index, expected=found)
        digest.update(value)
        sections.extend(chunk.sections)
        found += 1
    if found != header.chunks:
        raise SnapshotError("the snapshot is incomplete", got=f"{found} chunks", expected=f"{header.chunks} chunks")
    if digest.hexdigest() != header.sha256:
        raise SnapshotError("the snapshot's checksum does not match", got=digest.hexdigest(), expected=header.sha256)
    return sections
