"""Which habits of an institution stand out among its peers."""

import pytest

from detectors.ranking.institution_peers import HABITS, Peers, compare

LIMITS = Peers(payments_min=100, peers_min=5, z=4.0, excess_min=0.05)


def banks(*shares: float, number: int = 1000, habit: str = "no_document") -> dict[str, dict[str, int]]:
    """Institutions A, B, ... with such shares of a habit."""
    kind = HABITS[habit]
    return {chr(65 + place): {kind: number, habit: round(share * number)} for place, share in enumerate(shares)}


@pytest.mark.parametrize("habit", HABITS)
def test_a_share_far_above_the_others_stands_out(habit):
    """With its numbers, and how far it lies above the median."""
    (found,) = compare(banks(0.10, 0.12, 0.11, 0.13, 0.12, 0.60, habit=habit), LIMITS)
    assert (found.institution, found.name, found.number, found.of) == ("F", habit, 600, 1000)
    assert (found.share, found.median, found.peers) == (0.6, 0.12, 5)
    # the others' deviations have a median of 0.01
    assert found.z == pytest.approx(0.48 / (0.014826**2 + 0.12 * 0.88 / 1000 + 0.0001) ** 0.5)


def test_less_than_usual_does_not_stand_out():
    """An institution that takes documents of everybody."""
    assert compare(banks(0.50, 0.52, 0.51, 0.53, 0.52, 0.0), LIMITS) == []


def test_too_few_payments_or_peers_say_nothing():
    """The institution's own, and those of the others."""
    shares = (0.1, 0.1, 0.1, 0.1, 0.1, 0.6)
    assert len(compare(banks(*shares, number=100), LIMITS)) == 1
    assert compare(banks(*shares, number=99), LIMITS) == []
    assert compare(banks(*shares[1:]), LIMITS) == []
    few = banks(*shares)
    few["A"] = {"outgoing": 99, "no_document": 9}
    assert compare(few, LIMITS) == []


def test_a_small_excess_says_nothing_however_alike_the_others_are():
    """Five hundredths of the payments; from there on the spreads decide."""
    assert compare(banks(*[0.0] * 5, 0.049), LIMITS) == []
    assert [one.z >= 4 for one in compare(banks(*[0.0] * 5, 0.05), LIMITS)] == [True]
    assert compare(banks(*[0.0] * 5, 0.05), LIMITS._replace(z=5.1)) == []


def test_the_limits_hold_from_their_own_value_on():
    """Shares of a quarter and of none are exact: five spreads of a hundredth, and an excess of a quarter."""
    counts = banks(*[0.0] * 5, 0.25)
    (found,) = compare(counts, LIMITS)
    assert found.z == 25.0
    assert len(compare(counts, LIMITS._replace(z=25.0, excess_min=0.25))) == 1
    assert compare(counts, LIMITS._replace(z=25.1)) == []
    assert compare(counts, LIMITS._replace(excess_min=0.2501)) == []


def test_the_excess_is_over_the_median_of_the_others():
    """Shares of 0.4 and 0.44 of many payments."""
    counts = banks(*[0.4] * 5, 0.44, number=1_000_000)
    assert compare(counts, LIMITS._replace(z=3.9)) == []
    assert len(compare(counts, LIMITS._replace(z=3.9, excess_min=0.039))) == 1


def test_an_institution_without_a_habit_has_none_of_it():
    """Its counts need not name each; and one of few payments ends no comparison of the others."""
    counts = {f"B{number}": {"outgoing": 1000} for number in range(5)} | {"Z": {"outgoing": 1000, "no_document": 600}}
    (found,) = compare(counts, LIMITS)
    assert (found.institution, found.median, found.peers) == ("Z", 0.0, 5)
    wide = LIMITS._replace(z=-1.0, excess_min=-1.0)
    assert [(one.institution, one.number) for one in compare(counts, wide) if one.name == "no_document"] == [
        *((f"B{number}", 0) for number in range(5)),
        ("Z", 600),
    ]
    assert len(compare({"A": {"deals": 1}, "B": {"deals": 1}}, wide._replace(payments_min=0, peers_min=0))) == 2


def test_where_all_differ_nobody_stands_out():
    """The spread of the others is part of the measure."""
    assert compare(banks(0.1, 0.2, 0.3, 0.4, 0.5, 0.85), LIMITS) == []


def test_of_a_kind_of_payment_that_nobody_told_there_is_no_habit():
    """Neither of nobody, nor without a lower bound."""
    nothing = LIMITS._replace(payments_min=0, peers_min=0)
    assert compare({}, nothing) == []
    assert compare({"A": {"payments": 0}, "B": {}}, nothing) == []
    assert compare(banks(1.0), nothing) == []
