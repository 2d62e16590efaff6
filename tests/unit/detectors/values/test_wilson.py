"""Wilson's interval against published figures, and at its ends."""

import pytest

from detectors.values.wilson import wilson_ends


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_intervals(successes: int, trials: int, low: float, high: float) -> None:
    """To four digits."""
    assert wilson_ends(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_ends() -> None:
    """None of some, and all of them, have ends of exactly 0 and 1; of no trials nothing can be told."""
    assert wilson_ends(0, 5)[0] == 0.0
    assert wilson_ends(5, 5)[1] == 1.0
    assert wilson_ends(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5)])
def test_counts_that_do_not_fit_are_refused(successes: int, trials: int) -> None:
    """With what was got."""
    with pytest.raises(ValueError, match=f"more successes than trials; got: {successes} of {trials}"):
        wilson_ends(successes, trials)
