"""Two people put a configuration in force: who may, what each of them is told, and what the file between them holds."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from nacl.signing import SigningKey

from detectors.configuration_approval import approval_faults, digest_in_force
from detectors.contracts.configuration import fingerprint
from streams.access.audit_log import AuditError, AuditReceipt
from streams.decisions import approve_configuration
from streams.decisions.approve_configuration import (
    InForce,
    approve,
    ends_approval,
    propose,
    put_in_force,
    read_proposal,
    write_proposal,
)
from streams.errors import ApprovalError, UsageError
from streams.settings import Settings
from tests.support.ledger import configuration

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HAN, KIM, OTHER = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
OPEN = configuration()
LOCKED = msgspec.structs.replace(
    OPEN, approvers={"Han": HAN.verify_key.encode().hex(), "Kim": KIM.verify_key.encode().hex()}
)
NEXT = msgspec.structs.replace(LOCKED, engine=msgspec.structs.replace(LOCKED.engine, case_window_days=10))
THERE = InForce(LOCKED, None)


def proposed(there: InForce = THERE, change=NEXT, reason: str = "notice 2026-99"):
    return propose(there, change, "Han", HAN, reason, AT)


def test_two_people_are_enough_for_the_core():
    whole = approve(THERE, proposed(), "Kim", KIM)
    assert whole.approvals.names == ("Han", "Kim")
    assert (whole.approvals.reason, whole.approvals.proposed_at) == ("notice 2026-99", AT)
    assert approval_faults(LOCKED, None, whole.configuration, whole.approvals) == []


def test_a_proposal_alone_is_not():
    alone = proposed()
    assert alone.approvals.replaces == digest_in_force(LOCKED, None)
    assert approval_faults(LOCKED, None, NEXT, alone.approvals) != []


def test_nobody_approves_their_own_proposal():
    with pytest.raises(ApprovalError) as told:
        approve(THERE, proposed(), "Han", HAN)
    assert told.value.message == "one person cannot approve what they proposed; got: Han; expected: another one of Kim"


def test_a_stranger_neither_proposes_nor_approves():
    with pytest.raises(ApprovalError, match="this person is no approver; got: Lee; expected: one of Han, Kim"):
        propose(THERE, NEXT, "Lee", OTHER, "r", AT)
    with pytest.raises(ApprovalError, match="this person is no approver"):
        approve(THERE, proposed(), "Lee", OTHER)


def test_a_key_that_is_not_the_approvers_is_told_by_its_public_half():
    with pytest.raises(ApprovalError) as told:
        approve(THERE, proposed(), "Kim", OTHER)
    assert OTHER.verify_key.encode().hex() in told.value.message
    assert OTHER.encode().hex() not in told.value.message


def test_a_proposal_that_was_changed_is_not_approved():
    """By whoever had the file on its way: a limit, the reason, or the approvers themselves."""
    whole = proposed()
    for spoilt in (
        msgspec.structs.replace(whole, configuration=OPEN),
        msgspec.structs.replace(whole, approvals=msgspec.structs.replace(whole.approvals, reason="another")),
        msgspec.structs.replace(whole, approvals=msgspec.structs.replace(whole.approvals, signatures={})),
        msgspec.structs.replace(
            whole,
            approvals=msgspec.structs.replace(
                whole.approvals, signatures={**whole.approvals.signatures, "Boss": whole.approvals.signatures["Han"]}
            ),
        ),
    ):
        with pytest.raises(ApprovalError, match="the proposal was changed after it was signed, or nobody signed it"):
            approve(THERE, spoilt, "Kim", KIM)


def test_a_proposal_ends_when_another_configuration_comes_into_force():
    with pytest.raises(ApprovalError, match="another configuration is in force than the proposal replaces"):
        approve(InForce(OPEN, None), proposed(), "Kim", KIM)


def test_what_would_not_be_taken_is_not_approved():
    desks = {"No Desk": LOCKED.desks["customs"]}
    with pytest.raises(ApprovalError, match=r"cannot be put in force; got: .*No Desk"):
        approve(THERE, proposed(change=msgspec.structs.replace(LOCKED, desks=desks)), "Kim", KIM)


def test_the_first_approvers_are_those_of_the_proposal():
    there = InForce(OPEN, None)
    whole = approve(there, proposed(there, LOCKED), "Kim", KIM)
    assert approval_faults(OPEN, None, LOCKED, whole.approvals) == []
    with pytest.raises(ApprovalError, match="nobody is there to approve"):
        proposed(there, configuration(engine={"case_window_days": 10}))


def test_what_is_in_force_is_not_proposed():
    with pytest.raises(UsageError, match="this configuration is in force already"):
        proposed(change=LOCKED)


@pytest.mark.parametrize(
    "reason",
    ["", "r" * 501, "x\n~ [rules.T02] enabled: False -> True", "x\n", "x\x1b[2J", "x\u2028y", "x\u202ey"],
    ids=["empty", "long", "line", "end", "escape", "separator", "direction"],
)
def test_a_reason_that_cannot_be_kept_is_told(reason):
    """A line feed would forge a line of what the other person reads, and of what `rules show` prints as TOML."""
    with pytest.raises(UsageError, match=r"the reason cannot be kept; got: .*; expected: one line of 1 to 500 char"):
        proposed(reason=reason)


@pytest.mark.parametrize("reason", ["r" * 500, "고시 2026-99, 부칙 제2조", "notice 2026-99: '2' \N{EN DASH} cap"])
def test_a_reason_in_any_language_is_kept(reason):
    assert proposed(reason=reason).approvals.reason == reason


def test_approvers_are_not_taken_away_by_a_forgotten_file():
    """Where FXWATCH_CONFIG is not set the shipped configuration is proposed, which names nobody."""
    assert ends_approval(THERE, OPEN)
    assert not ends_approval(THERE, NEXT)
    assert not ends_approval(InForce(OPEN, None), OPEN)
    with pytest.raises(ApprovalError, match="this configuration names no approvers, and the one in force does"):
        proposed(change=OPEN)
    whole = propose(THERE, OPEN, "Han", HAN, "we stop", AT, without_approvers=True)
    assert approval_faults(LOCKED, None, OPEN, approve(THERE, whole, "Kim", KIM).approvals) == []


def test_the_file_holds_the_proposal_and_is_not_written_over(tmp_path: Path):
    path = tmp_path / "change.json"
    write_proposal(path, proposed())
    assert read_proposal(path) == proposed()
    with pytest.raises(UsageError, match="the proposal cannot be written: File exists"):
        write_proposal(path, proposed())


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"fxwatch_proposal":2}', b"\xff"])
def test_a_file_that_is_no_proposal_says_so(tmp_path: Path, content: bytes):
    path = tmp_path / "change.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="the file is no proposal"):
        read_proposal(path)
    with pytest.raises(UsageError, match="the proposal cannot be read: No such file or directory"):
        read_proposal(tmp_path / "nowhere")


class Log:
    """The audit log and the topic, in memory: what was written, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[tuple] = []
        self.fault: Exception | None = None
        monkeypatch.setattr(approve_configuration.audit_log, "write", self.write)
        monkeypatch.setattr(approve_configuration, "send_change", lambda *sent: self.written.append(sent[1:]))

    def write(self, _: Settings, *told: str) -> AuditReceipt:
        if self.fault:
            raise self.fault
        self.written.append(told)
        return AuditReceipt("fx.audit.v1", 0, 3, "0" * 64)


def test_the_audit_log_is_told_first_with_both_names(monkeypatch: pytest.MonkeyPatch):
    log, whole = Log(monkeypatch), approve(THERE, proposed(), "Kim", KIM)
    assert put_in_force(Settings(), whole).offset == 3
    case = f"rules {fingerprint(NEXT)} for {digest_in_force(LOCKED, None)[:16]}"
    assert log.written == [
        ("rules.approved", "", case, "notice 2026-99", "approved: Han, Kim"),
        (NEXT, whole.approvals),
    ]


def test_without_the_audit_log_nothing_is_sent(monkeypatch: pytest.MonkeyPatch):
    log = Log(monkeypatch)
    log.fault = AuditError("no log")
    with pytest.raises(AuditError):
        put_in_force(Settings(), approve(THERE, proposed(), "Kim", KIM))
    assert log.written == []


def test_one_signature_is_not_sent(monkeypatch: pytest.MonkeyPatch):
    log = Log(monkeypatch)
    with pytest.raises(ApprovalError, match="not enough people signed; got: Han; expected: 2"):
        put_in_force(Settings(), proposed())
    assert log.written == []
