"""The report's tables of figures, shared by the page and the Markdown."""

from detectors.testbed.figures.chance import NAME as CHANCE
from detectors.testbed.figures.fidelity import Named
from detectors.testbed.figures.recall import Recall
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, Judgement
from detectors.testbed.statistics import Difference, Estimate
from streams.testbed.judge import JudgeReport
from streams.testbed.report.shown import (
    NONE,
    FigureTable,
    Rows,
    budget_text,
    days,
    percent,
    ratio,
    reliability_rows,
    usd,
    usual_budget,
)


def recall_table(report: JudgeReport) -> FigureTable:
    """Cases found by own events and counting parties, by typology and variant, at the usual budget, all systems."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    shipped, own = judgement.system(PRODUCT).at(AS_SHIPPED).recall, judgement.system(PRODUCT).at(budget).recall
    others = [system.at(budget).recall for system in judgement.systems[1:]]
    lots = judgement.as_many(budget)
    rows: Rows = []
    for name, estimate in own.by_typology.items():
        rule = "models only" if name in judgement.stream.without_rule else "rule"
        rows.append(
            (
                name,
                rule,
                str(estimate.n),
                percent(own.on_events_by_typology[name]),
                percent(own.named_by_typology[name]),
                NONE if lots is None else percent(lots.on_events_by_typology[name]),
                percent(estimate),
                NONE if lots is None else percent(lots.by_typology[name]),
                percent(shipped.by_typology[name]),
                *(percent(other.by_typology[name]) for other in others),
            )
        )
    for kind, pick, named in (("all", _by_variant, {}), ("", _by_both, own.named_by_typology_variant)):
        for name, estimate in pick(own).items():
            rows.append(
                (
                    name,
                    kind,
                    str(estimate.n),
                    "",
                    percent(named[name]) if name in named else "",
                    "",
                    percent(estimate),
                    "",
                    percent(pick(shipped)[name]),
                    *(percent(pick(other)[name]) for other in others),
                )
            )
    return FigureTable(
        f"Cases found, by typology and variant, at most {budget} alerts a day",
        "By own events: a case is found by an alert on one of its own events; everywhere else an alert on one of its "
        f"parties until 30 days after the last counts too. Under its own id: at that alert the case's own typology "
        f"fired. {CHANCE.capitalize()} is chance with as many alerts as "
        f"{PRODUCT}; other baselines may use their whole budget.",
        (
            "typology",
            "seen by",
            "cases",
            f"{PRODUCT} by own events",
            f"{PRODUCT}, under its own id",
            f"{CHANCE}, by own events",
            PRODUCT,
            CHANCE,
            f"{PRODUCT} as shipped",
            *(system.name for system in judgement.systems[1:]),
        ),
        rows,
    )


def _by_variant(recall: Recall) -> dict[str, Estimate]:
    return recall.by_variant


def _by_both(recall: Recall) -> dict[str, Estimate]:
    return recall.by_typology_variant


def money_table(report: JudgeReport) -> FigureTable:
    """USD found and leaked, and time to the first alert, by system and budget."""
    judgement = report.judgement
    rows: Rows = []
    for system in judgement.systems:
        for figures in system.budgets:
            money, late = figures.money, figures.delay
            of_all = NONE if late.median_of_all is None else f"{late.median_of_all:.1f} d"
            quantiles = [late.quantiles[name] for name in ("0.1", "0.9")]
            spread = NONE if None in quantiles else f"{quantiles[0]:.1f} to {quantiles[1]:.1f} d"
            rows.append(
                (
                    system.name,
                    budget_text(figures.budget),
                    percent(money.illicit_leaked_share),
                    f"{usd(money.illicit_leaked.value)} of {usd(money.total)}",
                    f"{usd(money.found.value)} of {usd(money.total)}",
                    f"{usd(money.moved_before.value)} of {usd(money.moved)}",
                    days(late.median),
                    spread,
                    of_all,
                )
            )
        if system.name == PRODUCT:
            rows += [
                (
                    CHANCE,
                    budget_text(one.budget),
                    percent(one.illicit_leaked_share),
                    NONE,
                    percent(one.found_share),
                    NONE,
                    NONE,
                    NONE,
                    NONE,
                )
                for one in judgement.chance
            ]
    return FigureTable(
        "Money and time",
        "Illicit USD leaked is the value of each case times the share of its payments (by USD) made before the first "
        "alert, all of it where none came: lower is better. Illicit USD found is the value of the cases found. Moved "
        "before the first alert is what all payments of the cases moved until then, in and out, whole deals where the "
        "value is a margin: it is no loss. The median delay is of the cases found, the last column counts those never "
        "found as later than any other.",
        (
            "system",
            "budget",
            "illicit share leaked",
            "illicit USD leaked",
            "illicit USD found",
            "USD moved before the first alert",
            "median delay",
            "10 to 90 %",
            "median of all cases",
        ),
        rows,
    )


def lookalike_table(report: JudgeReport) -> FigureTable:
    """Look-alikes alerted on, by name, at the usual budget."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    figures = [system.at(budget).lookalikes for system in judgement.systems]
    rows: Rows = [
        (name, str(estimate.n), *(percent(each.by_name[name]) for each in figures))
        for name, estimate in figures[0].by_name.items()
    ]
    return FigureTable(
        f"Honest look-alikes alerted on, at {budget} alerts a day",
        "Honest behaviour close to a typology; the share with at least one alert. Lower is better.",
        ("look-alike", "planted", *(system.name for system in judgement.systems)),
        rows,
    )


