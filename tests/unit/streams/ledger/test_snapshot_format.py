"""Snapshots: cut into chunks, proven whole on the way back."""

import hashlib

import msgspec
import pytest

from streams.errors import LedgerError, SnapshotError
from streams.ledger import snapshot_format
from streams.ledger.snapshot_format import (
    CHUNK_BYTES,
    Chunk,
    Header,
    assemble,
    chunk_opening,
    cut_into_chunks,
    read_header,
    seal,
)

SECTIONS = [("header", b"h" * 10), ("parties/0", b"p" * CHUNK_BYTES), ("parties/1", b"q" * 300), ("models", b"m" * 40)]
SCHEMA, TOPIC_ID = 3, "ledger-topic-id"


def written(sections=SECTIONS, snapshot_id="monitor-0-17-slot-0"):
    """The chunk values and the header of a snapshot, as the writer makes them."""
    values = list(cut_into_chunks(snapshot_id, sections))
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
        snapshot_format.chunk_key(agent, partition, slot, index)
        for agent in ("monitor", "network")
        for partition in (1, 11)
        for slot in ("slot-0", "slot-1")
        for index in (1, 11)
    }
    assert len(keys) == 16
    assert snapshot_format.header_key("monitor", 1, "slot-0") not in keys


def sealed_value(**changes):
    """A header's record value, as the writer makes it, and the header with changes made after sealing."""
    header = seal(written()[1])
    return msgspec.json.encode(msgspec.structs.replace(header, **changes)), header


def test_a_header_comes_back_as_it_was_sealed():
    """Its own checksum is the SHA-256 of the header with an empty check, in hex."""
    value, header = sealed_value()
    assert read_header(value) == header
    bare = msgspec.json.encode(msgspec.structs.replace(header, check=""))
    assert header.check == hashlib.sha256(bare).hexdigest()
    assert seal(header) == header


def test_a_header_that_was_changed_says_both_checksums():
    """The one it carries, and the one that its fields have."""
    value, header = sealed_value(next=18)
    with pytest.raises(SnapshotError) as told:
        read_header(value)
    changed = seal(msgspec.structs.replace(header, next=18))
    assert told.value.message == (
        f"the checksum of the snapshot's header does not match; got: {header.check}; expected: {changed.check}"
    )


@pytest.mark.parametrize(
    ("value", "said"), [(b"{", "truncated"), (b"{}", "snapshot_id"), (b'{"agent":"\xff"}', "utf-8")]
)
def test_a_header_that_is_none_says_why(value, said):
    """Cut off, without a field, or no text at all."""
    with pytest.raises(SnapshotError, match=rf"the snapshot's header cannot be read; got: .*{said}"):
        read_header(value)


def test_chunks_are_told_apart_by_the_whole_id():
    """Two slots' snapshots at one position differ in the last character of their ids."""
    values, header = written()
    other, _ = written(snapshot_id=header.snapshot_id[:-1] + "1")
    assert assemble(header, [*other, *values], SCHEMA, TOPIC_ID) == SECTIONS
    opening = chunk_opening(header.snapshot_id)
    assert [value.startswith(opening) for value in (*values, *other)] == [True] * len(values) + [False] * len(other)


def test_sections_that_fill_a_chunk_exactly_share_it():
    """The size is a limit that may be reached, in the first chunk and in the later ones."""
    half = bytes(CHUNK_BYTES // 2)
    values, _ = written([(name, half) for name in "abcd"] + [("e", b"")])
    chunks = [msgspec.msgpack.decode(value, type=Chunk) for value in values]
    assert [[name for name, _ in chunk.sections] for chunk in chunks] == [["a", "b"], ["c", "d", "e"]]
    assert [chunk.index for chunk in chunks] == [0, 1]


def refusal(header, values, schema=SCHEMA, topic_id=TOPIC_ID):
    """Why a snapshot is refused."""
    with pytest.raises((SnapshotError, LedgerError)) as told:
        assemble(header, values, schema, topic_id)
    return told.value.message


def resummed(header, values):
    """The header of these chunks, as a writer would have made it."""
    return msgspec.structs.replace(header, chunks=len(values), sha256=hashlib.sha256(b"".join(values)).hexdigest())


def test_a_refusal_says_what_was_found_and_what_was_expected():
    """Another ledger, another layout, chunks that are missing, changed, unreadable or out of order."""
    values, header = written(SECTIONS[1:3])
    first, second = values
    assert refusal(header, values, topic_id="recreated") == (
        "the snapshot was learned from another ledger, so this one was created anew; "
        "got: topic id recreated; expected: topic id ledger-topic-id"
    )
    assert refusal(header, values, SCHEMA + 1) == "the snapshot is of another state schema; got: 3; expected: 4"
    assert refusal(header, [first]) == "the snapshot is incomplete; got: 1 chunks; expected: 2 chunks"
    doubled = hashlib.sha256(first + first).hexdigest()
    assert refusal(header, [first, first]) == (
        f"the snapshot's checksum does not match; got: {doubled}; expected: {header.sha256}"
    )
    assert refusal(resummed(header, [second, first]), [second, first]) == (
        "the snapshot's chunks are not in order; got: 1; expected: 0"
    )
    cut = chunk_opening(header.snapshot_id) + b"\x00"
    assert refusal(resummed(header, [cut]), [cut]).startswith(
        "a chunk of the snapshot cannot be read; got: Input data was truncated"
    )
