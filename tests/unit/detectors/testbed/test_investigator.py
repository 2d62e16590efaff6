"""The simulated investigator: wrong once in twenty, one to seven days late, and the same for the same seed."""

from detectors.testbed.investigator import answer, lot
from detectors.values.legal_calendar import DAY_US

ALERTS = [f"{number:032x}" for number in range(4000)]


def test_one_verdict_in_twenty_is_wrong_on_either_side() -> None:
    for true in (True, False):
        wrong = sum(answer(alert, true=true, seed=3).confirmed != true for alert in ALERTS)
        assert 140 < wrong < 260


def test_a_verdict_comes_after_one_to_seven_days() -> None:
    days = [answer(alert, true=True, seed=3).after_us / DAY_US for alert in ALERTS]
    assert 1.0 <= min(days) < 1.1
    assert 6.9 < max(days) <= 7.0
    assert 3.8 < sum(days) / len(days) < 4.2


def test_seed_and_alert_decide_it() -> None:
    assert answer(ALERTS[5], true=True, seed=3) == answer(ALERTS[5], true=True, seed=3)
    assert len({answer(ALERTS[5], true=True, seed=seed).after_us for seed in range(9)}) == 9
    assert lot("x", 1) == lot("x", 1) != lot("x", 2)
    assert all(0.0 <= lot(alert, 1) < 1.0 for alert in ALERTS)
