"""What the models alone are worth, rules off: their order of the payments beside each member's and each baseline's."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures.average_precision import (
    HONEST,
    AveragePrecision,
    OrderedUnits,
    average_precision,
    difference,
    gain,
)
from detectors.testbed.ground import Ground
from detectors.testbed.statistics import Difference, Estimate, Floats

MODELS = "models"
MEMBER = "member "
Ints = NDArray[np.int64]


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """An order judged by payment or by party-day: its average precision 0-1, and the models' against it.

    `models_less_this` is the models' average precision minus this one's, `models_gain` the same as a share of this
    one's (0.3 = the models are better by 30 %); of the models themselves both are None.
    """

    average_precision: Estimate
    models_less_this: Difference | None
    models_gain: Estimate | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order of all judged payments: `models`, `member NAME`, or a baseline's name."""

    name: str
    by_payment: Unit
    by_party_day: Unit


class StatisticalPart(msgspec.Struct, frozen=True, kw_only=True):
    """The models' order, each member's own and each baseline's on the same payments; the models come first.

    Judged are the payments outside history that were scored (`payments`), of which `illicit_payments` are events of a
    case, and the party-days that they make. The share of illicit ones is what an order by lot reaches. A party-day
    stands at its highest payment.
    """

    payments: int
    illicit_payments: int
    party_days: int
    illicit_party_days: int
    orders: tuple[Order, ...]

    def order(self, name: str) -> Order:
        """One order by its name. Raises `KeyError` for one that was not judged."""
        for one in self.orders:
            if one.name == name:
                return one
        raise KeyError(name)


class _Laid:
    """The judged payments, and where each stands: its case, its party-day, and the case of that."""

    def __init__(self, ground: Ground) -> None:
        sheet = ground.sheet
        self.cases = ground.cases
        self.rows = np.flatnonzero(ground.payments & ground.may_alert & sheet.scored)
        case = np.full(len(sheet), HONEST)
        # written backwards, so that a payment of several cases is resampled with the first of them
        case[ground.events.row[::-1]] = ground.events.thing[::-1]
        self.case: Ints = case[self.rows]
        keys = ground.day_of[self.rows] * len(sheet.party.names) + sheet.party.codes[self.rows]
        days, self._day = np.unique(keys, return_inverse=True)
        self.day_case: Ints = np.full(len(days), HONEST)
        planted = np.flatnonzero(self.case != HONEST)
        planted = planted[np.argsort(-self.case[planted], kind="stable")]
        self.day_case[self._day[planted]] = self.case[planted]

    def judged(self, priority: Floats, draws: Draws) -> tuple[AveragePrecision, AveragePrecision]:
        """Of an order by rows of the sheet: by payment, by party-day."""
        score = np.where(np.isnan(priority[self.rows]), -np.inf, priority[self.rows])
        highest = np.full(len(self.day_case), -np.inf)
        np.maximum.at(highest, self._day, score)
        return (
            average_precision(OrderedUnits(score, self.case), self.cases, draws),
            average_precision(OrderedUnits(highest, self.day_case), self.cases, draws),
        )


def models_order(ground: Ground) -> Floats:
    """By row, the models' own priority: the rank, turned round. What the rules found is not in it.

    Payments without a rank stand behind all others (minus infinity): the models say nothing of them. 1 - rank would
    tell no two ranks below 1e-16 apart.
    """
    rank = ground.sheet.rank
    return np.where(np.isnan(rank), -np.inf, -rank)


def models_average_precision(ground: Ground, draws: Draws) -> AveragePrecision:
    """That of the models' order, by payment."""
    return _Laid(ground).judged(models_order(ground), draws)[0]


def statistical_part(ground: Ground, baselines: Mapping[str, Floats], draws: Draws) -> StatisticalPart:
    """Average precision of the models alone, beside members and baselines (by name, a priority for each payment).

    The models score every payment whether or not a rule fires, so their ranks are those of a version without rules;
    where what a rule flagged is held back from learning, they are the ranks of models that had the rules' help in that.
    Cost: 1 s an order for 1 000 000 rows and 2 000 resamples.
    """
    laid = _Laid(ground)
    orders = {MODELS: models_order(ground)}
    orders |= {MEMBER + name: score for name, score in sorted(ground.sheet.members.items())}
    orders |= {name: _padded(priority, len(ground.sheet)) for name, priority in baselines.items()}
    judged = {name: laid.judged(priority, draws) for name, priority in orders.items()}
    models = judged[MODELS]
    return StatisticalPart(
        payments=len(laid.rows),
        illicit_payments=int((laid.case != HONEST).sum()),
        party_days=len(laid.day_case),
        illicit_party_days=int((laid.day_case != HONEST).sum()),
        orders=tuple(
            [
                Order(name=name, by_payment=_unit(each[0], models[0]), by_party_day=_unit(each[1], models[1]))
                for name, each in judged.items()
            ]
        ),
    )


def _padded(priority: Floats, rows: int) -> Floats:
    """A baseline's priorities, with nothing for the rows behind those of payments."""
    whole = np.zeros(rows)
    whole[: len(priority)] = priority
    return whole


def _unit(this: AveragePrecision, models: AveragePrecision) -> Unit:
    if this is models:
        return Unit(average_precision=this.estimate(), models_less_this=None, models_gain=None)
    return Unit(
        average_precision=this.estimate(), models_less_this=difference(models, this), models_gain=gain(models, this)
    )
