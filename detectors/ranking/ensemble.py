"""Scores an event with every member, makes the members comparable, calibrates the result, then learns.

The members' scores become one strangeness (`FusedMembers`), the same members for all segments of a partition: features
are measured against the party's own past and its peers, so that payments of two segments compare, and a segment of a
few payments a week has members that have learned. How rare it is among all payments says the rank (`Calibration`). As
strangeness is always made with the same weights, ranks are calibrated whatever these are.
Learning is by bounded steps and windows only. What is not to be learned from, and when, is the caller's choice
(memory/quarantine.py): `score_then_learn(learn=False)` now, and `learn` afterwards.
"""

from collections.abc import Sequence

import msgspec

from detectors.contracts.configuration import DetectorSet
from detectors.features import Feature, against
from detectors.models import REGISTRY
from detectors.models.sliding_window import SlidingWindow
from detectors.ranking.calibration import Calibration, bin_of
from detectors.ranking.fused_members import FusedMembers, derived_seed
from detectors.values.float_sums import add_up

HEADER = "scoring"


class Scored(msgspec.Struct, frozen=True):
    """What the members say of one event, before any of them learned from it.

    `score` is 1 - p, 0-1, higher is more unusual; it is given from the first event on. `rank` is p, the share of
    payments that are at least as strange, lower is rarer; None until the partition has learned `warm_up`
    events. `among` is how many payments stand behind it: a rank below 1 / (`among` + 1) is finer than what was counted,
    and rests on a fitted tail. `place` is the bin of the strangeness, as partitions tell one another. `members` holds
    each member's own score, in its own units. `contributions` are shares by feature, largest first, which sum to 1;
    empty when nothing can be attributed (no feature known, or nothing learned yet).
    """

    score: float
    rank: float | None
    members: dict[str, float]
    contributions: tuple[tuple[str, float], ...]
    warm: bool
    among: int = 0
    place: int = 0


