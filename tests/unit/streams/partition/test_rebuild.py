"""A state rebuilt from topics: which snapshot it begins with, what is replayed of the ledger, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import LedgerError, SnapshotError
from streams.ledger.progress import AgentPartition, Progress, Skip
from streams.partition.rebuild import Begun, begin, rebuild, replay

PLACE = AgentPartition("fx.progress.v1", "monitor", 4)


class Bench:
    """The log and the core of a ledger of `end` records; `kept` are snapshots, newest first: (position, state's next).

    A snapshot whose state is an error raises it. Records in `quiet` have no outputs.
    """

    def __init__(self, end: int = 10, first: int = 0, *kept: tuple[int, Any]) -> None:
        self.first, self.end, self.kept = first, end, kept
        self.found = Progress()
        self.records_end, self.quiet = end, set[int]()
        self.missing: set[int] = set()
        self.calls: list[Any] = []
        self.tally: Any = SimpleNamespace(clear=lambda: self.cleared.append(len(self.calls)))
        self.cleared: list[int] = []

    def new(self, partition: int) -> Any:
        return SimpleNamespace(next=0, partition=partition, code_version="today")

    def thaw(self, partition: int, sections: Any) -> Any:
        return SimpleNamespace(next=sections, partition=partition, code_version="today")

    def skip(self, state: Any, offset: int) -> None:
        self.calls.append(("skip", offset))
        state.next = offset + 1

    def apply(self, state: Any, partition: int, record: Any, *, muted: bool) -> list[Any]:
        self.calls.append((partition, record.offset, muted, state.code_version))
        state.next = record.offset + 1
        return [] if record.offset in self.quiet else [f"output {record.offset}"]

    async def progress(self, place: AgentPartition) -> Progress:
        assert place == PLACE
        return self.found

    async def snapshots(self, place: AgentPartition, progress: Progress) -> AsyncIterator[Any]:
        assert (place, progress) == (PLACE, self.found)
        for position, state in self.kept:

            async def load(state: Any = state) -> Any:
                if isinstance(state, Exception):
                    raise state
                return state

            yield position, load

    async def bounds(self, place: AgentPartition) -> tuple[int, int, int]:
        assert place == PLACE
        return self.first, self.end, 0

    async def records(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        self.calls.append(("read", partition, start, stop))
        held = [offset for offset in range(start, min(stop, self.records_end)) if offset not in self.missing]
        for at in range(0, len(held), 3):
            yield [SimpleNamespace(offset=offset) for offset in held[at : at + 3]]

    def begin(self, **more: Any) -> Begun:
        """Where a rebuild starts."""
        return asyncio.run(begin(self, self, PLACE, self.found, **more))  # type: ignore[arg-type]

    def replay(self, at: int, stop: int, **more: Any) -> tuple[Any, list[Any]]:
        """The state after a replay, and what it yielded."""
        state = self.thaw(4, at)

        async def story() -> list[Any]:
            return [found async for found in replay(self, self, PLACE, self.found, state, stop, **more)]  # type: ignore[arg-type]

        return state, asyncio.run(story())


@pytest.mark.parametrize(
    ("stop", "above", "expected"),
    [(9, -1, 9), (8, -1, 5), (5, -1, 5), (4, -1, 0), (0, -1, 0), (9, 4, 9), (8, 4, 5), (8, 5, None), (-1, -1, None)],
)
def test_the_newest_snapshot_within_the_bounds_begins_a_rebuild(stop: int, above: int, expected: int | None) -> None:
    """Above the one bound, up to the other; else the state before the first record."""
    begun = Bench(10, 0, (9, 9), (5, 5), (0, 0)).begin(stop=stop, above=above)
    assert (begun.snapshot, begun.state.next, begun.refused) == (expected, expected or 0, ())
    assert begun.state.partition == 4


def test_a_cold_rebuild_looks_at_no_snapshot() -> None:
    """That is what it is for."""
    begun = Bench(10, 0, (9, 9)).begin(stop=10, cold=True)
    assert (begun.snapshot, begun.state.next) == (None, 0)


def test_a_snapshot_that_cannot_be_used_is_named_and_passed_over() -> None:
    """Torn, or of another position than its pointer says: of that one the state would be past what is looked for."""
    kept = [(9, SnapshotError("torn", got="x")), (8, 7), (7, 12), (5, 5)]
    begun = Bench(10, 0, *kept).begin(stop=9)
    assert (begun.snapshot, begun.state.next) == (5, 5)
    other = "the snapshot's state is of another position"
    assert begun.refused == ("9: torn; got: x", f"8: {other}; got: 7; expected: 8", f"7: {other}; got: 12; expected: 7")
    begun = Bench(10, 0, *kept[:3]).begin(stop=9)
    assert (begun.snapshot, begun.state.next, len(begun.refused)) == (None, 0, 3)


def test_a_replay_yields_what_has_outputs_up_to_its_end() -> None:
    """Muted, from the state's own position; a decision is honoured."""
    bench = Bench()
    bench.found = Progress(skips={3: Skip(offset=3, reason="r", who="w", at="t")})
    bench.quiet = {4}
    state, found = bench.replay(2, 7)
    assert bench.calls == [
        ("read", 4, 2, 7), (4, 2, True, "today"), ("skip", 3), (4, 4, True, "today"), (4, 5, True, "today"),
        (4, 6, True, "today"),
    ]  # fmt: skip
    assert (state.next, found) == (7, [(2, ["output 2"]), (5, ["output 5"]), (6, ["output 6"])])


def test_an_alert_is_made_by_the_release_that_published_it() -> None:
    """Offset by offset, where that is another than today's; afterwards the state is today's again."""
    bench = Bench()
    state, found = bench.replay(0, 4, published_by={1: "0.1", 3: "0.2"})
    assert bench.calls[1:] == [
        (4, 0, False, "today"),
        (4, 1, False, "0.1"),
        (4, 2, False, "today"),
        (4, 3, False, "0.2"),
    ]
    assert (state.code_version, len(found)) == ("today", 4)


def test_what_a_replay_counts_does_not_grow_with_the_ledger() -> None:
    """Nobody asks for it: the tally is cleared before each fetched list (of three records here)."""
    bench = Bench()
    bench.replay(0, 7)
    assert bench.cleared == [1, 4, 7]


@pytest.mark.parametrize("at", [3, 10])
def test_a_position_at_either_end_of_the_ledger_is_within_it(at: int) -> None:
    """The first record that exists, and the one that is not written yet."""
    state, found = Bench(10, 3).replay(at, at)
    assert (state.next, found) == (at, [])


@pytest.mark.parametrize(
    ("at", "todo"),
    [
        (2, "retention or a recreated topic took what the snapshots do not cover; restore the ledger"),
        (11, "the snapshot is of another ledger: see `fxwatch topics diff`"),
    ],
)
def test_a_position_outside_the_ledger_says_what_may_have_happened(at: int, todo: str) -> None:
    """Before its first record it was deleted, beyond its end it is another one."""
    with pytest.raises(LedgerError) as told:
        Bench(10, 3).replay(at, 10)
    assert told.value.message == (
        "the ledger of monitor[4] does not hold the next record to apply; "
        f"got: offsets 3 to 10; expected: offset {at}; to do: {todo}"
    )


def test_a_ledger_with_a_hole_or_a_lost_end_is_named() -> None:
    """What follows from it would be another state, in silence."""
    bench = Bench()
    bench.missing = {4}
    with pytest.raises(LedgerError) as told:
        bench.replay(2, 7)
    assert told.value.message == "the ledger of monitor[4] has a hole; got: offset 5; expected: offset 4"
    bench = Bench()
    bench.records_end = 6
    with pytest.raises(LedgerError) as told:
        bench.replay(2, 7)
    assert told.value.message == "the ledger of monitor[4] ended while it was read; got: 6; expected: 7"


@pytest.mark.parametrize(
    ("upto", "cold", "expected", "first"),
    [(None, False, 10, 9), (7, False, 7, 5), (99, False, 10, 9), (0, False, 0, None), (7, True, 7, 0)],
)
def test_a_rebuild_ends_where_it_is_asked_to_or_at_the_ledgers_end(
    upto: int | None, cold: bool, expected: int, first: int | None
) -> None:
    """Both are told: the state's position, and the ledger's end."""
    bench = Bench(10, 0, (9, 9), (5, 5))
    state, end = asyncio.run(rebuild(bench, bench, PLACE, cold=cold, upto=upto))  # type: ignore[arg-type]
    assert (state.next, end) == (expected, 10)
    assert [call[1] for call in bench.calls if call[0] == 4][:1] == ([] if first is None else [first])
