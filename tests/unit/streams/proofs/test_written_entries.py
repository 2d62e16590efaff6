"""Entries of a compacted topic against what the ledger gives: what is missing, too much, or otherwise."""

import pytest

from streams.proofs.written_entries import EntryFault, WrittenEntries

# an item that opened, was paid in part and closed; its ledger offsets
LIFE = [(3, b"open", 30), (7, b"part", 70), (9, None, 90)]


def faults(written: list, given: list = LIFE, due: int = 100) -> list[tuple[str, str, int]]:
    """Of records (value, timestamp) of one key that are there, and entries that the ledger gives."""
    made = WrittenEntries("fx.openitems.v1", 4)
    for offset, (value, timestamp) in enumerate(written):
        made.take_written(offset, b"item", value, timestamp)
    for offset, value, timestamp in given:
        made.take_given(offset, b"item", value, timestamp, due=offset < due)
    return [(one.kind, one.key, one.offset) for one in made.find_faults()]


OPEN, PART, GONE = (b"open", 30), (b"part", 70), (None, 90)


@pytest.mark.parametrize(
    "written",
    [[OPEN, PART, GONE], [PART, GONE], [OPEN, GONE], [GONE], []],
    ids=["all", "first compacted", "second compacted", "only the last", "all, for the last has no value"],
)
def test_what_compaction_may_leave_adds_up(written: list):
    assert faults(written) == []


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ([OPEN, PART], ("missing", "item", 9)),
        ([OPEN], ("missing", "item", 9)),
        ([OPEN, PART, (None, 91)], ("differs", "item", 2)),
        ([OPEN, (b"more", 70), GONE], ("differs", "item", 1)),
        ([PART, OPEN, GONE], ("differs", "item", 1)),
        ([OPEN, PART, GONE, PART], ("differs", "item", 3)),
    ],
    ids=["no end", "only the first", "another time", "another value", "another order", "written again"],
)
def test_what_does_not_follow_is_named(written: list, fault: tuple):
    assert faults(written) == [fault]


def test_the_last_value_must_be_there():
    """Without a record of its end an entry stands for ever."""
    assert faults([], LIFE[:2]) == [("missing", "item", 7)]
    assert faults([OPEN], LIFE[:2]) == [("missing", "item", 7)]
    assert faults([PART], LIFE[:2]) == []


def test_a_key_that_the_ledger_does_not_give_is_too_much():
    assert faults([OPEN], []) == [("extra", "item", 0)]


def test_what_was_written_since_may_be_there_and_need_not():
    """A worker that runs on writes while the topic is read."""
    for written in ([OPEN], [OPEN, PART], [PART], [OPEN, PART, GONE]):
        assert faults(written, due=5) == []
    assert faults([], due=5) == [("missing", "item", 3)]
    assert faults([], due=2) == []


def test_the_same_entry_twice_in_the_ledger_may_be_one_after_compaction():
    """It opened, closed and opened within a millisecond."""
    again = [(3, b"open", 30), (4, None, 30), (5, b"open", 30)]
    assert faults([OPEN], again) == []
    assert faults([OPEN, (None, 30), OPEN], again) == []


def test_a_fault_in_words():
    given = EntryFault("fx.screens.v1", 2, "missing", "trade_gap/x", 7)
    assert str(given) == "fx.screens.v1[2]: trade_gap/x missing (the ledger gives it at offset 7)"
    assert str(EntryFault("fx.screens.v1", 2, "extra", "x", 7)) == "fx.screens.v1[2]: x extra (at offset 7)"
