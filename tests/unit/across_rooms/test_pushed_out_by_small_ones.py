"""A trader with more open items than its ledger has room for: what is pushed out was not settled by that."""

import pytest

from detectors.books.party import unpack
from detectors.books.trade_folding import LOT, MOST_ITEMS
from detectors.books.trade_items import MONEY
from tests.support.ledger import START, later
from tests.support.trade import TraderLedger

# days until T06 misses the goods of a payment at sight
DUE = 31


class Importer(TraderLedger):
    """An importer; `told` is the status of each alert with T06, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def note(self, outputs) -> None:
        """Keep what was alerted."""
        self.told += [
            one.alert.status for one in outputs.raised if "T06" in {hit.id for hit in one.alert.typologies} | _gone(one)
        ]

    def pass_days(self, first: int, last: int) -> None:
        """Customs and banks go on telling of others."""
        for day in range(first, last):
            at = later(days=day)
            self.note(self.rate(at))
            self.note(self.declare(f"o{day}", at, party="k1.0a4.other", declaration_no=f"o{day}"))
            self.note(self.trade(f"b{day}", at, "10", party="k1.0a5.another"))


def _gone(raised) -> set[str]:
    return {"T06"} if raised.alert.status == "retracted" else set()


@pytest.fixture
def importer() -> Importer:
    """60 payments of 1 000 USD at sight, whose goods never come: T06 told of them."""
    ledger = Importer()
    ledger.rate(START)
    for number in range(60):
        ledger.note(ledger.trade(f"p{number}", START, "1000", trade_terms="sight"))
    ledger.pass_days(1, DUE + 2)
    assert ledger.told == ["raised"]
    return ledger


def test_what_was_told_of_small_payments_is_not_taken_back_for_want_of_room(importer):
    """As many larger ones in transit trade, which wait for nothing, push them out; their goods came no more for it."""
    for number in range(MOST_ITEMS + LOT):
        at = later(days=DUE + 3, minutes=number)
        importer.note(importer.trade(f"q{number}", at, "2000", trade_terms="transit", counterparty="k1.777.far"))
    assert importer.book().folded[MONEY].cut >= 60
    assert importer.told == ["raised"]
    party = unpack(importer.state.parties["k1.0a3.remitter"])
    # nor is it alerted again when what is left of it grows
    assert [one.size for one in party.alerted if one.typology.startswith("T06")] == [60_000_00]


def test_a_declaration_of_the_goods_takes_it_back(importer):
    """The same alert, where the goods came after all."""
    importer.note(importer.declare("late", later(days=DUE + 3), "60000", declaration_no="late"))
    assert importer.told == ["raised", "retracted"]


def test_a_large_payment_is_missed_however_many_small_ones_follow():
    """A million at sight, then small ones in transit trade at the same bank: none pushes it out before its date."""
    ledger = Importer()
    ledger.rate(START)
    ledger.trade("large", START, "1000000", trade_terms="sight")
    for number in range(MOST_ITEMS + LOT):
        ledger.trade(f"q{number}", later(minutes=number), "501", trade_terms="transit", counterparty="k1.777.far")
    ledger.pass_days(1, DUE + 2)
    assert ledger.told == ["raised"]
