"""The scorer's sums by hand: ranks, strangeness, shares and sections, with members that say what they are told."""

import hashlib
from math import inf, log, nan
from typing import Any

import msgspec
import pytest

from detectors.contracts.configuration import DetectorSet
from detectors.features import Feature
from detectors.models.sliding_window import SlidingWindow
from detectors.ranking import ensemble
from detectors.ranking.calibration import Calibration
from detectors.ranking.ensemble import Scorer
from detectors.ranking.fused_members import MOST_SURPRISE, derived_seed

NOTHING: dict[str, float] = {}


class Told:
    """A member whose score is the feature `score`; it keeps what it was asked."""

    def __init__(self, parameters: dict[str, float], seed: int, state: bytes = b"") -> None:
        self.parameters, self.seed, self.state = parameters, seed, state
        self.n_learned = 0
        self.asked: list[tuple[dict[str, float], bool]] = []

    @classmethod
    def build(cls, parameters: dict[str, float], seed: int) -> "Told":
        if "wrong" in parameters:
            raise ValueError("no parameter 'wrong'")
        return cls(parameters, seed)

    @classmethod
    def from_state(cls, parameters: dict[str, float], seed: int, state: bytes) -> "Told":
        return cls(parameters, seed, state)

    def score_then_learn_one(self, x: dict[str, float], learn: bool) -> tuple[float, dict[str, float]]:
        self.asked.append((dict(x), learn))
        self.n_learned += learn
        return self.told(x)

    def told(self, x: dict[str, float]) -> tuple[float, dict[str, float]]:
        return x.get("score", 0.0), {"a": 3.0, "b": 1.0}

    def strangeness(self, score: float) -> float | None:
        return None

    def to_state(self) -> bytes:
        return b"kept by " + type(self).__name__.encode()


class Other(Told):
    """Credits what is no feature here too, as trees do."""

    def told(self, x: dict[str, float]) -> tuple[float, dict[str, float]]:
        return x.get("other", 0.0), {"b": 2.0, "walked past": 8.0}


class Silent(Told):
    """Credits nothing."""

    def told(self, x: dict[str, float]) -> tuple[float, dict[str, float]]:
        return x.get("score", 0.0), {"a": 0.0}


class Even(Told):
    """Credits two features alike, faintly."""

    def told(self, x: dict[str, float]) -> tuple[float, dict[str, float]]:
        return x.get("score", 0.0), {"b": 0.125, "a": 0.125}


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(ensemble, "REGISTRY", {"told": Told, "other": Other, "silent": Silent, "even": Even})


def a_set(*members: str, **fields: Any) -> DetectorSet:
    given = {"warm_up": 2, "calibration_window": 3, "seed": 9} | fields
    return DetectorSet(members={name: {"depth": 1.0} for name in members}, **given)


def features(**values: float | None) -> tuple[Feature, ...]:
    return tuple(Feature(name, 1.0, "", value, None, 0, None) for name, value in values.items())


def test_ranks_are_those_of_the_calibration():
    """Strangeness by the members' last three scores, a rank from the third event on, among all that were learned."""
    scorer, by_hand, window = Scorer.new(a_set("told")), Calibration(3), SlidingWindow(3)
    for number, score in enumerate((1.0, 2.0, 0.5, 3.0, 1.5)):
        found = scorer.score_then_learn(features(score=score, a=1.0, b=1.0))
        strangeness = -log(window.p_value(score))
        expected = by_hand.rank(strangeness)
        window.add(score)
        by_hand.learn(strangeness)
        assert (found.score, found.rank, found.warm, found.among) == (
            1.0 - expected.p,
            expected.p if number >= 2 else None,
            number >= 2,
            expected.among,
        )
        assert found.members == {"told": score}


def test_a_member_that_stands_alone_and_says_how_strange_it_is_is_taken_at_its_word(monkeypatch):
    """Its scores are not ranked first; two that say so are, and at most 20.7 nats are believed."""
    monkeypatch.setattr(Told, "strangeness", lambda _self, score: score / 2)
    scorer, by_hand = Scorer.new(a_set("told")), Calibration(3)
    for score in (1.0, 2.0, 0.5, 50.0, 1.5):
        expected = by_hand.rank(min(score / 2, MOST_SURPRISE))
        assert scorer.score_then_learn(features(score=score, a=1.0)).score == 1.0 - expected.p
        by_hand.learn(min(score / 2, MOST_SURPRISE))
    monkeypatch.setattr(Told, "learn_one", lambda _self, _x: None, raising=False)
    held = scorer.score_then_learn(features(score=3.0, a=1.0), learn=False)
    scorer.learn(features(score=3.0, a=1.0), held)
    assert len(scorer.fused.ranks["told"]) == 0
    both = Scorer.new(a_set("told", "other"))
    both.score_then_learn(features(score=1.0, a=1.0))
    assert len(both.fused.ranks["told"]) == 1


