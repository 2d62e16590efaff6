"""What tests of payments that share an id look at: the party's totals, what was counted, which rules fired."""

from detectors.alerting.build import Alert
from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from tests.support.ledger import Ledger

PARTY = "k1.0a3.remitter"
UETR = "eb6305c9-1f7f-49de-aed0-16487c27b42d"
OTHER_UETR = "0d3b5c1e-7a10-4c55-9a3e-3f2b8f1d9c77"


def party(ledger: Ledger):
    return unpack(ledger.state.parties[PARTY])


def total(ledger: Ledger, direction: str = "out") -> int:
    """USD cents of what counts in one direction."""
    found = rows(party(ledger))
    return exact_sum(found["usd"][found["flags"] & 1 == (direction == "out")])


def joins(ledger: Ledger) -> dict[str, int]:
    """What was counted of events that have an id in common."""
    names = ("payment.reused", "payment.restated", "reversal.mismatched", "reversal.foreign")
    return {name: ledger.state.counters[name] for name in names if ledger.state.counters[name]}


def fired(alerts: tuple[Alert, ...]) -> set[str]:
    return {hit.id for alert in alerts for hit in alert.typologies}
