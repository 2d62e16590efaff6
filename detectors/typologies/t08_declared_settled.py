"""T08: what a firm declared to customs and what its banks paid and received drift apart.

Two ways. The supervisor's screen: the gap of twelve whole months against the year before and the mean of four years, of
firms whose trade is large. Of any firm: what is open past its dates, by which value goes out, against what it trades.
It tells nobody while customs or the banks are silent, and no more of the screen than the ledger's months reach back.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.typologies import screening
from detectors.typologies.base import Change, Context, Finding, Past
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.due import Heard, PartyDates, Wake
from detectors.typologies.t08_gap import YEAR_MONTHS, gap_at, month_of, outward, years_at
from detectors.typologies.t08_words import NEXT_STEPS, SANCTIONS, WORDS, gap_finding, screen_finding
from detectors.typologies.trade_overdue import (
    EXPORT_GOODS,
    IMPORT_GOODS,
    Traded,
    in_force,
    keep_looking,
    traded_of,
)
from detectors.values.legal_calendar import DAY_US, local_date

ID = "T08"
_SHOWN = ("trade_min", "open_gap_min", "gap_share", "growth_ratio", "told_days")
# While customs or the banks are silent nothing can be told; it is looked again after this time.
LOOK_AGAIN_US = 7 * DAY_US
# silent for longer than any item's grace
SILENT_US = 14 * DAY_US
# the due dates, and the series of what is found when they pass
GAP, SCREEN = "gap", "screen"


class DeclaredSettled:
    """The rule; see the module."""

    id = ID
    name_en = "Declared against settled, by entity"
    name_ko = "무역 신고액과 결제액의 차이"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "trade_min": LimitKind("USD", "1", "1000000000000", needed=False, ko="점검 대상 연간 무역액"),
            "open_gap_min": LimitKind("USD", "1", "1000000000000", ko="경보 대상 최소 차액"),
            "gap_share": LimitKind("ratio", "0", "1", ko="무역액 대비 차액 비율"),
            "told_days": LimitKind("days", "1", "90", whole=True, ko="월말 후 통보 기한"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    wants = Wanted(declarations=True, trade=True)
    due_dates: tuple[DueDate, ...] = (
        DueDate(GAP, "payment", "told_days", 1),
        DueDate(SCREEN, "declaration", "told_days", 1),
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:  # noqa: ARG002 - no payment completes it
        """Nothing: a date that passes completes it."""
        return None

    def learn(self, context: Context) -> None:
        """Wait for the first date of what is open. Cost: 0.2 us for parties without trade, 40 us for others."""
        if context.trade and context.transaction.party_type != "bank":
            _wait(self, traded_of(context), context.dates, context.slots)

    def declared(self, heard: Heard) -> Finding | None:
        """The same for a declaration; a firm of large trade is screened once a month."""
        if heard.party_type == "bank":
            return None
        past = traded_of(heard.past)
        _wait(self, past, heard.dates, heard.past.slots)
        _screen_later(self, past, heard.dates, heard.at_us)
        return None

    def woken(self, wake: Wake) -> Finding | None:
        """The gap when a date has passed, or the screen of a month. Cost: 2 ms with 190 open items."""
        past, at_us, own = wake.past, wake.due[-1].at_us, wake.dates.of(self)
        names = {one.kind.partition(" ")[2] for one in wake.due}
        if not both_told(wake):
            for name in names:
                own.set(name, 0, wake.at_us + LOOK_AGAIN_US)
            return None
        # one finding at a time: the other one comes with the next record
        if len(names) > 1:
            own.set(SCREEN, 0, at_us)
        if names == {SCREEN}:
            _screen_later(self, traded_of(past), wake.dates, at_us)
            return None if wake.party_type == "bank" else screen_of(past, at_us)
        _wait(self, traded_of(past), wake.dates, past.slots, at_us)
        return None if wake.party_type == "bank" else _gap(past, at_us)

    def restate(self, past: Past) -> None:
        """Nothing to bring up to date: all follows from the trade ledger."""

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """USD cents of the gap of that time, as it is now."""
        if series == GAP:
            return gap_at(traded_of(past), at_us).outward
        return sum(one.gap for one in years_at(traded_of(past), at_us) if one.is_up)

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether it would still be alerted on."""
        return (_gap(past, at_us) if series == GAP else screen_of(past, at_us)) is not None

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002 - no payment completes it
        """None: there is no payment that could have been another."""
        return ()

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """An import paid and a receipt, both far above the gap."""
        given = {"party_type": "company", "evidence": "shown"}
        for number, (purpose, direction) in enumerate((("10101", "out"), ("10201", "in"))):
            amount = day.limit("open_gap_min") * 2
            yield "a trade payment", day.paid(number, "trader", amount, purpose=purpose, direction=direction, **given)


