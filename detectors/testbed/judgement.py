"""A judgement: every figure of every system at every budget, in one typed struct that is also the JSON report.

`judge` computes it from the ground and each system's priorities; `compare` sets two versions side by side on the same
cases and days.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures import precision as precision_figures
from detectors.testbed.figures.alert_kinds import KindFigures, alert_kinds
from detectors.testbed.figures.calibration import calibration
from detectors.testbed.figures.chance import LOTS, Chance, chance
from detectors.testbed.figures.delay import Delay, delay
from detectors.testbed.figures.fairness import Fairness, GroupFairness
from detectors.testbed.figures.fidelity import Fidelity, TopReasons
from detectors.testbed.figures.lookalikes import Lookalikes, lookalikes
from detectors.testbed.figures.money import Money, money
from detectors.testbed.figures.recall import NEVER_US, Recall, first_alerts, recall
from detectors.testbed.figures.statistical_part import StatisticalPart, statistical_part
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.party_days import PartyDays, party_days
from detectors.testbed.selection import day_ranks, within
from detectors.testbed.sheet import Sheet
from detectors.testbed.statistics import LEVEL, Reliability
from detectors.typologies import all_rules

# 2: the product's figures at a budget are of alerts that it raised. Failure prevented: a report of before, whose
# figures are of the filled-up order, is set beside one of now.
FORMAT = 2
PRODUCT = "fxwatch"
BY_VALUE = "fxwatch, by expected value"
FILLED_UP = "fxwatch, filled up"
BUDGETS = (10, 20, 50, 100, 200)
AS_SHIPPED = "as_shipped"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures depend on beside the inputs. `level` is that of every interval.

    `lots` is how often as many random party-days as the product's are drawn; 0 = that is not looked at.
    """

    budgets: tuple[int, ...] = BUDGETS
    resamples: int = 2000
    seed: int = 1
    level: float = LEVEL
    lots: int = LOTS


DEFAULT = Settings()


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged. Counts of `transactions` include history, of `parties` and `days` do not.

    `cases` counts by typology. `without_rule` are typologies planted that no rule of this version looks for: only the
    models can find them. `cold_share` is the share of scored payments outside history to which the models gave no rank,
    as their segment had not learned enough; amendments are not scored. `unseen_cases` and `unseen_lookalikes` have no
    payment in the result. `loose_alerts` are those that no payment's row carries (a due date, a declaration, something
    shared), `shared_alerts` those among them on something shared.

    `rule_alerts` are those that a rule found, of payments or not, and `hard_line_alerts` those of them on a hard line
    of the law (`hard_lines` of detectors/typologies/declared.py). `rule_alerts_per_day_100k` are the others for each
    day and 100 000 `parties`: on a stream without crime all of them are false alarms. None without days.
    """

    transactions: int
    history: int
    parties: int
    days: int
    party_days: int
    illicit_party_days: int
    cold_share: float | None
    cases: dict[str, int]
    unseen_cases: int
    lookalikes: int
    unseen_lookalikes: int
    regimes: tuple[str, ...]
    without_rule: tuple[str, ...]
    loose_alerts: int
    shared_alerts: int
    rule_alerts: int
    hard_line_alerts: int
    rule_alerts_per_day_100k: float | None


class BudgetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One system at one budget. `budget` is alerts a local day, or "as_shipped": the alerts that were raised.

    Of the product the alerts are those that it raised, at most `budget` of a day: a budget is a ceiling. Of an order
    (the product filled up, a baseline) they are what stands first, and a day's budget is used up as far as it says
    anything of any payment. `fidelity` is the product's alone: orders give no reasons. `fairness` is by dimension.
    """

    budget: int | str
    precision: precision_figures.Precision
    recall: Recall
    money: Money
    delay: Delay
    lookalikes: Lookalikes
    fairness: dict[str, tuple[GroupFairness, ...]]
    fidelity: Fidelity | None


class SystemFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One system at every budget, the smallest first, `as_shipped` last; `describes` in one sentence."""

    name: str
    describes: str
    budgets: tuple[BudgetFigures, ...]

    def at(self, budget: int | str) -> BudgetFigures:
        """The figures at a budget. Raises `KeyError` for one that was not judged."""
        for figures in self.budgets:
            if figures.budget == budget:
                return figures
        raise KeyError(budget)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The figures: the same for the same result, truth, settings and baselines. The first system is the product.

    The second is the same alerts in another order, by expected value: on a day with more alerts than the budget others
    of them are read. The third is the product filled up: its alerts, and behind them payments on which nothing was
    raised, by score. It is an order, as baselines are, and to be set beside them; its alerts at a budget are no alerts
    of the product. `kinds` are the raised alerts of rules and of models, `statistical` what the models alone are worth.
    `calibration` is that of the product's score as the chance that a party-day is illicit; `chance` what as many random
    alerts as the product's would find, at each of its budgets.
    """

    format: int = FORMAT
    settings: Settings
    stream: Stream
    systems: tuple[SystemFigures, ...]
    kinds: tuple[KindFigures, ...]
    statistical: StatisticalPart
    calibration: Reliability
    chance: tuple[Chance, ...]

    def as_many(self, budget: int | str) -> Chance | None:
        """What as many random alerts as the product's at a budget find; None where that was not looked at."""
        return next((one for one in self.chance if one.budget == budget), None)

    @property
    def baselines(self) -> tuple[SystemFigures, ...]:
        """What the product is judged against."""
        return self.systems[3:]

    @property
    def orders(self) -> tuple[SystemFigures, ...]:
        """The product filled up and the baselines: orders of payments, which use a budget up."""
        return self.systems[2:]

    def kind(self, name: str) -> KindFigures:
        """The raised alerts of a kind. Raises `KeyError` for none of the two."""
        for figures in self.kinds:
            if figures.kind == name:
                return figures
        raise KeyError(name)

    def system(self, name: str) -> SystemFigures:
        """The figures of a system. Raises `KeyError` for one that was not judged."""
        for figures in self.systems:
            if figures.name == name:
                return figures
        raise KeyError(name)


