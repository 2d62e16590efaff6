"""The report as one self-contained page: no network, no script, dark and light."""

from importlib import resources

import jinja2

from detectors.testbed.figures.chance import NAME as CHANCE
from detectors.testbed.judgement import PRODUCT
from streams.plain_text.printable import finalize
from streams.testbed.judge import JudgeReport
from streams.testbed.report import drift, held_back, statistical, verdict, words
from streams.testbed.report.plots import plots

_TEMPLATE = "page.html.jinja"


def html(report: JudgeReport) -> str:
    """The page. Deterministic but for its table of costs. Cost: some 3 s, for the plots."""
    text = resources.files(__package__).joinpath(_TEMPLATE).read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=finalize)
    judgement = report.judgement
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
    )
    again = report.reproduction
    return environment.from_string(text).render(
        verdict=verdict.verdict_sentence(report),
        fault=None if again is None or again.identical else f"Not reproduced: {again.difference}",
        statistical=statistical.sentence(report),
        models_only=verdict.models_only(report),
        reading=verdict.reading(report),
        chance=verdict.chance(report),
        cold=verdict.cold(report),
        stream=judgement.stream,
        planted=", ".join(f"{name} {count}" for name, count in judgement.stream.cases.items()) or "no case",
        settings=judgement.settings,
        columns=verdict.VERDICT_COLUMNS,
        rows=verdict.verdict_rows(report),
        product=PRODUCT,
        systems=[(system.name, system.describes) for system in judgement.systems],
        as_many=CHANCE if judgement.chance else None,
        plots=plots(report),
        tables=[table for table in tables if table is not None],
        cost=words.cost_table(report),
        versions=report.result.versions,
        manifest=report.result.manifest_sha256,
        truth=report.truth_sha256,
        hash=report.report_hash,
    )
