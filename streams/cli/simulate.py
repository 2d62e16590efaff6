"""`fxwatch simulate`: the preset `basic` of the generator, to files or to Kafka."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from streams.cli.record_bar import count_on_bar, record_bar
from streams.cli.stream_options import stream_options
from streams.errors import FxwatchError, UsageError
from streams.installation.extras import needs
from streams.plain_text.printable import say, say_json

TRUTH_NAME = "truth.jsonl"


@click.command(short_help="The built-in stream, with planted cases.")
@click.option("--events", default=20_000, show_default=True, help="Records of all topics together (500 or more).")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Records per second with --publish; default flat out."
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First simulated day in Korea [default: 2026-04-20].")
@click.option("--days", type=int, help="Simulated days; default grows with --events, 14 to 180.")
@click.option("--residents", type=int, help="Resident parties; default grows with --events, 60 to 4000.")
@stream_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one JSON-lines file a topic here, and the truth.",
)
@click.option("--publish", "to_kafka", is_flag=True, help="Send to Kafka in simulated order.")
@click.option(
    "--timestamps",
    type=click.Choice(["event", "now"]),
    default="now",
    show_default=True,
    help="Kafka timestamps with --publish: of sending, in simulated order, or simulated (refused if of long ago).",
)
@click.option(
    "--truth", "truth_file", type=click.Path(dir_okay=False, path_type=Path), help="Write what was planted here."
)
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on standard output.")
@needs("demo")
def command(  # noqa: PLR0917 - click passes options by name
    events: int,
    rate: float | None,
    seed: int,
    start: datetime | None,
    days: int | None,
    residents: int | None,
    history_days: int,
    bad_share: float,
    out: Path | None,
    to_kafka: bool,
    timestamps: str,
    truth_file: Path | None,
    as_json: bool,
) -> None:
    """Simulate residents' payments across the border, with planted T01, T02 and T16 cases and truth aside.

    Example: fxwatch simulate --events 20000 --seed 7 --bad 0.01 --out stream/

    Example: fxwatch simulate --events 50000 --publish --truth truth.jsonl
    """
    _require_destination(rate, out, to_kafka=to_kafka)
    from streams.generator import Simulation

    more: dict[str, Any] = {"start": start.date()} if isinstance(start, datetime) else {}
    simulation = Simulation(
        seed, events, days=days, residents=residents, history_days=history_days, bad_share=bad_share, **more
    )
    try:
        summary = _send(simulation, rate, timestamps) if out is None else _write(simulation, out)
        truth_file = truth_file or (out / TRUTH_NAME if out is not None else None)
        if truth_file is not None:
            truth_file.write_bytes(simulation.truth.lines())
    except OSError as fault:
        raise FxwatchError(
            f"cannot write: {fault.strerror}", got=fault.filename, todo="choose a writable place"
        ) from fault
    plan = {
        "seed": seed,
        "start": str(simulation.plan.start),
        "days": simulation.plan.days,
        "residents": simulation.plan.residents,
    }
    summary = {**plan, **simulation.truth.totals(), **summary, "truth": str(truth_file) if truth_file else None}
    if as_json:
        say_json(json.dumps(summary))
    else:
        _show(summary)


def _require_destination(rate: float | None, out: Path | None, *, to_kafka: bool) -> None:
    """Return when the stream goes to exactly one place. Raises `UsageError` otherwise."""
    if (out is None) != to_kafka:
        raise UsageError(
            "say where the stream goes",
            got="both" if to_kafka else "neither",
            expected="--out DIR or --publish",
            todo="see fxwatch simulate --help",
        )
    if rate is not None and not to_kafka:
        raise UsageError("--rate paces a stream sent to Kafka", todo="use it with --publish")


def _send(simulation: Any, rate: float | None, timestamps: str) -> dict[str, Any]:
    from streams.publication.sending import publish_records
    from streams.settings import load_settings

    settings = load_settings()
    progress, report = record_bar(simulation.plan.events)
    with progress:
        stamps: Any = timestamps
        sent = publish_records(settings, simulation, rate, report, stamps=stamps, expected=simulation.plan.events)
    for warning in sent.warnings:
        say(f"fxwatch: warning: {warning}", err=True)
    return {"published_to": settings.bootstrap, **sent.as_dict()}


def _write(simulation: Any, out: Path) -> dict[str, Any]:
    from streams.testbed.stream_files import write_stream

    progress, report = record_bar(simulation.plan.events)
    with progress:
        write_stream(count_on_bar(simulation, report), out, "jsonl")
    return {"out": str(out)}


def _show(summary: dict[str, Any]) -> None:
    last = date.fromordinal(date.fromisoformat(summary["start"]).toordinal() + summary["days"] - 1)
    say(
        f"{summary['records']:,} records of {summary['residents']:,} residents, "
        f"{summary['start']} to {last}, seed {summary['seed']}"
    )
    for topic, count in summary["topics"].items():
        say(f"  {topic:<24} {count:>10,}")
    cases = ", ".join(f"{name} {count}" for name, count in summary["cases"].items())
    say(
        f"planted: {cases}; look-alikes {summary['lookalikes']}; bad {summary['bad']}, resends {summary['resends']}, "
        f"conflicts {summary['conflicts']}"
    )
    if "seconds" in summary:
        say(f"sent to {summary['published_to']} in {summary['seconds']:.1f} s, {summary['rate']:,.0f} records/s")
    else:
        say(f"written to {summary['out']}")
    if summary["truth"]:
        say(f"truth: {summary['truth']}")
