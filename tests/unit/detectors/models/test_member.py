"""What every detector shares: its parameters checked, and one pass that scores before it learns."""

from math import nan

import pytest

from detectors.models.member import Deviations, Member, check_parameters

KNOWN = {"one": (1.0, 0.5, 2.0), "two": (20.0, 10.0, 30.0)}


def test_parameters_are_filled_up_with_defaults():
    """The ends of a range are in it."""
    assert check_parameters("d", {}, KNOWN) == {"one": 1.0, "two": 20.0}
    assert check_parameters("d", {"one": 0.5, "two": 30.0}, KNOWN) == {"one": 0.5, "two": 30.0}


def test_every_fault_of_parameters_is_told():
    """Unknown names, and values on either side of their range; NaN is in none."""
    with pytest.raises(
        ValueError,
        match=r"^detector d: no parameter 'x'; one = 0\.4, must be 0\.5 to 2; "
        r"two = 31\.0, must be 10 to 30; it has: one, two$",
    ):
        check_parameters("d", {"x": 1.0, "one": 0.4, "two": 31.0}, KNOWN)
    with pytest.raises(ValueError, match="one = nan"):
        check_parameters("d", {"one": nan}, KNOWN)


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
