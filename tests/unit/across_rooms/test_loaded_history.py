"""A deployment of 60 payments a day that loads 90 days of its past, and goes live: what counts on the first day.

Twelve partitions, as shipped; what one of them tells comes into the ledger of each.
"""

import random
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from detectors.contracts.learning import Learning
from detectors.core import Outputs
from tests.support.ledger import START, Ledger, configuration

PARTITIONS, DAYS, PARTIES = 12, 90, 120
A_DAY = 60


class Payment(NamedTuple):
    """A payment of a party; parties are dealt to the partitions in turn."""

    name: str
    party: int
    at: datetime
    amount: str


def payments(days: int, seed: int) -> list[Payment]:
    """Sixty payments a day by 120 parties, each of which pays around its own size and at its own hour."""
    rng, made = random.Random(seed), []
    for day in range(days):
        for number in range(A_DAY):
            party = rng.randrange(PARTIES)
            at = START + timedelta(days=day, hours=party % 9, minutes=rng.randrange(60))
            amount = f"{(200 + 40 * (party % 25)) * rng.lognormvariate(0, 0.15):.2f}"
            made.append(Payment(f"{seed}-{day}-{number}", party, at, amount))
    return sorted(made, key=lambda one: one.at)


class Deployment:
    """Twelve partitions with the shipped detectors, rules off, whose records reach one another."""

    def __init__(self) -> None:
        config = configuration(rules={name: {"enabled": False} for name in configuration().rules})
        self.ledgers = [Ledger(config) for _ in range(PARTITIONS)]
        for number, ledger in enumerate(self.ledgers):
            ledger.state.partition = number

    def rate(self, at: datetime) -> None:
        for ledger in self.ledgers:
            ledger.rate(at)

    def pay(self, one: Payment, *, history: bool) -> Outputs:
        ledger = self.ledgers[one.party % PARTITIONS]
        fields = {"party": f"k1.{one.party}.remitter", "counterparty": f"k1.{one.party}.payee", "evidence": "contract"}
        step = ledger.pay(one.name, one.at, one.amount, history=history, **fields)
        for told in step.told:
            self._tell_all(told)
        return step

    def _tell_all(self, told: Learning) -> None:
        for ledger in self.ledgers:
            ledger.put(told, ledger.origin("fx.learning.v1"))


@cache
def loaded() -> tuple[Deployment, tuple[Outputs, ...]]:
    """The deployment after its history, and what came of each record of it; no test changes it but the first day's."""
    made, steps = Deployment(), []
    day = None
    for one in payments(DAYS, 1):
        if one.at.date() != day:
            day = one.at.date()
            made.rate(one.at - timedelta(minutes=1))
        steps.append(made.pay(one, history=True))
    return made, tuple(steps)


def test_history_never_alerts():
    """Not one record of it, though the models score and rank each."""
    _, steps = loaded()
    assert len(steps) == DAYS * A_DAY
    assert not any(one.raised for one in steps)
    assert all(one.scored for one in steps)


def test_history_warms_ranks_baselines_and_the_calibration_of_all():
    """Every partition is warm, each party has its own past, and each partition counts what all told."""
    made, _ = loaded()
    for ledger in made.ledgers:
        scorer = ledger.state.scorer
        assert scorer.scored >= ledger.state.configuration.detectors.warm_up
        # what is not told yet is at most what a partition gathers in a day or up to a full record
        assert scorer.calibration.everyone.counted >= 0.5 * DAYS * A_DAY
    everyone = {ledger.state.scorer.calibration.everyone.counted for ledger in made.ledgers}
    assert len(everyone) == 1


def test_the_first_live_day_is_ranked_and_may_alert():
    """Each payment has a rank, finer than the ceiling can be by counting; one that is out of all proportion alerts."""
    made, _ = loaded()
    first = START + timedelta(days=DAYS)
    made.rate(first - timedelta(minutes=1))
    ceilings, ranks, among = [], [], []
    for one in payments(1, 2):
        live = one._replace(at=one.at + timedelta(days=DAYS))
        step = made.pay(live, history=False)
        ranks.append(step.assessed.scored.rank)
        among.append(step.assessed.scored.among)
        ceilings.append(made.ledgers[one.party % PARTITIONS].state.budget.ceiling())
    assert None not in ranks
    assert min(among) >= 2_500
    assert min(ceilings) == 0.002
    odd = Payment("odd", 5, first + timedelta(hours=20), "900000")
    (alert,) = made.pay(odd, history=False).alerts
    assert alert.rank <= 0.002
    assert alert.rank_among >= 2_500
    assert alert.created_for == odd.at