class Outcome(NamedTuple):
    """A system's alerts at one budget, as arrays: which rows alert, and each case's first alert (us, `NEVER_US`)."""

    alerts: Mask
    first_us: NDArray[np.int64]

    @property
    def found(self) -> Mask:
        """By case, whether it was found."""
        found: Mask = self.first_us != NEVER_US
        return found


class JudgedResult(NamedTuple):
    """A judgement with what it was computed on, for comparisons. `outcomes` is keyed by system and budget."""

    judgement: Judgement
    ground: Ground
    outcomes: dict[tuple[str, int | str], Outcome]


class System(NamedTuple):
    """A system to be judged: a priority for each payment (0 = nothing to say), and one sentence on what it is.

    The product has one for each row, as it alerts on what is no payment too. `raised` marks its alerts; None for a
    baseline, which raises none of itself and has a priority for each payment only.
    """

    name: str
    describes: str
    priority: NDArray[np.float64]
    raised: Mask | None = None


def product(ground: Ground) -> System:
    """The replayed version itself: its alerts as a desk lists them, and nothing else.

    A payment on which nothing was raised is no alert, whatever room a day's budget has left. A desk lists the most
    severe first and of equal ones the newest (`fxwatch alerts list`). The score alone is no order for both kinds of
    alerts: a rule's is how sure its finding is, the models' how rare the payment is (docs/TESTBED.md has figures).
    Failure prevented: on a busy day the rules' alerts come after the models'.
    """
    raised = ground.sheet.alerted
    priority = np.where(raised, _desk_order(ground), 0.0)
    return System(PRODUCT, "The alerts that the replayed version raised, up to the budget.", priority, raised)


def by_value(ground: Ground) -> System:
    """The product's alerts in the order of their expected value: the chance that one is right times its USD at risk.

    The chance is what verdicts taught, and while there are none the strength of the finding, or a constant for alerts
    of the models alone (detectors/alerting/expected_value.py). Alerts without an amount come last.
    """
    raised = ground.sheet.alerted
    priority = np.where(raised, 1.0 + ground.expected, 0.0)
    told = "The same alerts, those first that are expected to bring most: chance times USD at risk, capped."
    return System(BY_VALUE, told, priority, raised)


def filled_up(ground: Ground) -> System:
    """The product as an order: its alerts as `product` has them, then payments without an alert by score.

    Baselines are such orders. Failure prevented: a version that raises few alerts would be set beside a baseline that
    names twenty payments every day.
    """
    raised = ground.sheet.alerted
    priority = np.where(raised, _desk_order(ground), ground.sheet.score)
    told = "Its alerts, then payments on which nothing was raised, by score: an order that uses the budget up."
    return System(FILLED_UP, told, priority, raised)


def _desk_order(ground: Ground) -> NDArray[np.float64]:
    """By row 1 + severity + newness (0 for the oldest, less than 1 for the newest): above every score."""
    times = ground.sheet.time_us
    oldest = times.min() if len(times) else 0
    return np.asarray(1.0 + ground.severity + (times - oldest) / (times.max(initial=oldest) - oldest + 1))