def taught(*members: str, **fields: Any) -> Scorer:
    """After two events: the next one of scores above 0 is stranger than both, by ln 3 in each member."""
    scorer = Scorer.new(a_set(*members, **fields))
    for _ in range(2):
        scorer.score_then_learn(features(score=0.0, other=0.0, a=0.0, b=0.0))
    return scorer


def test_shares_are_the_members_credits_weighed_by_their_strangeness():
    """Both strange by ln 3: of the first's share three quarters go to a, the second's all to b; names break ties."""
    given = features(score=1.0, other=1.0, a=1.0, b=1.0)
    scored = taught("told", "other").score_then_learn(given)
    assert scored.contributions == (("b", pytest.approx(0.625)), ("a", pytest.approx(0.375)))
    weighed = taught("told", "other", weights={"told": 3.0}).score_then_learn(given)
    assert weighed.contributions == (("a", pytest.approx(0.75 * 0.75)), ("b", pytest.approx(0.25 + 0.75 * 0.25)))
    one = taught("told", "other").score_then_learn(features(score=1.0, other=0.0, a=1.0, b=1.0))
    assert one.contributions == (("a", 0.75), ("b", 0.25))  # the second is not strange at all


def test_where_nothing_is_strange_all_members_count_alike():
    """An event as usual as any still says what there is; a member of weight 0 says nothing."""
    given = features(score=0.0, other=0.0, a=1.0, b=1.0)
    assert taught("told", "other").score_then_learn(given).contributions == (("b", 0.625), ("a", 0.375))
    without = taught("told", "other", weights={"other": 0.0}).score_then_learn(given)
    assert without.contributions == (("a", 0.75), ("b", 0.25))
    assert without.members == {"told": 0.0, "other": 0.0}


def test_a_little_strangeness_weighs_as_much_as_there_is_of_it():
    """One member strange by ln 2, the other not at all: its credits alone are the shares."""
    scorer = Scorer.new(a_set("told", "other"))
    scorer.score_then_learn(features(score=0.0, other=0.0))
    scored = scorer.score_then_learn(features(score=1.0, other=0.0, a=1.0, b=1.0))
    assert scored.contributions == (("a", 0.75), ("b", 0.25))


def test_equal_shares_stand_in_the_order_of_names_and_nothing_is_no_share():
    """Of a feature that no member credits, or that only a member without credits knows."""
    assert taught("even").score_then_learn(features(b=1.0, a=1.0, score=1.0)).contributions == (
        ("a", 0.5),
        ("b", 0.5),
    )
    scorer = taught("other", "silent")
    scored = scorer.score_then_learn(features(zeta=1.0, score=1.0, other=1.0, b=1.0))
    assert scored.contributions == (("b", 1.0),)
    assert taught("silent").score_then_learn(features(score=1.0, a=1.0)).contributions == ()
    assert taught("other").score_then_learn(features(other=1.0, a=1.0)).contributions == ()


def test_strangeness_is_the_weighted_mean():
    """(3 ln 3 + 0) / 4 and the like: ranks know nothing of how many members there are."""
    for weights, expected in ((NOTHING, log(3) / 2), ({"told": 3.0}, 3 * log(3) / 4), ({"other": 0.0}, log(3))):
        scorer, by_hand = taught("told", "other", weights=weights), Calibration(3)
        for strangeness in (0.0, 0.0):
            by_hand.learn(strangeness)
        found = scorer.score_then_learn(features(score=1.0, other=0.0))
        assert found.rank == by_hand.rank(expected).p


@pytest.mark.parametrize("missing", [None, nan, inf, -inf])
def test_members_see_finite_deviations_alone(missing):
    """What is not known is absent, the largest finite numbers are there."""
    scorer = Scorer.new(a_set("told"))
    scorer.score_then_learn(features(hour=missing, a=1e308, b=-1e308), learn=False)
    (member,) = scorer.fused.members.values()
    assert member.asked == [({"a": 1e308, "b": 1e308}, False)]  # unregistered names count both ways


def test_without_learning_nothing_is_counted_or_kept():
    """Neither an event of the warm-up nor a value in any window; the answer is that of an event that is learned."""
    scorer = taught("told")
    before = scorer.to_state()
    asked = scorer.score_then_learn(features(score=1.0, a=1.0), learn=False)
    assert scorer.to_state() == before
    assert scorer.learned() == {"told": 2}
    assert scorer.score_then_learn(features(score=1.0, a=1.0)) == asked
    assert scorer.learned() == {"told": 3}
    assert scorer.scored == 3


def test_each_member_has_a_seed_of_its_own():
    """From the set's seed and the member, in that order, with the member's parameters; segments share it."""
    scorer = taught("told", "other")
    scorer.score_then_learn(())
    made = {name: (member.seed, member.parameters) for name, member in scorer.fused.members.items()}
    assert made == {name: (derived_seed(9, name), {"depth": 1.0}) for name in ("told", "other")}
    assert scorer.learned() == {"told": 3, "other": 3}


