"""The ledger of an earlier result as the source of a replay: no door, the same records, perhaps other limits."""

import shutil
from pathlib import Path

import msgspec

from detectors.contracts.configuration import Configuration
from streams.errors import UsageError
from streams.kafka import topics
from streams.testbed import ledger_files, result_files
from streams.testbed.prepared import Prepared, Stages, members_of
from streams.testbed.result_files import DEAD_LETTERS, LEDGER, STARTS, Manifest, SourceRead, partition_file


def find_home(source: Path) -> Path | None:
    """The directory that holds `ledger/` where the source is a result or a result's ledger; None for others."""
    if result_files.is_result(source):
        return source
    return source.parent if source.name == LEDGER and (source / "00.parquet").is_file() else None


def prepare(home: Path, directory: Path, configuration: Configuration | None, stages: Stages) -> Prepared:
    """Copy the ledger files; with `configuration` every configuration record in them is replaced by it.

    Where the ledger lies in a result, its files are proven first. Raises `ResultError` for damage, `UsageError` for
    another configuration on a ledger that begins from a snapshot: what was learned before it was learned under its own.
    """
    manifest = result_files.read_manifest(home) if result_files.is_result(home) else None
    partitions = len(list((home / LEDGER).glob("*.parquet"))) if manifest is None else manifest.partitions
    paths = [partition_file(home, LEDGER, number) for number in range(partitions)]
    if manifest is not None:
        starts = [name for name in manifest.files if name.startswith(f"{STARTS}/")]
        result_files.prove(home, manifest, [*(f"{LEDGER}/{path.name}" for path in paths), *starts])
    if configuration is not None:
        require_whole(home)
        configuration = set_partitions(configuration, partitions)
    records = sum(ledger_files.count(path) for path in paths)
    stages.begin("ledger", records)
    (directory / LEDGER).mkdir()
    for path in paths:
        target = directory / LEDGER / path.name
        if configuration is None:
            shutil.copyfile(path, target)
        else:
            ledger_files.copy_with(path, target, configuration)
        stages.advance(ledger_files.count(target))
    if (home / STARTS).is_dir():
        shutil.copytree(home / STARTS, directory / STARTS)
    (directory / DEAD_LETTERS).touch()
    found = [
        ledger_files.read_configurations(partition_file(directory, LEDGER, number)) for number in range(partitions)
    ]
    known = [one for each in found[::-1] for one in each]
    if not known:
        # a range without one, which began from snapshots
        known = [result_files.read_configuration(home)]
    source = _source(manifest, paths)
    read, told = {topics.LEDGER: records}, configuration is None
    return Prepared(source, partitions, known[-1], members_of(known), read, {}, records, told)


def require_whole(home: Path) -> None:
    """Return when the ledger begins at its beginning. Raises `UsageError` when it begins from a snapshot."""
    if (home / STARTS).is_dir():
        raise UsageError(
            "another configuration cannot take the place of one that was learned under",
            got=f"{home}, which begins from snapshots",
            expected="a ledger from its first record",
            todo="replay the live ledger with `--cold` first",
        )


def set_partitions(configuration: Configuration, partitions: int) -> Configuration:
    """The configuration for a ledger of so many partitions, on which the daily budget is shared out."""
    engine = msgspec.structs.replace(configuration.engine, partitions=partitions)
    return msgspec.structs.replace(configuration, engine=engine)


def _source(manifest: Manifest | None, paths: list[Path]) -> SourceRead:
    """Where the ledger came from: its topic and range where known, and the files it was read from now."""
    files = {path.name: result_files.sha256_of(path) for path in paths}
    if manifest is None or manifest.source.kind == "stream":
        return SourceRead(kind="ledger", files=files)
    return msgspec.structs.replace(manifest.source, files=files)
