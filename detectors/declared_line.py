"""What a line of a customs declaration does to the state: the trade ledger, alerts that it completes or takes back."""

from detectors.alerting import evidence
from detectors.alerting.build import RaisedAlert
from detectors.alerting.retracted import declare
from detectors.alerting.woken import Occasion
from detectors.books import trade_ledger
from detectors.contracts.events import Declaration, Origin
from detectors.memory import taken_back
from detectors.memory.item_news import keeping
from detectors.memory.roster import recall, store
from detectors.memory.state import PartitionState
from detectors.typologies import wanted
from detectors.values.legal_calendar import to_us
from detectors.values.money import parse_or_zero
from detectors.values.shares import OFFICES


def apply_declaration(state: PartitionState, event: Declaration, origin: Origin) -> tuple[RaisedAlert, ...]:
    """Take a trader's declaration into its trade ledger, and let the typologies hear of it; the alerts of that.

    Raises `ValueError`, before anything changed, for a value that is no number.
    """
    parse_or_zero(event.value)
    party = recall(state, event.party, event.previous)
    effective, at_us = state.effective, to_us(event.declared_time)
    assert effective is not None
    if state.restatement.waiting:
        taken_back.bring_up_to_date(state, effective, event.party, party)
    was = taken_back.before(party)
    ratio = state.rates.ratio(event.currency, "USD", at_us, effective.stale_us)
    by = keeping(state, effective, event.party, at_us)
    trade_ledger.take_declaration(party, event, at_us, origin.offset, ratio, by)
    taken_back.follow(state, effective, party, was)
    if wanted().declarations:
        party.remember_proof(evidence.line_proof_of(state, event, origin))
    party.declarations += 1
    raised = declare(Occasion.of(state, origin), event, party, was)
    party.last_us = max(party.last_us, at_us)
    store(state, event.party, event.previous, party, OFFICES)
    return raised
