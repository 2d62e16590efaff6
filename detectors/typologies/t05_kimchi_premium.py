"""T05: money from crypto-asset exchanges leaves a firm as import or service payments.

An outgoing import or service payment is fed when the exchange-linked inflow of its day reaches `linked_share` of it.
It fires on a fed payment of a young or tiny firm that has `young_count` fed payments of `young_sum` in `young_window`
days, and of any other firm at `frequent_count`, `frequent_sum` and `frequent_window`. It fires as well where a firm
new since the supervisor's date meets the published test: `sent_min` sent, and `capital_multiple` times its capital or
frequent fed payments. One branch of half of it is told as a test of its own and fires nothing alone: a small firm has
one branch.

What a payment's row does not say (inflow, branch) is kept in the slot by ledger position, the newest `MOST_KEPT` of a
firm, each sender its share; those beyond are in totals, from which no return takes back. Fails where a bank does not
report the inflow, and where the money rests for longer than a day.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType

import msgspec

from detectors.books.party import Facts, token_number
from detectors.books.payments import OUT
from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits
from detectors.typologies import screening
from detectors.typologies.base import Change, Context, Finding, Past, slot
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.firm import age_days, capital, in_usd, is_firm, kind_of
from detectors.typologies.t05_measures import (
    Firm,
    Measures,
    Outflow,
    Sent,
    is_fed,
    is_published,
    measured,
    set_up_since,
)
from detectors.typologies.t05_tests import NEXT_STEPS, SANCTIONS
from detectors.typologies.t05_words import WORDS, finding_of
from detectors.typologies.windows import Enough, Piece, near, some_window
from detectors.values import money
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import LARGEST_CENTS
from detectors.values.shares import fairly_cut
from detectors.wording import phrases

ID = "T05"
KINDS = ("import", "service")
# Of a firm's payments those whose inflow and branch are kept; some 20 bytes each, of young, tiny and fed firms alone.
MOST_KEPT = 128
# branches of which the totals beyond those are told apart; the rest is counted without a branch
MOST_BRANCHES = 8
# beyond every ledger position: what is known of a rate by now
ANY_POSITION = 2**63 - 1
_NEEDED = (
    "linked_share",
    "young_days",
    "tiny_capital",
    "young_count",
    "young_sum",
    "young_window",
    "frequent_count",
    "frequent_sum",
    "frequent_window",
    "growth_ratio",
)
SUPERVISOR = ("sent_min", "capital_multiple", "branch_share")
_ASKED = (*_NEEDED, *SUPERVISOR)
_AMOUNT = LimitKind("USD", "1", "1000000000000")
_COUNT = LimitKind("count", "1", "1000", whole=True)
_DAYS = LimitKind("days", "1", "366", whole=True)


class KimchiPremium:
    """The rule; see the module."""

    id = ID
    name_en = "Kimchi-premium remittance"
    name_ko = "가상자산 차익거래 의심 송금"
    told_apart: tuple[PartyType, ...] = ("person", "bank")
    limits: LimitKinds = MappingProxyType(
        {
            "linked_share": LimitKind("ratio", "0.01", "10", ko="송금액 대비 거래소 연계 입금 비율"),
            "young_days": LimitKind("days", "1", "3660", whole=True, ko="신설 업체로 보는 기간"),
            "tiny_capital": LimitKind("KRW", "1", "1000000000000", ko="소자본 업체로 보는 자본금"),
            "young_count": _COUNT._replace(ko="신설·소자본 업체의 최소 송금 건수"),
            "young_sum": _AMOUNT._replace(ko="신설·소자본 업체의 최소 송금 합계"),
            "young_window": _DAYS._replace(ko="신설·소자본 업체의 관찰 기간"),
            "frequent_count": _COUNT._replace(ko="빈번한 연계 송금으로 보는 건수"),
            "frequent_sum": _AMOUNT._replace(ko="빈번한 연계 송금으로 보는 합계"),
            "frequent_window": _DAYS._replace(ko="빈번한 연계 송금의 관찰 기간"),
            "sent_min": _AMOUNT._replace(needed=False, ko="감독당국 점검 기준 송금액"),
            "capital_multiple": LimitKind("ratio", "1", "1000000", needed=False, ko="감독당국 점검 기준 자본금 배수"),
            "branch_share": LimitKind("ratio", "0.01", "1", needed=False, ko="감독당국 점검 기준 영업점 비중"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # what it must remember of a payment beside its row is in its own slot
    wants = Wanted()
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """What the payment completes. Cost: 1 us for persons; 10 us for a firm's import or service payment."""
        if not _is_kind(context):
            return None
        linked = _linked(context)
        if not linked and ID not in context.slots and context.payment.usd < _sent_min(context):
            return None
        limits = _limits(context)
        if limits is None:
            return None
        measures = _measures(context, limits, linked)
        if is_fed(_now(context, linked), limits) and _is_enough(measures, limits):
            return finding_of(context, limits, measures, "linked")
        return finding_of(context, limits, measures, "sent") if is_published(measures, limits) else None

    def learn(self, context: Context) -> None:
        """Keep the payment of a firm that is young, tiny, fed, or kept already. Cost: 2 us, 30 us for such a firm."""
        if not _is_kind(context):
            return
        linked, limits = _linked(context), _limits(context)
        if limits is None:
            return
        if not linked and ID not in context.slots:
            # what its capital is worth in USD says nothing of these
            firm = firm_of(context.facts, age_days(context), None, limits)
            if not (firm.young or firm.tiny or firm.new):
                return
        found = _outflow(context)
        found.kept = [one for one in found.kept if one.event != context.payment.event]
        found.kept.append(_now(context, linked))
        _cut(found)
        context.slots[ID], context.named = msgspec.msgpack.encode(found), True
        if "sent_min" in limits and found.sent >= limits["sent_min"].cents:
            screening.wait(context.dates, screening.SENT, context.payment.time, context.zone, context.rulebook)

    def restate(self, past: Past) -> None:
        """What each kept payment is worth now; one that was taken back whole goes."""
        found = slot(past, ID, Outflow, None)
        if found is not None:
            columns = (past.rows[name].tolist() for name in ("event", "offset", "time", "usd"))
            rows = {event: tuple(row) for event, *row in zip(*columns, strict=True)}
            now = [
                msgspec.structs.replace(one, offset=row[0], time_us=row[1], usd=row[2])
                if (row := rows.get(one.event)) is not None
                else one
                for one in found.kept
            ]
            found.kept = [one for one in now if one.usd]
            past.slots[ID] = msgspec.msgpack.encode(found)

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What was sent up to that time and is still kept, of fed payments where the series is about them."""
        found = slot(past, ID, Outflow, None)
        kept = [] if found is None else [one for one in found.kept if one.time_us <= at_us]
        return sum(one.usd for one in kept if one.linked or series == "sent")

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether as many fed payments are left as the firm's kind must have, or the supervisor's test is still met."""
        limits, found = limits_of(past, local_date(at_us, past.zone)), slot(past, ID, Outflow, None)
        return found is None or limits is None or _still(past, found, limits, series, at_us)

    def hear_amendment(self, context: Context) -> None:
        """A kept payment is fed as its own institution's settlement says, where that says more."""
        found, event = slot(context, ID, Outflow, None), context.transaction
        if found is None or event.institution != context.names[context.payment.institution]:
            return
        linked, number = _linked(context), context.payment.event
        context.named = context.named or any(one.event == number for one in found.kept)
        if any(one.event == number and one.linked < linked for one in found.kept):
            found.kept = [
                msgspec.structs.replace(one, linked=linked) if one.event == number else one for one in found.kept
            ]
            context.slots[ID] = msgspec.msgpack.encode(found)

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """No inflow before this payment; of the supervisor's test an amount that leaves the sum below the line."""
        if finding.series == "linked":
            event = msgspec.structs.replace(context.transaction, exchange_linked_inflow_24h=None)
            text_en = "had no exchange-linked inflow been reported with this payment"
            text_ko = "이 송금에 거래소 연계 입금이 보고되지 않았다면"
            return [Change(msgspec.structs.replace(context, transaction=event), text_en, text_ko)]
        left = _sent_min(context) - (finding.size - context.payment.usd) - 1
        if left <= 0:
            return []
        text_en, text_ko = f"had this payment been {phrases.usd(left)}", f"이 송금액이 {phrases.usd_ko(left)}였다면"
        return [Change(context.with_payment(usd=left), text_en, text_ko)]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """A firm's payments, each with an inflow of its own size."""
        count = min(int(max(day.limit("young_count"), day.limit("frequent_count"), 1)), 12)
        amount = max(day.limit("young_sum"), day.limit("frequent_sum"), 1.0) / count * 1.1
        fed = {"party_type": "company", "purpose": "10101", "exchange_linked_inflow_24h": f"{amount * 1400:.0f}"}
        for number in range(count):
            yield "a payment fed by exchange-linked money", day.paid(number, "fed", amount, evidence="shown", **fed)


