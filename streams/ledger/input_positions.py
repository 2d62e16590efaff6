"""What ingest has accounted for of each input partition, kept beside the group's offsets, and what passed it by.

Two things take records past ingest without a word of Kafka's. Retention may delete them before they are read: the
consumer then goes on at the log's start. An operator may move the group's offsets forward. So ingest keeps a position
of its own on `fx.progress.v1` (`ingest/<topic>/<partition>`) and compares. What passed it by is logged, counted, and
kept there too (`.../passed/<first offset>`), where `fxwatch reconcile` finds it, until an operator has acknowledged it
(`.../acknowledged/<first>-<last>`, `fxwatch acknowledge`).

Offsets that are moved back, and groups that are deleted, do no harm: what is read again is dropped by the marks.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import AnyStr

import msgspec

from streams.errors import ProgressError
from streams.kafka.agent_names import INGEST
from streams.ledger.progress import Acknowledged, InputPosition, Passed, decode, encode

AGENT = INGEST

InputPartition = tuple[str, int]


class Kept(msgspec.Struct):
    """What the progress topic says of the input partitions: positions, what was passed, and what of it was settled."""

    positions: dict[InputPartition, InputPosition] = {}
    passed: dict[tuple[InputPartition, int], Passed] = {}
    acknowledged: dict[tuple[InputPartition, str], Acknowledged] = {}

    def absorb(self, key: bytes, value: bytes | None) -> None:
        """Take in one record; others' keys are ignored, a record that cannot be read counts as none."""
        parts = key.decode("utf-8", "replace").split("/")
        if value is None or len(parts) not in (3, 5) or parts[0] != AGENT or not parts[2].isdecimal():
            return
        place = parts[1], int(parts[2])
        try:
            if len(parts) == 3:  # noqa: PLR2004  (agent, topic, partition)
                self.positions[place] = decode(value, InputPosition)
            elif parts[3] == "passed" and parts[4].isdecimal():
                self.passed[place, int(parts[4])] = decode(value, Passed)
            elif parts[3] == "acknowledged":
                self.acknowledged[place, parts[4]] = decode(value, Acknowledged)
        except ProgressError:
            return  # the group's offset alone then says where ingest stands


def position_record(place: InputPartition, position: InputPosition) -> tuple[bytes, bytes]:
    """Key and value of a position."""
    return f"{AGENT}/{place[0]}/{place[1]}".encode(), encode(position)


def passed_record(place: InputPartition, passed: Passed) -> tuple[bytes, bytes]:
    """Key and value of what was passed."""
    return f"{AGENT}/{place[0]}/{place[1]}/passed/{passed.first}".encode(), encode(passed)


def acknowledged_record(place: InputPartition, one: Acknowledged) -> tuple[bytes, bytes]:
    """Key and value of a decision that records stay unread."""
    return f"{AGENT}/{place[0]}/{place[1]}/acknowledged/{one.first}-{one.next - 1}".encode(), encode(one)


def of_topic(told: AnyStr, current: AnyStr) -> bool:
    """Whether a record is of the topic that is there now; earlier releases wrote no id."""
    return not told or not current or told == current


def is_acknowledged(kept: Kept, place: InputPartition, passed: Passed) -> bool:
    """Whether operators have settled every offset of what was passed."""
    at = passed.first
    for one in sorted(
        (one for (where, _), one in kept.acknowledged.items() if where == place), key=lambda one: one.first
    ):
        if one.first <= at and of_topic(one.topic_id, passed.topic_id):
            at = max(at, one.next)
    return at >= passed.next


def find_passed_by(
    kept: Kept, begins: Mapping[InputPartition, int], ids: Mapping[str, str], committed: Mapping[InputPartition, int]
) -> Iterator[tuple[InputPartition, int, int]]:
    """What ingest says that passed it by, and what went since it last said where it stands: (place, first, end).

    `begins` are the logs' beginnings now, `ids` the topics' ids, `committed` the group's offsets.
    """
    for (place, _), passed in kept.passed.items():
        if place in begins and of_topic(passed.topic_id, ids.get(place[0], "")):
            yield place, passed.first, min(passed.next, begins[place])
    for place, begin in begins.items():
        position = kept.positions.get(place)
        known = position is not None and of_topic(position.topic_id, ids.get(place[0], ""))
        at = max(position.next if position is not None and known else -1, committed.get(place, -1))
        if 0 <= at < begin:
            yield place, at, begin


class Sought(msgspec.Struct, frozen=True):
    """Where the group's committed offset stood when a partition was taken over; `ours` when a worker committed it.

    Kafka's own tools write no topic id beside an offset. `committed` is None where there is none.
    """

    committed: int | None
    ours: bool


