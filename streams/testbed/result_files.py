"""A result directory: what a replay writes and what judge, compare, search and exercise read.

`replay.json` (the manifest), `configuration.json`, `ledger/NN.parquet` (streams/testbed/ledger_files.py),
`scores.parquet`, `alerts.jsonl`, `shared_alerts.jsonl`, `deadletters.jsonl`; and `start/NN.parquet` for a partition
whose replay began from a snapshot. Nothing in it depends on the time or on the machine's load, so that equal inputs
make equal bytes.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from detectors.contracts.alert import Versions
from detectors.contracts.configuration import Configuration
from detectors.testbed.sheet import Sheet
from streams.errors import FxwatchError, UsageError

MANIFEST, CONFIGURATION = "replay.json", "configuration.json"
SCORES, ALERTS, DEAD_LETTERS = "scores.parquet", "alerts.jsonl", "deadletters.jsonl"
# The alerts of the shared agent. Aside, because their positions are of the legs and not of the ledger.
SHARED_ALERTS = "shared_alerts.jsonl"
LEDGER, STARTS = "ledger", "start"
# 2: results have the shared agent's alerts. Failure prevented: judged beside one without them, a version seems blind.
FORMAT = 2


class ResultError(FxwatchError):
    """A result directory whose files are damaged, or are not those that its manifest names."""

    code = "testbed.result"


class SourceRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was replayed.

    `stream`: input records, `files` by name with their SHA-256. `ledger`: ledger records, of `topic`; `partitions` by
    number the offsets [first judged, end), `snapshots` by number the offset of the snapshot that the state came from,
    `files` the ledger files where they were not read from Kafka.
    """

    kind: Literal["stream", "ledger"]
    files: dict[str, str] = {}
    topic: str | None = None
    partitions: dict[str, tuple[int, int]] = {}
    snapshots: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay was and what came of it; no timing.

    `read` counts input records (or ledger records) by topic, `outcomes` what the core made of ledger records,
    `dead_letters` refusals by code (a record may have several). `transactions` is the number of rows, `scored` of those
    that the models scored. `parties` and `state_bytes` are over all partitions at the end, the bytes those of a
    snapshot before compression. `legs` counts what the shared agent made of the records of its topic, empty where the
    ledger does not begin at its beginning: what was shared before is not known then. `shared_alerts`, `nodes` and
    `node_bytes` are of the shared agent. `held_back` counts the payments that the models did not learn from, by what
    became of them; empty in results of before 2026-12. `files` names every other file of the directory with its
    SHA-256.
    """

    format: int = FORMAT
    source: SourceRead
    partitions: int
    versions: Versions
    detectors: dict[str, dict[str, float]]
    read: dict[str, int]
    outcomes: dict[str, int]
    dead_letters: dict[str, int]
    transactions: int
    scored: int
    alerts: int
    parties: int
    state_bytes: int
    legs: dict[str, int]
    shared_alerts: int
    nodes: int
    node_bytes: int
    held_back: dict[str, int] = {}
    files: dict[str, str]


class Result(NamedTuple):
    """A result as read: the directory, its manifest, the configuration it ran with, and the assessed transactions."""

    directory: Path
    manifest: Manifest
    configuration: Configuration
    sheet: Sheet


def partition_file(directory: Path, folder: str, partition: int) -> Path:
    """The file of a partition in one of a result's folders (`LEDGER`, `STARTS`)."""
    return directory / folder / f"{partition:02}.parquet"


def is_result(directory: Path) -> bool:
    """Whether a directory holds a replay's manifest."""
    return (directory / MANIFEST).is_file()


def read_manifest(directory: Path) -> Manifest:
    """The manifest. Raises `UsageError` where there is none, `ResultError` where it cannot be read."""
    path = directory / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as fault:
        raise UsageError(
            "this is no result of a replay",
            got=directory,
            expected=f"a directory with {MANIFEST}",
            todo="make one with `fxwatch testbed replay`",
        ) from fault
    except msgspec.DecodeError as fault:
        raise ResultError(f"{MANIFEST} cannot be read: {fault}", got=path, todo="replay again") from fault
    if manifest.format != FORMAT:
        raise ResultError("the result is of another format", got=manifest.format, expected=FORMAT, todo="replay again")
    return manifest


def read_configuration(directory: Path) -> Configuration:
    """The configuration that the replay ran with. Raises `ResultError`."""
    path = directory / CONFIGURATION
    try:
        return msgspec.json.decode(path.read_bytes(), type=Configuration)
    except (OSError, msgspec.DecodeError) as fault:
        raise ResultError(f"{CONFIGURATION} cannot be read: {fault}", got=path, todo="replay again") from fault


def read_result(directory: Path) -> Result:
    """Manifest, configuration and sheet, proven to be the bytes that the replay wrote.

    Raises `UsageError` where the directory holds no result, `ResultError` where a file is damaged. Cost: some 3 s and
    600 MB a million transactions.
    """
    manifest = read_manifest(directory)
    prove(directory, manifest, (CONFIGURATION, SCORES))
    return Result(directory, manifest, read_configuration(directory), read_sheet(directory / SCORES))


def read_sheet(path: Path) -> Sheet:
    """The sheet of a `scores.parquet`. Raises `ResultError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from streams.testbed import score_columns

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as fault:
        raise ResultError(f"{path.name} cannot be read: {fault}", got=path, todo="replay again") from fault
    missing = score_columns.missing_columns(table.schema)
    if missing:
        raise ResultError(f"{path.name} lacks columns", got=f"no {', '.join(missing)}", todo="replay again")
    return score_columns.sheet(table)


def prove(directory: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Return when these files are those of the manifest, byte for byte. Raises `ResultError` naming all others."""
    problems = []
    for name in names:
        if name not in manifest.files:
            problems.append(f"{name} is not in {MANIFEST}")
        elif not (directory / name).is_file():
            problems.append(f"{name} is not there")
        elif sha256_of(directory / name) != manifest.files[name]:
            problems.append(f"{name} was changed since it was written")
    if problems:
        raise ResultError("the result is damaged: " + "; ".join(problems), got=directory, todo="replay again")


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_configuration(directory: Path, configuration: Configuration) -> None:
    """Write `configuration.json`."""
    _write(directory / CONFIGURATION, configuration)


def write_manifest(directory: Path, manifest: Manifest) -> Manifest:
    """Write the manifest last, with the digests of all files that are there; returns it as written."""
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    files = {name: sha256_of(directory / name) for name in names if name != MANIFEST}
    manifest = msgspec.structs.replace(manifest, files=files)
    _write(directory / MANIFEST, manifest)
    return manifest


def _write(path: Path, content: msgspec.Struct) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
