"""A feature that is missing is neutral for the tails."""

import math
import random

from detectors.models.windowed_tails import WindowedTails


def test_a_missing_feature_is_neutral_for_the_tails():
    """On average a present ordinary feature adds about nothing, as a missing one does."""
    rng, model, scores = random.Random(3), WindowedTails(), []
    for index in range(4000):
        x = {"a": rng.gauss(0, 1)}
        if index > 1000:
            scores.append(model.score_one(x))
        model.learn_one(x)
    assert abs(math.fsum(scores) / len(scores)) < 0.1
    assert model.score_one({}) == 0.0
