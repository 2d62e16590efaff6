"""Runs of a partition: what is applied, published, saved, forgotten and said; decisions; and its leaving."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import FencedError, LedgerError, PartitionStoppedError, ProgressError
from streams.ledger.progress import Progress
from streams.partition import partition as module
from streams.partition.outputs import Output
from tests.support.logged import fields
from tests.support.partition_bench import RESTORE, Bench, decision, said


def test_a_run_is_published_once_with_its_end_and_then_saved() -> None:
    """Records that were applied before are left out; a run without outputs publishes nothing, and is saved too."""
    bench = Bench()
    bench.quiet = {3, 4}
    one = bench.play(bench.open, bench.run(0, 1), bench.run(1, 2), bench.run(3, 4))
    assert bench.did("live", "publish", "save", "read") == [
        ("live", 4, 0),
        ("live", 4, 1),
        ("publish", [0, 1], 2),
        ("save", 2, False),
        ("live", 4, 2),
        ("publish", [2], 3),
        ("save", 3, False),
        ("live", 4, 3),
        ("live", 4, 4),
        ("save", 5, False),
    ]
    assert (one.state.next, one.unsaved, one.replayed) == (5, 5, 0)


def test_a_run_that_begins_later_replays_what_is_missing_first(caplog: pytest.LogCaptureFixture) -> None:
    """Applied elsewhere, or acknowledged and lost: the ledger has it. Each batch is published and saved, and told."""
    told: list[int] = []
    bench = Bench(on_replayed=lambda _: told.append(bench.partition.state.next))
    with caplog.at_level(logging.DEBUG, logger=module.__name__):
        bench.play(bench.open, bench.run(0), bench.run(6, 7))
    assert bench.did("read") == [("read", 4, 1, 6)]
    assert bench.did("publish") == [
        ("publish", [0], 1), ("publish", [1, 2, 3, 4], 5), ("publish", [5], 6), ("publish", [6, 7], 8),
    ]  # fmt: skip
    assert bench.did("save") == [("save", position, False) for position in (1, 5, 6, 8)]
    assert told == [5, 6]
    assert caplog.messages[-1].startswith("monitor[4]: replayed [1, 6) in 0.0")
    assert caplog.records[-1].levelname == "DEBUG"
    one = bench.play(bench.run(9))
    assert (one.replayed, one.unsaved) == (5 + 1, 10)


def test_a_ledger_that_ends_within_a_replay_stops_the_partition() -> None:
    """The offset it stopped at is the first that was not there; what was there is counted as replayed."""
    bench = Bench(committed=8)
    bench.held = 6
    one = bench.play(bench.open)
    assert said(one) == (
        "monitor[4] stopped at ledger offset 6: the ledger ended before the record that was expected; expected: 8; "
        "to do: mend the cause and restart, or record a decision: fxwatch skip monitor 4 6 --reason ..."
    )
    assert one.cause is not None
    assert (one.cause.position, one.replayed) == (6, 6)


def test_a_hole_within_a_run_stops_the_partition_behind_what_came_before() -> None:
    """Offsets of a ledger are dense: a missing one is never passed over in silence."""
    bench = Bench()
    one = bench.play(bench.open, bench.run(0, 1, 3))
    assert bench.did("publish") == [("publish", [0, 1], 2)]
    assert said(one) == (
        "monitor[4] stopped at ledger offset 2: ledger offsets are not dense; got: 3; expected: 2; "
        "to do: mend the cause and restart, or record a decision: fxwatch skip monitor 4 2 --reason ..."
    )
    assert one.cause is not None
    assert one.cause.position == 2


@pytest.mark.parametrize(("seconds", "level"), [(4.99, "DEBUG"), (5.0, "INFO")])
def test_a_replay_that_takes_long_is_told(
    seconds: float, level: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a worker to be ready sees what it does; others need not read of each partition."""
    clock = SimpleNamespace(now=1000.0)

    def went_by(_records: int) -> None:
        clock.now += seconds

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    bench = Bench(on_replayed=went_by)
    with caplog.at_level(logging.DEBUG, logger=module.__name__):
        bench.play(bench.open, bench.run(0), bench.run(3))
    told = caplog.records[-1]
    assert (told.levelname, told.getMessage()) == (level, f"monitor[4]: replayed [1, 3) in {seconds:.2f} s")


