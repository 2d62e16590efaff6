"""The replay: any source through the same pure core as the workers run, to a result directory.

First the source comes to ledger files (door_pass, ledger_copy, ledger_source). Then each partition goes through the
core in one of several processes, all legs together through the shared agent's, and the parts are joined in order. The
same arguments and inputs give the same bytes, however many processes take part. Everything is written to `DIR.partial`,
which takes its name at the end.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from detectors.contracts.configuration import Configuration
from streams.contracts.input_record import InputRecord
from streams.errors import FxwatchError, UsageError
from streams.settings import Settings
from streams.testbed import (
    door_pass,
    ledger_copy,
    ledger_source,
    partition_files,
    result_files,
    stream_files,
)
from streams.testbed.ledger_copy import set_partitions
from streams.testbed.ledger_source import LedgerSpan
from streams.testbed.meetings import replay_together
from streams.testbed.partition_files import PARTS, PartitionTask
from streams.testbed.partition_pass import OUTCOMES, PartitionFigures
from streams.testbed.prepared import Prepared, Stages
from streams.testbed.processes import run_in_processes
from streams.testbed.result_files import SHARED_ALERTS, Manifest, SourceRead
from streams.testbed.shared_pass import SharedFigures, SharedTask, replay_legs
from streams.version import versions

PARTIAL = ".partial"
# Makes a source's ledger files in a directory.
Prepare = Callable[[Path, Stages], Prepared]


def prepare_stream(directory: Path, configuration: Configuration, partitions: int | None = None) -> Prepare:
    """A stream directory as the source. Raises `UsageError` when it is none; replayed, when its files are not as made.

    As made is what `stream.json` says, where there is one.
    """
    files = stream_files.topic_files(directory)
    return partial(
        _prepare_files,
        files,
        lambda: stream_files.read_stream(directory),
        _partitioned(configuration, partitions),
        made_in=directory,
    )


def prepare_file(path: Path, configuration: Configuration, partitions: int | None = None) -> Prepare:
    """A single file of one topic, JSON lines or Parquet, as the source. Raises `UsageError` when it is none."""
    topic = stream_files.topic_of_file(path)
    return partial(
        _prepare_files, {topic: path}, lambda: stream_files.read_file(path), _partitioned(configuration, partitions)
    )


def prepare_records(
    path: Path, records: list[InputRecord], configuration: Configuration, partitions: int | None = None
) -> Prepare:
    """Records that were converted from a file of payment messages, in their order of time, as the source."""
    ordered = sorted(records, key=lambda record: record.timestamp_ms)
    return partial(_prepare_files, {path.name: path}, lambda: ordered, _partitioned(configuration, partitions))


def prepare_result(home: Path, configuration: Configuration | None) -> Prepare:
    """The ledger of an earlier result as the source; `configuration` takes the place of those in it."""
    return partial(_prepare_copy, home, configuration)


def prepare_ledger(settings: Settings, span: LedgerSpan, configuration: Configuration | None) -> Prepare:
    """A part of the live ledger as the source; `configuration` takes the place of those in it."""
    return partial(_prepare_ledger, settings, span, configuration)


def replay(prepare: Prepare, out: Path, *, processes: int, force: bool, stages: Stages) -> Manifest:
    """Replay a source to `out`, and return the manifest written there.

    Raises `UsageError` where `out` cannot be taken (`force` replaces an earlier result), what the source raises,
    `LedgerError` for a record that the core cannot apply, `ProcessDiedError`. Whatever ends it, `out` is as it was.
    Cost: some 50 us an input record for the door, 0.3 ms a transaction and 5 us a rate and partition for the core.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow a link that is to be replaced
    require_free(out, force=force)
    directory = out.with_name(out.name + PARTIAL)
    _clear(directory)
    try:
        directory.mkdir(parents=True)
        prepared = prepare(directory, stages)
        manifest = _run(directory, prepared, processes, stages)
        if out.exists():
            shutil.rmtree(out)
        directory.rename(out)
    except OSError as fault:
        raise FxwatchError(
            f"the result cannot be written: {fault.strerror or fault}",
            got=fault.filename or directory,
            todo="make room, or choose another place",
        ) from fault
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return manifest


