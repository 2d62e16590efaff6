"""What a line of a customs declaration does to the state."""

import pytest

from detectors.books.party import unpack
from tests.support.ledger import configuration, later
from tests.support.trade import TraderLedger


def test_a_line_is_an_item_at_its_own_rate_and_place() -> None:
    ledger = TraderLedger()
    ledger.rate(later(), "1.25", "EUR", "USD")
    ledger.declare("d", later(hours=1), "40000", currency="EUR")
    (item,) = ledger.book().items()
    assert (item.usd, item.own, item.offset) == (5_000_000, 4_000_000, 2)
    party = unpack(ledger.state.parties["k1.0a3.remitter"])
    assert (party.declarations, party.last_us) == (1, item.time)


def test_corrected_rates_are_brought_to_the_party_first() -> None:
    ledger = TraderLedger(configuration(rates={"jump": 10.0, "most": 1e6, "magnitude": 1e6, "typical": {}}))
    ledger.rate(later(), "1.0", "EUR", "USD")
    ledger.declare("d", later(hours=1), "40000", currency="EUR")
    ledger.rate(later(), "1.1", "EUR", "USD")
    ledger.declare("e", later(hours=2), "100", currency="EUR")
    assert [item.usd for item in ledger.book().items()] == [4_400_000, 11_000]


def test_a_value_that_is_no_number_changes_nothing() -> None:
    ledger = TraderLedger()
    with pytest.raises(ValueError, match="number"):
        ledger.declare("d", later(), "much")
    assert len(ledger.state.parties) == 0
