"""T16: a deal rate away from the market, which moves value through the price of a currency.

The deal rate is compared with the reference rate in force at the event's own time. It fires when the gap exceeds both
`deviation_min` and `spread_multiple` times the normal spread of the pair's deals by that channel, learned over all
deals of the partition by bounded steps. Where the reference is older than an hour and other institutions' deals say
what the market is now, the deal must be as far from these too (t16_market.py). A gap that keeps its sign over 30 local
days of the party is stronger than a single one.

What may teach the normal spread: a deal of at least `amount_min` (a smaller one can never alert), and the first deal of
a party and pair in a local day, so that one party's many deals count as one. However it was taught, the normal spread
counts for at most `spread_cap`. Failure prevented: 700 deals of one dollar widened it until nothing fired at 20 % off.
Fails where the reference is a daily fixing, the market moved far within the day, and fewer than three other
institutions dealt within the hour; the normal spread then widens, up to the cap.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import msgspec

from detectors.books.party import token_number
from detectors.books.wanted import Wanted
from detectors.contracts.alert import Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits
from detectors.typologies.base import Change, Context, Deal, Finding, Past, largest_others, slot
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.t16_deals import Away, by_institution, largest, moved_by, repeats_of
from detectors.typologies.t16_market import Market, Spread, is_stale, keep_deal, market_of, spread_of, teach_spread
from detectors.typologies.t16_sentences import OwnDeals, sentences
from detectors.typologies.t16_words import NEXT_STEPS, SANCTIONS, WORDS, law_tests
from detectors.values import money
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.market_gap import CENTIBP, WHOLE, deviation_of
from detectors.values.money import plain

ID = "T16"
# shared: pair and institution -> deals that taught today; "" -> the day
TAUGHT = "T16 taught"
# the event-time lateness that daily sums must outlast beside the 30 days of the mean
KEPT_DAYS = 70
_NEEDED = ("deviation_min", "spread_multiple", "amount_min", "mean_window", "growth_ratio")
CAP = "spread_cap"
_ASKED = (*_NEEDED, CAP)
# What a configuration of before `spread_cap` has instead: 2 % for a normal spread, so 10 % for the limit. Cash costs
# 1 to 2 % at Korean banks; rarer notes cost more.
CAP_CENTIBP = 20_000
# Deals of one institution that teach a pair in a local day. At the slowest step these move the normal spread by at most
# a fifth a day, in a direction that other institutions contradict. All institutions without a share of their own
# (shares.py) are one. Failure prevented: each of a hundred made-up names taught its fifty.
MOST_TAUGHT = 50
# Pairs that an institution teaches in a day, and such pairs of all together; names come from senders, so they must not
# grow memory for ever. Failure prevented: one sender's made-up names or pairs took all places, and nobody taught.
MOST_PAIRS = 64
MOST_TEACHERS = 16_384


# local day ordinal -> deals, sum of deviations; and what was off the market
_Slot = tuple[dict[int, tuple[int, int]], list[Away]]


class OffMarketRate:
    """The rule; see the module."""

    id = ID
    name_en = "Off-market exchange rate"
    name_ko = "시장환율 이탈 거래"
    told_apart: tuple[PartyType, ...] = ()
    limits: LimitKinds = MappingProxyType(
        {
            "deviation_min": LimitKind("bp", "0.01", "1000000", ko="최소 괴리 폭"),
            "spread_multiple": LimitKind("ratio", "0", "1000000", ko="통상 괴리 폭의 배수"),
            CAP: LimitKind("bp", "0", "1000000", needed=False, ko="통상 괴리 폭의 상한"),
            "amount_min": LimitKind("USD", "0", "1000000000000", ko="최소 거래 금액"),
            "mean_window": LimitKind("days", "1", "3660", whole=True, ko="평균 산정 기간"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # what it must remember of a deal is in its own slot
    wants = Wanted()
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The deal of this payment, when it is off the market. Cost: 3 us unless it fires."""
        deal = context.deal
        limits = None if deal is None else _off_market(context, deal)
        if deal is None or limits is None:
            return None
        return _finding(context, deal, limits, _threshold(context, deal, limits))

    def learn(self, context: Context) -> None:
        """Take the deal into the pair's normal spread, and into the party's daily sums and off-market deals."""
        deal, least = context.deal, context.limit(ID, "amount_min")
        if deal is None or least is None or context.payment.usd < least.cents:
            return
        days, deals = _unpacked(context)
        today = context.day.toordinal()
        count, total = days.get(today, (0, 0))
        days[today] = (count + 1, total + deal.deviation)
        newest = max(days)
        # they are kept in order, so that nothing is to be done where the newest is the last and the first is kept
        if newest != today or next(iter(days)) <= newest - KEPT_DAYS:
            days = {each: days[each] for each in sorted(days) if each > newest - KEPT_DAYS}
        if _off_market(context, deal) is not None:
            now = Away(
                context.payment.time,
                context.payment.offset,
                context.payment.event,
                moved_by(context.payment.usd, deal.deviation),
                deal.pair,
                context.transaction.deal_rate or "",
                token_number(context.sender),
            )
            deals = largest([*deals, now])
        context.slots[ID] = msgspec.msgpack.encode((days, deals))
        if not count and _may_teach(context, deal, today):
            teach_spread(context, deal)
        if deal.pair in context.shared.get(ID, {}):
            keep_deal(context, deal)

    def restate(self, past: Past) -> None:
        """What each deal moved by the amounts and rates of now; the ones that are off no more go.

        The daily sums of deviations stay as they were: single deals within the limit are not kept.
        """
        days, deals = slot(past, ID, _Slot, ({}, []))
        if deals:
            usd = dict(zip(past.rows["event"].tolist(), past.rows["usd"].tolist(), strict=True))
            left = [again for one in deals if (again := _restated(past, one, usd.get(one.event))) is not None]
            past.slots[ID] = msgspec.msgpack.encode((days, left))

    def standing(self, past: Past, series: str, at_us: int) -> int:  # noqa: ARG002 - all pairs count as repetitions
        """What all deals up to that time moved."""
        return sum(one.moved for one in slot(past, ID, _Slot, ({}, []))[1] if one.time_us <= at_us)

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether a deal of that pair, within the mean's window of the alert, is still off the market.

        A later one too: while the alert stood, it was no news of its own.
        """
        window = past.rulebook.limit(ID, "mean_window", local_date(at_us, past.zone))
        width, pair = None if window is None else int(window.number) * DAY_US, series.partition(" ")[0]
        left = slot(past, ID, _Slot, ({}, []))[1]
        return width is None or any(one.pair == pair and at_us - width < one.time_us <= at_us + width for one in left)

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002
        """The rate nearest the reference's side that is still within the limit."""
        deal = context.deal
        limits = _limits(context)
        if deal is None:
            return []
        allowed, market = _threshold(context, deal, limits), _market_now(context, deal)
        moved = 0 if market is None else market.centibp
        # within the limit of the reference, or of the market where that has moved the same way
        edge = max(allowed, moved + allowed) if deal.deviation > 0 else min(-allowed, moved - allowed)
        rate = Fraction(*deal.reference) * Fraction(WHOLE + edge, WHOLE)
        shown = f"{float(rate):.6g}"
        changed = msgspec.structs.replace(context, deal=deal._replace(deviation=edge))
        sign, sign_ko, had_ko = ("or less", "이하", "였다면") if edge > 0 else ("or more", "이상", "이었다면")
        return [
            Change(
                changed,
                f"had the deal rate been {shown} {sign} ({edge / CENTIBP:+.0f} bp)",
                f"거래환율이 {shown} {sign_ko}({edge / CENTIBP:+.0f}bp){had_ko}",
            )
        ]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """Deals near the reference of 1 400, above and below it, and at rates that nobody can mean."""
        sold = {"party_type": "company", "settled_currency": "KRW"}
        for number, rate in enumerate(("1401", "1700", "900", "0.000001", "1000000000000000")):
            amount = max(day.limit("amount_min"), 1.0) * 2
            yield "an off-market deal", day.paid(number, "trader", amount, deal_rate=rate, **sold)


