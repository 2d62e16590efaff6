"""Proof from the topics alone that no input was lost: every input record is one ledger record or one dead letter.

A source offset costs one byte and one ledger partition number, so a million inputs cost 3 MB; those of payments and
declarations, whose legs are proven too (leg_places.py), 25 MB, and rates, whose copies are (broadcast_places.py), 34 MB
at 12 partitions. Which input offsets exist is read, not assumed:
transactions and retention leave gaps.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from streams.ledger.envelope import Told
from streams.proofs.broadcast_places import BroadcastPlaces
from streams.proofs.leg_places import LegPlaces
from streams.proofs.trail_places import TrailPlaces

_READ, _LEDGER, _LETTER, _CONFLICT, _SPLIT = 1, 2, 4, 8, 16
_NOWHERE = -1

SourcePlace = tuple[str, int]


class Problem(msgspec.Struct, frozen=True):
    """Offsets `first` to `last` (inclusive, source positions) that do not add up, and how.

    `kind`: `missing` (neither ledger nor dead letter), `both` (ledger and dead letter, without a conflict), `partial`
    (not in every ledger partition, where it belongs in all), `split` (in several, where it belongs in one),
    `conflict_without_record` (the dead letter of a conflict whose ledger record is not there), `without_source` (ledger
    record or dead letter of an offset that has no committed record: of a transaction that was rolled back, say),
    `unread` (offsets that retention deleted before ingest read them, or that the group's offset was moved past and that
    are gone by now, and that no operator has acknowledged). Of legs: `leg_without_source`, `leg_without_record` (its
    record is not in the ledger), `leg_missing`, `leg_extra` (a number that its record has not), `leg_differs` (of
    another thing or payment than its record says), `leg_misplaced` (not in its thing's partition), `leg_behind` (it
    came after later ones and never before, so that agents pass over it), `leg_unreadable`, `legs_untold` (the ledger
    record cannot be read, or is of a later release). Of a rate or configuration the same is told of its copies on the
    legs topic: `copy_missing` (not in every partition), `copy_without_source`, `copy_without_record`, `copy_differs`,
    `copy_behind`, `copy_unreadable`, `copies_untold`. Of trails, at the offset of the leg that they follow from:
    `trail_without_source` (no leg is there), `trail_misplaced`, `trail_differs` (written twice, otherwise),
    `trail_behind`, `trail_unreadable`.
    """

    topic: str
    partition: int
    kind: str
    first: int
    last: int

    def __str__(self) -> str:
        span = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.topic}[{self.partition}]: {span} {self.kind.replace('_', ' ')}"


class TopicCount(msgspec.Struct, kw_only=True):
    """One input topic's figures, in records. `read` = `ledger` + `dead_letters` + `missing` when nothing is wrong.

    `conflicts` are in the ledger and in the dead letters, and count as `ledger`: conflicts, and what else the monitor
    does not apply (`faults.TOLD_BY_MONITOR`). `redelivered`: ledger records or dead letters of a source position beyond
    the first. `older`, `newer`: ledger records and dead letters whose source lies before the input's
    log start (retention) or in a deleted topic of its name, or beyond the offset compared up to. `unread`: offsets that
    were gone before ingest read them; `acknowledged`: those of them that an operator has settled, which are no
    `unread` any more. `legs`: legs of the records, each once.
    """

    topic: str
    read: int = 0
    ledger: int = 0
    dead_letters: int = 0
    conflicts: int = 0
    redelivered: int = 0
    older: int = 0
    newer: int = 0
    missing: int = 0
    unread: int = 0
    acknowledged: int = 0
    legs: int = 0


class _SourcePartition:
    """One source partition, offsets [begin, end). `copies`: 1, or the ledger partitions it is broadcast to.

    `on_legs` is what stands of its records on the legs topic, None where nothing does.
    """

    def __init__(self, begin: int, end: int, copies: int, on_legs: LegPlaces | BroadcastPlaces | None) -> None:
        self.begin, self.end, self.copies = begin, max(begin, end), copies
        size = self.end - self.begin
        self.flags: npt.NDArray[np.uint8] = np.zeros(size, np.uint8)
        self.home: npt.NDArray[np.int16] = np.full(size if copies == 1 else 0, _NOWHERE, np.int16)
        self.seen: npt.NDArray[np.bool_] = np.zeros((copies, size) if copies > 1 else (0, 0), np.bool_)
        self.redelivered = self.older = self.newer = 0
        self.on_legs = on_legs
        self._later: list[npt.NDArray[np.int64]] = []
        self._passed: list[tuple[int, npt.NDArray[np.bool_]]] = []
        self._acknowledged: list[tuple[int, int]] = []

    def inside(self, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Places of the offsets in range, each once; counts the others."""
        for first, came in self._passed:
            came[offsets[(offsets >= first) & (offsets < first + len(came))] - first] = True
        self.older += int((offsets < self.begin).sum())
        later = offsets[offsets >= self.end]
        if len(later):
            self.newer += len(later)
            self._later.append(later)
        kept = offsets[(offsets >= self.begin) & (offsets < self.end)] - self.begin
        once = np.unique(kept)
        self.redelivered += len(kept) - len(once)
        return once

    def beyond(self, end: int) -> npt.NDArray[np.int64]:
        """Offsets of ledger records and letters beyond `end`, where the input has ended by now."""
        records = np.concatenate([np.zeros(0, np.int64), *self._later])
        return np.unique(records[records >= end])

    def add_passed(self, first: int, end: int) -> None:
        """Offsets below the log's start that nothing is known to have read; call before outputs are taken in."""
        if first < min(end, self.begin):
            self._passed.append((first, np.zeros(min(end, self.begin) - first, np.bool_)))

    def add_acknowledged(self, first: int, end: int) -> None:
        """An operator's decision that offsets `first` to `end` (exclusive) stay unread."""
        self._acknowledged.append((first, end))

    def unread(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Those of the passed offsets that no output names: what nobody has acknowledged, and what somebody has."""
        offsets = np.unique(
            np.concatenate([np.flatnonzero(~came) + first for first, came in self._passed] or [np.zeros(0, np.int64)])
        )
        settled = np.zeros(len(offsets), np.bool_)
        for first, end in self._acknowledged:
            settled |= (offsets >= first) & (offsets < end)
        return offsets[~settled], offsets[settled]

    def in_ledger(self, partition: int, offsets: npt.NDArray[np.int64]) -> None:
        """Ledger records in ledger `partition` with these source offsets."""
        places = self.inside(offsets)
        if self.copies > 1:
            self.redelivered += int(self.seen[partition, places].sum())
            self.seen[partition, places] = True
            self.flags[places] |= _LEDGER
            return
        home = self.home[places]
        again = home != _NOWHERE
        self.redelivered += int((home == partition).sum())
        self.flags[places[again & (home != partition)]] |= _SPLIT
        self.home[places[~again]] = partition
        self.flags[places] |= _LEDGER


class Reconciliation:
    """Collects positions, then tells what does not add up.

    `sources` gives each source partition's [begin, end); `broadcast` are the topics whose records belong in every one
    of `ledger_partitions`, and of as many of the legs; `legs_of` are the topics whose records have legs. Feed
    inputs, ledger, dead letters and legs in any order, each partition in its own.
    """

    def __init__(
        self,
        sources: dict[SourcePlace, tuple[int, int]],
        broadcast: Iterable[str],
        ledger_partitions: int,
        legs_of: Iterable[str] = (),
    ) -> None:
        with_legs = frozenset(legs_of)
        self.partitions = ledger_partitions
        everywhere = frozenset(broadcast)
        self._sources: dict[SourcePlace, _SourcePartition] = {}
        for place, (begin, end) in sources.items():
            on_legs: LegPlaces | BroadcastPlaces | None = None
            if place[0] in everywhere:
                on_legs = BroadcastPlaces(begin, end, ledger_partitions)
            elif place[0] in with_legs:
                on_legs = LegPlaces(begin, end)
            copies = ledger_partitions if place[0] in everywhere else 1
            self._sources[place] = _SourcePartition(begin, end, copies, on_legs)
        self.foreign: dict[str, int] = {}
        self._trails: dict[SourcePlace, TrailPlaces] = {}
        self._ended: dict[SourcePlace, int] = {}

    def _source(self, place: SourcePlace, count: int) -> _SourcePartition | None:
        found = self._sources.get(place)
        if found is None:
            name = f"{place[0]}[{place[1]}]"
            self.foreign[name] = self.foreign.get(name, 0) + count
        return found

    def note_passed(self, topic: str, partition: int, first: int, end: int) -> None:
        """Offsets `first` to `end` (exclusive) may have passed ingest by; call before outputs are taken in."""
        source = self._source((topic, partition), 0)
        if source is not None:
            source.add_passed(first, end)

    def acknowledge(self, topic: str, partition: int, first: int, end: int) -> None:
        """Offsets `first` to `end` (exclusive) may stay unread: an operator has said so."""
        source = self._source((topic, partition), 0)
        if source is not None:
            source.add_acknowledged(first, end)

    def read(self, topic: str, partition: int, offsets: Sequence[int]) -> None:
        """Offsets that exist in the input."""
        source = self._source((topic, partition), len(offsets))
        if source is not None:
            places = np.asarray(offsets, np.int64) - source.begin
            source.flags[places[(places >= 0) & (places < len(source.flags))]] |= _READ

    def take_ledger_records(self, topic: str, partition: int, ledger_partition: int, offsets: Sequence[int]) -> None:
        """Source offsets of records in one ledger partition, redelivered ones as often as they stand there."""
        source = self._source((topic, partition), len(offsets))
        if source is not None:
            source.in_ledger(ledger_partition, np.asarray(offsets, np.int64))

    def of_deleted_topic(self, topic: str, partition: int, count: int) -> None:
        """Ledger records and dead letters of an input topic that was created again since: they prove nothing of it."""
        source = self._source((topic, partition), count)
        if source is not None:
            source.older += count

    def take_dead_letter(self, topic: str, partition: int, offset: int, *, conflict: bool) -> None:
        """A dead letter's source position, and whether it is one that the monitor told, such as a conflict."""
        source = self._source((topic, partition), 1)
        if source is None:
            return
        mark = _CONFLICT if conflict else _LETTER
        for place in source.inside(np.array([offset], np.int64)):
            source.redelivered += bool(source.flags[place] & mark)
            source.flags[place] |= mark

    def unreadable(self, topic: str, partition: int, first: int, last: int) -> None:
        """Offsets of a record set of the input that cannot be read: each is there, and a letter must stand for it."""
        self._mark(topic, partition, first, last, _READ)

    def letter_of_set(self, topic: str, partition: int, first: int, last: int) -> None:
        """The dead letter of a whole record set."""
        self._mark(topic, partition, first, last, _LETTER)

    def _mark(self, topic: str, partition: int, first: int, last: int, mark: int) -> None:
        source = self._source((topic, partition), 1)
        if source is not None:
            source.flags[max(0, first - source.begin) : max(0, last + 1 - source.begin)] |= mark

    def on_legs(self, topic: str, partition: int) -> LegPlaces | BroadcastPlaces | None:
        """Where is compared what an input partition has on the legs topic; None for a foreign one, or for nothing."""
        source = self._sources.get((topic, partition))
        return None if source is None else source.on_legs

    def trails(self, topic: str, partition: int) -> TrailPlaces:
        """Where are compared what trails follow from the legs of a partition."""
        return self._trails.setdefault((topic, partition), TrailPlaces())

    def count_trails(self) -> int:
        """Trails found, each once."""
        return sum(one.count() for one in self._trails.values())

    def count_foreign(self, topic: str, partition: int) -> None:
        """A record of the legs topic that has no place there: of no input, or of one that has nothing on it."""
        name = f"{topic}[{partition}]"
        self.foreign[name] = self.foreign.get(name, 0) + 1

    def note_end(self, topic: str, partition: int, end: int) -> None:
        """Where the input ends after ledger and letters were read: none of them can be of a later offset."""
        self._ended[topic, partition] = end

    def count_topics(self) -> list[TopicCount]:
        """The figures by topic, in the order of the sources given."""
        found: dict[str, TopicCount] = {}
        for (topic, _), source in self._sources.items():
            count = found.setdefault(topic, TopicCount(topic=topic))
            flags = source.flags[source.flags & _READ > 0]
            count.read += len(flags)
            count.ledger += int((flags & _LEDGER > 0).sum())
            count.dead_letters += int((flags & (_LETTER | _LEDGER) == _LETTER).sum())
            count.conflicts += int((flags & _CONFLICT > 0).sum())
            count.missing += int((flags & (_LEDGER | _LETTER | _CONFLICT) == 0).sum())
            count.redelivered += source.redelivered
            count.older += source.older
            count.newer += source.newer
            unread, acknowledged = source.unread()
            count.unread += len(unread)
            count.acknowledged += len(acknowledged)
            count.legs += source.on_legs.count() if isinstance(source.on_legs, LegPlaces) else 0
        return list(found.values())

    def find_problems(self) -> Iterator[Problem]:
        """Everything that does not add up, as ranges of source offsets."""
        for (topic, partition), source in self._sources.items():
            read = source.flags & _READ > 0
            ledger, letter = source.flags & _LEDGER > 0, source.flags & _LETTER > 0
            conflict = source.flags & _CONFLICT > 0
            kinds = {
                "missing": read & ~ledger & ~letter & ~conflict,
                "both": read & ledger & letter,
                "split": source.flags & _SPLIT > 0,
                "conflict_without_record": read & conflict & ~ledger & ~letter,
                "without_source": ~read & (ledger | letter | conflict),
            }
            if source.on_legs is not None:
                kinds |= source.on_legs.faults(read, ledger)
            if source.copies > 1:
                kinds["partial"] = read & ledger & ~source.seen.all(axis=0)
            for kind, wrong in kinds.items():
                for first, last in _ranges(np.flatnonzero(wrong)):
                    yield Problem(topic, partition, kind, first + source.begin, last + source.begin)
            for first, last in _ranges(source.unread()[0]):
                yield Problem(topic, partition, "unread", first, last)
            yield from self._find_beyond(topic, partition, source)
        for (topic, partition), trails in sorted(self._trails.items()):
            for kind, offsets in trails.faults(self._ended.get((topic, partition))).items():
                for first, last in _ranges(offsets):
                    yield Problem(topic, partition, kind, first, last)

    def _find_beyond(self, topic: str, partition: int, source: _SourcePartition) -> Iterator[Problem]:
        """What is of offsets beyond the input's end."""
        end = self._ended.get((topic, partition))
        if end is None:
            return
        beyond = {"without_source": source.beyond(end)}
        if source.on_legs is not None:
            beyond[source.on_legs.WITHOUT_SOURCE] = source.on_legs.beyond(end)
        for kind, offsets in beyond.items():
            for first, last in _ranges(offsets):
                yield Problem(topic, partition, kind, first, last)


# A token between quotes, as it stands in a canonical event; its form is `streams.contracts.inputs.TOKEN_PATTERN`.
_TOKEN = re.compile(rb'"([a-z0-9]{1,16}\.[0-9a-f]{3}\.[0-9a-f]{32})"')
# Whose key is the token of a party that took part in something; a disposition's is what an investigator wrote. Of a
# payment's legs it is the first one's, the counterparty's; accounts, devices and contacts have no sealed identities.
_OF_PARTIES = frozenset((b"transaction", b"declaration", b"profile", b"leg"))


class Tokens:
    """Which tokens are in use, and which have a sealed identity on `fx.identities.v1`.

    `sources` are those of the reconciliation: a party of a record beyond one's end may have no identity yet. `settled`:
    whether nothing is written meanwhile, so that an identity whose record is not there will never have one. A token
    costs some 60 bytes. Two of a million are taken for one with a probability of 3e-8.
    """

    def __init__(self, sources: Mapping[SourcePlace, tuple[int, int]], *, settled: bool) -> None:
        self._settled = settled
        self._ends = {(topic.encode(), b"%d" % partition): end for (topic, partition), (_, end) in sources.items()}
        self._parties: set[int] = set()
        self._mentioned: set[int] = set()
        self._sealed: set[int] = set()

    def note_used(self, record: Any, told: Told) -> None:
        """A record of the ledger or of the legs, and what its headers say of it. 2 us."""
        if told.kind in _OF_PARTIES and told.number <= 0 and record.key is not None and b"/" not in record.key:
            due = told.offset < self._ends.get((told.topic, told.partition), 0)
            known = self._parties if due else self._mentioned
            known.add(hash(record.key))
        self._mentioned.update(map(hash, _TOKEN.findall(record.value or b"")))

    def note_sealed(self, records: Iterable[Any]) -> None:
        """Records of the identities."""
        self._sealed.update(hash(record.key) for record in records)

    @property
    def kept(self) -> bool:
        """Whether identities are kept at all: without `FXWATCH_SEAL_KEY_FILE` there are none."""
        return bool(self._sealed)

    def count_missing(self) -> int:
        """Parties without an identity: their alerts cannot be re-identified."""
        return len(self._parties - self._sealed) if self.kept else 0

    def count_without_record(self) -> int:
        """Identities of nobody: no record of ledger or legs has their token."""
        return len(self._sealed - self._parties - self._mentioned) if self._settled else 0


def _ranges(places: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Consecutive places as (first, last)."""
    if len(places):
        cuts = np.flatnonzero(np.diff(places) > 1)
        firsts, lasts = places[np.r_[0, cuts + 1]], places[np.r_[cuts, len(places) - 1]]
        yield from zip(firsts.tolist(), lasts.tolist(), strict=True)