def _is_kind(context: Context) -> bool:
    """Whether the payment is a firm's import or service payment of a known worth."""
    payment = context.payment
    return (
        is_firm(context)
        and bool(payment.flags & OUT)
        and payment.usd > 0
        and kind_of(context, payment.purpose) in KINDS
    )


def _linked(context: Context) -> int:
    """The exchange-linked inflow of the payment's day in USD cents; 0 where none is told, or no rate is known."""
    told = context.transaction.exchange_linked_inflow_24h
    return 0 if told is None else in_usd(context, told) or 0


def _limits(context: Context) -> Limits | None:
    return limits_of(context, context.day)


def limits_of(where: Context | Past, day: date) -> Limits | None:
    """The limits in force on a day, None without one that is needed."""
    found = where.rulebook.named(ID, _ASKED, day)
    return found if len(found) == len(_ASKED) or all(name in found for name in _NEEDED) else None


def _sent_min(context: Context) -> int:
    limit = context.limit(ID, "sent_min")
    return LARGEST_CENTS if limit is None else limit.cents


def _firm(context: Context, limits: Limits) -> Firm:
    return firm_of(context.facts, age_days(context), capital(context), limits)


def firm_of(facts: Facts | None, age: int | None, worth: int | None, limits: Limits) -> Firm:
    """What is known of a firm of an age in days and a capital in USD cents."""
    registered = None if facts is None else facts.registered_on
    won = None if facts is None or facts.capital_krw is None else float(facts.capital_krw)
    since = set_up_since(limits)
    return Firm(
        age,
        worth,
        None if age is None else age <= limits["young_days"].number,
        None if won is None else won <= limits["tiny_capital"].number,
        None if registered is None or since is None else registered >= since,
    )


