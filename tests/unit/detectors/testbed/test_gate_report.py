"""What each check of the gate tells its reader: figures, limit, one sentence. The report prints these as they are."""

import hashlib

import msgspec
import pytest

from detectors.testbed import gate
from detectors.testbed.gate import Check, CostLimits, GroupFigures
from detectors.testbed.statistics import Difference, Interval
from tests.support.gate_figures import CHEAP, FALL, NOTHING, RISE, SAME, figures, small, typology

UNCHANGED = "0.6, champion 0.6, difference 0 (95 % 0 to 0): no fall beyond noise"
FELL = "0.3, champion 0.6, difference -0.3 (95 % -0.45 to -0.15): fall beyond noise"
NO_RISE = UNCHANGED.replace("fall", "rise")
UNSEEN = "; with 40 cases a fall by fewer than 6 could not be seen"
NO_FALL = "95 % interval of the difference: upper end >= 0"
REPLAYED = "own ledger gives the recorded alerts and scores bit for bit"
SAME_MEASURED = {
    "champion": 0.6,
    "challenger": 0.6,
    "difference": 0.0,
    "low": 0.0,
    "high": 0.0,
    "units": 40,
    "differing": None,
}
FALL_MEASURED = {
    "champion": 0.6,
    "challenger": 0.3,
    "difference": -0.3,
    "low": -0.45,
    "high": -0.15,
    "units": 40,
    "differing": None,
}


def told(name: str, **changed) -> Check:
    """One check of two versions that nothing changed between, but for what is named."""
    (check,) = [one for one in gate.decide(figures(**changed), CostLimits()) if one.name == name]
    return check


def passed(name: str, limit: str, reason: str, **measured) -> Check:
    """A check that passed and was not timed."""
    return Check(name=name, passed=True, measured=measured, limit=limit, reason=f"{name}{reason}")


def test_every_check_of_an_equal_challenger():
    """All of them, in the report's order: what was measured on both, on how many units, and what would have failed."""
    shipped = f" (of the 40 alerts raised, champion 40): {UNCHANGED}{UNSEEN}"
    fired = {"fired": 20, "champion_fired": 20, "payments": 90, "champion_payments": 90, "enabled": True}
    found, raised = {"found": 24, "champion_found": 24}, {"alerts": 40, "champion_alerts": 40}
    assert list(gate.decide(figures(), CostLimits())) == [
        passed("recall", NO_FALL, f" (share of cases found): {UNCHANGED}{UNSEEN}", **SAME_MEASURED),
        passed(
            "recall of T01",
            NO_FALL,
            f" (24 of 40 cases found, champion 24): {UNCHANGED}{UNSEEN}",
            **SAME_MEASURED,
            **found,
        ),
        passed(
            "rule T01",
            NO_FALL,
            f" (fired at 20 of 40 cases, champion 20): {UNCHANGED}{UNSEEN}",
            **SAME_MEASURED,
            **fired,
        ),
        passed("precision", NO_FALL, f" (share of alerts that fall on a case): {UNCHANGED}", **SAME_MEASURED),
        passed("illicit USD found", NO_FALL, f" (worth of the cases found): {UNCHANGED}", **SAME_MEASURED),
        passed("recall as shipped", NO_FALL, shipped, **SAME_MEASURED, **raised),
        passed("illicit USD as shipped", NO_FALL, shipped, **SAME_MEASURED, **raised),
        Check(
            name="alerts raised",
            passed=True,
            measured=raised,
            limit="a champion's challenger raises alerts",
            reason="40 alerts were raised, champion 40",
        ),
        passed(
            "look-alike rate",
            "95 % interval of the difference: lower end <= 0",
            f" (share of honest look-alikes alerted on): {NO_RISE}",
            **SAME_MEASURED,
        ),
        passed(
            "models' order",
            NO_FALL,
            f" (average precision of the models alone, by payment): {UNCHANGED}",
            **SAME_MEASURED,
        ),
        passed(
            "member robust_z",
            "95 % interval of the difference: upper end >= -0.05, or >= 0 after a fall of more "
            "than 0.08, which another seed alone does not bring",
            f" (share of honest payments that its score puts below a planted one): {UNCHANGED}",
            **SAME_MEASURED,
        ),
        passed(
            "calibration error",
            "95 % interval of the difference: lower end <= 0.01, which another seed alone may move",
            f" (distance of the score from the share of illicit party-days): {NO_RISE}",
            **SAME_MEASURED,
        ),
        Check(
            name="fairness by size",
            passed=True,
            measured={"small": 0.6},
            limit="no group rises beyond noise (interval widened for 1 groups) and above 1.25",
            reason="false alerts by size: no group rose beyond noise and above 1.25 times the overall rate; highest: "
            "small at 0.6 times",
        ),
        Check(
            name="CPU time",
            passed=True,
            measured={"champion": 300.0, "challenger": 310.0, "ratio": 310.0 / 300.0},
            limit="ratio <= 1.25",
            timing=True,
            reason="CPU time: 310 us an event, champion 300: 1.03 times, within the limit of 1.25",
        ),
        passed(
            "state",
            "ratio <= 1.25",
            ": 900 bytes a party, champion 900: 1.00 times, within the limit of 1.25",
            champion=900.0,
            challenger=900.0,
            ratio=1.0,
        ),
        *[
            Check(
                name=f"replay of the {who}",
                passed=True,
                measured={"bit_equal": True},
                limit="bit-equal",
                reason=f"a second replay of the {who}'s {REPLAYED}",
            )
            for who in ("champion", "challenger")
        ],
    ]


