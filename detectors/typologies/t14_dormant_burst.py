"""T14: a party that slept, or a firm just set up, moves many times what its past or its capital explains.

Asleep: known for `silence_days` and longer, with at most `quiet_payments` in the `silence_days` before the burst.
Awake: at least `burst_payments_min` payments of `burst_min` within `burst_window` days, and `burst_multiple` times the
mean of the stretches of three weeks in which the party paid at all. Sleep is no part of that mean, so a season after
half a year of silence is compared with the seasons before it.
Hardly awake: known for less than that, and as seldom from its first payment on. The less is known, the more is asked:
the multiple grows with the square of `silence_days` over the days known, for both pace and mean are known less well.
Of a firm either burst exceeds what its turnover comes to in as many days, where a profile tells it.
New: a firm registered for `age_days` at most, by its profile, whose payments of `new_window` days come either to
`burst_multiple` times the mean of what it paid before, and to more than its capital and its business of as many days:
first a few small payments, then a flood. Or `new_payments_min` of them to `burst_multiple` times both. Its business is
the larger of two: the turnover of its profile, and what customs saw of it in a year.
What the profile does not tell is not met, and a turnover of nothing tells nothing of a firm in its first year.

Payments are counted as far as they exceed the goods that customs saw (the trade ledger): a firm that pays for what
arrived, or is paid for what it shipped, does the business that it was set up for, however small its capital is.
A payment that names a report completes no burst: an authority was told of it, as who moves abroad tells it.

An indicator: no article forbids it. Banks and money businesses are left out, and parties with payments that are kept in
totals only (folded_payments.py), whose past is not known here. Fails where the burst is spread over months, and on a
party whose past is younger than a quarter of the silence or a single payment: that is no past to compare with. A
payment told more than a week after its time completes no burst.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.payments import Rows, exact_sum, rows_where
from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Profile, Transaction
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds, Limits
from detectors.typologies import firm
from detectors.typologies.base import Change, Context, Finding, Past, largest_others, slot, sums_by_institution
from detectors.typologies.declared import DueDate, Sanction, TrialDay
from detectors.typologies.t14_life import (
    MOST_RECENT,
    STEP_US,
    TAKEN_AFTER_US,
    Life,
    alive,
    beyond_goods,
    goods_of_year,
    taken,
    with_late,
)
from detectors.typologies.t14_words import NEXT_STEPS, WORDS, Burst, law_tests, measured, sentences
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain
from detectors.wording import phrases

ID = "T14"
_SLEEP = ("silence_days", "burst_window", "quiet_payments")
NEEDED = (
    "silence_days",
    "quiet_payments",
    "age_days",
    "burst_window",
    "new_window",
    "burst_payments_min",
    "new_payments_min",
    "burst_min",
    "burst_multiple",
    "growth_ratio",
)
# Our judgement: an indicator, however clear. At the multiple itself half is doubt, and the doubt halves with each
# doubling of it; a party that was not wholly silent is a fifth less sure.
DOUBT, NOT_SILENT, MOST_STRENGTH = 0.5, 0.8, 0.9
# rows of a burst must not have been taken into totals before it is looked at
MOST_WINDOW = 21
MEMORY_US = 366 * DAY_US
_YEAR_DAYS = 365
_DAYS = LimitKind("days", "1", "3660", whole=True)


class _Found(NamedTuple):
    """The burst's payments beyond goods seen, what they are compared with, and the least USD cents to come to."""

    rows: Rows
    burst: Burst
    least: int


