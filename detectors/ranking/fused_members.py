"""Fuses members into one strangeness: each one's score becomes a p-value among its own last scores, then all add up."""

import hashlib
from collections.abc import Mapping, Sequence
from math import inf

import msgspec

from detectors.models import REGISTRY, Member
from detectors.models.fitted_tail import surprise
from detectors.models.member import Deviations, check_parameters
from detectors.models.sliding_window import SlidingWindow
from detectors.values.float_sums import add_up

PARAMETERS = {"window": (10_000.0, 10.0, 1_000_000.0)}
# The members of `build`, which judges columns of any kind: each adds something to the others on the labelled streams
# (docs/DETECTION.md, "Which members add something").
CHOSEN = ("windowed_tails", "sampled_neighbours")
# Scores of one value have no scale at all.
LEAST_SCALE = 1e-9
# Nats, p = 1e-9. A window of 10 000 can bear witness to 1e-4, and a fitted tail is believed for a few more powers.
MOST_SURPRISE = 20.7


def derived_seed(seed: int, *parts: str) -> int:
    """A seed of its own for each part, the same in every process (Python's `hash` is salted)."""
    text = "|".join((str(seed), *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def finite(x: Deviations) -> Deviations:
    """The values that are numbers: NaN and infinite ones are missing to every member."""
    if all(-inf < value < inf for value in x.values()):
        return x
    return {name: value for name, value in x.items() if -inf < value < inf}


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
    total = add_up([strangeness for strangeness, _ in weighed])
    shares = dict.fromkeys(known, 0.0)
    for strangeness, credited in weighed:
        weight = strangeness if total > 0.0 else 1.0
        whole = add_up([credit for name, credit in credited.items() if name in shares])
        if weight > 0.0 and whole > 0.0:
            for name, credit in credited.items():
                # trees may credit a feature that is not known here: the walk past it; it is no reason
                if name in shares:
                    shares[name] += weight * credit / whole
    return shares


class FusedMembers(Member):
    """Several members as one River anomaly detector, on any numeric dict.

    A member that stands alone and says itself how strange a score is (`Member.strangeness`) is taken at its word, at
    most 20.7 nats. Failure prevented: its scores were ranked among a partition's last ones, and these ranks by the
    calibration again. The first ranks are of few payments, so the order of the strangest was chance in part.

    Purpose: one score from detectors of different units. Formula: sum over members of weight x -ln p, where p says
    how rare the member's score is among its last `window` scores (fitted_tail.py; Fisher's method; weights: Good
    1955, "On the weighted combination of significance tests"). Unit: nats. Range: 0 to sum of weights x 20.7; higher is
    more unusual. Only ratios of weights matter to an order. NaN and infinite values count as missing. Credits: each
    member's strangeness is shared out as its own credits are. They add up to the score, unless a member is strange by
    what is missing alone. Cost: that of the members, 2 us for each one's rank, and 10 us for the credits. Fails where
    most members are blind: their chance outvotes the one that sees.

    >>> import random
    >>> rng, model = random.Random(3), FusedMembers.build({}, seed=1)
    >>> for _ in range(600):
    ...     model.learn_one({"width": rng.gauss(3, 1), "height": rng.gauss(5, 2)})
    >>> model.score_one({"width": 9.0, "height": 5.0}) > 10 > 3 > model.score_one({"width": 3.0, "height": 5.0})
    True
    """

    def __init__(
        self,
        members: Mapping[str, Member] | None = None,
        weights: Mapping[str, float] | None = None,
        window: int = 10_000,
    ) -> None:
        """`members` None are those of `build`. One that `weights` does not name counts 1; one of 0 learns only."""
        self.members = _built(1) if members is None else dict(members)
        self.weights = {name: (weights or {}).get(name, 1.0) for name in self.members}
        self.window = window
        self.ranks = {name: SlidingWindow(window) for name in self.members}
        self.alone = len(self.members) == 1
        self.n_learned = 0

    def judge_then_learn_one(self, x: Deviations, learn: bool = True) -> Strangeness:
        """Judge an event of finite numbers, then learn from it once, unless `learn` is False (nothing changes then)."""
        scores, weighed, strangeness = {}, [], 0.0
        for name, member in self.members.items():
            score, credited = member.score_then_learn_one(x, learn)
            told = member.strangeness(score) if self.alone else None
            if told is None:
                ranks = self.ranks[name]
                strange = surprise(ranks, score, LEAST_SCALE, MOST_SURPRISE) * self.weights[name]
                if learn:
                    ranks.add(score)
            else:
                strange = min(MOST_SURPRISE, told) * self.weights[name]
            scores[name] = score
            strangeness += strange
            if self.weights[name]:
                weighed.append((strange, credited))
        self.n_learned += learn
        return Strangeness(strangeness, scores, _credits(weighed, x))

    def learn_judged(self, x: Deviations, scores: Mapping[str, float]) -> None:
        """Learn from an event of finite numbers that was judged, and has these scores; as `judge_then_learn_one`."""
        for name, member in self.members.items():
            member.learn_one(x)
            if not self.alone or member.strangeness(scores[name]) is None:
                self.ranks[name].add(scores[name])
        self.n_learned += 1

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """The strangeness and its credits from before learning, then learn once unless told not to."""
        judged = self.judge_then_learn_one(finite(x), learn)
        return judged.strangeness, judged.credits if judged.strangeness > 0.0 else dict.fromkeys(judged.credits, 0.0)

    def score_one(self, x: Deviations) -> float:
        """The strangeness; changes nothing."""
        return self.score_then_learn_one(x, learn=False)[0]

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Credit of each feature for the strangeness; changes nothing."""
        return self.score_then_learn_one(x, learn=False)[1]

    def learn_one(self, x: Deviations) -> None:
        """Learn from one event. Members are scored too, as their scores of today are what later ones rank among."""
        self.score_then_learn_one(x)

    def to_state(self) -> bytes:
        """Counter, each member's state and its last scores."""
        parts = {name: (one.to_state(), self.ranks[name].to_bytes()) for name, one in self.members.items()}
        return msgspec.msgpack.encode((self.n_learned, self.window, parts))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "FusedMembers":
        """The members that judge columns of any kind best together, each with a seed of its own."""
        return cls(_built(seed), window=int(check_parameters("fused_members", parameters, PARAMETERS)["window"]))

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "FusedMembers":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        kinds = tuple[int, int, dict[str, tuple[bytes, bytes]]]
        model.n_learned, window, parts = msgspec.msgpack.decode(state, type=kinds)
        if window != model.window or tuple(parts) != CHOSEN:
            raise ValueError(
                f"fused_members state is of other parameters; got: {list(parts)}, window {window}; "
                f"expected: {list(CHOSEN)}, window {model.window}"
            )
        for name, (kept, scores) in parts.items():
            model.members[name] = REGISTRY[name].from_state({}, derived_seed(seed, name), kept)
            model.ranks[name] = SlidingWindow.from_bytes(window, scores)
        return model


def _built(seed: int) -> dict[str, Member]:
    return {name: REGISTRY[name].build({}, derived_seed(seed, name)) for name in CHOSEN}
