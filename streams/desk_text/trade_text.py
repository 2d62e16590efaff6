"""A party's trade ledger as tables and as JSON: totals, open items with age and reason, matches, months."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detectors.books.trade_book import SIDES
from detectors.books.trade_items import currency_code
from detectors.books.trade_matching import tolerance_by
from detectors.books.trade_told import open_now
from detectors.contracts.limits import Rulebook
from detectors.contracts.open_items import OpenItem
from detectors.values.money import plain
from streams.alert_text import korean
from streams.alert_text.alert_text import local_time, number
from streams.desk.trade_history import TradeHistory
from streams.desk_text.trade_words import TradeWords


class Matched(NamedTuple):
    """A payment pays for goods: ledger positions, how much of each in its currency, by which rule."""

    payment: int
    goods: int
    paid: str
    got: str
    rule: str


def open_items(history: TradeHistory, token: str) -> list[OpenItem]:
    """Its open items, the oldest first, with their age at the newest of the party's events."""
    return open_now(history.book, token, history.state.partition, history.state.watermark_us or 0)


def matched(history: TradeHistory, rulebook: Rulebook, zone: ZoneInfo) -> list[Matched]:
    """What is matched with what, of items still kept one by one, in the order of ledger positions."""
    found = []
    for side in (0, 2):
        for money, goods, one in history.book.matches(side, tolerance_by(rulebook, zone)):
            paid = f"{plain(one.money_own)} {currency_code(money.currency)}"
            got = f"{plain(one.goods_own)} {currency_code(goods.currency)}"
            found.append(Matched(money.offset, goods.offset, paid, got, one.rule))
    return sorted(found)


def trade_json(token: str, history: TradeHistory, rulebook: Rulebook, zone: ZoneInfo) -> dict[str, Any]:
    """Everything as one JSON object; amounts are decimal strings."""
    book = history.book
    totals = {}
    for side, name in enumerate(SIDES):
        one = book.totals(side)
        totals[name.replace(" ", "_")] = {
            "came_in_usd": plain(one.came_in),
            "matched_usd": plain(one.matched + one.folded.matched),
            "open_items": one.open_items,
            "cut_items": one.folded.cut,
            "unvalued_items": one.unvalued,
        }
    names = [name.replace(" ", "_") for name in SIDES]
    return {
        "party": token,
        "partition": history.state.partition,
        "totals": totals,
        "open": [msgspec.to_builtins(one) for one in open_items(history, token)],
        "matched": [one._asdict() for one in matched(history, rulebook, zone)],
        "months": [
            {"month": _month(month), **dict(zip(names, map(plain, sums), strict=True))}
            for month, sums in sorted(book.months.items())
        ],
        "doubtful": book.doubtful,
        "unusable_records": history.unusable,
    }


def total_rows(history: TradeHistory, words: TradeWords) -> Iterator[Sequence[str]]:
    """The table of totals: a row a side that has anything."""
    for side, name in enumerate(SIDES):
        one = history.book.totals(side)
        if one.items or one.folded.count:
            done = one.matched + one.folded.matched
            counts = (f"{count:,}" for count in (one.open_items, one.folded.cut, one.unvalued))
            yield [words.sides[name], *map(_usd, (one.came_in, done, one.came_in - done)), *counts]


def item_rows(items: Sequence[OpenItem], zone: ZoneInfo, words: TradeWords) -> Iterator[Sequence[str]]:
    """The table of open items."""
    for one in items:
        yield [
            words.sides[f"{one.trade} {one.side}"],
            korean.short_moment(one.time, zone) if words.language == "ko" else local_time(one.time, zone),
            "" if one.due is None else one.due.isoformat(),
            str(one.age_days),
            number(one.left, one.currency, lang=words.language),
            number(one.amount),
            "" if one.left_usd is None else number(one.left_usd),
            words.reasons[one.reason],
            f"{one.position.partition}:{one.position.offset}",
        ]


def match_rows(found: Sequence[Matched], partition: int, words: TradeWords) -> Iterator[Sequence[str]]:
    """The table of matches; ledger positions as `ledger show` takes them."""
    for one in found:
        amounts = (number(*told.split(), lang=words.language) for told in (one.paid, one.got))
        yield [f"{partition}:{one.payment}", f"{partition}:{one.goods}", *amounts, words.rules[one.rule]]


def month_rows(history: TradeHistory) -> Iterator[Sequence[str]]:
    """The table of months, the oldest first."""
    for month, sums in sorted(history.book.months.items()):
        yield [_month(month), *map(_usd, sums)]


def _usd(cents: int) -> str:
    """An amount in a column of USD, its thousands separated as everywhere."""
    return number(plain(cents))


def _month(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
