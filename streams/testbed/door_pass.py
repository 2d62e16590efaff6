"""The door pass: a stream of input records to the ledger records of each partition, as a live ledger has them.

Offsets count from the first configuration, which stands at 0 of every partition. Each input topic has one partition,
and a record's offset in it is its number in the file, from 0.
"""

import base64
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from detectors.contracts.configuration import EVERYONE, Configuration, HistoryAllowed
from detectors.contracts.events import ConfigurationChange
from streams.contracts.input_record import InputRecord
from streams.contracts.record_headers import Header
from streams.ingest.door import Door, Rejected
from streams.keys.pseudonyms import testbed_keys
from streams.ledger import envelope
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter
from streams.testbed.partition_pass import quiet_collector
from streams.testbed.prepared import Prepared, Stages, members_of
from streams.testbed.result_files import DEAD_LETTERS, SourceRead

# Input records between two reports of progress.
REPORTED = 2_000
_ALL_HISTORY = HistoryAllowed(institutions=(EVERYONE,), until=datetime.max.replace(tzinfo=UTC))


def prepare(
    records: Iterable[InputRecord],
    directory: Path,
    configuration: Configuration,
    source: SourceRead,
    stages: Stages,
    total: int | None = None,
) -> Prepared:
    """Write the ledger files and dead letters that the records come to; `total` is their number where it is known.

    Memory does not grow with the stream (a row group a partition, some 100 MB). About 100 us a record, of which the
    door takes 50. Raises whatever reading the records raises.
    """
    stages.begin("door", total)
    partitions = configuration.engine.partitions
    with (
        quiet_collector(),
        LedgerWriter(directory, partitions) as writer,
        (directory / DEAD_LETTERS).open("wb") as letters,
    ):
        door = _DoorPass(configuration, writer, letters)
        for number, record in enumerate(records, 1):
            door.take(record)
            if number % REPORTED == 0:
                stages.advance(REPORTED)
    stages.advance(sum(door.read.values()) % REPORTED)
    return Prepared(
        source,
        partitions,
        configuration,
        members_of([configuration]),
        dict(sorted(door.read.items())),
        dict(sorted(door.codes.items())),
        sum(door.offsets),
        told=False,
    )


class _DoorPass:
    """The door, and where each input topic and each ledger partition stands."""

    def __init__(self, configuration: Configuration, writer: LedgerWriter, letters: BinaryIO) -> None:
        partitions = configuration.engine.partitions
        # a stream from a file alerts nobody: what it marks as history is learned from, whoever is said to have sent it
        admission = msgspec.structs.replace(configuration.admitted, history=(_ALL_HISTORY,))
        self._door = Door(testbed_keys(), partitions, dict(configuration.legend.words), admission)
        self._writer, self._letters = writer, letters
        self.offsets = [0] * partitions
        self.read: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        key, value, headers = envelope.first_configuration(ConfigurationChange(configuration=configuration))
        for partition in range(partitions):
            self._append(partition, 0, key, value, headers)

    def take(self, record: InputRecord) -> None:
        """One input record to the ledger, or to the dead letters."""
        topic, offset = record.topic, self.read[record.topic]
        self.read[topic] += 1
        answer = self._door.admit(record.at(offset))
        if isinstance(answer, Rejected):
            self.codes.update(answer.codes)
            self._letters.write(_dead_letter(record, offset, answer))
            return
        for one in answer.records:
            self._append(one.partition, record.timestamp_ms, one.key, one.value, one.headers)

    def _append(self, partition: int, timestamp_ms: int, key: bytes, value: bytes, headers: list[Header]) -> None:
        self._writer.write(partition, LedgerRecord(self.offsets[partition], timestamp_ms, key, value, headers))
        self.offsets[partition] += 1


def _dead_letter(record: InputRecord, offset: int, rejected: Rejected) -> bytes:
    key = None if record.key is None else base64.b64encode(record.key).decode()
    letter = {
        "topic": record.topic,
        "partition": 0,
        "offset": offset,
        "key_base64": key,
        "codes": rejected.codes,
        "message": rejected.message,
        "stage": rejected.stage,
    }
    return orjson.dumps(letter) + b"\n"
