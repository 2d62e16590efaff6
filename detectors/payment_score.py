"""What the models say of a payment, before they learn from it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from detectors.books import folded_payments as folded
from detectors.books import payments
from detectors.books.payments import Payment
from detectors.features import EventView, Feature, measure_again, observe
from detectors.memory.day_measures import measured
from detectors.payment_step import PaymentMoney, PaymentStep
from detectors.ranking.ensemble import Scored
from detectors.values import money
from detectors.values.legal_calendar import DAY_US, SECOND_US, local
from detectors.values.market_gap import CENTIBP

WEEK_US = 7 * DAY_US
# Peers are compared within a segment. Sole traders behave as companies do; banks as neither.
SEGMENTS = {"person": "person", "sole_trader": "business", "company": "business", "bank": "bank"}


_NOBODY: Mapping[str, Scored] = MappingProxyType({})


class PaymentScore(NamedTuple):
    """What the models said; nothing for an event that is only an amendment of a payment.

    `beside` is what each challenger said, by its name.
    """

    scored: Scored | None = None
    features: tuple[Feature, ...] = ()
    segment: str = ""
    beside: Mapping[str, Scored] = _NOBODY


def score_payment(step: PaymentStep, row: Payment, worth: PaymentMoney, told: Payment | None = None) -> PaymentScore:
    """PaymentScore the payment against the past, then learn from it, unless it was `told` and learned before."""
    state, effective, event, at_us, known = step.state, step.effective, step.event, step.at_us, step.known
    assert state.scorer is not None
    wall = local(at_us, effective.zone)
    line = effective.rulebook.law("document_line", wall.date())
    dollars = None if worth.usd is None else worth.usd / 100
    week = None if worth.usd is None else week_sum(step, row, worth.usd, told) / 100
    view = EventView(
        event_time_s=at_us / SECOND_US,
        direction=event.direction,
        party_type=event.party_type,
        channel=event.channel,
        country=event.counterparty_country,
        currency=event.currency,
        purpose=event.purpose,
        institution=event.institution,
        counterparty=f"{row.beneficiary:016x}",
        amount_usd=dollars,
        deal_deviation_bp=None if worth.deal is None else worth.deal.deviation / CENTIBP,
        no_document=bool(row.flags & payments.NO_DOCUMENT),
        local_hour=wall.hour + wall.minute / 60 + wall.second / 3600,
        local_weekday=wall.weekday(),
        sum_7d_usd=week,
        doc_line_ratio=None if line is None or dollars is None else dollars / float(line.number),
        trade_terms=event.trade_terms,
        turnover_usd=_dollars(step, None if known.facts is None else known.facts.turnover_krw),
        exchange_inflow_usd=_dollars(step, event.exchange_linked_inflow_24h),
    )
    segment = f"{SEGMENTS[event.party_type]}.{event.direction}"
    if told is None:
        features, known.baselines = observe(view, known.baselines, state.baselines)
    else:
        features = measure_again(view, known.baselines, state.baselines, told.time / SECOND_US)
    scored = state.scorer.score_then_learn(segment, features, learn=told is None)
    if told is None:
        numbers = measured(view)
        state.exchange.count(state.partition, segment, scored.place, step.clock_us, effective.zone, numbers)
    return PaymentScore(scored, features, segment, _score_beside(step, segment, features, learn=told is None))


def _score_beside(
    step: PaymentStep, segment: str, features: tuple[Feature, ...], *, learn: bool
) -> Mapping[str, Scored]:
    """What each challenger says of the payment; then it learns from it, and its score is counted with the champion's.

    Behind the champion's own count, which begins a new day of what is told. While an operator has stopped challengers
    they neither score nor learn, and keep what they know.
    """
    state = step.state
    if not state.challengers or "challengers" in step.configuration.stops:
        return _NOBODY
    found = {}
    for name, challenger in state.challengers.items():
        found[name] = said = challenger.scorer.score_then_learn(segment, features, learn=learn)
        if learn:
            state.exchange.count_beside(state.partition, challenger.detectors, segment, said.place)
    return found


def week_sum(step: PaymentStep, row: Payment, usd: int, told: Payment | None) -> int:
    """USD cents of the last seven days in the payment's direction, the payment itself once, as this event says it."""
    out, at_us = step.event.direction == "out", step.at_us
    rows = payments.rows(step.known)
    cents = payments.window_sum(rows, out, at_us - WEEK_US + 1, at_us)
    summed = folded.folded_of(step.known)
    if summed is not None:
        cents += summed.flow(out, at_us - WEEK_US + 1, at_us)
    if told is not None:
        return cents + usd - (told.usd if at_us - WEEK_US < told.time <= at_us else 0)
    # a late payment is in no window, yet the sum is said to hold this payment
    counted = bool(len(rows)) and int(rows["offset"][-1]) == row.offset
    return cents if counted else cents + usd


def _dollars(step: PaymentStep, krw: str | None) -> float | None:
    """An amount in KRW as USD at the event's time; None where it is not told, or there is no rate."""
    if krw is None:
        return None
    rate = step.state.rates.ratio("KRW", "USD", step.at_us, step.effective.stale_us)
    return None if rate is None else money.cents(money.parse_or_zero(krw), rate) / 100
