"""`fxwatch testbed run`: generate, replay and judge in one go."""

import json
import os
import time
from pathlib import Path
from typing import Any

import click

from streams.installation.extras import needs
from streams.plain_text.printable import say, say_json

STREAM, RESULT, REPORT = "stream", "result", "report"
MOST_HISTORY_DAYS = 60


@click.command(short_help="Generate, replay and judge in one go.")
@click.option("--events", default=100_000, show_default=True, help="Records of all topics together (2000 or more).")
@click.option("--seed", default=1, show_default=True, help="Of the stream, the resamples and the baselines.")
@click.option(
    "--history-days",
    type=click.IntRange(min=0),
    help="Days at the start that are learned from and not judged, so that nothing is judged cold "
    "[default: 60, or a third of a stream shorter than 180 days].",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for stream/, result/ and report/.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML that changes the configuration, in place of FXWATCH_CONFIG.",
)
@click.option("--processes", type=click.IntRange(1), help="Processes for the core [default: one a CPU].")
@click.option("--force", is_flag=True, help="Replace an earlier result.")
@click.option("--json", "as_json", is_flag=True, help="Where everything is, with seconds by step, as JSON.")
@needs("testbed")
def command(
    events: int,
    seed: int,
    history_days: int | None,
    out: Path,
    config_file: Path | None,
    processes: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Generate a labelled stream, replay it through the core that the workers run, and judge what came out.

    The same as `testbed generate`, `testbed replay` and `testbed judge` in turn, with some history first.
    Equal arguments give equal streams, results and reports (`report_hash`); only the timings differ.

    Example: fxwatch testbed run --events 1000000 --seed 1 --out judged/
    """
    from detectors.testbed.judgement import Settings
    from streams.cli.testbed.generate import generate
    from streams.cli.testbed.stage_bars import StageBars
    from streams.settings import load_settings
    from streams.testbed.configuration_file import read_configuration_file
    from streams.testbed.judge import judge_result
    from streams.testbed.replay import prepare_stream, replay, require_free
    from streams.testbed.report import write_reports

    configuration = read_configuration_file(config_file) if config_file is not None else load_settings().effective
    require_free(out / RESULT, force=force)
    clock = Steps()
    arguments = {"events": events, "seed": seed, "preset": "full"}
    history_days = _history(arguments) if history_days is None else history_days
    stream = generate({**arguments, "history_days": history_days}, out / STREAM, "jsonl")
    clock.done("generate")
    with StageBars() as stages:
        manifest = replay(
            prepare_stream(out / STREAM, configuration),
            out / RESULT,
            processes=processes or os.cpu_count() or 1,
            force=force,
            stages=stages,
        )
        clock.done("replay")
        report = judge_result(out / RESULT, out / STREAM, Settings(seed=seed), stages)
        stages.begin("report", None)
        written = write_reports(report, out / REPORT)
        clock.done("judge")
    told = {
        "records": stream["records"],
        "alerts": manifest.alerts,
        "report_hash": report.report_hash,
        "seconds": clock.seconds,
        "report": [str(path) for path in written],
    }
    if as_json:
        say_json(json.dumps(told))
    else:
        _show(told, report)


def _history(arguments: dict[str, Any]) -> int:
    """Days of history: enough for the models of most segments to be warm, and two thirds of a stream are judged."""
    from streams.generator.plan import plan

    return min(MOST_HISTORY_DAYS, plan(**arguments).days // 3)


class Steps:
    """Wall seconds of each step, for people; they are in none of the files."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()

    def done(self, step: str) -> None:
        """The step has ended; the next begins."""
        now = time.monotonic()
        self.seconds[step], self._began = round(now - self._began, 1), now


def _show(told: dict[str, Any], report: Any) -> None:
    from streams.plain_text import tables
    from streams.testbed.report.verdict import VERDICT_COLUMNS, verdict_rows

    tables.show(VERDICT_COLUMNS, verdict_rows(report), numeric=VERDICT_COLUMNS[2:], whole=VERDICT_COLUMNS)
    steps = ", ".join(f"{step} {seconds:,.1f} s" for step, seconds in told["seconds"].items())
    say(f"{told['records']:,} records: {steps}; together {sum(told['seconds'].values()) / 60:.1f} min")
    say(f"report {told['report_hash'][:16]}: {', '.join(told['report'])}")
