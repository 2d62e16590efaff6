"""`fxwatch testbed judge`: the figures of a replay against what was planted, and against baselines."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.errors import FxwatchError, UsageError
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json

if TYPE_CHECKING:
    from streams.testbed.judge import JudgeReport


@click.command(short_help="Figures of a replay against the truth and baselines.")
@click.argument("result", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--truth",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The stream's truth: a file, or a directory with truth.jsonl.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Write report.html, report.md and report.json here.",
)
@click.option("--budgets", default="10,20,50,100,200", show_default=True, help="Alerts a local day, comma-separated.")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another result of the same stream, to be compared with.",
)
@click.option(
    "--resamples",
    type=click.IntRange(100, 100_000),
    default=2000,
    show_default=True,
    help="Resamples of every bootstrap.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of resamples and baselines; equal seeds give equal reports.",
)
@click.option("--no-baselines", is_flag=True, help="Judge the replayed version only.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@needs("testbed")
def command(  # noqa: PLR0917 - click passes options by name
    result: Path,
    truth: Path,
    out: Path,
    budgets: str,
    against: Path | None,
    resamples: int,
    seed: int,
    no_baselines: bool,
    as_json: bool,
) -> None:
    """Judge RESULT (a replay's directory) by the truth of its stream, at several daily alert budgets.

    Precision, scenario recall by typology and variant, illicit USD found and leaked before the first alert, time to
    first alert, benign look-alikes, calibration, fairness, explanation fidelity, cost; baselines on the same stream.
    A budget is a ceiling: figures are of alerts that were raised. The models alone, rules off, are told beside each
    member and each baseline. One partition is run again, which proves that its scores come out bit for bit.

    Example: fxwatch testbed judge result/ --truth stream/ --out judged/

    Example: fxwatch testbed judge new/ --truth stream/ --against old/ --budgets 20,50 --out judged/
    """
    from detectors.testbed.judgement import Settings
    from streams.cli.testbed.stage_bars import StageBars
    from streams.testbed.judge import judge_result
    from streams.testbed.report import write_reports

    settings = Settings(budgets=_budgets(budgets), resamples=resamples, seed=seed)
    with StageBars() as stages:
        report = judge_result(result, truth, settings, stages, against=against, with_baselines=not no_baselines)
        stages.begin("report", None)
        try:
            written = write_reports(report, out)
        except OSError as fault:
            raise FxwatchError(
                f"cannot write: {fault.strerror}", got=fault.filename, todo="choose a writable place"
            ) from fault
    if as_json:
        say_json(report.as_json(), nl=False)
    else:
        _show(report)
        say(f"written: {', '.join(str(path) for path in written)}")
    if report.reproduction is not None and not report.reproduction.identical:
        raise FxwatchError(
            "a partition did not come out bit for bit when it was run again",
            got=report.reproduction.difference,
            expected="the scores and alerts of the result",
            todo="replay again with this version; if it still differs, report it",
        )


def _budgets(text: str) -> tuple[int, ...]:
    try:
        budgets = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        budgets = ()
    if not budgets or budgets[0] < 1:
        raise UsageError("these are no budgets", got=text, expected="whole numbers of 1 or more, such as 10,20,50")
    return budgets


def _show(report: "JudgeReport") -> None:
    from streams.testbed.report.verdict import VERDICT_COLUMNS, verdict_rows

    tables.show(VERDICT_COLUMNS, verdict_rows(report), numeric=VERDICT_COLUMNS[2:], whole=VERDICT_COLUMNS)
    reproduction, timings = report.reproduction, report.timings
    if reproduction is not None and timings.cpu_us_per_event is not None:
        said = "bit for bit" if reproduction.identical else "NOT bit for bit"
        say(
            f"partition {reproduction.partition} run again: {said}; {timings.cpu_us_per_event:.0f} us CPU a "
            f"ledger record, {timings.cpu_us_per_transaction:.0f} a transaction"
        )