def _now(context: Context, linked: int) -> Sent:
    payment, branch = context.payment, context.transaction.branch
    told = 0 if branch is None else token_number(f"{context.names[payment.institution]}|{branch}") >> 32
    sender = token_number(context.sender) >> 48
    return Sent(payment.offset, payment.time, payment.usd, linked, told, sender, payment.event)


def _outflow(context: Context) -> Outflow:
    found: Outflow | None = slot(context, ID, Outflow, None)
    return Outflow() if found is None else found


def _cut(found: Outflow) -> None:
    """Turn the oldest payments beyond `MOST_KEPT` into totals, of the sender that has most first."""
    kept = fairly_cut(found.kept, MOST_KEPT, lambda one: one.sender)
    stays = {one.event for one in kept}
    for one in found.kept:
        if one.event not in stays:
            found.total, found.count = min(found.total + one.usd, LARGEST_CENTS), found.count + 1
            branch = one.branch if one.branch in found.branches or len(found.branches) < MOST_BRANCHES else 0
            found.branches[branch] = min(found.branches.get(branch, 0) + one.usd, LARGEST_CENTS)
    found.kept = kept


def _measures(context: Context, limits: Limits, linked: int) -> Measures:
    found, now = _outflow(context), _now(context, linked)
    every = [*(one for one in found.kept if one.event != now.event and one.time_us <= now.time_us), now]
    return measured(found, every, now.time_us, _firm(context, limits), limits)


def _still(past: Past, found: Outflow, limits: Limits, series: str, at_us: int) -> bool:
    """Whether an alert of that time stands; in doubt it does: payments are in totals, or a capital is not known."""
    facts = past.facts
    registered = None if facts is None else facts.registered_on
    age = None if registered is None else (local_date(at_us, past.zone) - registered).days
    if series == "sent":
        return _still_published(past, found, limits, at_us)
    kind = "young" if firm_of(facts, age, None, limits).is_small else "frequent"
    return _still_fed(found, limits, kind, at_us)


def _still_fed(found: Outflow, limits: Limits, kind: str, at_us: int) -> bool:
    width = int(limits[f"{kind}_window"].number) * DAY_US
    if found.count and min((one.time_us for one in found.kept), default=at_us) > at_us - width:
        return True
    fed = [Piece(one.time_us, one.usd) for one in found.kept if is_fed(one, limits)]
    enough = Enough(int(limits[f"{kind}_count"].number), limits[f"{kind}_sum"].cents)
    return some_window(near(fed, at_us, width), width, enough)


def _still_published(past: Past, found: Outflow, limits: Limits, at_us: int) -> bool:
    sent, times, total = limits.get("sent_min"), limits.get("capital_multiple"), found.total
    total += sum(one.usd for one in found.kept)
    if sent is None or times is None:
        return True
    if total < sent.cents:
        return False
    won = None if past.facts is None else past.facts.capital_krw
    rate = past.reference("KRW/USD", at_us, ANY_POSITION)
    worth = None if won is None or rate is None else money.cents(money.parse_or_zero(won), rate)
    return not worth or total / worth >= times.number or _still_fed(found, limits, "frequent", at_us)


def _is_enough(measures: Measures, limits: Limits) -> bool:
    """Whether the fed payments of the window are as many, and come to as much, as the firm's kind has to have."""
    kind = "young" if measures.firm.is_small else "frequent"
    return len(measures.fed) >= limits[f"{kind}_count"].number and measures.fed_usd >= limits[f"{kind}_sum"].cents
