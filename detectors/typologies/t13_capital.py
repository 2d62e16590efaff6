"""T13: a capital transaction abroad without a report, told by its purpose, or by amounts far above the own usual.

By the law: a resident's outgoing payment whose purpose is of the kind `capital` in the legend, without any report
number, where such payments of the local day are above the line for deposits abroad (Reg 7-11(3) no. 1) and the
exemption of small capital transactions (Reg 7-2 no. 8: up to a line each, and within the yearly cap of payments without
documents) does not cover it. A code does not tell whether it is a deposit, a loan, a direct investment or property; the
last two are reported at any amount (Reg 9-5, 9-39(2)), and have no such exemption: where the remittance text names
property it is not applied. Below the day's line nothing is said: a designated bank takes the report there.

As an indicator: a person's payments as gifts, living expenses, services or for no purpose that is known, each at least
`unusual_multiple` times the own usual, that come to `unusual_sum` within `unusual_window` for a few payees, and lie
`own_distance` spreads above the own past together. One such payment is a matter of the models. The own past is what it
was before the first of them.

Silent where any report number is given, for banks (Reg 7-2 no. 1 to 3), and for non-residents and foreign residents,
whose exemptions are others (Reg 4-4, 9-39(1) no. 4). Who has fewer than `own_least` earlier payments is compared with
peers, at less strength. A first baseline that is itself of such payments hides them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType

import msgspec

from detectors.books.payments import NO_DOCUMENT, OUT
from detectors.books.wanted import Wanted
from detectors.contracts.alert import Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Change, Context, Finding, Past, slot, undocumented_sum
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.kept_payments import Kept, added, of_payment, restated, with_parts
from detectors.typologies.t13_unusual import (
    MEMORY_US,
    YEAR_DAYS,
    Memory,
    drain_finding,
    find_drain,
    kind_of,
    limit_number,
    oldest_us,
    unusual_past,
)
from detectors.typologies.t13_words import NEXT_STEPS, SANCTIONS, WORDS, Capital, capital_tests, of_capital
from detectors.values.legal_calendar import DAY_US, local_date, year_bounds
from detectors.values.money import half_even, plain
from detectors.wording import phrases

ID = "T13"
PROPERTY = "property"
# The tag of a capital payment kept, in bits: with documents (the yearly total of T02 counts those without), and whether
# its text names property.
DOCUMENTED, NAMES_PROPERTY = 1, 2
# small payments of a trial, which make a past to compare with
TRIED = 6
# Our judgement. A deal beyond the line is a fact, a report under another number is possible; twice the line takes half
# of the rest.
LEAST_STRENGTH, MOST_STRENGTH = 0.6, 0.95


class CapitalTransaction:
    """The rule; see the module."""

    id = ID
    name_en = "Unreported capital transaction"
    name_ko = "미신고 자본거래"
    told_apart: tuple[PartyType, ...] = ("bank", "person")
    limits: LimitKinds = MappingProxyType(
        {
            "deposit_line": LimitKind("USD", "1", "1000000000", ko="해외예금 일일 신고 금액"),
            "small_capital": LimitKind("USD", "1", "1000000000", needed=False, ko="소액 자본거래 건당 금액"),
            "unusual_min": LimitKind("USD", "1", "1000000000", needed=False, ko="평소와 다른 지급의 최소 금액"),
            "unusual_multiple": LimitKind("ratio", "1", "1000000", needed=False, ko="평소 지급액의 배수"),
            "unusual_sum": LimitKind("USD", "1", "1000000000", needed=False, ko="평소와 다른 지급의 합계 기준"),
            "unusual_window": LimitKind("days", "1", "366", whole=True, needed=False, ko="평소와 다른 지급 기간"),
            "own_distance": LimitKind("ratio", "0.1", "1000", needed=False, ko="본인 과거와의 차이 기준"),
            "own_least": LimitKind("count", "3", "10000", whole=True, needed=False, ko="비교에 필요한 이전 지급"),
            "payees_max": LimitKind("count", "1", "64", whole=True, needed=False, ko="최대 수취인 수", counter="명"),
            "payments_min": LimitKind("count", "1", "64", whole=True, needed=False, ko="평소와 다른 지급의 최소 건수"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # what it must remember of a payment is in its own slot
    wants = Wanted()
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The day's capital payments, or the unusual ones of the window. Cost: 2 us for most payments."""
        if not _unreported(context):
            return None
        if kind_of(context) == "capital":
            found = _capital(context)
            return None if found is None else _capital_finding(context, found)
        drain = find_drain(context)
        return None if drain is None else drain_finding(context, drain)

    def learn(self, context: Context) -> None:
        """Keep a capital payment for a year, an unusual one for the window."""
        if not _unreported(context):
            return
        if kind_of(context) == "capital":
            memory = slot(context, ID, Memory, Memory())
            oldest = oldest_us(context, memory.capital, YEAR_DAYS)
            memory.capital = added(memory.capital, of_payment(context, _tag(context)), oldest)
            context.slots[ID] = msgspec.msgpack.encode(memory)
        elif (own := unusual_past(context)) is not None:
            memory = slot(context, ID, Memory, Memory())
            days = int(limit_number(context, "unusual_window"))
            oldest = oldest_us(context, memory.unusual, days)
            unusual = added(memory.unusual, of_payment(context, context.payment.beneficiary), oldest)
            memory.unusual, memory.own = unusual, own
            context.slots[ID] = msgspec.msgpack.encode(memory)

    def restate(self, past: Past) -> None:
        """The payments at the amounts of now."""
        memory = slot(past, ID, Memory, None)
        if memory is not None:
            memory.capital, memory.unusual = restated(past, memory.capital), restated(past, memory.unusual)
            past.slots[ID] = msgspec.msgpack.encode(memory)

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """Capital payments of the year, or the unusual ones of the window, that were made by then."""
        memory = slot(past, ID, Memory, Memory())
        kind, _, year = series.partition(" ")
        if kind == "capital":
            first, last = year_bounds(int(year), past.zone)
            return sum(one.usd for one in memory.capital if first <= one.time_us < last)
        window = past.rulebook.limit(ID, "unusual_window", local_date(at_us, past.zone))
        since = at_us if window is None else at_us - int(window.number) * DAY_US
        return sum(one.usd for one in memory.unusual if since < one.time_us <= at_us)

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether the year's capital payments up to then, or the window's unusual ones, are beyond what is free."""
        kind, _, _ = series.partition(" ")
        if kind == "capital":
            return _still(past, at_us)
        least = past.rulebook.limit(ID, "unusual_sum", local_date(at_us, past.zone))
        return least is None or self.standing(past, series, at_us) > least.cents

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002
        """A report made; a tenth of the payment."""
        return [
            Change(
                context.with_report(),
                "had a capital transaction been reported under a number",
                "자본거래 신고번호가 제출되었다면",
            ),
            Change(
                context.with_payment(usd=context.payment.usd // 10),
                f"had this payment been {phrases.usd(context.payment.usd // 10)} (a tenth)",
                f"이 지급액이 {phrases.usd_ko(context.payment.usd // 10)}(10분의 1)이었다면",
            ),
        ]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """A capital payment far above both lines; then small payments and large ones under another purpose."""
        capital = max(day.limit("deposit_line"), day.limit("small_capital")) * 1.5
        yield "a capital payment", day.paid(0, "investor", capital, purpose="50401", evidence="shown")
        large = max(day.limit("unusual_sum"), day.limit("unusual_min"), 1.0)
        for number in range(TRIED):
            yield "an unusual payment", day.paid(1 + number, "saver", 1.0 + number % 3, evidence="shown")
        for number in range(3):
            yield "an unusual payment", day.paid(9 + number, "saver", large, evidence="shown", purpose="40101")


def _unreported(context: Context) -> bool:
    """Whether it is a resident's outgoing payment without any report number, and not a bank's."""
    event, payment = context.transaction, context.payment
    return (
        bool(payment.flags & OUT)
        and payment.usd > 0
        and event.report_no is None
        and event.party_type != "bank"
        and not context.residence.foreign
    )


def _tag(context: Context) -> int:
    documented = 0 if context.payment.flags & NO_DOCUMENT else DOCUMENTED
    return documented | (NAMES_PROPERTY if PROPERTY in context.transaction.remittance_classes else 0)


def _capital(context: Context) -> Capital | None:
    """The payment's day and year of capital payments, where the law asks for a report as far as can be told."""
    line, growth = context.limit(ID, "deposit_line"), context.limit(ID, "growth_ratio")
    if line is None or growth is None:
        return None
    now, memory = context.payment, slot(context, ID, Memory, Memory())
    others = [one for one in memory.capital if one.event != now.event]
    same_day = [one for one in others if local_date(one.time_us, context.zone) == context.day]
    day_total = now.usd + sum(one.usd for one in same_day)
    if day_total <= line.cents:
        return None
    first, last = context.year_us
    year = [one for one in others if first <= one.time_us < last]
    # what has no document is in the yearly total already, the payment at hand as well
    year_total = context.annual_total() + sum(one.usd for one in year if one.tag & DOCUMENTED)
    year_total += 0 if now.flags & NO_DOCUMENT else now.usd
    each, cap = context.limit(ID, "small_capital"), context.law("annual_cap")
    property_text = bool(_tag(context) & NAMES_PROPERTY)
    if not property_text and _is_free(each, cap, now.usd, year_total):
        return None
    ratio = context.reference("USD", "KRW")
    krw = None if ratio is None else half_even(now.usd * ratio.numerator, 100 * ratio.denominator)
    pieces = sorted([*year, of_payment(context, _tag(context))], key=lambda one: (one.time_us, one.offset))
    criminal = context.rulebook.sanction("act_18_line", context.day)
    return Capital(pieces, day_total, year_total, krw, line, each, cap, criminal, property_text)


