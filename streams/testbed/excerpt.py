"""An excerpt of a recorded ledger: some parties, some time, re-keyed, and such that it can be replayed.

Read are the ledger files of a result (a live ledger becomes one with `fxwatch testbed replay ledger --cold`). Within
what was one partition the order stays; partitions are merged by time. Routing is computed anew from the new tokens.
An excerpt is confidential to the same degree as its ledger (streams/testbed/rekey.py says why).
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from detectors.contracts.events import ConfigurationChange, Event, Origin, Profile, Rate, Source
from detectors.contracts.learning import Learning
from streams.errors import UsageError
from streams.keys.pseudonyms import partition_of
from streams.ledger import envelope
from streams.testbed import result_files
from streams.testbed.ledger_copy import find_home, require_whole
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter, read_ledger
from streams.testbed.rekey import Rekeyer
from streams.testbed.result_files import LEDGER

# Rates from before the range that its first payments may still use (26 h), with a day to spare.
_RATES_BEFORE_MS = 50 * 3_600_000


class Choice(NamedTuple):
    """What is taken: named parties, or a share of all drawn by `seed`; Kafka timestamps from `since` to `until`.

    Without a seed one is drawn and forgotten: who knows it can tell of any token whether it was taken.
    """

    parties: tuple[str, ...] = ()
    share: float | None = None
    seed: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    shift_weeks: int = 0


class Taken(NamedTuple):
    """What came of an excerpt: parties, ledger records of them, rates, and what its range cut off.

    `carried` profiles are from before the range, one a party: the newest. `dropped` records were delivered again, and
    their first delivery was not taken. `cut` counts by kind what the taken parties (and rates) have outside the range.
    """

    parties: int
    records: int
    rates: int
    dropped: int
    carried: int
    cut: dict[str, int]


class _Item(NamedTuple):
    """One record of the excerpt, with its place in the merged order."""

    place: tuple[int, int, int]
    event: Event
    origin: Origin
    redelivered: bool

    @property
    def kind(self) -> str:
        """The event's type."""
        return str(self.event.__struct_config__.tag)


class _TakenTime:
    """The time that is taken; keeps of what lies outside each party's newest earlier profile, and counts the rest.

    Failure prevented: a profile is sent when it changes, so that a range without it knows no party's size or age.
    """

    def __init__(self, choice: Choice) -> None:
        self._since = None if choice.since is None else round(choice.since.timestamp() * 1000)
        self._until = None if choice.until is None else round(choice.until.timestamp() * 1000)
        self._profiles: dict[str, _Item] = {}
        self.cut: Counter[str] = Counter()

    def is_within(self, item: _Item) -> bool:
        """Whether the record lies within; configurations always do, and rates that the first payments may use."""
        if isinstance(item.event, ConfigurationChange):
            return True
        at_ms = item.origin.timestamp_ms
        low = None if self._since is None else self._since - _RATES_BEFORE_MS * isinstance(item.event, Rate)
        return (low is None or at_ms >= low) and (self._until is None or at_ms < self._until)

    def leave(self, item: _Item, root: str) -> None:
        """Take note of a record that lies outside; `root` is the earliest token of its party."""
        event = item.event
        early = self._since is not None and item.origin.timestamp_ms < self._since
        if isinstance(event, Profile) and early and not item.redelivered:
            known = self._profiles.get(root)
            if known is None or event.as_of >= known.event.as_of:  # type: ignore[union-attr]
                self._profiles[root] = item
                if known is None:
                    return
        self.cut[item.kind] += 1

    @property
    def carried(self) -> list[_Item]:
        """The newest profile of each party from before the range."""
        return list(self._profiles.values())


def write(source: Path, directory: Path, choice: Choice) -> Taken:
    """Write `ledger/NN.parquet` of the excerpt below `directory`.

    Raises `UsageError` for a source that is no recorded ledger or begins from a snapshot, and for a choice that takes
    nothing; `ResultError` and `LedgerError` for damage. Memory: the excerpt, some 3 KB a record.
    """
    home = find_home(source)
    if home is None:
        raise UsageError(
            "this is no recorded ledger",
            got=source,
            expected="a replay's result, or its ledger/",
            todo="record the live one with `fxwatch testbed replay ledger --cold --out DIR`",
        )
    require_whole(home)
    paths = sorted((home / LEDGER).glob("*.parquet"))
    if result_files.is_result(home):
        result_files.prove(home, result_files.read_manifest(home), [f"{LEDGER}/{path.name}" for path in paths])
    names, known = _tokens(paths)
    rekeyer = Rekeyer(names.items(), choice.shift_weeks)
    wanted = _wanted(known, rekeyer, choice)
    span = _TakenTime(choice)
    items = list(_items(paths, rekeyer, wanted, span))
    mine = [item for item in items if not isinstance(item.event, (ConfigurationChange, Rate))]
    if not mine:
        raise UsageError(
            "the choice takes no record",
            got=f"{len(wanted):,} parties of {len(known):,}",
            expected="parties with records in the range",
        )
    mine += span.carried
    items = sorted([*items, *span.carried], key=lambda item: item.place)
    dropped = _written(items, directory, len(paths), rekeyer)
    parties = {rekeyer.root(item.event.party) for item in mine}  # type: ignore[union-attr]
    rates = sum(isinstance(item.event, Rate) for item in items)
    return Taken(len(parties), len(mine) - dropped, rates, dropped, len(span.carried), dict(sorted(span.cut.items())))


def _decoded(path: Path, partition: int) -> Iterator[tuple[LedgerRecord, Event, Origin]]:
    for batch in read_ledger(path):
        for record in batch:
            event, origin = envelope.decode_record(
                record.value, record.headers, record.offset, record.timestamp, partition
            )
            yield record, event, origin


