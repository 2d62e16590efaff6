"""Detectors' terms by hand: bounded steps, tails, windows and parameters; saves of exactly these forms."""

import random
from array import array
from math import exp, inf, log, log2, nan

import msgspec
import pytest

from detectors.features import NAMES
from detectors.models.bounded_scaler import BoundedScaler, squash
from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.member import Deviations, Member, checked
from detectors.models.robust_z import RobustZ
from detectors.models.sliding_window import SlidingWindow
from detectors.models.windowed_tails import WindowedTails

# -- the scaler ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error"), [(10.5, 0.5), (9.5, -0.5), (13.0, 3.0), (14.0, 3.0), (1e9, 3.0), (7.0, -3.0), (-1e9, -3.0)]
)
def test_a_step_is_clipped_at_three_spreads(value, error):
    """The fourth value of a feature: steps of a quarter, from location 10 and spread 1."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [3.0, 10.0, 1.0]
    scaler.learn_one({"a": value})
    assert scaler.scales["a"] == pytest.approx([4.0, 10 + error / 4, max(0.5, 1 + (1.25 * abs(error) - 1) / 4)])


def test_the_clip_is_three_spreads_whatever_the_spread():
    """Three times 2 and three times a half."""
    scaler = BoundedScaler()
    scaler.scales.update({"wide": [3.0, 10.0, 2.0], "narrow": [3.0, 10.0, 0.5]})
    scaler.learn_one({"wide": 1e9, "narrow": -1e9})
    assert scaler.scales["wide"] == pytest.approx([4.0, 10 + 6 / 4, 2 + (7.5 - 2) / 4])
    assert scaler.scales["narrow"] == pytest.approx([4.0, 10 - 1.5 / 4, 0.5 + (1.875 - 0.5) / 4])


def test_a_feature_begins_at_0_with_a_spread_of_1():
    """The first step is a whole one, clipped at 3; every present feature moves, and no other."""
    scaler = BoundedScaler()
    scaler.learn_one({"a": 2.0, "b": -9.0})
    assert scaler.scales == {"a": [1.0, 2.0, 2.5], "b": [1.0, -3.0, 3.75]}
    scaler.learn_one({"b": -3.0})
    assert scaler.scales == {"a": [1.0, 2.0, 2.5], "b": [2.0, -3.0, 1.875]}


def test_the_scaler_follows_for_ever_and_its_spread_has_a_floor():
    """Steps of two thousandths at least; the floor is half a unit by default."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [1e6, 10.0, 1.0]
    scaler.learn_one({"a": 11.0})
    assert scaler.scales["a"] == pytest.approx([1e6 + 1, 10.002, 1 + 0.002 * 0.25])
    scaler.scales["a"] = [400.0, 10.0, 1.0]
    scaler.learn_one({"a": 11.0})
    assert scaler.scales["a"] == pytest.approx([401.0, 10 + 1 / 401, 1 + 0.25 / 401])
    for given, floor in ((BoundedScaler(), 0.5), (BoundedScaler(0.25), 0.25)):
        for _ in range(50):
            given.learn_one({"a": 0.0})
        assert given.scales["a"] == [50.0, 0.0, floor]


@pytest.mark.parametrize(
    ("value", "z"), [(12.0, 4.0), (8.0, -4.0), (14.0, 8.0), (14.5, 8.0), (1e300, 8.0), (6.0, -8.0), (-1e300, -8.0)]
)
def test_z_counts_spreads_and_ends_at_eight(value, z):
    """Location 10, spread 0.5; one that was never seen stands for itself within the same limits."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [3.0, 10.0, 0.5]
    assert scaler.transform_one({"a": value, "new": z, "far": 2 * z}) == {
        "a": z,
        "new": z,
        "far": max(-8.0, min(8.0, 2 * z)),
    }


def test_the_squash_is_a_logistic_of_a_quarter_of_z():
    """Logistic of 2 z / 8."""
    assert squash(0.0) == 0.5
    assert squash(8.0) == pytest.approx(1 / (1 + exp(-2)))
    assert squash(-4.0) == pytest.approx(1 / (1 + exp(1)))


# -- robust z ------------------------------------------------------------------------------------------------------


def robust() -> RobustZ:
    model = RobustZ()
    model.scaler.scales = {"a": [3.0, 10.0, 0.5], "b": [3.0, 0.0, 1.0]}
    return model


def test_the_sum_of_robust_z_less_what_is_usual():
    """4 and 1 spreads, less 0.8 each; credits are the spreads, never below 0; learning comes after."""
    x = {"a": 8.0, "b": 1.0}
    model = robust()
    assert model.score_one(x) == pytest.approx(3.4)
    assert model.explain_one(x) == {"a": 4.0, "b": 1.0}
    assert model.score_one({}) == 0
    before = model.to_state()
    assert model.score_then_learn_one(x, learn=False) == (pytest.approx(3.4), {"a": 4.0, "b": 1.0})
    assert (model.to_state(), model.n_learned) == (before, 0)
    assert model.score_then_learn_one(x) == (pytest.approx(3.4), {"a": 4.0, "b": 1.0})
    assert (model.n_learned, model.scaler.scales["b"]) == (1, [4.0, 0.25, 1.0625])


def test_a_save_of_robust_z_is_counter_floor_and_scales():
    """A floor of its own is in the state and in the scaler; another one's state is refused with both."""
    model = RobustZ.build({"floor": 0.25}, 1)
    model.learn_one({"a": 0.0})
    model.learn_one({})
    state = model.to_state()
    assert msgspec.msgpack.decode(state) == [2, 0.25, {"a": [1.0, 0.0, 0.25]}]
    loaded = RobustZ.from_state({"floor": 0.25}, 1, state)
    assert (loaded.n_learned, loaded.floor, loaded.scaler.floor) == (2, 0.25, 0.25)
    assert loaded.scaler.scales == {"a": [1.0, 0.0, 0.25]}
    assert RobustZ.build({}, 1).floor == RobustZ().floor == RobustZ().scaler.floor == 0.5
    with pytest.raises(ValueError, match=r"robust_z state is of other parameters; got: floor 0\.25; expected: 0\.5"):
        RobustZ.from_state({}, 1, state)
    with pytest.raises(ValueError, match="detector robust_z: floor = 0"):
        RobustZ.build({"floor": 0.0}, 1)


