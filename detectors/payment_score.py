"""What the models say of a payment, and what they learn from it when it was judged."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from detectors.alerting import cases
from detectors.alerting.build import RaisedAlert
from detectors.books import folded_payments as folded
from detectors.books import payments
from detectors.books.party import Party
from detectors.books.payments import Payment
from detectors.features import EventView, Feature, Observation, measure_again
from detectors.memory import quarantine
from detectors.memory.day_measures import measured
from detectors.payment_step import PaymentMoney, PaymentStep
from detectors.ranking.ensemble import Scored
from detectors.typologies.base import Finding, Typology
from detectors.values import money
from detectors.values.legal_calendar import DAY_US, SECOND_US, local
from detectors.values.market_gap import CENTIBP

WEEK_US = 7 * DAY_US
# Peers are compared within a segment. Sole traders behave as companies do; banks as neither.
SEGMENTS = {"person": "person", "sole_trader": "business", "company": "business", "bank": "bank"}
_NOBODY: Mapping[str, Scored] = MappingProxyType({})


class PaymentScore(NamedTuple):
    """What the models said; nothing for an event that is only an amendment of a payment.

    `beside` is what each challenger said, by its name. `observed`, `view` and `first`, its first event, are there for a
    payment that is still to be learned from, once.
    """

    scored: Scored | None = None
    features: tuple[Feature, ...] = ()
    segment: str = ""
    beside: Mapping[str, Scored] = _NOBODY
    observed: Observation | None = None
    view: EventView | None = None
    first: int = 0


def score_payment(step: PaymentStep, row: Payment, worth: PaymentMoney, told: Payment | None = None) -> PaymentScore:
    """Score the payment against the past, `told` before or for the first time. It teaches nothing yet."""
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
    if told is None or quarantine.is_held(known, told.event):
        past = quarantine.settle(known, effective.quarantine, step.clock_us, state.counters)
        observed = Observation(view, past, state.baselines)
        features = observed.features
    else:
        observed = None
        features = measure_again(view, known.baselines, state.baselines, told.time / SECOND_US)
    scored = state.scorer.score_then_learn(features, learn=False)
    # while an operator has stopped challengers they neither score nor learn, and keep what they know
    running = {} if "challengers" in step.configuration.stops else state.challengers
    beside = {name: challenger.scorer.score_then_learn(features, learn=False) for name, challenger in running.items()}
    if observed is None or told is not None:
        return PaymentScore(scored, features, segment, beside)
    if past is not known.baselines:
        # what a verdict cleared is in the past that was measured against, and not in the one that goes on
        observed = Observation(view, known.baselines, state.baselines)
    return PaymentScore(scored, features, segment, beside, observed, view, row.event)


def flag_of(
    known: Party, raised: RaisedAlert | None, fired: list[tuple[Typology, Finding]], at_us: int
) -> quarantine.Flag | None:
    """The alert that a payment raised, or, where a rule fires on it and that is no news, the one that it adds to.

    That is the last alert of the same series. Of several rules the one whose alert is the newest counts.
    """
    if raised is not None:
        return quarantine.Flag(raised.alert.alert_id, ruled=bool(fired))
    if not fired:
        return None
    series = [cases.last_alerted(known, typology.id, finding, at_us) for typology, finding in fired]
    standing = [one.alert_id for one in known.alerted if one in series]
    return quarantine.Flag(standing[-1] if standing else "", ruled=True)


def learn_payment(step: PaymentStep, score: PaymentScore, flag: quarantine.Flag | None, payment: int = 0) -> None:
    """Let the models learn from a scored payment, as far as the quarantine lets them; `flag` says what it alerted.

    `payment` is the number of its first event, 0 where there is none. Of a later word about it nothing is learned.
    """
    if flag is not None and score.observed is None:
        quarantine.note_alert(step.known, payment, flag)
    if score.observed is None or score.scored is None or score.view is None:
        return
    state, effective, known, clock_us = step.state, step.effective, step.known, step.clock_us
    assert state.scorer is not None
    assert state.configuration is not None
    rules, rank = effective.quarantine, score.scored.rank
    if flag is None or not flag.ruled:
        rare = rank is not None and rank <= min(quarantine.FLAGGED_RANK, state.configuration.detectors.ceiling)
        flag = (flag or quarantine.Flag()) if rare else None
    held = flag is not None and rules.days > 0 and not step.origin.history
    day = local(clock_us, effective.zone).toordinal()
    strange = rank is not None and rank <= quarantine.STRANGE_RANK
    teaches = quarantine.teaches_others(known, rules, day, strange=strange)
    if held and flag is not None:
        state.counters["quarantine_held"] += 1
        gone = quarantine.hold(known, score.first, score.view, clock_us, flag)
        state.counters["quarantine_pushed_out"] += gone
    else:
        known.baselines = score.observed.learn(peers=teaches)
    if not teaches:
        # each payment that is scored is learned by the members, held, or one of these: so the counts add up
        state.counters["quarantine_untaught"] += not held
        state.exchange.measure(state.partition, score.segment, clock_us, effective.zone, measured(score.view))
        return
    state.scorer.learn(score.features, score.scored, members=not held)
    state.exchange.count(
        state.partition, score.segment, score.scored.place, clock_us, effective.zone, measured(score.view)
    )
    # behind the champion's own count, which begins a new day of what is told
    for name, said in score.beside.items():
        challenger = state.challengers[name]
        challenger.scorer.learn(score.features, said, members=not held)
        state.exchange.count_beside(state.partition, challenger.detectors, score.segment, said.place)


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
