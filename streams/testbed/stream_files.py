"""A stream directory: one file a topic, JSON lines or Parquet, and the order in which its records make one stream.

Each file is in stream order, that is with time stamps that never step back. The stream is the merge of the files by
(time stamp, place of the topic in `TOPICS`, line): what a party is and what a currency is worth stand before what
happened at the same millisecond. `stream.json`, where there is one, says what the files were when they were made
(`require_as_made`). Other files in the directory (`truth.jsonl`) are not looked at.
"""

import contextlib
import hashlib
import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from streams.contracts import record_lines
from streams.contracts.input_record import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS, InputRecord
from streams.errors import FxwatchError, UsageError

TOPICS = (PROFILES, RATES, DECLARATIONS, TRANSACTIONS, DISPOSITIONS)
Format = Literal["jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("jsonl", "parquet")
ABOUT = "stream.json"
# Rows a row group: at most 64 KiB a value, in practice 600 bytes, so some 6 MB a topic wait in memory.
ROW_GROUP = 10_000
_COLUMNS = ("key", "value", "timestamp_ms", "headers")
# A file named like a topic; one that is no input topic is a misspelling, not something to pass over.
_TOPIC_LIKE = re.compile(r"[a-z]+\.[a-z]+\.v[0-9]+")
_UNFINISHED = ".part"


class _FileMade(msgspec.Struct, frozen=True):
    sha256: str


class _About(msgspec.Struct, frozen=True):
    """Of `stream.json`, what is compared."""

    files: dict[str, _FileMade]


class _Writer(Protocol):
    def write(self, record: InputRecord) -> None: ...

    def close(self) -> None: ...


class _LinesWriter:
    """One topic as JSON lines."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, record: InputRecord) -> None:
        self._file.write(record_lines.write(record))

    def close(self) -> None:
        self._file.close()


def _schema() -> Any:
    import pyarrow as pa

    header = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.binary())])
    types = (pa.binary(), pa.binary(), pa.int64(), pa.list_(header))
    return pa.schema([pa.field(name, held) for name, held in zip(_COLUMNS, types, strict=True)])


class _ParquetWriter:
    """One topic as Parquet: fixed options and row groups, so that equal records make equal bytes."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._schema = _schema()
        self._file = pq.ParquetWriter(
            path, self._schema, compression="zstd", compression_level=3, write_statistics=True, store_schema=False
        )
        self._rows: list[InputRecord] = []

    def write(self, record: InputRecord) -> None:
        self._rows.append(record)
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        rows, self._rows = self._rows, []
        headers = [[{"name": name, "value": held} for name, held in row.headers] for row in rows]
        columns = [[row.key for row in rows], [row.value for row in rows], [row.timestamp_ms for row in rows], headers]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=ROW_GROUP)

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._file.close()


_WRITERS: dict[Format, Callable[[Path], _Writer]] = {"jsonl": _LinesWriter, "parquet": _ParquetWriter}


def write_stream(records: Iterable[InputRecord], directory: Path, format: Format = "jsonl") -> dict[str, Any]:  # noqa: A002 - the command's own word
    """Write the records to one file a topic; a stream that stood in the directory is replaced once all is written.

    Returns {"records": {topic: n}, "files": {name: {"sha256", "bytes"}}}. Memory: one row group a topic, whatever the
    length. Each topic's time stamps must not step back. Raises `UsageError` for a record that does, that has no time
    stamp (negative), that is of no input topic, or that the format cannot hold; then the directory is as it was.
    `OSError` where it cannot be written.
    """
    if format not in FORMATS:
        raise UsageError("not a format of stream files", got=format, expected=" or ".join(FORMATS))
    directory.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    try:
        counts = _write_topics(records, directory, format, written)
    except BaseException:
        for path in written.values():
            path.unlink(missing_ok=True)
        raise
    for name in [f"{topic}.{ending}" for topic in TOPICS for ending in FORMATS]:
        (directory / name).unlink(missing_ok=True)
    for topic, path in written.items():
        path.rename(directory / f"{topic}.{format}")
    names = [f"{topic}.{format}" for topic in TOPICS if topic in counts]
    return {
        "records": {topic: counts[topic] for topic in TOPICS if topic in counts},
        "files": {name: file_digest(directory / name) for name in names},
    }


