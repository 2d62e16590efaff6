"""What would have left an unusual payment unchosen; the sentences are tested in test_build_counterfactuals.py."""

from detectors.alerting.as_usual import changes_to_usual
from detectors.features import DIRECTIONS, Feature
from detectors.ranking.ensemble import Scored


class Counting:
    """A scorer that remembers which features it was asked with as usual; the rank rises with their number."""

    def __init__(self):
        self.asked = []

    def score_then_learn(self, features, learn=True):
        assert learn is False
        self.asked.append([one.name for one in features if one.deviation == 0.0])
        return Scored(0.0, 0.1 * len(self.asked[-1]), {}, (), warm=True)


def test_only_what_speaks_against_the_payment_is_changed(monkeypatch):
    """What is smaller than usual where only more counts is no reason, so it is not proposed to be as usual."""
    monkeypatch.setitem(DIRECTIONS, "smaller", "more")
    deviations = {"smaller": -9.0, "hour": 4.0, "weekday": 2.0}
    features = [Feature(name, 1.0, "", far, None, 5, None) for name, far in deviations.items()]
    scored = Scored(0.9, 0.01, {}, (("smaller", 0.5), ("hour", 0.3), ("weekday", 0.2)), warm=True)
    scorer = Counting()
    found = changes_to_usual(scorer, features, scored, lambda rank: rank < 0.15)
    assert scorer.asked == [["hour"], ["hour", "weekday"]]
    assert not found.would_alert
    assert "p = 0.2000: the time of day, the weekday / " in found.change
    assert changes_to_usual(scorer, features[:1], scored, lambda rank: True) is None
