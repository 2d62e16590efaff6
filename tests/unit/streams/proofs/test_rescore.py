"""Rescoring without a broker: what differs first, and how a state is rebuilt from snapshots and ledger."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.alert import Position, Versions
from detectors.contracts.events import ConfigurationChange
from streams.cli import rescore as cli
from streams.cli.rescore import command
from streams.errors import LedgerError, OutOfReachError, SnapshotError, UsageError
from streams.kafka.topics import SCREENS
from streams.ledger import envelope
from streams.ledger.progress import AgentPartition, Progress, Skip, SnapshotPointer
from streams.monitor.core import MONITOR, MonitorCore, screen_output
from streams.partition.outputs import Output
from streams.partition.rebuild import begin, replay
from streams.proofs.first_difference import Shown, find_first_difference
from streams.proofs.rescore import Named, PublishedAlerts, Rescored, Rescorer, Trigger, _named
from tests.support.ledger import configuration
from tests.unit.detectors.typologies.test_t05_screens import april, firm

MAIN, DESK = "fx.alerts.v1", "fx.alerts.customs.v1"
PLACE = AgentPartition("fx.progress.v1", "monitor", 0)
VERSIONS = Versions(code="c", config="c", detectors="d", rules="r")
BODY = {"alert_id": "a1", "score": 0.5, "typologies": [{"id": "T01", "limits": [{"value": "5000"}]}], "rank": None}


def shown(value: bytes | None = None, **fields: Any) -> Shown:
    """A published alert."""
    given = {"partition": 3, "key": b"k1.0a3.x", "headers": (("ce_id", b"a1"), ("ce_type", b"t")), "timestamp_ms": 7}
    return Shown(**{"value": json.dumps(BODY).encode() if value is None else value, **given, **fields})


@pytest.mark.parametrize(
    ("published", "where", "values"),
    [
        (shown(partition=4), "fx.alerts.v1 partition", ("4", "3")),
        (shown(key=b"k1.0a3.y"), "fx.alerts.v1 key", ("k1.0a3.y", "k1.0a3.x")),
        (shown(json.dumps(BODY | {"score": 0.25}).encode()), "fx.alerts.v1 value $.score", ("0.25", "0.5")),
        (shown(json.dumps(BODY | {"rank": 0}).encode()), "fx.alerts.v1 value $.rank", ("0", "null")),
        (shown(json.dumps(BODY | {"x": 1}).encode()), "fx.alerts.v1 value $.x", ("1", "nothing")),
        (
            shown(json.dumps(BODY | {"typologies": []}).encode()),
            "fx.alerts.v1 value $.typologies[0]",
            ("nothing", None),
        ),
        (
            shown(json.dumps(BODY).replace("5000", "5001").encode()),
            "fx.alerts.v1 value $.typologies[0].limits[0].value",
            ('"5001"', '"5000"'),
        ),
        (
            shown(json.dumps(BODY, indent=1).encode()),
            "fx.alerts.v1 value, spelling of the same JSON from byte 1",
            (None, None),
        ),
        (shown(b"\xff"), "fx.alerts.v1 value", ("\\xff", None)),
        (shown(b""), "fx.alerts.v1 value", ("", None)),
        (shown(headers=(("ce_id", b"a2"), ("ce_type", b"t"))), "fx.alerts.v1 header ce_id", ("a2", "a1")),
        (shown(headers=(("ce_id", b"a1"),)), "fx.alerts.v1 header ce_type", ("nothing", "t")),
        (shown(headers=(("ce_type", b"t"), ("ce_id", b"a1"))), "fx.alerts.v1 headers", (None, None)),
        (shown(timestamp_ms=8), "fx.alerts.v1 timestamp", ("8", "7")),
    ],
)
def test_the_first_difference_is_named(published: Shown, where: str, values: tuple[str | None, str | None]) -> None:
    """Any part of the record that is not the same is named with both values."""
    difference = find_first_difference({MAIN: [published]}, {MAIN: [shown()]}, MAIN)
    assert difference is not None
    assert difference.where == where
    for told, expected in zip((difference.published, difference.rebuilt), values, strict=True):
        assert expected is None or told == expected


def test_equal_records_have_no_difference() -> None:
    """The alert and each desk's copy the same: nothing to name."""
    assert find_first_difference({MAIN: [shown()], DESK: [shown()]}, {MAIN: [shown()], DESK: [shown()]}, MAIN) is None