# -- windows and tails ---------------------------------------------------------------------------------------------


def window(*values: float, size: int = 4) -> SlidingWindow:
    made = SlidingWindow(size)
    for value in values:
        made.add(value)
    return made


def test_a_window_keeps_the_newest_in_order_of_arrival():
    """A ring of four: after six values the first two are gone, twice around the first six."""
    one = window(5.0, 1.0, 4.0, 2.0)
    assert (len(one), list(one.order), one.oldest) == (4, [1.0, 2.0, 4.0, 5.0], 0)
    one.add(3.0)
    assert (list(one.order), one.oldest) == ([1.0, 2.0, 3.0, 4.0], 1)
    for value in (9.0, 8.0, 7.0, 6.0):
        one.add(value)
    assert (list(one.order), one.oldest, len(one)) == ([6.0, 7.0, 8.0, 9.0], 1, 4)
    assert one.to_bytes() == array("d", [9.0, 8.0, 7.0, 6.0]).tobytes()


def test_counts_and_ranks_of_ties():
    """Values as large count on both sides; 1 when nothing is known."""
    one = window(1.0, 2.0, 2.0, 3.0)
    assert (one.at_least(2.0), one.at_most(2.0)) == (3, 3)
    assert (one.at_least(3.5), one.at_most(0.5)) == (0, 0)
    assert (one.p_value(2.0), one.p_value(3.5), one.p_value(0.0)) == (0.8, 0.2, 1.0)
    assert SlidingWindow(4).p_value(9.0) == 1.0


def test_a_full_window_is_loaded_as_it_was_and_a_wrong_one_refused():
    """Exactly `size` values fit; one more, a torn one, or what is no number does not."""
    one = window(5.0, 1.0, 4.0, 2.0, 3.0)
    loaded = SlidingWindow.from_bytes(4, one.to_bytes())
    assert (list(loaded.order), list(loaded.arrivals), loaded.oldest, loaded.size) == (
        [1.0, 2.0, 3.0, 4.0],
        [1.0, 4.0, 2.0, 3.0],
        0,
        4,
    )
    with pytest.raises(ValueError, match="got: 32 bytes; expected: at most 3 numbers"):
        SlidingWindow.from_bytes(3, one.to_bytes())
    with pytest.raises(ValueError, match="got: 31 bytes; expected: at most 4 numbers"):
        SlidingWindow.from_bytes(4, one.to_bytes()[:-1])
    with pytest.raises(ValueError, match="not a number"):
        SlidingWindow.from_bytes(4, array("d", [1.0, nan]).tobytes())
    assert list(SlidingWindow.from_bytes(4, array("d", [inf, 1.0]).tobytes()).order) == [1.0, inf]


def tails(*values: float, size: int = 10) -> WindowedTails:
    model = WindowedTails(size)
    for value in values:
        model.learn_one({"a": value})
    return model


