"""What others are told of open items."""

from datetime import UTC, date, datetime

from detectors.books.trade_items import day_number
from detectors.books.trade_told import open_now, tell
from detectors.contracts.open_items import ItemNews, ItemPosition, OpenItem
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import later
from tests.support.trade import LATER, SEOUL, START, TraderLedger, book_of, goods, paid, received, tolerance


def test_an_open_item_says_everything() -> None:
    book = book_of(goods(0xAB, 9000, currency="EUR", usd=9900, due=day_number(date(2026, 5, 4)), offset=17))
    assert open_now(book, "k1.0a3.x", 3, START + 2 * DAY_US + 5) == [
        OpenItem(
            item="00000000000000ab",
            party="k1.0a3.x",
            trade="import",
            side="goods",
            amount="9000.00",
            left="9000.00",
            currency="EUR",
            left_usd="9900.00",
            time=datetime(2026, 3, 2, 0, tzinfo=UTC),
            due=date(2026, 5, 4),
            as_of=datetime(2026, 3, 4, 0, 0, 0, 5, tzinfo=UTC),
            age_days=2,
            reason="nothing_open",
            position=ItemPosition(3, 17),
        )
    ]


def test_why_an_item_is_open() -> None:
    book = book_of(
        goods(1, 9000),
        paid(2, 4000, 1),
        paid(3, 8000, 2, counterparty=8),
        paid(4, 7000, 3, currency="EUR", usd=0),
        received(5, 3000, -1),
    )
    told = {one.item[-1]: (one.reason, one.left, one.left_usd) for one in open_now(book, "p", 0, START)}
    assert told == {
        "1": ("part", "5000.00", "5000.00"),
        "3": ("other_counterparty", "8000.00", "8000.00"),
        "4": ("not_alike", "7000.00", None),
        "5": ("nothing_open", "3000.00", "3000.00"),
    }
    assert [one.item[-1] for one in open_now(book, "p", 0, START)] == ["5", "1", "3", "4"]
    assert [one.age_days for one in open_now(book, "p", 0, START)] == [1, 0, 0, 0]


def test_what_closes_is_told_without_more() -> None:
    book = book_of(goods(1, 9000))
    book.put(paid(2, 9000), SEOUL)
    book.settle(tolerance, LATER)
    assert tell(book, book.changes(), "p", 0, LATER) == (ItemNews("0000000000000001", None),)


def test_the_core_tells_what_became_of_open_items_with_each_record() -> None:
    ledger = TraderLedger()
    (opened,) = ledger.declare("d", later(), "50000").items
    assert opened.now is not None
    assert (opened.now.party, opened.now.left, opened.now.as_of) == ("k1.0a3.remitter", "50000.00", later())
    assert opened.now.position == ItemPosition(3, 1)
    (part,) = ledger.trade("p", later(days=3), "20000").items
    assert part.now is not None
    assert (part.item, part.now.left, part.now.reason, part.now.age_days) == (opened.item, "30000.00", "part", 3)
    assert ledger.pay("n", later(days=4)).items == ()
    assert ledger.trade("q", later(days=5), "30000").items == (ItemNews(opened.item, None),)
    back = ledger.trade("r", later(days=6), "30000", status="returned", original_event_id="q").items
    assert [one.now and one.now.left for one in back] == ["30000.00"]
    assert ledger.state.item_news == []
    assert to_us(later()) < LATER
