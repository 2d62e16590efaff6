"""The fused score: anchored, monotone, refusing nonsense."""

import pytest

from detectors.ranking.fusion import fuse


def test_the_ends_are_anchored():
    """Nothing odd and nothing fired is 0; a rule beyond doubt is 1; a cold segment leaves the rules alone."""
    assert fuse(1.0, []) == 0.0
    assert fuse(None, []) == 0.0
    assert fuse(1.0, [1.0]) == 1.0
    assert fuse(None, [0.4]) == pytest.approx(0.4)
    assert fuse(0.01, []) == pytest.approx(0.99)
    assert fuse(0.0, []) == 1.0
    assert fuse(0.5, [0.0]) == 0.5


def test_evidence_adds_up():
    """Two rules and a rare rank are stronger together than any of them alone."""
    assert fuse(0.05, [0.5, 0.6]) > max(fuse(0.05, []), fuse(None, [0.6]), fuse(None, [0.5, 0.6]))


@pytest.mark.parametrize(
    ("rank", "strengths"), [(-0.1, []), (1.1, []), (0.5, [1.2]), (0.5, [-0.1]), (float("nan"), [])]
)
def test_values_outside_their_range_are_refused(rank, strengths):
    """A rank or strength outside 0-1 is a fault of the caller, not a score."""
    with pytest.raises(ValueError, match="expected: 0 to 1"):
        fuse(rank, strengths)