@pytest.mark.parametrize(
    ("published", "rebuilt", "told"),
    [
        ({MAIN: [shown()]}, {}, "fx.alerts.v1: published 1 record, rebuilt nothing"),
        ({MAIN: [shown()]}, {MAIN: [shown()], DESK: [shown()]}, f"{DESK}: published nothing, rebuilt 1 record"),
        ({MAIN: [shown()], DESK: [shown()]}, {MAIN: [shown()]}, f"{DESK}: published 1 record, rebuilt nothing"),
        ({MAIN: [shown(), shown()]}, {MAIN: [shown()]}, "fx.alerts.v1: published 2 records, rebuilt 1 record"),
        ({MAIN: [shown(), shown(timestamp_ms=8)]}, {MAIN: [shown()]}, "fx.alerts.v1 timestamp: published 8, rebuilt 7"),
    ],
)
def test_missing_and_surplus_records_are_named(published: Any, rebuilt: Any, told: str) -> None:
    """A copy that is not there, one too many, and a forged one beside the true one."""
    assert str(find_first_difference(published, rebuilt, MAIN)) == told


class MemoryLog:
    """A ledger of rates, and snapshots by pointer, without Kafka."""

    def __init__(self, count: int, first: int = 0) -> None:
        change = ConfigurationChange(configuration=configuration(engine={"partitions": 1}))
        key, value, headers = envelope.first_configuration(change)
        self.records_held = [
            SimpleNamespace(key=key, value=value, headers=headers, offset=number, timestamp=0)
            for number in range(count)
        ][first:]
        self.first, self.end = first, count
        self.kept: dict[int, Any] = {}

    async def bounds(self, _place: AgentPartition) -> tuple[int, int, int]:
        return self.first, self.end, 0

    async def snapshots(self, _place: AgentPartition, progress: Progress) -> AsyncIterator[tuple[int, Any]]:
        for pointer in sorted(progress.snapshots.values(), key=lambda one: -one.next):

            async def load(at: int = pointer.next) -> Any:
                if self.kept[at] is None:
                    raise SnapshotError("the snapshot is not on its topic any more")
                return self.kept[at]

            yield pointer.next, load

    async def records(self, _partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        yield [one for one in self.records_held if start <= one.offset < stop]


async def applied(log: MemoryLog, progress: Progress, stop: int, *, cold: bool = False) -> tuple[Any, Any]:
    """(begun, its state after the replay)."""
    core: Any = MonitorCore("test")
    begun = await begin(log, core, PLACE, progress, stop=stop, cold=cold)  # type: ignore[arg-type]
    async for _ in replay(log, core, PLACE, progress, begun.state, stop):  # type: ignore[arg-type]
        pass
    return begun, begun.state


def with_snapshots(log: MemoryLog, *positions: int) -> Progress:
    """Snapshots of the log's states at these positions, and the progress that points to them."""
    pointers = {}
    for position in positions:
        _, state = asyncio.run(applied(log, Progress(), position))
        log.kept[position] = list(state.freeze().sections())
        pointers[f"at-{position}"] = SnapshotPointer(slot="s", snapshot_id="i", first=0, last=0, next=position)
    return Progress(next=log.end, snapshots=pointers)


def test_the_newest_snapshot_at_or_below_the_position_is_used() -> None:
    """Not one above it, not one that cannot be loaded; the state is that of the ledger alone."""
    log = MemoryLog(30)
    progress = with_snapshots(log, 5, 10, 20)
    begun, state = asyncio.run(applied(log, progress, 15))
    assert (begun.snapshot, begun.refused) == (10, ())
    log.kept[10] = None
    begun, again = asyncio.run(applied(log, progress, 15))
    assert begun.snapshot == 5
    assert begun.refused[0].startswith("10: the snapshot is not on its topic any more")
    begun, cold = asyncio.run(applied(log, progress, 15, cold=True))
    assert begun.snapshot is None
    assert state.freeze().digest() == again.freeze().digest() == cold.freeze().digest()


def test_skips_are_honoured() -> None:
    """A record that an operator left out is left out of the rebuilt state too."""
    log = MemoryLog(10)
    log.records_held[4].value = b"\xff"
    with pytest.raises(LedgerError):
        asyncio.run(applied(log, Progress(), 10))
    skip = Skip(offset=4, reason="r", who="w", at="t")
    _, state = asyncio.run(applied(log, Progress(skips={4: skip}), 10))
    assert (state.next, state.counters["applied"]) == (10, 9)


def test_a_shortened_ledger_without_a_snapshot_is_a_named_error() -> None:
    """Retention took the beginning: from a snapshot above it the state is rebuilt, otherwise the error says what is."""
    log = MemoryLog(30)
    progress = with_snapshots(log, 20)
    log.records_held, log.first = log.records_held[15:], 15
    assert asyncio.run(applied(log, progress, 25))[1].next == 25
    log.kept[20] = None
    with pytest.raises(LedgerError, match=r"got: offsets 15 to 30; expected: offset 0; .*restore the ledger"):
        asyncio.run(applied(log, progress, 25))


def test_a_hole_in_the_ledger_is_a_named_error() -> None:
    """Ledger offsets are dense; a missing one must not be passed over."""
    log = MemoryLog(10)
    del log.records_held[4]
    with pytest.raises(LedgerError, match="hole; got: offset 5; expected: offset 4"):
        asyncio.run(applied(log, Progress(), 10))


@pytest.mark.parametrize("arguments", [["abc"], [], ["--all", "0" * 32], ["x" * 31]])
def test_wrong_use_is_told_before_any_broker_is_asked(arguments: list[str]) -> None:
    """What is no id, or no choice between one alert and all of them, is wrong use: exit code 2."""
    done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, UsageError)
    assert done.exception.exit_code == 2


