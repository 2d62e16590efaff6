"""The alerts that were raised, by kind: findings of a rule, and unusual payments that the models alone raised."""

import msgspec
import numpy as np

from detectors.alerting.severity import SEVERITIES
from detectors.testbed.draws import Draws
from detectors.testbed.figures.lookalikes import alerted
from detectors.testbed.figures.precision import alerts_by_day
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate

RULES, MODELS = "rules", "models"
# The volume that the goal for a stream without crime is set at: at most 2 statistical alerts a day of 3 000 payments.
DAY_OF_PAYMENTS = 3_000


class SeverityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of one severity, and how many of them fall on an event of a case."""

    severity: str
    alerts: int
    true: int


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of one kind (`rules` or `models`), of those that were raised outside history.

    `per_3000_payments` is their number for every 3 000 payments outside history, whatever the stream's own volume.
    `explored` of them were drawn by lot, to see what the models miss. `true` 0-1 is the share that falls on an event of
    a case, `on_parties` counts a case's party in its time too. `lookalikes` is the share of honest look-alikes that an
    alert of this kind falls on.
    """

    kind: str
    alerts: int
    per_day: float | None
    per_3000_payments: float | None
    explored: int
    true: Estimate
    on_parties: Estimate
    lookalikes: Estimate
    by_severity: tuple[SeverityFigures, ...]


def alert_kinds(ground: Ground, draws: Draws) -> tuple[KindFigures, ...]:
    """Both kinds, the rules' first. Days are resampled for shares of alerts, look-alikes for theirs."""
    raised = ground.sheet.alerted & ground.may_alert
    return (
        _of(ground, RULES, raised & ground.by_rule, draws),
        _of(ground, MODELS, raised & ~ground.by_rule, draws),
    )


def _of(ground: Ground, kind: str, alerts: Mask, draws: Draws) -> KindFigures:
    number, days = int(alerts.sum()), len(ground.days)
    payments = int((ground.payments & ground.may_alert).sum())
    every = alerts_by_day(ground, alerts)
    reaching = ground.reach.touched(len(alerts))
    counts = np.bincount(ground.severity[alerts], minlength=len(SEVERITIES)).tolist()
    true = np.bincount(ground.severity[alerts & ground.illicit], minlength=len(SEVERITIES)).tolist()
    return KindFigures(
        kind=kind,
        alerts=number,
        per_day=number / days if days else None,
        per_3000_payments=number * DAY_OF_PAYMENTS / payments if payments else None,
        explored=int((alerts & ground.explored).sum()),
        true=draws.counted("days", alerts_by_day(ground, alerts & ground.illicit), every),
        on_parties=draws.counted("days", alerts_by_day(ground, alerts & reaching), every),
        lookalikes=draws.share("look-alikes", alerted(ground, alerts)),
        by_severity=tuple(
            [
                SeverityFigures(severity=name, alerts=counts[place], true=true[place])
                for place, name in enumerate(SEVERITIES)
            ]
        ),
    )
