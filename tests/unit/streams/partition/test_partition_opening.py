"""Opening a partition: who is fenced, what is loaded, how far is replayed, and what stops it, in words."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from streams.errors import ProgressError, SnapshotError
from streams.partition import partition as module
from tests.support.logged import fields
from tests.support.partition_bench import RESTART, RESTORE, Bench, said


def test_a_partition_begins_closed_and_empty() -> None:
    """Before its assignment it holds nothing, has no cause, and its counters are zero."""
    one = Bench().partition
    assert (one.status, one.state, one.cause, one.unsaved, one.replayed, one.refused) == ("closed", None, None, 0, 0, 0)
    assert one.cold is False


def test_an_opening_fences_first_then_reads_then_replays() -> None:
    """An older owner is fenced before progress is read, or its last commit could be missed."""
    bench = Bench(committed=3)
    one = bench.play(bench.open)
    assert bench.calls == [
        "replaying", "start", "progress", "bounds", ("new", 4), ("read", 4, 0, 3),
        ("live", 4, 0), ("live", 4, 1), ("live", 4, 2), ("publish", [0, 1, 2], 3), ("save", 3, False), "running",
    ]  # fmt: skip
    assert (one.state.next, one.unsaved, one.replayed, one.cause) == (3, 3, 3, None)


@pytest.mark.parametrize(
    ("published", "committed", "expected"), [(3, 5, 5), (5, 3, 5), (0, 11, 10), (10, 0, 10), (0, 0, 0)]
)
def test_a_replay_ends_at_what_is_published_or_committed(published: int, committed: int, expected: int) -> None:
    """The later of the two, and the ledger's end at most; what is published is applied in silence."""
    bench = Bench(published=published, committed=committed)
    one = bench.play(bench.open)
    assert (one.status, one.state.next, bench.partition.replayed) == ("running", expected, expected)
    assert [call[2] for call in bench.did("muted")] == list(range(min(published, expected)))
    assert [call[2] for call in bench.did("live")] == list(range(published, expected))


def test_what_was_handed_over_while_it_stood_is_replayed() -> None:
    """Faust acknowledges a run, applied or not, and does not bring it again: the next opening reads it."""
    bench = Bench()
    bench.faults[2] = ValueError("torn")
    one = bench.play(bench.open, bench.run(0, 1, 2, 3), bench.run(4, 5, 6))
    assert one.status == "stopped"
    assert bench.did("publish") == [("publish", [0, 1], 2)]
    bench.faults.clear()
    # a run at lower offsets, as of a group that was set back, takes nothing from it
    one = bench.play(bench.run(1), bench.open)
    assert (one.status, one.cause, one.state.next, one.replayed) == ("running", None, 7, 7)


@pytest.mark.parametrize(("first", "next_"), [(0, 0), (3, 3), (3, 10), (0, 10)])
def test_a_position_at_the_ledgers_first_or_end_is_within_it(first: int, next_: int) -> None:
    """The first record that exists may be the next to apply, and so may the one that is not written yet."""
    bench = Bench(first=first)
    bench.kept = [(next_, next_)]
    one = bench.play(bench.open)
    assert (one.status, one.state.next) == ("running", next_)


@pytest.mark.parametrize("next_", [2, 11])
def test_a_snapshot_outside_the_ledger_stops_the_partition(next_: int) -> None:
    """The message has what the ledger holds and what was expected of it; an older snapshot is not tried."""
    bench = Bench(first=3)
    bench.kept = [(next_, next_), (5, 5)]
    one = bench.play(bench.open)
    assert said(one) == (
        "monitor[4] stopped before any record: the ledger does not hold the next record to apply; "
        f"got: offsets 3 to 10; expected: offset {next_} among them; {RESTORE}"
    )
    assert bench.did("thaw") == [("thaw", 4, next_)]


def test_a_cold_start_needs_the_ledgers_first_record() -> None:
    """A ledger that retention has begun to delete no longer leads to the state."""
    bench = Bench(first=1)
    assert said(bench.play(bench.open)) == (
        "monitor[4] stopped at ledger offset 0: the ledger does not hold the next record to apply; "
        f"got: offsets 1 to 10; expected: offset 0 among them; {RESTORE}"
    )


def test_a_ledger_that_ends_before_what_was_published_stops_the_partition() -> None:
    """What comes at those offsets from now on would be muted, though nobody has its alerts."""
    bench = Bench(published=11)
    assert said(bench.play(bench.open)) == (
        "monitor[4] stopped at ledger offset 0: the ledger ends before what was published from it; "
        f"got: its end 10; expected: offset 11 or later; {RESTORE}"
    )


def test_progress_that_cannot_be_read_stops_the_partition() -> None:
    """No restoring of the ledger heals it: the message says so, and the log has the same."""
    bench = Bench()
    bench.progress_now = ProgressError("a record of the progress topic cannot be read")
    one = bench.play(bench.open)
    assert said(one) == (
        f"monitor[4] stopped before any record: a record of the progress topic cannot be read; {RESTART}"
    )
    assert one.cause is not None
    assert one.cause.position is None


def test_the_newest_snapshot_that_can_be_used_is_loaded(caplog: pytest.LogCaptureFixture) -> None:
    """Refused ones are counted and named: unreadable, and of another position than its pointer says."""
    bench = Bench()
    bench.kept = [(9, SnapshotError("torn")), (8, 7), (6, 6), (2, 2)]
    with caplog.at_level(logging.DEBUG, logger=module.__name__):
        one = bench.play(bench.open)
    assert (one.state.next, one.refused, one.cold, bench.did("new")) == (6, 2, False, [])
    assert caplog.messages == [
        "monitor[4]: snapshot at 9 not used: torn",
        "monitor[4]: snapshot at 8 not used: the snapshot's state is of another position; got: 7; expected: 8",
        "monitor[4]: state loaded at ledger offset 6",
    ]
    assert [(one.levelname, fields(one)) for one in caplog.records] == [
        ("WARNING", {"offset": 9}),
        ("WARNING", {"offset": 8}),
        ("DEBUG", {}),
    ]


def test_a_cold_start_is_told_from_a_first_one(caplog: pytest.LogCaptureFixture) -> None:
    """Without any snapshot it is usual, with refused ones a warning; a later loading counts anew."""
    bench = Bench()
    with caplog.at_level(logging.DEBUG, logger=module.__name__):
        one = bench.play(bench.open)
        assert (one.refused, one.cold) == (0, True)
        bench.kept = [(9, SnapshotError("torn"))]
        one = bench.play(one.drop, bench.open)
        assert (one.refused, one.cold) == (1, True)
        bench.kept = [(5, 5)]
        one = bench.play(one.drop, bench.open)
        assert (one.refused, one.cold) == (0, False)
    assert caplog.messages == [
        "monitor[4]: there is no snapshot; the ledger is replayed from its start",
        "monitor[4]: snapshot at 9 not used: torn",
        "monitor[4]: no snapshot can be used; cold start, the whole ledger is replayed",
        "monitor[4]: state loaded at ledger offset 5",
    ]


def test_a_state_is_thawed_beside_the_loop_where_a_place_for_it_is_given() -> None:
    """What is given is the work itself; a fault of it refuses the snapshot as in the loop."""
    asked: list[int] = []

    async def beside(work: Callable[[], Any]) -> Any:
        state = work()
        asked.append(state.next)
        if state.next == 9:
            raise SnapshotError("torn")
        return state

    bench = Bench(beside=beside)
    bench.kept = [(9, 9), (6, 6)]
    one = bench.play(bench.open)
    assert (asked, one.state.next, one.refused) == ([9, 6], 6, 1)
