"""Ledger partitions as Parquet files: exactly the records that the core was given, and the state they begin from.

`ledger/NN.parquet` holds a partition's records in order of offset; an offset that is not there was skipped by an
operator. `start/NN.parquet` holds the sections of the state before the first of them, where that is not a new one.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from streams.ledger import envelope
from streams.ledger.snapshot_format import Section
from streams.testbed.parquet_files import ParquetFile
from streams.testbed.result_files import LEDGER, STARTS, ResultError, partition_file

# Rows of a row group. A record is some 0.8 KB, and twelve partitions are written at a time.
ROW_GROUP = 4_096
_HEADER = pa.struct([("name", pa.string()), ("value", pa.binary())])
SCHEMA = pa.schema(
    [
        ("offset", pa.int64()),
        ("timestamp_ms", pa.int64()),
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", pa.list_(_HEADER)),
    ]
)
_DICTIONARIES = ("key", "headers.list.element.name")
_SECTIONS = pa.schema([("name", pa.string()), ("content", pa.binary())])


class LedgerRecord(NamedTuple):
    """A ledger record, as a Kafka consumer would hand it over; `timestamp` in ms, UTC."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class LedgerWriter:
    """Writes the ledger files of a directory. A context manager. Memory: a row group a partition."""

    def __init__(self, directory: Path, partitions: int) -> None:
        (directory / LEDGER).mkdir()
        self._files = [
            ParquetFile(partition_file(directory, LEDGER, number), SCHEMA, ROW_GROUP, _DICTIONARIES)
            for number in range(partitions)
        ]
        self._waiting: list[list[LedgerRecord]] = [[] for _ in range(partitions)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, file in enumerate(self._files):
            if fault is None:
                self._flush(number)
            file.close()

    def write(self, partition: int, record: LedgerRecord) -> None:
        """Take in a record; offsets of a partition must rise."""
        waiting = self._waiting[partition]
        waiting.append(record)
        if len(waiting) == ROW_GROUP:
            self._flush(partition)

    def _flush(self, partition: int) -> None:
        self._files[partition].write(batch_of(self._waiting[partition]))
        self._waiting[partition] = []


def batch_of(records: Sequence[LedgerRecord]) -> Any:
    """Records as a record batch of a ledger file."""
    starts = np.cumsum([0, *(len(one.headers) for one in records)], dtype=np.int32)
    pairs = [pair for one in records for pair in one.headers]
    parts = [pa.array([name for name, _ in pairs], pa.string()), pa.array([held for _, held in pairs], pa.binary())]
    headers = pa.ListArray.from_arrays(pa.array(starts), pa.StructArray.from_arrays(parts, fields=list(_HEADER)))
    columns = [
        pa.array([one.offset for one in records], pa.int64()),
        pa.array([one.timestamp for one in records], pa.int64()),
        pa.array([one.key for one in records], pa.binary()),
        pa.array([one.value for one in records], pa.binary()),
        headers.cast(SCHEMA.field("headers").type),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _opened(path: Path) -> Any:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as fault:
        raise ResultError(f"a ledger file cannot be read: {fault}", got=path, todo="replay again") from fault
    if not file.schema_arrow.equals(SCHEMA):
        file.close()
        raise ResultError("a file has not the columns of a ledger file", got=path, expected=", ".join(SCHEMA.names))
    return file


def read_ledger(path: Path) -> Iterator[list[LedgerRecord]]:
    """The records of a ledger file, in lists of a row group at most. 3 us a record. Raises `ResultError`."""
    for _, records in read_batches(path):
        yield records


def read_batches(path: Path) -> Iterator[tuple[Any, list[LedgerRecord]]]:
    """The same, each list behind the record batch that it was read from. Raises `ResultError`."""
    with _opened(path) as file:
        try:
            for batch in file.iter_batches(batch_size=ROW_GROUP):
                yield batch, _records(batch)
        except (OSError, pa.ArrowException) as fault:
            raise ResultError(f"a ledger file is damaged: {fault}", got=path, todo="replay again") from fault


def moved(batch: Any, shift: int) -> Any:
    """The record batch with every offset `shift` higher."""
    columns = [pc.add(batch["offset"], shift), *(batch[name] for name in SCHEMA.names[1:])]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def open_file(path: Path) -> ParquetFile:
    """A ledger file to write record batches to (`batch_of`, `moved`)."""
    return ParquetFile(path, SCHEMA, ROW_GROUP, _DICTIONARIES)


def _records(batch: Any) -> list[LedgerRecord]:
    headers = batch["headers"]
    starts = headers.offsets.to_pylist()
    inner = headers.values
    pairs = list(zip(inner.field(0).to_pylist(), inner.field(1).to_pylist(), strict=True))
    plain = (batch[name].to_pylist() for name in ("offset", "timestamp_ms", "key", "value"))
    return [
        LedgerRecord(offset, timestamp, key, value, pairs[starts[row] : starts[row + 1]])
        for row, (offset, timestamp, key, value) in enumerate(zip(*plain, strict=True))
    ]


def count(path: Path) -> int:
    """Records of a ledger file. Raises `ResultError`."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def last_offset(path: Path) -> int:
    """The offset of a ledger file's last record; -1 for an empty one. Raises `ResultError`."""
    with _opened(path) as file:
        offsets = file.read(columns=["offset"])["offset"]
        return int(offsets[-1].as_py()) if len(offsets) else -1


def read_timestamps(path: Path, offsets: Iterable[int]) -> dict[int, int]:
    """The time stamps (ms) of a ledger file's records at some offsets. Raises `ResultError` where one is not there."""
    with _opened(path) as file:
        table = file.read(columns=["offset", "timestamp_ms"])
    wanted = sorted(offsets)
    places = pc.index_in(pa.array(wanted, pa.int64()), table["offset"].combine_chunks()).to_pylist()
    if None in places:
        raise ResultError("an alert's record is not in the ledger", got=f"{path}, offset {wanted[places.index(None)]}")
    times = table["timestamp_ms"].take(pa.array(places, pa.int64())).to_pylist()
    return dict(zip(wanted, times, strict=True))


def copy_with(source: Path, target: Path, configuration: Configuration) -> None:
    """Copy a ledger file with every configuration record's value replaced. Raises `ResultError`.

    What partitions told one another is left out: it was learned under the configuration before.
    """
    left_out = 0
    with _opened(source) as file, ParquetFile(target, SCHEMA, ROW_GROUP, _DICTIONARIES) as written:
        for batch in file.iter_batches(batch_size=ROW_GROUP):
            learning = pc.fill_null(pc.equal(batch["key"], envelope.LEARNING_KEY), False).to_numpy(False)  # noqa: FBT003
            before = left_out + np.cumsum(learning)
            left_out = int(before[-1])
            if left_out:
                # later records take the places of those before them, as if nobody had told anything
                offsets = pa.array(batch["offset"].to_numpy() - before, pa.int64())
                batch = batch.set_column(0, SCHEMA.field("offset"), offsets).filter(pa.array(~learning))  # noqa: PLW2901
            if pc.any(pc.equal(batch["key"], envelope.CONFIGURATION_KEY)).as_py():
                written.write(batch_of([replace_configuration(one, configuration) for one in _records(batch)]))
            else:
                written.write(batch)


def is_configuration(record: LedgerRecord) -> bool:
    """Whether a ledger record carries a configuration; told by its envelope."""
    return record.key == envelope.CONFIGURATION_KEY and envelope.is_kind(record.headers, envelope.CONFIGURATION)


def replace_configuration(record: LedgerRecord, configuration: Configuration) -> LedgerRecord:
    """The record with this configuration where it carries one; any other as it is."""
    if not is_configuration(record):
        return record
    value = envelope.encode(ConfigurationChange(configuration=configuration))
    return record._replace(value=value, headers=envelope.checked_again(record.headers, value))


def read_configuration(record: LedgerRecord) -> Configuration:
    """The configuration that a record carries. Raises `ResultError`."""
    try:
        return msgspec.json.decode(record.value or b"", type=ConfigurationChange).configuration
    except msgspec.DecodeError as fault:
        raise ResultError(
            f"a configuration in the ledger cannot be read: {fault}", got=f"offset {record.offset}"
        ) from fault


def read_configurations(path: Path) -> list[Configuration]:
    """The configurations in a ledger file, oldest first. Raises `ResultError`."""
    found = []
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROW_GROUP):
            if pc.any(pc.equal(batch["key"], envelope.CONFIGURATION_KEY)).as_py():
                found += [read_configuration(one) for one in _records(batch) if is_configuration(one)]
    return found


def write_start(directory: Path, partition: int, sections: Iterable[Section]) -> None:
    """Write the sections of the state that a partition begins from."""
    (directory / STARTS).mkdir(exist_ok=True)
    with ParquetFile(partition_file(directory, STARTS, partition), _SECTIONS, 1, ()) as file:
        for name, content in sections:
            file.write(pa.RecordBatch.from_pydict({"name": [name], "content": [content]}, schema=_SECTIONS))


def read_start(directory: Path, partition: int) -> list[Section] | None:
    """The sections of the state that a partition begins from; None for a new state. Raises `ResultError`."""
    path = partition_file(directory, STARTS, partition)
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path, schema=_SECTIONS)
    except (OSError, pa.ArrowException) as fault:
        raise ResultError(f"a start state cannot be read: {fault}", got=path, todo="replay again") from fault
    return list(zip(table["name"].to_pylist(), table["content"].to_pylist(), strict=True))
