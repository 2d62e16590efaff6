"""The report's tables and sentences, shared by the page, the Markdown and the command's output."""

from typing import NamedTuple

from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, BudgetFigures, Judgement
from detectors.testbed.statistics import Difference, Estimate
from streams.testbed.judge import Report

NONE = "-"
# The budget that plots of one budget show, where it was judged.
USUAL_BUDGET = 50
_THOUSAND, _MILLION = 1e3, 1e6
MUCH_COLD = 0.05

VERDICT_COLUMNS = (
    "system",
    "alerts a day",
    "recall",
    "by own events",
    "precision",
    "illicit USD found",
    "look-alikes alerted",
)
VERDICT_READING = (
    "A budget is the most parties that may be alerted on a day; a system that has nothing to say uses less. Recall is "
    "the share of cases found by an alert on one of their events or on one of their parties; by own events leaves the "
    "latter out. As shipped are the alerts that the replay raised by its own budget and rules."
)
Rows = list[tuple[str, ...]]


class Table(NamedTuple):
    """A table with one sentence on how to read it."""

    title: str
    reading: str
    columns: tuple[str, ...]
    rows: Rows


def percent(estimate: Estimate) -> str:
    """A share with its interval, such as `93 % (85 to 97)`."""
    if estimate.value is None:
        return NONE
    if estimate.interval is None:
        return f"{_whole(estimate.value)} %"
    return f"{_whole(estimate.value)} % ({_whole(estimate.interval.low)} to {_whole(estimate.interval.high)})"


def _whole(share: float) -> str:
    """A share in per cent; one decimal below 10, so that a small rate is not shown as none."""
    value = 100 * share
    return f"{value:.1f}" if 0 < value < 10 else f"{value:.0f}"  # noqa: PLR2004


def usd(amount: float | None) -> str:
    """An amount for people, such as `1.24m`."""
    if amount is None:
        return NONE
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size >= _MILLION:
        return f"{sign}{size / _MILLION:,.2f}m"
    return f"{sign}{size / _THOUSAND:,.0f}k" if size >= 10 * _THOUSAND else f"{sign}{size:,.0f}"


def days(estimate: Estimate) -> str:
    """A delay with its interval, such as `1.3 d (0.9 to 2.0)`."""
    if estimate.value is None:
        return NONE
    interval = estimate.interval
    around = "" if interval is None else f" ({interval.low:.1f} to {interval.high:.1f})"
    return f"{estimate.value:.1f} d{around}"


def budget_text(budget: int | str) -> str:
    """A budget as a table shows it."""
    return "as shipped" if budget == AS_SHIPPED else str(budget)


