"""Questions to a trade ledger."""

from detectors.books.trade_folding import FoldedSums
from detectors.books.trade_items import MONEY
from detectors.books.trade_matching import DEFAULT_TOLERANCE
from detectors.books.trade_queries import (
    Age,
    MatchRate,
    by_age,
    kept,
    match_rate,
    monthly,
    named_goods,
    nearest,
    open_items,
    partners,
    side_flags,
)
from detectors.values.legal_calendar import DAY_US
from tests.support.trade import START, book_of, goods, paid, received, shipped, tolerance

DAY_OF_START = START // DAY_US


def test_open_items_are_the_oldest_first_of_a_side_before_a_time_and_of_a_counterparty() -> None:
    book = book_of(
        paid(1, 9000, 3), paid(2, 9000, 1), paid(3, 9000, 2, counterparty=8), received(4, 9000), shipped(5, 9000, 9),
        goods(6, 9000, counterparty=9),
    )  # fmt: skip
    assert [item.event for item in open_items(book, "import", "money")] == [2, 3, 1]
    assert [item.event for item in open_items(book, "import", "money", before_us=START + 2 * DAY_US)] == [2]
    assert [item.event for item in open_items(book, "import", "money", counterparty=8)] == [3]
    assert [item.event for item in open_items(book, "import", "goods")] == [6]
    assert open_items(book, "export", "money") == []
    assert [item.event for item in kept(book, "export", "money")] == [4]
    assert side_flags("export", "money") == 3


def test_partners_of_an_item() -> None:
    book = book_of(goods(1, 10_000), paid(2, 4_000), paid(3, 6_000, 1))
    assert [(one.item.event, one.own, one.theirs, one.rule) for one in partners(book, 1, tolerance)] == [
        (2, 400_000, 400_000, "oldest"),
        (3, 600_000, 600_000, "oldest"),
    ]
    assert [(one.item.event, one.own) for one in partners(book, 3, tolerance)] == [(1, 600_000)]
    assert partners(book, 9, tolerance) == []
    euros = book_of(goods(1, 10_000, currency="EUR", usd=11_000), paid(2, 11_000))
    assert [(one.own, one.theirs) for one in partners(euros, 2, tolerance)] == [(1_100_000, 1_000_000)]
    assert [(one.own, one.theirs) for one in partners(euros, 1, tolerance)] == [(1_000_000, 1_100_000)]


def test_the_nearest_candidates_and_why_not() -> None:
    book = book_of(
        paid(1, 10_000, 800, goods=111111),
        goods(2, 10_000, 799, counterparty=8),
        goods(3, 50_000, 800, counterparty=8, goods=222222),
        goods(4, 10_000, 1, counterparty=8),
        goods(5, 10_100, 798, counterparty=8),
        shipped(6, 10_000, 800),
    )
    item = book.find(1)
    assert item is not None
    found = nearest(book, item, DEFAULT_TOLERANCE)
    assert [(one.item.event, one.why) for one in found] == [
        (2, ("counterparty",)),
        (5, ("counterparty",)),
        (4, ("counterparty", "dates")),
    ]
    every = nearest(book, item, DEFAULT_TOLERANCE, 9)
    assert (every[-1].item.event, every[-1].why) == (3, ("counterparty", "goods", "amount"))
    assert len(every) == 4


def test_what_is_matched_already_is_taken() -> None:
    book = book_of(goods(1, 10_000), paid(2, 10_000), paid(3, 10_000, 1))
    item = book.find(3)
    assert item is not None
    assert [(one.item.event, one.why) for one in nearest(book, item, DEFAULT_TOLERANCE)] == [(1, ("taken",))]


def test_candidates_in_another_currency_are_compared_by_worth() -> None:
    book = book_of(
        paid(1, 10_000),
        goods(2, 9_000, currency="EUR", usd=10_000, counterparty=8),
        goods(3, 9_000, 1, currency="EUR", usd=0, counterparty=8),
        goods(4, 9_000, 2, currency="EUR", usd=12_000, counterparty=8),
    )
    item = book.find(1)
    assert item is not None
    assert [one.why for one in nearest(book, item, DEFAULT_TOLERANCE)] == [
        ("counterparty",),
        ("counterparty", "amount"),
        ("counterparty", "amount"),
    ]


def test_an_importers_own_match_rate_counts_what_was_folded() -> None:
    book = book_of(goods(1, 10_000), paid(2, 10_000), paid(3, 30_000, 1))
    assert match_rate(book, "import", "money") == MatchRate(1_000_000, 4_000_000, 1, 2)
    book.folded[MONEY] = FoldedSums(5, 700, 600, 2, 100)
    assert match_rate(book, "import", "money") == MatchRate(1_000_600, 4_000_700, 4, 7)
    assert match_rate(book, "export", "money") == MatchRate(0, 0, 0, 0)


def test_open_items_by_age() -> None:
    book = book_of(
        paid(1, 9000), paid(2, 8000, -30), paid(3, 7000, -31), paid(4, 6000, -400), paid(5, 9000, -5, usd=0)
    )  # fmt: skip
    assert by_age(book, "import", "money", START) == [
        Age(30, 3, 1_700_000, 1),
        Age(90, 1, 700_000, 0),
        Age(180, 0, 0, 0),
        Age(365, 0, 0, 0),
        Age(None, 1, 600_000, 0),
    ]


def test_open_items_by_what_they_are_due() -> None:
    due = DAY_OF_START - 40
    book = book_of(goods(1, 9000, -300), goods(2, 8000, -300, due=due), goods(3, 7000, -300, due=DAY_OF_START + 60))
    found = by_age(book, "import", "goods", START, (30, 90), by_due=True)
    assert found == [Age(30, 2, 1_600_000, 0), Age(90, 1, 800_000, 0), Age(None, 0, 0, 0)]


def test_months_declared_and_settled() -> None:
    book = book_of(goods(1, 9000), paid(2, 8000, 40), shipped(3, 70, -40))
    assert monthly(book, "import") == [(2026, 3, 900_000, 0), (2026, 4, 0, 800_000)]
    assert monthly(book, "export") == [(2026, 1, 7_000, 0)]


def test_the_goods_of_the_declaration_that_a_payment_names() -> None:
    book = book_of(
        goods(1, 10_000, number=7, goods=20230),
        goods(2, 10_000, number=7, goods=610910),
        goods(3, 10_000, number=8, goods=853400),
        goods(4, 10_000, number=9),
        shipped(5, 10_000, number=7, goods=30617),
        paid(6, 20_000, number=7, goods=853400),
        paid(7, 10_000, number=9),
        paid(8, 10_000, goods=853400),
        paid(9, 10_000, number=10),
        received(10, 10_000, number=7),
    )
    assert named_goods(book, 6) == {20230, 610910}
    assert [named_goods(book, event) for event in (7, 8, 9, 11)] == [set(), set(), set(), set()]
    assert named_goods(book, 10) == {30617}
