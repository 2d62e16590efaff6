"""Closed and surplus items of the trade ledger go into totals, and the newest come out of them again."""

from detectors.books.trade_book import TradeBook
from detectors.books.trade_folding import (
    KEPT_DAYS,
    LOT,
    MOST_ITEMS,
    MOST_LARGE,
    MOST_MARKS,
    OLD_LOT,
    FoldedSums,
    Mark,
    carried,
    mark_of,
    marks,
    may_fold,
    packed_marks,
    to_fold,
)
from detectors.books.trade_items import CLOSED, MONEY, RATE_MISSING, Item, columns
from detectors.values.legal_calendar import DAY_US
from tests.support.trade import LATER, SEOUL, START, book_of, goods, paid, tolerance


def places(items: list[Item], clock_us: int = LATER) -> set[int]:
    packed = b"".join(item.packed() for item in items)
    found = to_fold(columns(packed), clock_us)
    # what is asked first, at each record, never says otherwise
    assert may_fold(packed, clock_us) == bool(found)
    return found


def test_a_mark_is_found_where_events_stand_and_nowhere_else() -> None:
    """The same eight bytes are the amount of a mark before it."""
    wanted = int.from_bytes(bytes(range(1, 9)), "little")
    others = [Mark(1, 0, wanted, wanted, 0, 0, 0), Mark(2, 0, 1, 1, 0, 0, MONEY)]
    assert mark_of(packed_marks(others), wanted) is None
    assert mark_of(packed_marks([*others, Mark(wanted, 9, 1, 1, 0, 0, MONEY)]), wanted) == Mark(
        wanted, 9, 1, 1, 0, 0, MONEY
    )
    assert mark_of(b"", wanted) is None


def test_closed_items_fold_when_a_lot_of_them_is_old() -> None:
    old = [goods(one, 1, flags=CLOSED) for one in range(1, OLD_LOT + 1)]
    late = START + KEPT_DAYS * DAY_US
    assert places([*old, goods(99, 1)], late + 1) == set(range(OLD_LOT))
    assert places(old, late) == set()
    assert places(old[1:], late + 1) == set()
    assert places([goods(one, 1) for one in range(1, OLD_LOT + 1)], late + 1) == set()


def test_beyond_the_most_the_oldest_closed_go_first() -> None:
    most = MOST_ITEMS + LOT
    items = [goods(one, 1, one, flags=CLOSED if one % 2 else 0) for one in range(1, most + 1)]
    assert places(items[:-1]) == set()
    assert places(items[::-1]) == {most - one for one in range(1, 2 * LOT, 2)}


def test_of_open_ones_each_sender_keeps_its_share() -> None:
    most = MOST_ITEMS + LOT
    flood = [paid(one, 1, one, institution=5) for one in range(1, most)]
    gone = places([goods(999, 1, -9), *flood])
    assert gone == set(range(1, LOT + 1))


def test_of_open_ones_the_largest_stay_and_the_newest_others() -> None:
    """By what is left of them: 90 of 100 dollars are matched, so it is smaller than 50 open ones."""
    most = MOST_ITEMS + LOT
    large = [paid(one, 100 + one, one) for one in range(1, MOST_LARGE + 1)]
    small = [paid(one, 50, one) for one in range(MOST_LARGE + 1, most + 1)]
    assert places([*large, *small]) == set(range(MOST_LARGE, MOST_LARGE + LOT))
    large[4] = paid(5, 100, 5, matched=9_000)
    assert places([*large, *small]) == {4, *range(MOST_LARGE, MOST_LARGE + LOT - 1)}
    # of a thousand one half is left, which is more than most have
    large[4] = paid(5, 1_000, 5, matched=50_000)
    assert places([*large, *small]) == set(range(MOST_LARGE, MOST_LARGE + LOT))


def test_old_closed_ones_go_first_then_closed_then_open_ones_and_no_more_than_is_needed() -> None:
    """20 closed ones are old; what is left beside them counts."""
    old, late = [goods(one, 1, flags=CLOSED) for one in range(1, 21)], START + KEPT_DAYS * DAY_US + 1
    first, most = set(range(20)), MOST_ITEMS + LOT

    def new(closed: int, number: int) -> list[Item]:
        return [goods(one, 1, one, flags=CLOSED if one <= 100 + closed else 0) for one in range(101, 101 + number)]

    assert places([*old, *new(5, most - 1)], late) == first
    assert places([*old, *new(10, most + 8)], late) == first | set(range(20, 30)), "190 are left"
    assert places([*old, *new(100, most + 8)], late) == first | set(range(20, 60)), "160 are left"
    gone = places([*old, *new(0, most)], late)
    assert (gone >= first, len(gone)) == (True, 20 + LOT)


