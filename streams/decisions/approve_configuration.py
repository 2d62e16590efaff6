"""Two people put a configuration in force: one proposes it, another approves it, and both sign (docs/CONFIGURATION.md).

The proposal is a file that goes from the one to the other, by whatever way. It is no secret: it holds the
configuration, what it replaces, the reason, and the proposer's signature.
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from nacl.signing import SigningKey

from detectors.configuration_approval import NEEDED, approvers_of, digest_in_force, find_signers, signed_bytes
from detectors.configuration_faults import configuration_faults
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration, fingerprint
from detectors.succession import promotion_faults
from detectors.values.ed25519_forms import PUBLIC_FORM, read_key
from streams.access import audit_log
from streams.errors import ApprovalError, UsageError
from streams.ledger.configuration_in_force import read_ruling_change, send_change
from streams.settings import Settings

AUDIT_KIND = "rules.approved"
# A configuration may be 512 KiB as a record; a file that is longer is no proposal.
MOST_BYTES = 1024 * 1024


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration to be put in force, with what its proposer signed. `fxwatch_proposal` is the file's version."""

    fxwatch_proposal: Literal[1] = 1
    configuration: Configuration
    approvals: Approvals


class InForce(msgspec.Struct, frozen=True):
    """What a proposal replaces, and who put it there."""

    configuration: Configuration
    approvals: Approvals | None


def read_in_force(settings: Settings) -> InForce:
    """What is in force now. Raises what `read_ruling_change` raises."""
    configuration, change = read_ruling_change(settings)
    return InForce(configuration, None if change is None else change.approvals)


def ends_approval(there: InForce, configuration: Configuration) -> bool:
    """Whether a change takes all approvers away, so that one person alone changes the rules from then on."""
    return bool(approvers_of(there.configuration)) and not approvers_of(configuration)


def propose(
    there: InForce,
    configuration: Configuration,
    name: str,
    key: SigningKey,
    reason: str,
    at: datetime,
    *,
    without_approvers: bool = False,
) -> Proposal:
    """A proposal that its proposer has signed.

    Raises `UsageError` where it changes nothing, `ApprovalError` where the proposer is no approver, where it promotes a
    challenger without a report, or where it takes the approvers away and nobody said so (`without_approvers`): a
    forgotten FXWATCH_CONFIG proposes what is shipped.
    """
    if configuration == there.configuration:
        raise UsageError(
            "this configuration is in force already",
            got=fingerprint(configuration),
            expected="another one",
            todo="name the file with the change in FXWATCH_CONFIG; see: fxwatch rules diff",
        )
    if ends_approval(there, configuration) and not without_approvers:
        raise ApprovalError(
            "this configuration names no approvers, and the one in force does",
            got="a change after which one person alone changes the rules",
            expected="[approvers]",
            todo="name the file with the change in FXWATCH_CONFIG, or say --without-approvers",
        )
    if faults := promotion_faults(there.configuration, configuration):
        raise ApprovalError(
            "this configuration promotes a challenger without a report",
            got="; ".join(faults),
            expected="[promotion] report, the report_hash of what `fxwatch testbed compare` wrote",
        )
    try:
        plain = msgspec.convert(
            {"replaces": digest_in_force(there.configuration, there.approvals), "proposed_at": at, "reason": reason},
            Approvals,
        )
    except msgspec.ValidationError as fault:
        raise UsageError(
            "the reason cannot be kept", got=str(fault), expected="one line of 1 to 500 characters"
        ) from fault
    return _sign(there, Proposal(configuration=configuration, approvals=plain), name, key)


