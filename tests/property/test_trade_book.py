"""The trade ledger: what came in is matched, open or folded, whatever the order, and a record's cost is bounded."""

import random
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books.trade_book import SIDES, TradeBook
from detectors.books.trade_entries import declare
from detectors.books.trade_folding import LOT, MOST_ITEMS
from detectors.books.trade_items import MONEY, Item, currency_number
from detectors.values.legal_calendar import DAY_US
from tests.support.own_cpu import own_cpu
from tests.support.trade import SEOUL, START, goods, tolerance

# days from before to after a change of the year, and further apart than anything is matched
DAYS = st.integers(-800, 5)
# folding old closed items depends on when they came, by design: what is folded is matched no more
NEVER_OLD = START - 900 * DAY_US
ITEMS = st.lists(
    st.builds(
        lambda dollars, days, counterparty, number, code, flags, currency, usd: goods(
            0,
            dollars,
            days,
            currency,
            usd,
            counterparty=counterparty,
            number=number,
            goods=code,
            flags=flags,
        ),
        st.integers(0, 20).map(lambda one: one * 100),
        DAYS,
        st.integers(1, 2),
        st.integers(0, 3),
        st.sampled_from([0, 111111, 222222]),
        st.integers(0, 3),
        st.sampled_from(["USD", "EUR"]),
        st.sampled_from([None, None, 0, 1234]),
    ),
    max_size=24,
)


def numbered(items: list[Item]) -> list[Item]:
    return [msgspec.structs.replace(item, event=number) for number, item in enumerate(items, 1)]


def book_of(items: list[Item]) -> TradeBook:
    book = TradeBook()
    for item in items:
        declare(book, msgspec.structs.replace(item), SEOUL)
        book.settle(tolerance, NEVER_OLD)
        book = TradeBook(book.packed())
    return book


def told(book: TradeBook) -> object:
    """All that the order must not change."""
    items = sorted((item.event, item.matched, item.flags, item.usd) for item in book.items())
    return [book.totals(side) for side in range(len(SIDES))], sorted(book.months.items()), items, book.doubtful


def require_whole(book: TradeBook) -> None:
    """What came in is matched, open or folded; months hold the same; neither side is matched more than it has."""
    for side in range(len(SIDES)):
        totals = book.totals(side)
        assert totals.came_in == totals.matched + totals.open + totals.folded.usd
    for item in book.items():
        assert 0 <= item.frozen <= item.matched <= item.own


@settings(max_examples=80, deadline=None)
@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(items: list[Item], order: random.Random) -> None:
    items = numbered(items)
    book = book_of(items)
    require_whole(book)
    for side in range(len(SIDES)):
        assert book.totals(side).came_in == sum(item.usd for item in items if item.flags & 3 == side)
    for _ in range(2):
        order.shuffle(items)
        assert told(book_of(items)) == told(book)


@settings(max_examples=80, deadline=None)
@given(ITEMS, st.data())
def test_what_is_taken_out_is_as_if_it_had_never_come(items: list[Item], data: st.DataObject) -> None:
    items = numbered(items)
    gone = [item for item in items if data.draw(st.booleans())]
    book = book_of(items)
    for item in gone:
        book.take_out(item.event, SEOUL)
        book.settle(tolerance, NEVER_OLD)
    assert told(TradeBook(book.packed())) == told(book_of([item for item in items if item not in gone]))


@settings(max_examples=60, deadline=None)
@given(ITEMS, st.data())
def test_chains_of_amendments_end_in_the_last_in_any_order(items: list[Item], data: st.DataObject) -> None:
    """Each declaration is amended up to three times, each time by its newest word."""
    every, last, event = [], [], 1000
    for item in numbered(items):
        chain = [item]
        for _ in range(0 if item.flags & MONEY else data.draw(st.integers(0, 3))):
            event += 1
            own = data.draw(st.integers(0, 300_000))
            chain.append(msgspec.structs.replace(chain[-1], event=event, payment=chain[-1].event, own=own, usd=own))
        every += chain
        last.append(msgspec.structs.replace(chain[-1]))
    shuffled = data.draw(st.permutations(every))
    book = book_of(shuffled)
    assert book.replaced == []
    plain = book_of([msgspec.structs.replace(item, payment=0) for item in last])
    assert [(one.came_in, one.matched, one.open) for one in told(book)[0]] == [  # type: ignore[index]
        (one.came_in, one.matched, one.open)
        for one in told(plain)[0]  # type: ignore[index]
    ]


def test_a_trader_with_very_many_items_is_bounded() -> None:
    """By size and by the cost of each record, of one counterparty in amounts that meet nowhere; nothing is lost.

    100 000 payments cost as much as these: from the first lot that is folded on all is as it was a lot before.
    """
    draw, book, sizes, costs, came_in = random.Random(1), TradeBook(), [], [], 0
    for event in range(1, 20 * LOT + MOST_ITEMS):
        own = draw.randint(100_000, 10_000_000)
        item = goods(event, own / 100, event / 100, flags=MONEY * (event % 2), goods=draw.randint(0, 3) * 111111)
        came_in += own
        with own_cpu() as spent:
            book.put(item, SEOUL)
            book.settle(tolerance, START + event * DAY_US // 100)
            book.changes()
            packed = book.packed()
            book = TradeBook(packed)
        sizes.append(len(packed))
        costs.append(spent.seconds)
        assert len(book.items()) < MOST_ITEMS + LOT
    assert max(sizes) < 32_000
    # 4 ms measured
    assert sorted(costs)[-3] < 0.015
    assert sum(book.totals(side).came_in for side in range(len(SIDES))) == came_in
    require_whole(book)
    assert all(later - earlier < 200 for earlier, later in pairwise(sizes))
    assert currency_number("USD")
