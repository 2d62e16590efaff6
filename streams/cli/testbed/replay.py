"""`fxwatch testbed replay`: a stream, a file, an earlier result or the live ledger through the core."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.message_options import check_parameters, message_options, read_given
from streams.errors import UsageError
from streams.installation.extras import needs
from streams.plain_text.printable import say, say_json

if TYPE_CHECKING:
    from streams.testbed.ledger_source import LedgerSpan
    from streams.testbed.replay import Prepare

LIVE_LEDGER = "ledger"


@click.command(short_help="Replay a stream or the ledger through the core, into a result directory.")
@click.argument("source")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Directory of the result.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML that changes the configuration, in place of FXWATCH_CONFIG.",
)
@click.option("--partitions", type=click.IntRange(1, 4096), help="Ledger partitions of a stream [default: 12].")
@click.option("--processes", type=click.IntRange(1), help="Processes for the core [default: one a CPU].")
@click.option("--from", "first", help="Ledger: judge from here on: an offset, or PARTITION:OFFSET,...")
@click.option("--since", help="Ledger: judge from the first record of this time on (ISO 8601 with an offset).")
@click.option("--until", "last", help="Ledger: up to here, exclusive: an offset, PARTITION:OFFSET,..., or a time.")
@click.option("--cold", is_flag=True, help="Ledger: learn from its first record, without snapshots.")
@click.option("--force", is_flag=True, help="Replace an earlier result.")
@message_options
@click.option("--json", "as_json", is_flag=True, help="The result's manifest as JSON on standard output.")
@needs("testbed")
def command(  # noqa: PLR0917 - click passes options by name
    source: str,
    out: Path,
    config_file: Path | None,
    partitions: int | None,
    processes: int | None,
    first: str | None,
    since: str | None,
    last: str | None,
    cold: bool,
    force: bool,
    as_json: bool,
    **told: Any,
) -> None:
    """Replay SOURCE through the core that the workers run, and write scores, alerts and ledger to a result directory.

    SOURCE is a stream directory (one file a topic, .jsonl or .parquet), one such file, a file of payment messages
    (pacs.008, MT103), an earlier result or its ledger/ directory, or the word `ledger`: the live ledger of the broker
    that is configured, read only. For a path of that name write ./ledger.

    Equal arguments and inputs give equal bytes, however many processes take part. The live ledger gives the live
    alerts, byte for byte; with --config, its configuration records are replaced by that one.

    Example: fxwatch testbed replay stream/ --out result/

    Example: fxwatch testbed replay ledger --since 2026-04-20T00:00:00+09:00 --out live/

    Example: fxwatch testbed replay result/ --config challenger.toml --out challenger/
    """
    from streams.cli.testbed.stage_bars import StageBars
    from streams.testbed.replay import replay, require_free

    span = _span(first, since, last, cold=cold)
    if span is not None and source != LIVE_LEDGER:
        raise UsageError(
            "--from, --since, --until and --cold are for the live ledger", got=source, expected="the source `ledger`"
        )
    require_free(out, force=force)
    if source == LIVE_LEDGER:
        prepare = _live(span, config_file, partitions)
    else:
        prepare = _of_path(Path(source), config_file, partitions, read_given(told))
    with StageBars() as stages:
        manifest = replay(prepare, out, processes=processes or os.cpu_count() or 1, force=force, stages=stages)
    import msgspec

    if as_json:
        say_json(json.dumps({"out": str(out), **msgspec.to_builtins(manifest)}))
    else:
        _show(out, manifest)


def _span(first: str | None, since: str | None, last: str | None, *, cold: bool) -> "LedgerSpan | None":
    """The part of the ledger that was asked for; None when nothing was said of one."""
    if first is None and since is None and last is None and not cold:
        return None
    from datetime import datetime

    from streams.testbed.ledger_source import LedgerSpan, parse_bound

    if first is not None and since is not None:
        raise UsageError("say once where to begin", got="--from and --since", expected="one of the two")
    begin = first if since is None else since
    bound = None if begin is None else parse_bound(begin)
    if bound is not None and isinstance(bound, datetime) != (since is not None):
        raise UsageError("--from takes offsets and --since a time", got=begin, todo="use the other of the two")
    return LedgerSpan(bound, None if last is None else parse_bound(last), cold)


def _live(span: "LedgerSpan | None", config_file: Path | None, partitions: int | None) -> "Prepare":
    from streams.settings import load_settings
    from streams.testbed.configuration_file import read_configuration_file
    from streams.testbed.ledger_source import LedgerSpan
    from streams.testbed.replay import prepare_ledger

    if partitions is not None:
        raise UsageError(
            "the live ledger has the partitions that it has",
            got=f"--partitions {partitions}",
            expected="no --partitions",
        )
    configuration = None if config_file is None else read_configuration_file(config_file)
    return prepare_ledger(load_settings(), span or LedgerSpan(), configuration)


def _of_path(path: Path, config_file: Path | None, partitions: int | None, told: dict[str, str]) -> "Prepare":
    """What the path holds, as a source. Raises `UsageError` for everything that is none."""
    from streams.ingest.formats.files import SUFFIXES, syntax_of_file
    from streams.settings import load_settings
    from streams.testbed.configuration_file import read_configuration_file
    from streams.testbed.ledger_copy import find_home
    from streams.testbed.replay import prepare_file, prepare_result, prepare_stream

    if not path.exists():
        raise UsageError(
            "there is no such source",
            got=path,
            todo="see `fxwatch testbed replay --help`",
            expected="a stream directory, a file, an earlier result, or `ledger`",
        )
    configuration = None if config_file is None else read_configuration_file(config_file)
    home = find_home(path) if path.is_dir() else None
    if home is not None:
        if partitions is not None:
            raise UsageError(
                "a result's ledger has the partitions that it has",
                got=f"--partitions {partitions}",
                expected="no --partitions",
                todo="replay the stream instead",
            )
        return prepare_result(home, configuration)
    configuration = configuration or load_settings().effective
    if path.is_dir():
        return prepare_stream(path, configuration, partitions)
    if path.suffix in {".jsonl", ".parquet"}:
        return prepare_file(path, configuration, partitions)
    syntax = syntax_of_file(str(path))
    if syntax is None:
        raise UsageError(
            "the file is no source", got=path, expected=f".jsonl, .parquet, or payment messages ({', '.join(SUFFIXES)})"
        )
    return _messages(path, syntax, configuration, partitions, told)


def _messages(path: Path, syntax: Any, configuration: Any, partitions: int | None, told: dict[str, str]) -> "Prepare":
    from streams.contracts.identifiers import Identifiers
    from streams.ingest.formats import files
    from streams.testbed.replay import prepare_records

    identifiers = Identifiers(configuration.admitted.placeholders, configuration.admitted.report_numbers)
    converted = files.convert_file(str(path), syntax, check_parameters(told), identifiers)
    files.check(str(path), converted)
    return prepare_records(path, files.records(converted, "event", history=False), configuration, partitions)


def _show(out: Path, manifest: Any) -> None:
    for topic, count in manifest.read.items():
        say(f"  {topic:<24} {count:>10,}")
    refused = ", ".join(f"{code} {count:,}" for code, count in manifest.dead_letters.items())
    if refused:
        say(f"refused at the door: {refused}")
    told = ", ".join(f"{outcome} {count:,}" for outcome, count in manifest.outcomes.items())
    say(f"{manifest.partitions} ledger partitions: {told}")
    say(
        f"{manifest.transactions:,} transactions of {manifest.parties:,} parties, {manifest.scored:,} scored, "
        f"{manifest.alerts:,} alerts; learned state {manifest.state_bytes / 1e6:,.1f} MB"
    )
    if manifest.legs:
        say(
            f"{sum(manifest.legs.values()):,} records on the legs, {manifest.nodes:,} shared things, "
            f"{manifest.shared_alerts:,} alerts on them; learned state {manifest.node_bytes / 1e6:,.1f} MB"
        )
    else:
        say("no legs: the ledger is judged from a later place than its first record")
    say(
        f"code {manifest.versions.code}, config {manifest.versions.config}, "
        f"detectors {manifest.versions.detectors}, rules {manifest.versions.rules}"
    )
    say(f"written to {out}")
