"""The dead letters of conflicts: what is written when the original is gone, and what is no notice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.contracts.events import Source
from detectors.core import Notice
from streams.contracts.dead_letters import Letter
from streams.ingest import conflict_letters
from streams.kafka import original_records
from streams.kafka.unreadable_sets import Unreadable
from tests.support.input_log import InputLog, input_record
from tests.support.notice_letters import INPUT, TP, letters_of, notice


def deliveries(monkeypatch: pytest.MonkeyPatch, *told: Notice) -> list[list[Letter]]:
    """The letters of notices that come at once, by delivery."""
    found: list[list[Letter]] = []

    async def deliver(letters: Sequence[Letter]) -> None:
        found.append(list(letters))

    monkeypatch.setattr(original_records, "ORIGINAL_SECONDS", 0.05)
    asyncio.run(letters_of(deliver).write([(one, 7) for one in told]))
    return found


def written(monkeypatch: pytest.MonkeyPatch, one: Notice, last: int = 8, *, stuck: bool = False) -> list[Letter]:
    """The letters of a notice; the inputs hold records from 5 to `last`, and end at 9."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(5, last + 1)], 5, 9)
    log.stuck = stuck
    return [letter for some in deliveries(monkeypatch, one) for letter in some]


@pytest.mark.parametrize(
    ("offset", "original", "said"),
    [
        (4, b"v", "past their topic's retention"),
        (6, b"v", None),
        (6, b"w", "created anew, and holds another record there"),
        (9, b"v", "their topic ends at offset 9"),
        (12, b"v", "ends at offset 9"),
    ],
    ids=["before the first", "there", "another there", "at the end", "beyond the end"],
)
def test_an_original_that_is_gone_leaves_a_letter_without_its_bytes(
    monkeypatch: pytest.MonkeyPatch, offset: int, original: bytes, said: str | None
) -> None:
    """Before the first record, beyond the last, or not the bytes that conflicted: the letter says what happened."""
    [letter] = written(monkeypatch, notice(offset, original))
    if said is None:
        assert (letter.record.value, letter.record.timestamp_ms, letter.topic_id) == (b"v", 3, b"")
        assert "original bytes" not in letter.message
    else:
        assert (letter.record.value, letter.record.timestamp_ms) == (None, 7)
        assert said in letter.message


def test_a_letter_names_the_topic_and_the_time_of_the_record_that_conflicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice tells both: a topic created again has the same name, and a notice is written when it is found."""
    told = msgspec.structs.replace(notice(4, b"v"), topic_id="AAAAAAAAAAAAAAAAAAAAAQ", timestamp_ms=11)
    [letter] = written(monkeypatch, told)
    assert (letter.topic_id, letter.record.timestamp_ms) == (b"AAAAAAAAAAAAAAAAAAAAAQ", 11)


def test_an_original_that_can_never_come_holds_no_letter_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a topic created anew with fewer partitions, or where a transaction's marker stands now.

    Failure prevented: it was asked for again every 2 s for ever, and no conflict of anybody had a letter any more.
    """
    elsewhere = msgspec.structs.replace(notice(6), source=Source(INPUT, 63, 6))
    [letter] = written(monkeypatch, elsewhere)
    assert letter.message.endswith("the original bytes are gone: their topic has no such partition any more")
    [letter] = written(monkeypatch, notice(8), last=7)
    assert letter.message.endswith("holds another record there")
    with pytest.raises(TimeoutError):  # a broker that is slow: it may still come
        written(monkeypatch, notice(8), stuck=True)


def test_a_batch_of_notices_has_one_reader_and_each_its_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order they came: one letter each, at its own place, with its own bytes; those twice said, two.

    Failure prevented: a reader was opened for each, and 5 000 conflicts of one bank took 75 s.
    """
    values = {offset: b"v%d" % offset for offset in range(100)}
    log = InputLog.install(monkeypatch, [input_record(*one) for one in values.items()], 0, 100)
    told = [notice(offset, values[offset]) for offset in (*range(99, -1, -1), 50)]
    lost = [msgspec.structs.replace(notice(6), source=Source(INPUT, partition, 6)) for partition in (3, 63)]
    letters = [letter for some in deliveries(monkeypatch, *told, *lost) for letter in some]
    assert len(log.readers) == 1
    found = Counter((one.record.partition, one.record.offset, one.record.value) for one in letters)
    assert found == Counter(
        {(4, offset, value): 1 + (offset == 50) for offset, value in values.items()}
        | {(3, 6, None): 1, (63, 6, None): 1}
    )
    assert sum("original bytes" in one.message for one in letters) == 2


def test_letters_are_delivered_before_many_large_ones_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 originals of a megabyte are never in memory together, and small ones go at once."""
    large = b"x" * 1_000_000
    InputLog.install(monkeypatch, [input_record(offset, large) for offset in range(12)], 0, 12)
    found = deliveries(monkeypatch, *(notice(offset, large) for offset in range(12)))
    assert [[one.record.offset for one in some] for some in found] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    InputLog.install(monkeypatch, [input_record(offset) for offset in range(100)], 0, 100)
    assert [len(some) for some in deliveries(monkeypatch, *map(notice, range(100)))] == [100]


def test_a_code_of_a_newer_release_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monitors are upgraded first; their notices must not end the ingest workers of the release before."""
    [letter] = written(monkeypatch, msgspec.structs.replace(notice(6), code="event.brand_new"))
    assert (letter.codes, letter.record.value) == (("event.brand_new",), b"v")
    assert letter.message.startswith(conflict_letters.NEWER)


def record(value: bytes | None) -> Any:
    return SimpleNamespace(topic=TP.topic, partition=0, offset=3, value=value, timestamp=7)


def changed(**fields: Any) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(notice(6), **fields))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        None,
        b"garbage",
        b"[]",
        b"\xff",
        changed(source=None),
        changed(source=Source("fx.audit.v1", 0, 1)),
        changed(source=Source(INPUT, -1, 1)),
        changed(source=Source(INPUT, 1, -1)),
        changed(code="\x1b[2J"),
        changed(code="x" * 5000),
    ],
)
def test_what_is_no_notice_is_told_and_passed(value: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever may write to the topic; ingest ended at it at every start."""
    assert conflict_letters.understood(record(value), conflict_letters.ForeignNotices()) is None
    assert "fx.notices.v1[0] offset 3 is no notice of a monitor, and is passed" in caplog.text
    assert conflict_letters.understood(record(changed()), conflict_letters.ForeignNotices()) == notice(6)


def test_a_flood_of_foreign_notices_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """10 000 of them, and another a minute later, which says how many there were."""
    clock = SimpleNamespace(now=0.0)
    tell = conflict_letters.ForeignNotices(lambda: clock.now)
    for _ in range(10_000):
        conflict_letters.understood(record(b"garbage"), tell)
    clock.now = conflict_letters.FOREIGN_SECONDS
    conflict_letters.understood(record(b"garbage"), tell)
    assert [one.getMessage().count("; 9999 before it") for one in caplog.records] == [0, 1]


def test_a_record_set_that_cannot_be_read_is_told_and_passed(caplog: pytest.LogCaptureFixture) -> None:
    """Its place is handed over (streams/kafka/unreadable_sets.py)."""
    unreadable = Unreadable(TP.topic, 0, 3, 9, -1, 100, "ab", "set.too_large", "it would be 1.9 GB")
    assert conflict_letters.understood(unreadable, conflict_letters.ForeignNotices()) is None
    assert "it would be 1.9 GB" in caplog.text
