"""The page of what verdicts teach: tables and one diagram, and an honest word where the ranker told nothing."""

from detectors.testbed.learning_curve import ORDERS
from detectors.testbed.statistics import reliability
from streams.testbed.learning_page import page, reading

TOLD = reliability([0.1] * 20 + [0.8] * 10, [False] * 18 + [True] * 2 + [True] * 8 + [False] * 2)
NOTHING = reliability([], [])
ORDER_ROWS = [["order", "before 200 verdicts"], ["desk", "1 of 2"]]


def test_the_page_has_every_bin_and_every_order():
    """Of the product's own order the bins, of all others their errors."""
    shown = page(dict.fromkeys(ORDERS, TOLD), "30 alerts raised", ORDER_ROWS)
    assert shown.count("<svg") == 1
    assert "<td>0.1 to 0.2</td><td>20</td><td>0.100</td><td>10 % (2.8 to 30)</td>" in shown
    assert "<td>0.8 to 0.9</td><td>10</td><td>0.800</td><td>80 % (49 to 94)</td>" in shown
    for order in ORDERS:
        assert f"<td>{order}</td>" in shown
    assert shown == page(dict.fromkeys(ORDERS, TOLD), "30 alerts raised", ORDER_ROWS)


def test_before_twenty_verdicts_nothing_is_told():
    """No figure is made up."""
    assert "does not speak before 20 verdicts" in reading(NOTHING)
    assert "NaN" not in page(dict.fromkeys(ORDERS, NOTHING), "0 alerts raised", ORDER_ROWS)


def test_the_reading_has_error_and_brier_score():
    """Against the truth."""
    assert "calibration error 0.000, Brier score 0.113" in reading(TOLD)
