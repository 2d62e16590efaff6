"""T10: a payment abroad to somebody who is not the contract's other party, without a report.

The law (Act 16 no. 3, Reg 5-10) frees such payments up to a line; what is paid in pieces for one deal is summed. Above
it the bank, above a second line the Bank of Korea takes a report first. Receipts from third parties are free, so only
outgoing payments are looked at. Pieces are those to anybody but the contract's party within `split_window`.

Silent where the payment names a report of any kind: a record has room for one number, and which reports a deal has
cannot be told from it. Silent for banks (Reg 5-10(1) no. 4 to 6, 10), for parties that are no residents, and, where the
configuration says so, for payees that the profile relates to the party. Of the other exemptions (32 in all) no field
tells; the finding says so.
Fails where the sender does not name the contract's party. Pieces before a key rotation and after it are two deals here.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

import msgspec

from detectors.books.party import token_number
from detectors.books.payments import OUT, Rows, exact_sum, rows_where
from detectors.books.wanted import Wanted
from detectors.contracts.alert import Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.typologies.base import Change, Context, Finding, Past, slot
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.kept_payments import Kept, added, of_payment, restated, with_now, with_parts
from detectors.typologies.t10_words import NEXT_STEPS, SANCTIONS, WORDS, Paid, law_tests, sentences
from detectors.typologies.windows import Enough, Piece, near, some_window
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain
from detectors.wording import phrases

ID = "T10"
_NEEDED = ("free_line", "bank_line", "split_window", "growth_ratio")
# Our judgement: just above the line the payment is a fact, and 32 exemptions that no field tells leave two fifths of
# doubt. Half of three tenths of it goes with each `bank_line`; the exemptions stay.
LEAST_STRENGTH, MOST_STRENGTH = 0.6, 0.9
# that pieces belong to one deal is inferred from the contract's party and the time
PIECES_ONLY = 0.85
# Kept for late payments too, which come up to 35 days after their time (`engine.lateness_days`).
LATE_DAYS = 35


class ThirdPartyPayment:
    """The rule; see the module."""

    id = ID
    name_en = "Third-party payment"
    name_ko = "제3자 지급"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "free_line": LimitKind("USD", "1", "1000000000", ko="신고를 요하지 않는 금액"),
            "bank_line": LimitKind("USD", "1", "1000000000", ko="외국환은행 신고 금액"),
            "split_window": LimitKind("days", "1", "365", whole=True, ko="분할 지급 합산 기간"),
            "related_exempt": LimitKind("flag", "0", "1", whole=True, needed=False, ko="특수관계인 지급 제외"),
            # said in the tests of the law, never compared with
            "exemption_count": LimitKind(
                "count", "1", "1000", whole=True, needed=False, ko="신고 예외의 수", counter="개"
            ),
            "late_report_months": LimitKind(
                "count", "1", "120", whole=True, needed=False, ko="사후 보고 기한", counter="개월"
            ),
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
        """The contract party whose deals others were paid for beyond the line. Cost: 1 us for all other payments."""
        event = context.transaction
        if event.contract_counterparty is None or not _is_third(context):
            return None
        paid = _paid(context)
        return None if paid is None or paid.total <= paid.free.cents else _finding(context, paid)

    def learn(self, context: Context) -> None:
        """Keep the piece."""
        if context.transaction.contract_counterparty is None or not _is_third(context):
            return
        window = context.limit(ID, "split_window")
        if window is not None:
            kept = slot(context, ID, list[Kept], [])
            newest = max([context.payment.time, *(one.time_us for one in kept)])
            oldest = newest - (int(window.number) + LATE_DAYS) * DAY_US
            found = added(kept, of_payment(context, _deal(context.transaction)), oldest)
            context.slots[ID], context.named = msgspec.msgpack.encode(found), True

    def restate(self, past: Past) -> None:
        """The pieces at the amounts of now."""
        kept = slot(past, ID, list[Kept], [])
        if kept:
            past.slots[ID] = msgspec.msgpack.encode(restated(past, kept))

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """The deal's pieces of the window that ends there."""
        window = past.rulebook.limit(ID, "split_window", local_date(at_us, past.zone))
        since = 0 if window is None else at_us - int(window.number) * DAY_US
        kept = slot(past, ID, list[Kept], [])
        return sum(one.usd for one in kept if f"{one.tag:016x}" == series and since < one.time_us <= at_us)

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether the deal's pieces near the alert are over the line of its day in some window."""
        day = local_date(at_us, past.zone)
        free, window = past.rulebook.limit(ID, "free_line", day), past.rulebook.limit(ID, "split_window", day)
        if free is None or window is None:
            return True
        pieces = [Piece(one.time_us, one.usd) for one in slot(past, ID, list[Kept], []) if f"{one.tag:016x}" == series]
        width = int(window.number) * DAY_US
        return some_window(near(pieces, at_us, width), width, Enough(1, free.cents + 1))

    def hear_amendment(self, context: Context) -> None:
        """A piece whose settlement or correction names a report, or the contract's party as payee, is none any more.

        A payment of which the contract's party is told by then is one from now on. Another institution's word changes
        nothing.
        """
        event = context.transaction
        silent = event.contract_counterparty is None and event.report_no is None
        if silent or event.institution != context.names[context.payment.institution]:
            return
        kept = slot(context, ID, list[Kept], [])
        left = [one for one in kept if one.event != context.payment.event]
        if len(left) < len(kept):
            context.slots[ID] = msgspec.msgpack.encode(left)
        self.learn(context)

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """A report made; what was left under the line; the contract's party paid."""
        changes = [
            Change(
                context.with_report(),
                "had the third-party payment been reported beforehand",
                "이 제3자 지급을 사전에 신고하였다면",
            )
        ]
        free = context.limit(ID, "free_line")
        left = 0 if free is None else free.cents - (finding.size - context.payment.usd)
        if left > 0:
            changes.append(
                Change(
                    context.with_payment(usd=left),
                    f"had this payment been {phrases.usd(left)} or less (what was left under the line)",
                    f"이 지급액이 신고를 요하지 않는 잔액 {phrases.usd_ko(left)} 이하였다면",
                )
            )
        return changes

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """Two pieces over the line together, and one payment far over both lines."""
        given = {"party_type": "company", "evidence": "shown", "contract_counterparty": "t.002.maker"}
        for number, part in enumerate((0.9, 0.9, 20.0)):
            yield "a third-party payment", day.paid(number, "buyer", day.limit("free_line") * part, **given)


