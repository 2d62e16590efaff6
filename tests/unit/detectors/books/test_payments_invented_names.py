"""One sender's invented purposes and institutions leave the names of a party's other payments alone."""

import pytest

from detectors.books.party import MOST_NAMES, unpack
from detectors.books.payments import exact_sum, rows
from tests.support.ledger import Ledger, later

PARTY = "k1.0a3.remitter"


def kept(ledger):
    """The party's record."""
    return unpack(ledger.state.parties[PARTY])


@pytest.mark.parametrize("invented", [0, 2_400])
def test_a_return_in_another_currency_is_taken_off_whatever_names_a_sender_invented(invented):
    """2 400 purposes and institutions that are none: the honest bank's euro and its return are worth what they were."""
    ledger = Ledger()
    ledger.rate(later(hours=-1), "1.1", "EUR", "USD")
    ledger.pay("before", later(hours=0), "100", institution="HONEST", purpose="40101")
    for number in range(invented):
        ledger.pay(f"i{number}", later(seconds=number), "1", institution=f"BANK{number}", purpose=f"X{number}")
    ledger.pay("euro", later(hours=2), "1000", currency="EUR", institution="HONEST", purpose="40201")
    assert exact_sum(rows(kept(ledger))["usd"]) >= 1100_00
    ledger.pay(
        "back",
        later(hours=3),
        "1000",
        currency="EUR",
        institution="HONEST",
        purpose="40201",
        status="returned",
        original_event_id="euro",
    )
    party = kept(ledger)
    table = rows(party)
    named = {
        (party.names[row["institution"]], party.names[row["purpose"]], party.names[row["currency"]]): row["usd"]
        for row in table
    }
    assert named["HONEST", "40201", "EUR"] == 0
    assert "" not in party.names
    if invented:
        newest = invented - 1
        assert named[f"BANK{newest}", f"X{newest}", "USD"] == 100
        assert len(party.names) <= MOST_NAMES + 3
    else:
        assert named["HONEST", "40101", "USD"] == 100_00
