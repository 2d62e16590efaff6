"""Records of `fx.progress.v1`: which partition's, of what kind."""

import pytest

from streams.progress import Place, Progress, Published, Skip, SnapshotPointer, encode, key_kind

PLACE = Place("fx.progress.v1", "monitor", 1)


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
