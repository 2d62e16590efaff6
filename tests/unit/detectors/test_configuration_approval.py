"""Two approvers put a configuration in force: whose signatures hold, for what, and once only."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from nacl.signing import SigningKey

from detectors.configuration_approval import (
    MOST_APPROVERS,
    approval_faults,
    approver_faults,
    digest_in_force,
    find_signers,
    signed_bytes,
)
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration
from streams.settings import overlay_configuration

KEYS = {name: SigningKey(bytes([number]) * 32) for number, name in enumerate(("Han", "Kim", "Lee", "Park"), 1)}
PUBLIC = {name: key.verify_key.encode().hex() for name, key in KEYS.items()}
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def configuration(budget: float = 20.0, **approvers: str) -> Configuration:
    tables: dict[str, object] = {"detectors": {"daily_budget": budget}}
    return overlay_configuration(tables | ({"approvers": approvers} if approvers else {}))


OPEN = configuration()
LOCKED = configuration(Han=PUBLIC["Han"], Kim=PUBLIC["Kim"], Lee=PUBLIC["Lee"])
NEXT = configuration(30.0, Han=PUBLIC["Han"], Kim=PUBLIC["Kim"], Lee=PUBLIC["Lee"])


def approve(change: Configuration, replaces: str, *names: str, reason: str = "more officers", at=AT) -> Approvals:
    plain = Approvals(replaces=replaces, proposed_at=at, reason=reason)
    message = signed_bytes(change, plain)
    signatures = {name: base64.b64encode(KEYS[name].sign(message).signature).decode() for name in names}
    return msgspec.structs.replace(plain, signatures=signatures)


def faults_of(change: Configuration, approvals: Approvals | None, standing: Approvals | None = None) -> list[str]:
    return approval_faults(LOCKED, standing, change, approvals)


def test_without_approvers_anybody_changes_the_configuration():
    assert approval_faults(OPEN, None, configuration(5.0), None) == []
    assert approval_faults(None, None, LOCKED, None) == [], "a ledger's first record is its maker's"


def test_two_approvers_put_a_change_in_force():
    assert faults_of(NEXT, approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee")) == []


def test_nobody_approved():
    assert faults_of(NEXT, None) == ["nobody approved it; expected: signatures of 2 of Han, Kim, Lee"]


@pytest.mark.parametrize(
    ("names", "got"),
    [
        ((), "no signature of theirs that holds"),
        (("Kim",), "the signatures of Kim alone"),
        (("Park",), "no signature of theirs that holds"),
        (("Kim", "Park"), "the signatures of Kim alone"),
    ],
)
def test_one_person_is_not_enough(names, got):
    approvals = approve(NEXT, digest_in_force(LOCKED, None), *names)
    assert faults_of(NEXT, approvals)[-1] == f"got: {got}; expected: signatures of 2 of Han, Kim, Lee"


def test_a_name_that_signed_nothing_stands_in_no_approval():
    """The names stand in alerts: a stranger's, or an approver's under a broken signature, would mislead there."""
    approvals = approve(NEXT, digest_in_force(LOCKED, None), "Han", "Kim", "Park")
    assert faults_of(NEXT, approvals) == ["signatures that do not hold: 'Park'; expected: none"]
    broken = msgspec.structs.replace(approvals, signatures=approvals.signatures | {"Lee": "AA==", "Park": "AA=="})
    assert faults_of(NEXT, broken) == ["signatures that do not hold: 'Lee', 'Park'; expected: none"]


def test_nobody_approves_where_no_approvers_are_named():
    approvals = approve(configuration(5.0), digest_in_force(OPEN, None), "Han", "Kim")
    (fault,) = approval_faults(OPEN, None, configuration(5.0), approvals)
    assert fault == "it has approvals; expected: none, because no approvers are named"


def test_two_names_with_one_key_are_one_person():
    """Such a table is refused where it is put in force; one that stands there all the same gives nobody two votes."""
    who = {"Han": PUBLIC["Han"], "Kim": PUBLIC["Han"]}
    plain = Approvals(replaces="0" * 64, proposed_at=AT, reason="r")
    signature = base64.b64encode(KEYS["Han"].sign(signed_bytes(NEXT, plain)).signature).decode()
    both = msgspec.structs.replace(plain, signatures={"Han": signature, "Kim": signature})
    assert find_signers(who, NEXT, both) == ["Han"]


def test_a_signature_under_another_name_does_not_hold():
    approvals = approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee")
    swapped = msgspec.structs.replace(
        approvals, signatures={"Han": approvals.signatures["Lee"], "Lee": approvals.signatures["Han"]}
    )
    assert find_signers(PUBLIC, NEXT, swapped) == []


@pytest.mark.parametrize("text", ["", "AA==", "no base64!", base64.b64encode(b"\0" * 64).decode(), "\ud800"])
def test_what_is_no_signature_is_none(text):
    approvals = approve(NEXT, digest_in_force(LOCKED, None), "Han")
    spoilt = msgspec.structs.replace(approvals, signatures={**approvals.signatures, "Lee": text})
    assert find_signers(PUBLIC, NEXT, spoilt) == ["Han"]


@pytest.mark.parametrize(
    "other",
    [
        lambda told: msgspec.structs.replace(told, reason="another reason"),
        lambda told: msgspec.structs.replace(told, proposed_at=AT + timedelta(seconds=1)),
        lambda told: msgspec.structs.replace(told, replaces="0" * 64),
    ],
    ids=["reason", "time", "replaces"],
)
def test_whatever_is_told_beside_the_configuration_is_signed(other):
    approvals = other(approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee"))
    assert "no signature of theirs that holds" in faults_of(NEXT, approvals)[-1]


def test_signatures_for_one_configuration_are_none_for_another():
    approvals = approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee")
    assert "no signature of theirs that holds" in faults_of(configuration(31.0), approvals)[-1]


def test_an_approved_change_cannot_be_sent_again_later():
    """LOCKED is in force again, by a change of its own: what once replaced it does not replace it now."""
    first = approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee")
    assert faults_of(NEXT, first) == []
    back = approve(LOCKED, digest_in_force(NEXT, first), "Han", "Kim")
    assert approval_faults(NEXT, first, LOCKED, back) == []
    (fault,) = approval_faults(LOCKED, back, NEXT, first)
    assert fault == (
        f"it was approved to replace {digest_in_force(LOCKED, None)[:16]}; "
        f"expected: what is in force, {digest_in_force(LOCKED, back)[:16]}"
    )


def test_what_is_in_force_may_be_sent_again():
    first = approve(NEXT, digest_in_force(LOCKED, None), "Han", "Lee")
    assert approval_faults(NEXT, first, NEXT, first) == []
    assert approval_faults(NEXT, first, NEXT, None) != [], "not without what put it there"


def test_the_first_approvers_prove_that_their_keys_work():
    there = digest_in_force(OPEN, None)
    assert approval_faults(OPEN, None, LOCKED, None) != []
    assert approval_faults(OPEN, None, LOCKED, approve(LOCKED, there, "Han", "Park")) != []
    assert approval_faults(OPEN, None, LOCKED, approve(LOCKED, there, "Han", "Kim")) == []


def test_approvers_are_replaced_by_those_in_force_not_by_themselves():
    theirs = configuration(Lee=PUBLIC["Lee"], Park=PUBLIC["Park"])
    there = digest_in_force(LOCKED, None)
    assert faults_of(theirs, approve(theirs, there, "Lee", "Park")) != []
    assert faults_of(theirs, approve(theirs, there, "Han", "Lee")) == []
    assert faults_of(OPEN, None) != [], "nor are they taken away by anybody"
    assert faults_of(OPEN, approve(OPEN, there, "Han", "Kim")) == []


def test_the_time_of_a_proposal_is_one_however_it_is_written():
    """A snapshot keeps no offset: a core that loaded one would else refuse what another takes."""
    seoul = approve(NEXT, "0" * 64, "Han", at=AT.astimezone(timezone(timedelta(hours=9))))
    assert seoul == approve(NEXT, "0" * 64, "Han")
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(seoul), type=Approvals)
    assert digest_in_force(NEXT, kept) == digest_in_force(NEXT, seoul)
    read = msgspec.json.decode(msgspec.json.encode(seoul), type=Approvals)
    assert signed_bytes(NEXT, read) == signed_bytes(NEXT, seoul)


def test_approvals_do_not_depend_on_the_order_of_the_signatures():
    one, two = (approve(NEXT, "0" * 64, *names) for names in (("Han", "Lee"), ("Lee", "Han")))
    assert digest_in_force(NEXT, one) == digest_in_force(NEXT, two)
    assert one.names == two.names == ("Han", "Lee")


def test_a_usable_table_of_approvers_has_no_fault():
    assert list(approver_faults({})) == []
    assert list(approver_faults({"Han": PUBLIC["Han"], "김민지": PUBLIC["Kim"]})) == []


KEY_EXPECTED = "expected an Ed25519 public key: the line between BEGIN and END of its PEM, or 64 hex digits"
ONE_LACKS = "[approvers] got: 1 that could approve; expected: at least 2, or no such table"
NAME_EXPECTED = "expected a name of 1 to 64 printable characters, without blanks at its ends"


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        ({"Han": PUBLIC["Han"]}, [ONE_LACKS]),
        ({"Han": PUBLIC["Han"], "Kim": "secret"}, [f"[approvers] 'Kim': {KEY_EXPECTED}", ONE_LACKS]),
        ({"Han": PUBLIC["Han"], "Kim": "f" * 64}, [f"[approvers] 'Kim': {KEY_EXPECTED}", ONE_LACKS]),
        (
            {"Han": PUBLIC["Han"], "Kim": PUBLIC["Han"]},
            ["[approvers] 'Kim': has the key of 'Han'; expected: a key of its own", ONE_LACKS],
        ),
        ({" Han": PUBLIC["Han"], "Kim": PUBLIC["Kim"]}, [f"[approvers] ' Han': {NAME_EXPECTED}"]),
        ({"": PUBLIC["Han"], "Kim": PUBLIC["Kim"]}, [f"[approvers] '': {NAME_EXPECTED}"]),
        ({"H\x1bn": PUBLIC["Han"], "Kim": PUBLIC["Kim"]}, [f"[approvers] 'H\\x1bn': {NAME_EXPECTED}"]),
        ({"H" * 65: PUBLIC["Han"], "Kim": PUBLIC["Kim"]}, [f"[approvers] '{'H' * 64}': {NAME_EXPECTED}"]),
    ],
)
def test_a_table_by_which_nobody_could_approve_is_refused(table, faults):
    assert list(approver_faults(table)) == faults


def test_too_many_approvers_are_one_fault():
    table = {f"A{number}": "" for number in range(MOST_APPROVERS + 1)}
    assert list(approver_faults(table)) == ["[approvers] got: 65; expected: at most 64"]
