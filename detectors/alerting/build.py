"""Builds an alert from what the typologies and the models said of one event.

The amount at risk is the largest of the typologies' own (the sum of the pieces, the excess over the cap, the value
moved), for an alert that no typology explains the payment's, with those of the alert that it brings up to date.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.alerting import cases, evidence, identity, resting, unusual
from detectors.alerting import desks as routing
from detectors.alerting.as_usual import changes_to_usual
from detectors.alerting.counted_against import counted_against
from detectors.alerting.desk_ceilings import under_ceilings
from detectors.alerting.evidence import Trigger
from detectors.alerting.learned import AlertedPayment, with_chance
from detectors.alerting.legal_ground import ground_of, strongest
from detectors.alerting.reasons import reasons
from detectors.alerting.severity import of_finding, of_unusual
from detectors.alerting.unusual import Noticed, Standing, Told
from detectors.books.party import Alerted, Party
from detectors.books.party_type import DISPUTED, who_said
from detectors.books.payments import rows
from detectors.contracts.alert import (
    Alert,
    Counterfactual,
    EvidenceItem,
    Exposure,
    NextStep,
    Position,
    Reason,
    Selection,
    Severity,
    TypologyHit,
)
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Origin, PartyType, Transaction
from detectors.features import Feature
from detectors.memory import quarantine, verdicts
from detectors.memory.event_clock import moved
from detectors.memory.state import PartitionState
from detectors.ranking.ensemble import Scored
from detectors.ranking.fusion import fuse
from detectors.typologies import registered
from detectors.typologies.base import Context, Finding, Typology
from detectors.typologies.exposure import Worth, exposure
from detectors.values.legal_calendar import local
from detectors.values.money import Exact, Ratio, half_even, plain
from detectors.wording import phrases

# the budget's name for alerts that a legal rule raises; no budget limits them
RULE = Selection(budget="rule", probability=1.0, explored=False)
UNSCORED = Scored(0.0, None, {}, (), warm=False)


class Hit(NamedTuple):
    """A typology's finding that is news, and the alert of the same series that it brings up to date."""

    typology: Typology
    finding: Finding
    superseded: Alerted | None


class AlertFacts(NamedTuple):
    """Everything known of the event that an alert is built from; `told` is the party's type as the sender said it.

    `trigger` is None where the event at `origin` is the trigger and a payment. Else it is the ledger position of the
    event whose due date passed, or of the declaration, and `event` says what is known of that (woken.py). `payment` is
    the number of the payment's first event, 0 where there is none.
    """

    state: PartitionState
    configuration: Configuration
    event: Transaction
    origin: Origin
    at_us: int
    party: Party
    context: Context | None
    usd: int | None
    to_krw: Ratio | None
    own_krw: int | None
    segment: str
    features: tuple[Feature, ...]
    scored: Scored
    told: PartyType
    trigger: int | None = None
    payment: int = 0


class RaisedAlert(NamedTuple):
    """An alert and every desk that gets a copy of it, in the configuration's order; the first is the alert's own."""

    alert: Alert
    desks: tuple[str, ...]


def evaluate(context: Context, configuration: Configuration) -> list[tuple[Typology, Finding]]:
    """Every enabled typology that fires, news or not, in the registry's order.

    One that fires only as others call the party is disputed, and the stronger of its readings counts.
    """
    found = []
    for typology in registered():
        rules = configuration.rules.get(typology.id)
        if rules is None or not rules.enabled:
            continue
        finding = typology.evaluate(context) or _disputed(typology, context)
        if finding is not None:
            found.append((typology, finding))
    return found


def _disputed(typology: Typology, context: Context) -> Finding | None:
    """What a typology finds were the party what another institution calls it; None where none does."""
    if not context.readings:
        return None
    found: list[tuple[Finding, PartyType]] = []
    seen = {_way(typology, context.transaction.party_type)}
    for reading in context.readings:
        way = _way(typology, reading)
        # what did not fire for one type, or did, does so for another that is treated alike
        if way not in seen and (finding := typology.evaluate(context.read_as(reading))) is not None:
            found.append((finding, reading))
        seen.add(way)
    if not found:
        return None
    finding, reading = max(found, key=lambda each: each[0].strength)
    return msgspec.structs.replace(finding, strength=round(finding.strength * DISPUTED, 4), reading=reading)


