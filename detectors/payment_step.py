"""A payment at hand: the event, what it is applied to, what it is worth, and the row that stands for it."""

from typing import NamedTuple

from detectors.alerting import build
from detectors.books import payments
from detectors.books.party import Party
from detectors.books.payment_ids import event_number, payment_number
from detectors.books.payments import Payment
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Origin, PartyType, Transaction
from detectors.memory.effective_configuration import Effective
from detectors.memory.state import PartitionState
from detectors.typologies.base import Deal
from detectors.values import money
from detectors.values.market_gap import deviation_of
from detectors.values.money import Exact, Ratio


class PaymentStep(NamedTuple):
    """The event at hand and what it is applied to; `clock_us` is the partition's clock with this event counted.

    `event` has the type that its party is judged as, `told` the one that the sender said; `readings` are the types that
    others said (party_type.py).
    """

    state: PartitionState
    configuration: Configuration
    effective: Effective
    event: Transaction
    origin: Origin
    at_us: int
    clock_us: int
    known: Party
    told: PartyType
    readings: tuple[PartyType, ...]


class PaymentMoney(NamedTuple):
    """The event's amounts, parsed before anything is changed."""

    amount: Exact
    usd: int | None
    own_krw: int | None
    deal: Deal | None


def worth_of(state: PartitionState, effective: Effective, event: Transaction, at_us: int) -> PaymentMoney:
    """The payment's amounts and deal. Raises `ValueError` where an amount or rate is not a number; changes nothing."""
    amount = money.parse(event.amount)
    stale = effective.stale_us
    rate = state.rates.ratio(event.currency, "USD", at_us, stale)
    usd = None if rate is None else money.cents(amount, rate)
    own_krw = build.krw_of(amount, money.ONE) if event.currency == "KRW" else None
    deal = None
    if event.deal_rate is not None and event.settled_currency is not None and event.settled_currency != event.currency:
        exact = money.parse(event.deal_rate)
        reference = state.rates.ratio(event.currency, event.settled_currency, at_us, stale)
        if reference is not None:
            deal_rate = Ratio(exact.mantissa, 10**exact.exponent)
            deviation = deviation_of(exact, reference)
            deal = Deal(f"{event.currency}/{event.settled_currency}", deal_rate, reference, deviation)
    return PaymentMoney(amount, usd, own_krw, deal)


def row_of(step: PaymentStep, worth: PaymentMoney) -> Payment:
    """The row that stands for the payment; its names and its counterparty get their numbers with the party."""
    event, known, at_us = step.event, step.known, step.at_us
    flags = payments.OUT if event.direction == "out" else 0
    if event.evidence == "none" and event.report_no is None:
        flags |= payments.NO_DOCUMENT
    flags |= {"settled": payments.SETTLED, "ordered": payments.ORDERED}.get(event.status, 0)
    if event.channel == "small_remitter":
        flags |= payments.SMALL_REMITTER
    if worth.usd is None:
        flags |= payments.RATE_MISSING
    mantissa, exponent = money.fitted(worth.amount)
    return Payment(
        time=at_us,
        amount_us=at_us,
        event=event_number(event.institution, event.event_id),
        payment=payment_number(event.institution, event.payment_id),
        usd=worth.usd or 0,
        beneficiary=known.canonical(event.counterparty, event.previous),
        amount=mantissa,
        offset=step.origin.offset,
        purpose=known.name_number(event.purpose or ""),
        institution=known.name_number(event.institution),
        currency=known.name_number(event.currency),
        exponent=exponent,
        flags=flags,
    )
