"""`fxwatch testbed generate`: a labelled stream on disk, one file a topic, with the truth beside it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streams.cli.record_bar import count_on_bar, record_bar
from streams.cli.stream_options import stream_options
from streams.errors import FxwatchError, UsageError
from streams.installation.extras import needs
from streams.plain_text.printable import say, say_json

TRUTH_NAME = "truth.jsonl"
MADE_BY = "fxwatch testbed generate"


@click.command(short_help="A labelled stream, on disk.")
@click.option("--events", default=100_000, show_default=True, help="Records of all topics together (2000 or more).")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory; a stream there is replaced.",
)
@click.option(
    "--start", type=click.DateTime(["%Y-%m-%d"]), help="First day in Korea; its law is obeyed [default: 2025-10-27]."
)
@click.option("--days", type=int, help="Days; default 120, with more than 200 000 events up to 365.")
@click.option("--residents", type=int, help="Resident parties; default one for 20 events, 60 to 40000.")
@stream_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Of the files.",
)
@click.option(
    "--preset",
    type=click.Choice(["full", "basic"]),
    default="full",
    show_default=True,
    help="basic: what `fxwatch simulate` makes.",
)
@click.option("--pack", help="Planted typologies: full, none, or ids such as T01,T04 [default: full; not with basic].")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on standard output.")
@needs("testbed")
def command(  # noqa: PLR0917 - click passes options by name
    events: int,
    seed: int,
    out: Path,
    start: datetime | None,
    days: int | None,
    residents: int | None,
    history_days: int,
    bad_share: float,
    form: str,
    preset: str,
    pack: str | None,
    as_json: bool,
) -> None:
    """Generate a stream of all five input topics: honest people, look-alikes and planted cases, the truth aside.

    Example: fxwatch testbed generate --events 100000 --seed 1 --out stream/

    Example: fxwatch testbed generate --events 20000 --start 2022-03-01 --pack T01,T04 --format parquet --out old/
    """
    if preset == "basic" and pack is not None:
        raise UsageError("--pack belongs to the preset full", got=f"--preset basic --pack {pack}", todo="leave one out")
    arguments: dict[str, Any] = {
        "events": events,
        "seed": seed,
        "start": start.date() if start is not None else None,
        "days": days,
        "residents": residents,
        "history_days": history_days,
        "bad_share": bad_share,
        "preset": preset,
    }
    summary = generate(arguments, out, form, pack or "full")
    if as_json:
        say_json(json.dumps(summary))
    else:
        _show(summary)


def generate(arguments: dict[str, Any], out: Path, form: str, pack: str = "full") -> dict[str, Any]:
    """Write the stream of these arguments of `Simulation`, its truth and `stream.json` to `out`; returns the summary.

    Raises `UsageError` for arguments out of range and where `out` holds a replay's result, `FxwatchError` where it
    cannot be written. Shows a bar.
    """
    from streams.generator import Simulation
    from streams.generator.plan import typologies_of
    from streams.testbed.result_files import is_result
    from streams.testbed.stream_files import ABOUT, file_digest, write_stream

    if is_result(out):
        raise UsageError(
            "the directory holds the result of a replay",
            got=out,
            expected="a new directory, or a stream",
            todo="choose another --out",
        )
    simulation = Simulation(**arguments, typologies=typologies_of(pack))
    progress, report = record_bar(simulation.plan.events)
    try:
        with progress:
            written = write_stream(count_on_bar(simulation, report), out, "parquet" if form == "parquet" else "jsonl")
        (out / TRUTH_NAME).write_bytes(simulation.truth.lines())
        written["files"][TRUTH_NAME] = file_digest(out / TRUTH_NAME)
        about = {"format": 1, "made_by": MADE_BY, "arguments": _said(simulation.plan, form), **written}
        (out / ABOUT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")
    except OSError as fault:
        raise FxwatchError(
            f"cannot write: {fault.strerror}", got=fault.filename, todo="choose a writable place"
        ) from fault
    return {"out": str(out), **about["arguments"], **simulation.truth.totals(), "files": written["files"]}


def _said(plan: Any, form: str) -> dict[str, Any]:
    """The arguments with what was filled in: given back to the command, they make the same bytes."""
    said = {
        "events": plan.events,
        "seed": plan.seed,
        "start": plan.start.isoformat(),
        "days": plan.days,
        "residents": plan.residents,
        "history_days": plan.history_days,
        "bad": plan.bad_share,
        "format": form,
        "preset": plan.preset,
    }
    return said if plan.preset == "basic" else {**said, "pack": ",".join(plan.typologies) or "none"}


def _show(summary: dict[str, Any]) -> None:
    say(
        f"{summary['records']:,} records of {summary['residents']:,} residents, {summary['days']} days from "
        f"{summary['start']}, seed {summary['seed']}, preset {summary['preset']}"
    )
    for topic, count in summary["topics"].items():
        say(f"  {topic:<24} {count:>10,}")
    cases = ", ".join(f"{name} {count}" for name, count in summary["cases"].items()) or "none"
    say(
        f"planted: {cases}; look-alikes {summary['lookalikes']}; bad {summary['bad']}, resends {summary['resends']}, "
        f"conflicts {summary['conflicts']}"
    )
    say(f"written to {summary['out']}, truth in {TRUTH_NAME}")