def _way(typology: Typology, kind: PartyType) -> PartyType | None:
    """The type itself where a typology tells it apart, None for all others together."""
    return kind if kind in typology.told_apart else None


def news(found: Sequence[tuple[Typology, Finding]], party: Party, at_us: int) -> list[Hit]:
    """Of what fired, the series that are new or have grown enough since their last alert, in all or at one bank."""
    hits = [
        Hit(typology, finding, cases.last_alerted(party, typology.id, finding, at_us)) for typology, finding in found
    ]
    return [hit for hit in hits if cases.grown(hit.finding, hit.superseded)]


def build(
    case: AlertFacts, found: Sequence[Hit], selection: Selection, offered: Callable[[float], bool]
) -> RaisedAlert:
    """The alert with its desks, and its memory in the party.

    The case stays open, and the same series alerts again only when it grows.
    `offered(rank)` says whether the budget, as it stood before this event, would have chosen an event of that rank.
    """
    event, party, state = case.event, case.party, case.state
    alert_id = identity.alert_id(state, event, tuple(hit.typology.id for hit in found))
    score, at_risk, level, kind, known, noticed = _weigh(case, found, selection)
    superseded = _superseded(found, known)
    inherited = next((hit.superseded for hit in found if hit.superseded is not None), superseded)
    case_id = cases.case_of(party, alert_id, case.at_us, case.configuration.engine.case_window_days, inherited)
    names = {event.institution}.union(*(hit.finding.institutions for hit in found), known.institutions if known else ())
    institutions = tuple(sorted(names - {""}))
    desks, told, snoozed, withheld = _route(case, found, level, institutions, superseded)
    items, total = _evidence(case, found, known)
    # of an alert of several payments something is known, whatever its own is worth
    several = bool(found) or known is not None
    alert = Alert(
        alert_id=alert_id,
        status="updated" if superseded else "raised",
        case_id=case_id,
        supersedes=superseded.alert_id if superseded else None,
        created_for=event.event_time,
        trigger_event_id=event.event_id,
        party=event.party,
        counterparty=event.counterparty or None,
        parties=(event.contract_counterparty,) if event.contract_counterparty else (),
        institutions=institutions,
        severity=level,
        score=round(score, 6),
        rank=case.scored.rank,
        rank_among=msgspec.UNSET if case.scored.rank is None else case.scored.among,
        desk=desks[0] if desks else routing.UNASSIGNED,
        typologies=tuple(_shown(case, hit) for hit in found),
        reasons=reasons(case.features, case.scored, [(_reason(case, hit), hit.finding.strength) for hit in found]),
        counterfactual=_rule_changes(case, found) if found else _to_usual(case, selection, offered),
        evidence=items,
        evidence_total=total,
        amount_usd=plain(at_risk) if several or case.usd is not None else None,
        amount_krw=_krw(case, at_risk, several),
        versions=identity.versions(state),
        position=Position(topic=state.ledger_topic, partition=state.partition, offset=case.origin.offset),
        selection=selection,
        rate_missing=case.usd is None and case.trigger is None,
        snoozed=snoozed,
        withheld=withheld,
    )
    sender = state.shares.known_as(event.institution)
    alert = with_chance(state, party, alert, AlertedPayment(sender, case.at_us, at_risk, case.segment, case.features))
    verdicts.note_raised(party, alert_id, sender)
    quarantine.follow(party, alert.supersedes, alert_id)
    if kind is not None and noticed is not None:
        unusual.remember(party, Told(kind, alert_id, case_id, case.at_us, told, (noticed,)), known)
        party.remember_proof(evidence.proof_of(state, event, case.origin))
    hits = [(hit.typology.id, hit.finding, ground_of(hit.typology, hit.finding)) for hit in found]
    cases.remember(party, hits, alert_id, case_id, case.at_us, state.shares.has, told)
    return RaisedAlert(alert, desks)


