"""What the quarantine kept from the models in the judged stream, and what became of it."""

from streams.testbed.judge import JudgeReport
from streams.testbed.report.shown import NONE, FigureTable, Rows

OFF = "The quarantine was off, so the models learned from every payment."
UNTOLD = "This result was made by a version that did not count what became of held payments."
_BECAME = (
    ("cleared", "learned after a verdict that refutes the alert"),
    ("timed_out", "learned when their time was up"),
    ("changed", "learned as a real change of the party"),
    ("pushed_out", "never learned, as the party had too many"),
)


def held_back_table(report: JudgeReport) -> FigureTable:
    """A row for crime, look-alikes and others, then one for each end that a held payment can have."""
    found, counts = report.held_back, report.became
    rows: Rows = []
    if found is not None:
        rows = [
            ("payments of planted cases", *_share(found.crime_held, found.crime)),
            ("payments of look-alikes", *_share(found.lookalikes_held, found.lookalikes)),
            ("all other payments", *_share(found.others_held, found.others)),
        ]
    rows += [(said, f"{counts[name]:,}", NONE, NONE) for name, said in _BECAME if name in counts]
    if "untaught" in counts:
        rows.append(("not held, and beyond what others learn of a party", f"{counts['untaught']:,}", NONE, NONE))
    missing = [OFF] if found is None else [] if counts else [UNTOLD]
    return FigureTable(
        "Held back from learning",
        "Payments on which a rule fires or which are rarer than the ceiling of alerts teach nobody at first. What is "
        "held of planted cases cannot become usual. What is held of others is learned late, or never."
        + "".join(f" {each}" for each in missing),
        ("what", "payments held", "of", "share"),
        rows,
    )


def _share(held: int, of: int) -> tuple[str, str, str]:
    return f"{held:,}", f"{of:,}", f"{100 * held / of:.1f} %" if of else NONE
