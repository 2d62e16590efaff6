"""Takes back alerts on a node that stand no more: what they rested on was returned, cancelled or settled otherwise.

A rule looks at the series of each alert again, at the alert's own time, with the payments before the leg and after it.
So nothing is taken back because payments grew old. What a corrected rate changes is seen at the node's next leg.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from detectors.alerting import desks as routing
from detectors.alerting import identity
from detectors.alerting.build import RULE, RaisedAlert
from detectors.alerting.severity import of_standing
from detectors.books.party import Alerted
from detectors.books.payments import ROW, exact_sum
from detectors.contracts.alert import Alert, Reason, SharedShown, TypologyHit
from detectors.memory import verdicts
from detectors.ranking.fusion import fuse
from detectors.shared.alerts import AGENT, Judged, enabled, krw_of, position_of, view_of
from detectors.typologies.node_view import MOST_PARTIES, NodeTypology, NodeView
from detectors.typologies.without_one import looks, withouts
from detectors.values.money import plain
from detectors.wording import phrases
from detectors.wording.retraction import retraction, retraction_ko


class _GoneFromNode(NamedTuple):
    """A finding that stands no more; USD cents that it rested on before the leg, and the residents that it named."""

    alerted: Alerted
    typology: NodeTypology
    before: int
    residents: tuple[int, ...]


def retract(case: Judged, was: bytes) -> list[RaisedAlert]:
    """Alerts that take back what stood before the leg and does not after it; `was` are the packed rows before it.

    A leg that only adds a payment takes back nothing. Failure prevented: one more payment in, whoever told of it, and
    what came in and went out over a mirror or a device was no longer alike: the alert on it was retracted.
    History takes back nothing either. Cost: 1 us where nothing went, else 1 ms for each of at most 20 series.
    """
    if not case.node.alerted or _only_added(was, case.node.payments) or case.origin.history:
        return []
    by_id = {one.id: one for one in enabled(case)}
    then, now = view_of(case, was), view_of(case)
    others_then, others_now = withouts(then), withouts(now)
    gone = []
    for alerted in case.node.alerted:
        typology = by_id.get(alerted.typology)
        if typology is None or looks(typology, now, others_now, alerted.series, alerted.time_us):
            continue
        before = looks(typology, then, others_then, alerted.series, alerted.time_us)
        if before:
            gone.append(_GoneFromNode(alerted, typology, before[0].finding.size, before[0].residents))
    ids = dict.fromkeys(one.alerted.alert_id for one in gone)
    return [_taken_back(case, now, [one for one in gone if one.alerted.alert_id == each]) for each in ids]


def _only_added(was: bytes, now: bytes) -> bool:
    """Whether all packed rows of before are there still. Cost: 1 us where new ones are the last, else 0.1 ms."""
    size = ROW.itemsize
    if now.startswith(was):
        return True
    there = {now[place : place + size] for place in range(0, len(now), size)}
    return all(was[place : place + size] in there for place in range(0, len(was), size))


def _taken_back(case: Judged, view: NodeView, gone: Sequence[_GoneFromNode]) -> RaisedAlert:
    """What supersedes one alert; findings of it that stand keep its desks and its case under the new id."""
    state, node, last = case.state, case.node, gone[0].alerted
    away = [one.alerted for one in gone]
    standing = [one for one in node.alerted if one.alert_id == last.alert_id and one not in away]
    status: Literal["updated", "retracted"] = "updated" if standing else "retracted"
    parts = (AGENT, status, last.alert_id, state.ledger_topic, str(state.partition), str(case.origin.offset))
    alert_id = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    told = tuple(dict.fromkeys(desk for one in (*away, *standing) for desk in one.desks))
    score, at_risk = fuse(None, [one.strength for one in standing]), max((one.at_risk for one in standing), default=0)
    tokens = [view.residents[who] for one in gone for who in one.residents if who in view.residents]
    alert = Alert(
        alert_id=alert_id,
        status=status,
        supersedes=last.alert_id,
        case_id=last.case_id,
        created_for=case.leg.event_time,
        trigger_event_id=case.leg.event_id,
        party=tokens[0] if tokens else case.leg.party,
        counterparty=case.thing.name if case.thing.kind == "counterparty" else None,
        parties=tuple(dict.fromkeys(tokens))[:MOST_PARTIES],
        institutions=tuple(sorted({case.leg.institution, *(name for one in away for name in one.parts)} - {""})),
        severity=of_standing(standing),
        score=round(score, 6),
        rank=None,
        desk=told[0] if told else routing.UNASSIGNED,
        typologies=tuple(_of_gone(case, one) for one in gone),
        reasons=tuple(_reason_gone(case, view, one) for one in gone),
        counterfactual=(),
        evidence=(),
        evidence_total=0,
        amount_usd=plain(at_risk),
        amount_krw=krw_of(case, at_risk),
        versions=identity.versions(state),
        position=position_of(case),
        selection=RULE,
        shared=SharedShown(kind=case.thing.kind, token=case.thing.token),
    )
    node.alerted = [
        msgspec.structs.replace(one, alert_id=alert_id, desks=told) if one in standing else one
        for one in node.alerted
        if one not in away
    ]
    verdicts.note_raised(node, alert_id, state.shares.known_as(case.leg.institution))
    state.counters["retracted"] += not standing
    return RaisedAlert(alert, told)


def _of_gone(case: Judged, one: _GoneFromNode) -> TypologyHit:
    return TypologyHit(
        id=one.typology.id,
        name=phrases.both(one.typology.name_en, one.typology.name_ko),
        strength=one.alerted.strength,
        legal_basis=case.configuration.rules[one.typology.id].legal_basis,
        limits=(),
        measured=(),
        window="",
    )


def _reason_gone(case: Judged, view: NodeView, one: _GoneFromNode) -> Reason:
    """What is left is what the residents of the finding still have here, in its window or not."""
    left = exact_sum(view.rows["usd"][np.isin(view.rows["beneficiary"], np.array(one.residents, "<u8"))])
    left, cause = min(left, one.before), case.leg.status
    return Reason(
        feature=one.typology.id,
        value=plain(left),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        contribution=0.0,
        text_en=retraction(one.typology.name_en, cause, one.before, left),
        text_ko=retraction_ko(one.typology.name_ko, cause, one.before, left),
    )
