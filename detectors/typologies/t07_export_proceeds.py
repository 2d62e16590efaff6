"""T07: goods that were exported, and whose money did not come, or came far short, by the date it was due.

Nothing has to come for it to fire: a date passes. Receipts that come later, or a declaration that is amended, take the
alert back. Since the duty to bring claims home was repealed (2017-01-17) it is an indicator, no breach by itself.
Receipts from others than the buyer that no declaration is matched with are counted in the firm's favour: they are free
of report. Where only receipts of institutions that had no part in its trade before cover a shortfall, it is told at
half the strength: whether they are the money cannot be told. It tells nobody while the banks are silent.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from detectors.books.trade_items import Item
from detectors.books.wanted import Wanted
from detectors.contracts.events import Declaration, PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.typologies.base import Change, Context, Finding, Past
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.due import Heard, PartyDates, Wake
from detectors.typologies.t07_due import ID, money_due, of_strangers, short_of
from detectors.typologies.t07_words import NEXT_STEPS, SANCTIONS, WORDS, Short, finding_of
from detectors.typologies.trade_overdue import (
    EXPORT_GOODS,
    Traded,
    in_force,
    keep_looking,
    traded_of,
)
from detectors.values.legal_calendar import DAY_US, local_date

_SHOWN = ("settle_grace_days", "undated_days", "short_share", "short_min", "growth_ratio")
# While the banks are silent nothing can be told; it is looked again after this time.
LOOK_AGAIN_US = 7 * DAY_US
# the due date, and the series of what is found when it passes
DATE = "receipt"


class ExportProceeds:
    """The rule; see the module."""

    id = ID
    name_en = "Export proceeds not received"
    name_ko = "수출대금 미회수"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "settle_grace_days": LimitKind("days", "0", "365", whole=True, ko="결제 예정일 후 유예 기간"),
            "undated_days": LimitKind("days", "1", "1000", whole=True, ko="결제 예정일 미기재 시 대기 기간"),
            "short_share": LimitKind("ratio", "0", "1", ko="건별 미회수 비율 기준"),
            "short_min": LimitKind("USD", "1", "1000000000", ko="경보 대상 최소 미회수 금액"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    wants = Wanted(declarations=True, trade=True)
    due_dates: tuple[DueDate, ...] = (DueDate(DATE, "declaration", "settle_grace_days", 1),)
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:  # noqa: ARG002 - no payment completes it
        """Nothing: a date that passes completes it."""
        return None

    def learn(self, context: Context) -> None:
        """Money came: the first date may be another. Cost: 0.2 us for other payments, 20 us for receipts."""
        if context.trade and context.transaction.direction == "in":
            _wait(self, traded_of(context), context.dates, context.slots)

    def declared(self, heard: Heard) -> Finding | None:
        """Wait for the money of what was exported."""
        if heard.declaration.kind == "export" and heard.party_type != "bank":
            _wait(self, traded_of(heard.past), heard.dates, heard.past.slots)
        return None

    def woken(self, wake: Wake) -> Finding | None:
        """What is overdue when a date has passed. Cost: 1 ms with 190 open declarations."""
        past, at_us, own = wake.past, wake.due[-1].at_us, wake.dates.of(self)
        grace = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone)).get("settle_grace_days")
        heard_from_us = at_us - (0 if grace is None else int(grace.number) * DAY_US)
        if wake.banks_us is None or wake.banks_us < heard_from_us:
            own.set(DATE, 0, wake.at_us + LOOK_AGAIN_US)
            return None
        _wait(self, traded_of(past), wake.dates, past.slots, at_us)
        short = None if wake.party_type == "bank" else _short(past, at_us)
        return None if short is None else finding_of(past, short)

    def restate(self, past: Past) -> None:
        """Nothing to bring up to date: all follows from the trade ledger."""

    def standing(self, past: Past, series: str, at_us: int) -> int:  # noqa: ARG002 - it has one series
        """USD cents that are short of what was overdue then."""
        waiting, received = short_of(traded_of(past), at_us)
        return max(sum(one.usd for one in waiting) - received, 0)

    def stands(self, past: Past, series: str, at_us: int) -> bool:  # noqa: ARG002 - it has one series
        """Whether that is still enough to alert on."""
        return _short(past, at_us) is not None

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002 - no payment completes it
        """None: there is no payment that could have been another."""
        return ()

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction | Declaration]]:
        """Exports whose money does not come, and whose date the next trial days pass; then a receipt for goods."""
        yield "an export declared", day.declares(0, "unpaid", day.limit("short_min") * 2, "export")
        given = {"party_type": "company", "evidence": "shown", "purpose": "10201", "direction": "in"}
        yield "an export receipt", day.paid(0, "exporter", day.limit("short_min") * 2, **given)


def _wait(
    rule: ExportProceeds, past: Traded, dates: PartyDates, slots: dict[str, bytes], now_us: int | None = None
) -> None:
    """Be woken at the first date; `now_us` is the time up to which what was due is being looked at."""
    found = past.dated(EXPORT_GOODS, money_due(past))
    keep_looking(dates.of(rule), DATE, slots, ID, found, now_us)


def _short(past: Past, at_us: int) -> Short | None:
    """What is short of what was due by a time, where it is enough to alert on; None without limits."""
    limits = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone))
    least, share = limits.get("short_min"), limits.get("short_share")
    if least is None or share is None or "growth_ratio" not in limits:
        return None
    waiting, received = short_of(traded_of(past), at_us)
    far = [one for one in waiting if one.usd * 100 > one.item.usd * share.cents]
    total, strange = sum(one.usd for one in far) - received, list[Item]()
    if total <= least.cents and far:
        strange = of_strangers(traded_of(past), waiting)
        doubt = sum(item.left_usd for item in strange)
        received, total = received - doubt, total + doubt
    return Short(far, received, total, limits, at_us, strange) if total > least.cents else None