def approve(there: InForce, proposal: Proposal, name: str, key: SigningKey) -> Proposal:
    """The proposal with a second person's signature beside the proposer's.

    Raises `ApprovalError` for a proposal that nobody signed, that replaces what is not in force any more, that this
    person has signed already, or that cannot be put in force; and for a person who is no approver.
    """
    who = list_approvers(there, proposal.configuration)
    signed = find_signers(who, proposal.configuration, proposal.approvals)
    now = digest_in_force(there.configuration, there.approvals)
    if proposal.approvals.replaces != now:
        raise ApprovalError(
            "another configuration is in force than the proposal replaces",
            got=f"it replaces {proposal.approvals.replaces[:16]}, in force is {now[:16]}",
            expected="what was in force when it was proposed",
            todo="propose it again: fxwatch rules propose",
        )
    if not signed or len(signed) != len(proposal.approvals.signatures):
        raise ApprovalError(
            "the proposal was changed after it was signed, or nobody signed it",
            got=f"signatures that hold: {', '.join(signed) or 'none'}",
            expected="its proposer's",
            todo="have it proposed again: fxwatch rules propose",
        )
    if name in signed:
        raise ApprovalError(
            "one person cannot approve what they proposed",
            got=name,
            expected=f"another one of {', '.join(sorted(set(who) - set(signed)))}",
        )
    faults = configuration_faults(proposal.configuration)
    faults += promotion_faults(there.configuration, proposal.configuration)
    if faults:
        raise ApprovalError(
            "the proposed configuration cannot be put in force",
            got="; ".join(faults),
            expected="one that this release takes",
            todo="mend it and propose it again",
        )
    return _sign(there, proposal, name, key)


def list_approvers(there: InForce, configuration: Configuration) -> dict[str, str]:
    """Who may approve the configuration: those of the one in force, or the first ones, which it names itself.

    Raises `ApprovalError` where neither names any.
    """
    who = approvers_of(there.configuration) or approvers_of(configuration)
    if not who:
        raise ApprovalError(
            "nobody is there to approve",
            got="no [approvers] in the configuration in force, nor in this one",
            expected="a table of names and public keys",
            todo="add [approvers] (docs/CONFIGURATION.md), or without approval: fxwatch rules apply",
        )
    return who


def _sign(there: InForce, proposal: Proposal, name: str, key: SigningKey) -> Proposal:
    who = list_approvers(there, proposal.configuration)
    if name not in who:
        raise ApprovalError("this person is no approver", got=name, expected=f"one of {', '.join(sorted(who))}")
    if key.verify_key.encode() != read_key(who[name], PUBLIC_FORM):
        raise ApprovalError(
            "the key is not this approver's",
            got=f"a key whose public half is {key.verify_key.encode().hex()}",
            expected=f"the one that [approvers] holds for {name}",
            todo="name the right file with --sign-key, or have the new key put into [approvers] by two others",
        )
    signature = key.sign(signed_bytes(proposal.configuration, proposal.approvals)).signature
    signatures = proposal.approvals.signatures | {name: base64.b64encode(signature).decode()}
    return msgspec.structs.replace(
        proposal, approvals=msgspec.structs.replace(proposal.approvals, signatures=signatures)
    )


def put_in_force(settings: Settings, proposal: Proposal) -> audit_log.AuditReceipt:
    """Write who approved what into the audit log, then send it. Where the log cannot be written nothing is sent.

    Raises `ApprovalError` where not enough people signed, and what `send_change` and `audit_log.write` raise.
    """
    approvals = proposal.approvals
    if len(approvals.signatures) < NEEDED:
        raise ApprovalError(
            "not enough people signed", got=", ".join(approvals.names) or "nobody", expected=f"{NEEDED}"
        )
    told = f"approved: {', '.join(approvals.names)}"
    case = f"rules {fingerprint(proposal.configuration)} for {approvals.replaces[:16]}"
    written = audit_log.write(settings, AUDIT_KIND, "", case, approvals.reason, told)
    send_change(settings, proposal.configuration, approvals)
    return written


def write_proposal(path: Path, proposal: Proposal) -> None:
    """Write the file, which must not be there. Raises `UsageError`."""
    try:
        with path.open("xb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(proposal), indent=2) + b"\n")
    except OSError as fault:
        raise UsageError(
            f"the proposal cannot be written: {fault.strerror}", got=path, expected="a new file"
        ) from fault


def read_proposal(path: Path) -> Proposal:
    """The file's proposal. Raises `UsageError` for what is none."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MOST_BYTES), type=Proposal)
    except OSError as fault:
        raise UsageError(f"the proposal cannot be read: {fault.strerror}", got=path) from fault
    except msgspec.MsgspecError as fault:
        raise UsageError(
            "the file is no proposal",
            got=f"{path}: {fault}",
            expected="what `fxwatch rules propose` wrote, by a release like this one",
        ) from fault
