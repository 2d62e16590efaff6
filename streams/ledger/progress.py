"""Records of `fx.progress.v1`: per agent and partition, the ledger position up to which outputs are published.

The topic is compacted. Six kinds of record share a partition's log, told apart by key:

* `<agent>/<partition>`: the position, written in the same Kafka transaction as the outputs it covers;
* `<agent>/<partition>/snapshot/<slot>`: where a snapshot lies on `fx.snapshots.v1`, so that loading seeks instead of
  scans;
* `<agent>/<partition>/skip/<offset>`: an operator's decision to skip a ledger position, honoured by every later replay;
  `ingest/<partition>/skip/<topic>/<offset>`: one to pass a damaged record set of an input topic;
* `ingest/<topic>/<partition>`: the offset of an input, or of the notices, up to which ingest has accounted for;
  `.../passed/<offset>`: input records that passed it by, `.../acknowledged/<first>-<last>`: an operator's decision that
  such stay unread (streams/ledger/input_positions.py, streams/ingest/conflict_positions.py);
* `ingest/routing`, in partition 0: what tells whether ingest still has the routing key (streams/ingest/routing_key.py);
* `application`, in partition 0: the application whose topics these are (streams/partition/application_claim.py).

Each record's value is JSON that begins with a checksum of the rest: a position with one digit changed is still a
position, and would mute alerts that nobody has, or publish some twice.
"""

import hashlib
from typing import Final, Literal, TypeVar

import msgspec

from streams.errors import ProgressError
from streams.kafka.agent_names import key_of


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """Outputs of every ledger offset below `next` are published.

    `ledger` is the ledger's topic id (KIP-516): a position says nothing of a ledger that was created anew. Empty where
    it is not known.
    """

    next: int
    ledger: str = ""


class SnapshotPointer(msgspec.Struct, frozen=True, kw_only=True):
    """A committed snapshot: its offsets on `fx.snapshots.v1` (first..last, inclusive), the ledger position it holds."""

    slot: str
    snapshot_id: str
    first: int
    last: int
    next: int


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's decision: ledger offset `offset`, or all to `last`, is not applied. `reason`, `who`: for the audit.

    With `topic` it is about an input: the damaged record set there is passed, and a dead letter stands for it.
    `topic_id` is that topic's (KIP-516): offsets say nothing of one that was created anew.
    """

    offset: int
    reason: str
    who: str
    at: str
    last: int = -1
    topic: str = ""
    topic_id: str = ""


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """The routing key that the ledger's partitions rest on: its public id, and `Keys.routing_check` under it."""

    key: str
    check: str


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The application whose topics these are, and when it claimed them (UTC, for people)."""

    name: str
    at: str


class InputPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Offsets below `next` of one input partition are accounted for. `topic_id` is the topic's (KIP-516)."""

    next: int
    topic_id: str


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """Records at `first` to `next` (exclusive) of one input partition that ingest did not read.

    `deleted`: they were gone before it came to them; `moved`: the group's offset was moved past them. `at` is when it
    was found (UTC, for people).
    """

    first: int
    next: int
    cause: Literal["deleted", "moved"]
    topic_id: str
    at: str = ""


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's decision: records at `first` to `next` (exclusive) of one input partition stay unread.

    They passed ingest by and are known for lost. `reason`, `who`, `at` (UTC): for the audit.
    """

    first: int
    next: int
    topic_id: str
    reason: str
    who: str
    at: str


class Progress(msgspec.Struct, kw_only=True):
    """What one partition's log says: published position, snapshots by slot, skipped offsets."""

    next: int = 0
    ledger: str = ""
    snapshots: dict[str, SnapshotPointer] = {}
    skips: dict[int, Skip] = {}
    input_skips: list[Skip] = []

    def absorb(self, agent: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Take in one record; records of other agents and partitions are ignored, a later record of a key wins.

        Raises `ProgressError` for a value that cannot be read; then nothing has changed.
        """
        kind = key_kind(agent, partition, key)
        if kind is None or value is None:
            return
        if kind == ("published", ""):
            published = decode(value, Published)
            self.next, self.ledger = max(self.next, published.next), published.ledger or self.ledger
        elif kind[0] == "snapshot":
            self.snapshots[kind[1]] = decode(value, SnapshotPointer)
        elif kind[0] == "skip":
            skip = decode(value, Skip)
            if skip.topic:
                self.input_skips.append(skip)
            else:
                self.skips |= dict.fromkeys(range(skip.offset, max(skip.offset, skip.last) + 1), skip)


class AgentPartition(msgspec.Struct, frozen=True):
    """An agent's partition, and the topic its progress is kept on."""

    topic: str
    agent: str
    partition: int

    def __str__(self) -> str:
        return f"{self.agent}[{self.partition}]"

    @property
    def published_key(self) -> bytes:
        """Key of the published position."""
        return key_of(self.agent, self.partition)

    def snapshot_key(self, slot: str) -> bytes:
        """Key of a snapshot's pointer."""
        return key_of(self.agent, self.partition, "snapshot", slot)

    def skip_key(self, offset: int, topic: str = "") -> bytes:
        """Key of a skip decision; with `topic`, of one on an input."""
        name = f"{topic}/{offset}" if topic else str(offset)
        return key_of(self.agent, self.partition, "skip", name)


def key_kind(agent: str, partition: int, key: bytes) -> tuple[str, str] | None:
    """(kind, name) of a progress record's key, or None when it belongs to another agent or partition."""
    parts = key.decode("utf-8", "replace").split("/", 3)
    if parts[:2] != [agent, str(partition)]:
        return None
    if len(parts) == 2:  # noqa: PLR2004  (agent and partition alone)
        return "published", ""
    return (parts[2], parts[3]) if len(parts) == 4 else None  # noqa: PLR2004


_OPENING: Final = b'{"check":"'
_CHECK_BYTES: Final = 8
_BODY: Final = len(_OPENING) + 2 * _CHECK_BYTES + len(b'",')
_Record = TypeVar(
    "_Record", Published, SnapshotPointer, Skip, Routing, Application, InputPosition, Passed, Acknowledged
)


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).hexdigest().encode()


def encode(
    record: Published | SnapshotPointer | Skip | Routing | Application | InputPosition | Passed | Acknowledged,
) -> bytes:
    """A record's value: JSON whose first field, `check`, is a checksum of what follows it."""
    body = msgspec.json.encode(record)[1:]
    return _OPENING + _check(body) + b'",' + body


def decode(value: bytes, kind: type[_Record]) -> _Record:
    """The record behind a value. Raises `ProgressError` when it is not what `encode` wrote."""
    body = value[_BODY:]
    try:
        if value[:_BODY] != _OPENING + _check(body) + b'",':
            raise ValueError("its checksum does not match")  # noqa: TRY301  (one place says what a bad record means)
        return msgspec.json.decode(b"{" + body, type=kind)
    except ValueError as fault:
        raise ProgressError(
            f"a record of the progress topic cannot be read: {fault}",
            got=repr(value[:100]),
            expected=f"a {kind.__name__} as this version of fxwatch writes it",
        ) from fault
