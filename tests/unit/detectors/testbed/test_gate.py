"""The promotion gate's decisions, on figures whose truth is known."""

import msgspec
import numpy as np
import pytest

from detectors.testbed import gate
from detectors.testbed.gate import Check, CostLimits, GateFigures
from detectors.testbed.statistics import Difference, Interval, draw_counts, paired_share
from tests.support.gate_figures import CHEAP, FALL, NOISE, NOTHING, RISE, figures, small, typology


def failed(given: GateFigures) -> list[Check]:
    """The checks that fail at the default limits."""
    return [check for check in gate.decide(given, CostLimits()) if not check.passed]


def test_what_failed_comes_first():
    """The reader of forty checks sees at once which one refused the challenger."""
    checks = gate.decide(figures(costs=msgspec.structs.replace(CHEAP, bit_equal=(True, False))), CostLimits())
    assert [check.passed for check in checks[:2]] == [False, True]


def test_nothing_changed_passes():
    """Where no figure moved, every check passes, and each says so in words."""
    checks = gate.decide(figures(), CostLimits())
    assert all(check.passed for check in checks)
    assert all(check.reason and "\n" not in check.reason for check in checks)
    assert [check.name for check in checks if check.timing] == ["CPU time"]


@pytest.mark.parametrize(
    ("changed", "name", "word"),
    [
        ({"recall": FALL}, "recall", "fall beyond noise"),
        ({"precision": FALL}, "precision", "fall beyond noise"),
        ({"precision": Difference(None, 0.4, None, 30)}, "precision", "nothing, champion 0.4"),
        ({"usd": FALL}, "illicit USD found", "fall beyond noise"),
        ({"shipped_recall": FALL, "shipped": (1268, 16)}, "recall as shipped", "16 alerts raised, champion 1,268"),
        ({"shipped_usd": FALL}, "illicit USD as shipped", "fall beyond noise"),
        ({"shipped": (9, 0)}, "alerts raised", "none is left"),
        ({"lookalikes": RISE}, "look-alike rate", "rise beyond noise"),
        ({"models_order": FALL}, "models' order", "fall beyond noise"),
        ({"calibration": RISE}, "calibration error", "rise beyond noise"),
        ({"members": {"robust_z": FALL}}, "member robust_z", "fall beyond noise"),
        ({"missing_members": ("loda",)}, "member loda", "missing"),
        ({"typologies": (typology("T09", recall=FALL, found=(24, 12)),)}, "recall of T09", "fall beyond noise"),
        ({"typologies": (typology("T09", enabled=(True, False)),)}, "rule T09", "disabled"),
        ({"typologies": (typology("T09", fired=(3, 0)),)}, "rule T09", "fires at none"),
        ({"typologies": (typology("T09", payments=(3, 0)),)}, "rule T09", "never fires"),
        ({"typologies": (typology("T09", fired=(20, 9), firing=FALL),)}, "rule T09", "fall beyond noise"),
        ({"fairness": small(1.6, 1.1, Interval(0.2, 0.9))}, "fairness by size", "small: 1.6"),
        ({"costs": msgspec.structs.replace(CHEAP, cpu_us=(300.0, 390.0))}, "CPU time", "1.30 times"),
        ({"costs": msgspec.structs.replace(CHEAP, state_bytes=(900.0, 1200.0))}, "state", "1.33 times"),
        ({"costs": msgspec.structs.replace(CHEAP, bit_equal=(True, False))}, "replay of the challenger", "does NOT"),
    ],
)
def test_what_fell_fails_alone_and_is_named(changed, name, word):
    """Each figure that got worse beyond noise fails its own check and no other, and the reason says what happened."""
    (check,) = failed(figures(**changed))
    assert check.name == name
    assert word in check.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"recall": NOISE},
        {"precision": NOISE},
        {"recall": RISE},
        {"lookalikes": FALL},
        {"precision": NOTHING},
        {"members": {"trees": Difference(0.78, 0.86, -0.08, 40, Interval(-0.11, -0.04))}},
        {"calibration": Difference(0.33, 0.32, 0.008, 40, Interval(0.004, 0.011))},
        {"members": {"robust_z": RISE}},
        {"typologies": (typology(fired=(20, 18), firing=NOISE),)},
        {"typologies": (typology(enabled=(False, False), fired=(0, 0)),)},
        {"typologies": (typology(enabled=None),)},
        {"fairness": small(1.2, 0.7, Interval(0.2, 0.9))},
        {"fairness": small(1.6, 1.1, Interval(-0.1, 0.9))},
        {"costs": msgspec.structs.replace(CHEAP, cpu_us=(300.0, 370.0))},
    ],
)
def test_noise_and_gains_pass(changed):
    """What lies within noise or limits, and what got better, fails nothing."""
    assert failed(figures(**changed)) == []


