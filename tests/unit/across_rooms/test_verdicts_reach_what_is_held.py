"""A verdict on the alert that stands counts for every payment held back behind it, whatever record raised that alert.

Failure prevented: an officer confirms a crime under the newest alert, and two months later its payments teach the
models that it is usual.
"""

from typing import Any

import msgspec
import pytest

from detectors.books.party import Given, unpack
from detectors.core import Outputs
from detectors.memory import quarantine
from detectors.memory.quarantine import HeldPayment
from tests.support.challenged import put_in_force
from tests.support.ledger import Ledger, configuration, later
from tests.unit.detectors.test_transaction_second_words import NIGHT, ODD, SETTINGS, quiet, uetr

PARTY = "k1.0a3.remitter"


def held(ledger: Ledger) -> list[HeldPayment]:
    """The payments held back of the party."""
    party = unpack(ledger.state.parties[PARTY])
    return [msgspec.msgpack.decode(packed, type=HeldPayment) for packed in party.held]


def under(alert_id: str, ledger: Ledger) -> list[bool]:
    """For each payment held back, whether a verdict on this alert decides on it."""
    given = [Given(bytes.fromhex(alert_id), 1, "confirmed", 0)]
    return [quarantine.verdict_on(one, quarantine.by_alert(given)) == "confirmed" for one in held(ledger)]


def pieces(ledger: Ledger, many: int) -> list[Outputs]:
    """Payments just under the line for documents, one an hour."""
    ledger.rate(later(hours=-1))
    return [ledger.pay(f"e{number}", later(hours=number), "4900") for number in range(many)]


def test_payments_of_an_alert_that_a_later_payment_brings_up_to_date() -> None:
    ledger = Ledger()
    raised = [alert for outputs in pieces(ledger, 10) for alert in outputs.alerts]
    assert [alert.status for alert in raised[:2]] == ["raised", "updated"]
    newest = raised[-1]
    assert newest.supersedes == raised[-2].alert_id
    assert under(newest.alert_id, ledger) == [True] * 8


def test_payments_of_an_alert_that_a_cancellation_takes_back() -> None:
    """No payment of its own is learned with it."""
    ledger = Ledger()
    [first] = [alert for outputs in pieces(ledger, 3) for alert in outputs.alerts]
    cancelled = ledger.pay("c", later(hours=4), "4900", status="cancelled", original_event_id="e1")
    [taken_back] = cancelled.alerts
    assert (taken_back.status, taken_back.supersedes) == ("retracted", first.alert_id)
    assert under(first.alert_id, ledger) == under(taken_back.alert_id, ledger) == [True]


@pytest.mark.parametrize(("word", "reaches"), [(uetr(1), [True]), (uetr(2), [False, True])])
def test_a_payment_that_alerts_by_a_second_institutions_word(word: str, reaches: list[bool]) -> None:
    """It is held back since its first word, under no alert; another payment's alert says nothing of it."""
    ledger = quiet()
    given = configuration(detectors=SETTINGS)
    stopped: Any = msgspec.structs.replace(given, stopped={"statistical_alerts": "test"})
    put_in_force(ledger, stopped)
    at = later(days=90, hours=NIGHT)
    assert not ledger.pay("first", at, "903", institution="BANKA", payment_id=uetr(1), **ODD).alerts
    assert [one.alerts for one in held(ledger)] == [b""]
    put_in_force(ledger, given)
    [alert] = ledger.pay("second", at, "903", institution="BANKB", payment_id=word, **ODD).alerts
    assert under(alert.alert_id, ledger) == reaches
