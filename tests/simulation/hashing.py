"""The cheapest core in which every lost, doubled, reordered or wrongly skipped record shows.

It keeps what the real one keeps (marks, fingerprints, counters) and learns a rolling hash. A record's value is
`source partition, source offset, identity, body`, decimal, blank between.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.errors import LedgerError, SnapshotError
from streams.monitor.tally import Tally
from streams.partition.outputs import Output

TOPIC, COPIES = "fx.alerts.v1", "fx.notices.v1"
WINDOW = 200
_PRIME, _MODULUS = 1_000_003, (1 << 61) - 1


class Learned(msgspec.Struct):
    """What was learned; `recent` holds identity -> body of the last `WINDOW` new events, oldest first."""

    next: int = 0
    hash: int = 0
    learned: int = 0
    counters: dict[str, int] = msgspec.field(
        default_factory=lambda: dict.fromkeys(
            ("applied", "duplicates", "conflicts", "redelivered", "refused", "alerts"), 0
        )
    )
    marks: dict[int, int] = {}
    recent: dict[int, int] = {}

    parties = ()

    @property
    def watermark(self) -> float | None:
        """Event time: an hour an event, so that daily snapshots come up."""
        return self.learned * 3600.0 if self.learned else None

    def freeze(self) -> "Packed":
        """As a snapshot holds it."""
        return Packed(msgspec.msgpack.encode(self))

    def freezing(self) -> tuple["Packed", Iterator[None]]:
        """The same, filled after others had a turn: what is applied in between would show."""
        packed = Packed(b"")

        def steps() -> Iterator[None]:
            yield
            packed.content = msgspec.msgpack.encode(self)

        return packed, steps()


class Packed:
    """A frozen state."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def sections(self) -> Iterator[tuple[str, bytes]]:
        """Two pieces, so that one can be lost."""
        half = len(self.content) // 2
        yield "first", self.content[:half]
        yield "second", self.content[half:]

    def digest(self) -> str:
        """The content itself."""
        return self.content.hex()


class HashingCore:
    """A `streams.partition.partition.Core`; 2 us a record."""

    def __init__(self) -> None:
        self.tally = Tally()

    def new(self, partition: int) -> Learned:
        return Learned(hash=partition)

    def thaw(self, partition: int, sections: list[tuple[str, bytes]]) -> Learned:
        try:
            return msgspec.msgpack.decode(b"".join(packed for _, packed in sections), type=Learned)
        except msgspec.DecodeError as fault:
            raise SnapshotError("the snapshot's contents cannot be used", got=str(fault)) from fault

    def skip(self, state: Learned, offset: int) -> None:
        state.next = offset + 1

    def apply(self, state: Learned, partition: int, record: Any, *, muted: bool) -> list[Output]:
        try:
            source, number, identity, body = map(int, record.value.split())
        except ValueError as fault:
            # what it did before it failed must not be kept: as if a model had learned half of the event
            state.hash += 1
            raise LedgerError("a record cannot be read", got=record.value) from fault
        counters = state.counters
        state.next = record.offset + 1
        if number <= state.marks.get(source, -1):
            counters["redelivered"] += 1
            return []
        state.marks[source] = number
        known = state.recent.get(identity)
        if known is not None:
            counters["duplicates" if known == body else "conflicts"] += 1
            return [] if known == body or muted else [_output(COPIES, partition, record, state.hash)]
        state.recent[identity] = body
        if len(state.recent) > WINDOW:
            del state.recent[next(iter(state.recent))]
        counters["applied"] += 1
        state.learned += 1
        state.hash = (state.hash * _PRIME + identity * 31 + body) % _MODULUS
        if body % 9:
            return []
        counters["alerts"] += 1
        return [] if muted else [_output(TOPIC, partition, record, state.hash)]


def _output(topic: str, partition: int, record: Any, value: int) -> Output:
    return Output(topic, partition, b"%d" % record.offset, b"%x" % value, [], record.offset)


def forged(sections: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """A well-formed state that no ledger ever led to."""
    state = msgspec.msgpack.decode(b"".join(packed for _, packed in sections), type=Learned)
    state.hash += 1
    return list(state.freeze().sections())
