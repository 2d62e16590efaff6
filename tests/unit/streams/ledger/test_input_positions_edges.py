"""What passes ingest by, at the edges: first offsets, equal offsets, two places at once, and what is forgotten when."""

import pytest

from streams.ledger.input_positions import (
    InputAccount,
    Kept,
    Sought,
    acknowledged_record,
    find_passed_by,
    is_acknowledged,
    of_topic,
    passed_record,
)
from streams.ledger.progress import Acknowledged, InputPosition, Passed

PLACE, OTHER = ("fx.transactions.v1", 3), ("fx.rates.v1", 3)
IDS = {PLACE[0]: "new", OTHER[0]: "rates"}


def passed(first: int, after: int, topic_id: str = "new") -> Passed:
    """Records that passed ingest by."""
    return Passed(first=first, next=after, cause="deleted", topic_id=topic_id)


def decided(first: int, after: int, topic_id: str = "new") -> Acknowledged:
    """An operator's decision."""
    return Acknowledged(first=first, next=after, topic_id=topic_id, reason="r", who="w", at="t")


def position(after: int, topic_id: str = "new") -> dict[tuple[str, int], InputPosition]:
    """The position that the progress topic holds."""
    return {PLACE: InputPosition(next=after, topic_id=topic_id)}


def taken_over(committed: int | None, *, ours: bool = True) -> InputAccount:
    """An account of one place after its assignment."""
    account = InputAccount()
    account.note_sought({PLACE: Sought(committed, ours)})
    return account


def told(account: InputAccount, begin: int, end: int, kept: dict | None = None, ids: dict | None = None) -> list:
    """What a look tells: (first, next, cause, the topic's id)."""
    found = account.settle(kept or {}, IDS if ids is None else ids, {PLACE: (begin, end)})
    assert {place for place, _ in found} <= {PLACE}
    return [(one.first, one.next, one.cause, one.topic_id) for _, one in found]


# What is kept


@pytest.mark.parametrize(
    ("is_told", "current", "same"),
    [("a", "a", True), ("a", "b", False), ("", "b", True), ("a", "", True), ("", "", True)],
)
def test_an_id_that_is_not_known_is_any(is_told: str, current: str, same: bool) -> None:
    """Earlier releases wrote none, and a cluster may tell none."""
    assert of_topic(is_told, current) is same


@pytest.mark.parametrize(
    ("decisions", "settled"),
    [
        ([decided(3, 7)], True),
        ([decided(0, 99)], True),
        ([decided(3, 6)], False),
        ([decided(4, 7)], False),
        ([decided(5, 7), decided(3, 5)], True),  # whichever was written first
        ([decided(5, 7), decided(3, 4)], False),
        ([decided(3, 7), decided(4, 5)], True),
        ([decided(3, 7, "old")], False),
        ([decided(3, 7, "")], True),
        ([], False),
    ],
)
def test_what_was_passed_is_settled_when_every_offset_is_decided(decisions: list[Acknowledged], settled: bool) -> None:
    """Decisions add up; those on a topic of the same name that was deleted say nothing, nor do another place's."""
    found, others = Kept(), Kept()
    for one in decisions:
        found.absorb(*acknowledged_record(PLACE, one))
        others.absorb(*acknowledged_record(OTHER, one))
    assert is_acknowledged(found, PLACE, passed(3, 7)) is settled
    assert not is_acknowledged(others, PLACE, passed(3, 7))


def test_what_no_release_wrote_is_no_record() -> None:
    """A key that only looks like one of ours is passed over, as others' keys are."""
    found = Kept()
    key, value = passed_record(PLACE, passed(3, 7))
    found.absorb(key.replace(b"/3", b"/x").replace(b"fx.transactions.v1/x", b"fx.transactions.v1/3"), value)
    assert found == Kept()
    found.absorb(key, value)
    assert found.passed == {(PLACE, 3): passed(3, 7)}


