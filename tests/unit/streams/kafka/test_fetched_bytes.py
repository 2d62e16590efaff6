"""What one look takes of a partition's answer: so many records or so many bytes, one at least, and no record twice."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from streams.kafka import fetched_bytes
from streams.kafka.fetched_bytes import BoundedResult, weigh

TP = TopicPartition("fx.transactions.v1", 3)


def record(offset: int, size: int = 10) -> Any:
    return SimpleNamespace(offset=offset, key=None, value=bytes(size), headers=())


class Answer:
    """As aiokafka's records of a partition: an iterator, and the position behind what was taken; `end` is its last."""

    def __init__(self, records: list[Any], end: int) -> None:
        self._records, self._end = iter(records), end
        self.next_fetch_offset = 0

    def __iter__(self) -> "Answer":
        return self

    def __next__(self) -> Any:
        found = next(self._records, None)
        if found is None:
            self.next_fetch_offset = self._end
            raise StopIteration
        self.next_fetch_offset = found.offset + 1
        return found


class Assigned:
    """What a consumer keeps of a partition: its position, whether it is paused, and whether it is still assigned."""

    active = True

    def __init__(self) -> None:
        self.position, self.paused = 0, False

    def state_value(self, place: TopicPartition) -> "Assigned | None":
        return self if place == TP else None

    def consumed_to(self, position: int) -> None:
        self.position = position


def result(*records: Any, end: int = 0) -> tuple[BoundedResult, Assigned]:
    assigned = Assigned()
    return BoundedResult(
        TP, assignment=assigned, partition_records=Answer(list(records), end or len(records)), backoff=0
    ), assigned


def offsets(records: list[Any]) -> list[int]:
    return [one.offset for one in records]


@pytest.mark.parametrize(
    ("key", "value", "headers", "bytes_taken"),
    [
        (None, None, (), 0),
        (b"key", None, (), 3),
        (None, b"value", (), 5),
        (b"key", b"value", (), 8),
        (b"key", b"value", (("a", b"1"), ("b", None)), 308),
    ],
)
def test_a_record_weighs_its_key_its_value_and_what_its_headers_take(
    key: bytes | None, value: bytes | None, headers: Any, bytes_taken: int
) -> None:
    """A header costs 150 bytes as Python keeps it, however short it is: millions of them fit into a small set."""
    assert weigh(SimpleNamespace(key=key, value=value, headers=headers)) == bytes_taken


def test_a_look_ends_with_the_record_that_reaches_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of the records of this look counts; the position follows what was taken; the rest stays for the next."""
    monkeypatch.setattr(fetched_bytes, "BYTES_A_PARTITION", 30)
    found, assigned = result(*(record(number) for number in range(7)))
    assert offsets(found.getall()) == [0, 1, 2]
    assert assigned.position == 3
    assert found.has_more()
    assert offsets(found.getall()) == [3, 4, 5]
    assert (offsets(found.getall()), assigned.position, found.has_more()) == ([6], 7, False)


def test_one_record_is_taken_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else would bring the partition on."""
    monkeypatch.setattr(fetched_bytes, "BYTES_A_PARTITION", 30)
    found, _ = result(record(0, 500), record(1), record(2, 19), record(3, 1), record(4))
    assert [offsets(found.getall()) for _ in range(3)] == [[0], [1, 2, 3], [4]]


@pytest.mark.parametrize(
    ("most", "looks"), [(1, [[0], [1], [2]]), (2, [[0, 1], [2]]), (3, [[0, 1, 2]]), (None, [[0, 1, 2]])]
)
def test_a_look_takes_so_many_records(most: int | None, looks: list[list[int]]) -> None:
    """None: as many as there are. Every record once, in order, whatever the number; then none."""
    found, assigned = result(*(record(number) for number in range(3)))
    for look in looks:
        assert offsets(found.getall(most)) == look
        assert assigned.position == look[-1] + 1
    assert (found.getall(most), found.has_more()) == ([], False)


def test_an_answer_without_records_brings_the_position_on() -> None:
    """Markers and rolled-back records are none, and what follows them is fetched only from behind them."""
    found, assigned = result(end=9)
    assert (found.getall(), assigned.position, found.has_more()) == ([], 9, False)


@pytest.mark.parametrize("field", ["active", "paused", "position"])
def test_nothing_is_given_of_a_partition_that_was_taken_away_paused_or_sought(field: str) -> None:
    """It would be applied twice, or at a place where nobody wants it."""
    found, assigned = result(record(0))
    setattr(assigned, field, {"active": False, "paused": True, "position": 5}[field])
    assert found.getall() == []
    assert assigned.position == (5 if field == "position" else 0)