def fidelity_table(report: JudgeReport) -> FigureTable:
    """Explanation fidelity beside chance, by kind of reason and typology, at the usual budget and as shipped."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    rows: Rows = []
    for at in (budget, AS_SHIPPED):
        fidelity = judgement.system(PRODUCT).at(at).fidelity
        if fidelity is None:
            continue
        wrong = ", ".join(f"{name} {count}" for name, count in fidelity.wrong.items()) or NONE
        rows.append((budget_text(at), "all", *_named(fidelity.named), wrong))
        rows += [
            (budget_text(at), name, *_named(told), "")
            for groups in (fidelity.by_kind, fidelity.by_typology)
            for name, told in groups.items()
        ]
    return FigureTable(
        "Explanation fidelity",
        "Of the alerts that fall on a case, the share whose top reason is one that the planted case expects. By "
        "chance: the same share if the top reasons of all scored payments were dealt to these alerts at random (of "
        "payments with a fired rule, or of those without, where a row is of one of them): what lies near it explains "
        "nothing. The last column counts the top reasons that were not expected.",
        ("budget", "of", "true alerts", "named rightly", "by chance", "other top reasons"),
        rows,
    )


def _named(told: Named) -> tuple[str, str, str]:
    return str(told.share.n), percent(told.share), percent(Estimate(told.chance, told.share.n))


def fairness_table(report: JudgeReport) -> FigureTable:
    """Fairness of the product at the usual budget."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    rows: Rows = []
    groups = judgement.system(PRODUCT).at(budget).fairness
    for dimension, told in groups.items():
        for group in told:
            rows.append(
                (
                    dimension.replace("_", " "),
                    group.group,
                    f"{group.party_days:,}",
                    f"{group.alerted:,}",
                    percent(group.rate),
                    ratio(group.ratio),
                )
            )
    return FigureTable(
        f"Honest party-days alerted on, by group, at {budget} alerts a day",
        f"Of parties in no case. A ratio of 1 is the rate of all. {fairness_reading(judgement)}",
        ("by", "group", "party-days", "alerted", "rate", "ratio to all"),
        rows,
    )


def fairness_reading(judgement: Judgement) -> str:
    """How many groups are compared, how that is allowed for, and what cannot be told apart."""
    groups = judgement.system(PRODUCT).at(usual_budget(judgement)).fairness
    number = sum(len(told) for told in groups.values())
    return (
        f"{number} groups are compared: at 95 % each, about {number * 0.05:.1f} would lie beside 1 by chance, so the "
        "intervals are widened (Bonferroni) until all of them hold what they should in 19 of 20 such tables; only one "
        "that does not hold 1 is a difference beyond chance, and it may still have a reason: look at what such parties "
        "do. Rates, and ratios of groups without any alert, have Wilson's interval. Institution goes with party type "
        "(card issuers and exchanges serve persons, banks firms too), so a difference by institution may be one of "
        "party type."
    )