def _tokens(paths: Sequence[Path]) -> tuple[dict[str, str], set[str]]:
    """Earlier tokens by token, and the tokens of all resident parties."""
    names: dict[str, str] = {}
    known: set[str] = set()
    for number, path in enumerate(paths):
        for _, event, _ in _decoded(path, number):
            if not isinstance(event, (ConfigurationChange, Rate, Learning)):
                known.add(event.party)
                names.update((new, old) for new, old in event.previous.items() if new != old)
    return names, known


def _wanted(known: set[str], rekeyer: Rekeyer, choice: Choice) -> set[str]:
    """The roots of the parties that are taken. Raises `UsageError` for a party that the ledger does not know."""
    strange = [token for token in choice.parties if token not in known]
    if strange:
        raise UsageError("the ledger knows no such party", got=", ".join(strange[:3]), expected="tokens of its parties")
    if (choice.share is None) == (not choice.parties):
        raise UsageError("say which parties are taken", expected="--parties TOKEN ..., or --share 0.05")
    if choice.share is None:
        return {rekeyer.root(token) for token in choice.parties}
    roots = {rekeyer.root(token) for token in known}
    seed = secrets.randbits(128) if choice.seed is None else choice.seed
    return {root for root in roots if _drawn(root, seed) < choice.share}


def _drawn(token: str, seed: int) -> float:
    """A number from 0 to 1 by token and seed."""
    digest = hashlib.blake2b(f"{seed}|{token}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def _items(paths: Sequence[Path], rekeyer: Rekeyer, wanted: set[str], span: _TakenTime) -> Iterator[_Item]:
    """Records of the excerpt in the order of their files; rates and configurations from the first file only."""
    for number, path in enumerate(paths):
        marks: dict[tuple[str, int, str], int] = {}
        newest = -1
        for record, event, origin in _decoded(path, number):
            redelivered = _redelivered(origin, marks)
            if isinstance(event, Learning):
                continue  # of all parties, most of which are not in the excerpt; its replay tells its own
            broadcast = isinstance(event, (ConfigurationChange, Rate))
            if not isinstance(event, ConfigurationChange):
                # a configuration's timestamp is that of its making, which may lie after all events
                newest = max(newest, record.timestamp)
            if broadcast and number:
                continue
            root = "" if broadcast else rekeyer.root(event.party)  # type: ignore[union-attr]
            if not broadcast and root not in wanted:
                continue
            item = _Item((newest, number, record.offset), event, origin, redelivered)
            if span.is_within(item):
                yield item
            else:
                span.leave(item, root)


def _redelivered(origin: Origin, marks: dict[tuple[str, int, str], int]) -> bool:
    """Whether the core passes the record over as delivered before; keeps the marks as the core does."""
    if origin.source is None:
        return False
    mark = (origin.source.topic, origin.source.partition, origin.topic_id)
    if origin.source.offset <= marks.get(mark, -1):
        return True
    marks[mark] = origin.source.offset
    return False


def _written(items: Sequence[_Item], directory: Path, partitions: int, rekeyer: Rekeyer) -> int:
    """Write the records under new offsets and sources; returns how many redelivered ones lost their first delivery."""
    offsets = [0] * partitions
    sources: dict[tuple[int, str], int] = {}
    mapped: dict[tuple[int, Any], int] = {}
    dropped = 0
    directory.mkdir(parents=True, exist_ok=True)
    with LedgerWriter(directory, partitions) as writer:
        for item in items:
            event = item.event
            event = rekeyer.configuration(event) if isinstance(event, ConfigurationChange) else rekeyer.event(event)
            assert not isinstance(event, Learning)  # `_items` takes none
            targets = range(partitions)
            if not isinstance(event, (ConfigurationChange, Rate)):
                number = partition_of(event.party, partitions)
                targets = range(number, number + 1)
            for target in targets:
                source = _source(item, target, sources, mapped)
                if source is None and not isinstance(event, ConfigurationChange):
                    dropped += 1
                    continue
                writer.write(target, _record(event, item, source, offsets[target], rekeyer))
                offsets[target] += 1
    return dropped


def _source(
    item: _Item, target: int, sources: dict[tuple[int, str], int], mapped: dict[tuple[int, Any], int]
) -> Source | None:
    """A source of the excerpt's own: partition = the ledger's, offsets counted from 0 by topic.

    A redelivered record gets the offset of its first delivery, so that it is passed over again; None where that was
    not taken.
    """
    first = item.origin.source
    if first is None:
        return None
    was = (target, (first, item.origin.topic_id))
    if item.redelivered:
        return Source(first.topic, target, mapped[was]) if was in mapped else None
    place = (target, first.topic)
    mapped[was] = sources[place] = sources.get(place, -1) + 1
    return Source(first.topic, target, mapped[was])


def _record(event: Event, item: _Item, source: Source | None, offset: int, rekeyer: Rekeyer) -> LedgerRecord:
    timestamp = item.origin.timestamp_ms + rekeyer.shift_ms
    if source is None:
        assert isinstance(event, ConfigurationChange)  # `_written` has dropped all others
        return LedgerRecord(offset, timestamp, *envelope.first_configuration(event))
    if isinstance(event, ConfigurationChange):
        key = envelope.CONFIGURATION_KEY
    else:
        assert not isinstance(event, Learning)
        key = f"{event.base}/{event.quote}".encode() if isinstance(event, Rate) else event.party.encode()
    value = envelope.encode(event)
    kind = str(event.__struct_config__.tag).encode()
    headers = envelope.envelope(
        source, rekeyer.commitment(item.origin.commitment).encode(), kind, history=item.origin.history
    )
    return LedgerRecord(offset, timestamp, key, value, envelope.checked(headers, value))
