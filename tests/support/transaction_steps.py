"""The steps of `detectors.transaction` one by one, over a ledger's state as it is."""

from typing import Any

import pytest

from detectors import payment_step, transaction
from detectors.contracts.events import Origin, Source, Transaction
from detectors.values.legal_calendar import to_us
from tests.support.ledger import START, TOPIC, Ledger, stamp


def at_us_of(event: Transaction) -> int:
    """The event's time, microseconds since 1970."""
    return to_us(event.event_time)


def origin(ledger: Ledger, event: Transaction) -> Origin:
    """Where the next record comes from; it was sent at its own time."""
    return Origin(
        offset=len(ledger.log),
        source=Source(TOPIC, 0, 7),
        commitment="k1:" + "ab" * 32,
        timestamp_ms=stamp(event.event_time),
    )


def worth_of(ledger: Ledger, event: Transaction) -> Any:
    """What a payment is worth under the ledger's rates."""
    state = ledger.state
    assert state.effective is not None
    return payment_step.worth_of(state, state.effective, event, at_us_of(event))


def step_of(ledger: Ledger, event: Transaction) -> tuple[Any, Any]:
    """The event at hand, before anything of it is accounted, and its money."""
    state = ledger.state
    assert state.effective is not None
    assert state.configuration is not None
    step, _ = transaction._begin(
        state, state.configuration, state.effective, event, origin(ledger, event), at_us_of(event)
    )
    return step, worth_of(ledger, event)


def rated() -> Ledger:
    """A ledger with the won's rate at the start."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    return ledger


def record(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, answer: Any = None) -> list[Any]:
    """Replace a function by one that answers so; the list of its calls."""
    calls: list[Any] = []

    def called(*told: Any, **named: Any) -> Any:
        calls.append((*told, *named.items()) if named else told)
        return answer

    monkeypatch.setattr(where, name, called)
    return calls