class ProgressLog(MemoryLog):
    """A memory log that also holds progress."""

    held = Progress()

    async def progress(self, _place: AgentPartition) -> Progress:
        return self.held


def rescored(log: ProgressLog, offsets: list[int], *, cold: bool = False) -> dict[int, Rescored]:
    """What comes of alerts at these ledger positions; nothing was published of them, and nothing comes out."""
    rescorer: Any = object.__new__(Rescorer)
    rescorer._log, rescorer._core, rescorer._cold, rescorer._partitions = log, MonitorCore("test"), cold, 1
    rescorer._today, rescorer.unpublished, rescorer._identity = VERSIONS, [], MONITOR
    triggers = {
        at: Trigger(Named(f"{at:032x}", Position(topic="fx.ledger.v1", partition=0, offset=at), VERSIONS), {})
        for at in offsets
    }

    async def everything() -> list[Rescored]:
        return [one async for one in rescorer.rescore_partition(0, triggers)]

    return {one.offset: one for one in asyncio.run(everything())}


def test_an_alert_out_of_reach_does_not_hide_the_others() -> None:
    """Before the ledger's first record, or before its first snapshot: not checked and said so; later ones are."""
    log = ProgressLog(40)
    log.held = with_snapshots(log, 5, 25)
    log.records_held, log.first = log.records_held[15:], 15
    found = rescored(log, [3, 14, 15, 24, 25, 30])
    verdicts = {at: one.verdict for at, one in found.items()}
    beyond = dict.fromkeys([3, 14, 15, 24], "out_of_reach")
    assert verdicts == beyond | {25: "reproduced", 30: "reproduced"}
    assert found[14].reason == "the ledger begins at offset 15"
    assert found[24].reason == "the ledger begins at offset 15, and no snapshot from there to the alert can be used"
    assert {one.verdict for one in rescored(log, [24, 25], cold=True).values()} == {"out_of_reach"}
    log.kept[25] = None
    refused = rescored(log, [30])[30]
    assert refused.verdict == "out_of_reach"
    assert refused.refused[0].startswith("25: ")


@pytest.mark.parametrize("arguments", [["--all"], ["--all", "--json"], [f"{14:032x}"], ["--json", f"{14:032x}"]])
def test_alerts_out_of_reach_are_told_and_have_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """In words, in JSON, and as exit code 3 for who only asks whether all was proven."""
    log = ProgressLog(40)
    log.records_held, log.first = log.records_held[15:], 15
    found = rescored(log, [14])

    class Known:
        """A rescorer that has done its work."""

        unpublished: tuple[Any, ...] = ()

        def __init__(self, *_: Any, **__: Any) -> None:
            """Nothing to connect to."""

        async def rescore_partition(self, number: int, triggers: Any) -> AsyncIterator[Rescored]:
            for at in triggers:
                assert number == 0
                yield found[at]

    named = Named(f"{14:032x}", Position(topic="fx.ledger.v1", partition=0, offset=14), VERSIONS)
    monkeypatch.setattr(cli, "Rescorer", Known)
    monkeypatch.setattr(cli, "gather", lambda *_: PublishedAlerts({0: {14: Trigger(named, {})}}, [], {}))
    done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, OutOfReachError)
    assert done.exception.exit_code == 3
    assert "1 of 1 alerts" in done.exception.message
    assert "partition 0: the ledger begins at offset 15 (1)" in done.exception.message
    if "--json" in arguments:
        told = json.loads(done.stdout.splitlines()[0])
        assert (told["verdict"], told["reason"]) == ("out_of_reach", "the ledger begins at offset 15")
    else:
        assert "out of reach" in done.stdout


def spoken(name: str, english: str, korean: str, change: str) -> dict[str, Any]:
    """An alert's body with sentences."""
    return BODY | {
        "typologies": [{"id": "T01", "name": name}],
        "reasons": [{"value": 1.10, "text_en": english, "text_ko": korean}],
        "counterfactual": [{"change": change, "would_alert": False}],
    }


