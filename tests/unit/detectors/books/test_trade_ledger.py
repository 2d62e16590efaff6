"""A party's trade ledger in the partition's state: joined under a new key, saved, seen by typologies."""

from detectors.books.accounting import Effect, Incoming
from detectors.books.party import Party, unpack
from detectors.books.trade_book import TradeBook
from detectors.books.trade_ledger import Keeping, convert_anew, join, take_payment
from detectors.contracts.limits import Rulebook
from detectors.memory.state import PartitionState
from detectors.memory.taken_back import before, past_of
from tests.support.ledger import configuration, later, payment
from tests.support.told_payments import payment as row
from tests.support.trade import LATER, SEOUL, TraderLedger, book_of, goods, left, paid

BY = Keeping(Rulebook(configuration()), SEOUL, LATER)


def test_a_party_without_trade_has_no_ledger() -> None:
    party = Party(names=["", "BANKA", "USD"])
    incoming = Incoming(row(1, 5), "settled", 0, "USD", "BANKA", late=False, zone=SEOUL)
    legend = configuration().legend
    assert take_payment(party, payment("p", later()), incoming, Effect("new", row(1, 5)), legend, BY) is False
    assert party.trade == b""


def test_two_ledgers_of_a_renamed_party_become_one() -> None:
    one, two = Party(trade=book_of(goods(1, 9000)).packed()), Party(trade=book_of(paid(2, 9000)).packed())
    join(one, two, BY)
    assert left(TradeBook(one.trade)) == {}
    same = one.trade
    join(one, Party(), BY)
    assert one.trade is same
    assert convert_anew(Party(), None, [], 0, BY) is False  # type: ignore[arg-type]


def test_a_party_known_under_two_tokens_has_one_ledger() -> None:
    ledger = TraderLedger()
    ledger.declare("d", later())
    ledger.trade("p", later(days=1), party="k2.new", counterparty="k1.111.payee")
    assert ledger.sums()[0] == (50_000, 0, 50_000)
    ledger.trade("q", later(days=2), "600", party="k2.new", previous={"k2.new": "k1.0a3.remitter"})
    assert ledger.book("k2.new").totals(0).open == 0
    assert ledger.book("k2.new").totals(1).came_in == 5_060_000


def test_the_ledger_is_saved_and_in_the_digest() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later())
    ledger.declare("d", later())
    frozen = ledger.state.freeze()
    again = PartitionState.thaw(frozen.sections())
    assert again.freeze().digest() == frozen.digest()
    assert unpack(again.parties["k1.0a3.remitter"]).trade == ledger.book().packed() != b""


def test_typologies_see_the_ledger_before_and_after() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later())
    party = unpack(ledger.state.parties["k1.0a3.remitter"])
    was = before(party)
    party.trade = b""
    effective = ledger.state.effective
    assert effective is not None
    assert len(past_of(ledger.state, effective, party, was).ledger.items()) == 1
    assert past_of(ledger.state, effective, party).ledger.items() == []
