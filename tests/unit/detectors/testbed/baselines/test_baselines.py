"""Every baseline is deterministic and knows nothing of tomorrow."""

import numpy as np
import pytest

from detectors.testbed.baselines import REGISTRY, partition_columns
from tests.support.synthetic_result import ground, payment


@pytest.mark.parametrize("name", list(REGISTRY))
def test_baselines_are_deterministic_and_know_nothing_of_tomorrow(name):
    """Scores of the first rows are the same whether or not anything follows; two runs are equal."""
    rows = [payment(f"e{n}", f"p{n % 7}", n / 40, usd=float(100 + n * 37 % 9000)) for n in range(400)]
    whole, part = (
        partition_columns(ground(some).sheet, np.zeros(len(some), np.int64))[0] for some in (rows, rows[:300])
    )
    scores = REGISTRY[name].score(whole, 3)
    assert (REGISTRY[name].score(whole, 3) == scores).all()
    assert (REGISTRY[name].score(part, 3) == scores[:300]).all()
