"""What a transaction does to the state: legal totals, features, score, typologies, and perhaps an alert."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from detectors.alerting import build, evidence
from detectors.alerting.build import UNSCORED, AlertFacts, RaisedAlert
from detectors.alerting.enough_to_compare import enough_to_compare
from detectors.alerting.retracted import TakingBack, retract
from detectors.alerting.shadowed import Compared, shadow
from detectors.alerting.woken import Occasion
from detectors.books import accounting, aliases, payments, trade_entries, trade_ledger
from detectors.books import folded_payments as folded
from detectors.books.accounting import Effect, Incoming, Join
from detectors.books.party import MOST_NAMES
from detectors.books.party_type import expected_type, readings, remember_word
from detectors.books.payment_ids import event_number
from detectors.books.payments import Payment
from detectors.books.residency import remember_residency, residence
from detectors.contracts.alert import Selection
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Origin, PartyType, Transaction
from detectors.contracts.shadow import Shadow
from detectors.features import Feature
from detectors.features.amount_own import NAME as OWN_AMOUNT
from detectors.memory import event_clock, roster, taken_back, told_payments
from detectors.memory.effective_configuration import Effective
from detectors.memory.item_news import keeping
from detectors.memory.quarantine import Flag
from detectors.memory.state import PartitionState
from detectors.payment_score import PaymentScore, flag_of, learn_payment, score_payment
from detectors.payment_step import PaymentMoney, PaymentStep, row_of, worth_of
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scored
from detectors.typologies import registered, wanted
from detectors.typologies.base import Context, Usual
from detectors.typologies.due import PartyDates, hears_amendments
from detectors.values.institution_code import institution_code
from detectors.values.legal_calendar import HOUR_US, SECOND_US, local, to_us, year_bounds
from detectors.values.market_gap import CENTIBP


class Seen(NamedTuple):
    """What came of a transaction, for the outputs.

    `usd` in cents, None without a rate; `fired` the strength by typology, `news` the strengths of what is news;
    `deal_bp` how far the deal rate is from the reference, None without one of the two; `join` what is to be counted of
    an event that has its payment's id in common with another; `folded` how many of the party's payments went into
    totals (folded_payments.py); `judged_as` and `type_differs` as in core.Outputs; `raised` begins with the payment's
    own alert, if there is one, and those that it takes back follow; `shadow` is what challengers would have alerted.
    """

    late: bool
    usd: int | None
    raised: tuple[RaisedAlert, ...]
    scored: Scored | None
    fired: tuple[tuple[str, float], ...]
    news: tuple[float, ...]
    deal_bp: float | None
    join: Join | None
    folded: int
    judged_as: PartyType
    type_differs: bool
    shadow: tuple[Shadow, ...] = ()


class _Judged(NamedTuple):
    """The alert, if any; the strength by typology of all that fired; the strengths of what is news; the type it is for.

    That type is the one of the event, or the reading under which alone the rules of its alert fire. `shadow` is what
    challengers would have alerted, `flag` says what the payment alerted, or adds to.
    """

    raised: RaisedAlert | None
    fired: tuple[tuple[str, float], ...]
    news: tuple[float, ...]
    judged_as: PartyType
    shadow: tuple[Shadow, ...]
    flag: Flag | None = None


def apply_transaction(
    state: PartitionState, configuration: Configuration, effective: Effective, event: Transaction, origin: Origin
) -> Seen:
    """Apply one transaction. Raises `ValueError` before anything changed when an amount or rate is not a number.

    A payment is learned once, from its first event: a settlement of a known payment, a return or a cancellation changes
    what counts, and a settlement may complete a typology, but the models do not see the payment again. A second
    institution's first word about it is scored beside that, and teaches nothing. Failure prevented: who tells another
    bank's payment first, with fields that look harmless, has the models look at those alone.
    """
    if (one := institution_code(event.institution)) != event.institution:
        event = msgspec.structs.replace(event, institution=one)
    at_us = to_us(event.event_time)
    worth = worth_of(state, effective, event, at_us)
    step, differs = _begin(state, configuration, effective, event, origin, at_us)
    known = step.known
    state.give_share(event.institution, step.clock_us)
    folded_now = _fold(step)  # two parties that prove to be one may be too many payments together
    if len(known.names) > MOST_NAMES:
        payments.forget_names(known)
    aliases.make_room(known, state.shares.known_as)
    was = taken_back.before(known)
    late = state.watermark_us is not None and at_us < state.watermark_us - effective.lateness_us
    row = row_of(step, worth)
    effect = _account(step, row, worth, late)
    if effect.kind == "new" and not origin.history:
        told_payments.count(
            state, effective, configuration.legend, told_payments.ToldPayment(event, origin, row, worth.deal)
        )
    score = PaymentScore()
    if effect.kind == "new" or (effect.kind == "late" and event.status in {"ordered", "settled"}):
        score = score_payment(step, row, worth)
    elif effect.second:
        score = score_payment(step, row, worth, told=effect.payment)
    judged = _judge(step, effect, worth, score)
    learn_payment(step, score, judged.flag, payment=0 if effect.payment is None else effect.payment.event)
    raised = [] if judged.raised is None else [judged.raised]
    occasion = Occasion(state, configuration, effective, origin)
    by = TakingBack(event.party, event.event_time, event.event_id, event.institution, event.status)
    raised += retract(occasion, known, was, by, only_added=effect.kind not in {"amended", "reversed"})
    known.first_us, known.last_us = min(known.first_us, at_us), max(known.last_us, at_us)
    state.advance(step.clock_us)
    _prune(step)
    folded_now += _fold(step)
    roster.store(state, event.party, event.previous, known, state.shares.known_as(event.institution))
    deal_bp = None if worth.deal is None else worth.deal.deviation / CENTIBP
    return Seen(
        late,
        worth.usd,
        tuple(raised),
        score.scored,
        judged.fired,
        judged.news,
        deal_bp,
        effect.join,
        folded_now,
        judged.judged_as,
        differs,
        judged.shadow,
    )


def _begin(
    state: PartitionState,
    configuration: Configuration,
    effective: Effective,
    event: Transaction,
    origin: Origin,
    at_us: int,
) -> tuple[PaymentStep, bool]:
    """The event under the party type that it is judged as, and whether its sender tells another than was known."""
    known = roster.recall(state, event.party, event.previous)
    if not known.party_type:
        known.first_us = known.last_us = at_us
    told, before = event.party_type, expected_type(known, event.institution)
    judged_as, *others = readings(known, event.institution, told)
    remember_word(known, event.institution, told)
    remember_residency(known, event.institution, event.residency)
    if judged_as != told:
        event = msgspec.structs.replace(event, party_type=judged_as)
    clock_us = event_clock.moved(state.watermark_us, at_us, origin.timestamp_ms)
    step = PaymentStep(state, configuration, effective, event, origin, at_us, clock_us, known, told, tuple(others))
    return step, before not in {"", told}


def _account(step: PaymentStep, row: Payment, worth: PaymentMoney, late: bool) -> Effect:
    """Bring the legal totals up to date, and what follows from them: alerted sizes, and the proof of what counts."""
    state, effective, event, known = step.state, step.effective, step.event, step.known
    original = event_number(event.institution, event.original_event_id)
    if state.restatement.waiting:
        taken_back.bring_up_to_date(state, effective, event.party, known)
    was = taken_back.before(known)
    incoming = Incoming(row, event.status, original, event.currency, event.institution, late, effective.zone)
    effect = accounting.account(known, incoming)
    by = keeping(state, effective, event.party, step.at_us)
    changes = trade_ledger.take_payment(known, event, incoming, effect, step.configuration.legend, by)
    if effect.kind == "pending" and known.folded:
        folded.note_return(known, worth.usd or 0, _needs(step))
    if effect.kind in {"amended", "reversed"}:
        taken_back.follow(state, effective, known, was)
    elif changes:
        # a payment may be what a declaration waited for
        taken_back.follow(state, effective, known, was._replace(payments=known.payments))
    counts = effect.payment is not None and effect.kind in {"new", "amended"}
    if counts and _is_named(step, row):
        known.remember_proof(evidence.proof_of(state, event, step.origin, piece=_is_piece(step, row)))
    return effect


def _is_named(step: PaymentStep, row: Payment) -> bool:
    """Whether an alert may have to name the payment later."""
    every = wanted()
    if any(which.holds(row.flags) for which in every.proofs):
        return True
    return every.trade and trade_entries.is_trade(step.event, step.configuration.legend.purposes)


def _judge(step: PaymentStep, effect: Effect, worth: PaymentMoney, score: PaymentScore) -> _Judged:
    """Evaluate the typologies, offer the event to the budget if none fired, build the alert; then let typologies learn.

    History is learned from and counts in every window, and never alerts.
    """
    known, at_us, history = step.known, step.at_us, step.origin.history
    context = _context(step, effect, worth, score.features)
    fired = [] if context is None else build.evaluate(context, step.configuration)
    if fired:
        known.remember_proof(evidence.proof_of(step.state, step.event, step.origin))
    found = [] if history else build.news(fired, known, at_us)
    selection: Selection | None = build.RULE
    offered: Callable[[float], bool] = _never
    if not found:
        # one statistical alert a payment, whoever tells of it
        had_one = effect.payment is not None and known.was_unusual(effect.payment.event)
        selection, offered = _offer(step, PaymentScore() if history or had_one else score, again=effect.second)
    if not effect.second and score.scored is not None and (history or score.scored.rank is None):
        _note_past(step)
    raised = None
    event = _read_as(step.event, found)
    if selection is not None:
        krw = step.state.rates.ratio("USD", "KRW", at_us, step.effective.stale_us)
        case = AlertFacts(
            step.state,
            step.configuration,
            event,
            step.origin,
            at_us,
            known,
            context,
            worth.usd,
            krw,
            worth.own_krw,
            score.segment,
            score.features,
            score.scored or UNSCORED,
            step.told,
            payment=0 if effect.payment is None else effect.payment.event,
        )
        raised = build.build(case, found, selection, offered)
        if not found and effect.payment is not None:
            known.remember_unusual(effect.payment.event)
    shadowed = () if found or history else _shadow(step, effect, worth, score, raised)
    if context is not None:
        _let_learn(step, effect, context)
    return _Judged(
        raised,
        tuple([(typology.id, finding.strength) for typology, finding in fired]),
        tuple([hit.finding.strength for hit in found]),
        event.party_type,
        shadowed,
        flag_of(known, raised, fired, at_us),
    )


def _shadow(
    step: PaymentStep, effect: Effect, worth: PaymentMoney, score: PaymentScore, raised: RaisedAlert | None
) -> tuple[Shadow, ...]:
    """What challengers would have alerted of a payment that no rule finds anything of."""
    if score.scored is None or not score.beside:
        return ()
    case = Compared(
        step.event,
        step.origin,
        step.clock_us,
        score.features,
        score.scored,
        None if raised is None else raised.alert.alert_id,
        worth.usd,
        payment=0 if effect.payment is None else effect.payment.event,
        again=effect.second,
    )
    return shadow(step.state, case, score.beside)


def _let_learn(step: PaymentStep, effect: Effect, context: Context) -> None:
    """Let typologies learn of a new payment, or of what was said anew, and keep what names it if one of them asks."""
    if effect.kind == "new":
        for typology in registered():
            typology.learn(context)
        step.state.counters["due_dates_cut"] += context.dates.left_out
    else:
        for typology in registered():
            if hears_amendments(typology):
                typology.hear_amendment(context)
    if context.named:
        step.known.remember_proof(evidence.proof_of(step.state, step.event, step.origin))


def _read_as(event: Transaction, found: list[build.Hit]) -> Transaction:
    """The event under the type that its findings are about: another reading where all of them are disputed."""
    disputed = [hit.finding.reading for hit in found]
    reading = disputed[0] if disputed and all(disputed) else None
    return event if reading is None else msgspec.structs.replace(event, party_type=reading)


def _never(rank: float) -> bool:  # noqa: ARG001 - the form of an offer
    return False


def _offer(step: PaymentStep, score: PaymentScore, *, again: bool) -> tuple[Selection | None, Callable[[float], bool]]:
    """Offer a warm rank to the budget; the second part asks the budget as it stood before what it would have chosen.

    Where there is not enough to compare the payment with, it is counted and not offered; so while an operator has
    stopped statistical alerts. So the budget keeps its pace, and nothing comes all at once when the stop ends.
    The budget's day is the partition's, not the event's: a payment dated tomorrow must not close today's budget.
    """
    budget, shares, scored = step.state.budget, step.state.shares, score.scored
    if budget is None or scored is None or scored.rank is None:
        return None, _never
    day, at_s = local(step.clock_us, step.effective.zone).date().isoformat(), step.clock_us / SECOND_US
    if "statistical_alerts" in step.configuration.stops or not enough_to_compare(score.features, scored):
        if not again:
            budget.pass_over(day)
        return None, _never
    sender, others, before = shares.known_as(step.event.institution), shares.several, budget.to_state()
    return (
        budget.offer(scored.rank, at_s, day, sender, others=others, again=again),
        lambda rank: Budget.from_state(before).offer(rank, at_s, day, sender, others=others, again=again) is not None,
    )


def _note_past(step: PaymentStep) -> None:
    """Tell the budget of a payment that is not offered, by its own day: history is loaded in whatever order."""
    if step.state.budget is not None:
        day = local(step.at_us, step.effective.zone).date().isoformat()
        step.state.budget.note_past(day, loaded=step.origin.history)


def _is_piece(step: PaymentStep, row: Payment) -> bool:
    """Whether a rule wants the payment one by one, by the amounts of its own day."""
    if not any(one.payments.holds(row.flags) for one in wanted().one_by_one):
        return False
    day = local(row.time, step.effective.zone).date()
    return any(one.holds(row.flags, row.usd) for one in wanted().in_force(step.effective.rulebook, day))


def _fold(step: PaymentStep) -> int:
    return folded.fold(step.known, _needs(step)) if folded.is_due(step.known) else 0


def _needs(step: PaymentStep) -> folded.Needs:
    """What decides which payments are folded first; the bands are those of the clock's day."""
    effective, every = step.effective, wanted()
    in_force = every.in_force(effective.rulebook, local(step.clock_us, effective.zone).date())
    return folded.Needs(step.clock_us, effective.lateness_us, every, in_force, effective.zone, step.state.shares.has)


