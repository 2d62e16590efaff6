"""Weekday against the party's own weekdays, with its peers' as a prior.

Value: 0 = Monday .. 6 = Sunday, legal time zone. Baselines: the most usual weekday. Deviation >= 0: nats by which this
weekday is rarer than the most usual one. Public holidays are not known here.
"""

from detectors.features import habits
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "weekday"
DAYS = 7


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value and baselines are weekdays, 0 = Monday."""
    peers = moment.shared.peek(f"weekday|{moment.key}|{moment.view.channel}")
    far = habits.surprise(own, peers, moment.view.local_weekday)
    peer = None if peers is None else habits.usual(peers)
    return Feature(NAME, moment.view.local_weekday, "weekday", far, habits.usual(own), moment.seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Count the weekday, own (decayed in time) and peers' (by count)."""
    day = moment.view.local_weekday
    habits.count(own, day, moment.fade, moment.weight)
    peers = moment.shared.touch(f"weekday|{moment.key}|{moment.view.channel}", DAYS)
    habits.count(peers, day, habits.PEER_FADE, 1.0)


FEATURE = Definition(NAME, DAYS, measure, learn, "weekday against own weekdays", side="time")
