"""A window counts as a plain list does, and its ranks are uniform on a stable stream."""

import random

import pytest

from detectors.models.sliding_window import SlidingWindow


def test_the_window_counts_as_a_plain_list_does():
    """Counts and p-values equal brute force over the last values, ties included, while old values leave."""
    rng, window, kept = random.Random(4), SlidingWindow(50), []
    for _ in range(400):
        value = float(rng.randrange(12))
        assert window.at_least(value) == sum(v >= value for v in kept)
        assert window.at_most(value) == sum(v <= value for v in kept)
        assert window.p_value(value) == (1 + sum(v >= value for v in kept)) / (1 + len(kept))
        window.add(value)
        kept = [*kept, value][-50:]


def test_a_window_refuses_more_than_it_holds():
    """State longer than the window, or torn within a number, is refused."""
    window = SlidingWindow(4)
    for value in range(4):
        window.add(float(value))
    with pytest.raises(ValueError, match="does not fit"):
        SlidingWindow.from_bytes(3, window.to_bytes())
    with pytest.raises(ValueError, match="does not fit"):
        SlidingWindow.from_bytes(4, window.to_bytes()[:-1])


def test_p_values_are_uniform_on_a_stable_stream():
    """Conformal ranks of an unchanging stream are valid: 1 % of them are at most .01, 10 % at most .10."""
    rng, window, ranks = random.Random(1), SlidingWindow(2000), []
    for index in range(12_000):
        value = rng.gauss(0, 1)
        if index >= 2000:
            ranks.append(window.p_value(value))
        window.add(value)
    assert sum(p <= 0.01 for p in ranks) / len(ranks) == pytest.approx(0.01, abs=0.004)
    assert sum(p <= 0.10 for p in ranks) / len(ranks) == pytest.approx(0.10, abs=0.015)
