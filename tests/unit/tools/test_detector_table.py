"""The figures of the detectors' table, by hand, and the invented streams that it uses."""

import numpy as np
import pytest

from tests.bench import invented_streams
from tests.bench.detector_table import judged, log_p

ODD = np.array([True, False, True, False])


def test_area_and_precision_of_a_perfect_a_wrong_and_an_even_order():
    """Both odd ones first; both last; all tied."""
    assert judged([4.0, 1.0, 3.0, 2.0], ODD, 0.0)[:2] == (1.0, 1.0)
    assert judged([1.0, 4.0, 2.0, 3.0], ODD, 0.0)[:2] == (0.0, pytest.approx((1 / 3 + 2 / 4) / 2))
    assert judged([1.0, 1.0, 1.0, 1.0], ODD, 0.0)[:2] == (0.5, 0.5)


def test_a_tie_between_odd_and_usual_counts_half():
    """One odd one first, then a tie of one each, then a usual one: 3.5 of 4 pairs; 1/2 x 1 + 1/2 x 2/3."""
    found = judged([4.0, 3.0, 3.0, 2.0], ODD, 7.0)
    assert found == (pytest.approx(3.5 / 4), pytest.approx(0.5 + 0.5 * 2 / 3), 7.0)


def test_log_p_ranks_among_the_scores_before():
    """Nothing to compare with: 0. Above both earlier ones: ln 3. A tie counts against rarity."""
    assert log_p([1.0, 2.0, 3.0, 2.0]) == pytest.approx([0.0, np.log(2), np.log(3), np.log(4 / 3)])


@pytest.mark.parametrize("name", invented_streams.STREAMS)
def test_invented_streams_are_seeded_and_hold_a_few_odd_rows(name):
    """The same rows each time; 1 to 3 % odd; a missing value is absent from the event."""
    one, two = invented_streams.STREAMS[name](), invented_streams.STREAMS[name]()
    assert np.array_equal(one.rows, two.rows, equal_nan=True)
    assert np.array_equal(one.odd, two.odd)
    assert 0.01 <= one.odd.mean() <= 0.03
    event = next(one.events())
    assert len(event) == np.count_nonzero(~np.isnan(one.rows[0]))