def calibration_table(report: JudgeReport) -> FigureTable:
    """The reliability table."""
    told = report.judgement.calibration
    error, brier = (NONE if value is None else f"{value:.3f}" for value in (told.error, told.brier))
    return FigureTable(
        "Calibration of the score",
        f"Expected calibration error {error}, Brier score {brier} over {told.n:,} party-days: how far the score is "
        "from the chance that a party-day is illicit. The score orders; it is no probability.",
        ("score", "party-days", "mean score", "illicit"),
        reliability_rows(told),
    )


def cost_table(report: JudgeReport) -> FigureTable:
    """CPU and memory; the only figures that differ from run to run."""
    timings, state, again = report.timings, report.state, report.reproduction
    size = NONE if state.bytes_per_party is None else f"{state.bytes_per_party:,.0f}"
    rows: Rows = [("state", "bytes a party", size), ("state", "parties", f"{state.parties:,}")]
    if again is not None:
        said = "every score and alert came out bit for bit" if again.identical else f"differs: {again.difference}"
        rows.append(
            ("reproduction", f"partition {again.partition} run again, {again.transactions:,} transactions", said)
        )
    if timings.cpu_us_per_event is not None and timings.cpu_us_per_transaction is not None:
        rows += [
            ("fxwatch", "CPU us a ledger record", f"{timings.cpu_us_per_event:.0f}"),
            ("fxwatch", "CPU us a transaction", f"{timings.cpu_us_per_transaction:.0f}"),
        ]
    rows += [(name, "CPU us a transaction", f"{value:.1f}") for name, value in timings.baselines.items()]
    return FigureTable(
        "Cost",
        "CPU of the pure core, measured by the judge in one process on this machine; it differs from run to run.",
        ("of", "what", "measured"),
        rows,
    )


def comparison_table(report: JudgeReport) -> FigureTable | None:
    """What changed: the judged result minus the other, where there is one."""
    if report.comparison is None:
        return None
    rows: Rows = []
    for one in report.comparison.budgets:
        rows.append(
            (
                budget_text(one.budget),
                _points(one.recall),
                _points(one.precision),
                _usd_difference(one.illicit_usd),
                _points(one.lookalikes),
                f"{len(one.only_first)} and {len(one.only_second)}",
            )
        )
    return FigureTable(
        "This result against the other",
        "This minus the other on the same cases, days and look-alikes, in percentage points; an interval that does not "
        "hold 0 is a difference beyond chance; on fewer than six cases that differ none "
        "is. The last column counts cases that one of the two alone found.",
        ("budget", "recall", "precision", "illicit USD found", "look-alikes", "found by this and by the other alone"),
        rows,
    )


def typology_differences(report: JudgeReport) -> FigureTable | None:
    """The difference of recall by typology at the usual budget."""
    if report.comparison is None:
        return None
    budget = usual_budget(report.judgement)
    found = [one for one in report.comparison.budgets if one.budget == budget]
    rows: Rows = [(name, str(told.n), _points(told)) for one in found for name, told in one.by_typology.items()]
    return FigureTable(
        f"Difference of recall by typology, at {budget} alerts a day",
        "This minus the other, in percentage points, on the same cases.",
        ("typology", "cases", "difference"),
        rows,
    )


def _points(told: Difference) -> str:
    if told.difference is None:
        return NONE
    around = told.interval
    return f"{100 * told.difference:+.1f}" + (
        "" if around is None else f" ({100 * around.low:+.1f} to {100 * around.high:+.1f})"
    )


def _usd_difference(told: Difference) -> str:
    if told.difference is None:
        return NONE
    around = told.interval
    return usd(told.difference) + ("" if around is None else f" ({usd(around.low)} to {usd(around.high)})")
