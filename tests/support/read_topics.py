"""Topics in memory, behind the reader that the commands read with: what they show is tried without a broker."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, Self

import pytest
from aiokafka import TopicPartition

from streams.errors import NotAuthorizedError
from streams.kafka import topic_reader
from streams.settings import Settings


class Stored(NamedTuple):
    """A committed record."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0


class TopicsRead:
    """In place of `topic_reader.Reader`: reads what `held` has, each partition in the order of its offsets."""

    held: ClassVar[dict[tuple[str, int], list[Any]]] = {}
    counts: ClassVar[dict[str, int]] = {}
    denied: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, settings: Settings, names: Iterable[str], partitions: Iterable[int] | None = None, *, known: bool = False
    ) -> None:
        del settings, known
        topics = list(names)
        if refused := sorted(self.denied.intersection(topics)):
            raise NotAuthorizedError("this client may not read", got=", ".join(refused), expected="a right", todo="ask")
        some = None if partitions is None else set(partitions)
        self.begins, self.ends = dict[TopicPartition, int](), dict[TopicPartition, int]()
        for topic in topics:
            for number in range(self.counts.get(topic, 1)):
                if some is None or number in some:
                    place = TopicPartition(topic, number)
                    self.begins[place] = 0
                    self.ends[place] = max((one.offset for one in self.held.get((topic, number), [])), default=-1) + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def read_to_end(
        self, starts: dict[TopicPartition, int] | None = None, told: topic_reader.Told | None = None
    ) -> Iterator[tuple[TopicPartition, list[Any]]]:
        """As the reader does."""
        first = self.begins | (starts or {})
        for place, end in self.ends.items():
            records = [one for one in self.held.get(tuple(place), []) if first[place] <= one.offset < end]
            if records:
                yield place, records
                if told is not None:
                    told(len(records), end)


def hold(
    monkeypatch: pytest.MonkeyPatch,
    held: dict[tuple[str, int], list[Any]],
    counts: dict[str, int],
    denied: Iterable[str] = (),
) -> None:
    """Let the commands read these records; topics that `counts` does not name have one partition."""
    monkeypatch.setattr(TopicsRead, "held", held)
    monkeypatch.setattr(TopicsRead, "counts", counts)
    monkeypatch.setattr(TopicsRead, "denied", frozenset(denied))
    monkeypatch.setattr(topic_reader, "Reader", TopicsRead)
    monkeypatch.setattr(
        topic_reader, "count_partitions_of", lambda _, names: {name: counts.get(name, 1) for name in names}
    )