class Scorer:
    """Members and calibration of one partition. Deterministic: equal calls in equal order give equal state.

    Cost of `score_then_learn` with three members and ten features: about 80 us (trees 32, tails 18, three ranks of
    members 6, robust z 5, calibration 3, shares and the rest 16). Memory: about 2 MB a partition at a calibration
    window of 10 000.
    """

    def __init__(self, detector_set: DetectorSet) -> None:
        unknown = [name for name in detector_set.members if name not in REGISTRY]
        if unknown or not detector_set.members:
            raise ValueError(
                f"no such detectors; got: {', '.join(unknown) or 'none at all'}; "
                f"expected: some of {', '.join(REGISTRY)}"
            )
        self.detector_set = detector_set
        members = {
            name: REGISTRY[name].build(parameters, derived_seed(detector_set.seed, name))
            for name, parameters in detector_set.members.items()
        }
        weights = {name: detector_set.weight(name) for name in members}
        self.fused = FusedMembers(members, weights, detector_set.calibration_window)
        # strangeness is ranked as a mean over the members; only the weights' ratios matter
        self.whole_weight = add_up(weights.values()) or 1.0
        self.calibration = Calibration(detector_set.calibration_window)
        self.scored = 0
        # what the last features asked for count against their payment: most are learned right after they were scored
        self._counted: tuple[tuple[Feature, ...], dict[str, float]] = ((), {})

    @classmethod
    def new(cls, detector_set: DetectorSet) -> "Scorer":
        """A scorer that has learned nothing. Raises `ValueError` for unknown detectors or parameters, naming them."""
        return cls(detector_set)

    def score_then_learn(self, features: tuple[Feature, ...], learn: bool = True) -> Scored:
        """Score the event, then learn from it once, unless `learn` is False (then nothing changes).

        The members see what counts against the payment, 0 or more. Features without a deviation are missing to every
        member; NaN and infinite ones too.
        """
        known = count_features(features)
        self._counted = features, known
        warm = self.scored >= self.detector_set.warm_up
        judged = self.fused.judge_then_learn_one(known, learn)
        strangeness = judged.strangeness / self.whole_weight
        ranked = self.calibration.rank(strangeness)
        if learn:
            self.calibration.learn(strangeness)
            self.scored += 1
        total = add_up(judged.credits.values())
        ordered = sorted(judged.credits.items(), key=lambda item: (-item[1], item[0]))
        contributions = tuple([(name, share / total) for name, share in ordered if share > 0.0])
        rank = ranked.p if warm else None
        return Scored(1.0 - ranked.p, rank, judged.members, contributions, warm, ranked.among, bin_of(strangeness))

    def learn(self, features: tuple[Feature, ...], scored: Scored, *, members: bool = True) -> None:
        """Learn from an event that was scored with `learn=False`, once; no other one may be learned in between.

        Where `members` is false only the calibration counts it.
        """
        if members:
            asked, known = self._counted
            self.fused.learn_judged(known if asked is features else count_features(features), scored.members)
        self.calibration.count(scored.place)
        self.scored += 1

    def learned(self) -> dict[str, int]:
        """Events each member has learned, over saves and loads: once per event scored with `learn`."""
        return {name: member.n_learned for name, member in self.fused.members.items()}

    def to_state(self) -> list[tuple[str, bytes]]:
        """Named sections: a header, the members' windows, the calibration, and one section per member."""
        fused = self.fused
        header = (self.detector_set.calibration_window, list(fused.members), self.scored)
        windows = [window.to_bytes() for window in fused.ranks.values()]
        return [
            (HEADER, msgspec.msgpack.encode(header)),
            (f"{HEADER}/windows", msgspec.msgpack.encode(windows)),
            (f"{HEADER}/calibration", self.calibration.to_state()),
            *((f"{HEADER}/members/{name}", member.to_state()) for name, member in fused.members.items()),
        ]

    @classmethod
    def from_state(cls, detector_set: DetectorSet, sections: Sequence[tuple[str, bytes]]) -> "Scorer":
        """The scorer `to_state` described. Sections of other parts are ignored.

        Raises `ValueError` when a section is missing or the state belongs to other members or another window.
        """
        try:
            return cls._restored(detector_set, dict(sections))
        except msgspec.DecodeError as fault:
            raise ValueError(f"the scorer's state is damaged: {fault}") from fault

    @classmethod
    def _restored(cls, detector_set: DetectorSet, found: dict[str, bytes]) -> "Scorer":
        if HEADER not in found:
            raise ValueError(f"state section {HEADER} is missing; got: {', '.join(found) or 'none'}")
        window, members, scored = msgspec.msgpack.decode(found[HEADER], type=tuple[int, list[str], int])
        if window != detector_set.calibration_window or sorted(members) != sorted(detector_set.members):
            raise ValueError(
                f"the scorer's state is of another detector set; got: {members}, window {window}; "
                f"expected: {list(detector_set.members)}, {detector_set.calibration_window}"
            )
        needed = ("windows", "calibration", *(f"members/{name}" for name in members))
        missing = [key for key in needed if f"{HEADER}/{key}" not in found]
        if missing:
            raise ValueError(f"the scorer's state sections are missing: {', '.join(missing)}")
        # Members are added up in the order in which they began. Failure prevented: a configuration that names the same
        # members in another order goes on with what was learned, and then no snapshot of it could be loaded.
        order = {name: detector_set.members[name] for name in members}
        scorer = cls(msgspec.structs.replace(detector_set, members=order))
        windows = msgspec.msgpack.decode(found[f"{HEADER}/windows"], type=list[bytes])
        if len(windows) != len(members):
            raise ValueError(f"the scorer's state has {len(windows)} score windows; expected: {len(members)}")
        scorer.scored = scored
        scorer.calibration = Calibration.from_state(window, found[f"{HEADER}/calibration"])
        for name, kept in zip(members, windows, strict=True):
            scorer.fused.ranks[name] = SlidingWindow.from_bytes(window, kept)
            seed, parameters = derived_seed(detector_set.seed, name), detector_set.members[name]
            scorer.fused.members[name] = REGISTRY[name].from_state(parameters, seed, found[f"{HEADER}/members/{name}"])
        return scorer


def count_features(features: tuple[Feature, ...]) -> dict[str, float]:
    """How much each feature counts against the payment, where that is known."""
    known = {}
    for feature in features:
        counted = against(feature)
        if counted is not None:
            known[feature.name] = counted
    return known