def _route(
    case: AlertFacts,
    found: Sequence[Hit],
    level: Severity,
    institutions: tuple[str, ...],
    superseded: Alerted | Told | None,
) -> resting.Routed:
    event, typologies = case.event, tuple(hit.typology.id for hit in found)
    # a due date's trigger is no payment: what is known of it has neither purpose nor channel
    purpose, channel = (event.purpose, event.channel) if case.trigger is None else (None, None)
    about = routing.About(typologies, level, event.party_type, institutions, purpose, channel)
    findings, before = [hit.finding for hit in found], [*(hit.superseded for hit in found), superseded]
    state, configuration = case.state, case.configuration
    routed = resting.route(state, case.party, configuration, case.at_us, about, findings, before)
    if found or state.effective is None:
        return routed
    clock_us = moved(state.watermark_us, case.at_us, case.origin.timestamp_ms)
    had = () if superseded is None else superseded.desks
    return under_ceilings(state, configuration, clock_us, state.effective.zone, routed, had)


class _Weighed(NamedTuple):
    """Score, USD cents at risk and severity.

    Of an unusual payment its kind, what is remembered of it, and what it brings up to date.
    """

    score: float
    at_risk: int
    level: Severity
    kind: str | None = None
    known: Standing | None = None
    noticed: Noticed | None = None


def _weigh(case: AlertFacts, found: Sequence[Hit], selection: Selection) -> _Weighed:
    days = case.configuration.engine.case_window_days
    if found:
        strength = fuse(None, [hit.finding.strength for hit in found])
        at_risk = max(hit.finding.at_risk for hit in found)
        earlier = cases.had_finding(case.party, case.at_us, days, [hit.superseded for hit in found])
        ground = strongest([ground_of(hit.typology, hit.finding) for hit in found])
        score = fuse(case.scored.rank, [hit.finding.strength for hit in found])
        return _Weighed(score, at_risk, of_finding(ground, strength, at_risk, earlier=earlier))
    counted, at_risk = counted_against(case.features, case.scored), case.usd or 0
    own = max((one.feature.own_n for one in counted), default=0)
    beyond, explored = unusual.beyond_money(counted), selection.explored
    level = of_unusual(case.scored.rank, own, at_risk, beyond_money=beyond, explored=explored)
    weighed = _Weighed(fuse(case.scored.rank, ()), at_risk, level)
    if explored:
        return weighed
    kind = unusual.kind_of(counted)
    known = unusual.brought_up_to_date(case.party, kind, case.at_us, days, level, at_risk)
    weighed = weighed._replace(kind=kind, noticed=Noticed(case.payment, weighed.score, level))
    if known is None:
        return weighed
    return weighed._replace(at_risk=at_risk + known.total, level=known.severity, known=known)


def _superseded(found: Sequence[Hit], known: Standing | None) -> Alerted | Told | None:
    """The alert that this one takes the place of: of several findings only where each has one, the first's."""
    if known is not None:
        return known.told
    return found[0].superseded if found and all(hit.superseded is not None for hit in found) else None


def _exposure(case: AlertFacts, hit: Hit) -> tuple[Exposure, ...]:
    """What the law of the trigger's local day may lead to, by the largest single payment and the amount at risk."""
    effective = case.state.effective
    if effective is None or not hit.typology.sanctions:
        return ()
    kept = rows(case.party)
    single = kept["usd"][np.isin(kept["offset"], np.array(hit.finding.offsets, "<i8"))]
    largest = max(int(single.max()) if len(single) else case.usd or 0, hit.finding.single)
    worth = Worth(largest, hit.finding.at_risk, case.to_krw)
    return exposure(hit.typology.sanctions, effective.rulebook, local(case.at_us, effective.zone).date(), worth)


def _shown(case: AlertFacts, hit: Hit) -> TypologyHit:
    finding = hit.finding
    return TypologyHit(
        id=hit.typology.id,
        name=phrases.both(hit.typology.name_en, hit.typology.name_ko),
        strength=finding.strength,
        legal_basis=case.configuration.rules[hit.typology.id].legal_basis,
        limits=finding.limits,
        measured=finding.measured,
        window=finding.window,
        tests=finding.tests,
        next_steps=tuple(NextStep(text_en=one.text_en, text_ko=one.text_ko) for one in hit.typology.next_steps),
        exposure=_exposure(case, hit),
    )


