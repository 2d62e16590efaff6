"""Ingest workers stay at about the same place in time while they work off a backlog."""

from streams.faust_runtime.backlog_clock import GRACE_SECONDS, PATIENCE_SECONDS, StreamClock
from streams.faust_runtime.run_consumer import LONG_WAIT_SECONDS

HALF = 36
ALL = 72


def in_step():
    """A clock of one of two workers, after the other has spoken."""
    clock = StreamClock(ALL)
    clock.restart(HALF, at=0.0)
    clock.note_heard("other", 1_000_000, at=0.1)
    return clock


def test_a_worker_alone_waits_for_nobody():
    """It holds all partitions, so there is nobody to hear of."""
    clock = StreamClock(ALL)
    clock.restart(ALL, at=0.0)
    assert clock.may_pass(5, at=0.0)


def test_after_an_assignment_the_other_is_waited_for_until_it_speaks_or_the_grace_is_over():
    """The worker that resumes first does not run ahead before it has heard where the other is."""
    clock = StreamClock(ALL)
    clock.restart(HALF, at=0.0)
    assert not clock.may_pass(5, at=1.0)
    assert clock.may_pass(5, at=GRACE_SECONDS + 0.1)
    clock.restart(HALF, at=10.0)
    clock.note_heard("other", None, at=10.5)
    assert clock.may_pass(5, at=11.0)


def test_a_worker_that_is_ahead_waits_and_the_slowest_never_does():
    """Ahead means more than a run's span, or the least slack, beyond the other's next record."""
    clock = in_step()
    assert clock.may_pass(999_000, at=0.2)
    assert clock.may_pass(1_000_050, at=0.2)
    assert not clock.may_pass(1_010_000, at=0.2)
    clock.note_passed(0, 200_000)
    assert clock.may_pass(1_010_000, at=0.2)


def test_a_worker_that_does_not_move_is_not_waited_for():
    """Repeating the same head is not moving; a killed worker costs a few seconds once."""
    clock = in_step()
    clock.note_heard("other", 1_000_000, at=PATIENCE_SECONDS)
    assert not clock.may_pass(2_000_000, at=PATIENCE_SECONDS)
    assert clock.may_pass(2_000_000, at=PATIENCE_SECONDS + 0.2)


def test_a_worker_that_caught_up_is_silent_and_not_waited_for():
    """Caught up is told as no head at all."""
    clock = in_step()
    clock.note_heard("other", None, at=0.3)
    assert clock.may_pass(9_000_000, at=0.4)
    assert clock.head == 9_000_000
    clock.note_caught_up()
    assert (clock.head, clock.known) == (None, True)


def test_nothing_is_told_before_anything_is_known():
    """Before the first fetch after an assignment, caught up would be a guess that lets the others run ahead."""
    clock = in_step()
    clock.may_pass(1, at=0.2)
    clock.restart(HALF, at=1.0)
    assert not clock.known
    assert clock.run_records is None


def test_runs_are_short_while_others_work_on_the_same_backlog():
    """A run is the grain of the alignment."""
    assert in_step().run_records == 64


def test_a_worker_that_waits_for_a_slow_fetch_is_waited_for():
    """Its head stands still for as long as the run transport waits: the others' patience is longer, by a second."""
    assert min(PATIENCE_SECONDS, GRACE_SECONDS) >= LONG_WAIT_SECONDS + 1.0