def _off_market(context: Context, deal: Deal) -> Limits | None:
    """The limits in force when the deal is off the market by them, else None; most end at the first comparison."""
    least = context.limit(ID, "deviation_min")
    if least is None or abs(deal.deviation) <= least.cents:
        return None
    limits = _limits(context)
    if any(name not in limits for name in _NEEDED) or context.payment.usd < limits["amount_min"].cents:
        return None
    threshold = _threshold(context, deal, limits)
    if abs(deal.deviation) <= threshold:
        return None
    market = _market_now(context, deal)
    return limits if market is None or _beyond(deal, market, threshold) else None


def _market_now(context: Context, deal: Deal) -> Market | None:
    """What the market is now by other institutions, where the reference is too old to say it."""
    market = market_of(context, deal)
    return market if market is not None and is_stale(context, deal) else None


def _beyond(deal: Deal, market: Market, threshold: int) -> bool:
    """Whether the deal is beyond the limit from the market too, on the side of the reference that it is on."""
    gap = deal.deviation - market.centibp
    return gap > threshold if deal.deviation > 0 else gap < -threshold


def _limits(context: Context) -> Limits:
    """The limits in force, in the order in which an alert shows them."""
    return context.rulebook.named(ID, _ASKED, context.day)


def _may_teach(context: Context, deal: Deal, today: int) -> bool:
    """Whether the institution may teach this pair once more today; today is the newest local day that ever taught."""
    taught = context.shared.setdefault(TAUGHT, {"": [0.0]})
    if today > taught[""][0]:
        taught.clear()
        taught[""] = [float(today)]
    name = f"{deal.pair} {context.sender}"
    if name not in taught:
        pairs = taught.setdefault(f" {context.sender}", [0.0])
        if pairs[0] >= MOST_PAIRS or len(taught) > MOST_TEACHERS:
            return False
        pairs[0] += 1.0
    count = taught.setdefault(name, [0.0])
    count[0] += 1.0
    return count[0] <= MOST_TAUGHT