@pytest.mark.parametrize(
    ("kept", "committed", "begin", "expected"),
    [
        (Kept(position(100)), {}, 160, [(100, 160)]),
        (Kept(position(100)), {PLACE: 120}, 160, [(120, 160)]),
        (Kept(position(130)), {PLACE: 120}, 160, [(130, 160)]),
        (Kept(), {PLACE: 120}, 160, [(120, 160)]),
        (Kept(), {PLACE: 0}, 160, [(0, 160)]),
        (Kept(), {}, 160, []),
        (Kept(position(160)), {}, 160, []),
        (Kept(position(100, "old")), {}, 160, []),
        (Kept(position(100, "old")), {PLACE: 120}, 160, [(120, 160)]),
        (Kept(position(100, "")), {}, 160, [(100, 160)]),
        (Kept(passed={(PLACE, 3): passed(3, 7)}), {}, 5, [(3, 5)]),
        (Kept(passed={(PLACE, 3): passed(3, 7)}), {}, 9, [(3, 7)]),
        (Kept(passed={(PLACE, 3): passed(3, 7, "old")}), {}, 9, []),
        (Kept(passed={(OTHER, 3): passed(3, 7, "rates")}), {}, 9, []),
    ],
)
def test_what_is_said_to_have_passed_ingest_by(
    kept: Kept, committed: dict, begin: int, expected: list[tuple[int, int]]
) -> None:
    """What it told, as far as that is gone now, and what went since it last said where it stands."""
    found = list(find_passed_by(kept, {PLACE: begin}, IDS, committed))
    assert found == [(PLACE, first, end) for first, end in expected]
    # where the cluster tells no ids, every record may be of the topic
    assert bool(list(find_passed_by(kept, {PLACE: begin}, {}, committed))) is bool(
        expected or (PLACE in kept.positions and kept.positions[PLACE].next < begin) or (PLACE, 3) in kept.passed
    )


# What is followed


def test_a_new_account_holds_nothing() -> None:
    """Before the first assignment, whatever it is told."""
    account = InputAccount()
    assert (account.next, account.unsettled) == ({}, frozenset())
    account.note_lost(PLACE, 5)
    account.note_delivered([(PLACE, 5, 9)])
    assert (account.next, told(account, 7, 9)) == ({}, [])


def test_a_run_of_a_place_held_no_more_hides_none_behind_it() -> None:
    """Several places come together."""
    account = taken_over(100)
    account.note_delivered([(OTHER, 5, 9), (PLACE, 100, 109)])
    assert account.next == {PLACE: 110}


@pytest.mark.parametrize(("committed", "at"), [(100, 100), (None, 0), (0, 0)])
def test_a_run_from_the_committed_offset_is_where_reading_went_on(committed: int | None, at: int) -> None:
    """Its records were read before the log's beginning moved past them: nothing is lost, and all is compared."""
    account = taken_over(committed)
    account.note_delivered([(PLACE, at, 170)])
    assert told(account, 160, 600, position(at)) == []
    assert (account.unsettled, account.next) == (frozenset(), {PLACE: 171})


def test_what_was_read_is_not_read_again_in_the_account() -> None:
    """A log that was cut back, or a run that comes again, takes nothing from what is accounted for."""
    account = taken_over(100)
    account.note_delivered([(PLACE, 100, 110)])
    account.note_delivered([(PLACE, 50, 60)])
    assert account.next == {PLACE: 111}


@pytest.mark.parametrize(
    ("committed", "at", "expected"),
    [(100, 100, {}), (100, 101, {PLACE: 101}), (None, 1, {PLACE: 1}), (None, 0, {})],
)
def test_only_what_lies_beyond_the_committed_offset_was_read_on(committed: int | None, at: int, expected: dict) -> None:
    """The offset itself is where reading begins."""
    account = taken_over(committed)
    account.read_on([(PLACE, at)])
    assert account.next == expected


def test_a_committed_offset_alone_is_no_sign_of_reading() -> None:
    """The log was emptied past it: what was there passed ingest by."""
    account = taken_over(100)
    account.read_on([(PLACE, 100)])
    assert told(account, 160, 160, position(100)) == [(100, 160, "deleted", "new")]


