"""The fused score: anchored, monotone, refusing nonsense; a rank counts only in so far as it says something."""

from itertools import pairwise

import pytest

from detectors.ranking.fusion import MOST_BY_RANK, WORTH_A_LOOK, fuse, rarity


def test_the_ends_are_anchored():
    """Nothing odd and nothing fired is 0; a rule beyond doubt is 1; without a rank the rules stand alone."""
    assert fuse(1.0, []) == 0.0
    assert fuse(None, []) == 0.0
    assert fuse(1.0, [1.0]) == 1.0
    assert fuse(None, [0.4]) == pytest.approx(0.4)
    assert fuse(0.5, [0.0]) == pytest.approx(0.001, rel=0.01)


def test_a_rank_alone_never_stands_before_a_rule_that_is_as_likely_as_not():
    """It is half at most, half of that at the ceiling, and next to nothing at p = 0.07."""
    assert fuse(0.0, []) == MOST_BY_RANK == 0.5
    assert rarity(WORTH_A_LOOK) == pytest.approx(0.25, rel=0.01)
    assert rarity(0.07) < 0.014
    assert fuse(0.07, [0.6]) < 0.606


def test_equal_scores_are_equal_ranks():
    """The order of payments without a rule is the order of their ranks, to the usual end."""
    ranks = [0.0, 1e-7, 1e-5, 0.0001, 0.002, 0.05, 0.07, 0.5, 0.9, 0.999, 1.0]
    assert all(rarer > commoner for rarer, commoner in pairwise(rarity(rank) for rank in ranks))


def test_evidence_adds_up():
    """Two rules and a rare rank are stronger together than any of them alone."""
    assert fuse(0.0005, [0.5, 0.6]) > max(fuse(0.0005, []), fuse(None, [0.6]), fuse(None, [0.5, 0.6]))


@pytest.mark.parametrize(
    ("rank", "strengths"), [(-0.1, []), (1.1, []), (0.5, [1.2]), (0.5, [-0.1]), (float("nan"), [])]
)
def test_values_outside_their_range_are_refused(rank, strengths):
    """A rank or strength outside 0-1 is a fault of the caller, not a score."""
    with pytest.raises(ValueError, match="expected: 0 to 1"):
        fuse(rank, strengths)
