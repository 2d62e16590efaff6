"""Which payments pay for which goods: a pure function of the items, whatever order they came in.

Rules, the surest first; within each the oldest items first, in parts where amounts differ:

1. `number`: the payment names the declaration, whoever the other party is.
2. `goods_amount`, `amount`: of one counterparty, what is left of both differs by no more than the tolerance; first
   where both tell the same goods (six digits of the HS code).
3. `goods`, `oldest`: of one counterparty, the oldest payment pays the oldest goods, each in part.

By 2 and 3 nothing is matched that lies more than two years apart. What is left of an item within the tolerance is a
rest (bank charges, a rounded price): it is matched with nothing further, except by its number. So an item that is as a
whole within the tolerance (USD 500) is closed from the start.
Amounts are compared in their own currency where both have the same, else in US dollars at each event's own time; an
item without a rate is matched in its own currency only.

The matching is not remembered: it follows from the items. So an item that is amended, returned or cancelled gives back
exactly what it was matched with, and all is as if it had never come.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from detectors.books.trade_items import MONEY, TERMS, Item
from detectors.contracts.limits import Rulebook
from detectors.values.legal_calendar import DAY_US, local_date

Rule = Literal["number", "goods_amount", "amount", "goods", "oldest"]
# Contracts of several years are paid in parts; further apart, oldest first would pair what has nothing in common.
LONGEST_APART_US = 730 * DAY_US
# An advance payment pays for goods to come. Banks book some of them days after the goods.
AHEAD_US = 7 * DAY_US
ADVANCE = TERMS.index("advance")
_FULL = 10_000
# up to so many pairs are compared one by one: numpy costs 50 us to begin with
FEW_PAIRS = 64


class Tolerance(NamedTuple):
    """What may be left of an item for it to count as settled: a share of it (of 10 000) or US cents, the larger."""

    share: int
    cents: int


# TYPOLOGIES.md, T06 (D), where the configuration has no limit of its own.
DEFAULT_TOLERANCE = Tolerance(500, 50_000)
_LIMITS = ("tolerance_share", "tolerance_usd")


def tolerance_by(rulebook: Rulebook, zone: ZoneInfo) -> Callable[[int], Tolerance]:
    """The tolerance at an event time (us): the limits `tolerance_share` and `tolerance_usd` on its local day."""

    def at(time_us: int) -> Tolerance:
        found = rulebook.any_named(_LIMITS, local_date(time_us, zone))
        share, usd = (found.get(name) for name in _LIMITS)
        return Tolerance(
            DEFAULT_TOLERANCE.share if share is None else int(share.number * _FULL),
            DEFAULT_TOLERANCE.cents if usd is None else usd.cents,
        )

    return at


class Match(NamedTuple):
    """A payment pays for goods: hundredths of each one's own currency, and by which rule."""

    money: int
    goods: int
    money_own: int
    goods_own: int
    rule: Rule