def test_a_save_holds_a_header_and_the_sections_of_each_member():
    """By name, in order: what an earlier release wrote is read by these names."""
    scorer = taught("told", "other")
    sections = scorer.to_state()
    assert [name for name, _ in sections] == [
        "scoring",
        "scoring/windows",
        "scoring/calibration",
        "scoring/members/told",
        "scoring/members/other",
    ]
    found = dict(sections)
    assert msgspec.msgpack.decode(found["scoring"]) == [3, ["told", "other"], 2]
    assert len(msgspec.msgpack.decode(found["scoring/windows"])) == 2
    assert found["scoring/members/other"] == b"kept by Other"
    assert found["scoring/calibration"] == scorer.calibration.to_state()


def test_a_loaded_scorer_hands_each_member_its_own_state():
    """With its parameters and seed; windows, counts and counter are those that were saved, each in its place."""
    scorer = taught("told", "other")
    scorer.score_then_learn(features(score=5.0, other=-5.0, a=1.0))
    loaded = Scorer.from_state(a_set("told", "other"), [("foreign", b"?"), *scorer.to_state()])
    assert loaded.to_state() == scorer.to_state()
    assert loaded.scored == 3
    assert {name: (one.seed, one.parameters, one.state) for name, one in loaded.fused.members.items()} == {
        "told": (derived_seed(9, "told"), {"depth": 1.0}, b"kept by Told"),
        "other": (derived_seed(9, "other"), {"depth": 1.0}, b"kept by Other"),
    }
    for name in ("told", "other"):
        assert list(loaded.fused.ranks[name].order) == list(scorer.fused.ranks[name].order)
        assert loaded.fused.ranks[name].size == 3
    assert loaded.calibration.size == 3
    assert loaded.calibration.rank(0.5) == scorer.calibration.rank(0.5)


def test_a_configuration_in_another_order_goes_on_with_what_was_learned():
    """Members keep the order in which they began: equal bytes, each its own state, and the same next score."""
    saved = list(taught("told", "other").to_state())
    same, turned = (Scorer.from_state(a_set(*names), saved) for names in (("told", "other"), ("other", "told")))
    assert turned.to_state() == same.to_state() == saved
    following = features(score=5.0, other=-5.0, a=1.0)
    assert turned.score_then_learn(following) == same.score_then_learn(following)
    assert turned.to_state() == same.to_state() != saved


def test_a_save_of_another_set_is_refused_with_both():
    """Other members, or another window; and one that lacks a part or has one too few."""
    sections = dict(taught("told", "other").to_state())
    said = r"is of another detector set; got: \['told', 'other'\], window 3; expected"
    for changed in (a_set("told"), a_set("told", "new"), a_set("told", "other", calibration_window=4)):
        with pytest.raises(ValueError, match=said):
            Scorer.from_state(changed, list(sections.items()))
    for name in ("windows", "calibration", "members/told", "members/other"):
        without = {key: value for key, value in sections.items() if key != f"scoring/{name}"}
        with pytest.raises(ValueError, match=f"the scorer's state sections are missing: {name}$"):
            Scorer.from_state(a_set("told", "other"), list(without.items()))
    fewer = sections | {"scoring/windows": msgspec.msgpack.encode([b""])}
    with pytest.raises(ValueError, match="has 1 score windows; expected: 2"):
        Scorer.from_state(a_set("told", "other"), list(fewer.items()))
    with pytest.raises(ValueError, match="scoring is missing; got: none"):
        Scorer.from_state(a_set("told"), [])
    with pytest.raises(ValueError, match="scoring is missing; got: x, y"):
        Scorer.from_state(a_set("told"), [("x", b""), ("y", b"")])
    with pytest.raises(ValueError, match="the scorer's state is damaged"):
        Scorer.from_state(a_set("told"), [("scoring", b"\xc1")])


def test_a_set_that_cannot_be_built_is_refused_by_name():
    """Each unknown name, with those there are; no member at all; a parameter that a member does not have."""
    with pytest.raises(ValueError, match=r"no such detectors; got: x, y; expected: some of told, other, silent, even$"):
        Scorer.new(a_set("told", "x", "y"))
    with pytest.raises(ValueError, match="got: none at all"):
        Scorer.new(a_set())
    with pytest.raises(ValueError, match="'wrong'"):
        Scorer.new(DetectorSet(members={"told": {"wrong": 1.0}}))


def test_a_derived_seed_is_a_hash_of_its_parts():
    """63 bits of a BLAKE2b hash, little-endian, so that it fits where a sign is kept."""
    digest = hashlib.blake2b(b"7|person.out|told", digest_size=8).digest()
    assert derived_seed(7, "person.out", "told") == int.from_bytes(digest, "little") // 2