def test_the_largest_of_one_sender_push_out_none_of_anothers() -> None:
    """A bank makes up 191 payments of a billion; another's one of 5 000, older than all, stays."""
    most = MOST_ITEMS + LOT
    flood = [paid(one, 1e9, one, institution=5) for one in range(1, most)]
    gone = places([paid(999, 5_000, -9, institution=6), *flood])
    assert 0 not in gone
    assert len(gone) == LOT


def test_folded_items_leave_sums_and_marks() -> None:
    items = [make(add + one, 1000, one / 100) for make, add in ((goods, 0), (paid, 50)) for one in range(1, 9)]
    book = book_of(*items, clock_us=START + 200 * DAY_US)
    assert book.rows == b""
    assert book.folded[0] == book.folded[MONEY] == FoldedSums(8, 800_000, 800_000)
    assert [one.event for one in marks(book.marks)] == [*range(1, 9), *range(51, 59)]
    totals = book.totals(0)
    assert (totals.came_in, totals.matched, totals.open, totals.items) == (800_000, 0, 0, 0)


def test_what_is_folded_open_is_counted_as_cut() -> None:
    most = MOST_ITEMS + LOT
    book = book_of(*(paid(one, 1000, one / 1000, usd=0 if one == 1 else None) for one in range(1, most + 1)))
    assert len(book.items()) == MOST_ITEMS
    assert book.folded[MONEY] == FoldedSums(LOT, (LOT - 1) * 100_000, 0, LOT, (LOT - 1) * 100_000, 1)
    assert book.totals(MONEY).came_in == (most - 1) * 100_000


def test_an_amended_item_comes_out_of_the_sums_and_stays_matched() -> None:
    items = [make(add + one, 1000, one / 100) for make, add in ((goods, 0), (paid, 50)) for one in range(1, 9)]
    book = book_of(*items, clock_us=START + 200 * DAY_US)
    months = dict(book.months)
    book.put(goods(3, 5000, 3 / 100), SEOUL)
    book.settle(tolerance, LATER)
    assert book.folded[0] == FoldedSums(7, 700_000, 700_000)
    assert 3 not in [one.event for one in marks(book.marks)]
    item = book.find(3)
    assert item is not None
    assert (item.frozen, item.matched, item.left) == (100_000, 100_000, 400_000)
    assert book.totals(0).came_in == 1_200_000
    assert next(iter(book.months.values()))[0] == 1_200_000
    assert months.keys() == book.months.keys()


def test_an_item_matched_with_a_folded_one_stays_matched() -> None:
    many = [paid(one, 1000, -200 + one / 100) for one in range(1, 40)]
    # the goods are too large to be closed by 39 payments of 1 000
    book = book_of(goods(99, 500_000, -200), *many, clock_us=START)
    item = book.find(99)
    assert item is not None
    assert (item.frozen > 0, item.matched) == (True, 3_900_000)
    assert book.totals(0).matched + book.totals(0).folded.matched == 3_900_000
    assert book.totals(MONEY).matched + book.totals(MONEY).folded.matched == 3_900_000


def test_marks_are_bounded_by_kind_and_what_is_beyond_is_told() -> None:
    found = [Mark.of(goods(one, 1)) for one in range(1, MOST_MARKS + 2)] + [Mark.of(paid(500, 1))]
    kept = list(marks(packed_marks(found)))
    assert [one.event for one in kept] == [*range(2, MOST_MARKS + 2), 500]
    book = TradeBook()
    book.folded[0] = FoldedSums(count=MOST_MARKS + 1)
    book.folded[MONEY] = FoldedSums(count=1)
    book.marks = packed_marks(found)
    assert book.has_forgotten(0)
    assert not book.has_forgotten(MONEY)
    assert book.has_mark(500)
    assert not book.has_mark(1)
    assert book.unfold(1, SEOUL) is None


def test_sums_of_a_mark() -> None:
    assert Mark.of(goods(1, 10, usd=20, matched=500, flags=CLOSED)).sums() == FoldedSums(1, 2000, 1000)
    assert Mark.of(goods(1, 10, usd=20, matched=500)).sums() == FoldedSums(1, 2000, 1000, 1, 1000)
    assert Mark.of(goods(1, 0, usd=0)).sums() == FoldedSums(1, 0, 0, 1, 0, 1)
    assert Mark.of(goods(1, 0, usd=0)).flags & RATE_MISSING
    assert FoldedSums(3, 5, 4, 1, 1, 1).added(FoldedSums(1, 2, 3), -1) == FoldedSums(2, 3, 1, 1, 1, 1)


def test_what_stays_matched_when_the_currency_changes() -> None:
    assert carried(400, goods(1, 10), goods(1, 20)) == 400
    assert carried(400, goods(1, 10), goods(1, 2)) == 200
    assert carried(400, goods(1, 10), goods(1, 30, currency="EUR")) == 1200
    assert carried(0, goods(1, 0), goods(1, 30, currency="EUR")) == 0
