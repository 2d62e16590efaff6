"""The verdict: its table, and the sentences that say what it is worth beside chance."""

from detectors.testbed.figures.chance import NAME as CHANCE
from detectors.testbed.figures.chance import Chance
from detectors.testbed.judgement import FILLED_UP, PRODUCT, BudgetFigures
from detectors.testbed.statistics import Estimate
from streams.testbed.judge import JudgeReport
from streams.testbed.report.shown import NONE, Rows, budget_text, percent, usd, usual_budget

MUCH_COLD, MOSTLY_COLD = 0.05, 0.3

VERDICT_COLUMNS = (
    "system",
    "alerts a day",
    "by own events",
    "or by party",
    "precision",
    "illicit USD found",
    "look-alikes",
)
VERDICT_READING = (
    "A budget is a ceiling: of fxwatch at most so many of a day's alerts are read, and where fewer were raised, fewer"
    " are. Precision, cases found and look-alikes of fxwatch speak of these alerts alone. By expected value are the "
    "same alerts, read in another order: where a day has more than the budget, those first whose chance to be right "
    "(until verdicts are learned, the strength of the finding) times the USD at risk is highest. The rows below are "
    "orders of payments, which take what stands first until the budget is used: fxwatch, filled up has the alerts "
    "first and behind them, by score, payments on which nothing was raised; compare that one with the baselines. By "
    "own events is the share of cases found by an alert on one of their own events; or by party counts alerts on one "
    "of their parties until 30 days after the last event as well, which alerts on busy parties find by chance. Look-"
    "alikes is the share of honest look-alikes alerted on. As shipped are the alerts that the replay raised by its "
    "own budget and rules. Random, as many is chance with as many alerts as fxwatch raised on each day at that "
    "budget: the mean of {lots} seeded draws of random parties and payments, in brackets the lowest and the highest "
    "of them."
)


def reading(report: JudgeReport) -> str:
    """How to read the verdict table."""
    return VERDICT_READING.format(lots=report.judgement.settings.lots)


def verdict_rows(report: JudgeReport) -> Rows:
    """The verdict table: system x budget; chance with as many alerts stands right below the product."""
    rows: Rows = []
    judgement = report.judgement
    for system in judgement.systems:
        for figures in system.budgets:
            money = figures.money
            rows.append(
                (
                    system.name,
                    _volume(figures),
                    percent(figures.recall.on_events),
                    percent(figures.recall.overall),
                    percent(figures.precision.share),
                    f"{percent(money.found_share)}, {usd(money.found.value)}",
                    percent(figures.lookalikes.rate),
                )
            )
        if system.name == PRODUCT:
            rows += [_chance_row(one, judgement.stream.days) for one in judgement.chance]
    return rows


def _chance_row(one: Chance, days: int) -> tuple[str, ...]:
    used = f"{one.alerts / days:.1f}" if days else NONE
    return (
        CHANCE,
        f"{budget_text(one.budget)} (used {used})",
        percent(one.on_events),
        percent(one.recall),
        percent(one.precision),
        percent(one.found_share),
        percent(one.lookalikes),
    )


def _volume(figures: BudgetFigures) -> str:
    """The budget, and what was used of it."""
    used = figures.precision.alerts_per_day
    return f"{budget_text(figures.budget)} (used {NONE if used is None else f'{used:.1f}'})"


def verdict_sentence(report: JudgeReport) -> str:
    """The verdict in words, at the usual budget; where most was judged cold, that is said first."""
    judgement = report.judgement
    budget = usual_budget(judgement)
    own = judgement.system(PRODUCT).at(budget)
    used = own.precision.alerts_per_day
    mostly = _mostly_cold(report)
    said = (
        f"{'' if mostly is None else mostly + ' '}With up to {budget} alerts a day"
        f"{'' if used is None else f' (it used {used:.1f})'} fxwatch finds {percent(own.recall.on_events)} of the "
        f"{own.recall.overall.n:,} planted cases by an alert on one of their own events, and "
        f"{percent(own.recall.overall)} counting alerts on their parties too ({percent(own.recall.named)} under "
        f"its own typology's id); {percent(own.precision.share)} of its {own.precision.alerts:,} alerts fall on a case."
    )
    lots = judgement.as_many(budget)
    if lots is not None and own.precision.alerts and own.recall.overall.n:
        said += f" {_beside_chance(own, lots)}"
    filled = judgement.system(FILLED_UP).at(budget)
    said += (
        f" Filled up to the budget by score it would find {percent(filled.recall.on_events)} and "
        f"{percent(filled.recall.overall)} of the cases, and {percent(filled.precision.share)} of "
        f"{filled.precision.alerts:,} would fall on one."
    )
    others = [(system.name, system.at(budget)) for system in judgement.baselines]
    if others:
        most = max(others, key=lambda pair: pair[1].recall.on_events.value or 0.0)
        sharpest = max(others, key=lambda pair: pair[1].precision.share.value or 0.0)
        said += f" Of the baselines {_baseline(*most)} finds most by own events"
        same = most[0] == sharpest[0]
        said += " and is the most precise." if same else f"; {_baseline(*sharpest)} is the most precise."
    return said