def test_few_cases_say_what_could_not_be_seen():
    """A typology that fell on too few cases passes, is said to have fallen, and with what could have been seen."""
    few = typology(recall=_lost(20, 2), found=(20, 18))
    told = {check.name: check for check in gate.decide(figures(typologies=(few,)), CostLimits())}["recall of T01"]
    assert told.passed
    assert "fell, too few cases to tell (2 differ); with 20 cases a fall by fewer than 6 could not" in told.reason
    assert told.measured["differing"] == 2


@pytest.mark.parametrize("cases", [1, 3, 5])
def test_the_only_cases_lost_are_too_few_to_tell(cases):
    """One case of one, or three of three, found no more: chance can do that, and the report says so."""
    few = typology(recall=_lost(cases, cases), found=(cases, 0))
    told = {check.name: check for check in gate.decide(figures(typologies=(few,)), CostLimits())}["recall of T01"]
    assert told.passed
    assert f"0 of {cases} cases found, champion {cases}" in told.reason
    assert "fell, too few cases to tell" in told.reason
    assert "no fall could be seen, it takes 6 lost cases" in told.reason


def test_a_rule_that_fires_no_more_fails_on_a_single_case():
    """The rule's own firing falls from one case of one to none: that is no chance, and the rule is named."""
    dead = typology("T09", recall=_lost(1, 1), found=(1, 0), fired=(1, 0), firing=_lost(1, 1), payments=(3, 0))
    (check,) = failed(figures(typologies=(dead,)))
    assert (check.name, "never fires any more" in check.reason) == ("rule T09", True)


def _lost(cases: int, lost: int) -> Difference:
    champion = np.ones(cases, np.int64)
    challenger = champion.copy()
    challenger[:lost] = 0
    return paired_share(challenger, champion, draw_counts(cases, 4000, 7))


@pytest.mark.parametrize("cases", [6, 8, 20, 60, 400])
def test_least_visible_fall_is_the_intervals(cases):
    """The number said to be visible is where the interval leaves 0; one case fewer holds it."""
    least = gate.least_visible_fall(cases)
    assert _lost(cases, least).interval.high < 0
    assert _lost(cases, least - 1).interval.high >= 0


def test_equal_challenger_fails_no_more_often_than_the_interval_says():
    """Of two equally good systems with independent luck, a check fails in about 1 of 40 comparisons, not more."""
    chance = np.random.Generator(np.random.PCG64(11))
    fails = 0
    for number in range(600):
        a, b = (chance.random((2, 80)) < 0.6).astype(np.int64)
        found = paired_share(a, b, draw_counts(80, 500, number))
        fails += any(check.name == "recall" for check in failed(figures(recall=found)))
    # 2.5 % of 600 are 15; three standard deviations (3.8) more, as percentile intervals are a little narrow
    assert 0 < fails <= 27, fails


def test_weaker_challenger_is_seen():
    """A challenger that finds 40 % where the champion finds 60 % of 200 cases is failed nearly always."""
    chance = np.random.Generator(np.random.PCG64(12))
    fails = 0
    for number in range(100):
        champion = (chance.random(200) < 0.6).astype(np.int64)
        challenger = (chance.random(200) < 0.4).astype(np.int64)
        found = paired_share(challenger, champion, draw_counts(200, 500, number))
        fails += bool(failed(figures(recall=found)))
    assert fails >= 95, fails


def test_hash_leaves_timings_out_and_nothing_else():
    """Another run's CPU time gives the same hash; another figure, another verdict or another limit gives another."""

    def hashed(given: GateFigures, limits: CostLimits, report=None) -> str:
        return gate.report_hash(report or {"champion": "a"}, gate.decide(given, limits))

    first = hashed(figures(), CostLimits())
    slower = msgspec.structs.replace(CHEAP, cpu_us=(280.0, 330.0))
    assert hashed(figures(costs=slower), CostLimits()) == first
    much_slower = msgspec.structs.replace(CHEAP, cpu_us=(280.0, 530.0))
    others = [
        hashed(figures(costs=much_slower), CostLimits()),
        hashed(figures(recall=NOISE), CostLimits()),
        hashed(figures(), CostLimits(latency_ratio=1.5)),
        hashed(figures(), CostLimits(), {"champion": "b"}),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    ("fall", "low", "high", "passes"),
    [
        (0.076, -0.12, -0.047, True),  # the furthest that another seed moved one
        (0.12, -0.20, -0.04, False),  # one that sees no spread, on few cases
        (0.12, -0.26, 0.01, True),  # on so few that it may be chance
        (0.06, -0.065, -0.055, False),  # a small fall, and certain
    ],
)
def test_a_member_fails_where_no_seed_and_no_chance_explains_its_fall(fall, low, high, passes):
    """Either the interval lies beyond what seeds move, or the figure does and the interval beyond chance."""
    told = Difference(0.7 - fall, 0.7, -fall, 46, Interval(low, high), 46)
    assert (failed(figures(members={"robust_z": told})) == []) is passes
