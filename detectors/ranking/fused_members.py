"""Fuses members into one strangeness: each one's score becomes a p-value among its own last scores, then all add up."""

from collections.abc import Mapping, Sequence
from math import log

import msgspec
from river.base import AnomalyDetector

from detectors.models import Member
from detectors.models.member import Deviations
from detectors.models.sliding_window import SlidingWindow


class Strangeness(msgspec.Struct, frozen=True):
    """What the members say of one event together, before any of them learned from it.

    `strangeness` is in nats, 0 or more, higher is more unusual. `members` holds each member's own score, in its own
    units. `credits` says how much of the strangeness is due to each feature; the values are 0 or more and only their
    ratios matter when nothing is strange.
    """

    strangeness: float
    members: dict[str, float]
    credits: dict[str, float]


def _credits(weighed: Sequence[tuple[float, dict[str, float]]], known: Deviations) -> dict[str, float]:
    """Each member's credits as shares, weighed by what its strangeness counts (equally when none is strange at all)."""
    total = sum([strangeness for strangeness, _ in weighed])
    shares = dict.fromkeys(known, 0.0)
    for strangeness, credited in weighed:
        weight = strangeness if total > 0.0 else 1.0
        whole = sum([credit for name, credit in credited.items() if name in shares])
        if weight > 0.0 and whole > 0.0:
            for name, credit in credited.items():
                # trees may credit a feature that is not known here: the walk past it; it is no reason
                if name in shares:
                    shares[name] += weight * credit / whole
    return shares


class FusedMembers(AnomalyDetector):
    """Several members as one River anomaly detector.

    Purpose: one score from detectors of different units. Formula: sum over members of weight x -ln p, where p is the
    conformal p-value of the member's score among its last `window` scores (Fisher's method; weights: Good 1955, "On the
    weighted combination of significance tests"). Unit: nats. Range: 0 to sum of weights x ln(window + 1); higher is
    more unusual. Only ratios of weights matter to an order. Cost: that of the members, 2 us for each one's rank, and 10
    us for the credits. Fails where most members are blind: their chance outvotes the one that sees.
    """

    def __init__(self, members: Mapping[str, Member], weights: Mapping[str, float], window: int = 10_000) -> None:
        """A member that `weights` does not name counts 1. One of weight 0 learns, and counts for nothing."""
        self.members = dict(members)
        self.weights = {name: weights.get(name, 1.0) for name in members}
        self.ranks = {name: SlidingWindow(window) for name in members}

    def judge_then_learn_one(self, x: Deviations, learn: bool = True) -> Strangeness:
        """Judge the event, then learn from it once, unless `learn` is False (then nothing changes)."""
        scores, weighed, strangeness = {}, [], 0.0
        for name, member in self.members.items():
            score, credited = member.score_then_learn_one(x, learn)
            ranks = self.ranks[name]
            strange = -log(ranks.p_value(score)) * self.weights[name]
            if learn:
                ranks.add(score)
            scores[name] = score
            strangeness += strange
            if self.weights[name]:
                weighed.append((strange, credited))
        return Strangeness(strangeness, scores, _credits(weighed, x))

    def score_one(self, x: Deviations) -> float:
        """The strangeness; changes nothing."""
        return self.judge_then_learn_one(x, learn=False).strangeness

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Credit of each feature for the strangeness; changes nothing."""
        return self.judge_then_learn_one(x, learn=False).credits

    def learn_one(self, x: Deviations) -> None:
        """Learn from one event. Members are scored too, as their scores of today are what later ones rank among."""
        self.judge_then_learn_one(x)