def test_a_fall_tells_how_far_it_went():
    """Both figures, the difference with its interval, and that no chance explains it; nothing of what is too small."""
    assert told("recall", recall=FALL) == Check(
        name="recall",
        passed=False,
        measured=FALL_MEASURED,
        limit=NO_FALL,
        reason=f"recall (share of cases found): {FELL}",
    )
    assert told("look-alike rate", lookalikes=RISE).reason.endswith("0.3 (95 % 0.15 to 0.45): rise beyond noise")


def test_what_could_not_be_measured_is_said():
    """Of neither version, or not of the champion: that is no fall, and the figures say so with nothing."""
    nothing = told("recall", recall=NOTHING)
    assert nothing.reason == "recall (share of cases found): there was nothing to measure it on"
    assert nothing.measured == dict.fromkeys(SAME_MEASURED, None) | {"units": 0}
    assert nothing.passed
    new = told("precision", precision=Difference(0.4, None, None, 9))
    assert new.passed
    assert new.reason == "precision (share of alerts that fall on a case): 0.4, champion nothing: no fall beyond noise"


@pytest.mark.parametrize(
    ("difference", "of_recall", "of_lookalikes"),
    [
        (-0.1, "fell, too few cases to tell (2 differ)", "no rise beyond noise"),
        (0.0, "no fall beyond noise", "no rise beyond noise"),
        (0.1, "no fall beyond noise", "rose, too few cases to tell (2 differ)"),
    ],
)
def test_a_change_on_too_few_cases_is_named_where_it_is_for_the_worse(difference, of_recall, of_lookalikes):
    """One won and one lost is no change; a gain on few cases is no reason for a warning."""
    few = Difference(0.5 + difference, 0.5, difference, 20, Interval(-0.3, 0.3), 2)
    assert f": {of_recall}; with 20 cases" in told("recall", recall=few).reason
    assert told("look-alike rate", lookalikes=few).reason.endswith(f": {of_lookalikes}")


FIRED = {"payments": (3_100, 80), "fired": (20, 9), "firing": FALL}
FIRED_MEASURED = {**FALL_MEASURED, "fired": 9, "champion_fired": 20, "payments": 80, "champion_payments": 3_100}