def judge(ground: Ground, baselines: Sequence[System] = (), settings: Settings = DEFAULT) -> JudgedResult:
    """Judge the replayed version, and baselines on the same stream.

    Raises `ValueError` when a system's priorities are not one a row, or settings are out of range. Cost: 18 s and
    500 MB for 1 000 000 rows, 500 cases, 4 systems, 5 budgets and 2 000 resamples.
    """
    budgets = tuple(sorted(set(settings.budgets)))
    if not budgets or budgets[0] < 1 or settings.resamples < 1 or settings.lots < 0:
        raise ValueError(
            f"settings are out of range; got: budgets {list(settings.budgets)}, {settings.resamples} "
            f"resamples, {settings.lots} lots; expected: 1 or more of each, lots 0 or more"
        )
    settings = msgspec.structs.replace(settings, budgets=budgets)
    days, draws = party_days(ground), Draws(settings.resamples, settings.seed)
    # where a party's only row of a day is an alert, the product itself made the party-day
    paid = party_days(ground, ground.payments)
    fairness, reasons = Fairness(ground, days, draws), TopReasons(ground)
    outcomes, told = {}, []
    for system in (product(ground), by_value(ground), filled_up(ground), *baselines):
        own = system.name == PRODUCT
        figures = []
        for budget, alerts in _selections(ground, system, budgets):
            outcome = outcomes[system.name, budget] = Outcome(alerts, first_alerts(ground, alerts))
            figures.append(_figures(ground, outcome, budget, draws, fairness, reasons if own else None))
        told.append(SystemFigures(name=system.name, describes=system.describes, budgets=tuple(figures)))
    judgement = Judgement(
        settings=settings,
        stream=_stream(ground, len(paid), int(paid.illicit.sum())),
        systems=tuple(told),
        kinds=alert_kinds(ground, draws),
        statistical=statistical_part(ground, {one.name: one.priority for one in baselines}, draws),
        calibration=calibration(days),
        chance=_chance(ground, paid, outcomes, settings),
    )
    return JudgedResult(judgement, ground, outcomes)


def _chance(
    ground: Ground, days: PartyDays, outcomes: Mapping[tuple[str, int | str], Outcome], settings: Settings
) -> tuple[Chance, ...]:
    own = {budget: outcome.alerts for (name, budget), outcome in outcomes.items() if name == PRODUCT}
    return chance(ground, days, own, settings.lots, settings.seed)


def _selections(ground: Ground, system: System, budgets: Sequence[int]) -> list[tuple[int | str, Mask]]:
    sheet, paid = ground.sheet, int(ground.payments.sum())
    priority = np.zeros(len(sheet))
    expected = paid if system.raised is None else len(sheet)
    if len(system.priority) != expected:
        raise ValueError(
            f"{system.name} does not fit the result; got: {len(system.priority)} priorities; expected: {expected}"
        )
    priority[:expected] = system.priority
    ranks = day_ranks(sheet.day, ground.opened, priority, sheet.usd_cents, ground.may_alert, system.raised)
    chosen: list[tuple[int | str, Mask]] = [(budget, within(ranks, budget)) for budget in budgets]
    if system.name == PRODUCT:
        chosen.append((AS_SHIPPED, sheet.alerted & ground.may_alert))
    return chosen


def _figures(
    ground: Ground, outcome: Outcome, budget: int | str, draws: Draws, fairness: Fairness, reasons: TopReasons | None
) -> BudgetFigures:
    return BudgetFigures(
        budget=budget,
        precision=precision_figures.precision(ground, outcome.alerts, draws),
        recall=recall(ground, outcome.alerts, outcome.found, draws),
        money=money(ground, outcome.found, outcome.first_us, draws),
        delay=delay(ground, outcome.first_us, draws),
        lookalikes=lookalikes(ground, outcome.alerts, draws),
        fairness=fairness.of(outcome.alerts),
        fidelity=None if reasons is None else reasons.of(outcome.alerts, draws),
    )


def cold_share(sheet: Sheet) -> float | None:
    """The share of scored payments outside history that have no rank; None where there is none."""
    judged = sheet.scored & ~sheet.history
    return int((np.isnan(sheet.rank) & judged).sum()) / int(judged.sum()) if judged.any() else None


def _stream(ground: Ground, days: int, illicit_days: int) -> Stream:
    sheet = ground.sheet
    names = sorted(set(ground.typology))
    seen = ground.events.hit(np.ones(len(sheet), np.bool_), ground.cases)
    rules = {typology.id for typology in all_rules()}
    aside = ~ground.payments
    parties = len(np.unique(sheet.party.codes[ground.may_alert]))
    ruled, party_days = ground.by_rule & ground.may_alert, parties * len(ground.days)
    lines = int((ruled & ground.on_line).sum())
    return Stream(
        transactions=int(ground.payments.sum()),
        history=int(sheet.history.sum()),
        parties=parties,
        days=len(ground.days),
        party_days=days,
        illicit_party_days=illicit_days,
        cold_share=cold_share(sheet),
        cases={name: int(ground.named(name).sum()) for name in names},
        unseen_cases=int((~seen).sum()),
        lookalikes=len(ground.truth.lookalikes),
        unseen_lookalikes=int((~ground.lookalike_seen).sum()),
        regimes=tuple([regime.name for regime in ground.truth.regimes]),
        loose_alerts=int(aside.sum()),
        shared_alerts=int((ground.opened[aside] >= len(sheet.party.names)).sum()),
        without_rule=tuple([name for name in names if name not in rules]),
        rule_alerts=int(ruled.sum()),
        hard_line_alerts=lines,
        rule_alerts_per_day_100k=(int(ruled.sum()) - lines) * 100_000 / party_days if party_days else None,
    )


def canonical_hash(report: Mapping[str, object]) -> str:
    """SHA-256, hex, over the report's canonical JSON (sorted keys, no blanks) without `timings` and its own hash."""
    content = {name: value for name, value in report.items() if name not in {"timings", "report_hash"}}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
