"""The legs of a replay: what ingest would have written to `fx.legs.v1`, from the ledger's own records.

Each payment, declaration and verdict of the ledger has a leg for every shared thing that it names, and each rate and
configuration a copy in every partition, as streams/ingest/door.py writes them. Ledger partitions are merged by time
stamp, then input topic, partition and offset: the order in which the door took a stream's records.
"""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from detectors.contracts.events import Declaration, Disposition, Transaction
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.ledger import envelope
from streams.testbed import ledger_files
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.prepared import Stages
from streams.testbed.result_files import LEDGER, partition_file

# The order of topics at one time stamp, as in a stream directory (docs/TESTBED.md).
_ORDER = {
    name.encode(): place for place, name in enumerate((PROFILES, RATES, DECLARATIONS, TRANSACTIONS, DISPOSITIONS))
}
_NO_SOURCE = (-1, -1, -1)
# where the layout of the legs stands, behind the four headers that every record has and its type
_LAYOUT_PLACE = 5


class _Found(NamedTuple):
    """A ledger record that is on the legs too, and its place among those of all partitions."""

    place: tuple[int, tuple[int, int, int], int]
    record: LedgerRecord
    partition: int
    broadcast: bool


def read_legs(directory: Path, partitions: int, stages: Stages) -> Iterator[tuple[int, LedgerRecord]]:
    """The legs of a result's ledger in the order of their writing, each with its partition; without offsets yet.

    Rates and configurations are those of ledger partition 0: every partition has the same ones. Raises `ResultError`
    for damage, `LedgerError` for a record that cannot be read. Cost: 60 us a record that has legs; memory a row group a
    partition, some 100 MB.
    """
    found = [_on_legs(directory, number, stages) for number in range(partitions)]
    for one in heapq.merge(*found, key=lambda each: each.place):
        if one.broadcast:
            yield from ((partition, one.record) for partition in range(partitions))
        else:
            yield from ((slot % partitions, leg) for slot, leg in _legs_of(one))


def _on_legs(directory: Path, partition: int, stages: Stages) -> Iterator[_Found]:
    """The records of a ledger partition that are on the legs too, in its order."""
    for records in ledger_files.read_ledger(partition_file(directory, LEDGER, partition)):
        for record in records:
            told = envelope.told_source(record.headers)
            if told is None:
                if partition == 0 and ledger_files.is_configuration(record):
                    yield _Found((record.timestamp, _NO_SOURCE, record.offset), record, partition, broadcast=True)
                continue
            broadcast = told.kind in envelope.BROADCAST
            if (partition != 0) if broadcast else (told.kind not in envelope.HAVE_LEGS):
                continue
            source = _ORDER.get(told.topic, len(_ORDER)), int(told.partition), told.offset
            yield _Found((record.timestamp, source, record.offset), record, partition, broadcast)
        stages.advance(len(records))


def _legs_of(found: _Found) -> Iterator[tuple[int, LedgerRecord]]:
    """The slot and record of each leg, by number."""
    record = found.record
    event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp, found.partition)
    assert isinstance(event, (Transaction, Declaration, Disposition))
    headers: list[Any] = [header for header in record.headers if header[0] != envelope.CHECK]
    if headers[_LAYOUT_PLACE : _LAYOUT_PLACE + 1] == [] or headers[_LAYOUT_PLACE][0] != envelope.LEGS:
        # an earlier release wrote the record without the layout of its legs
        headers.insert(_LAYOUT_PLACE, (envelope.LEGS, envelope.LEGS_LAYOUT))
    of_leg = envelope.of_officers_leg if isinstance(event, Disposition) else envelope.of_leg
    for number, (thing, value) in enumerate(envelope.encode_legs(event)):
        told = envelope.checked(of_leg(headers, number), value)
        yield thing.slot, LedgerRecord(0, record.timestamp, thing.name.encode(), value, told)