def test_a_log_of_markers_from_its_first_offset_on_is_read_on() -> None:
    """Also once the kept position was compared."""
    account = taken_over(None)
    assert told(account, 0, 1) == []
    assert (account.unsettled, account.next) == (frozenset(), {PLACE: 0})
    account.read_on([(PLACE, 1)])
    assert account.next == {PLACE: 1}


def test_two_places_are_told_at_one_look() -> None:
    """Each with its topic's id; another one's bounds, of which this account knows nothing, do no harm."""
    account = InputAccount()
    account.note_sought({PLACE: Sought(100, ours=True), OTHER: Sought(10, ours=True)})
    account.note_delivered([(PLACE, 160, 170), (OTHER, 16, 17)])
    bounds = {PLACE: (160, 600), OTHER: (16, 60), ("fx.profiles.v1", 0): (5, 9)}
    assert account.settle({}, IDS, bounds) == [(PLACE, passed(100, 160)), (OTHER, passed(10, 16, "rates"))]


def test_where_the_cluster_tells_no_id_none_is_kept() -> None:
    """At an assignment, and while it reads."""
    account = taken_over(100)
    account.note_delivered([(PLACE, 160, 170)])
    assert told(account, 160, 600, ids={}) == [(100, 160, "deleted", "")]
    account.note_lost(PLACE, 171)
    account.note_delivered([(PLACE, 200, 210)])
    assert told(account, 200, 600, ids={}) == [(171, 200, "deleted", "")]


def test_a_position_of_an_earlier_release_counts() -> None:
    """It names no topic."""
    account = taken_over(None, ours=False)
    account.note_delivered([(PLACE, 160, 170)])
    assert told(account, 160, 600, position(100, "")) == [(100, 160, "deleted", "new")]


def test_the_first_offset_of_all_may_be_what_was_committed() -> None:
    """Zero is an offset, and not the lack of one."""
    account = taken_over(0)
    account.note_delivered([(PLACE, 5, 9)])
    assert told(account, 5, 60) == [(0, 5, "deleted", "new")]


def test_an_assignment_at_the_logs_beginning_is_settled_at_once() -> None:
    """There is nothing that could have passed by."""
    account = taken_over(100)
    assert told(account, 100, 600, position(100)) == []
    assert (account.unsettled, account.next) == (frozenset(), {PLACE: 100})


def test_a_refusal_is_told_when_reading_went_on_and_not_before() -> None:
    """The log is being read: its next run says where it went on. Until then nothing of it is forgotten."""
    account = taken_over(100)
    account.note_delivered([(PLACE, 100, 110)])
    assert told(account, 0, 600, position(100)) == []
    account.note_lost(PLACE, 111)
    for begin in (50, 200):
        assert told(account, begin, 600) == []
    account.note_delivered([(PLACE, 200, 220)])
    assert account.settle({}, IDS, {}) == []
    assert told(account, 200, 600) == [(111, 200, "deleted", "new")]
    assert (told(account, 200, 600), account._jumps, account._lost) == ([], [], {PLACE: set()})


def test_what_is_deleted_ends_at_the_logs_beginning() -> None:
    """Behind it there were offsets without records only: they are there, and nothing came of them."""
    account = taken_over(100)
    account.note_delivered([(PLACE, 100, 110)])
    assert told(account, 0, 600, position(100)) == []
    account.note_lost(PLACE, 111)
    account.note_delivered([(PLACE, 200, 220)])
    assert told(account, 150, 600) == [(111, 150, "deleted", "new")]


def test_a_jump_before_the_first_look_waits_for_it() -> None:
    """A run of before the assignment jumped where the broker had refused: told when the kept position is compared."""
    account = taken_over(100)
    account.note_delivered([(PLACE, 50, 60)])
    account.note_lost(PLACE, 70)
    account.note_delivered([(PLACE, 80, 99)])
    assert (told(account, 160, 600, position(100)), account.unsettled) == ([], {PLACE})
    account.note_delivered([(PLACE, 160, 170)])
    assert told(account, 160, 600, position(100)) == [(100, 160, "deleted", "new"), (70, 80, "deleted", "new")]
