"""What a trade ledger is kept by, and where news of it goes."""

from detectors.books.trade_book import TradeBook
from detectors.memory.item_news import keeping
from tests.support.ledger import later
from tests.support.trade import LATER, START, TraderLedger


def test_news_is_dated_by_the_later_of_clock_and_record() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later())
    effective, clock = ledger.state.effective, ledger.state.watermark_us
    assert effective is not None
    assert clock is not None
    for at_us, told in ((0, clock), (LATER, LATER)):
        by = keeping(ledger.state, effective, "k1.x", at_us)
        assert (by.rulebook, by.zone, by.clock_us) == (effective.rulebook, effective.zone, clock)
        book = TradeBook(ledger.book().packed())
        by.tell(book, [])
        assert ledger.state.item_news == []
        by.tell(book, [change(book)])
        (one,) = ledger.state.item_news
        assert one.now is not None
        assert (one.now.party, one.now.position.partition) == ("k1.x", 3)
        assert one.now.as_of.timestamp() * 1_000_000 == told
        ledger.state.item_news = []
    assert START > 0


def change(book: TradeBook):  # type: ignore[no-untyped-def]
    """Its one item as news."""
    from detectors.books.trade_book import ItemChange

    (item,) = book.items()
    return ItemChange(item.event, item)
