"""A case to build alerts from, by hand: findings, typologies that find what they are told to, and a party's past."""

from types import SimpleNamespace
from typing import Any

from detectors.alerting import build as builder
from detectors.alerting.build import UNSCORED, AlertFacts, Hit
from detectors.alerting.evidence import proof_of
from detectors.books.party import Alerted, unpack
from detectors.books.party_type import STRICTEST_FIRST
from detectors.contracts.alert import Alert, Measured, Selection
from detectors.contracts.events import Transaction
from detectors.typologies.base import Finding
from detectors.typologies.declared import Said, Words
from detectors.values.legal_calendar import to_us
from detectors.values.money import Ratio
from tests.support.ledger import START, Ledger, later, payment

DRAWN = Selection(budget="anomaly", probability=1.0, explored=False)
# the ledger positions of the payments behind the case: the configuration is 0
FIRST, SECOND, TRIGGER = 1, 2, 3


def finding(**fields: Any) -> Finding:
    """Two payments of one series, 9 000 USD in all."""
    given = {
        "strength": 0.6,
        "limits": (),
        "measured": (Measured(name="sum", value="9000.00", unit="USD"),),
        "window": "30 days",
        "offsets": (FIRST, TRIGGER),
        "institutions": ("BANKB",),
        "series": "s",
        "size": 900_000,
        "growth": 200,
        "memory_us": 10**15,
        "at_risk": 900_000,
        "value": 2,
        "unit": "count",
        "own_baseline": 1.5,
        "own_n": 7,
        "peer_baseline": 0.5,
        "text_en": "Two pieces.",
        "text_ko": "분할 송금 2건입니다.",
    } | fields
    return Finding(**given)


def typology(name: str, found: Any = None, changes: Any = (), told_apart: Any = STRICTEST_FIRST) -> Any:
    """A typology that finds what it is told to, by context where that is a function."""
    told = found if callable(found) else lambda context: found
    return SimpleNamespace(
        id=name,
        name_en=f"Name of {name}",
        name_ko=f"{name} 이름",
        evaluate=told,
        told_apart=told_apart,
        changes=lambda context, found: changes,
        next_steps=(Said(f"Ask about {name}", f"{name} 확인"),),
        sanctions=(),
        words=Words(),
    )


def hit(name: str = "T01", superseded: Alerted | None = None, changes: Any = (), **fields: Any) -> Hit:
    return Hit(typology(name, changes=changes), finding(**fields), superseded)


def case_of(**changes: Any) -> AlertFacts:
    """The third payment of a party, of 1 234.56 USD at BANKA, after one at BANKA and one at BANKB."""
    ledger = Ledger()
    ledger.pay("e1", START, "4000", institution="BANKB")
    ledger.pay("e2", later(hours=1), "5000", evidence="shown")
    event = payment("e3", later(hours=2), "1234.56")
    party = unpack(ledger.state.parties[event.party])
    for known, origin in ledger.log[1:]:
        assert isinstance(known, Transaction)
        party.remember_proof(proof_of(ledger.state, known, origin))
    party.case = None
    party.alerted = []
    config = ledger.state.configuration
    assert config is not None
    given = {
        "state": ledger.state,
        "configuration": config,
        "event": event,
        "origin": ledger.origin(),
        "at_us": to_us(event.event_time),
        "party": party,
        "context": SimpleNamespace(),
        "usd": 123_456,
        "to_krw": Ratio(14_005, 10),
        "own_krw": 1_728_384,
        "segment": "person.out",
        "features": (),
        "scored": UNSCORED,
        "told": "person",
    } | changes
    return AlertFacts(**given)


def never(rank: float) -> bool:
    raise AssertionError("a rule's alert does not ask the budget")


def build(*given: Any) -> Alert:
    """The alert alone, without its desks."""
    return builder.build(*given).alert
