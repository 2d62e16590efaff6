"""Which change is in force where configurations name approvers: what a core that applied them all would have."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from nacl.signing import SigningKey

from detectors import core
from detectors.configuration_approval import digest_in_force, signed_bytes
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.core import RULES_PARTITION
from streams.contracts.inputs import RULES
from streams.errors import RulesGoneError
from streams.ledger.ruling_change import Change, find_ruling
from tests.support.challenged import CHALLENGERS, challenged, swapped
from tests.support.ledger import Ledger, configuration

KEYS = {name: SigningKey(bytes([number]) * 32) for number, name in enumerate(("Han", "Kim"), 1)}
OPEN = configuration()
LOCKED = msgspec.structs.replace(OPEN, approvers={name: key.verify_key.encode().hex() for name, key in KEYS.items()})


def days(number: int, of: Configuration = LOCKED) -> Configuration:
    return msgspec.structs.replace(of, engine=msgspec.structs.replace(of.engine, case_window_days=number))


def approved(change: Configuration, replaced: Configuration, standing: Approvals | None = None) -> Approvals:
    plain = Approvals(
        replaces=digest_in_force(replaced, standing), proposed_at=datetime(2026, 3, 2, tzinfo=UTC), reason="notice"
    )
    message = signed_bytes(change, plain)
    signatures = {name: base64.b64encode(key.sign(message).signature).decode() for name, key in KEYS.items()}
    return msgspec.structs.replace(plain, signatures=signatures)


FIRST = approved(days(10), LOCKED)
SECOND = approved(days(20), days(10), FIRST)
BACK = approved(OPEN, days(10), FIRST)
# a challenger runs from the first change on; the second promotes it
BESIDE = challenged({"robust": CHALLENGERS["robust"]})
PROMOTED = swapped(BESIDE, "robust")
UNFOUNDED = msgspec.structs.replace(PROMOTED, promotion=msgspec.UNSET)
STOPPING = msgspec.structs.replace(LOCKED, engine=msgspec.structs.replace(LOCKED.engine, rate_stale_hours=1e300))

# (the ledger's first record, changes, which of them is in force)
SENT: dict[str, tuple[Configuration, list[tuple[Configuration, Approvals | None]], int | None]] = {
    "approved": (LOCKED, [(days(10), FIRST)], 0),
    "two in turn": (LOCKED, [(days(10), FIRST), (days(20), SECOND)], 1),
    "unsigned": (LOCKED, [(days(10), None)], None),
    "unsigned, without approvers": (LOCKED, [(OPEN, None)], None),
    "unsigned after an approved one": (LOCKED, [(days(10), FIRST), (days(20), None)], 0),
    "signed for what is not in force": (LOCKED, [(days(20), SECOND)], None),
    "sent again later": (LOCKED, [(days(10), FIRST), (days(20), SECOND), (days(10), FIRST)], 1),
    "sent twice": (LOCKED, [(days(10), FIRST), (days(10), FIRST)], 1),
    "approvers taken away by themselves": (LOCKED, [(days(10), FIRST), (OPEN, BACK), (days(5, OPEN), None)], 2),
    "first approvers": (OPEN, [(days(5, OPEN), None), (LOCKED, approved(LOCKED, days(5, OPEN)))], 1),
    "first approvers who did not sign": (OPEN, [(days(5, OPEN), None), (LOCKED, None)], 0),
    "promoted by a report": (OPEN, [(BESIDE, None), (PROMOTED, None)], 1),
    "promoted without a report": (OPEN, [(BESIDE, None), (UNFOUNDED, None)], 0),
    "rolled back without a report": (OPEN, [(BESIDE, None), (PROMOTED, None), (BESIDE, None)], 1),
    "approved, but it would stop": (LOCKED, [(STOPPING, approved(STOPPING, LOCKED))], None),
}


@pytest.mark.parametrize(("begun", "sent", "place"), SENT.values(), ids=SENT)
def test_what_is_told_is_what_the_core_has(begun, sent, place):
    changes = [Change(number, 0, one, approvals) for number, (one, approvals) in enumerate(sent)]
    found, change = find_ruling(lambda: begun, changes, lambda _: False)
    assert (found, change) == ((begun, None) if place is None else (sent[place][0], changes[place]))
    state = Ledger(begun).state
    for number, (one, approvals) in enumerate(sent):
        source = Source(RULES, RULES_PARTITION, number)
        origin = Origin(offset=1 + number, source=source, commitment="0" * 64, timestamp_ms=0)
        core.apply(state, ConfigurationChange(configuration=one, approvals=approvals or msgspec.UNSET), origin)
    assert state.configuration == found
    assert state.approvals == (None if change is None else change.approvals)


def gone() -> Configuration:
    raise RulesGoneError("gone")


def test_a_ledger_whose_first_record_is_gone_is_believed_from_the_oldest_change_on():
    changes = [Change(7, 0, days(10), FIRST), Change(8, 0, days(20), None), Change(9, 0, days(20), SECOND)]
    assert find_ruling(gone, changes[:2], lambda _: False) == (days(10), changes[0])
    assert find_ruling(gone, changes, lambda _: False) == (days(20), changes[2])


def test_nothing_that_can_be_in_force_says_so():
    with pytest.raises(RulesGoneError, match="gone"):
        find_ruling(gone, [Change(7, 0, None), Change(8, 0, STOPPING)], lambda _: False)
