"""`fxwatch testbed learn`: what verdicts of a simulated investigator teach, and what a desk's hit rate gains by it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json

if TYPE_CHECKING:
    from detectors.testbed.draws import Draws
    from detectors.testbed.learning_curve import Course, Order
    from detectors.testbed.statistics import Reliability


@click.command(short_help="What verdicts teach: hit rate before and after, by way of ordering.")
@click.argument("result", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--truth",
    "truth_place",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The stream's truth: a file, or a directory with truth.jsonl.",
)
@click.option("--a-day", type=click.IntRange(1), default=20, show_default=True, help="Alerts that a desk opens a day.")
@click.option("--pool", type=click.FloatRange(1), help="Replay under this alert budget a day, to have a choice.")
@click.option("--seed", default=1, show_default=True, help="Which verdicts are wrong, and how late each comes.")
@click.option(
    "--verdicts",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the verdicts of the desk's own order as fx.dispositions.v1 lines; not with --pool.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write an HTML page: the orders, and whether the told probability comes true, as table and diagram.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as one JSON object on standard output.")
@needs("testbed")
def command(
    result: Path,
    truth_place: Path,
    a_day: int,
    pool: float | None,
    seed: int,
    verdicts: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Replay RESULT's ledger, let a simulated investigator judge its alerts day by day, and tell what that teaches.

    The investigator answers from the truth after one to seven days, and is wrong once in twenty. Each way of ordering
    the alerts has a desk of its own, which learns from its own verdicts. All are compared on the same days: before 200
    verdicts, from 200 on, and from 1 000 on. With --verdicts the answers are written as records: put the file into the
    stream's directory and replay it again, and they go through the door and the ledger like those of an officer.

    Example: fxwatch testbed learn result/ --truth stream/ --pool 100

    Example: fxwatch testbed learn result/ --truth stream/ --verdicts stream/fx.dispositions.v1.jsonl
    """
    import msgspec

    from detectors.testbed.draws import Draws
    from detectors.testbed.figures.told_chances import told_chances
    from detectors.testbed.learning_curve import ORDERS, course_of
    from detectors.testbed.learning_gain import RESAMPLES
    from streams.testbed import learning_page
    from streams.testbed.raised_alerts import disposition_lines, raised_alerts
    from streams.testbed.truth_files import read_truth

    _require_one(verdicts, pool)
    raised = raised_alerts(result, read_truth(truth_place), pool)
    courses = {order: course_of(raised, order, a_day, seed) for order in ORDERS}
    draws = Draws(RESAMPLES, seed)
    if verdicts is not None:
        verdicts.write_bytes(b"".join(disposition_lines(courses["desk"].given)))
    reliabilities = {order: told_chances(course.told) for order, course in courses.items()}
    figures = _figures(courses, reliabilities, draws)
    head = f"{len(raised):,} alerts raised, {sum(one.true for one in raised):,} of them true; {a_day} opened a day"
    columns, rows = learning_page.ORDER_COLUMNS, learning_page.order_rows(courses, draws)
    if report is not None:
        report.write_text(learning_page.page(reliabilities, head, [columns, *rows]), "utf-8")
    if as_json:
        say_json(msgspec.json.encode(figures))
        return
    say(f"{head}\n")
    tables.show(list(columns), [list(row) for row in rows], whole=["order"])
    say(f"\n{learning_page.ORDERS_READING}")
    _show_reliability(reliabilities[learning_page.PRODUCT_ORDER])


def _require_one(verdicts: Path | None, pool: float | None) -> None:
    """Refuse verdicts under another budget."""
    from streams.errors import UsageError

    if verdicts is not None and pool is not None:
        raise UsageError(
            "verdicts under another budget name alerts that no replay raises again",
            got="--verdicts and --pool",
            expected="one of them",
            todo="leave --pool out",
        )


def _show_reliability(told: "Reliability") -> None:
    """Whether the product's own probability comes true: a sentence, and a row a bin."""
    from streams.testbed import learning_page
    from streams.testbed.report.shown import reliability_rows

    say(f"\n{learning_page.reading(told)}")
    if told.n:
        say("")
        tables.show(list(learning_page.COLUMNS), [list(row) for row in reliability_rows(told)])


def _figures(
    courses: "dict[Order, Course]", reliabilities: "dict[Order, Reliability]", draws: "Draws"
) -> dict[str, Any]:
    """Opened and true alerts by order and stage, and how what the ranker told compares with the truth.

    Each stage has its share of true ones and that share less the desk's own, both with their intervals. `brier` is
    against what the investigator said.
    """
    import msgspec

    from detectors.testbed.learning_curve import stages_of
    from detectors.testbed.learning_gain import gains_of

    found: list[dict[str, Any]] = []
    for order, course in courses.items():
        errors = [(one.probability - one.confirmed) ** 2 for one in course.told]
        stages = [
            stage._asdict() | msgspec.to_builtins(gain)
            for stage, gain in zip(
                stages_of(course, courses["desk"]), gains_of(course, courses["desk"], draws), strict=True
            )
        ]
        brier = sum(errors) / len(errors) if errors else None
        told = msgspec.to_builtins(reliabilities[order])
        found.append({"order": order, "stages": stages, "brier": brier, "reliability": told})
    return {"orders": found}