@pytest.mark.parametrize(
    ("changed", "measured", "limit", "reason"),
    [
        ({}, {"enabled": True}, NO_FALL, f"rule T09 (fired at 9 of 40 cases, champion 20): {FELL}"),
        (
            {"enabled": (True, False)},
            {"enabled": False},
            "a rule in force stays enabled",
            "the rule T09 is disabled in the challenger; in the champion it fired at 20 of 40 cases",
        ),
        (
            {"payments": (3_100, 0)},
            {"enabled": True, "payments": 0},
            "a rule that fired still fires",
            "the rule T09 never fires any more; in the champion it fired at 3,100 payments and 20 of 40 cases",
        ),
        (
            {"fired": (20, 0)},
            {"enabled": True, "fired": 0},
            "a rule that fired at cases still does",
            "the rule T09 fires at none of its 40 cases any more; in the champion it fired at 20",
        ),
    ],
    ids=["fell", "disabled", "never", "no case"],
)
def test_a_rule_that_works_no_more_is_told_with_what_it_did(changed, measured, limit, reason):
    """Whichever way it broke, its firing in both versions stands beside the sentence."""
    check = told("rule T09", typologies=(typology("T09", **{**FIRED, **changed}),))
    assert check == Check(name="rule T09", passed=False, measured=FIRED_MEASURED | measured, limit=limit, reason=reason)


def test_a_typologys_recall_tells_its_cases():
    """Cases found stand beside the share, the challenger's first in words and both in figures."""
    check = told("recall of T09", typologies=(typology("T09", recall=FALL, found=(24, 12)),))
    assert check.measured == FALL_MEASURED | {"found": 12, "champion_found": 24}
    assert check.reason.startswith("recall of T09 (12 of 40 cases found, champion 24): 0.3, champion 0.6,")


def test_a_missing_member_is_told():
    """A member that the champion scores with and the challenger does not have."""
    assert told("member loda", missing_members=("loda",)) == Check(
        name="member loda",
        passed=False,
        measured={"champion": "present", "challenger": "missing"},
        limit="every member that counts in the champion counts in the challenger",
        reason="the member loda is missing in the challenger, or weighs nothing there; the champion scores with it",
    )


def test_a_member_that_another_seed_may_have_moved_is_told_apart_from_one_that_fell():
    """A fall of 0.08 is still what seeds bring; beyond it only chance excuses. Without a figure there is no fall."""
    wide, narrow = Interval(-0.2, -0.04), Interval(-0.2, 0.0)
    assert told("member robust_z", members={"robust_z": Difference(0.62, 0.7, -0.08, 46, wide)}).passed
    assert not told("member robust_z", members={"robust_z": Difference(0.61, 0.7, -0.09, 46, wide)}).passed
    assert told("member robust_z", members={"robust_z": Difference(0.61, 0.7, -0.09, 46, narrow)}).passed
    assert told("member robust_z", members={"robust_z": NOTHING}).passed


def test_no_alert_is_left():
    """The champion raised 9 alerts, the challenger none: how many of each stands beside the sentence."""
    assert told("alerts raised", shipped=(9, 0)) == Check(
        name="alerts raised",
        passed=False,
        measured={"alerts": 0, "champion_alerts": 9},
        limit="a champion's challenger raises alerts",
        reason="0 alerts were raised, champion 9: none is left",
    )


def group(name: str, challenger: float | None, low: float = -0.1) -> GroupFigures:
    """A group of a size whose ratio the challenger moved, by no less than `low`."""
    interval = None if challenger is None else Interval(low, 0.9)
    return GroupFigures(dimension="size", group=name, ratio=Difference(challenger, 0.5, None, 9, interval))


def test_fairness_names_the_groups_that_rose():
    """Those that rose beyond noise and lie above the bound, with their figures; all groups are measured."""
    check = told("fairness by size", fairness=(group("small", 1.5, 0.2), group("large", 0.8), group("huge", 2.0, 0.4)))
    assert check == Check(
        name="fairness by size",
        passed=False,
        measured={"small": 1.5, "large": 0.8, "huge": 2.0},
        limit="no group rises beyond noise (interval widened for 3 groups) and above 1.25",
        reason="false alerts by size rose beyond noise and above 1.25 times the overall rate: "
        "small: 1.5, champion 0.5, difference nothing (95 % 0.2 to 0.9); "
        "huge: 2, champion 0.5, difference nothing (95 % 0.4 to 0.9)",
    )


