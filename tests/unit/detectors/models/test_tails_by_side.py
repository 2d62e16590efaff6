"""Upper tails by hand: averaged within a side, added over sides, and told apart beyond the largest."""

from math import log

import msgspec
import pytest

from detectors.features import SIDES
from detectors.models.fitted_tail import surprise as fitted_surprise
from detectors.models.sliding_window import SlidingWindow
from detectors.models.tails_by_side import LARGEST_SURPRISE, LEAST_SCALE, TailsBySide


def window(*values: float, size: int = 1000) -> SlidingWindow:
    made = SlidingWindow(size)
    for value in values:
        made.add(value)
    return made


def surprise(kept: SlidingWindow, value: float) -> float:
    return fitted_surprise(kept, value, LEAST_SCALE, LARGEST_SURPRISE)


def test_a_surprise_is_the_logarithm_of_the_share_at_least_as_high():
    """Of 99 values 51 are at least 49; what is as low as any surprises nobody; nothing known, nothing said."""
    kept = window(*range(1, 100))
    assert surprise(kept, 49.0) == pytest.approx(log(100 / 52))
    assert surprise(kept, 1.0) == 0.0
    assert surprise(kept, -5.0) == 0.0
    assert surprise(window(), 99.0) == 0.0
    assert surprise(window(*range(1, 10)), 99.0) == pytest.approx(log(10))


def test_in_the_largest_tenth_a_fitted_tail_says_how_rare_a_value_is():
    """It begins at 91 of 100, 4.5 beyond it on average; the body's scale from the median 51 is 40 / ln 5."""
    kept = window(*range(1, 101))
    scale = 40 / log(0.5 * 100 / 10)
    for value in (92.0, 100.0, 150.0):
        tail = 20 * log(1 + (value - 91) / (45 + 10 * scale))
        assert surprise(kept, value) == pytest.approx(log(101 / 11) + tail)
    assert surprise(kept, 1e9) == LARGEST_SURPRISE


def test_a_hair_above_equal_values_is_not_rare_and_ten_spreads_are():
    """The scale is half a spread at least; from ten values on."""
    for count in (10, 1000):
        kept, tail = window(*[0.0] * count), min(100, max(10, count // 10))
        rest = log((1 + count) / (1 + tail))
        assert surprise(kept, 0.01) == pytest.approx(rest + (tail + 10) * log(1 + 0.01 / 5))
        assert surprise(kept, 40.0) == LARGEST_SURPRISE
    assert surprise(window(*[0.0] * 9), 40.0) == pytest.approx(log(10))


def test_a_surprise_never_falls_as_the_value_rises():
    """Over the join of counting and tail too."""
    kept = window(*[x**2 / 50 for x in range(150)])
    values = [step * 0.5 for step in range(20_000)]
    told = [surprise(kept, value) for value in values]
    assert told == sorted(told)
    assert max(told) == LARGEST_SURPRISE


def taught(sides: dict[str, str]) -> TailsBySide:
    model = TailsBySide(window=1000, sides=sides)
    for number in range(99):
        model.learn_one({"a": number % 5, "b": number % 5, "c": number % 5})
    return model


def test_one_side_is_averaged_and_sides_are_added():
    """Nineteen values of 99 are 4 or more; the absent feature of a side is as usual as can be."""
    model, odd = taught({"a": "amount", "b": "amount", "c": "time"}), log(100 / 20)
    assert model.score_one({"a": 4}) == pytest.approx(odd / 2)
    assert model.score_one({"a": 4, "b": 4}) == pytest.approx(odd)
    assert model.score_one({"a": 4, "b": 4, "c": 4}) == pytest.approx(2 * odd)
    assert model.explain_one({"a": 4, "b": 0, "c": 4}) == {
        "a": pytest.approx(odd / 2),
        "b": 0.0,
        "c": pytest.approx(odd),
    }


def test_a_name_without_a_side_is_one_of_its_own_and_a_new_one_says_nothing():
    """So raw columns are added."""
    model = taught({})
    assert model.score_one({"a": 4, "b": 4}) == pytest.approx(2 * log(5))
    assert model.score_one({"new": 1e9}) == 0.0


def test_low_values_are_no_reason():
    """Far below all that were seen: nothing counts against the payment."""
    assert taught({}).explain_one({"a": -1e9}) == {"a": 0.0}


def test_the_shipped_one_has_the_sides_of_the_features():
    """And a window of a thousand."""
    model = TailsBySide.build({}, 7)
    assert (model.sides, model.window) == (SIDES, 1000)
    assert model.parts["amount_own"] == 0.5
    assert model.parts["deal_rate"] == 1.0


def test_a_save_holds_counter_window_and_values():
    """Loaded it scores alike; one of another window is refused."""
    model = TailsBySide.build({"window": 120}, 1)
    for number in range(130):
        model.learn_one({"amount_own": float(number)})
    loaded = TailsBySide.from_state({"window": 120}, 1, model.to_state())
    assert loaded.to_state() == model.to_state()
    assert loaded.n_learned == 130
    assert loaded.score_one({"amount_own": 125.0}) == model.score_one({"amount_own": 125.0}) > 0
    assert msgspec.msgpack.decode(model.to_state())[:2] == [130, 120]
    with pytest.raises(ValueError, match="got: window 120; expected: 1000"):
        TailsBySide.from_state({}, 1, model.to_state())


def test_made_up_names_and_nan_are_not_kept():
    """The first 256 names are, and their numbers."""
    model = TailsBySide(window=100)
    for number in range(300):
        model.learn_one({f"made up {number}": 1.0, "nan": float("nan")})
    assert len(model.windows) == 256
    assert "nan" not in model.windows
    assert model.explain_one({"made up 1": float("nan"), "made up 299": 9.0}) == {"made up 1": 0.0, "made up 299": 0.0}
    kept = (1, 100, {f"made up {number}": b"" for number in range(257)})
    with pytest.raises(ValueError, match="got: 257 features; expected: 256"):
        TailsBySide.from_state({"window": 100}, 1, msgspec.msgpack.encode(kept))


def test_strangeness_is_a_third_of_the_sum_of_sides():
    """Sides depend on one another; what is learned changes nothing of it."""
    model = TailsBySide.build({}, 1)
    assert [model.strangeness(score) for score in (0.0, 3.0, 108.0)] == [0.0, 1.0, 36.0]
    model.learn_one({"hour": 1.0})
    assert model.strangeness(3.0) == 1.0
