"""What officers decided about a party before, by hand."""

import pytest

from detectors.learning.entity_risk import HALF_LIFE_US, faded_verdicts

A, B = b"a" * 16, b"b" * 16
NOW = 10 * HALF_LIFE_US


def test_a_verdict_counts_half_after_its_half_life() -> None:
    found = faded_verdicts([(A, "confirmed", NOW), (B, "confirmed", NOW - HALF_LIFE_US)], NOW)

    assert found == (pytest.approx(1.5), 0.0)


def test_officers_who_agree_on_an_alert_count_once() -> None:
    assert faded_verdicts([(A, "refuted", NOW), (A, "refuted", NOW)], NOW) == (0.0, 1.0)


def test_verdicts_that_decide_nothing_do_not_count() -> None:
    others = [(A, verdict, NOW) for verdict in ("withdrawn", "inconclusive", "duplicate")]
    assert faded_verdicts(others, NOW) == (0.0, 0.0)


def test_a_later_date_counts_for_no_more_than_now() -> None:
    assert faded_verdicts([(A, "confirmed", NOW + 5)], NOW) == (1.0, 0.0)
