"""A coordinator that is not there yet is asked again, and one that never comes is told."""

import pytest
from kafka.errors import CoordinatorNotAvailableError, GroupAuthorizationFailedError

from streams.kafka import coordinators


def answers(*given):
    """A question that gets these answers in turn."""
    left = iter(given)

    def ask():
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return ask


def test_a_coordinator_in_the_making_is_asked_again(monkeypatch):
    """Its broker answers that there is none, until there is one."""
    monkeypatch.setattr(coordinators, "PAUSE_SECONDS", 0)
    missing = CoordinatorNotAvailableError("not yet")
    assert coordinators.ask_coordinator(answers(missing, missing, {"group": 3})) == {"group": 3}


def test_one_that_never_comes_is_told(monkeypatch):
    """After the patience its own error goes on to whoever asked."""
    monkeypatch.setattr(coordinators, "PATIENCE_SECONDS", -1)
    with pytest.raises(CoordinatorNotAvailableError):
        coordinators.ask_coordinator(answers(CoordinatorNotAvailableError("never"), "too late"))


def test_a_refusal_is_not_asked_again():
    """A right that is missing does not come by waiting."""
    with pytest.raises(GroupAuthorizationFailedError):
        coordinators.ask_coordinator(answers(GroupAuthorizationFailedError("no"), "yes"))