def _is_free(each: DatedLimit | None, cap: DatedLimit | None, largest: int, year_total: int) -> bool:
    """Whether the exemption of small capital transactions covers payments up to `largest` USD cents."""
    return each is not None and cap is not None and largest <= each.cents and year_total <= cap.cents


def _still(past: Past, at_us: int) -> bool:
    """Whether the capital payments of any local day of the year up to then, as they count now, still need a report."""
    day = local_date(at_us, past.zone)
    line = past.rulebook.limit(ID, "deposit_line", day)
    if line is None:
        return True
    first, last = year_bounds(day.year, past.zone)
    year = [one for one in slot(past, ID, Memory, Memory()).capital if first <= one.time_us < last]
    total = undocumented_sum(past.rows, first, last) + sum(one.usd for one in year if one.tag & DOCUMENTED)
    total += 0 if past.folded is None else past.folded.annual_total(day.year)
    each, cap = past.rulebook.limit(ID, "small_capital", day), past.rulebook.law("annual_cap", day)
    days: dict[date, list[Kept]] = {}
    for one in year:
        days.setdefault(local_date(one.time_us, past.zone), []).append(one)
    return any(
        sum(one.usd for one in there) > line.cents
        and (any(one.tag & NAMES_PROPERTY for one in there) or not _is_free(each, cap, _largest(there), total))
        for when, there in days.items()
        if when <= day
    )


