"""Fidelity: where one cause is planted, the first reason names it, by the models that a core taught."""

import random

import msgspec
import pytest

from detectors.alerting.reasons import reasons
from detectors.features import DIRECTIONS, NAMES, Feature
from detectors.ranking.ensemble import Scorer
from tests.support.firms import FirmLedger
from tests.support.ledger import configuration, later

# spreads or nats
FAR = 8.0
SEEDS = range(5)
LEARNED = 120
SEGMENT = "person.out"


def taught(seed: int) -> Scorer:
    """The models of a partition that learned ordinary payments of one party, with the shipped set under a seed."""
    chance = random.Random(seed)
    ledger = FirmLedger(configuration(detectors={"seed": seed, "warm_up": 50}))
    ledger.profile(later(), party="k1.0a3.remitter", party_type="person", turnover_krw="50000000")
    for number in range(LEARNED):
        at = later(days=number, hours=chance.choice((0, 1, 2)))
        ledger.rate(at)
        terms = {"settled_currency": "KRW", "deal_rate": str(1400 + chance.randint(-3, 3)), "trade_terms": "advance"}
        terms |= {"exchange_linked_inflow_24h": "0"} | ({"evidence": "shown"} if number % 2 else {})
        ledger.pay(f"a{number}", at, str(chance.randint(800, 1200)), **terms)
    assert ledger.state.scorer is not None
    return ledger.state.scorer


def planted(name: str) -> tuple[Feature, ...]:
    """All features exactly usual but one, which is far on the side that counts."""
    far = -FAR if DIRECTIONS[name] == "less" else FAR
    usual = [Feature(one, 1.0, "", 0.0, 1.0, 30, 1.0) for one in NAMES]
    return tuple(msgspec.structs.replace(one, deviation=far) if one.name == name else one for one in usual)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_reason_names_a_planted_cause(seed):
    """Of all features in turn 95 % at least are named first, and nothing that is exactly usual is named at all."""
    scorer, missed = taught(seed), []
    for name in NAMES:
        features = planted(name)
        found = reasons(features, scorer.score_then_learn(features, learn=False))
        assert {one.feature for one in found} <= {name}
        missed += [] if found else [name]
    assert len(missed) <= 0.05 * len(NAMES), missed
