"""Items of the trade ledger: packed and unpacked, currencies, goods, dates."""

from datetime import date

import pytest

from detectors.books.trade_items import (
    CLOSED,
    ROW,
    columns,
    currency_code,
    currency_number,
    day_number,
    goods_number,
    links,
    low_flags,
    place_of,
    unpacked,
    unpacked_at,
)
from tests.support.trade import goods, paid, received


def test_an_item_is_packed_and_unpacked() -> None:
    items = [paid(1, 100, 2, "EUR", 108.5, number=5, goods=850110), goods(2, 50), received(3, 1)]
    packed = b"".join(item.packed() for item in items)
    assert len(packed) == 3 * ROW.itemsize == 3 * 109
    assert unpacked(packed) == items
    assert columns(packed)["usd"].tolist() == [10850, 5000, 100]
    assert columns(packed)["flags"].tolist() == [item.flags for item in items]


def test_parts_of_packed_items_are_read_without_the_rest() -> None:
    items = [paid(1, 100, number=5, flags=2**9 | CLOSED), goods(2**64 - 1, 50, counterparty=2**64 - 2), received(3, 1)]
    packed = b"".join(item.packed() for item in items)
    assert [unpacked_at(packed, place) for place in range(3)] == items
    assert list(links(packed)) == [(item.number, item.counterparty, item.flags) for item in items]
    assert list(low_flags(packed)) == [item.flags & 0xFF for item in items]
    assert list(low_flags(b"")) == []


def test_an_event_is_found_where_events_stand_and_nowhere_else() -> None:
    """The same eight bytes stand in other fields, and across two of them, before the event that is looked for."""
    wanted = int.from_bytes(bytes(range(1, 9)), "little")
    across = goods(7, 1, counterparty=int.from_bytes(bytes([0, 0, 0, 0, 1, 2, 3, 4]), "little"))
    across.account = int.from_bytes(bytes([5, 6, 7, 8, 0, 0, 0, 0]), "little")
    before = [across, paid(8, 1, number=wanted, counterparty=wanted, payment=wanted)]
    packed = b"".join(item.packed() for item in before)
    assert place_of(packed, wanted) is None
    assert place_of(packed + goods(wanted, 1).packed() * 2, wanted) == 2
    assert (place_of(b"", 1), place_of(packed, 7), place_of(packed, 8)) == (None, 0, 1)


def test_an_item_says_what_it_is() -> None:
    item = paid(1, 100, matched=4000)
    assert (item.is_money, item.trade, item.is_open, item.left) == (True, "import", True, 6000)
    assert received(1, 1).trade == "export"
    assert not goods(1, 1).is_money
    assert not goods(1, 1, flags=CLOSED).is_open


def test_worth_is_in_proportion_and_whole_for_the_whole() -> None:
    item = paid(1, 3, currency="EUR", usd=10, matched=100)
    assert (item.worth(100), item.worth(300), item.left_usd) == (333, 1000, 667)
    assert paid(1, 0).worth(0) == 0


def test_due_dates_of_items() -> None:
    assert paid(1, 1).due_date is None
    assert paid(1, 1, due=day_number(date(2026, 5, 4))).due_date == date(2026, 5, 4)
    assert day_number(None) == 0


@pytest.mark.parametrize(("code", "number"), [("AAA", 1), ("ZZZ", 26**3), ("usd", 0), ("US", 0), ("U$D", 0), ("ÉU", 0)])
def test_currency_numbers(code: str, number: int) -> None:
    assert currency_number(code) == number


def test_currency_codes_come_back() -> None:
    assert [currency_code(currency_number(code)) for code in ("KRW", "USD", "AAA", "ZZZ", "??")] == [
        "KRW",
        "USD",
        "AAA",
        "ZZZ",
        "XXX",
    ]


@pytest.mark.parametrize(
    ("code", "number"),
    [("8501101000", 850110), ("850110", 850110), ("85011", 0), (None, 0), ("85O110", 0)],
)
def test_goods_are_the_first_six_digits(code: str | None, number: int) -> None:
    assert goods_number(code) == number