def test_fairness_names_the_highest_where_none_rose():
    """A group without any honest party-day in one version has no ratio and is never the highest."""
    groups = (group("gone", None), group("small", 0.4), group("large", 0.8), group("huge", 0.6))
    assert told("fairness by size", fairness=groups).reason.endswith("highest: large at 0.8 times")


def test_a_group_at_the_bound_is_not_above_it():
    """1.25 times is what the four-fifths rule, turned round, allows."""
    assert told("fairness by size", fairness=small(1.25, 0.7, Interval(0.2, 0.9))).passed
    assert not told("fairness by size", fairness=small(1.26, 0.7, Interval(0.2, 0.9))).passed


@pytest.mark.parametrize(
    ("champion", "challenger", "ratio"),
    [(400.0, 500.0, 1.25), (400.0, 501.0, 1.2525), (0.5, 0.6, 1.2), (0.0, 0.0, 1.0), (0.0, 0.5, float("inf"))],
)
def test_costs_may_be_a_quarter_more(champion, challenger, ratio):
    """A quarter more is allowed and not a byte beyond; from nothing to something is more than any ratio."""
    check = told("state", costs=msgspec.structs.replace(CHEAP, state_bytes=(champion, challenger)))
    assert check.measured == {"champion": champion, "challenger": challenger, "ratio": pytest.approx(ratio)}
    assert check.passed is (ratio <= 1.25)
    assert f"{ratio:.2f} times, {'within' if ratio <= 1.25 else 'beyond'} the limit of 1.25" in check.reason


@pytest.mark.parametrize(
    ("value", "shown"), [(0.012347, "0.01235"), (999.94, "999.9"), (1000.0, "1,000"), (12_345.6, "12,346")]
)
def test_figures_are_shown_with_four_digits(value, shown):
    """Large ones whole and grouped, small ones with four digits that count."""
    reason = told("state", costs=msgspec.structs.replace(CHEAP, state_bytes=(value, value))).reason
    assert reason.startswith(f"state: {shown} bytes a party, champion {shown}: ")


def test_a_replay_that_differs_is_named():
    """Which of the two did not give again what was recorded."""
    assert told("replay of the champion", costs=msgspec.structs.replace(CHEAP, bit_equal=(False, True))) == Check(
        name="replay of the champion",
        passed=False,
        measured={"bit_equal": False},
        limit="bit-equal",
        reason="a second replay of the champion's own ledger does NOT give what was recorded",
    )


def test_a_promotions_hash_can_be_found_again():
    """A promotion recorded it, perhaps years ago: the hash is of this very text, in every version of fxwatch."""
    timed = Check(name="CPU time", passed=True, measured={"ratio": 1.0}, limit="a", reason="b", timing=True)
    text = (
        '{"champion":"x","checks":[{"limit":"a","name":"CPU time","passed":true},'
        '{"limit":"c","measured":{"alerts":1},"name":"alerts raised","passed":true,"reason":"d","timing":false}]}'
    )
    other = Check(name="alerts raised", passed=True, measured={"alerts": 1}, limit="c", reason="d")
    assert gate.report_hash({"champion": "x"}, [timed, other]) == hashlib.sha256(text.encode()).hexdigest()


def test_equal_groups_pass():
    """Nothing changed in either of two dimensions: each has a check of its own."""
    two = tuple(GroupFigures(dimension=name, group="a", ratio=SAME) for name in ("size", "region"))
    assert [
        one.name for one in gate.decide(figures(fairness=two), CostLimits()) if one.name.startswith("fairness")
    ] == [
        "fairness by size",
        "fairness by region",
    ]
