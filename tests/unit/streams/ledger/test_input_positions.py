"""What passes ingest by is told with its offsets, and what only looks like it is not."""

import pytest

from streams.ledger.input_positions import (
    InputAccount,
    Kept,
    Sought,
    acknowledged_record,
    passed_record,
    position_record,
)
from streams.ledger.progress import Acknowledged, InputPosition, Passed

PLACE = ("fx.transactions.v1", 3)
IDS = {PLACE[0]: "new"}


def kept(position: int | None, topic_id: str = "new") -> dict:
    """The position that the progress topic holds."""
    return {} if position is None else {PLACE: InputPosition(next=position, topic_id=topic_id)}


def settled(
    at: int | None,
    committed: int | None,
    begin: int,
    end: int,
    *,
    ours: bool = True,
    came: int | None = None,
    topic_id: str = "new",
) -> tuple[InputAccount, list[tuple[int, int, str]]]:
    """An account after an assignment, and what it told: (first, next, cause)."""
    account = InputAccount()
    account.note_sought({PLACE: Sought(committed, ours)})
    if came is not None:
        account.note_delivered([(PLACE, came, came)])
    return account, told(account.settle(kept(at, topic_id), IDS, {PLACE: (begin, end)}))


def told(found: list) -> list[tuple[int, int, str]]:
    """The essence of what was told, all of it of one place and this topic."""
    assert {place for place, _ in found} <= {PLACE}
    assert {passed.topic_id for _, passed in found} <= {"new"}
    return [(passed.first, passed.next, passed.cause) for _, passed in found]


@pytest.mark.parametrize(
    ("at", "committed", "ours", "begin", "came", "expected"),
    [
        (100, 100, True, 0, None, []),  # nothing happened
        (100, 130, True, 0, 130, []),  # the kept position is older than the last commit
        (None, None, False, 40, 40, []),  # the first start on a topic that is older than fxwatch
        (None, 70, False, 0, 70, []),  # an earlier release committed, and kept nothing
        (100, 100, True, 60, None, []),  # retention behind what was read
        (100, 100, True, 160, 160, [(100, 160, "deleted")]),
        (100, None, False, 160, 160, [(100, 160, "deleted")]),  # the group was deleted too
        (100, 20, False, 0, 20, []),  # moved back: read again, dropped by the marks
        (100, None, False, 0, 0, []),  # the group was deleted: read again from the start
        (100, 180, False, 0, 180, [(100, 180, "moved")]),
        (100, 180, False, 0, None, [(100, 180, "moved")]),  # told before anything came
        (100, 180, False, 120, 180, [(100, 120, "deleted"), (120, 180, "moved")]),
        (100, 180, False, 190, 190, [(100, 190, "deleted")]),
        (100, 500, True, 160, 500, []),  # another worker read on meanwhile
        (100, 100, True, 160, 130, [(100, 130, "deleted")]),  # deleted further while it is read
    ],
)
def test_what_passed_by_before_an_assignment(
    at: int | None, committed: int | None, ours: bool, begin: int, came: int | None, expected: list
) -> None:
    """Told once; a second look tells nothing."""
    account, found = settled(at, committed, begin, 600, ours=ours, came=came)
    assert found == expected
    assert told(account.settle({}, IDS, {PLACE: (begin, 600)})) == []


def test_a_position_of_a_deleted_topic_says_nothing() -> None:
    """A topic created again has the name and the offsets of the one before."""
    assert settled(5_000, None, 0, 10, topic_id="old", came=0)[1] == []
    assert settled(3, None, 8, 10, topic_id="old", came=8)[1] == []


def test_what_is_deleted_while_ingest_runs_is_told() -> None:
    """The next run begins where the log does now. Offsets without records, and retention behind it, are nothing."""
    account, _ = settled(100, 100, 0, 600, came=100)
    account.note_delivered([(PLACE, 103, 110)])  # markers of transactions at 101 and 102
    assert told(account.settle({}, IDS, {PLACE: (50, 600)})) == []
    account.note_lost(PLACE, 111)  # where the broker refused to read on
    account.note_delivered([(PLACE, 200, 220)])
    assert told(account.settle({}, IDS, {PLACE: (200, 600)})) == [(111, 200, "deleted")]
    assert told(account.settle({}, IDS, {PLACE: (210, 600)})) == []
    assert account.next == {PLACE: 221}


def test_markers_that_are_deleted_are_nothing_lost() -> None:
    """Read to the end, behind them or before them; whether the position was committed yet or not."""
    for committed in (True, False):
        account, _ = settled(100, 100, 0, 600, came=100)
        account.note_delivered([(PLACE, 101, 103)])  # then a marker at 104, and 105 rolled back with its marker at 106
        if committed:
            account.read_on([(PLACE, 107)])
        assert told(account.settle({}, IDS, {PLACE: (107, 107)})) == []
        assert told(account.settle({}, IDS, {PLACE: (107, 107)})) == []
        account.note_delivered([(PLACE, 107, 107)])
        assert told(account.settle({}, IDS, {PLACE: (108, 108)})) == []
        account.note_delivered([(PLACE, 110, 110)])  # markers at 108 and 109, deleted before anybody looked
        assert told(account.settle({}, IDS, {PLACE: (111, 111)})) == []


