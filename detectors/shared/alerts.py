"""Judges a node after a leg by the rules over nodes, and builds the alert of what they find.

An alert names the resident with most at risk as its party, all residents of the finding in `parties`, and the shared
thing in `x_shared`; where that is a foreign party, in `counterparty` too. Evidence names the resident of each payment.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.alerting import cases, evidence, identity, resting
from detectors.alerting import desks as routing
from detectors.alerting.build import RULE, UNSCORED, RaisedAlert, counterfactual
from detectors.alerting.evidence import Trigger
from detectors.alerting.legal_ground import ground_of, strongest
from detectors.alerting.reasons import reasons
from detectors.alerting.severity import of_finding
from detectors.books import payments
from detectors.books.party import Alerted, Party
from detectors.books.payments import Payment, rows, unpacked_rows
from detectors.books.proofs import MOST_PROOFS
from detectors.contracts.alert import (
    Alert,
    Counterfactual,
    EvidenceItem,
    NextStep,
    Position,
    Reason,
    Severity,
    SharedShown,
    TypologyHit,
)
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Leg, Origin, Transaction
from detectors.contracts.legs import SharedThing
from detectors.memory import verdicts
from detectors.memory.effective_configuration import Effective
from detectors.ranking.fusion import fuse
from detectors.shared import nodes, residents
from detectors.shared.payees import payees_of
from detectors.shared.state import SharedState
from detectors.typologies import node_rules
from detectors.typologies.exposure import Worth, exposure
from detectors.typologies.node_view import MOST_PARTIES, NodeFinding, NodeTypology, NodeView
from detectors.typologies.without_one import looks, withouts
from detectors.values.legal_calendar import from_us, local, to_us
from detectors.values.money import half_even, plain
from detectors.values.shares import fairly_cut
from detectors.wording import phrases

AGENT = "shared"


class Judged(NamedTuple):
    """A leg that was counted, and what it is judged with; `event` is the leg as a payment of the shared thing."""

    state: SharedState
    configuration: Configuration
    effective: Effective
    leg: Leg
    thing: SharedThing
    event: Transaction
    origin: Origin
    node: Party

    @property
    def at_us(self) -> int:
        """The leg's event time."""
        return to_us(self.leg.event_time)


class NodeHit(NamedTuple):
    """A rule's finding that is news, and the alert of the same series that it brings up to date."""

    typology: NodeTypology
    found: NodeFinding
    superseded: Alerted | None


def view_of(case: Judged, packed: bytes | None = None) -> NodeView:
    """The node as rules see it; with other payments where they are given (packed rows)."""
    node, sample, known_as = case.node, nodes.sample_of(case.node), case.state.shares.known_as
    found = rows(node) if packed is None else unpacked_rows(packed)
    return NodeView(
        kind=case.thing.kind,
        name=case.thing.name,
        rows=payments.rows_where(found, found["usd"] > 0),
        names=node.names,
        residents=nodes.residents_of(node),
        zone=case.effective.zone,
        rulebook=case.effective.rulebook,
        legend=case.configuration.legend,
        level=sample.level,
        left_out=sample.left_out,
        first_us=node.first_us,
        payees=payees_of(node),
        country=case.leg.counterparty_country,
        own=residents.own_of(node),
        vias=residents.vias_of(node),
        senders={number: known_as(node.names[number]) for number in set(found["institution"].tolist())},
        levels=sample.levels,
    )


def judge(case: Judged, payment: Payment) -> RaisedAlert | None:
    """The alert of a payment that newly counts, or counts otherwise than before; None where no rule has news.

    History is counted and never alerts. Cost: 10 us for a node of few payments, 1 ms for one of 512.
    """
    every = enabled(case)
    if case.origin.history or not every or payment.usd <= 0:
        return None
    view = view_of(case)
    hits = list(_hits(case, view, payment, every))
    return _build(case, view, payment, hits) if hits else None


def enabled(case: Judged) -> list[NodeTypology]:
    """The rules over nodes of this kind that the configuration switches on."""
    rules = case.configuration.rules
    return [one for one in node_rules(case.thing.kind) if one.id in rules and rules[one.id].enabled]


def _hits(case: Judged, view: NodeView, payment: Payment, every: Sequence[NodeTypology]) -> Iterator[NodeHit]:
    others = withouts(view)
    for typology in every:
        for series in typology.series(view, payment):
            for found in looks(typology, view, others, series, payment.time):
                last = cases.last_alerted(case.node, typology.id, found.finding, case.at_us)
                if cases.grown(found.finding, last):
                    yield NodeHit(typology, found, last)


