"""Snapshots: cut into chunks, proven whole on the way back."""

import hashlib

import msgspec
import pytest

from streams import snapshots
from streams.errors import LedgerError, SnapshotError
from streams.snapshots import CHUNK_BYTES, Chunk, Header, assemble, chunked

SECTIONS = [("header", b"h" * 10), ("parties/0", b"p" * CHUNK_BYTES), ("parties/1", b"q" * 300), ("models", b"m" * 40)]
SCHEMA, TOPIC_ID = 3, "ledger-topic-id"


def written(sections=SECTIONS, snapshot_id="monitor-0-17-slot-0"):
    """The chunk values and the header of a snapshot, as the writer makes them."""
    values = list(chunked(snapshot_id, sections))
    header = Header(
        snapshot_id=snapshot_id,
        agent="monitor",
        partition=0,
        slot="slot-0",
        schema=SCHEMA,
        code="1",
        config="c",
        next=17,
        topic_id=TOPIC_ID,
        chunks=len(values),
        bytes=sum(map(len, values)),
        sha256=hashlib.sha256(b"".join(values)).hexdigest(),
    )
    return values, header


def test_sections_come_back_in_order():
    """What was cut into chunks is put together again, byte for byte."""
    values, header = written()
    assert len(values) > 1
    assert assemble(header, values, SCHEMA, TOPIC_ID) == SECTIONS


def test_a_chunk_is_about_the_chunk_size():
    """Many small sections share chunks; none exceeds the size by more than its framing."""
    values, header = written([(f"s{number}", bytes(10_000)) for number in range(100)])
    assert max(map(len, values)) <= CHUNK_BYTES + 1000
    assert len(values) < 10
    assert len(assemble(header, values, SCHEMA, TOPIC_ID)) == 100


def test_an_empty_state_has_no_chunks():
    """No sections, no chunks, and still a valid snapshot."""
    values, header = written([])
    assert assemble(header, values, SCHEMA, TOPIC_ID) == []


def test_chunks_of_another_snapshot_are_passed_over():
    """A slot's log may still hold chunks of the snapshot before; only those of the header's id count."""
    values, header = written()
    older, _ = written(snapshot_id="monitor-0-9-slot-0")
    assert assemble(header, [*older, *values], SCHEMA, TOPIC_ID) == SECTIONS


def torn(values):
    """The last chunk is missing."""
    return values[:-1]


def swapped(values):
    """Two chunks have changed places."""
    return [values[1], values[0], *values[2:]]


def altered(values):
    """One byte of a section is another one."""
    chunk = msgspec.msgpack.decode(values[0], type=Chunk)
    name, content = chunk.sections[0]
    changed = Chunk(chunk.snapshot_id, chunk.index, ((name, b"x" + content[1:]), *chunk.sections[1:]))
    return [msgspec.msgpack.encode(changed), *values[1:]]


def garbage(values):
    """A value that is no chunk, in the place of one."""
    return [b"\xc1", *values[1:]]


@pytest.mark.parametrize(
    ("damage", "said"),
    [(torn, "incomplete"), (swapped, "checksum"), (altered, "checksum"), (garbage, "incomplete")],
)
def test_a_damaged_snapshot_is_refused(damage, said):
    """Torn, reordered, altered, unreadable: each is a `SnapshotError` that says which."""
    values, header = written()
    with pytest.raises(SnapshotError, match=said):
        assemble(header, damage(values), SCHEMA, TOPIC_ID)


def test_a_foreign_snapshot_is_refused():
    """A state of another layout must not be loaded; one of another ledger says that the ledger is not the one."""
    values, header = written()
    with pytest.raises(SnapshotError, match="another state schema"):
        assemble(header, values, SCHEMA + 1, TOPIC_ID)
    with pytest.raises(LedgerError, match="another ledger"):
        assemble(header, values, SCHEMA, "recreated")


def test_another_code_version_alone_is_no_reason_to_refuse():
    """An upgrade that keeps the state's layout keeps the state."""
    values, header = written()
    assert assemble(msgspec.structs.replace(header, code="2"), values, SCHEMA, TOPIC_ID) == SECTIONS


def test_keys_differ_by_agent_partition_slot_and_chunk():
    """Compaction keeps the newest record of a key, so no two places may share one."""
    keys = {
        snapshots.chunk_key(agent, partition, slot, index)
        for agent in ("monitor", "network")
        for partition in (1, 11)
        for slot in ("slot-0", "slot-1")
        for index in (1, 11)
    }
    assert len(keys) == 16
    assert snapshots.header_key("monitor", 1, "slot-0") not in keys
