"""Which typologies are woken, hear of declarations and amendments, and take back: those that have the method."""

import pytest

from detectors.typologies import REGISTRY
from detectors.typologies.due import hears_amendments, hears_declarations, is_woken, takes_back


class Woken:
    """It sets due dates."""

    def woken(self, wake): ...


class Hears:
    """Declarations concern it."""

    def declared(self, heard): ...


class Amends:
    """It hears what is said anew of a payment."""

    def hear_amendment(self, context): ...


class Stands:
    """Its alerts can prove to stand no more."""

    def stands(self, past, series, at_us): ...


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Woken, [True, False, False, False]),
        (Hears, [False, True, False, False]),
        (Amends, [False, False, True, False]),
        (Stands, [False, False, False, True]),
        (object, [False] * 4),
    ],
)
def test_a_rule_is_what_it_has_the_method_of(kind, expected):
    """Each question is about one method alone."""
    asked = (is_woken, hears_declarations, hears_amendments, takes_back)
    assert [question(kind()) for question in asked] == expected


def test_the_rules_of_trade_wait_and_hear_of_declarations():
    """T06, T07 and T08 set due dates, and each rule with a due date is woken."""
    assert {one.id for one in REGISTRY if is_woken(one)} >= {"T06", "T07", "T08"}
    assert {one.id for one in REGISTRY if hears_declarations(one)} >= {"T06", "T07", "T08"}
    assert all(is_woken(one) == bool(one.due_dates) for one in REGISTRY)
