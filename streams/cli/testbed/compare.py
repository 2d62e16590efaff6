"""`fxwatch testbed compare`: the promotion gate, whether a challenger may take the champion's place."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.errors import FxwatchError
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json

if TYPE_CHECKING:
    from streams.testbed.compare import Verdict

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(short_help="The promotion gate: pass or fail, with reasons.")
@click.argument("champion", type=_DIRECTORY)
@click.argument("challenger", type=_DIRECTORY)
@click.option(
    "--truth",
    "truth_place",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The stream's truth: a file, or a directory with truth.jsonl.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for gate.json, gate.md and gate.html.",
)
@click.option(
    "--budget", type=click.IntRange(1), default=50, show_default=True, help="Alerts a day at which both are compared."
)
@click.option(
    "--latency-ratio",
    type=click.FloatRange(0, min_open=True),
    default=1.25,
    show_default=True,
    help="The most CPU time an event may cost, as a ratio to the champion's.",
)
@click.option(
    "--state-ratio",
    type=click.FloatRange(0, min_open=True),
    default=1.25,
    show_default=True,
    help="The most state bytes a party may cost, as a ratio to the champion's.",
)
@click.option("--resamples", type=click.IntRange(100), default=2000, show_default=True, help="Bootstrap resamples.")
@click.option("--seed", default=1, show_default=True, help="Equal seeds draw equal resamples.")
@click.option("--json", "as_json", is_flag=True, help="gate.json on standard output, on one line.")
@click.pass_context
@needs("testbed")
def command(  # noqa: PLR0917 - click passes options by name
    context: click.Context,
    champion: Path,
    challenger: Path,
    truth_place: Path,
    out: Path,
    budget: int,
    latency_ratio: float,
    state_ratio: float,
    resamples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Pass or fail CHALLENGER against CHAMPION: result directories of two replays of the same stream.

    It fails when a figure fell beyond noise (paired bootstrap over the same cases, days and parties): recall overall
    or of a typology, a rule's firing, precision, illicit USD found, look-alike rate, a member's own ranking,
    calibration, fairness; when a rule or member is missing; when CPU time or state exceed their limits; when a replay
    does not come out bit for bit. Exit code 0 = pass, 1 = fail. The report's hash leaves timings out.

    Example: fxwatch testbed compare champion/ challenger/ --truth stream/ --out gate/
    """
    import msgspec

    from detectors.testbed.gate import CostLimits
    from detectors.testbed.gate_evidence import Resampling
    from streams.cli.testbed.stage_bars import StageBars
    from streams.testbed.compare import compare
    from streams.testbed.truth_files import read_truth

    how, limits = Resampling(budget, resamples, seed), CostLimits(latency_ratio=latency_ratio, state_ratio=state_ratio)
    with StageBars() as stages:
        verdict = compare((champion, challenger), read_truth(truth_place), how, limits, stages)
    encoded = msgspec.json.encode(verdict.report)
    _write(out, msgspec.json.decode(encoded), encoded)
    if as_json:
        say_json(encoded)
    else:
        _show(verdict, out)
    context.exit(0 if verdict.passed else 1)


def _write(out: Path, report: dict[str, Any], encoded: bytes) -> None:
    """The three forms of the report. Raises `FxwatchError`."""
    import msgspec

    from streams.testbed import gate_page

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "gate.json").write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
        (out / "gate.md").write_text(gate_page.markdown(report), "utf-8")
        (out / "gate.html").write_text(gate_page.html(report), "utf-8")
    except OSError as fault:
        raise FxwatchError(
            f"the report cannot be written: {fault.strerror}", got=fault.filename, todo="choose a writable place"
        ) from fault


def _show(verdict: "Verdict", out: Path) -> None:
    from streams.testbed.gate_page import luck, summary

    rows = [["passed" if check.passed else "FAILED", check.name, check.reason] for check in verdict.checks]
    tables.show(["outcome", "check", "what was found"], rows, whole=["outcome"])
    report: dict[str, Any] = verdict.report
    say(("PASS: " if verdict.passed else "FAIL: ") + summary(report))
    if not verdict.passed:
        say(luck(report))
    say(f"written to {out}; report hash {report['report_hash']}")