def _wait(
    rule: DeclaredSettled, past: Traded, dates: PartyDates, slots: dict[str, bytes], now_us: int | None = None
) -> None:
    """Be woken at the first date of what is open; `now_us` is the time up to which it is being looked at."""
    keep_looking(dates.of(rule), GAP, slots, ID, outward(past), now_us)


def _screen_later(rule: DeclaredSettled, past: Traded, dates: PartyDates, at_us: int) -> None:
    """Be woken when the month is over and its last payments are told, where the firm trades enough.

    Unless it waits for a month already: a declaration of the next month's first days must not put that off.
    """
    if not trades_enough(past, at_us):
        return
    screening.wait(dates, screening.TRADE, at_us, past.zone, past.rulebook)
    told, own = past.rulebook.limit(ID, "told_days", local_date(at_us, past.zone)), dates.of(rule)
    ends_us = screening.month_at(at_us, past.zone).ends_us
    # the calendar's last month is never over
    if told is not None and ends_us > at_us and not own.waiting(SCREEN):
        own.set(SCREEN, 0, ends_us + int(told.number) * DAY_US)


def trades_enough(past: Traded, at_us: int) -> bool:
    """Whether customs saw as much in the twelve months before that of a time, and in it, as is screened."""
    least = past.rulebook.limit(ID, "trade_min", local_date(at_us, past.zone))
    return least is not None and _declared(past, at_us) >= least.cents


def both_told(wake: Wake) -> bool:
    """Whether customs and the banks told of about the time that is due; while one is silent nothing is missing."""
    since_us = wake.due[-1].at_us - SILENT_US
    return all(told is not None and told >= since_us for told in (wake.customs_us, wake.banks_us))


def _declared(past: Traded, at_us: int) -> int:
    """USD cents that customs saw in both directions in the twelve months before that of a time, and in it."""
    last = month_of(past, at_us)
    kept = past.book.months.items()
    return sum(sums[IMPORT_GOODS] + sums[EXPORT_GOODS] for month, sums in kept if last - YEAR_MONTHS <= month <= last)


def _gap(past: Past, at_us: int) -> Finding | None:
    """The finding on what is open past its dates, where it is enough; None without limits."""
    limits = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone))
    if not {"open_gap_min", "gap_share", "growth_ratio"} <= limits.keys():
        return None
    gap = gap_at(traded_of(past), at_us)
    if gap.outward < limits["open_gap_min"].cents or gap.outward * 100 < gap.traded * limits["gap_share"].cents:
        return None
    return gap_finding(past, limits, gap, years_at(traded_of(past), at_us), at_us)


def screen_of(past: Past, at_us: int) -> Finding | None:
    """The finding of the supervisor's screen over the twelve months before that of a time; None without limits."""
    limits = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone))
    if not {"trade_min", "growth_ratio"} <= limits.keys():
        return None
    both = years_at(traded_of(past), at_us)
    if sum(one.declared for one in both) < limits["trade_min"].cents or not any(one.is_up for one in both):
        return None
    return screen_finding(past, limits, both, gap_at(traded_of(past), at_us), at_us)
