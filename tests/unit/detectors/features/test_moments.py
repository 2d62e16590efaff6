"""Location and spread by hand: bounded steps, fading weights, and a deviation while observations are few."""

import pytest

from detectors.features import moments


def learned(own: list[float], value: float, fade: float = 1.0, weight: float = 1.0, floor: float = 0.1) -> list[float]:
    moments.learn(own, value, fade, weight, 1.0, floor)
    return own


def test_the_first_value_is_the_location():
    """With the prior spread, or the floor where that is wider; a late one has the weight it would have faded to."""
    assert learned([0.0] * 4, 5.0) == [1.0, 1.0, 5.0, 1.0]
    assert learned([0.0] * 4, 5.0, weight=0.25, floor=2.0) == [1.0, 0.25, 5.0, 2.0]


@pytest.mark.parametrize(
    ("value", "error"),
    [(10.5, 0.5), (9.0, -1.0), (11.5, 1.5), (12.0, 1.5), (1e9, 1.5), (8.5, -1.5), (8.0, -1.5), (-1e9, -1.5)],
)
def test_a_step_is_clipped_at_three_spreads(value, error):
    """Location 10, spread 0.5, weight 4 of which half is kept: steps of 1/3, and of 1/5 for the spread."""
    own = learned([7.0, 4.0, 10.0, 0.5], value, fade=0.5)
    assert own == pytest.approx([8.0, 3.0, 10 + error / 3, 0.5 + (1.25 * abs(error) - 0.5) / 5])


def test_a_late_value_takes_a_smaller_step():
    """Its weight over all weight."""
    own = learned([7.0, 4.0, 10.0, 0.5], 11.0, weight=0.5)
    assert own == pytest.approx([8.0, 4.5, 10 + 0.5 / 4.5, 0.5 + (1.25 - 0.5) * 0.5 / 6.5])
    own = learned([1.0, 0.25, 10.0, 0.5], 11.0, weight=0.25)  # also where there is less than one in all
    assert own == pytest.approx([2.0, 0.5, 10.5, 0.5 + (1.25 - 0.5) * 0.25 / 2.5])


def test_very_many_observations_still_follow():
    """A step of two thousandths at least, in proportion to a late value's weight."""
    own = learned([1e6, 1e6, 10.0, 1.0], 11.0)
    assert own == pytest.approx([1e6 + 1, 1e6 + 1, 10.002, 1 + 0.002 * 0.25])
    own = learned([1e6, 1e6, 10.0, 1.0], 11.0, weight=0.5)
    assert own == pytest.approx([1e6 + 1, 1e6 + 0.5, 10.001, 1 + 0.001 * 0.25])
    own = learned([400.0, 399.0, 10.0, 1.0], 11.0)  # 1/400 is larger than that, 1/402 too
    assert own == pytest.approx([401.0, 400.0, 10.0025, 1 + 0.25 / 402])


def test_a_past_that_has_faded_to_nothing_starts_again():
    """The location is the value, as far as the step is clipped; nothing is divided by 0."""
    own = learned([7.0, 4.0, 10.0, 0.5], 11.0, fade=0.0, weight=0.0)
    assert own == pytest.approx([8.0, 0.0, 11.0, 0.5])


def test_the_spread_never_falls_under_its_floor():
    """Equal values for ever."""
    assert learned([7.0, 4.0, 10.0, 0.1], 10.0)[3] == 0.1
    assert learned([7.0, 4.0, 10.0, 0.2], 10.0)[3] == pytest.approx(0.2 - 0.2 / 7)


def test_a_deviation_is_widened_while_observations_are_few():
    """By sqrt(1 + 1 / weight), where a weight under a thousandth counts as that."""
    assert moments.deviation([5.0, 4.0, 10.0, 0.5], 12.0) == pytest.approx(4.0 / 1.25**0.5)
    assert moments.deviation([5.0, 4.0, 10.0, 0.5], 9.0) == pytest.approx(-2.0 / 1.25**0.5)
    assert moments.deviation([5.0, 0.0, 10.0, 0.5], 12.0) == pytest.approx(4.0 / 1001**0.5)