def require_free(out: Path, *, force: bool) -> None:
    """Return when a result may be written to `out`. Raises `UsageError` otherwise."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError("the place for the result is no directory", got=out, todo="choose another --out")
    if next(out.iterdir(), None) is None:
        return
    if not result_files.is_result(out):
        raise UsageError(
            "the directory for the result is not empty, and holds no earlier result",
            got=out,
            expected="a new or an empty directory",
            todo="choose another --out",
        )
    if not force:
        raise UsageError(
            "the directory holds a result already",
            got=out,
            expected="a new or an empty directory",
            todo="choose another --out, or pass --force to replace it",
        )


def _clear(directory: Path) -> None:
    """Remove what an interrupted replay left. Raises `UsageError` when it holds anything else."""
    if not directory.exists():
        return
    ours = {
        result_files.SCORES,
        result_files.ALERTS,
        result_files.SHARED_ALERTS,
        result_files.DEAD_LETTERS,
        result_files.CONFIGURATION,
        result_files.MANIFEST,
        result_files.LEDGER,
        result_files.STARTS,
        PARTS,
    }
    strange = sorted(path.name for path in directory.iterdir() if path.name not in ours)
    if strange:
        raise UsageError(
            "the place where the result is made holds something else",
            got=f"{directory}: {', '.join(strange[:5])}",
            expected="nothing, or an interrupted replay",
            todo="move it away",
        )
    shutil.rmtree(directory)


def _partitioned(configuration: Configuration, partitions: int | None) -> Configuration:
    return configuration if partitions is None else set_partitions(configuration, partitions)


def _prepare_files(
    files: dict[str, Path],
    records: Callable[[], Iterable[InputRecord]],
    configuration: Configuration,
    directory: Path,
    stages: Stages,
    *,
    made_in: Path | None = None,
) -> Prepared:
    digests = {path.name: result_files.sha256_of(path) for path in files.values()}
    if made_in is not None:
        stream_files.require_as_made(made_in, digests)
    source = SourceRead(kind="stream", files=digests)
    total = sum(_lines(path) for path in files.values() if path.suffix == ".jsonl")
    return door_pass.prepare(records(), directory, configuration, source, stages, total or None)


def _lines(path: Path) -> int:
    """Lines of a file, for the progress bar: some 0.1 s a gigabyte."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


def _prepare_copy(home: Path, configuration: Configuration | None, directory: Path, stages: Stages) -> Prepared:
    return ledger_copy.prepare(home, directory, configuration, stages)


def _prepare_ledger(
    settings: Settings, span: LedgerSpan, configuration: Configuration | None, directory: Path, stages: Stages
) -> Prepared:
    return ledger_source.prepare(settings, span, directory, configuration, stages)


def _run(directory: Path, prepared: Prepared, processes: int, stages: Stages) -> Manifest:
    (directory / PARTS).mkdir()
    whole = _is_whole(directory, prepared)
    partitions = [
        PartitionTask(directory, number, prepared.judged_from(number), prepared.end(number), prepared.members)
        for number in range(prepared.partitions)
    ]
    stages.begin("core", prepared.records * (2 if whole else 1))
    if whole and not prepared.told:
        figures, together = replay_together(partitions, prepared, processes, stages)
        shared = [together]
    else:
        # the largest task first, so that none waits for it at the end
        legs = [SharedTask(directory, prepared.partitions, directory / SHARED_ALERTS)] if whole else []
        some: list[PartitionTask | SharedTask] = [*legs, *partitions]
        answers = run_in_processes(_replay_one, some, processes, stages)
        figures = [one for one in answers if isinstance(one, PartitionFigures)]
        shared = [one for one in answers if isinstance(one, SharedFigures)]
    stages.begin("files", 1)
    partition_files.join(directory, prepared.partitions, prepared.members)
    (directory / SHARED_ALERTS).touch()
    result_files.write_configuration(directory, prepared.configuration)
    manifest = result_files.write_manifest(directory, _manifest(prepared, figures, shared))
    stages.advance(1)
    return manifest


def _is_whole(directory: Path, prepared: Prepared) -> bool:
    """Whether the ledger begins at its beginning, and all of it is judged."""
    begins_new = not (directory / result_files.STARTS).is_dir()
    return begins_new and not any(prepared.judged_from(number) for number in range(prepared.partitions))


def _replay_one(task: PartitionTask | SharedTask, stages: Stages) -> PartitionFigures | SharedFigures:
    """The legs, or one partition of the ledger."""
    if isinstance(task, SharedTask):
        return replay_legs(task, stages)
    return partition_files.replay_partition(task, stages)


def _manifest(prepared: Prepared, figures: list[PartitionFigures], shared: list[SharedFigures]) -> Manifest:
    outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
    for one in figures:
        outcomes.update(one.outcomes)
    held_back: Counter[str] = Counter()
    for one in figures:
        for what, count in one.held_back.items():
            held_back[what] += count
    legs: Counter[str] = Counter()
    for each in shared:
        legs.update(each.outcomes)
    return Manifest(
        source=prepared.source,
        partitions=prepared.partitions,
        versions=versions(prepared.configuration),
        detectors=prepared.configuration.detectors.members,
        read=prepared.read,
        outcomes=dict(outcomes),
        dead_letters=prepared.dead_letters,
        transactions=sum(one.transactions for one in figures),
        scored=sum(one.scored for one in figures),
        alerts=sum(one.alerts for one in figures),
        parties=sum(one.parties for one in figures),
        state_bytes=sum(one.state_bytes for one in figures),
        legs=dict(sorted(legs.items())),
        shared_alerts=sum(one.alerts for one in shared),
        nodes=sum(one.nodes for one in shared),
        node_bytes=sum(one.state_bytes for one in shared),
        held_back=dict(held_back),
        files={},
    )