def _largest(pieces: Sequence[Kept]) -> int:
    return max(one.usd for one in pieces)


def _at_risk(found: Capital, size: int) -> int:
    """USD cents that the exemption leaves: beyond the yearly cap where every single payment is small."""
    small = found.each is not None and all(one.usd <= found.each.cents for one in found.pieces)
    if found.cap is None or not small or found.property_text:
        return size
    return min(size, found.year_total - found.cap.cents)


def _capital_finding(context: Context, found: Capital) -> Finding:
    growth = context.limit(ID, "growth_ratio")
    assert growth is not None
    size = sum(one.usd for one in found.pieces)
    doubt = (1.0 - LEAST_STRENGTH) * 0.5 ** ((found.day_total - found.line.cents) / found.line.cents)
    english, korean = of_capital(context, found)
    limits = [found.line, *(one for one in (found.each, found.cap) if one is not None), growth]
    above = None if found.krw is None or found.criminal is None else found.krw > found.criminal.number
    finding = Finding(
        strength=round(min(1.0 - doubt, MOST_STRENGTH), 4),
        limits=tuple(one.shown() for one in limits),
        measured=(
            Measured(name="capital_on_day", value=plain(found.day_total), unit="USD"),
            Measured(name="capital_of_year", value=plain(found.year_total), unit="USD"),
            Measured(name="capital_payments", value=len(found.pieces), unit="count"),
            *([] if found.krw is None else [Measured(name="this_payment_krw", value=str(found.krw), unit="KRW")]),
            *([] if above is None else [Measured(name="above_criminal_line", value=int(above), unit="flag")]),
            *_of_turnover(context, found.krw),
            *([Measured(name="text_names_property", value=1, unit="flag")] if found.property_text else []),
        ),
        window=f"local day and calendar year {context.day.year}",
        offsets=(),
        institutions=(),
        series=f"capital {context.day.year}",
        size=size,
        growth=growth.cents,
        memory_us=MEMORY_US,
        at_risk=_at_risk(found, size),
        value=plain(size),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=capital_tests(found, above_criminal=above),
    )
    return with_parts(context, finding, found.pieces, found.line.cents)


def _of_turnover(context: Context, krw: int | None) -> list[Measured]:
    """The payment beside the turnover of a year that the profile tells."""
    told = None if context.facts is None else context.facts.turnover_krw
    turnover = 0.0 if told is None else float(told)
    if krw is None or turnover <= 0:
        return []
    return [Measured(name="share_of_turnover", value=round(krw / turnover, 4), unit="ratio")]
