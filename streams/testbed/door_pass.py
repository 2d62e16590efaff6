"""The door pass: a stream of input records to the ledger records of each partition, as a live ledger has them.

Offsets count from the first configuration, which stands at 0 of every partition. Each input topic has one partition,
and a record's offset in it is its number in the file, from 0.
"""

import base64
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import orjson

from detectors.configuration import Configuration
from detectors.events import ConfigurationChange
from streams import ledger
from streams.door import Door, Rejected
from streams.pseudonyms import testbed_keys
from streams.record import Record
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter
from streams.testbed.partition_pass import quiet_collector
from streams.testbed.prepared import Prepared, Stages, members_of
from streams.testbed.result_files import DEAD_LETTERS, SourceRead

# Input records between two reports of progress.
REPORTED = 2_000


def prepare(
    records: Iterable[Record],
    directory: Path,
    configuration: Configuration,
    source: SourceRead,
    stages: Stages,
    total: int | None = None,
) -> Prepared:
    """Write the ledger files and dead letters that the records come to.

    Memory does not grow with the stream (a row group a partition, some 60 MB). About 50 us a record.
    Raises whatever reading the records raises.
    """
    partitions = configuration.engine.partitions
    door = Door(testbed_keys(), partitions, dict(configuration.legend.words))
    offsets = [0] * partitions
    read: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    stages.begin("door", total)
    with (
        quiet_collector(),
        LedgerWriter(directory, partitions) as writer,
        (directory / DEAD_LETTERS).open("wb") as letters,
    ):

        def append(partition: int, timestamp_ms: int, key: bytes, value: bytes, headers: list[ledger.Header]) -> None:
            writer.write(partition, LedgerRecord(offsets[partition], timestamp_ms, key, value, headers))
            offsets[partition] += 1

        first = ledger.first_configuration(ConfigurationChange(configuration=configuration))
        for partition in range(partitions):
            append(partition, 0, *first)
        for number, record in enumerate(records, 1):
            topic, offset = record.topic, read[record.topic]
            read[topic] += 1
            answer = door.admit(topic, 0, offset, record.timestamp_ms, record.key, record.value, record.headers)
            if isinstance(answer, Rejected):
                codes.update(answer.codes)
                letters.write(_dead_letter(record, offset, answer))
            else:
                for partition, key, value, headers in answer.records:
                    append(partition, record.timestamp_ms, key, value, headers)
            if number % REPORTED == 0:
                stages.advance(REPORTED)
    stages.advance(sum(read.values()) % REPORTED)
    return Prepared(source, partitions, configuration, members_of([configuration]), dict(sorted(read.items())),
                    dict(sorted(codes.items())), sum(offsets))  # fmt: skip


def _dead_letter(record: Record, offset: int, rejected: Rejected) -> bytes:
    key = None if record.key is None else base64.b64encode(record.key).decode()
    letter = {"topic": record.topic, "partition": 0, "offset": offset, "key_base64": key,
              "codes": rejected.codes, "message": rejected.message, "stage": rejected.stage}  # fmt: skip
    return orjson.dumps(letter) + b"\n"
