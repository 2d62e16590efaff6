"""Which payments pay for which goods."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from detectors.books import trade_matching
from detectors.books.trade_items import TERMS, Item
from detectors.books.trade_matching import (
    DEFAULT_TOLERANCE,
    LONGEST_APART_US,
    Tolerance,
    allowed,
    in_order,
    match,
    tolerance_by,
)
from detectors.values.legal_calendar import DAY_US
from tests.support.trade import SEOUL, START, goods, paid

Found = list[tuple[int, int, float, float, str]]


def matched(*items: Item, limit: Tolerance = DEFAULT_TOLERANCE) -> Found:
    """(payment's event, goods' event, paid, got, rule)."""
    ordered = in_order(items)
    return [
        (ordered[one.money].event, ordered[one.goods].event, one.money_own / 100, one.goods_own / 100, one.rule)
        for one in match(ordered, limit)
    ]


def test_the_number_of_the_declaration_comes_first_whoever_is_paid() -> None:
    found = matched(
        goods(1, 1000, number=5), goods(2, 1000, 1), paid(3, 1000, 2, number=5, counterparty=9), paid(4, 1000, 3)
    )
    assert found == [(3, 1, 1000, 1000, "number"), (4, 2, 1000, 1000, "amount")]


def test_by_the_number_all_is_matched_though_it_is_within_the_tolerance() -> None:
    found = matched(goods(1, 10_000, number=5), paid(2, 9_900, number=5), paid(3, 100, 1, number=5))
    assert found == [(2, 1, 9_900, 9_900, "number"), (3, 1, 100, 100, "number")]


def test_a_number_of_one_side_alone_is_none() -> None:
    assert matched(goods(1, 1000, number=5, counterparty=1), paid(2, 1000, number=6, counterparty=2)) == []
    assert matched(goods(1, 1000, counterparty=1), paid(2, 1000, counterparty=2)) == []


def test_about_the_amount_comes_before_the_oldest() -> None:
    found = matched(goods(1, 70_000), goods(2, 50_000, 1), paid(3, 51_000, 2))
    assert found == [(3, 2, 50_000, 50_000, "amount")]


def test_of_two_alike_the_same_goods_come_first() -> None:
    found = matched(goods(1, 50_000, goods=111111), goods(2, 50_000, 1, goods=222222), paid(3, 50_000, 2, goods=222222))
    assert found == [(3, 2, 50_000, 50_000, "goods_amount")]


def test_what_is_left_is_paid_oldest_first_in_parts() -> None:
    found = matched(goods(1, 70_000), goods(2, 50_000, 1), paid(3, 100_000, 2))
    assert found == [(3, 1, 70_000, 70_000, "oldest"), (3, 2, 30_000, 30_000, "oldest")]


def test_oldest_first_pays_the_same_goods_first() -> None:
    found = matched(goods(1, 70_000, goods=111111), goods(2, 80_000, 1, goods=222222), paid(3, 20_000, 2, goods=222222))
    assert found == [(3, 2, 20_000, 20_000, "goods")]


def test_a_rest_within_the_tolerance_pays_nothing_else() -> None:
    found = matched(goods(1, 50_000), goods(2, 400, 1), paid(3, 50_400, 2))
    assert found == [(3, 1, 50_000, 50_000, "amount")]


def test_currencies_meet_by_their_worth() -> None:
    found = matched(goods(1, 100_000, currency="EUR", usd=110_000), paid(2, 55_000))
    assert found == [(2, 1, 55_000, 50_000, "oldest")]
    found = matched(goods(1, 100_000, currency="EUR", usd=110_000), paid(2, 108_000))
    assert found == [(2, 1, 108_000, 98_181.81, "amount")]


def test_an_item_without_a_rate_is_matched_in_its_own_currency_only() -> None:
    assert matched(goods(1, 1000, currency="EUR", usd=0), paid(2, 1000)) == []
    found = matched(goods(1, 1000, currency="EUR", usd=0), paid(2, 1000, currency="EUR", usd=0))
    assert found == [(2, 1, 1000, 1000, "amount")]


def test_nothing_further_apart_than_two_years_is_matched_but_by_its_number() -> None:
    years = LONGEST_APART_US / DAY_US
    assert matched(goods(1, 1000), paid(2, 1000, years)) == [(2, 1, 1000, 1000, "amount")]
    assert matched(goods(1, 1000), paid(2, 1000, years + 1)) == []
    assert matched(paid(2, 9000), goods(1, 99_000, years + 1)) == []
    assert [one[4] for one in matched(goods(1, 1000, number=4), paid(2, 1000, years + 1, number=4))] == ["number"]
    # a payment too far from the first goods finds the next ones
    assert matched(goods(1, 70_000), goods(3, 50_000, 9), paid(2, 20_000, years + 1)) == [
        (2, 3, 20_000, 20_000, "oldest")
    ]


def test_few_and_many_pairs_are_compared_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [goods(one, 1000 * (one % 7 + 1), one, goods=111111 * (one % 3)) for one in range(1, 13)]
    items += [
        paid(one + 50, 1010 * (one % 5 + 2), one + 3, currency=code, usd=1010 * (one % 5 + 2), goods=111111 * (one % 2))
        for one, code in zip(range(1, 13), ("USD", "EUR", "USD") * 4, strict=True)
    ]
    many = matched(*items)
    monkeypatch.setattr(trade_matching, "FEW_PAIRS", 10**6)
    assert matched(*items) == many
    assert {one[4] for one in many} >= {"goods_amount", "amount", "oldest"}


def test_of_one_moment_the_order_is_that_of_the_events() -> None:
    assert [item.event for item in in_order([paid(3, 1), goods(1, 1), paid(2, 1, -1)])] == [2, 1, 3]


def test_the_tolerance_is_a_share_or_dollars_whichever_is_more() -> None:
    assert allowed(goods(1, 100_000), DEFAULT_TOLERANCE) == 500_000
    assert allowed(goods(1, 1_000), DEFAULT_TOLERANCE) == 50_000
    # USD 500 of 1 100 dollars a 1 000 euros
    assert allowed(goods(1, 1_000, currency="EUR", usd=1_100), DEFAULT_TOLERANCE) == 45_454
    assert allowed(goods(1, 1_000, currency="EUR", usd=0), DEFAULT_TOLERANCE) == 5_000


def test_without_one_side_nothing_is_matched() -> None:
    assert match([paid(1, 5)], DEFAULT_TOLERANCE) == []
    assert match([goods(1, 5)], DEFAULT_TOLERANCE) == []


@dataclass
class _Limit:
    number: Decimal

    @property
    def cents(self) -> int:
        return int(self.number * 100)


class _Rules:
    def any_named(self, names: tuple[str, ...], day: date) -> Any:
        found = {"tolerance_share": "0.1", "tolerance_usd": "20"}
        return {name: _Limit(Decimal(found[name])) for name in names} if day >= date(2026, 3, 3) else {}


def test_the_tolerance_is_the_limit_of_the_local_day() -> None:
    at = tolerance_by(_Rules(), SEOUL)  # type: ignore[arg-type]
    assert at(START) == DEFAULT_TOLERANCE == Tolerance(500, 50_000)
    # 15 hours after 09:00 the local day ends
    assert at(START + 15 * 3_600_000_000 - 1) == DEFAULT_TOLERANCE
    assert at(START + 15 * 3_600_000_000) == Tolerance(1000, 2_000)


def test_an_advance_payment_takes_no_goods_of_more_than_a_week_before_it_but_by_number() -> None:
    """It pays for goods to come; banks book some days after the goods."""
    advance = TERMS.index("advance")

    def taken(days: float, amount: float, **fields: Any) -> bool:
        older = goods(1, amount, 0, **fields)
        return bool(trade_matching.match([older, paid(2, 5000, days, terms=advance, **fields)], DEFAULT_TOLERANCE))

    for amount in (5000, 9000):
        assert taken(7, amount)
        assert not taken(7.01, amount)
        assert taken(7.01, amount, number=4)
    sight = paid(2, 5000, 30, terms=TERMS.index("sight"))
    assert trade_matching.match([goods(1, 9000), sight], DEFAULT_TOLERANCE)


def test_an_advance_payment_leaves_older_goods_to_a_payment_after_it() -> None:
    """The younger goods are its own; the payment at sight has the older ones."""
    advance, sight = paid(3, 5000, 20, terms=TERMS.index("advance")), paid(4, 9000, 40)
    items = [goods(1, 9500, 0), advance, goods(2, 7000, 30), sight]
    pairs = {(items[one.money].event, items[one.goods].event) for one in trade_matching.match(items, DEFAULT_TOLERANCE)}
    assert (3, 2) in pairs
    assert (3, 1) not in pairs
    assert (4, 1) in pairs


def test_among_many_an_advance_payment_takes_no_older_goods_either() -> None:
    """The comparison of columns agrees with that of pairs."""
    advance = TERMS.index("advance")
    items = [goods(number, 5000 + 900 * number, 0) for number in range(1, 13)]
    items += [paid(100 + number, 5000 + 900 * number, 20, terms=advance) for number in range(1, 13)]
    assert trade_matching.match(items, DEFAULT_TOLERANCE) == []
