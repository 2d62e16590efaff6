"""The report as Markdown: the page's tables and sentences without its plots."""

from streams.testbed.judge import JudgeReport
from streams.testbed.report import drift, held_back, statistical, verdict, words
from streams.testbed.report.shown import FigureTable


def markdown(report: JudgeReport) -> str:
    """The whole report. Deterministic but for the table of costs."""
    stream = report.judgement.stream
    planted = ", ".join(f"{name} {count}" for name, count in stream.cases.items())
    settings = report.judgement.settings
    judged = (
        f"Judged: {stream.transactions:,} transactions ({stream.history:,} of history) of {stream.parties:,} parties "
        f"on {stream.days:,} days. Planted: {planted or 'no case'}; {stream.lookalikes:,} look-alikes. Intervals: "
        f"95 %, {settings.resamples:,} resamples, seed {settings.seed}.\n"
    )
    reading = f"{verdict.reading(report)} {verdict.chance(report)}"
    table = FigureTable("Verdict", reading, verdict.VERDICT_COLUMNS, verdict.verdict_rows(report))
    parts = [
        "# fxwatch testbed: judgement\n",
        verdict.verdict_sentence(report) + "\n",
        statistical.sentence(report) + "\n",
        verdict.models_only(report) + "\n",
        judged,
        *(f"{said}\n" for said in (verdict.cold(report),) if said),
        _table(table),
    ]
    tables = (
        words.comparison_table(report),
        words.typology_differences(report),
        statistical.statistical_table(report),
        statistical.kinds_table(report),
        words.recall_table(report),
        words.money_table(report),
        words.lookalike_table(report),
        words.calibration_table(report),
        words.fairness_table(report),
        words.fidelity_table(report),
        drift.drift_table(report),
        held_back.held_back_table(report),
        words.cost_table(report),
    )
    parts += [_table(table) for table in tables if table is not None]
    parts.append(f"Report hash `{report.report_hash}`, of everything in report.json but its timings.\n")
    return "\n".join(parts)


def _table(table: FigureTable) -> str:
    lines = [
        f"## {table.title}\n",
        f"{table.reading}\n",
        "| " + " | ".join(table.columns) + " |",
        "|" + "---|" * len(table.columns),
    ]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"
