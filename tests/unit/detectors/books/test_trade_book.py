"""A party's trade ledger: items in and out, totals, months, changes."""

from detectors.books.trade_book import MONTHS, MOST_REPLACED, TradeBook
from detectors.books.trade_items import EXPORT, MONEY
from detectors.values.legal_calendar import DAY_US
from tests.support.trade import LATER, SEOUL, book_of, goods, left, paid, received, shipped, tolerance


def test_an_empty_ledger_takes_no_place() -> None:
    book = TradeBook()
    assert (book.packed(), book.items(), book.find(1), book.find(0)) == (b"", [], None, None)
    assert book.of_payment(1, 1) is None
    assert book.amending(1) is None
    book.settle(tolerance, LATER)
    assert book.packed() == b""


def test_a_payment_closes_its_declaration() -> None:
    book = book_of(goods(1, 10_000), paid(2, 9_800, 1))
    assert left(book) == {}
    assert [(item.event, item.matched) for item in book.items()] == [(1, 980_000), (2, 980_000)]
    assert [(one.event, two.event, match.rule) for one, two, match in book.matches(0, tolerance)] == [(2, 1, "amount")]
    assert book.matches(EXPORT, tolerance) == []


def test_directions_do_not_meet() -> None:
    assert left(book_of(goods(1, 10_000), received(2, 10_000))) == {1: 10_000, 2: 10_000}
    assert left(book_of(shipped(1, 10_000), received(2, 10_000))) == {}


def test_what_is_taken_out_gives_back_what_it_was_matched_with() -> None:
    book = book_of(goods(1, 10_000), paid(2, 4_000), paid(3, 6_000))
    assert left(book) == {}
    had = book.take_out(2, SEOUL)
    book.settle(tolerance, LATER)
    assert had is not None
    assert left(book) == {1: 4_000}
    assert book.totals(0).open == 400_000
    assert book.take_out(2, SEOUL) is None


def test_an_item_takes_the_place_of_its_own() -> None:
    book = book_of(goods(1, 10_000), paid(2, 10_000), paid(2, 3_000))
    assert len(book.items()) == 2
    assert left(book) == {1: 7_000}
    assert next(iter(book.months.values())) == [1_000_000, 300_000, 0, 0]


def test_totals_say_what_came_in_is_matched_and_open() -> None:
    totals = book_of(goods(1, 10_000), goods(3, 20_000, counterparty=8, usd=0), paid(2, 4_000)).totals(0)
    assert (totals.came_in, totals.matched, totals.open) == (1_000_000, 400_000, 600_000)
    assert (totals.items, totals.open_items, totals.unvalued) == (2, 2, 1)


def test_months_are_local_and_the_newest_sixty() -> None:
    # 2026-03-31 15:00 UTC is April in Seoul
    at = 1_774_969_200_000_000
    book = book_of(goods(1, 5, time=at - 1), goods(2, 6, time=at))
    assert book.months == {2026 * 12 + 2: [500, 0, 0, 0], 2026 * 12 + 3: [600, 0, 0, 0]}
    long_ago = at - (MONTHS + 1) * 31 * DAY_US
    book.put(paid(3, 7, time=long_ago), SEOUL)
    assert 2026 * 12 + 3 in book.months
    assert len(book.months) == 2
    assert len(book_of(goods(1, 5, time=long_ago), goods(2, 6, time=at)).months) == 1


def test_sixty_months_are_kept_whole() -> None:
    at = 1_774_969_200_000_000
    # 2021-05-01 00:00 in Seoul is the first of the sixty months that end with April 2026
    first = 1_619_794_800_000_000
    book = book_of(goods(1, 5, time=first), goods(2, 6, time=at))
    assert sorted(book.months) == [2021 * 12 + 4, 2026 * 12 + 3]
    book = book_of(goods(1, 5, time=first - 1), goods(2, 6, time=at))
    assert sorted(book.months) == [2026 * 12 + 3]


def test_a_month_whose_items_all_went_is_forgotten() -> None:
    book = book_of(goods(1, 5))
    book.take_out(1, SEOUL)
    assert book.months == {}
    assert book.packed() == b""


def test_changes_name_what_opened_moved_and_closed() -> None:
    book = book_of(goods(1, 10_000))
    assert book.changes() == []
    book.put(paid(2, 4_000), SEOUL)
    book.settle(tolerance, LATER)
    found = book.changes()
    assert [(one.event, one.item and one.item.left) for one in found] == [(1, 600_000)]
    book.put(paid(3, 6_000), SEOUL)
    book.settle(tolerance, LATER)
    assert [(one.event, one.item) for one in book.changes()] == [(1, None)]
    book.put(paid(4, 9_000), SEOUL)
    book.settle(tolerance, LATER)
    assert [one.event for one in book.changes()] == [4]
    assert book.changes() == []


def test_items_are_found_by_payment_and_amendment() -> None:
    book = book_of(
        paid(1, 5, payment=70, institution=3), paid(2, 6, payment=70, institution=3), goods(4, 5, payment=70)
    )
    found = book.of_payment(70, 3)
    assert found is not None
    assert found.event == 2
    assert book.of_payment(70, 4) is None
    assert book.of_payment(0, 3) is None
    amending = book.amending(70)
    assert amending is not None
    assert amending.event == 4
    assert book.amending(71) is None
    assert book.amending(0) is None


def test_numbers_in_common_lead_from_one_counterparty_to_another() -> None:
    # each is named by the next one's number, so that a change of the first reaches the last
    book = book_of(
        goods(1, 1000, number=5, counterparty=1),
        paid(2, 3000, 1, number=5, counterparty=2),
        goods(3, 3000, 2, counterparty=2),
    )
    assert left(book) == {3: 1000}
    book.take_out(1, SEOUL)
    book.settle(tolerance, LATER)
    assert left(book) == {}


def test_two_ledgers_of_one_party_are_joined() -> None:
    old = book_of(goods(1, 10_000), goods(9, 7_000))
    new = book_of(paid(2, 10_000), goods(9, 7_000))
    old.replace_later(77)
    old.doubtful = 2
    new.join(old, tolerance, SEOUL)
    assert left(new) == {9: 7_000}
    assert new.replaced == [77]
    assert new.doubtful == 2
    assert next(iter(new.months.values())) == [1_700_000, 1_000_000, 0, 0]
    assert new.totals(MONEY).matched == 1_000_000


def test_replaced_declarations_are_bounded() -> None:
    book = TradeBook()
    for event in range(1, MOST_REPLACED + 3):
        book.replace_later(event)
    book.replace_later(5)
    assert book.replaced == [*range(3, 5), *range(6, MOST_REPLACED + 3), 5]
    assert TradeBook(book.packed()).replaced == book.replaced