def _deal(event: Transaction) -> int:
    """The contract's party, by the number of its earlier token where a key rotation is under way."""
    token = event.contract_counterparty or ""
    return token_number(event.previous.get(token, token))


def _is_third(context: Context) -> bool:
    """Whether it is an outgoing payment of a resident to a third party, without a report and not exempt."""
    event, payment = context.transaction, context.payment
    if not payment.flags & OUT or payment.usd <= 0 or event.report_no is not None:
        return False
    if event.contract_counterparty == event.counterparty or event.party_type == "bank":
        return False
    if event.residency == "non_resident":
        return False
    if context.facts is None or payment.beneficiary not in context.facts.related:
        return True
    exempt = context.limit(ID, "related_exempt")
    return exempt is None or not exempt.number


def _paid(context: Context) -> Paid | None:
    """The deal's pieces up to the payment; None without limits."""
    found = context.needed(ID, _NEEDED)
    if found is None:
        return None
    days = int(found["split_window"].number)
    since = context.payment.time - days * DAY_US
    pieces = with_now(context, slot(context, ID, list[Kept], []), _deal(context.transaction), since)
    total = sum(one.usd for one in pieces)
    return Paid(pieces, total, found["free_line"], found["bank_line"], days, found["growth_ratio"])


def _strength(paid: Paid) -> float:
    beyond = 1.0 - float(0.5 ** ((paid.total - paid.free.cents) / paid.bank.cents))
    strength = LEAST_STRENGTH + (MOST_STRENGTH - LEAST_STRENGTH) * beyond
    whole = any(one.usd > paid.free.cents for one in paid.pieces)
    return round(strength if whole else strength * PIECES_ONLY, 4)


def _earlier(context: Context) -> Rows:
    """The party's other payments to this payee that are kept as rows."""
    rows, payment = context.rows, context.payment
    mask = (rows["beneficiary"] == payment.beneficiary) & (rows["flags"] & OUT == OUT)
    return rows_where(rows, mask & (rows["offset"] != payment.offset) & (rows["usd"] > 0))


def _finding(context: Context, paid: Paid) -> Finding:
    payment = context.payment
    earlier = _earlier(context)
    first_us = int(earlier["time"].min()) if len(earlier) else None
    english, korean = sentences(context, paid, len(earlier), first_us)
    related = None if context.facts is None else payment.beneficiary in context.facts.related
    finding = Finding(
        strength=_strength(paid),
        limits=(paid.free.shown(), paid.bank.shown(), paid.growth.shown()),
        window=f"third-party payments of {paid.days} days",
        measured=(
            Measured(name="third_party_total", value=plain(paid.total), unit="USD"),
            Measured(name="third_party_payments", value=len(paid.pieces), unit="count"),
            Measured(
                name="largest_third_party_payment", value=plain(max(each.usd for each in paid.pieces)), unit="USD"
            ),
            Measured(name="above_bank_line", value=int(paid.total > paid.bank.cents), unit="flag"),
            *([] if related is None else [Measured(name="payee_is_related", value=int(related), unit="flag")]),
            Measured(name="earlier_payments_to_payee", value=len(earlier), unit="count"),
            Measured(name="earlier_total_to_payee", value=plain(exact_sum(earlier["usd"])), unit="USD"),
        ),
        offsets=(),
        institutions=(),
        series=f"{_deal(context.transaction):016x}",
        size=paid.total,
        growth=paid.growth.cents,
        memory_us=paid.days * DAY_US,
        at_risk=paid.total,
        value=plain(paid.total),
        unit="USD",
        own_baseline=plain(exact_sum(earlier["usd"]) // len(earlier)) if len(earlier) else None,
        own_n=len(earlier),
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=law_tests(context, paid, related=related),
    )
    return with_parts(context, finding, paid.pieces, paid.free.cents)
