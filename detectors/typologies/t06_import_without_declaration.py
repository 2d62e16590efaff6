"""T06: imports that were paid, and no customs declaration of the importer matches by the date that it was due.

Nothing has to come for it to fire: a date passes. What is declared later, amended or returned takes the alert back.
Fails where customs names other parties than banks do and no payment names its declaration; a declaration of another
party for the same amount is believed to be meant. It tells nobody while customs itself is silent.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.typologies.base import Change, Context, Finding, Past
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.due import Heard, PartyDates, Wake
from detectors.typologies.t06_due import ID, goods_due, period_due, uncovered
from detectors.typologies.t06_words import NEXT_STEPS, SANCTIONS, WORDS, Missing, finding_of
from detectors.typologies.trade_overdue import (
    IMPORT_MONEY,
    DueOf,
    Looked,
    Overdue,
    Traded,
    in_force,
    look_at,
    next_look,
    traded_of,
)
from detectors.values.legal_calendar import DAY_US, local_date

_SHOWN = (
    "tolerance_share",
    "tolerance_usd",
    "grace_days",
    "after_goods_days",
    "advance_amount",
    "advance_days",
    "open_min",
    "growth_ratio",
)
# While customs is silent nothing can be told; it is looked again after this time.
LOOK_AGAIN_US = 7 * DAY_US
# the due dates, and the series of what is found when they pass
DATE, PERIOD = "declaration", "period"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Looked]).decode


class ImportWithoutDeclaration:
    """The rule; see the module."""

    id = ID
    name_en = "Import payment without a matching declaration"
    name_ko = "수입신고와 일치하지 않는 수입대금 지급"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "tolerance_share": LimitKind("ratio", "0", "1", needed=False, ko="일치로 보는 차이 비율"),
            "tolerance_usd": LimitKind("USD", "0", "1000000000", needed=False, ko="일치로 보는 차이 금액"),
            "grace_days": LimitKind("days", "0", "365", whole=True, ko="예정일 후 유예 기간"),
            "after_goods_days": LimitKind("days", "1", "365", whole=True, ko="선적 후 지급의 신고 대기 기간"),
            "named_days": LimitKind("days", "1", "365", whole=True, ko="기재된 신고가 있는 경우의 대기 기간"),
            "unknown_days": LimitKind("days", "1", "365", whole=True, ko="결제 조건 미기재 시 대기 기간"),
            "advance_amount": LimitKind("USD", "1", "1000000000", ko="사전 지급 신고 기준 금액"),
            "advance_days": LimitKind("days", "1", "3660", whole=True, ko="사전 지급 신고 기준 기간"),
            "open_min": LimitKind("USD", "1", "1000000000", ko="경보 대상 최소 미신고 금액"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    wants = Wanted(declarations=True, trade=True)
    due_dates: tuple[DueDate, ...] = (
        DueDate(DATE, "payment", "grace_days", 1),
        DueDate(PERIOD, "payment", "advance_days", 1),
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:  # noqa: ARG002 - no payment completes it
        """Nothing: a date that passes completes it."""
        return None

    def learn(self, context: Context) -> None:
        """Wait for the first date of the open payments. Cost: 0.2 us for other payments, 30 us for imports."""
        if context.trade and context.transaction.direction == "out" and context.transaction.party_type != "bank":
            _wait(self, traded_of(context), context.dates, context.slots)

    def declared(self, heard: Heard) -> Finding | None:
        """Goods came: the first date may be another."""
        if heard.declaration.kind == "import":
            _wait(self, traded_of(heard.past), heard.dates, heard.past.slots)
        return None

    def woken(self, wake: Wake) -> Finding | None:
        """What is overdue when a date has passed. Cost: 1 ms with 190 open payments."""
        past, at_us = wake.past, wake.due[-1].at_us
        names = {one.kind.partition(" ")[2] for one in wake.due}
        grace = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone)).get("grace_days")
        heard_from_us = at_us - (0 if grace is None else int(grace.number) * DAY_US)
        own = wake.dates.of(self)
        if wake.customs_us is None or wake.customs_us < heard_from_us:
            for name in names:
                own.set(name, 0, wake.at_us + LOOK_AGAIN_US)
            return None
        # one finding at a time: the year of an advance payment first, the other one with the next record
        name = PERIOD if PERIOD in names else DATE
        if len(names) > 1:
            own.set(DATE, 0, at_us)
        _wait(self, traded_of(past), wake.dates, past.slots, {name: at_us})
        missing = None if wake.party_type == "bank" else _missing(past, name, at_us)
        return None if missing is None else finding_of(past, missing)

    def restate(self, past: Past) -> None:
        """Nothing to bring up to date: all follows from the trade ledger."""

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """USD cents of what no goods came for among what was overdue then."""
        return sum(one.usd for one in _uncovered(past, series, at_us)[0])

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether that is still enough to alert on."""
        return _missing(past, series, at_us) is not None

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002 - no payment completes it
        """None: there is no payment that could have been another."""
        return ()

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """Imports paid in advance and after the goods, whose dates the next trial days pass."""
        given = {"party_type": "company", "evidence": "shown", "purpose": "10101"}
        for number, terms in enumerate(("advance", "sight", "transit")):
            amount = day.limit("advance_amount") * 2
            yield "an import payment", day.paid(number, "importer", amount, trade_terms=terms, **given)


def _wait(
    rule: ImportWithoutDeclaration,
    past: Traded,
    dates: PartyDates,
    slots: dict[str, bytes],
    now: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Be woken at the first date of each kind; `now` are the times up to which they are being looked at."""
    packed, own = slots.get(ID), dates.of(rule)
    looked = {} if packed is None else _decode(packed)
    for name in (DATE, PERIOD):
        found = past.dated(IMPORT_MONEY, _due_of(past, name))
        if name in now:
            looked[name] = Looked(now[name], sum(item.left_usd for due_us, item in found if due_us <= now[name]))
        first, after = next_look(found, looked.get(name, Looked()))
        if name in looked:
            looked[name] = after
        if name in now or not now:
            look_at(own, name, first)
    if looked:
        slots[ID] = _encode(looked)


def _due_of(past: Traded, name: str) -> DueOf:
    return period_due(past) if name == PERIOD else goods_due(past)


def _uncovered(past: Past, name: str, at_us: int) -> tuple[list[Overdue], int]:
    traded = traded_of(past)
    return uncovered(traded, _due_of(traded, name), at_us)


def _missing(past: Past, name: str, at_us: int) -> Missing | None:
    """What is missing of what was due by a time, where it is enough to alert on; None without limits."""
    limits = in_force(past.rulebook, ID, _SHOWN, local_date(at_us, past.zone))
    least, growth = limits.get("open_min"), limits.get("growth_ratio")
    if least is None or growth is None:
        return None
    waiting, elsewhere = _uncovered(past, name, at_us)
    total = sum(one.usd for one in waiting)
    if not waiting or (name == DATE and total < least.cents):
        return None
    return Missing(name, waiting, elsewhere, total, limits, at_us)
