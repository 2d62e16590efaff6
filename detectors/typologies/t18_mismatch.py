"""T18: a firm pays for goods that its line of business does not have, or a money business outgrows what it declares.

Goods: a payment of a firm is for goods of an HS chapter that neither goes with the industry of its profile
(t18_industries.py), or of an earlier one, nor was among the goods that it dealt in before. The chapter is that of the
declaration that the payment names, where customs saw goods of one chapter, else that of the payment's own HS code. It
fires where such payments of `WINDOW_DAYS` are `odd_goods_payments` and come to `odd_goods_min`, of a firm with
`own_goods_min` payments for goods of its own before the first of them: what a firm deals in from the start is no new
line, whatever its industry says.
Money business: a firm of industry K66, or registered as an exchanger, that deals over an exchanger's counter. It fires
where the last four weeks come to `dealings_min`, to `dealings_multiple` times the median of its own earlier four weeks,
of which `own_blocks_min` are asked for, and to `turnover_share` of the turnover of a year in its profile. A business
that grew and said so does not.

Indicators both: goods may change with the business. Without a profile, an industry that has a row, or a turnover,
nothing fires. Fails where a payment names neither an HS code nor a declaration that came before it, and on goods of a
chapter that goes with the industry.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

import msgspec

from detectors.books.payments import exact_sum, rows_where
from detectors.books.trade_queries import named_goods
from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Profile, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits
from detectors.typologies import firm
from detectors.typologies.base import Change, Context, Finding, Past, slot
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.kept_payments import Kept, added, of_payment, restated, with_parts
from detectors.typologies.t18_industries import chapters_of
from detectors.typologies.t18_memory import BLOCK_DAYS, BLOCK_US, KEPT_DAYS, WINDOW_DAYS, Dealings, Goods
from detectors.typologies.t18_words import (
    NEXT_STEPS,
    SANCTIONS,
    WORDS,
    Growth,
    goods_measured,
    goods_sentences,
    goods_tests,
    growth_measured,
    growth_sentences,
    growth_tests,
)
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain

ID = "T18"
GOODS = ("own_goods_min", "odd_goods_payments", "odd_goods_min", "growth_ratio")
BUSINESS = ("own_blocks_min", "dealings_min", "dealings_multiple", "turnover_share", "growth_ratio")
# Our judgement: at the limits half is doubt, of goods and of growth alike, and it halves with each doubling.
DOUBT, MOST_STRENGTH = 0.5, 0.85
MEMORY_US = 366 * DAY_US
_SUM = LimitKind("USD", "1", "1000000000000")
_COUNT = LimitKind("count", "1", "10000", whole=True)


class Slot(msgspec.Struct, array_like=True):
    """What is remembered of a firm: its goods, or its dealings where it is a money business."""

    goods: Goods = msgspec.field(default_factory=Goods)
    dealings: Dealings = msgspec.field(default_factory=Dealings)


class BusinessMismatch:
    """The rule; see the module."""

    id = ID
    name_en = "Business or route mismatch; operator deviation"
    name_ko = "업종·경로 불일치 및 환전영업자 이상 거래"
    told_apart: tuple[PartyType, ...] = ("person", "bank")
    limits: LimitKinds = MappingProxyType(
        {
            "own_goods_min": _COUNT._replace(ko="비교에 필요한 기존 물품 거래"),
            "odd_goods_payments": _COUNT._replace(ko="업종 외 물품 최소 거래 건수"),
            "odd_goods_min": _SUM._replace(ko="업종 외 물품 최소 거래 합계"),
            "own_blocks_min": LimitKind("count", "1", "12", whole=True, ko="비교에 필요한 과거 4주 구간", counter="개"),
            "dealings_min": _SUM._replace(ko="4주간 최소 거래 합계"),
            "dealings_multiple": LimitKind("ratio", "1", "1000000", ko="과거 4주 중앙값 대비 최소 배수"),
            "turnover_share": LimitKind("ratio", "0.01", "1000", ko="연 매출액 대비 최소 비율"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # what it must remember of a payment is in its own slot; the trade ledger tells what was declared
    wants = Wanted(trade=True)
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """Odd goods, or a money business beyond its size. Cost: 1 us for others; 30 us for either."""
        if ID not in context.slots or not _is_looked_at(context):
            return None
        if _is_dealing(context):
            return _outgrown(context)
        chapter = _chapter(context)
        return None if chapter is None else _odd_goods(context, chapter)

    def learn(self, context: Context) -> None:
        """Keep the goods or the dealing. Cost: 1 us for others; 6 us for either."""
        if not _is_looked_at(context):
            return
        deals = _is_dealing(context)
        chapter = None if deals else _chapter(context)
        if chapter is None and not deals:
            return
        found = slot(context, ID, Slot, None) or Slot()
        if chapter is None:
            found.dealings.add(context.payment.time, context.payment.usd)
        else:
            goods = found.goods
            newest = max([context.payment.time, *(one.time_us for one in goods.odd)])
            goods.age(newest)
            if context.facts is not None and chapters_of(context.facts.industry_code) is not None:
                goods.note(context.facts.industry_code or "")
            if _is_odd(context, goods, chapter):
                goods.before = goods.past
                goods.odd = added(goods.odd, of_payment(context, chapter), newest - KEPT_DAYS * DAY_US)
            else:
                goods.add(chapter)
        context.slots[ID] = msgspec.msgpack.encode(found)

    def restate(self, past: Past) -> None:
        """Odd payments at the amounts of now; what was dealt in a past block stays."""
        found = slot(past, ID, Slot, None)
        if found is not None and found.goods.odd:
            found.goods.odd = restated(past, found.goods.odd)
            past.slots[ID] = msgspec.msgpack.encode(found)

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """Odd payments up to that time, or the dealings of the four weeks around it, in USD cents."""
        if series == "goods":
            return sum(one.usd for one in (slot(past, ID, Slot, None) or Slot()).goods.odd if one.time_us <= at_us)
        rows = past.rows
        return exact_sum(rows["usd"][(rows["time"] > at_us - BLOCK_US) & (rows["time"] <= at_us)])

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether odd payments still come to as much; growth stands, and goods once some may be kept no more."""
        found, day = slot(past, ID, Slot, None) or Slot(), local_date(at_us, past.zone)
        limits = {name: limit for name in GOODS if (limit := past.rulebook.limit(ID, name, day)) is not None}
        newest = max([at_us, *past.rows["time"].tolist()])
        if series != "goods" or len(limits) < len(GOODS) or newest > at_us + (KEPT_DAYS - WINDOW_DAYS) * DAY_US:
            return True
        return bool(_enough(found.goods.window(at_us), limits))

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """The payment not made."""
        if finding.size <= context.payment.usd:
            return []
        changed = context.with_payment(usd=0)
        return [Change(changed, "had this payment not been made", "이 거래가 없었다면")]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction | Profile]]:
        """Garments paid for by a firm that makes garments, then meat."""
        yield "a maker of garments", day.knows(0, "dealer", industry_code="C14")
        own, odd = (min(int(max(day.limit(name), 1)), 20) for name in ("own_goods_min", "odd_goods_payments"))
        given = {"party_type": "company", "evidence": "shown", "purpose": "10101"}
        for number in range(own + odd):
            amount = 100.0 if number < own else max(day.limit("odd_goods_min"), 1.0) / odd * 1.1
            goods = {"hs_code": "610910" if number < own else "020230"}
            yield "goods of a firm", day.paid(number, "dealer", amount, **given | goods)