def allowed(item: Item, tolerance: Tolerance) -> int:
    """What may be left of an item, in hundredths of its own currency."""
    share = item.own * tolerance.share // _FULL
    return max(share, tolerance.cents * item.own // item.usd) if item.usd else share


class _Matching:
    """One matching under way: what is left of each item, and the matches so far, by places in the list of items."""

    def __init__(self, items: Sequence[Item], rest: Sequence[int]) -> None:
        self.items, self.rest = items, rest
        self.left = [item.own - item.frozen for item in items]
        self.taken = [False] * len(items)
        self.found: list[Match] = []

    def since(self, money: int) -> int:
        """The earliest time of goods that a payment may be matched with by other than its number."""
        item = self.items[money]
        return item.time - (AHEAD_US if item.terms == ADVANCE else LONGEST_APART_US)

    def is_open(self, place: int) -> bool:
        return self.left[place] > self.rest[place]

    def has_left(self, place: int, *, named: bool) -> bool:
        """Whether more can be matched of it: all of it by its number, else what exceeds the tolerance."""
        return self.left[place] > (0 if named else self.rest[place])

    def has_worth(self, place: int, *, named: bool) -> bool:
        """The same in US dollars."""
        return self.has_left(place, named=named) and self.items[place].worth(self.left[place]) > 0

    def worth(self, place: int) -> int:
        """What is left, in US cents."""
        return self.items[place].worth(self.left[place])

    def alike(self, money: int, goods: int) -> bool:
        """Whether what is left of both differs by no more than the payment's tolerance, and they are near in time."""
        one, other = self.items[money], self.items[goods]
        if other.time < self.since(money) or other.time > one.time + LONGEST_APART_US:
            return False
        if one.currency == other.currency:
            return abs(self.left[goods] - self.left[money]) <= self.rest[money]
        worth, dollars = self.worth(money), self.worth(goods)
        return worth > 0 and dollars > 0 and abs(dollars - worth) <= one.worth(self.rest[money])

    def pair(self, money: int, goods: int, rule: Rule) -> None:
        """Match as much as both have, in their own currency or by their worth."""
        one, other = self.items[money], self.items[goods]
        if one.currency == other.currency:
            paid = got = min(self.left[money], self.left[goods])
        else:
            has, wants = one.worth(self.left[money]), other.worth(self.left[goods])
            paid, got = self.left[money], self.left[goods]
            if has < wants:
                got = max(has * other.own // other.usd, 1)
            elif wants < has:
                paid = max(wants * one.own // one.usd, 1)
        self.left[money] -= paid
        self.left[goods] -= got
        self.found.append(Match(money, goods, paid, got, rule))


def match(items: Sequence[Item], tolerance: Tolerance, rest: Sequence[int] | None = None) -> list[Match]:
    """Match items of one direction; `Match.money` and `.goods` are places in `items`, which must be `in_order`.

    `rest`: what may be left of each (`allowed`), where it is known already. Cost: 3 us an item, and up to 4 ms for 576
    of one counterparty.
    """
    numbered, sellers = _goods(items)
    payers: dict[int, list[int]] = {}
    buyers: dict[int, list[int]] = {}
    for place, item in enumerate(items) if sellers else ():
        if item.flags & MONEY:
            if item.number in numbered:
                payers.setdefault(item.number, []).append(place)
            if item.counterparty in sellers:
                buyers.setdefault(item.counterparty, []).append(place)
    if not payers and not buyers:
        return []
    work = _Matching(items, [allowed(item, tolerance) for item in items] if rest is None else rest)
    for number, theirs in numbered.items():
        if number in payers:
            _pay(work, payers[number], theirs, "number")
    for counterparty, own in buyers.items():
        _by_amount(work, own, sellers[counterparty])
        _by_age(work, own, sellers[counterparty])
    return work.found


def _goods(items: Sequence[Item]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Places of goods by their number, where they have one, and by their counterparty."""
    numbered: dict[int, list[int]] = {}
    sellers: dict[int, list[int]] = {}
    for place, item in enumerate(items):
        if not item.flags & MONEY:
            sellers.setdefault(item.counterparty, []).append(place)
            if item.number:
                numbered.setdefault(item.number, []).append(place)
    return numbered, sellers


def in_order(items: Iterable[Item]) -> list[Item]:
    """Items oldest first, of one moment by their hashes: the same order whatever order they came in."""
    return sorted(items, key=lambda item: (item.time, item.event))


def _groups(places: Iterable[int], key: Callable[[int], int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place in places:
        found.setdefault(key(place), []).append(place)
    return found


def _pay(work: _Matching, money: Sequence[int], goods: Sequence[int], rule: Rule) -> None:
    """The oldest payment pays the oldest goods, and so on: in one currency first, then by worth in US dollars."""
    if not money or not goods:
        return
    currency = work.items[money[0]].currency
    if all(work.items[place].currency == currency for place in (*money, *goods)):
        _in_turn(work, money, goods, rule, cross=False)
        return
    sellers = _groups(goods, lambda place: work.items[place].currency)
    for currency, own in _groups(money, lambda place: work.items[place].currency).items():
        _in_turn(work, own, sellers.get(currency, ()), rule, cross=False)
    if len(sellers) > 1 or work.items[money[0]].currency not in sellers:
        _in_turn(work, money, goods, rule, cross=True)


def _in_turn(work: _Matching, money: Sequence[int], goods: Sequence[int], rule: Rule, *, cross: bool) -> None:
    """One pass through both. Those too far apart in time are not paired, but by number."""
    items, named, turn = work.items, rule == "number", 0
    usable = work.has_worth if cross else work.has_left
    for payer in money:
        since, until = (0, 0) if named else (work.since(payer), items[payer].time + LONGEST_APART_US)
        place = turn
        while place < len(goods) and usable(payer, named=named):
            seller = goods[place]
            if until and items[seller].time > until:
                break
            if not (until and items[seller].time < since) and usable(seller, named=named):
                work.pair(payer, seller, rule)
            if not usable(seller, named=named):
                turn += place == turn
                place += 1
            elif until and items[seller].time < since:
                place += 1


def _by_amount(work: _Matching, money: Sequence[int], goods: Sequence[int]) -> None:
    """Each payment with the oldest goods of about its amount: of the same goods first, then whatever they are."""
    money, goods = [one for one in money if work.is_open(one)], [one for one in goods if work.is_open(one)]
    if not money or not goods:
        return
    if len(money) * len(goods) <= FEW_PAIRS:
        fits = [[work.alike(payer, seller) for seller in goods] for payer in money]
        _choose(work, money, goods, fits, "goods_amount")
        _choose(work, money, goods, fits, "amount")
        return
    near = _near(work, money, goods)
    code = np.array([work.items[one].goods for one in goods])
    free = np.ones(len(goods), np.bool_)
    for rule in ("goods_amount", "amount"):
        for number in np.flatnonzero(near.any(axis=1)).tolist():
            payer = money[number]
            if not work.is_open(payer):
                continue
            fits = near[number] & free
            if rule == "goods_amount":
                fits &= (code == work.items[payer].goods) & (code > 0)
            place = int(fits.argmax())
            if fits[place]:
                free[place] = False
                work.pair(payer, goods[place], rule)


def _choose(
    work: _Matching, money: Sequence[int], goods: Sequence[int], fits: Sequence[Sequence[bool]], rule: Rule
) -> None:
    items = work.items
    for payer, near in zip(money, fits, strict=True):
        for seller, fit in zip(goods, near, strict=True):
            if fit and work.is_open(payer) and not work.taken[seller]:
                code = items[payer].goods
                if rule == "amount" or (code and code == items[seller].goods):
                    work.taken[seller] = True
                    work.pair(payer, seller, rule)
                    break


def _near(work: _Matching, money: Sequence[int], goods: Sequence[int]) -> npt.NDArray[Any]:
    """The same for many: payments by goods, whether their amounts are alike and they are near in time."""
    items, left = work.items, work.left

    def column(places: Sequence[int], value: Callable[[int], int]) -> npt.NDArray[Any]:
        return np.array([value(one) for one in places], np.int64)

    payers, sellers = column(money, lambda one: items[one].time), column(goods, lambda one: items[one].time)
    since = column(money, work.since)[:, None]
    near: npt.NDArray[Any] = (sellers >= since) & (sellers <= payers[:, None] + LONGEST_APART_US)
    pays, wants = column(money, lambda one: items[one].currency), column(goods, lambda one: items[one].currency)
    own = np.abs(column(goods, left.__getitem__) - column(money, left.__getitem__)[:, None])
    alike = own <= column(money, work.rest.__getitem__)[:, None]
    if pays.min() == pays.max() == wants.min() == wants.max():
        near &= alike
        return near
    worth, dollars = column(money, work.worth), column(goods, work.worth)
    rest = column(money, lambda one: items[one].worth(work.rest[one]))
    by_worth = (np.abs(dollars - worth[:, None]) <= rest[:, None]) & (dollars > 0) & (worth > 0)[:, None]
    near &= np.where(wants == pays[:, None], alike, by_worth)
    return near


def _by_age(work: _Matching, money: Sequence[int], goods: Sequence[int]) -> None:
    """What is left, oldest first: of the same goods, then whatever they are."""
    money, goods = [one for one in money if work.is_open(one)], [one for one in goods if work.is_open(one)]
    if not money or not goods:
        return
    sellers = _groups(goods, lambda place: work.items[place].goods)
    payers = _groups(money, lambda place: work.items[place].goods)
    for code, own in payers.items():
        if code:
            _pay(work, own, sellers.get(code, ()), "goods")
    _pay(work, [one for one in money if work.is_open(one)], [one for one in goods if work.is_open(one)], "oldest")
