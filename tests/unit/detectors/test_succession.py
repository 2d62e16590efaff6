"""What a change of configuration means for the models, and what a promotion needs."""

import msgspec

from detectors.contracts.configuration import fingerprint
from detectors.succession import ModelChange, changed_models, is_promotion, model_changes, promotion_faults
from tests.support.challenged import CHALLENGERS, challenged, swapped

BOTH = challenged()
ONE = challenged({"robust": CHALLENGERS["robust"]})
CHAMPION, ROBUST, TAILS = (
    fingerprint(one) for one in (BOTH.detectors, BOTH.challenging["robust"], BOTH.challenging["tails"])
)


def test_a_promotion_swaps_two_sets_and_nothing_is_learned_anew() -> None:
    assert model_changes(BOTH, swapped(BOTH, "robust")) == [
        ModelChange("detectors", ROBUST, "goes on", "challengers.robust"),
        ModelChange("challengers.robust", CHAMPION, "goes on", "detectors"),
        ModelChange("challengers.tails", TAILS, "goes on", "challengers.tails"),
    ]


def test_only_what_changes_is_news() -> None:
    assert list(changed_models(BOTH, ONE)) == [ModelChange("challengers.tails", TAILS, "stops")]
    assert list(changed_models(ONE, BOTH)) == [ModelChange("challengers.tails", TAILS, "starts anew")]
    assert list(changed_models(BOTH, BOTH)) == []
    other = challenged({}, seed=7)
    assert [(one.place, one.becomes) for one in changed_models(ONE, other)] == [
        ("detectors", "starts anew"),
        ("detectors", "stops"),
        ("challengers.robust", "stops"),
    ]


def test_a_promotion_needs_a_report_and_no_other_change_does() -> None:
    promoted = swapped(BOTH, "robust")
    unfounded = msgspec.structs.replace(promoted, promotion=msgspec.UNSET)
    assert is_promotion(BOTH, promoted)
    assert promotion_faults(BOTH, promoted) == []
    [fault] = promotion_faults(BOTH, unfounded)
    assert "no [promotion] report" in fault
    assert promotion_faults(None, unfounded) == [], "a ledger's first record is its maker's"
    assert promotion_faults(unfounded, unfounded) == [], "what is in force may be sent again"
    assert promotion_faults(BOTH, challenged({}, seed=7)) == [], "a set that never ran starts anew"
    assert promotion_faults(promoted, BOTH) != [], "a roll-back carries a report too"
