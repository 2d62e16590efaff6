"""What stands in the place of a record set that cannot be read: which offsets it stands for, and why not.

A record set (a batch) is what a sender wrote at once and compressed as a whole.

Two kinds are told apart by who can have made them (docs/GUARANTEES.md, "One sender against the rest"):

* brokers check CRC, framing and codec of what senders write. A set that fails there was *damaged* since, or is of a
  codec that this release does not know. It holds records that were acknowledged, and it may be mended: it stops its
  partition, and nobody passes over it but by an operator's decision.
* all else a sender can write on purpose: too many bytes or records, data that brokers take and this reader does not.
"""

from dataclasses import dataclass

from aiokafka.errors import KafkaError

TOO_LARGE, UNDECODABLE, DAMAGED, CODEC = "set.too_large", "set.undecodable", "set.damaged", "set.codec"


@dataclass(slots=True, frozen=True)
class Unreadable:
    """Stands in the place of a record set, or of one offset of it, as a record without contents.

    `first` to `offset` (inclusive) are what it stands for; `size` and `sha256` are of the set's bytes as fetched.
    `code` is one of `streams.contracts.refusal_codes.CODES`; `cause` says more, without contents. `damaged`: no sender
    can have made it.
    """

    topic: str
    partition: int
    first: int
    offset: int
    timestamp: int
    size: int
    sha256: str
    code: str
    cause: str
    timestamp_type: int = 0
    key: None = None
    value: None = None
    headers: tuple[()] = ()
    checksum: None = None

    @property
    def damaged(self) -> bool:
        """Whether it was damaged since a broker took it, or needs another release of fxwatch; no sender's doing."""
        return self.code in {DAMAGED, CODEC}

    def __str__(self) -> str:
        span = f"offset {self.first}" if self.first == self.offset else f"offsets {self.first} to {self.offset}"
        return f"{self.topic}[{self.partition}] {span}: {self.cause}"


class UnreadableSetError(KafkaError):  # type: ignore[misc]  # aiokafka ships no types
    """A record set that cannot be read, for a reader that has no use for what stands in its place."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(f"a record set cannot be read: {unreadable}")
        self.unreadable = unreadable
