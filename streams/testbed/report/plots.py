"""The report's plots. Each draws one question, and comes with one sentence on how to read it."""

from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple

from matplotlib.ticker import NullLocator, PercentFormatter

from detectors.testbed.figures.chance import NAME as CHANCE
from detectors.testbed.figures.chance import Chance
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, BudgetFigures, Judgement, SystemFigures
from detectors.testbed.statistics import Estimate
from streams.testbed.judge import JudgeReport
from streams.testbed.report import svg
from streams.testbed.report.reliability import DiagramWords, reliability_diagram
from streams.testbed.report.shown import usual_budget
from streams.testbed.report.words import fairness_reading

_ACROSS = 6
_MOST_GROUPS = 80
_WIDTH = 11.0
# inches of the longest name in a legend, with its mark
_NAME_WIDTH = 2.2


class Plot(NamedTuple):
    """A plot with its title, how to read it, and its SVG."""

    title: str
    reading: str
    image: str


def plots(report: JudgeReport) -> list[Plot]:
    """Every plot of the report, in its order. Deterministic. Cost: some 3 s."""
    judgement = report.judgement
    made = [
        _overview(judgement),
        _recall(judgement) if judgement.stream.cases else None,
        _delay(judgement) if judgement.stream.cases else None,
        _reliability(judgement),
        _fairness(judgement),
        _fidelity(judgement),
        _comparison(report),
    ]
    return [plot for plot in made if plot is not None]


def _at_budgets(system: SystemFigures) -> list[BudgetFigures]:
    return [figures for figures in system.budgets if figures.budget != AS_SHIPPED]


def _lines(
    axes: Any, judgement: Judgement, pick: Callable[[BudgetFigures], Estimate], lots: Callable[[Chance], Estimate]
) -> None:
    """A line a system over the budgets, with the interval of the product; dashed, chance with as many alerts."""
    for place, system in enumerate(judgement.systems):
        told = [(figures.budget, pick(figures)) for figures in _at_budgets(system)]
        known = [(budget, estimate) for budget, estimate in told if estimate.value is not None]
        if not known:
            continue
        budgets = [budget for budget, _ in known]
        own = system.name == PRODUCT
        axes.plot(
            budgets,
            [estimate.value for _, estimate in known],
            color=svg.colour(system.name, place),
            marker=svg.marker(system.name),
            label=system.name,
            zorder=3 if own else 2,
            linewidth=2.2 if own else 1.3,
        )
        bands = [(budget, estimate.interval) for budget, estimate in known if estimate.interval is not None]
        if own and bands:
            axes.fill_between(
                [budget for budget, _ in bands],
                [band.low for _, band in bands],
                [band.high for _, band in bands],
                color=svg.colour(system.name),
                alpha=svg.FAINT,
                linewidth=0,
            )
    drawn = [(one.budget, lots(one)) for one in judgement.chance if one.budget != AS_SHIPPED]
    told = [(budget, estimate) for budget, estimate in drawn if estimate.value is not None]
    if told:
        axes.plot(
            [budget for budget, _ in told],
            [estimate.value for _, estimate in told],
            color=svg.INK,
            alpha=0.75,
            marker=svg.marker(CHANCE),
            label=CHANCE,
            linewidth=1.3,
            linestyle="--",
        )
    budgets = list(judgement.settings.budgets)
    axes.set_xscale("log")
    axes.set_xticks(budgets, [str(budget) for budget in budgets])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=True, axis="y", color=svg.INK, alpha=0.15, linewidth=0.6)