@pytest.mark.parametrize(
    ("value", "credit"),
    [
        (9.0, log(10 / 2)),  # beyond all nine: p = 2 / 10
        (-1.0, log(10 / 2)),  # on either side
        (8.0, log(10 / 4)),  # as large as the largest: p = 4 / 10
        (0.0, log(10 / 4)),
        (4.0, 0.0),  # in the middle p would be 1.2, and is 1
        (3.0, 0.0),  # p = 1
    ],
)
def test_a_tail_is_twice_the_smaller_side(value, credit):
    """Nine values from 0 to 8; the score is less 1, and a feature never seen has no credit."""
    model = tails(*map(float, range(9)))
    assert model.explain_one({"a": value}) == {"a": pytest.approx(credit)}
    assert model.score_one({"a": value}) == pytest.approx(credit - 1)
    assert model.score_one({"a": value, "new": 5.0}) == pytest.approx(credit - 2)
    assert model.explain_one({"new": 5.0, "a": value}) == {"new": 0.0, "a": pytest.approx(credit)}


def test_tails_learn_each_present_feature_once():
    """One pass scores, credits and learns, unless it is told not to."""
    model = tails(1.0, 2.0)
    before = model.to_state()
    scored = model.score_then_learn_one({"a": 9.0, "b": 1.0}, learn=False)
    assert scored == (pytest.approx(log(3 / 2) - 2), {"a": pytest.approx(log(3 / 2)), "b": 0.0})
    assert (model.to_state(), model.n_learned) == (before, 2)
    assert model.score_then_learn_one({"a": 9.0, "b": 1.0}) == scored
    assert (model.n_learned, list(model.windows["a"].order), list(model.windows["b"].order)) == (
        3,
        [1.0, 2.0, 9.0],
        [1.0],
    )


def test_a_save_of_tails_is_counter_length_and_windows():
    """A window of ten keeps ten; a state of another length is refused with both."""
    model = WindowedTails.build({"window": 10.0}, 1)
    for number in range(12):
        model.learn_one({"a": float(number)})
    state = model.to_state()
    kept = array("d", map(float, range(2, 12))).tobytes()
    assert msgspec.msgpack.decode(state) == [12, 10, {"a": kept}]
    loaded = WindowedTails.from_state({"window": 10.0}, 1, state)
    assert (loaded.n_learned, loaded.window, loaded.windows["a"].size) == (12, 10, 10)
    assert loaded.to_state() == state
    assert (WindowedTails.build({}, 1).window, WindowedTails().window) == (1000, 1000)
    with pytest.raises(ValueError, match="windowed_tails state is of other parameters; got: window 10; expected: 1000"):
        WindowedTails.from_state({}, 1, state)
    with pytest.raises(ValueError, match="detector windowed_tails: window = 9"):
        WindowedTails.build({"window": 9.0}, 1)


# -- parameters ----------------------------------------------------------------------------------------------------

KNOWN = {"one": (1.0, 0.5, 2.0), "two": (20.0, 10.0, 30.0)}


def test_parameters_are_filled_up_with_defaults():
    """The ends of a range are in it."""
    assert checked("d", {}, KNOWN) == {"one": 1.0, "two": 20.0}
    assert checked("d", {"one": 0.5, "two": 30.0}, KNOWN) == {"one": 0.5, "two": 30.0}


def test_every_fault_of_parameters_is_told():
    """Unknown names, and values on either side of their range; NaN is in none."""
    with pytest.raises(
        ValueError,
        match=r"^detector d: no parameter 'x'; one = 0\.4, must be 0\.5 to 2; "
        r"two = 31\.0, must be 10 to 30; it has: one, two$",
    ):
        checked("d", {"x": 1.0, "one": 0.4, "two": 31.0}, KNOWN)
    with pytest.raises(ValueError, match="one = nan"):
        checked("d", {"one": nan}, KNOWN)


class Counting(Member):
    """A detector that has only what it must."""

    def __init__(self) -> None:
        self.learned: list[Deviations] = []

    def score_one(self, x: Deviations) -> float:
        return x["a"] + len(self.learned)

    def explain_one(self, x: Deviations) -> dict[str, float]:
        return {"a": x["a"] * 2 + len(self.learned)}

    def learn_one(self, x: Deviations) -> None:
        self.learned.append(x)

    def to_state(self) -> bytes:
        return b""

    @classmethod
    def from_state(cls, parameters: object, seed: int, state: bytes) -> "Counting":
        return cls()

    @classmethod
    def build(cls, parameters: object, seed: int) -> "Counting":
        return cls()


def test_a_detector_without_a_pass_of_its_own_scores_and_credits_before_it_learns():
    """Once, and not at all when it is told not to."""
    model = Counting()
    assert model.score_then_learn_one({"a": 5.0}) == (5.0, {"a": 10.0})
    assert model.learned == [{"a": 5.0}]
    assert model.score_then_learn_one({"a": 5.0}, learn=False) == (6.0, {"a": 11.0})
    assert model.learned == [{"a": 5.0}]


# -- trees ---------------------------------------------------------------------------------------------------------