class InputAccount:
    """Pure part: follows each partition held, and tells what passed it by.

    `next` is what is accounted for. Offsets without records (markers of transactions, records that their senders rolled
    back) look like records that were skipped, also when they are deleted in the end. So of a log that is being read
    only that counts as deleted which lies behind an offset where a broker refused to read on.
    """

    def __init__(self) -> None:
        self.next: dict[InputPartition, int] = {}
        self._sought: dict[InputPartition, Sought] = {}
        self._first: dict[InputPartition, int] = {}
        self._jumps: list[tuple[InputPartition, int, int]] = []
        self._lost: dict[InputPartition, set[int]] = {}

    def note_sought(self, places: dict[InputPartition, Sought]) -> None:
        """A new assignment, or a new look at the committed offsets, of these places and no others."""
        self._sought, self._first, self._lost = dict(places), {}, {}
        self._jumps.clear()
        self.next = {}

    def note_lost(self, place: InputPartition, at: int) -> None:
        """A broker refused to read on at offset `at`: its log begins beyond it by now, or ends before it."""
        self._lost.setdefault(place, set()).add(at)

    def note_delivered(self, runs: Iterable[tuple[InputPartition, int, int]]) -> None:
        """Offsets `first` to `last` of a place were read and what came of them is written."""
        for place, first, last in runs:
            if place not in self._sought and place not in self.next:
                continue  # held no more
            # a run of before the assignment may be written after it
            if place in self._sought and first >= (self._sought[place].committed or 0):
                self._first.setdefault(place, first)
            if place in self.next and first > self.next[place]:
                self._jumps.append((place, self.next[place], first))
            self.next[place] = max(self.next.get(place, 0), last + 1)

    def read_on(self, places: Iterable[tuple[InputPartition, int]]) -> None:
        """All that could be delivered below these offsets is written: where no record has them, nothing comes of it."""
        for place, offset in places:
            if offset > (self._sought[place].committed or 0 if place in self._sought else 0):
                self.note_delivered([(place, offset, offset - 1)])

    @property
    def unsettled(self) -> frozenset[InputPartition]:
        """Places taken over whose kept positions were not compared yet."""
        return frozenset(self._sought)

    def settle(
        self,
        kept: dict[InputPartition, InputPosition],
        ids: dict[str, str],
        bounds: dict[InputPartition, tuple[int, int]],
    ) -> list[tuple[InputPartition, Passed]]:
        """Compare, given the kept positions, the topics' ids and each log's (begin, end); returns what was passed."""
        found: list[tuple[InputPartition, Passed]] = []
        for place in list(self._sought):
            if place in bounds:
                found += self._settle_sought(place, kept.get(place), ids.get(place[0], ""), bounds[place])
        for place, first, to in self._jumps:
            if place in bounds and place not in self._sought:
                found += self._deleted(place, first, min(to, bounds[place][0]), ids)
        self._jumps = [jump for jump in self._jumps if jump[0] not in bounds or jump[0] in self._sought]
        for place, (begin, end) in bounds.items():
            found += self._settle_emptied(place, begin, end, ids)
        return found

    def _settle_sought(
        self, place: InputPartition, kept: InputPosition | None, topic_id: str, bounds: tuple[int, int]
    ) -> list[tuple[InputPartition, Passed]]:
        begin, end = bounds
        sought = self._sought[place]
        known = kept.next if kept is not None and kept.topic_id in ("", topic_id) else None
        committed, moved = sought.committed, None
        if committed is not None and (sought.ours or known is None):
            known = max(known or 0, committed)
        if known is None:
            known = begin  # the first start: what was gone before it was never this ingest's to read
        if not sought.ours and committed is not None and committed > max(known, begin):
            moved = Passed(first=max(known, begin), next=committed, cause="moved", topic_id=topic_id)
        came = self._first.get(place)
        if came is None and moved is None and known < begin < end:
            return []  # something will come, and says where reading went on
        del self._sought[place]
        gone = min(begin, came) if came is not None else begin
        found = [(place, Passed(first=known, next=gone, cause="deleted", topic_id=topic_id))] if gone > known else []
        if moved is not None:
            found.append((place, moved))
        # what is read again after a move back is accounted for already
        self.next[place] = max(self.next.get(place, 0), known, *(passed.next for _, passed in found))
        return found

    def _settle_emptied(
        self, place: InputPartition, begin: int, end: int, ids: dict[str, str]
    ) -> list[tuple[InputPartition, Passed]]:
        """A log without records that begins beyond what was read: nothing will come to say so."""
        at = self.next.get(place)
        if place in self._sought or at is None:
            return []
        found = self._deleted(place, at, begin, ids) if at < begin == end else []
        if found:
            self.next[place] = begin
        self._lost[place] = {one for one in self._lost.get(place, ()) if one >= self.next[place]}
        return found

    def _deleted(
        self, place: InputPartition, first: int, to: int, ids: dict[str, str]
    ) -> list[tuple[InputPartition, Passed]]:
        """Of offsets `first` to `to` (exclusive) those that were gone when they were asked for."""
        gone = min((at for at in self._lost.get(place, ()) if first <= at < to), default=to)
        passed = Passed(first=gone, next=to, cause="deleted", topic_id=ids.get(place[0], ""))
        return [(place, passed)] if to > gone else []