def _write_topics(
    records: Iterable[InputRecord], directory: Path, form: Format, written: dict[str, Path]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    newest: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        writers: dict[str, _Writer] = {}
        for record in records:
            topic = record.topic
            if topic not in writers:
                if topic not in TOPICS:
                    raise UsageError("not a topic of a stream", got=topic, expected=f"one of {', '.join(TOPICS)}")
                counts[topic], newest[topic] = 0, 0
                written[topic] = directory / f"{topic}.{form}{_UNFINISHED}"
                writers[topic] = _WRITERS[form](written[topic])
                stack.callback(writers[topic].close)
            if record.timestamp_ms < newest[topic]:
                raise _step_back(topic, counts[topic] + 1, record.timestamp_ms, newest[topic])
            newest[topic] = record.timestamp_ms
            counts[topic] += 1
            try:
                writers[topic].write(record)
            except UnicodeDecodeError as fault:
                raise UsageError(
                    f"record {counts[topic]} of {topic} has a header that is no text",
                    expected="UTF-8, which JSON lines can hold",
                    todo="write the stream as parquet",
                ) from fault
    return counts


def _step_back(place: str, number: int, got_ms: int, newest_ms: int) -> UsageError:
    return UsageError(
        f"{place}, record {number}: not in stream order",
        got=f"time stamp {got_ms} ms",
        expected=f"at least {newest_ms} ms" if newest_ms else "a time stamp since 1970",
        todo="sort the records of each topic by time stamp",
    )


def file_digest(path: Path) -> dict[str, Any]:
    """SHA-256 (hex) and size in bytes of a file, read in pieces. Raises `OSError`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def topic_files(directory: Path) -> dict[str, Path]:
    """Topic -> file of a stream directory, in the order of `TOPICS`. Raises `UsageError` with all that is wrong."""
    if not directory.is_dir():
        raise UsageError(
            "no stream directory", got=directory, expected="a directory of topic files", todo="fxwatch testbed generate"
        )
    found: dict[str, Path] = {}
    problems = []
    for path in sorted(directory.iterdir()):
        topic, _, ending = path.name.rpartition(".")
        if ending not in FORMATS or not _TOPIC_LIKE.fullmatch(topic):
            continue
        if topic not in TOPICS:
            problems.append(f"{path.name} is named after no topic of a stream")
        elif topic in found:
            problems.append(f"{topic} is there both as {found[topic].suffix[1:]} and as {ending}")
        found.setdefault(topic, path)
    if not found:
        problems.append("it holds no topic file")
    if problems:
        raise UsageError(
            "the directory is no stream: " + "; ".join(problems),
            got=directory,
            expected=f"one file a topic, .jsonl or .parquet: {', '.join(TOPICS)}",
            todo="fxwatch testbed generate, or name the files after their topics",
        )
    return {topic: found[topic] for topic in TOPICS if topic in found}


def require_as_made(directory: Path, digests: Mapping[str, str]) -> None:
    """Return when the files of these names and SHA-256 (hex) are those that the directory's `stream.json` says.

    Without a `stream.json` nothing was said. A topic file that it names must be among them; other files that it names
    (`truth.jsonl`) are compared where they are. Raises `UsageError` with every file that is not as it was made.
    """
    path = directory / ABOUT
    if not path.is_file():
        return
    try:
        made = msgspec.json.decode(path.read_bytes(), type=_About).files
    except (OSError, msgspec.DecodeError) as fault:
        raise UsageError(
            f"{ABOUT} cannot be read: {fault}",
            got=path,
            expected=f"what made the stream, or no {ABOUT}",
            todo="generate the stream again, or remove the file",
        ) from fault
    told = [f"{name} was changed" for name in digests if name in made and digests[name] != made[name].sha256]
    told += [f"{name} is new" for name in digests if name not in made]
    told += [f"{name} is not there" for name in made if name not in digests and name.rpartition(".")[0] in TOPICS]
    if told:
        raise UsageError(
            f"the stream is not what its {ABOUT} says: {'; '.join(told)}",
            got=directory,
            expected="the files as they were made",
            todo=f"generate the stream again; remove {ABOUT} if the change was meant",
        )


def read_stream(directory: Path) -> Iterator[InputRecord]:
    """The records of a stream directory in stream order. Memory: one row group a topic.

    The directory's files are checked at once, their content while it is read. Raises `UsageError` for a directory
    that is no stream, a file that cannot be read, a line or a table that is none, and records out of order.
    """
    files = topic_files(directory)
    streams = [_ordered(_read_file(topic, path), path.name) for topic, path in files.items()]
    # heapq.merge keeps the order of its arguments among equal keys: that is the place of the topic, then the line
    return heapq.merge(*streams, key=lambda record: record.timestamp_ms)


def topic_of_file(path: Path) -> str:
    """The topic that a single file of a stream is named after. Raises `UsageError`."""
    topic, _, ending = path.name.rpartition(".")
    if ending not in FORMATS or topic not in TOPICS:
        raise UsageError(
            "the file's name says no topic of a stream",
            got=path.name,
            expected=f"TOPIC.jsonl or TOPIC.parquet, TOPIC one of {', '.join(TOPICS)}",
            todo="name the file after its topic",
        )
    return topic


def read_file(path: Path) -> Iterator[InputRecord]:
    """The records of a single file, as `read_stream` reads a directory of them. Raises `UsageError`."""
    return _ordered(_read_file(topic_of_file(path), path), path.name)


def _ordered(records: Iterator[InputRecord], name: str) -> Iterator[InputRecord]:
    newest = 0
    for number, record in enumerate(records, 1):
        if record.timestamp_ms < newest:
            raise _step_back(name, number, record.timestamp_ms, newest)
        newest = record.timestamp_ms
        yield record


def _read_file(topic: str, path: Path) -> Iterator[InputRecord]:
    try:
        yield from (_read_lines if path.suffix == ".jsonl" else _read_parquet)(topic, path)
    except UsageError:
        raise
    except FxwatchError as fault:
        raise UsageError(fault.what, got=fault.got, expected=fault.expected, todo="mend the file") from fault
    except OSError as fault:
        raise UsageError(f"cannot read a file of the stream: {fault.strerror or fault}", got=path) from fault


def _read_lines(topic: str, path: Path) -> Iterator[InputRecord]:
    with path.open("rb") as lines:
        yield from record_lines.read(lines, topic, source=path.name, timestamps="event")


def _read_parquet(topic: str, path: Path) -> Iterator[InputRecord]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _require_columns(file.schema_arrow, path)
            for batch in file.iter_batches(batch_size=ROW_GROUP, columns=list(_COLUMNS)):
                columns = [batch.column(name).to_pylist() for name in _COLUMNS]
                for key, value, at_ms, headers in zip(*columns, strict=True):
                    pairs = tuple((each["name"], each["value"]) for each in headers) if headers else ()
                    yield InputRecord(topic, key, value, -1 if at_ms is None else at_ms, pairs)
    except pa.ArrowException as fault:
        raise UsageError(f"{path.name} is no Parquet file that can be read", got=str(fault)) from fault


def _require_columns(schema: Any, path: Path) -> None:
    wanted = _schema()
    # the name of a list's items differs between writers and means nothing
    wrong = [
        name
        for name in _COLUMNS
        if name not in schema.names or not schema.field(name).type.equals(wanted.field(name).type)
    ]
    if wrong:
        raise UsageError(
            f"{path.name} has not the columns of a stream file: {', '.join(wrong)}",
            got=", ".join(f"{field.name}: {field.type}" for field in schema),
            expected=", ".join(f"{field.name}: {field.type}" for field in wanted),
            todo="write it as fxwatch testbed generate does",
        )