class DormantBurst:
    """The rule; see the module."""

    id = ID
    name_en = "Dormant or new, then burst"
    name_ko = "휴면·신설 후 집중 거래"
    told_apart: tuple[PartyType, ...] = ("person", "bank")
    limits: LimitKinds = MappingProxyType(
        {
            "silence_days": _DAYS._replace(ko="휴면으로 보는 기간"),
            "quiet_payments": LimitKind("count", "0", str(MOST_RECENT - 1), whole=True, ko="휴면 중 최대 거래 건수"),
            "age_days": _DAYS._replace(ko="신설 업체로 보는 기간"),
            "burst_window": LimitKind("days", "1", str(MOST_WINDOW), whole=True, ko="집중 거래 관찰 기간"),
            "new_window": LimitKind("days", "1", str(MOST_WINDOW), whole=True, ko="신설 업체 집중 거래 관찰 기간"),
            "burst_payments_min": LimitKind("count", "1", "1000", whole=True, ko="집중 거래 최소 건수"),
            "new_payments_min": LimitKind("count", "1", "1000", whole=True, ko="신설 업체의 자본금 대비 최소 건수"),
            "burst_min": LimitKind("USD", "1", "1000000000000", ko="집중 거래 최소 합계"),
            "burst_multiple": LimitKind("ratio", "1", "1000000", ko="과거 평균 또는 자본금 대비 최소 배수"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # totals of what is kept no more are in its own slot; the trade ledger tells for which payments goods were seen
    wants = Wanted(trade=True)
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    # an indicator: nothing is punished
    sanctions: tuple[Sanction, ...] = ()

    def evaluate(self, context: Context) -> Finding | None:
        """The burst that the payment is part of. Cost: 3 us; 60 us where the party slept or is new."""
        payment = context.payment
        if _is_left_out(context) or payment.usd <= 0 or context.transaction.report_no is not None:
            return None
        old, young = _may_have_slept(context), _may_be_new(context)
        limits = _limits(context) if old or young else None
        if limits is None:
            return None
        found = _found(context, limits, old=old, young=young)
        return None if found is None else _finding(context, limits, found)

    def learn(self, context: Context) -> None:
        """Once a week take what is older than four weeks into the totals. Cost: 2 us, 20 us once a week."""
        payment = context.payment
        if context.transaction.party_type == "bank":
            return
        if ID not in context.slots and payment.time - context.first_us < TAKEN_AFTER_US + STEP_US:
            return
        life = slot(context, ID, Life, Life())
        if payment.time < life.until_us:
            life = with_late(life, payment)
        elif payment.time - life.until_us >= TAKEN_AFTER_US + STEP_US:
            life = taken(life, context.rows, payment.time - TAKEN_AFTER_US)
        else:
            return
        context.slots[ID] = msgspec.msgpack.encode(life)

    def restate(self, past: Past) -> None:
        """What was taken stays: nothing tells how much of it a return of today takes back."""

    def standing(self, past: Past, series: str, at_us: int) -> int:  # noqa: ARG002 - both series count alike
        """USD cents of the windows that hold that time, as far as rows are kept."""
        window = past.rulebook.limit(ID, "burst_window", local_date(at_us, past.zone))
        return 0 if window is None else exact_sum(_around(past.rows, at_us, window)["usd"])

    def stands(self, past: Past, series: str, at_us: int) -> bool:  # noqa: ARG002 - both series count alike
        """Whether there still are as many payments of as much; it stands where its rows are kept no more."""
        day = local_date(at_us, past.zone)
        window, count, amount = (
            past.rulebook.limit(ID, name, day) for name in ("burst_window", "burst_payments_min", "burst_min")
        )
        if window is None or count is None or amount is None:
            return True
        if slot(past, ID, Life, Life()).until_us > at_us - int(window.number) * DAY_US or past.folded is not None:
            return True
        rows = _around(past.rows, at_us, window)
        return len(rows) >= count.number and exact_sum(rows["usd"]) >= amount.cents

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """The largest amount that this payment could have had without completing it."""
        limits = _limits(context)
        if limits is None:
            return []
        found = _found(context, limits, old=finding.series == "dormant", young=finding.series == "new")
        if found is None:
            return []
        own = exact_sum(found.rows["usd"][found.rows["offset"] == context.payment.offset])
        excess = found.burst.total - found.least + 1
        if not 0 < excess < own:
            return []
        left = context.payment.usd - excess
        text_en, text_ko = f"had this payment been {phrases.usd(left)}", f"이 거래액이 {phrases.usd_ko(left)}였다면"
        return [Change(context.with_payment(usd=left), text_en, text_ko)]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction | Profile]]:
        """Payments of a firm just registered, beyond its capital: of half a year's silence no trial can tell."""
        yield "a new firm", day.knows(0, "woken", capital_krw="1000", turnover_krw="1000")
        count = min(int(max(day.limit("burst_payments_min"), day.limit("new_payments_min"), 1)), 12)
        amount = max(day.limit("burst_min"), 1.0) / count * 1.1
        for number in range(count):
            given = {"party_type": "company", "evidence": "shown", "purpose": "10101"}
            yield "a burst of payments", day.paid(number, "woken", amount, **given)


def _is_left_out(context: Context) -> bool:
    """Whether money is the party's business: a bank, or a firm that T18 compares with its own dealings."""
    if context.transaction.party_type == "bank":
        return True
    return firm.is_firm(context) and firm.is_money_business(context.facts)


def _limits(context: Context) -> Limits | None:
    return context.needed(ID, NEEDED)


def _may_have_slept(context: Context) -> bool:
    """Whether the party is known for long enough, and what was taken of its payments shows no busy time."""
    limits = None if context.folded is not None else context.needed(ID, _SLEEP)
    if limits is None:
        return False
    silence, window, quiet = limits["silence_days"], limits["burst_window"], limits["quiet_payments"]
    begins = context.payment.time - int(window.number) * DAY_US
    known = (begins - context.first_us) // DAY_US
    life = slot(context, ID, Life, Life())
    if known >= silence.number:
        return bool(life.since(begins - int(silence.number) * DAY_US) <= quiet.number)
    most = _most_since(known, int(silence.number), int(quiet.number))
    return most > 0 and life.count <= most + 1


def _most_since(known: int, silence: int, quiet: int) -> int:
    """How many payments after the first one are few, of a party known for so many days."""
    return quiet * known // silence


def _may_be_new(context: Context) -> bool:
    """Whether the party is a firm registered for `age_days` at most, with a capital."""
    facts = context.facts
    if facts is None or facts.registered_on is None or facts.capital_krw is None or not firm.is_firm(context):
        return False
    age, most = firm.age_days(context), context.limit(ID, "age_days")
    return age is not None and most is not None and age <= most.number


def _window(rows: Rows, at_us: int, window: DatedLimit) -> Rows:
    """The party's payments of the days that end with a time."""
    time = rows["time"]
    return alive(rows_where(rows, (time > at_us - int(window.number) * DAY_US) & (time <= at_us)))


def _around(rows: Rows, at_us: int, window: DatedLimit) -> Rows:
    """The party's payments of every such window that holds a time: a payment told late completes a later one."""
    return alive(rows_where(rows, np.abs(rows["time"] - at_us) < int(window.number) * DAY_US))


def _end(context: Context, limits: Limits) -> int:
    """The time of the last payment within the window's width after the one at hand: that one may be told late."""
    time, at_us = context.rows["time"], context.payment.time
    near = time[(time > at_us) & (time < at_us + int(limits["burst_window"].number) * DAY_US)]
    return int(near.max()) if len(near) else at_us


def _times(base: int, limits: Limits) -> int:
    return base * limits["burst_multiple"].cents // 100


def _before(context: Context, begins: int, least: int) -> Life | None:
    """The party's life up to the window; None where it is too little, or part of the window is taken already."""
    life = slot(context, ID, Life, Life())
    if life.until_us > begins:
        return None
    before = taken(life, context.rows, begins + 1)
    return before if before.count >= least and before.mean else None


def _found(context: Context, limits: Limits, *, old: bool, young: bool) -> _Found | None:
    """The first way in which the payment completes a burst."""
    end = _end(context, limits)
    burst, rows, least = None, context.rows[:0], limits["burst_min"].cents
    for name, ways in (("burst_window", (_awake,) if old else ()), ("new_window", _NEW if young else ())):
        rows = _window(context.rows, end, limits[name]) if ways and burst is None else rows
        if burst is not None or not ways or not _total(rows, limits, least):
            continue
        rows = beyond_goods(rows, context.ledger) if context.trade else rows
        # a payment for goods that were seen completes nothing
        if _total(rows, limits, least) and (rows["offset"] == context.payment.offset).any():
            begins = end - int(limits[name].number) * DAY_US
            burst = next((found for way in ways if (found := way(context, rows, limits, begins))), None)
    return None if burst is None else _Found(rows, burst, max(least, burst.least))


def _awake(context: Context, rows: Rows, limits: Limits, begins: int) -> Burst | None:
    """The burst of a party that was quiet for as long as is asked, or hardly awake for as long as it is known."""
    silence, quiet = (int(limits[name].number) for name in ("silence_days", "quiet_payments"))
    known = (begins - context.first_us) // DAY_US
    slept = known >= silence
    # of two payments in a short life the second says how seldom they are
    before = _before(context, begins, int(limits["burst_payments_min"].number) if slept else 2)
    if before is None:
        return None
    least = _times(before.mean, limits)
    if slept:
        few, told = quiet, before.since(begins - silence * DAY_US)
    else:
        few, told = _most_since(known, silence, quiet) + 1, before.count
        least = least * silence * silence // max(known * known, 1)
    if firm.is_firm(context):
        least = max(least, (_turnover_part(context, limits["burst_window"]) or 0) + 1)
    total = _total(rows, limits, least)
    if told > few or not total:
        return None
    silent = (int(rows["time"].min()) - before.recent[-1]) // DAY_US
    return Burst("dormant", before.mean, least, total, before.count, told, silent, None if slept else known)


def _jump(context: Context, rows: Rows, limits: Limits, begins: int) -> Burst | None:
    """The burst of a new firm against what little it paid before."""
    before = _before(context, begins, int(limits["burst_payments_min"].number))
    worth, pace = firm.capital(context), _pace(context, limits)
    if before is None or worth is None or pace is None:
        return None
    least = max(_times(before.mean, limits), worth + 1, pace + 1)
    total = _total(rows, limits, least)
    return Burst("new", before.mean, least, total, before.count) if total else None


def _beyond_capital(
    context: Context,
    rows: Rows,
    limits: Limits,
    begins: int,  # noqa: ARG001 - the form of a way
) -> Burst | None:
    """The burst of a new firm against its capital and its turnover."""
    worth, pace = firm.capital(context), _pace(context, limits)
    if not worth or pace is None:
        return None
    least = _times(max(worth, pace), limits)
    total = _total(rows, limits, least)
    many = len(rows) >= limits["new_payments_min"].number
    return Burst("new", worth, least, total) if total and many else None


# the ways of a new firm, those with a past first
_NEW = (_jump, _beyond_capital)


def _pace(context: Context, limits: Limits) -> int | None:
    """USD cents that a new firm's business comes to in the days of its window; None where no turnover is told.

    The larger of its turnover's part and of what customs saw: a firm may have grown since its profile was told.
    """
    part, days = _turnover_part(context, limits["new_window"]), int(limits["new_window"].number)
    if not part:
        return None
    known = max((context.payment.time - context.first_us) // DAY_US, days)
    return max(part, goods_of_year(context.ledger) * days // min(known, _YEAR_DAYS))


def _turnover_part(context: Context, window: DatedLimit) -> int | None:
    """USD cents of the turnover of a year in a profile that fall on the days of a window; None where none is told."""
    turnover = firm.turnover(context)
    return None if turnover is None else turnover * int(window.number) // _YEAR_DAYS


def _total(rows: Rows, limits: Limits, least: int) -> int:
    """USD cents of these payments where they are as many as is asked and come to `least`, else 0."""
    total = exact_sum(rows["usd"])
    return total if len(rows) >= limits["burst_payments_min"].number and total >= least else 0


def _strength(burst: Burst, limits: Limits) -> float:
    asked = burst.least if burst.known is not None else burst.base * float(limits["burst_multiple"].number)
    found = 1.0 - DOUBT * asked / burst.total
    return round(min(found * (NOT_SILENT if burst.quiet else 1.0), MOST_STRENGTH), 4)


def _finding(context: Context, limits: Limits, found: _Found) -> Finding:
    rows, burst, total = found.rows, found.burst, found.burst.total
    number, own = context.payment.institution, context.names[context.payment.institution]
    parts, others = sums_by_institution(rows, context.names, number), rows["institution"]
    rests = [
        (name, _total(rows_where(rows, others != context.names.index(name)), limits, found.least))
        for name in largest_others(parts, own)
    ]
    english, korean = sentences(context, rows, limits, burst)
    days = int(limits[burst.window].number)
    return Finding(
        strength=_strength(burst, limits),
        limits=tuple(limits[name].shown() for name in NEEDED),
        measured=measured(context, rows, burst),
        window=f"{days} rolling days {'after the quiet time' if burst.series == 'dormant' else 'of a new firm'}",
        offsets=tuple(np.sort(rows["offset"]).tolist()),
        institutions=tuple(sorted({context.names[each] for each in others.tolist()})),
        series=burst.series,
        size=total,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=total,
        value=plain(total),
        unit="USD",
        own_baseline=plain(burst.base) if burst.earlier else None,
        own_n=burst.earlier,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        institution=own,
        parts=parts,
        without=tuple((name, rest) for name, rest in rests if rest),
        alone=_total(rows_where(rows, others == number), limits, found.least),
        tests=law_tests(context, limits, burst),
    )