def _baseline(name: str, figures: BudgetFigures) -> str:
    return (
        f"{name} ({percent(figures.recall.on_events)}, {percent(figures.recall.overall)} counting parties, precision "
        f"{percent(figures.precision.share)}, {figures.precision.alerts:,} alerts)"
    )


def _beside_chance(own: BudgetFigures, lots: Chance) -> str:
    """What as many random alerts find, and in what the product is not above the best draw."""
    pairs = {
        "cases by their own events": (own.recall.on_events, lots.on_events),
        "cases by their parties": (own.recall.overall, lots.recall),
        "precision": (own.precision.share, lots.precision),
        "illicit USD found": (own.money.found_share, lots.found_share),
    }
    level = [name for name, (mine, random) in pairs.items() if not above(mine, random)]
    told = (
        f"As many random alerts find {percent(lots.on_events)} and {percent(lots.recall)} of the cases, with a "
        f"precision of {percent(lots.precision)}"
    )
    if not level:
        return f"{told}: fxwatch does better than every such draw."
    worse = [name for name in level if below(*pairs[name])]
    return (
        f"{told}: in {_listed(level)} fxwatch does no better than chance may (the best such draw reaches as far)"
        f"{f', in {_listed(worse)} worse than every draw' if worse else ''}."
    )


def above(own: Estimate, random: Estimate) -> bool:
    """Whether a share of the product lies above that of every random draw."""
    return (
        own.value is not None
        and (random.value is None or own.value > random.value)
        and (random.interval is None or own.value > random.interval.high)
    )


def below(own: Estimate, random: Estimate) -> bool:
    """Whether a share of the product lies below that of every random draw."""
    return own.value is not None and random.interval is not None and own.value < random.interval.low


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def chance(report: JudgeReport) -> str:
    """What chance alone finds at each budget, so that a high recall is not taken for skill."""
    judgement = report.judgement
    stream, budget = judgement.stream, usual_budget(judgement)
    if not stream.days or not stream.party_days:
        return "Nothing in this result may alert: all of it is history."
    active = stream.party_days / stream.days
    said = (
        f"On an average day {active:,.0f} parties act. Compare each share of fxwatch with that of random, as many: the "
        "baseline random uses up its budget and so may have far more alerts than fxwatch."
    )
    product = judgement.system(PRODUCT)
    for pick, name in ((_by_events, "by own events"), (_by_parties, "counting their parties")):
        level = [budget_text(one.budget) for one in judgement.chance if not above(*pick(product.at(one.budget), one))]
        if level:
            said += f" At {_listed(level)} a day fxwatch finds no more cases {name} than chance may."
    own, lots = product.at(budget), judgement.as_many(budget)
    if lots is not None:
        level = [
            name
            for name, mine in own.recall.on_events_by_typology.items()
            if not above(mine, lots.on_events_by_typology[name])
        ]
        if level:
            said += (
                f" By typology, by own events at {budget} a day, fxwatch is not above every draw in {_listed(level)}; "
                "where a typology has few cases that says little."
            )
    return said.replace("as shipped a day", "as shipped")


def _by_events(own: BudgetFigures, lots: Chance) -> tuple[Estimate, Estimate]:
    return own.recall.on_events, lots.on_events


def _by_parties(own: BudgetFigures, lots: Chance) -> tuple[Estimate, Estimate]:
    return own.recall.overall, lots.recall


def cold(report: JudgeReport) -> str | None:
    """How much was judged before the models had learned enough.

    None where it is little, and where it is so much that the verdict begins with it.
    """
    share = report.judgement.stream.cold_share
    if share is None or share < MUCH_COLD or share > MOSTLY_COLD:
        return None
    return _cold(share)


def _mostly_cold(report: JudgeReport) -> str | None:
    share = report.judgement.stream.cold_share
    return None if share is None or share <= MOSTLY_COLD else _cold(share)


def _cold(share: float) -> str:
    return (
        f"For {percent(Estimate(share, 1))} of the judged payments the models had no calibrated score yet, because "
        "they had not learned enough: there fxwatch has its rules alone. A stream that begins with more history judges "
        "what the models do later."
    )


def models_only(report: JudgeReport) -> str:
    """Which typologies no rule looks for yet."""
    names = report.judgement.stream.without_rule
    if not names:
        return "Every planted typology has a rule in this version."
    return (
        f"No rule of this version looks for {', '.join(names)}: these are seen by the models only, and their recall "
        "shows what the models alone are worth."
    )
