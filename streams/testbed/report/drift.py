"""Where drift was seen in the judged stream, as operators would have been told."""

from detectors.memory.day_measures import shown
from streams.testbed.judge import JudgeReport
from streams.testbed.report.shown import FigureTable, Rows

NONE_SEEN = "No mean changed beyond chance in any segment."


def drift_table(report: JudgeReport) -> FigureTable:
    """A row a change, in the order in which they were told; one row that says so where there was none."""
    rows: Rows = [
        (
            one.segment,
            one.measure,
            one.since.isoformat(),
            f"{shown(one.measure, one.before.total / one.before.payments)} ({one.before.payments:,} payments)",
            f"{shown(one.measure, one.after.total / one.after.payments)} ({one.after.payments:,} payments)",
        )
        for one in report.drift
    ]
    return FigureTable(
        "Drift seen",
        "Changes of what payments are like, which operators are told some days after. They change no score. "
        "Strangeness is what the models make of the others, so it may change because a measure did."
        + ("" if rows else f" {NONE_SEEN}"),
        ("segment", "measure", "since", "mean before", "mean after, when it was told"),
        rows,
    )