SPOKEN, REWORDED = spoken("Split", "a", "b", "had"), spoken("Split remittance", "c", "d", "had it")


ITEMS = "fx.openitems.v1"


def compared(published: bytes, *, release: str) -> Rescored:
    """An alert of a release compared with `REWORDED`, as the release of today gives it."""
    rescorer = Rescorer.__new__(Rescorer)
    rescorer._identity = MONITOR
    rescorer._today = msgspec.structs.replace(VERSIONS, code="today")
    named = Named(
        "a1", Position(topic="fx.ledger.v1", partition=3, offset=7), msgspec.structs.replace(VERSIONS, code=release)
    )
    rebuilt = shown(json.dumps(REWORDED).encode())
    output = Output(MAIN, rebuilt.partition, rebuilt.key, rebuilt.value, list(rebuilt.headers), rebuilt.timestamp_ms)
    # what the monitor writes of the same record beside its alerts
    beside = [Output(topic, 3, b"k", value, [], 1) for topic, value in (("fx.notices.v1", b"{}"), (ITEMS, None))]
    return rescorer._compare(Trigger(named, {MAIN: [shown(published)]}), [*beside, output])


def test_an_entry_of_a_supervisors_list_is_compared_too() -> None:
    """It is named by its key; a figure that differs is found, and an entry that another release worded too."""
    ledger = firm()
    (entry,) = april(ledger).values()
    output = screen_output(entry, ledger.log[-2][1], 3)
    record = SimpleNamespace(value=output.value, key=output.key)
    named = _named(SCREENS, record)
    assert (named.alert_id, named.position, named.versions) == (entry.key, entry.position, entry.versions)
    rescorer = Rescorer.__new__(Rescorer)
    rescorer._identity, rescorer._today = MONITOR, entry.versions
    kept = Shown(3, output.key, output.value, (), output.timestamp_ms)
    forged = kept._replace(value=(output.value or b"").replace(b"51000000.00", b"91000000.00"))
    for published, verdict in ((kept, "reproduced"), (forged, "differs")):
        assert rescorer._compare(Trigger(named, {SCREENS: [published]}), [output]).verdict == verdict
    other = msgspec.structs.replace(named, versions=msgspec.structs.replace(named.versions, code="before"))
    reworded = kept._replace(value=(output.value or b"").replace(b"This firm, registered", b"Registered"))
    assert reworded != kept
    assert rescorer._compare(Trigger(other, {SCREENS: [reworded]}), [output]).verdict == "other_release"
    # an alert of the same record, rescored alone, is not compared with the list
    assert rescorer._compare(Trigger(named, {}), [output]).verdict == "reproduced"


def test_another_release_may_say_the_same_in_other_words() -> None:
    """Told as such; the same release must say it word for word."""
    other = compared(json.dumps(SPOKEN).encode(), release="before")
    assert (other.verdict, other.reworded, other.difference) == ("other_release", True, None)
    same = compared(json.dumps(SPOKEN).encode(), release="today")
    assert (same.verdict, same.reworded) == ("differs", False)
    assert compared(json.dumps(REWORDED).encode(), release="before").reworded is False
    assert compared(json.dumps(REWORDED).encode(), release="today").verdict == "reproduced"


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"score": 0.25}, "$.score"),
        ({"reasons": [{"value": 1.1, "text_en": "a", "text_ko": "b"}] * 2}, "$.reasons[1]"),
        ({"reasons": [{"value": 1.2, "text_en": "a", "text_ko": "b"}]}, "$.reasons[0].value"),
        ({"counterfactual": [{"change": "had", "would_alert": True}]}, "$.counterfactual[0].would_alert"),
        ({"typologies": [{"id": "T02", "name": "Split"}]}, "$.typologies[0].id"),
        ({"typologies": 3}, "$.typologies"),
        ({"reasons": [{"value": 1.1, "text_en": 1, "text_ko": "b"}]}, "$.reasons[0].text_en"),
    ],
)
def test_another_release_must_find_the_same(changed: dict[str, Any], where: str) -> None:
    """Figures, decisions and the number of reasons are no wording."""
    one = compared(json.dumps(SPOKEN | changed).encode(), release="before")
    assert (one.verdict, one.reworded) == ("differs", False)
    assert one.difference is not None
    assert one.difference.where == f"{MAIN} value {where}"


def test_what_is_no_alert_has_no_sentences() -> None:
    """It is compared as it is."""
    for value in (None, b"", b"\xff", b"[1]"):
        assert compared(value or b"", release="before").verdict == "differs"