@pytest.mark.parametrize(
    ("fault", "told"),
    [(ValueError("poison"), "ValueError('poison')"), (LedgerError("unreadable", got="x"), "unreadable; got: x")],
)
def test_a_record_that_cannot_be_applied_is_named(
    fault: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours by its own words, any other by its type too; the log has it at once, and nothing is saved."""
    bench = Bench()
    bench.faults[1] = fault
    with caplog.at_level(logging.ERROR, logger=module.__name__):
        one = bench.play(bench.open, bench.run(0, 1, 2))
    message = (
        f"monitor[4] stopped at ledger offset 1: {told}; "
        "to do: mend the cause and restart, or record a decision: fxwatch skip monitor 4 1 --reason ..."
    )
    assert (said(one), caplog.messages) == (message, [message])
    [record] = caplog.records
    assert fields(record) == {"agent": "monitor", "partition": 4, "offset": 1}
    assert record.args == (one.cause,), "its code and its parts would not be in the log"
    assert one.cause is not None
    assert (one.cause.position, one.cause.__cause__) == (1, fault)
    assert bench.calls[-2:] == [("publish", [0], 1), "stopped"]


def test_a_fault_at_the_first_record_publishes_nothing() -> None:
    """There is no output before it, and a position alone says nothing new."""
    bench = Bench()
    bench.faults[0] = ValueError("poison")
    bench.play(bench.open, bench.run(0, 1))
    assert bench.did("publish") == []


def test_a_record_that_was_decided_on_is_left_out_and_does_not_count() -> None:
    """The core moves its position alone; the decision holds from the opening that read it."""
    bench = Bench()
    bench.progress_now = Progress(skips={1: decision(1)})
    one = bench.play(bench.open, bench.run(0, 1, 2))
    assert bench.did("skip", "live", "publish") == [("live", 4, 0), ("skip", 1), ("live", 4, 2), ("publish", [0, 2], 3)]
    assert (one.state.next, one.unsaved) == (3, 2)


def test_slow_records_leave_the_loop_to_others_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 20 ms: heartbeats and health checks are answered within 50 ms (the limit), however long a run is."""
    now, turns = [0.0], []

    class Slow(Bench):
        def apply(self, state: Any, partition: int, record: Any, *, muted: bool) -> list[Output]:
            now[0] += 0.009
            return super().apply(state, partition, record, muted=muted)

    bench = Slow()

    async def sleep(seconds: float) -> None:
        turns.append((seconds, bench.partition.state.next))

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    bench.play(bench.open, bench.run(*range(8)))
    # 9 ms each: three make 27 ms
    assert turns == [(0, 3), (0, 6)]


def test_offsets_that_go_back_are_asked_about() -> None:
    """As of a ledger that was cut off: within its bounds they are a redelivery. Going on asks nobody."""
    bench = Bench()
    bench.play(bench.open, bench.run(0, 1, 2), bench.run(3))
    asked = len(bench.did("bounds"))
    bench.play(bench.run(3, 4))
    assert len(bench.did("bounds")) == asked + 1
    bench.place_bounds = (0, 4, 0)
    assert said(bench.play(bench.run(0))) == (
        "monitor[4] stopped at ledger offset 5: the ledger does not hold the next record to apply; "
        f"got: offsets 0 to 4; expected: offset 5 among them; {RESTORE}"
    )


def test_offsets_that_go_back_after_an_assignment_are_usual() -> None:
    """The group's offset may lie behind what was applied: a rebalance brings such runs, and nobody need be asked."""
    bench = Bench()
    bench.play(bench.open, bench.run(0, 1, 2), bench.partition.suspend, bench.open)
    asked = len(bench.did("bounds"))
    one = bench.play(bench.run(0, 1))
    assert (one.status, one.state.next, len(bench.did("bounds"))) == ("running", 3, asked)


def test_a_ledger_that_is_another_one_by_the_time_offsets_go_back_stops_the_partition() -> None:
    """Its records have offsets that were applied before, and would pass as redelivered."""
    bench = Bench()
    bench.play(bench.open, bench.run(0, 1))
    bench.place_bounds = LedgerError("the ledger was deleted, and perhaps created anew")
    one = bench.play(bench.run(0))
    assert said(one) == (
        f"monitor[4] stopped at ledger offset 2: the ledger was deleted, and perhaps created anew; {RESTORE}"
    )
    assert one.cause is not None
    assert one.cause.__cause__ is bench.place_bounds


@pytest.mark.parametrize(
    ("fault", "warned"),
    [
        (asyncio.CancelledError(), ["monitor[4]: the run at ledger offset 3 was interrupted while it was published"]),
        (FencedError("another worker owns it"), []),
    ],
    ids=["cancelled", "fenced"],
)
def test_a_run_interrupted_while_it_publishes_says_what_to_do(
    fault: BaseException, warned: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Its state is past outputs that nobody published, so it is forgotten; a cancelled one is logged here alone."""
    bench = Bench()
    bench.play(bench.open, bench.run(0, 1, 2))
    bench.fault = fault
    with pytest.raises(type(fault)), caplog.at_level(logging.WARNING, logger=module.__name__):
        bench.play(bench.run(3, 4))
    assert said(bench.partition) == (
        "monitor[4] stopped: the run at ledger offset 3 was interrupted while it was published; "
        f"got: {fault!r}; "
        "to do: nothing is lost: the next assignment, or a restart, replays from the last snapshot"
    )
    assert caplog.messages == warned
    assert [fields(one) for one in caplog.records] == [{"offset": 3}] * len(warned)
    assert bench.calls[-1] == "stopped"


def test_a_run_interrupted_before_it_had_outputs_keeps_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is missing: it goes on where it was, and the partition stays open."""
    bench = Bench()
    bench.quiet = set(range(10))

    async def interrupted(_seconds: float) -> None:
        raise asyncio.CancelledError

    bench.play(bench.open)
    monkeypatch.setattr(module, "BREATHE_SECONDS", -1.0)
    monkeypatch.setattr(module.asyncio, "sleep", interrupted)
    with pytest.raises(asyncio.CancelledError):
        bench.play(bench.run(0, 1))
    assert (bench.partition.status, bench.partition.state.next, bench.partition.unsaved) == ("running", 1, 1)
    monkeypatch.setattr(module, "BREATHE_SECONDS", 60.0)
    one = bench.play(bench.run(0, 1))
    assert (one.state.next, one.unsaved) == (2, 2)


def test_a_suspended_partition_is_saved_and_holds_no_producer() -> None:
    """The state stays for the next opening; what was saved already, or is suspended already, is left alone."""
    bench = Bench()
    one = bench.play(bench.open, bench.run(0, 1), bench.partition.suspend, bench.partition.suspend)
    assert bench.calls[-3:] == [("save", 2, True), "closed", "close"]
    assert (one.status, one.state.next) == ("closed", 2)
    one.unsaved = 0
    bench.calls.clear()
    bench.play(bench.open, one.suspend)
    assert bench.did("save", "new", "thaw", "running", "closed", "close") == ["running", "closed", "close"]


def test_a_stopped_partition_is_not_saved_at_its_revocation() -> None:
    """What stopped it may have torn its state. Its producer is given back all the same."""
    bench = Bench()
    bench.faults[1] = ValueError("poison")
    bench.play(bench.open, bench.run(0, 1))
    bench.calls.clear()
    one = bench.play(bench.partition.suspend)
    assert bench.calls == ["closed", "close"]
    assert (one.status, one.cause) == ("closed", None)


def test_a_partition_that_is_anothers_now_forgets_its_state() -> None:
    """It saves what it has before, as for any revocation."""
    bench = Bench()
    one = bench.play(bench.open, bench.run(0, 1), bench.partition.drop)
    assert bench.calls[-3:] == [("save", 2, True), "closed", "close"]
    assert (one.status, one.state, one.unsaved) == ("closed", None, 0)


class Waiting:
    """A stopped partition whose decisions are looked for; `looks` are what progress holds at each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: Any) -> None:
        self.bench, self.looks, self.slept = Bench(), list(looks), []
        self.bench.faults[1] = ValueError("poison")
        self.bench.play(self.bench.open, self.bench.run(0, 1))
        self.bench.calls.clear()
        monkeypatch.setattr(module.asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        """The pause between two looks."""
        self.slept.append(seconds)
        look = self.looks.pop(0)
        if look == "revoked":
            self.bench.partition._become("closed")
            look = Progress(skips={1: decision(1)})
        self.bench.progress_now = look


def test_a_decision_on_the_offset_it_stopped_at_opens_a_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks every two seconds; another offset's decision, and progress that cannot be read now, are waited past."""
    wait = Waiting(
        monkeypatch,
        Progress(),
        Progress(skips={0: decision(0)}),
        ProgressError("unreadable"),
        LedgerError("another"),
        Progress(skips={1: decision(1)}),
    )
    one = wait.bench.play(wait.bench.partition.wait_for_skip)
    assert wait.slept == [2.0] * 5
    assert (one.status, one.cause, one.state.next) == ("running", None, 2)
    assert wait.bench.did("start", "skip") == ["start", ("skip", 1)]


def test_a_partition_that_was_revoked_meanwhile_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no longer ours: opening it would fence the next owner."""
    wait = Waiting(monkeypatch, "revoked")
    one = wait.bench.play(wait.bench.partition.wait_for_skip)
    assert (one.status, wait.bench.did("start"), wait.slept) == ("closed", [], [2.0])


def test_a_partition_that_runs_looks_for_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a stopped one has an offset to decide on."""
    wait = Waiting(monkeypatch)
    wait.bench.partition._become("running", PartitionStoppedError("an earlier cause", position=1))
    wait.bench.play(wait.bench.partition.wait_for_skip)
    assert wait.slept == []


def test_a_run_that_comes_after_the_revocation_is_left_to_the_next_owner() -> None:
    """The state is kept for a rebalance, but the partition is not ours: nothing is applied, published or saved."""
    bench = Bench()
    bench.play(bench.open, bench.run(0), bench.partition.suspend)
    bench.calls.clear()
    one = bench.play(bench.run(1))
    assert (bench.calls, one.status, one.state.next) == ([], "closed", 1)
