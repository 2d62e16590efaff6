"""What is known of an event and its place in time, by hand."""

from math import inf, nan

import pytest

from tests.support.feature_moment import DAY, LARGEST, PEERS, moment


def test_what_is_known_of_an_event_and_its_place_in_time():
    """After a half-life of 90 days older observations keep half; the gap is in seconds, the age from the first."""
    one = moment(ago=90.0, first_ago=100.0)
    assert (one.key, one.amount, one.week, one.line, one.rate) == (PEERS, 1000.0, 2000.0, 0.2, 30.0)
    assert (one.gap_s, one.fade, one.weight, one.age_s) == (90 * DAY, 0.5, 1.0, 100 * DAY)
    assert (one.seen, one.counterparty, one.known) == (10, 7, {})


def test_a_late_event_fades_nothing_and_weighs_less():
    """90 days behind the newest: half; one at the same time is not late, and before the first the age is 0."""
    late = moment(ago=-90.0)
    assert (late.gap_s, late.fade, late.weight) == (None, 1.0, 0.5)
    assert moment(ago=-45.0).weight == pytest.approx(0.5**0.5)
    same = moment(ago=0.0)
    assert (same.gap_s, same.fade, same.weight) == (0.0, 1.0, 1.0)
    assert moment(ago=-2.0, first_ago=-1.0).age_s == 0.0


def test_the_first_event_has_no_past():
    """Whatever times an empty past has."""
    first = moment(seen=0, ago=5.0)
    assert (first.gap_s, first.fade, first.weight, first.age_s) == (None, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("given", "positive", "bounded"),
    [
        (None, None, None),
        (nan, None, None),
        (inf, None, None),
        (-inf, None, None),
        (0.0, None, 0.0),
        (-5.0, None, -5.0),
        (1e-9, 1e-9, 1e-9),
        (1e300, LARGEST, LARGEST),
        (-1e300, None, -LARGEST),
    ],
)
def test_amounts_are_positive_and_rates_either_side_within_bounds(given, positive, bounded):
    """What is no such number is not known; what is beyond 1e30 counts as that."""
    one = moment(amount_usd=given, sum_7d_usd=given, doc_line_ratio=given, deal_deviation_bp=given)
    assert (one.amount, one.week, one.line) == (positive, positive, positive)
    assert one.rate == bounded
