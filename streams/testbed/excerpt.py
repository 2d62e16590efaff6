"""An excerpt of a recorded ledger: some parties, some time, re-keyed, and such that it can be replayed.

Read are the ledger files of a result (a live ledger becomes one with `fxwatch testbed replay ledger --cold`). Within
what was one partition the order stays; partitions are merged by time. Routing is computed anew from the new tokens.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from detectors.events import ConfigurationChange, Event, Origin, Rate, Source
from streams import ledger
from streams.errors import UsageError
from streams.pseudonyms import partition_of
from streams.testbed import result_files
from streams.testbed.ledger_copy import home_of, require_whole
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter, read_ledger
from streams.testbed.rekey import Rekeyer
from streams.testbed.result_files import LEDGER

# Rates from before the range that its first payments may still use (26 h), with a day to spare.
_RATES_BEFORE_MS = 50 * 3_600_000


class Choice(NamedTuple):
    """What is taken: named parties, or a share of all drawn by `seed`; Kafka timestamps from `since` to `until`."""

    parties: tuple[str, ...] = ()
    share: float | None = None
    seed: int = 1
    since: datetime | None = None
    until: datetime | None = None
    shift_weeks: int = 0


class Taken(NamedTuple):
    """What came of an excerpt: parties, ledger records of them, rates, and records left out as damaged by the cut."""

    parties: int
    records: int
    rates: int
    dropped: int


class _Item(NamedTuple):
    """One record of the excerpt, with its place in the merged order."""

    place: tuple[int, int, int]
    event: Event
    origin: Origin
    redelivered: bool


def write(source: Path, directory: Path, choice: Choice) -> Taken:
    """Write `ledger/NN.parquet` of the excerpt below `directory`.

    Raises `UsageError` for a source that is no recorded ledger or begins from a snapshot, and for a choice that takes
    nothing; `ResultError` and `LedgerError` for damage. Memory: the excerpt, some 3 KB a record.
    """
    home = home_of(source)
    if home is None:
        raise UsageError("this is no recorded ledger", got=source, expected="a replay's result, or its ledger/",
                         todo="record the live one with `fxwatch testbed replay ledger --cold --out DIR`")  # fmt: skip
    require_whole(home)
    paths = sorted((home / LEDGER).glob("*.parquet"))
    if result_files.is_result(home):
        result_files.prove(home, result_files.read_manifest(home), [f"{LEDGER}/{path.name}" for path in paths])
    names, known = _tokens(paths)
    rekeyer = Rekeyer(names.items(), choice.shift_weeks)
    wanted = _wanted(known, rekeyer, choice)
    items = sorted(_items(paths, rekeyer, wanted, choice), key=lambda item: item.place)
    mine = [item for item in items if not isinstance(item.event, (ConfigurationChange, Rate))]
    if not mine:
        raise UsageError("the choice takes no record", got=f"{len(wanted):,} parties of {len(known):,}",
                         expected="parties with records in the range")  # fmt: skip
    dropped = _written(items, directory, len(paths), rekeyer)
    parties = {rekeyer.root(item.event.party) for item in mine}  # type: ignore[union-attr]
    rates = sum(isinstance(item.event, Rate) for item in items)
    return Taken(len(parties), len(mine) - dropped, rates, dropped)


def _decoded(path: Path, partition: int) -> Iterator[tuple[LedgerRecord, Event, Origin]]:
    for batch in read_ledger(path):
        for record in batch:
            event, origin = ledger.decode_record(
                record.value, record.headers, record.offset, record.timestamp, partition
            )
            yield record, event, origin


def _tokens(paths: Sequence[Path]) -> tuple[dict[str, str], set[str]]:
    """Earlier tokens by token, and the tokens of all resident parties."""
    names: dict[str, str] = {}
    known: set[str] = set()
    for number, path in enumerate(paths):
        for _, event, _ in _decoded(path, number):
            if not isinstance(event, (ConfigurationChange, Rate)):
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
    return {root for root in roots if _drawn(root, choice.seed) < choice.share}


def _drawn(token: str, seed: int) -> float:
    """A number from 0 to 1 by token and seed."""
    digest = hashlib.blake2b(f"{seed}|{token}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def _items(paths: Sequence[Path], rekeyer: Rekeyer, wanted: set[str], choice: Choice) -> Iterator[_Item]:
    """Records of the excerpt in the order of their files; rates and configurations from the first file only."""
    since = None if choice.since is None else round(choice.since.timestamp() * 1000)
    until = None if choice.until is None else round(choice.until.timestamp() * 1000)
    for number, path in enumerate(paths):
        marks: dict[tuple[str, int, str], int] = {}
        newest = -1
        for record, event, origin in _decoded(path, number):
            redelivered = _redelivered(origin, marks)
            broadcast = isinstance(event, (ConfigurationChange, Rate))
            if not isinstance(event, ConfigurationChange):
                # a configuration's timestamp is that of its making, which may lie after all events
                newest = max(newest, record.timestamp)
            if broadcast and number:
                continue
            if not broadcast and rekeyer.root(event.party) not in wanted:  # type: ignore[union-attr]
                continue
            low = None if since is None else since - _RATES_BEFORE_MS * isinstance(event, Rate)
            inside = (low is None or record.timestamp >= low) and (until is None or record.timestamp < until)
            if isinstance(event, ConfigurationChange) or inside:
                yield _Item((newest, number, record.offset), event, origin, redelivered)


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
            event = item.event if isinstance(item.event, ConfigurationChange) else rekeyer.event(item.event)
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
    value = ledger.encode(event)
    timestamp = item.origin.timestamp_ms + rekeyer.shift_ms
    kind = str(event.__struct_config__.tag).encode()
    if source is None:
        headers: list[ledger.Header] = [(ledger.TYPE, kind)]
        return LedgerRecord(offset, timestamp, ledger.CONFIGURATION_KEY, value, headers)
    if isinstance(event, ConfigurationChange):
        key = ledger.CONFIGURATION_KEY
    else:
        key = f"{event.base}/{event.quote}".encode() if isinstance(event, Rate) else event.party.encode()
    headers = ledger.envelope(source, rekeyer.sha256(item.origin.sha256).encode(), kind, history=item.origin.history)
    return LedgerRecord(offset, timestamp, key, value, ledger.checked(headers, value))