def _prune(step: PaymentStep) -> None:
    watermark_us, effective = step.state.watermark_us, step.effective
    assert watermark_us is not None
    year = local(watermark_us - effective.lateness_us, effective.zone).year
    start = year_bounds(year, effective.zone)[0]
    payments.prune(step.known, wanted().horizons(watermark_us, effective.lateness_us, start))


def _context(step: PaymentStep, effect: Effect, worth: PaymentMoney, features: tuple[Feature, ...]) -> Context | None:
    payment, effective, known = effect.payment, step.effective, step.known
    if payment is None or effect.kind not in {"new", "amended"}:
        return None
    wall = local(payment.time, effective.zone)
    rates, at_us, stale_us = step.state.rates, step.at_us, effective.stale_us
    return Context(
        transaction=step.event,
        payment=payment,
        rows=payments.rows(known),
        names=known.names,
        day=wall.date(),
        year_us=year_bounds(wall.year, effective.zone),
        zone=effective.zone,
        rulebook=effective.rulebook,
        legend=step.configuration.legend,
        slots=known.slots,
        shared=step.state.typologies,
        deal=worth.deal,
        folded=folded.folded_of(known),
        readings=step.readings,
        sender=step.state.shares.known_as(step.event.institution),
        facts=known.facts,
        first_us=known.first_us,
        last_us=known.last_us,
        reference=lambda base, quote: rates.ratio(base, quote, at_us, stale_us),
        recent_reference=lambda base, quote: rates.ratio(base, quote, at_us, min(stale_us, HOUR_US)),
        trade=known.trade,
        dates=PartyDates.at(known.due, step.state.due_clock.passed_us, history=step.origin.history),
        usual=_usual(features),
        residence=residence(known, step.event.institution),
    )


def _usual(features: tuple[Feature, ...]) -> Usual | None:
    """The own past amounts, as the models measured the payment against them."""
    for one in features:
        if one.name == OWN_AMOUNT:
            return Usual(one.own_baseline, one.own_n, one.deviation, one.peer_baseline)
    return None