def _unpacked(context: Context) -> Any:
    return slot(context, ID, _Slot, ({}, []))


def _spread(context: Context, deal: Deal) -> Spread:
    """The normal spread of the channel or the pair, at most the cap."""
    spread, cap = spread_of(context, deal), context.limit(ID, CAP)
    return spread._replace(centibp=min(spread.centibp, float(CAP_CENTIBP if cap is None else cap.cents)))


def _threshold(context: Context, deal: Deal, limits: Limits) -> int:
    wide = int(float(limits["spread_multiple"].number) * _spread(context, deal).centibp)
    return max(int(limits["deviation_min"].number * CENTIBP), wide)


def _restated(past: Past, one: Away, usd: int | None) -> Away | None:
    """The deal as it is now; as it was where its payment or its reference are not kept, None where it is none."""
    if usd is None:
        return one
    reference = past.reference(one.pair, one.time_us, one.offset)
    least = past.rulebook.limit(ID, "deviation_min", local_date(one.time_us, past.zone))
    if reference is None or least is None or not one.rate:
        return one if usd else None
    deviation = deviation_of(money.parse(one.rate), reference)
    if not usd or abs(deviation) <= least.cents:
        return None
    return msgspec.structs.replace(one, moved=moved_by(usd, deviation))


def _others(market: Market | None) -> tuple[Measured, ...]:
    """What other institutions dealt at within the hour before, where enough did."""
    if market is None:
        return ()
    return (
        Measured(name="others_deviation", value=round(market.centibp / CENTIBP, 2), unit="bp"),
        Measured(name="other_institutions", value=market.institutions, unit="count"),
    )


def _finding(context: Context, deal: Deal, limits: Limits, threshold: int) -> Finding:
    days, deals = _unpacked(context)
    last, width = context.day.toordinal(), int(limits["mean_window"].number)
    recent = [days[each] for each in sorted(days) if last - width < each <= last]
    own_n = sum(count for count, _ in recent)
    mean = Fraction(sum(total for _, total in recent) + deal.deviation, own_n + 1)
    repeats = repeats_of(context, deals, context.payment.time - width * DAY_US)
    moved = moved_by(context.payment.usd, deal.deviation)
    moved_all = moved + sum(each.deal.moved for each in repeats)
    bank = context.names[context.payment.institution]
    parts = by_institution(repeats)
    parts[bank] = parts.get(bank, 0) + moved
    beyond = abs(deal.deviation) / threshold
    persistent = mean * deal.deviation > 0 and abs(mean) > threshold // 2 and bool(repeats)
    # 1 x the limit -> 0.5, 2 x -> 0.75 ...; a persistent sign halves the remaining doubt
    doubt = 0.5**beyond * (0.5 if persistent else 1.0)
    own = None if not own_n else round(float(Fraction(sum(total for _, total in recent), own_n * CENTIBP)), 1)
    spread, market = _spread(context, deal), market_of(context, deal)
    past = OwnDeals(width, own, own_n, len(repeats), moved_all)
    english, korean = sentences(context, deal, limits, spread, market, past)
    return Finding(
        strength=round(min(1.0 - doubt, 0.99), 4),
        limits=tuple(each.shown() for each in limits.values()),
        window=f"this deal; mean of {width} local days",
        measured=(
            Measured(name="deviation", value=round(deal.deviation / CENTIBP, 2), unit="bp"),
            Measured(name="limit_in_force", value=round(threshold / CENTIBP, 2), unit="bp"),
            Measured(name="deal_rate", value=f"{float(Fraction(*deal.rate)):.8g}", unit=deal.pair),
            Measured(name="reference_rate", value=f"{float(Fraction(*deal.reference)):.8g}", unit=deal.pair),
            Measured(name="value_moved", value=plain(moved), unit="USD"),
            Measured(name="mean_deviation", value=round(float(mean) / CENTIBP, 2), unit="bp"),
            Measured(name="earlier_off_market_deals", value=len(repeats), unit="count"),
            Measured(name="value_moved_in_window", value=plain(moved_all), unit="USD"),
            *_others(market),
        ),
        offsets=(*(each.offset for each in repeats), context.payment.offset),
        institutions=(context.names[context.payment.institution],),
        series=f"{deal.pair} {'above' if deal.deviation > 0 else 'below'}",
        size=moved_all,
        growth=limits["growth_ratio"].cents,
        memory_us=width * DAY_US,
        at_risk=moved_all,
        institution=bank,
        parts=tuple(parts.items()),
        without=tuple((name, moved_all - parts[name]) for name in largest_others(tuple(parts.items()), bank)),
        alone=parts[bank],
        value=round(deal.deviation / CENTIBP, 2),
        unit="bp",
        own_baseline=own,
        own_n=own_n,
        peer_baseline=round(spread.centibp / CENTIBP, 1),
        text_en=english,
        text_ko=korean,
        tests=law_tests(own_n, persistent=persistent),
    )
