"""Upper tails by hand: averaged within a side, added over sides, and told apart beyond the largest."""

from math import log

import msgspec
import pytest

from detectors.features import SIDES
from detectors.models.sliding_window import SlidingWindow
from detectors.models.tails_by_side import LARGEST_SURPRISE, TailsBySide, surprise


def window(*values: float, size: int = 1000) -> SlidingWindow:
    made = SlidingWindow(size)
    for value in values:
        made.add(value)
    return made


def test_a_surprise_is_the_logarithm_of_the_share_at_least_as_high():
    """Of nine values three are at least 7; what is as low as any surprises nobody; nothing known, nothing said."""
    kept = window(*range(1, 10))
    assert surprise(kept, 7.0) == pytest.approx(log(10 / 4))
    assert surprise(kept, 1.0) == 0.0
    assert surprise(kept, -5.0) == 0.0
    assert surprise(kept, 99.0) == pytest.approx(log(10))
    assert surprise(window(), 99.0) == 0.0


def test_beyond_the_fifth_largest_the_tail_falls_as_it_did():
    """From the 50th largest (51) to the 5th (96) it falls tenfold: 45 more are ten times rarer again."""
    kept = window(*range(1, 101))
    assert surprise(kept, 96.0) == pytest.approx(log(101 / 6))
    assert surprise(kept, 96.0 + 45.0) == pytest.approx(log(101 / 6) + log(10))
    assert surprise(kept, 97.0) == pytest.approx(log(101 / 6) + log(10) / 45)
    assert surprise(kept, 1e9) == LARGEST_SURPRISE


def test_a_tail_needs_a_hundred_values_that_differ():
    """With 99, or with equal ones up there, counting alone says how rare a value is."""
    assert surprise(window(*range(1, 100)), 1e9) == pytest.approx(log(100))
    assert surprise(window(*[1.0] * 200), 1e9) == pytest.approx(log(201))


def test_a_surprise_never_falls_as_the_value_rises():
    """Over the join of counting and tail too."""
    kept = window(*[x**2 / 50 for x in range(150)])
    values = [step * 0.5 for step in range(5000)]
    told = [surprise(kept, value) for value in values]
    assert told == sorted(told)
    assert max(told) == LARGEST_SURPRISE


def taught(sides: dict[str, str]) -> TailsBySide:
    model = TailsBySide(window=1000, sides=sides)
    for number in range(99):
        model.learn_one({"a": number % 10, "b": number % 10, "c": number % 10})
    return model


def test_one_side_is_averaged_and_sides_are_added():
    """Ten values of 99 are 9 or more; the absent feature of a side is as usual as can be."""
    model, odd = taught({"a": "amount", "b": "amount", "c": "time"}), log(100 / 10)
    assert model.score_one({"a": 9}) == pytest.approx(odd / 2)
    assert model.score_one({"a": 9, "b": 9}) == pytest.approx(odd)
    assert model.score_one({"a": 9, "b": 9, "c": 9}) == pytest.approx(2 * odd)
    assert model.explain_one({"a": 9, "b": 0, "c": 9}) == {
        "a": pytest.approx(odd / 2),
        "b": 0.0,
        "c": pytest.approx(odd),
    }


def test_a_name_without_a_side_is_one_of_its_own_and_a_new_one_says_nothing():
    """So raw columns are added."""
    model = taught({})
    assert model.score_one({"a": 9, "b": 9}) == pytest.approx(2 * log(10))
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