def _build(case: Judged, view: NodeView, payment: Payment, hits: Sequence[NodeHit]) -> RaisedAlert:
    state, node = case.state, case.node
    typologies = tuple(dict.fromkeys(hit.typology.id for hit in hits))
    alert_id = _alert_id(case, typologies)
    superseded = hits[0].superseded if all(hit.superseded is not None for hit in hits) else None
    inherited = next((hit.superseded for hit in hits if hit.superseded is not None), None)
    case_id = cases.case_of(node, alert_id, case.at_us, case.configuration.engine.case_window_days, inherited)
    findings = [hit.found.finding for hit in hits]
    score, at_risk = fuse(None, [one.strength for one in findings]), max(one.at_risk for one in findings)
    level = _severity(case, hits, score, at_risk)
    institutions = tuple(sorted({case.leg.institution}.union(*(one.institutions for one in findings)) - {""}))
    about = routing.About(typologies, level, "", institutions, case.leg.purpose)
    before = [hit.superseded for hit in hits]
    desks, told, snoozed, _ = resting.route(state, node, case.configuration, case.at_us, about, findings, before)
    tokens = _tokens(view, hits)
    # a declared line is among what is remembered of the node, like the lines before it; so is what a trail tells
    known = case.thing.kind in {"goods", "resident"}
    trigger = Trigger(state, case.configuration.legend, node, case.event, case.origin, payment.usd, known=known)
    over = _passed_over(view)
    offsets = [offset for one in findings for offset in one.offsets]
    items, total = evidence.evidence(trigger, offsets)
    if case.thing.kind == "goods":
        items = _with_old_lines(case, view, offsets, items)
    alert = Alert(
        alert_id=alert_id,
        status="updated" if superseded else "raised",
        case_id=case_id,
        supersedes=superseded.alert_id if superseded else None,
        created_for=case.leg.event_time,
        trigger_event_id=case.leg.event_id,
        party=tokens[0] if tokens else case.leg.party,
        counterparty=case.thing.name if case.thing.kind == "counterparty" else None,
        parties=tuple(tokens),
        institutions=institutions,
        severity=level,
        score=round(score, 6),
        rank=None,
        desk=desks[0] if desks else routing.UNASSIGNED,
        typologies=tuple(_shown(case, view, hit) for hit in hits),
        reasons=reasons((), UNSCORED, [(_reason(hit), hit.found.finding.strength) for hit in hits]),
        counterfactual=_without(case, view, payment, hits),
        evidence=tuple(_of_resident(item, over) for item in items),
        evidence_total=total,
        amount_usd=plain(at_risk),
        amount_krw=krw_of(case, at_risk),
        versions=identity.versions(state),
        position=position_of(case),
        selection=RULE,
        shared=SharedShown(kind=case.thing.kind, token=case.thing.token),
        snoozed=snoozed,
    )
    verdicts.note_raised(node, alert_id, state.shares.known_as(case.leg.institution))
    named = [(hit.typology.id, hit.found.finding, ground_of(hit.typology, hit.found.finding)) for hit in hits]
    cases.remember(node, named, alert_id, case_id, case.at_us, state.shares.has, told)
    return RaisedAlert(alert, desks)


def _severity(case: Judged, hits: Sequence[NodeHit], strength: float, at_risk: int) -> Severity:
    """Of what rules found on the node: strength 0-1 of all together, USD cents at risk."""
    days, superseded = case.configuration.engine.case_window_days, [hit.superseded for hit in hits]
    earlier = cases.had_finding(case.node, case.at_us, days, superseded)
    ground = strongest([ground_of(hit.typology, hit.found.finding) for hit in hits])
    return of_finding(ground, strength, at_risk, earlier=earlier)


def _tokens(view: NodeView, hits: Sequence[NodeHit]) -> list[str]:
    """The residents of all findings, at most `MOST_PARTIES`: of each sender its share, of the largest finding first.

    A resident of whom several senders tell counts to the one that tells of fewest. Failure prevented: a bank makes up a
    hundred payers of a ring's payee, each with a little more, and the alert names none of the ring.
    """
    largest = sorted(hits, key=lambda hit: -hit.found.finding.at_risk)
    found = [
        who for who in dict.fromkeys(one for hit in largest for one in hit.found.residents) if who in view.residents
    ]
    if len(found) > MOST_PARTIES:
        told = set(
            zip(view.rows["beneficiary"].tolist(), map(view.sender, view.rows["institution"].tolist()), strict=True)
        )
        of_each = Counter(sender for _, sender in told)
        whose = dict(sorted(told, key=lambda one: (-of_each[one[1]], one[1])))
        found = fairly_cut(found[::-1], MOST_PARTIES, whose.__getitem__)[::-1]
    return [view.residents[who] for who in found]


