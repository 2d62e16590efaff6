"""Look-alikes on streams of a few payments whose answer is worked out by hand."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.lookalikes import lookalikes
from tests.support.synthetic_result import case, ground, lookalike, mask, payment

DRAWS = Draws(300, 1)


def test_look_alike_rate():
    """Of rent (one alert), tuition (none) and a firm with all its payments (alerted) two of three are alerted on."""
    rows = [
        payment("r0", "r", 0),
        payment("r1", "r", 1),
        payment("t0", "t", 0),
        payment("f0", "f", 5),
        payment("o0", "r", 9),
    ]
    told = ground(
        rows,
        (),
        [
            lookalike("rent", "r", ["r0", "r1"]),
            lookalike("tuition", "t", ["t0"]),
            lookalike("firm", "f"),
            lookalike("rent", "gone", ["nowhere"]),
        ],
    )
    figures = lookalikes(told, mask(5, 1, 3, 4), DRAWS)
    assert (figures.rate.value, figures.rate.n) == (2 / 3, 3)
    assert figures.by_name["tuition"].value == 0.0
    assert figures.alerts_share == pytest.approx(2 / 3)


def test_a_cases_payment_is_none_of_a_look_alike():
    """Of a party that is look-alike and case at once, an alert on the case's payment is right."""
    rows = [payment("c", "a", 0), payment("x", "a", 1)]
    told = ground(rows, [case("T01-0001", "a", ["c"], (0, 0))], [lookalike("rent", "a")])
    assert lookalikes(told, mask(2, 0), DRAWS).rate.value == 0.0
    assert lookalikes(told, mask(2, 1), DRAWS).rate.value == 1.0