def _is_looked_at(context: Context) -> bool:
    """Whether the payment is a firm's and may be for goods that are told, or a money business's dealing."""
    event = context.transaction
    if context.payment.usd <= 0 or not firm.is_firm(context):
        return False
    return event.hs_code is not None or event.declaration_no is not None or _is_dealing(context)


def _is_dealing(context: Context) -> bool:
    """Whether a money business deals over an exchanger's counter."""
    return context.transaction.channel == "exchanger" and firm.is_money_business(context.facts)


def _declared(context: Context) -> set[int]:
    """HS chapters of the declaration that the payment names; empty where it names none that customs told."""
    if context.transaction.declaration_no is None:
        return set()
    return {code // 10_000 for code in named_goods(context.ledger, context.payment.event)}


def _chapter(context: Context) -> int | None:
    """The HS chapter of the goods: what customs saw counts before what the payment says. None where neither tells."""
    declared, code = _declared(context), context.transaction.hs_code
    if len(declared) == 1:
        return next(iter(declared))
    return None if code is None else int(code[:2])


def _limits(context: Context, names: tuple[str, ...]) -> Limits | None:
    return context.needed(ID, names)


def _is_odd(context: Context, goods: Goods, chapter: int) -> bool:
    """Whether a chapter goes neither with an industry that the firm is or was registered under nor with its goods."""
    now = None if context.facts is None else chapters_of(context.facts.industry_code)
    if now is None or chapter in now or chapter in goods.seen:
        return False
    return not any(chapter in (chapters_of(industry) or ()) for industry in goods.industries)


def _enough(odd: Sequence[Kept], limits: Limits) -> int:
    """USD cents of odd payments where they satisfy the rule, else 0."""
    total = sum(one.usd for one in odd)
    is_many = len(odd) >= limits["odd_goods_payments"].number
    return total if is_many and total >= limits["odd_goods_min"].cents else 0


def _odd_goods(context: Context, chapter: int) -> Finding | None:
    goods, limits = slot(context, ID, Slot, Slot()).goods, _limits(context, GOODS)
    goods.age(context.payment.time)
    if limits is None or not _is_odd(context, goods, chapter):
        return None
    past = goods.past
    goods.odd = [one for one in goods.odd if one.event != context.payment.event]
    goods.odd.append(of_payment(context, chapter))
    odd = goods.window(context.payment.time)
    total = _enough(odd, limits)
    if not total or past < limits["own_goods_min"].number:
        return None
    line = limits["odd_goods_min"].cents
    english, korean = goods_sentences(context, limits, goods, odd)
    finding = Finding(
        strength=_strength(total / line),
        limits=tuple(limit.shown() for limit in limits.values()),
        measured=goods_measured(goods, odd),
        window=f"odd goods of {WINDOW_DAYS} days",
        offsets=(),
        institutions=(),
        series="goods",
        size=total,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=total,
        value=plain(total),
        unit="USD",
        own_baseline=None,
        own_n=goods.count,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=goods_tests(context, _declared(context)),
    )
    return with_parts(context, finding, odd, line)


def _outgrown(context: Context) -> Finding | None:
    limits, turnover, at_us = _limits(context, BUSINESS), firm.turnover(context), context.payment.time
    if limits is None or turnover is None:
        return None
    usual, blocks = slot(context, ID, Slot, Slot()).dealings.usual(at_us - BLOCK_US)
    time = context.rows["time"]
    rows = rows_where(context.rows, (time > at_us - BLOCK_US) & (time <= at_us) & (context.rows["usd"] > 0))
    total = exact_sum(rows["usd"])
    grown = Growth(total, len(rows), usual, blocks, turnover)
    if blocks < limits["own_blocks_min"].number or total < limits["dealings_min"].cents or not usual:
        return None
    if (
        total * 100 < usual * limits["dealings_multiple"].cents
        or total * 100 < turnover * limits["turnover_share"].cents
    ):
        return None
    english, korean = growth_sentences(limits, grown)
    bank = context.names[context.payment.institution]
    return Finding(
        strength=_strength(total / usual / float(limits["dealings_multiple"].number)),
        limits=tuple(limit.shown() for limit in limits.values()),
        measured=growth_measured(grown),
        window=f"dealings of {BLOCK_DAYS} days",
        offsets=tuple(sorted(rows["offset"].tolist())),
        institutions=tuple(sorted({context.names[each] for each in rows["institution"].tolist()})),
        series="dealings",
        size=total,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=total,
        value=plain(total),
        unit="USD",
        own_baseline=plain(usual),
        own_n=blocks,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        institution=bank,
        tests=growth_tests(context.facts),
    )


def _strength(times: float) -> float:
    return round(min(1.0 - DOUBT / times, MOST_STRENGTH), 4)