def test_of_markers_and_records_that_are_deleted_the_records_unread_are_told() -> None:
    """From where the broker refused to read on. The position behind them may be committed by then."""
    for committed in (True, False):
        account, _ = settled(100, 100, 0, 600, came=100)
        account.note_delivered([(PLACE, 101, 103)])
        account.note_lost(PLACE, 106)  # the markers at 104 and 105 were read
        if committed:
            account.read_on([(PLACE, 160)])
        assert told(account.settle({}, IDS, {PLACE: (160, 160)})) == [(106, 160, "deleted")]
        assert told(account.settle({}, IDS, {PLACE: (160, 160)})) == []
        account.note_delivered([(PLACE, 161, 170)])
        assert told(account.settle({}, IDS, {PLACE: (171, 171)})) == []


def test_a_position_committed_before_the_first_look_hides_nothing() -> None:
    """The consumer asked at 100, was refused, and went on at 160, where the log is empty."""
    account = InputAccount()
    account.note_sought({PLACE: Sought(100, ours=True)})
    account.read_on([(PLACE, 100)])
    account.note_lost(PLACE, 100)
    account.read_on([(PLACE, 160)])
    assert told(account.settle(kept(100), IDS, {PLACE: (160, 160)})) == [(100, 160, "deleted")]
    assert told(account.settle(kept(100), IDS, {PLACE: (160, 160)})) == []
    assert account.next == {PLACE: 160}


def test_a_log_cut_back_is_nothing_deleted() -> None:
    """An unclean election: the end lies before what was read, and reading begins again."""
    account, _ = settled(100, 100, 0, 600, came=100)
    account.note_lost(PLACE, 101)
    account.note_delivered([(PLACE, 50, 60)])
    assert told(account.settle({}, IDS, {PLACE: (50, 61)})) == []


def test_a_log_that_was_emptied_unread_is_told() -> None:
    """Nothing will come to say so, but the broker's refusal."""
    account, _ = settled(0, None, 0, 0)
    emptied = {PLACE: (60, 60)}
    assert told(account.settle({}, IDS, emptied)) == []
    account.note_lost(PLACE, 0)
    assert told(account.settle({}, IDS, emptied)) == [(0, 60, "deleted")]
    assert told(account.settle({}, IDS, emptied)) == []
    account.note_delivered([(PLACE, 60, 60)])
    assert told(account.settle({}, IDS, {PLACE: (60, 61)})) == []


def test_an_emptied_log_that_was_read_is_nothing() -> None:
    """Everything was read and then deleted, as it should be."""
    account, _ = settled(60, 60, 0, 60)
    for _ in range(3):
        assert told(account.settle({}, IDS, {PLACE: (60, 60)})) == []


def test_a_run_of_before_the_assignment_hides_nothing() -> None:
    """Its outputs are written after the assignment; what the new one begins with is what counts."""
    account = InputAccount()
    account.note_sought({PLACE: Sought(100, ours=True)})
    account.note_delivered([(PLACE, 80, 99)])
    assert told(account.settle(kept(100), IDS, {PLACE: (160, 600)})) == []
    assert account.unsettled == {PLACE}
    account.note_delivered([(PLACE, 160, 170)])
    assert told(account.settle(kept(100), IDS, {PLACE: (160, 600)})) == [(100, 160, "deleted")]


def test_an_assignment_forgets_what_is_held_no_more() -> None:
    """Another worker's partition is none of this account's business."""
    account, _ = settled(100, 100, 0, 600, came=100)
    account.note_sought({})
    assert account.next == {}
    assert told(account.settle({}, IDS, {})) == []


def test_what_is_kept_is_read_again_and_the_rest_left_alone() -> None:
    """Records of others, and records that cannot be read, are no positions."""
    found = Kept()
    position, passed = InputPosition(next=7, topic_id="new"), Passed(first=3, next=7, cause="moved", topic_id="new")
    found.absorb(*position_record(PLACE, position))
    settled = Acknowledged(first=3, next=7, topic_id="new", reason="r", who="w", at="2026-03-01T00:00:00Z")
    found.absorb(*passed_record(PLACE, passed))
    found.absorb(*acknowledged_record(PLACE, settled))
    for key in (b"ingest/routing", b"monitor/3", b"application", b"ingest/a/b", b"ingest/a/1/x/2", b"\xff/a/1"):
        found.absorb(key, position_record(PLACE, position)[1])
    found.absorb(b"ingest/other/1", b"{}")
    found.absorb(b"ingest/other/2", None)
    assert found == Kept({PLACE: position}, {(PLACE, 3): passed}, {(PLACE, "3-6"): settled})
