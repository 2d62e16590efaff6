"""Records of `fx.progress.v1`: which partition's, of what kind."""

import hashlib

import pytest

from streams.errors import ProgressError
from streams.ledger.progress import (
    AgentPartition,
    Progress,
    Published,
    Routing,
    Skip,
    SnapshotPointer,
    decode,
    encode,
    key_kind,
)

PLACE = AgentPartition("fx.progress.v1", "monitor", 1)


def skip(offset, reason="unreadable"):
    """A decision to skip one offset."""
    return Skip(offset=offset, reason=reason, who="operator", at="2026-01-02T03:04:05+00:00")


def pointer(slot, position):
    """Where a snapshot lies."""
    return SnapshotPointer(slot=slot, snapshot_id=f"{slot}@{position}", first=5, last=9, next=position)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (PLACE.published_key, ("published", "")),
        (PLACE.snapshot_key("slot-1"), ("snapshot", "slot-1")),
        (PLACE.snapshot_key("day-2026-01-02"), ("snapshot", "day-2026-01-02")),
        (PLACE.skip_key(77), ("skip", "77")),
        (b"monitor/11", None),
        (b"network/1", None),
        (b"monitor/1/skip", None),
        (b"", None),
        (b"\xff/1", None),
    ],
)
def test_keys_are_told_apart(key, kind):
    """Each key of the own partition has one kind; every other key has none."""
    assert key_kind("monitor", 1, key) == kind


def test_a_partitions_log_is_absorbed():
    """Position, snapshots by slot and skips by offset, whatever the order between keys."""
    found = Progress()
    for key, record in [
        (PLACE.skip_key(12), skip(12)),
        (PLACE.published_key, Published(next=10)),
        (PLACE.snapshot_key("slot-0"), pointer("slot-0", 8)),
        (PLACE.snapshot_key("slot-1"), pointer("slot-1", 10)),
        (PLACE.snapshot_key("slot-0"), pointer("slot-0", 14)),
        (PLACE.published_key, Published(next=15)),
    ]:
        found.absorb("monitor", 1, key, encode(record))
    assert found.next == 15
    assert {slot: one.next for slot, one in found.snapshots.items()} == {"slot-0": 14, "slot-1": 10}
    assert found.skips == {12: skip(12)}


def test_the_position_never_goes_back():
    """A record that was published stays published."""
    found = Progress()
    for position in (10, 4):
        found.absorb("monitor", 1, PLACE.published_key, encode(Published(next=position)))
    assert found.next == 10


def test_a_later_decision_on_the_same_offset_wins():
    """The newest record of a key counts, as compaction would leave it."""
    found = Progress()
    for reason in ("first", "second"):
        found.absorb("monitor", 1, PLACE.skip_key(3), encode(skip(3, reason)))
    assert found.skips[3].reason == "second"


def test_tombstones_change_nothing():
    """A deleted record's key says nothing any more."""
    found = Progress()
    found.absorb("monitor", 1, PLACE.published_key, None)
    assert found == Progress()


def test_what_was_absorbed_belongs_to_one_progress_alone():
    """Two partitions never share snapshots or skips."""
    first, second = Progress(), Progress()
    first.absorb("monitor", 1, PLACE.skip_key(3), encode(skip(3)))
    assert second.skips == {}


def test_decisions_add_up_and_each_covers_its_offsets():
    """One over a range takes both its ends; an earlier one elsewhere stays."""
    found = Progress()
    for one in (skip(3), Skip(offset=7, last=9, reason="range", who="operator", at="t"), skip(12)):
        found.absorb("monitor", 1, PLACE.skip_key(one.offset), encode(one))
    assert sorted(found.skips) == [3, 7, 8, 9, 12]
    assert [found.skips[offset].reason for offset in (3, 7, 9)] == ["unreadable", "range", "range"]


def test_a_decision_on_an_input_is_none_on_the_ledger():
    """Its key names the input; a topic's name may hold dots, and the offset is the input's."""
    place, found = AgentPartition("fx.progress.v1", "ingest", 1), Progress()
    one = Skip(offset=7, reason="damaged", who="operator", at="t", topic="fx.rates.v1", topic_id="id")
    key = place.skip_key(7, "fx.rates.v1")
    assert (key, place.skip_key(7)) == (b"ingest/1/skip/fx.rates.v1/7", b"ingest/1/skip/7")
    assert key_kind("ingest", 1, key) == ("skip", "fx.rates.v1/7")
    assert key_kind("ingest", 1, b"ingest/1/skip/a/b/c") == ("skip", "a/b/c")
    found.absorb("ingest", 1, key, encode(one))
    assert (found.skips, found.input_skips) == ({}, [one])


def test_the_ledgers_id_stays_known():
    """A position that does not name its ledger takes back nothing; a later one that names another counts."""
    found = Progress()
    for published, ledger in [
        (Published(next=1, ledger="first"), "first"),
        (Published(next=2), "first"),
        (Published(next=3, ledger="second"), "second"),
    ]:
        found.absorb("monitor", 1, PLACE.published_key, encode(published))
        assert (found.next, found.ledger) == (published.next, ledger)


def test_a_record_that_cannot_be_read_says_what_is_wrong_and_shows_its_beginning():
    """100 bytes of it: a damaged record may be megabytes. What stood before stays."""
    found = Progress(next=4)
    value = encode(Published(next=9)).replace(b"9", b"8") + b"x" * 200
    with pytest.raises(ProgressError) as told:
        found.absorb("monitor", 1, PLACE.published_key, value)
    assert told.value.what == "a record of the progress topic cannot be read: its checksum does not match"
    assert told.value.fields["got"] == repr(value[:100])
    assert told.value.fields["expected"] == "a Published as this version of fxwatch writes it"
    assert found == Progress(next=4)


def test_a_record_of_another_kind_is_told_by_its_contents():
    """A right checksum over the wrong fields: what is missing is named."""
    with pytest.raises(ProgressError, match="missing required field `next`"):
        decode(encode(Routing(key="k", check="c")), Published)


def test_a_value_begins_with_the_checksum_of_the_rest():
    """BLAKE2b of 8 bytes, in hex, over what follows it: written down, so that another program can check it."""
    body = b'"next":5,"ledger":"id"}'
    check = hashlib.blake2b(body, digest_size=8).hexdigest().encode()
    value = encode(Published(next=5, ledger="id"))
    assert value == b'{"check":"' + check + b'",' + body
    assert decode(value, Published) == Published(next=5, ledger="id")