def _alert_id(case: Judged, typologies: tuple[str, ...]) -> str:
    """As the monitor's, with the shared thing in the place of the party, and the agent's own name."""
    effective, leg = case.effective, case.leg
    parts = (
        AGENT,
        leg.identity,
        case.thing.kind,
        case.thing.name,
        leg.institution,
        ",".join(typologies),
        effective.rules_version,
    )
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def _shown(case: Judged, view: NodeView, hit: NodeHit) -> TypologyHit:
    finding, typology = hit.found.finding, hit.typology
    single = view.rows["usd"][np.isin(view.rows["offset"], np.array(finding.offsets, "<i8"))]
    to_krw = case.state.rates.ratio("USD", "KRW", case.at_us, case.effective.stale_us)
    worth = Worth(int(single.max()) if len(single) else 0, finding.at_risk, to_krw)
    day = local(case.at_us, case.effective.zone).date()
    return TypologyHit(
        id=typology.id,
        name=phrases.both(typology.name_en, typology.name_ko),
        strength=finding.strength,
        legal_basis=case.configuration.rules[typology.id].legal_basis,
        limits=finding.limits,
        measured=finding.measured,
        window=finding.window,
        tests=finding.tests,
        next_steps=tuple(NextStep(text_en=one.text_en, text_ko=one.text_ko) for one in typology.next_steps),
        exposure=exposure(typology.sanctions, case.effective.rulebook, day, worth),
    )


def _reason(hit: NodeHit) -> Reason:
    finding = hit.found.finding
    return Reason(
        feature=hit.typology.id,
        value=finding.value,
        unit=finding.unit,
        own_baseline=finding.own_baseline,
        own_n=finding.own_n,
        peer_baseline=finding.peer_baseline,
        contribution=0.0,
        text_en=finding.text_en,
        text_ko=finding.text_ko,
    )


def _without(case: Judged, view: NodeView, payment: Payment, hits: Sequence[NodeHit]) -> tuple[Counterfactual, ...]:
    """Whether the rules would have fired without the payment at hand, with the memory as it is before this alert."""
    other = view.without(payment.event)
    still = [hit.typology.id for hit in _hits(case, other, payment, [hit.typology for hit in hits])]
    ids = tuple(dict.fromkeys(hit.typology.id for hit in hits))
    texts = ("had this payment not been made", "이 거래가 없었다면")
    if view.kind == "goods":
        texts = ("had this line not been declared", "이 신고가 없었다면")
    return tuple(counterfactual(name, *texts, list(dict.fromkeys(still))) for name in ids)


def _passed_over(view: NodeView) -> dict[int, str]:
    """The foreign party of each payment of a resident's node, by its offset; of other nodes it is the node itself."""
    parties = {number: token for number, (kind, token) in view.vias.items() if kind == "counterparty"}
    found = zip(view.rows["offset"].tolist(), view.rows["payment"].tolist(), strict=True) if parties else ()
    return {offset: parties[number] for offset, number in found if number in parties}


def _with_old_lines(
    case: Judged, view: NodeView, offsets: Sequence[int], shown: tuple[EvidenceItem, ...]
) -> tuple[EvidenceItem, ...]:
    """The lines shown, and those whose proof newer lines took the place of, named by their position among the legs.

    Failure prevented: an alert on a line of weeks ago, in a group of fifty newer ones, with no evidence at all.
    """
    missing = set(offsets) - {item.offset for item in shown}
    old = view.rows[np.isin(view.rows["offset"], sorted(missing))]
    topic, partition = case.state.ledger_topic, case.state.partition
    found = [
        EvidenceItem(
            event_id=f"{topic}:{partition}:{row['offset']}",
            topic=topic,
            institution=None,
            event_time=from_us(int(row["time"])),
            offset=int(row["offset"]),
            amount=plain(int(row["usd"])),
            currency="USD",
            counterparty=view.residents.get(int(row["beneficiary"]), msgspec.UNSET),
            kind="import" if row["flags"] & payments.OUT else "export",
        )
        for row in old
    ]
    return tuple(sorted((*shown, *found), key=lambda item: item.offset or 0)[-MOST_PROOFS:])


def _of_resident(item: EvidenceItem, over: Mapping[int, str]) -> EvidenceItem:
    """What a node keeps as a payment's counterparty is the resident."""
    foreign = msgspec.UNSET if item.offset is None else over.get(item.offset, msgspec.UNSET)
    return msgspec.structs.replace(item, counterparty=foreign, party=item.counterparty)


def krw_of(case: Judged, cents: int) -> str | None:
    """USD cents in whole KRW at the leg's time; None without a rate."""
    rate = case.state.rates.ratio("USD", "KRW", case.at_us, case.effective.stale_us)
    return None if rate is None else str(half_even(cents * rate.numerator, 100 * rate.denominator))


def position_of(case: Judged) -> Position:
    """The leg's place in its topic."""
    return Position(topic=case.state.ledger_topic, partition=case.state.partition, offset=case.origin.offset)