def _reason(case: AlertFacts, hit: Hit) -> Reason:
    finding = hit.finding
    english, korean = finding.text_en, finding.text_ko
    if finding.reading is not None:
        names = who_said(case.party, finding.reading)
        english += f" {phrases.disputed_type(case.told, finding.reading, names)}"
        korean += f" {phrases.disputed_type_ko(case.told, finding.reading, names)}"
    elif case.told != case.event.party_type:
        english += f" {phrases.other_type(case.told, case.event.party_type)}"
        korean += f" {phrases.other_type_ko(case.told, case.event.party_type)}"
    return Reason(
        feature=hit.typology.id,
        value=finding.value,
        unit=finding.unit,
        own_baseline=finding.own_baseline,
        own_n=finding.own_n,
        peer_baseline=finding.peer_baseline,
        contribution=0.0,
        text_en=english,
        text_ko=korean,
    )


def _krw(case: AlertFacts, at_risk: int, several: bool) -> str | None:
    """The amount at risk in whole KRW at the event's own time; of a KRW payment without a rate, the payment's own."""
    if case.to_krw is not None and (several or case.usd is not None):
        return str(half_even(at_risk * case.to_krw.numerator, 100 * case.to_krw.denominator))
    return None if several or case.own_krw is None else str(case.own_krw)


def _evidence(
    case: AlertFacts, found: Sequence[Hit], unusual_before: Standing | None
) -> tuple[tuple[EvidenceItem, ...], int]:
    """The events behind the findings, and how many there are in all, those kept in totals only included."""
    known = case.trigger is not None
    trigger = Trigger(case.state, case.configuration.legend, case.party, case.event, case.origin, case.usd, known=known)
    before = () if unusual_before is None else unusual_before.offsets
    items, total = evidence.evidence(trigger, [*before, *(offset for hit in found for offset in hit.finding.offsets)])
    return items, total + max((hit.finding.folded for hit in found), default=0)


def _rule_changes(case: AlertFacts, found: Sequence[Hit]) -> tuple[Counterfactual, ...]:
    """The typologies' own proposals, each evaluated by all typologies with the memory as it is before this alert."""
    shown: list[Counterfactual] = []
    if case.context is None:  # no payment that could have been another
        return ()
    for hit in found:
        reading = hit.finding.reading
        context = case.context if reading is None else case.context.read_as(reading)
        for change in hit.typology.changes(context, hit.finding):
            # the change is of the payment, so it is looked at under every reading again
            event = change.context.transaction
            if event is context.transaction:
                event = case.context.transaction
            elif reading is not None:
                event = msgspec.structs.replace(event, party_type=case.context.transaction.party_type)
            changed = msgspec.structs.replace(change.context, transaction=event, readings=case.context.readings)
            fired = evaluate(changed, case.configuration)
            still = [each.typology.id for each in news(fired, case.party, case.at_us)]
            shown.append(counterfactual(hit.typology.id, change.text_en, change.text_ko, still))
    return tuple(shown)


def counterfactual(typology: str, text_en: str, text_ko: str, still: list[str]) -> Counterfactual:
    """What would have been, and whether a typology would still have fired; `still` are all that would."""
    names = ", ".join(still)
    english = (
        f"{text_en[0].upper()}{text_en[1:]}, {typology} would "
        + ("not have fired" if typology not in still else "still have fired")
        + (f" ({names} still would)" if still and typology not in still else "")
    )
    korean = (
        f"{text_ko} {typology}에 해당하지 않았을 것입니다"
        if typology not in still
        else f"{text_ko} {typology}에 여전히 해당하였을 것입니다"
    ) + (f" (다만 {names}에는 여전히 해당)" if still and typology not in still else "")
    return Counterfactual(change=phrases.both(english, korean), would_alert=bool(still))


def _to_usual(case: AlertFacts, selection: Selection, offered: Callable[[float], bool]) -> tuple[Counterfactual, ...]:
    """What would have left an unusual payment unchosen; nothing for one that was drawn by lot."""
    if selection.explored or case.state.scorer is None:
        return ()
    found = changes_to_usual(case.state.scorer, case.features, case.scored, offered)
    return () if found is None else (found,)


def krw_of(amount: Exact, rate: Ratio | None) -> int | None:
    """An amount in whole KRW, None without a rate."""
    if rate is None:
        return None
    return half_even(amount.mantissa * rate.numerator, 10**amount.exponent * rate.denominator)
