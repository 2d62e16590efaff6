"""A configuration that names approvers is replaced by what two of them signed: at the core, in a replay, in alerts."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from nacl.signing import SigningKey

from detectors import core
from detectors.alerting.identity import versions
from detectors.configuration_approval import digest_in_force, signed_bytes
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.core import RULES_PARTITION
from detectors.memory.state import PartitionState
from streams.contracts.inputs import RULES
from tests.support.ledger import Ledger, configuration

KEYS = {name: SigningKey(bytes([number]) * 32) for number, name in enumerate(("Han", "Kim"), 1)}
APPROVERS = {name: key.verify_key.encode().hex() for name, key in KEYS.items()}
OPEN = configuration()
LOCKED = msgspec.structs.replace(OPEN, approvers=APPROVERS)
NEXT = msgspec.structs.replace(LOCKED, engine=msgspec.structs.replace(LOCKED.engine, case_window_days=10))


def approve(change: Configuration, replaced: Configuration, standing: Approvals | None, *names: str) -> Approvals:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    plain = Approvals(replaces=digest_in_force(replaced, standing), proposed_at=at, reason="a new notice")
    message = signed_bytes(change, plain)
    signatures = {name: base64.b64encode(KEYS[name].sign(message).signature).decode() for name in names}
    return msgspec.structs.replace(plain, signatures=signatures)


def send(state: PartitionState, change: Configuration, approvals: Approvals | None = None) -> core.Outputs:
    offset = state.next
    origin = Origin(offset=offset, source=Source(RULES, RULES_PARTITION, offset), commitment="0" * 64, timestamp_ms=0)
    return core.apply(state, ConfigurationChange(configuration=change, approvals=approvals or msgspec.UNSET), origin)


def saved(state: PartitionState) -> PartitionState:
    return PartitionState.thaw(list(state.freeze().sections()))


def test_one_persons_change_is_refused_with_a_letter_and_the_former_stays():
    state = Ledger(LOCKED).state
    state.partition = 0  # which writes the letter for all of them
    outputs = send(state, NEXT, approve(NEXT, LOCKED, None, "Han"))
    assert outputs.outcome == "refused"
    assert outputs.faults == ("got: the signatures of Han alone; expected: signatures of 2 of Han, Kim",)
    assert outputs.notice is not None
    assert outputs.notice.code == "configuration.refused"
    assert (state.configuration, state.approvals) == (LOCKED, None)
    assert send(state, OPEN).outcome == "refused", "nor are the approvers taken away"


def test_two_peoples_change_is_in_force_and_alerts_say_who_approved_it():
    state = Ledger(LOCKED).state
    approvals = approve(NEXT, LOCKED, None, "Han", "Kim")
    assert send(state, NEXT, approvals).outcome == "configuration"
    assert (state.configuration, state.approvals) == (NEXT, approvals)
    assert versions(state).approved_by == ("Han", "Kim")


def test_where_nobody_had_to_approve_alerts_name_nobody():
    state = Ledger(OPEN).state
    assert versions(state).approved_by is msgspec.UNSET


def test_a_state_that_was_saved_knows_who_approved():
    """Else a worker that loads it refuses a change that another takes, and their states part."""
    state = Ledger(LOCKED).state
    first = approve(NEXT, LOCKED, None, "Han", "Kim")
    send(state, NEXT, first)
    loaded = saved(state)
    assert loaded.approvals == first
    assert loaded.freeze().digest() == state.freeze().digest()
    back = approve(LOCKED, NEXT, first, "Han", "Kim")
    assert send(loaded, LOCKED, back).outcome == send(state, LOCKED, back).outcome == "configuration"
    assert loaded.freeze().digest() == state.freeze().digest()


def test_a_state_tells_by_its_digest_who_approved():
    one, two = Ledger(LOCKED).state, Ledger(LOCKED).state
    send(one, NEXT, approve(NEXT, LOCKED, None, "Han", "Kim"))
    other = msgspec.structs.replace(approve(NEXT, LOCKED, None, "Han", "Kim"), reason="for another reason")
    message = signed_bytes(NEXT, other)
    signatures = {name: base64.b64encode(key.sign(message).signature).decode() for name, key in KEYS.items()}
    send(two, NEXT, msgspec.structs.replace(other, signatures=signatures))
    assert one.configuration == two.configuration
    assert one.freeze().digest() != two.freeze().digest()


@pytest.mark.parametrize(
    "approvals", [None, Approvals(replaces="0" * 64, proposed_at=datetime(2026, 1, 1, tzinfo=UTC), reason="r")]
)
def test_a_ledgers_first_record_is_approved_by_nobody(approvals):
    """Whoever makes the ledger writes it; names in it would be nobody's word."""
    state = PartitionState.new(0)
    change = ConfigurationChange(configuration=LOCKED, approvals=approvals or msgspec.UNSET)
    core.apply(state, change, Origin(offset=0, source=None, commitment="0" * 64, timestamp_ms=0))
    assert (state.configuration, state.approvals) == (LOCKED, None)
