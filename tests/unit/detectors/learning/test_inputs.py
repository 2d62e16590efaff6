"""Inputs of the ranker: their values by hand, their bounds, and that nothing that a person is gets in."""

import math

import pytest

from detectors.features import NAMES
from detectors.learning.inputs import LARGEST, inputs_of, is_allowed, is_barred


def test_each_kind_of_input_has_the_value_of_its_formula() -> None:
    found = inputs_of({"amount_own": math.e - 1.0}, math.exp(-3.0), [("T03", 0.5)], 10_000_000, (1.0, 3.0))

    assert found == {
        "amount_own": 256,
        "rank": 384,
        "T03": 128,
        "amount_at_risk": 256,
        "party_confirmed": round(256 * math.log(2.0)),
        "party_refuted": round(256 * math.log(4.0)),
    }


def test_what_is_usual_or_not_known_is_left_out() -> None:
    assert inputs_of({"hour": 0.0, "cadence": math.nan, "weekday": math.inf}, None, [], 999_900) == {}


def test_no_value_counts_for_more_than_its_bound() -> None:
    found = inputs_of({"amount_own": 1e300}, 0.0, [("T03", 1.0)], 10**30)

    assert found["amount_own"] == found["amount_at_risk"] == LARGEST
    assert found["rank"] == LARGEST
    assert inputs_of({}, None, [], 0)["amount_at_risk"] == -1024


BARRED_FIELDS = [
    "nationality",
    "sex",
    "gender",
    "age",
    "party_age",
    "birth_year",
    "religion",
    "region",
    "residence_region",
    "residency",
    "counterparty_origin",
]


@pytest.mark.parametrize("name", BARRED_FIELDS)
def test_what_a_person_is_never_gets_in(name: str) -> None:
    assert is_barred(name)
    assert not is_allowed(name)
    assert name not in inputs_of({name: 5.0}, None, [(name, 1.0)], 999_900)


@pytest.mark.parametrize("name", ["party", "institution", "country", "t03", "T3", "xT03", "T03x", "", "score"])
def test_a_name_on_no_list_never_gets_in(name: str) -> None:
    assert not is_allowed(name)
    assert inputs_of({name: 5.0}, None, [(name, 1.0)], 999_900) == {}


def test_every_registered_feature_may_be_used() -> None:
    """A new feature whose name says what a person is fails here, and must not be made."""
    assert [name for name in NAMES if not is_allowed(name)] == []