def test_parameters_reach_the_trees():
    """Each in its place, the seed too, and the defaults that DETECTION names."""
    given = {"trees": 3.0, "height": 2.0, "window": 64.0, "first_window": 8.0, "floor": 0.25}
    model = HalfSpaceTrees.build(given, 11)
    trees = model.model
    assert (model.trees, model.height, model.window, model.first_window, model.floor, model.seed) == (
        3,
        2,
        64,
        8,
        0.25,
        11,
    )
    assert (trees.n_trees, trees.height, trees.window_size, trees.first_window, trees.seed) == (3, 2, 64, 8, 11)
    assert model.scaler.floor == 0.25
    usual = HalfSpaceTrees.build({}, 4)
    assert (usual.trees, usual.height, usual.window, usual.first_window, usual.floor) == (25, 6, 1000, 32, 0.5)
    with pytest.raises(ValueError, match="detector half_space_trees: height = 13"):
        HalfSpaceTrees.build({"height": 13.0}, 1)


@pytest.mark.parametrize(("trees", "height"), [(512.0, 6.0), (8.0, 12.0)])
def test_trees_together_have_a_bound(trees, height):
    """32 768 leaves: what each parameter allows alone would take minutes together."""
    assert HalfSpaceTrees.build({"trees": trees, "height": height}, 1).trees == int(trees)
    more = (int(trees) + 1) << int(height)
    with pytest.raises(ValueError, match=rf"trees x 2\^height = {more}, must be at most 32768"):
        HalfSpaceTrees.build({"trees": trees + 1, "height": height}, 1)


def test_a_save_of_trees_is_counter_floor_scales_and_masses():
    """What is loaded goes on alike; a state of another floor is refused with both."""
    given = {"trees": 3.0, "height": 2.0, "window": 8.0, "first_window": 4.0}
    model = HalfSpaceTrees.build(given, 11)
    for number in range(11):
        model.learn_one({"hour": number % 3 - 1.0, "weekday": number % 2 - 0.5})
    state = model.to_state()
    n_learned, floor, scales, trees = msgspec.msgpack.decode(state)
    assert (n_learned, floor, scales, trees) == (11, 0.5, model.scaler.scales, model.model.to_state())
    loaded = HalfSpaceTrees.from_state(given, 11, state)
    assert (loaded.n_learned, loaded.scaler.scales, loaded.to_state()) == (11, model.scaler.scales, state)
    x = {"hour": 4.0, "weekday": 0.5}
    assert loaded.explain_one(x) == model.explain_one(x) != {}
    with pytest.raises(
        ValueError,
        match=r"half_space_trees state is of other parameters; got: floor 0\.5; "
        r"expected: 0\.25",
    ):
        HalfSpaceTrees.from_state(given | {"floor": 0.25}, 11, state)


def credits_by_hand(model: HalfSpaceTrees, reached: list[int]) -> dict[str, float]:
    """Over each tree's path, the fall of log2(mass x 2^depth) for the feature of each split; only what is above 0."""
    trees = model.model
    assert trees.nodes is not None
    totals = dict.fromkeys(trees.names, 0.0)
    for tree, leaf in enumerate(reached):
        for depth in range(model.height):
            node = (leaf >> (model.height - depth)) + 2**depth - 1
            child = (leaf >> (model.height - depth - 1)) + 2 ** (depth + 1) - 1
            name = trees.names[trees.splits[tree][0][node]]
            masses = [max(float(trees.nodes[tree][at]), 0.5) for at in (node, child)]
            totals[name] += log2(masses[0]) - log2(masses[1]) - 1.0
    return {name: pytest.approx(total) for name, total in totals.items() if total > 0.0}


# of two features, every path splits on one of them twice
@pytest.mark.parametrize(("features", "between"), [(NAMES, 1.0), (("a", "b"), 5.0)])
def test_one_descent_scores_credits_and_learns_as_three_do(features, between):
    """Two trees, through two pivots; credits are those of the paths, and empty before the first."""
    rng = random.Random(4)
    one, three = (HalfSpaceTrees(2, 3, 32, 16, features=features, seed=5) for _ in range(2))
    shown = set()
    for number in range(80):
        x = {name: rng.gauss(0, 1) for name in one.features}
        before = one.to_state()
        expected = three.score_one(x), three.explain_one(x)
        assert one.score_then_learn_one(x, learn=False) == expected
        assert one.to_state() == before
        if number < 16:
            assert expected == (0.0, {})
        else:
            assert expected[1] == credits_by_hand(three, three.model.leaves_of(three._squashed(x)))
            shown |= {round(credit, 3) for credit in expected[1].values()}
        assert one.score_then_learn_one(x) == expected
        three.learn_one(x)
        assert one.to_state() == three.to_state()
        assert one.n_learned == three.n_learned == number + 1
    assert min(shown) < between < max(shown)