def usual_budget(judgement: Judgement) -> int:
    """The budget that figures of one budget are shown at: 50, or the middle one."""
    budgets = judgement.settings.budgets
    return USUAL_BUDGET if USUAL_BUDGET in budgets else budgets[len(budgets) // 2]


def verdict_rows(report: Report) -> Rows:
    """The verdict table: system x budget."""
    rows: Rows = []
    for system in report.judgement.systems:
        for figures in system.budgets:
            money = figures.money
            rows.append((
                system.name, _volume(figures), percent(figures.recall.overall), percent(figures.recall.on_events),
                percent(figures.precision.share),
                f"{percent(money.found_share)}, {usd(money.found.value)}", percent(figures.lookalikes.rate),
            ))  # fmt: skip
    return rows


def _volume(figures: BudgetFigures) -> str:
    """The budget, and what was used of it."""
    used = figures.precision.alerts_per_day
    return f"{budget_text(figures.budget)} (used {NONE if used is None else f'{used:.1f}'})"


def verdict_sentence(report: Report) -> str:
    """The verdict in words, at the usual budget."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    own = judgement.system(PRODUCT).at(budget)
    said = (
        f"With up to {budget} alerts a day fxwatch finds {percent(own.recall.overall)} of the "
        f"{own.recall.overall.n:,} planted cases; {percent(own.precision.share)} of its {own.precision.alerts:,} "
        f"alerts fall on a case."
    )
    others = [(system.name, system.at(budget)) for system in judgement.systems[1:]]
    if others:
        most = max(others, key=lambda pair: pair[1].recall.overall.value or 0.0)
        sharpest = max(others, key=lambda pair: pair[1].precision.share.value or 0.0)
        said += f" Of the baselines {_baseline(*most)} finds most"
        same = most[0] == sharpest[0]
        said += " and is the most precise." if same else f"; {_baseline(*sharpest)} is the most precise."
    return said


def _baseline(name: str, figures: BudgetFigures) -> str:
    return (
        f"{name} (recall {percent(figures.recall.overall)}, precision {percent(figures.precision.share)}, "
        f"{figures.precision.alerts:,} alerts)"
    )


def chance(report: Report) -> str:
    """How much of a day a budget reaches, so that a high recall is not taken for skill."""
    stream, budget = report.judgement.stream, usual_budget(report.judgement)
    if not stream.days or not stream.party_days:
        return "Nothing in this result may alert: all of it is history."
    active = stream.party_days / stream.days
    reached = percent(Estimate(min(1.0, budget / active), 1))
    return (
        f"On an average day {active:,.0f} parties act, so {budget} alerts reach up to {reached} of them: compare each "
        "recall with that of random at the same budget, which is what chance finds."
    )


def cold(report: Report) -> str | None:
    """How much was judged before the models had learned enough, where that is more than a little."""
    share = report.judgement.stream.cold_share
    if share is None or share < MUCH_COLD:
        return None
    return (
        f"For {percent(Estimate(share, 1))} of the judged payments the models had no calibrated score yet, because "
        "they had not learned enough: there fxwatch has its rules alone. A stream that begins with more history judges "
        "what the models do later."
    )


def models_only(report: Report) -> str:
    """Which typologies no rule looks for yet."""
    names = report.judgement.stream.without_rule
    if not names:
        return "Every planted typology has a rule in this version."
    return (
        f"No rule of this version looks for {', '.join(names)}: these are seen by the models only, and their recall "
        "shows what the models alone are worth."
    )


def recall_table(report: Report) -> Table:
    """Recall by typology and variant at the usual budget, all systems; the product as shipped too."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    shipped, own = judgement.system(PRODUCT).at(AS_SHIPPED).recall, judgement.system(PRODUCT).at(budget).recall
    others = [system.at(budget).recall for system in judgement.systems[1:]]
    rows: Rows = []
    for name, estimate in own.by_typology.items():
        rule = "models only" if name in judgement.stream.without_rule else "rule"
        rows.append((name, rule, str(estimate.n), percent(estimate), percent(shipped.by_typology[name]),
                     *(percent(other.by_typology[name]) for other in others)))  # fmt: skip
    for name, estimate in own.by_variant.items():
        rows.append((name, "all", str(estimate.n), percent(estimate), percent(shipped.by_variant[name]),
                     *(percent(other.by_variant[name]) for other in others)))  # fmt: skip
    for name, estimate in own.by_typology_variant.items():
        rows.append((name, "", str(estimate.n), percent(estimate), percent(shipped.by_typology_variant[name]),
                     *(percent(other.by_typology_variant[name]) for other in others)))  # fmt: skip
    return Table(
        f"Cases found, by typology and variant, at {budget} alerts a day",
        "A case is found by an alert on one of its events, or on one of its parties until 30 days after the last.",
        ("typology", "seen by", "cases", PRODUCT, f"{PRODUCT} as shipped",
         *(system.name for system in judgement.systems[1:])),
        rows,
    )  # fmt: skip


def money_table(report: Report) -> Table:
    """USD found and leaked, and time to the first alert, by system and budget."""
    rows: Rows = []
    for system in report.judgement.systems:
        for figures in system.budgets:
            money, late = figures.money, figures.delay
            of_all = NONE if late.median_of_all is None else f"{late.median_of_all:.1f} d"
            quantiles = [late.quantiles[name] for name in ("0.1", "0.9")]
            spread = NONE if None in quantiles else f"{quantiles[0]:.1f} to {quantiles[1]:.1f} d"
            rows.append((system.name, budget_text(figures.budget), percent(figures.recall.on_events),
                         f"{usd(money.found.value)} of {usd(money.total)}",
                         f"{usd(money.leaked.value)} of {usd(money.moved)}", percent(money.leaked_share),
                         days(late.median), spread, of_all))  # fmt: skip
    return Table(
        "Money and time",
        "Found by own events: the share of cases with an alert on one of their own events, not on their party alone. "
        "USD found is the value of the cases found; leaked is what their payments moved before the first alert, all "
        "of it where none came. The median delay is of the cases found, the last column counts those never found as "
        "later than any other.",
        ("system", "budget", "found by own events", "illicit USD found", "USD leaked", "share leaked", "median delay",
         "10 to 90 %", "median of all cases"),
        rows,
    )  # fmt: skip


def lookalike_table(report: Report) -> Table:
    """Look-alikes alerted on, by name, at the usual budget."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    figures = [system.at(budget).lookalikes for system in judgement.systems]
    rows: Rows = [
        (name, str(estimate.n), *(percent(each.by_name[name]) for each in figures))
        for name, estimate in figures[0].by_name.items()
    ]
    return Table(
        f"Honest look-alikes alerted on, at {budget} alerts a day",
        "Honest behaviour close to a typology; the share with at least one alert. Lower is better.",
        ("look-alike", "planted", *(system.name for system in judgement.systems)),
        rows,
    )


def fidelity_table(report: Report) -> Table:
    """Explanation fidelity by typology at the usual budget and as shipped."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    rows: Rows = []
    for at in (budget, AS_SHIPPED):
        fidelity = judgement.system(PRODUCT).at(at).fidelity
        if fidelity is None:
            continue
        rows.append((budget_text(at), "all", str(fidelity.named.n), percent(fidelity.named),
                     ", ".join(f"{name} {count}" for name, count in fidelity.wrong.items()) or NONE))  # fmt: skip
        rows += [(budget_text(at), name, str(estimate.n), percent(estimate), "")
                 for groups in (fidelity.by_typology, fidelity.by_kind)
                 for name, estimate in groups.items()]  # fmt: skip
    return Table(
        "Explanation fidelity",
        "Of the alerts that fall on a case, the share whose top reason is one that the planted case expects. The last "
        "column counts the top reasons that were not expected.",
        ("budget", "of", "true alerts", "named rightly", "other top reasons"),
        rows,
    )


def fairness_table(report: Report) -> Table:
    """Fairness of the product at the usual budget."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    rows: Rows = []
    for dimension, groups in judgement.system(PRODUCT).at(budget).fairness.items():
        for group in groups:
            rows.append((dimension.replace("_", " "), group.group, f"{group.party_days:,}", f"{group.alerted:,}",
                         f"{100 * group.rate:.2f} %", ratio(group.ratio)))  # fmt: skip
    return Table(
        f"Honest party-days alerted on, by group, at {budget} alerts a day",
        "Of parties in no case. A ratio of 1 is the rate of all; an interval that does not hold 1 is a difference "
        "beyond chance, which may still have a reason: look at what such parties do.",
        ("by", "group", "party-days", "alerted", "rate", "ratio to all"),
        rows,
    )


def ratio(estimate: Estimate) -> str:
    """A ratio with its interval."""
    if estimate.value is None:
        return NONE
    interval = estimate.interval
    return f"{estimate.value:.2f}" + ("" if interval is None else f" ({interval.low:.2f} to {interval.high:.2f})")


def calibration_table(report: Report) -> Table:
    """The reliability table."""
    told = report.judgement.calibration
    rows: Rows = [
        (f"{one.low:.1f} to {one.high:.1f}", f"{one.n:,}", NONE if one.mean is None else f"{one.mean:.3f}",
         percent(Estimate(one.share, one.n, one.interval)))
        for one in told.bins
    ]  # fmt: skip
    error, brier = (NONE if value is None else f"{value:.3f}" for value in (told.error, told.brier))
    return Table(
        "Calibration of the score",
        f"Expected calibration error {error}, Brier score {brier} over {told.n:,} party-days: how far the score is "
        "from the chance that a party-day is illicit. The score orders; it is no probability.",
        ("score", "party-days", "mean score", "illicit"),
        rows,
    )


def cost_table(report: Report) -> Table:
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
        rows += [("fxwatch", "CPU us a ledger record", f"{timings.cpu_us_per_event:.0f}"),
                 ("fxwatch", "CPU us a transaction", f"{timings.cpu_us_per_transaction:.0f}")]  # fmt: skip
    rows += [(name, "CPU us a transaction", f"{value:.1f}") for name, value in timings.baselines.items()]
    return Table(
        "Cost",
        "CPU of the pure core, measured by the judge in one process on this machine; it differs from run to run.",
        ("of", "what", "measured"),
        rows,
    )


def comparison_table(report: Report) -> Table | None:
    """What changed: the judged result minus the other, where there is one."""
    if report.comparison is None:
        return None
    rows: Rows = []
    for one in report.comparison.budgets:
        rows.append((
            budget_text(one.budget), _points(one.recall), _points(one.precision), _usd_difference(one.illicit_usd),
            _points(one.lookalikes), f"{len(one.only_first)} and {len(one.only_second)}",
        ))  # fmt: skip
    return Table(
        "This result against the other",
        "This minus the other on the same cases, days and look-alikes, in percentage points; an interval that does not "
        "hold 0 is a difference beyond chance. The last column counts cases that one of the two alone found.",
        ("budget", "recall", "precision", "illicit USD found", "look-alikes", "found by this and by the other alone"),
        rows,
    )


def typology_differences(report: Report) -> Table | None:
    """The difference of recall by typology at the usual budget."""
    if report.comparison is None:
        return None
    budget = usual_budget(report.judgement)
    found = [one for one in report.comparison.budgets if one.budget == budget]
    rows: Rows = [(name, str(told.n), _points(told)) for one in found for name, told in one.by_typology.items()]
    return Table(
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