def _legend(figure: Any, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    # more beside one another are wider than the picture: their left ones were cut off
    beside = max(1, int(figure.get_figwidth() // _NAME_WIDTH))
    figure.legend(handles, labels, loc="outside upper right", ncols=min(len(labels), beside))


def _overview(judgement: Judgement) -> Plot:
    figures: list[tuple[str, Callable[[BudgetFigures], Estimate], Callable[[Chance], Estimate]]] = [
        ("cases found by own events", lambda one: one.recall.on_events, lambda lots: lots.on_events),
        ("cases found, party too", lambda one: one.recall.overall, lambda lots: lots.recall),
        ("alerts on a case (precision)", lambda one: one.precision.share, lambda lots: lots.precision),
        ("share of illicit USD found", lambda one: one.money.found_share, lambda lots: lots.found_share),
        ("illicit USD leaked", lambda one: one.money.illicit_leaked_share, lambda lots: lots.illicit_leaked_share),
        ("look-alikes alerted on", lambda one: one.lookalikes.rate, lambda lots: lots.lookalikes),
    ]
    with svg.style("overview"):
        figure = svg.new_figure(_WIDTH, 5.6)
        grid = figure.subplots(2, 3)
        for axes, (title, pick, lots) in zip(grid.flat, figures, strict=True):
            _lines(axes, judgement, pick, lots)
            axes.set_title(title)
            axes.set_xlabel("alerts a day")
        _from_zero(grid.flat[2], judgement)
        _legend(figure, grid.flat[0])
        image = svg.render_inline(
            figure, "overview", "Recall, precision, USD found, USD leaked and look-alikes over budgets"
        )
    return Plot(
        "What a daily budget buys",
        "Each line is a system, from few alerts a day on the left to many on the right; the band is the 95 % interval "
        "of fxwatch. High is good for the first four, low for leaked USD and look-alikes. Dashed: chance with as many "
        "alerts as fxwatch raised; the other baselines may use their whole budget.",
        image,
    )


def _from_zero(axes: Any, judgement: Judgement) -> None:
    """Precision is often a few per cent: its axis ends a little above the highest line or band, not at 100 %."""
    tops = [figures.precision.share for system in judgement.systems for figures in _at_budgets(system)]
    highest = max((one.interval.high for one in tops if one.interval is not None), default=1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_ylim(0, min(1.03, max(0.1, 1.1 * highest)))


def _recall(judgement: Judgement) -> Plot:
    names = list(judgement.stream.cases)
    across = min(_ACROSS, len(names))
    down = ceil(len(names) / across)
    with svg.style("recall"):
        figure = svg.new_figure(max(3 * _NAME_WIDTH, _WIDTH * across / _ACROSS), 1.0 + 1.75 * down)
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        for axes, name in zip(grid.flat, names, strict=False):
            _lines(
                axes,
                judgement,
                lambda one, name=name: one.recall.on_events_by_typology[name],  # type: ignore[misc]
                lambda lots, name=name: lots.on_events_by_typology[name],  # type: ignore[misc]
            )
            only = " *" if name in judgement.stream.without_rule else ""
            axes.set_title(f"{name}{only} ({judgement.stream.cases[name]})")
            axes.tick_params(axis="x", labelrotation=90)
        _legend(figure, grid.flat[0])
        figure.supxlabel("alerts a day", fontsize=10)
        image = svg.render_inline(figure, "recall", "Share of cases found by own events, by typology over budgets")
    return Plot(
        "Cases found by their own events, by typology",
        "One panel a typology, with the number of planted cases in brackets: the higher the line, the more of them are "
        "found by an alert on one of their own events; dashed is chance with as many alerts as "
        "fxwatch. A star marks typologies without a rule, which only the models can see.",
        image,
    )


def _delay(judgement: Judgement) -> Plot:
    budget = usual_budget(judgement)
    names = list(judgement.stream.cases)
    rows = len(names) + len(judgement.systems)
    with svg.style("delay"):
        figure = svg.new_figure(8.0, 0.9 + 0.27 * rows)
        axes = figure.subplots()
        labels = []
        for place, system in enumerate(judgement.systems):
            labels.append(f"{system.name}, all")
            quantiles = system.at(budget).delay.quantiles
            told = [value for name in ("0.1", "0.25", "0.5", "0.75", "0.9") if (value := quantiles[name]) is not None]
            if len(told) != len(quantiles):
                continue
            low, first, middle, third, high = told
            paint = svg.colour(system.name, place)
            axes.hlines(place, low, high, color=paint, linewidth=1.4)
            axes.hlines(place, first, third, color=paint, linewidth=6, alpha=0.5)
            axes.plot([middle], [place], color=paint, marker=svg.marker(system.name), clip_on=False)
        own = judgement.system(PRODUCT).at(budget).delay.by_typology
        for place, name in enumerate(names, len(judgement.systems)):
            labels.append(f"fxwatch, {name}" + (" *" if name in judgement.stream.without_rule else ""))
            _dot(axes, place, own[name], svg.colour(PRODUCT))
        axes.set_yticks(range(rows), labels)
        axes.set_xlim(left=0)
        axes.margins(x=0.02)
        axes.invert_yaxis()
        axes.set_xlabel("days from a case's first event to its first alert")
        axes.grid(visible=True, axis="x", color=svg.INK, alpha=0.15, linewidth=0.6)
        image = svg.render_inline(figure, "delay", "Days to the first alert by system and typology")
    return Plot(
        f"Time to the first alert, at {budget} alerts a day",
        "Further left is sooner. For systems: median, middle half (thick) and 10 to 90 % (thin) of the cases found; "
        "for typologies: the median of the cases found with its 95 % interval.",
        image,
    )


def _dot(axes: Any, place: int, estimate: Estimate, paint: str) -> None:
    """A dot with its interval; nothing where there is no value."""
    if estimate.value is None:
        return
    if estimate.interval is not None:
        axes.hlines(place, estimate.interval.low, estimate.interval.high, color=paint, linewidth=1.6)
    axes.plot([estimate.value], [place], color=paint, marker="o", clip_on=False)


def _reliability(judgement: Judgement) -> Plot:
    return Plot(
        "Whether the score is a probability",
        "A score on the dashed line comes true as often as it says; below it, it promises more than it keeps. On the "
        "right: how many party-days have such a score.",
        reliability_diagram(judgement.calibration, DiagramWords("score", "share illicit", "party-days")),
    )


def _fairness(judgement: Judgement) -> Plot | None:
    budget = usual_budget(judgement)
    groups = [
        (f"{dimension.replace('_', ' ')}: {group.group}", group.ratio)
        for dimension, told in judgement.system(PRODUCT).at(budget).fairness.items()
        for group in told
        if group.ratio.value is not None
    ][:_MOST_GROUPS]
    if not groups:
        return None
    with svg.style("fairness"):
        figure = svg.new_figure(8.0, 0.8 + 0.26 * len(groups))
        axes = figure.subplots()
        for place, (_, estimate) in enumerate(groups):
            _dot(axes, place, estimate, svg.colour(PRODUCT))
        axes.axvline(1.0, color=svg.INK, alpha=0.5, linewidth=1, linestyle="--")
        axes.set_yticks(range(len(groups)), [name for name, _ in groups])
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel("rate of honest party-days alerted on, as a multiple of that of all")
        image = svg.render_inline(figure, "fairness", "Alert rates of honest parties by group")
    return Plot(
        f"Whom honest alerts fall on, at {budget} alerts a day",
        "Each dot is a group of honest parties: right of the dashed line it is alerted on more often than honest "
        f"parties overall. {fairness_reading(judgement)}",
        image,
    )


def _fidelity(judgement: Judgement) -> Plot | None:
    budget = usual_budget(judgement)
    fidelity = judgement.system(PRODUCT).at(budget).fidelity
    if fidelity is None or fidelity.named.share.value is None:
        return None
    rows = {"all true alerts": fidelity.named, **fidelity.by_kind, **fidelity.by_typology}
    with svg.style("fidelity"):
        figure = svg.new_figure(8.0, 0.8 + 0.27 * len(rows))
        axes = figure.subplots()
        for place, one in enumerate(rows.values()):
            _dot(axes, place, one.share, svg.colour(PRODUCT))
            if one.chance is not None:
                axes.plot([one.chance], [place], color=svg.INK, alpha=0.75, marker=svg.marker(CHANCE), clip_on=False)
        axes.set_yticks(range(len(rows)), [f"{name} ({one.share.n})" for name, one in rows.items()])
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid(visible=True, axis="x", color=svg.INK, alpha=0.15, linewidth=0.6)
        image = svg.render_inline(figure, "fidelity", "Share of true alerts whose top reason names what was planted")
    return Plot(
        f"Whether the top reason names what was planted, at {budget} alerts a day",
        "Of the alerts that fall on a case (their number in brackets), the share whose first reason is one that the "
        "case expects; further right is better. A thin mark is chance: the share if the top reasons of all scored "
        "payments (of the same kind, in the rows of a kind) were dealt to these alerts at random.",
        image,
    )


def _comparison(report: JudgeReport) -> Plot | None:
    if report.comparison is None:
        return None
    budget = usual_budget(report.judgement)
    rows = [
        (f"{name}, {one.budget} a day" if one.budget != AS_SHIPPED else f"{name}, as shipped", told)
        for one in report.comparison.budgets
        for name, told in (("recall", one.recall), ("precision", one.precision))
    ]
    rows += [
        (f"recall of {name}, {budget} a day", told)
        for one in report.comparison.budgets
        if one.budget == budget
        for name, told in one.by_typology.items()
    ]
    with svg.style("comparison"):
        figure = svg.new_figure(8.0, 0.8 + 0.26 * len(rows))
        axes = figure.subplots()
        for place, (_, told) in enumerate(rows):
            _dot(axes, place, Estimate(told.difference, told.n, told.interval), svg.colour(PRODUCT))
        axes.axvline(0.0, color=svg.INK, alpha=0.5, linewidth=1, linestyle="--")
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("this result minus the other")
        image = svg.render_inline(figure, "comparison", "Differences between the two results")
    return Plot(
        "This result against the other",
        "Right of the dashed line this result is better; where the bar does not touch the line that is more than "
        "chance (95 %, paired over the same cases and days; on fewer than six cases that differ nothing is).",
        image,
    )
