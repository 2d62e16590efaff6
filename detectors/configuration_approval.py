"""Two people approve a configuration: who may, what each of them signs, and whether a change was approved.

A configuration names its approvers and their Ed25519 keys (`[approvers]`). From then on a change is in force only with
the signatures of two of them. Each core asks for itself, at the change's place in the ledger, and a replay asks again:
whoever can write to `fx.rules.v1`, or runs an ingest worker of their own, changes no limit with it.

1. A configuration without approvers is replaced by anybody who may write to the topic: development mode.
2. A configuration that is the first to name approvers needs two of those it names: so their keys are known to work.
3. A configuration with approvers is replaced by what two of *its* approvers signed, the approvers of the next included.

A signature covers what it replaces: the configuration in force together with *its* approvals. So an approved change
cannot be sent again later, to bring former limits back: what it replaces is never in force twice.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping

import msgspec
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration
from detectors.values.ed25519_forms import PUBLIC_FORM, read_key
from detectors.values.spelling import plain

# How many people approve a change: the one who proposes it, and another.
NEEDED = 2
# characters of names in a message that anybody may have written
_SHOWN = 200
MOST_APPROVERS, LONGEST_NAME = 64, 64
# What a signature is for stands in what it covers: one for a payment record or another program is none for this.
_PURPOSE = "fxwatch rules approval 1"
_SIGNATURE_BYTES = 64
_KEY_EXPECTED = "an Ed25519 public key: the line between BEGIN and END of its PEM, or 64 hex digits"


def digest_in_force(configuration: Configuration, approvals: Approvals | None) -> str:
    """SHA-256, 64 hex digits, of a configuration and the approvals that put it in force. Cost: some ms."""
    return hashlib.sha256(msgspec.json.encode((configuration, approvals), order="deterministic")).hexdigest()


def signed_bytes(configuration: Configuration, approvals: Approvals) -> bytes:
    """What every approver signs: the configuration, what it replaces, when and why; not the other signatures."""
    told = hashlib.sha256(msgspec.json.encode(configuration, order="deterministic")).hexdigest()
    return msgspec.json.encode((_PURPOSE, told, approvals.replaces, approvals.proposed_at, approvals.reason))


def approver_faults(approvers: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a table of approvers: with fewer than two whose keys can be used nobody could approve."""
    if not approvers:
        return
    if len(approvers) > MOST_APPROVERS:
        yield f"[approvers] got: {len(approvers)}; expected: at most {MOST_APPROVERS}"
        return
    keys: dict[bytes, str] = {}
    for name, text in approvers.items():
        place = f"[approvers] {name[:LONGEST_NAME]!r}"
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != plain(name):
            yield f"{place}: expected a name of 1 to {LONGEST_NAME} printable characters, without blanks at its ends"
        key = read_key(text, PUBLIC_FORM)
        if key is None or not crypto_core_ed25519_is_valid_point(key):
            # never shown: it may be the private key, by mistake
            yield f"{place}: expected {_KEY_EXPECTED}"
        elif (other := keys.setdefault(key, name)) != name:
            yield f"{place}: has the key of {other[:LONGEST_NAME]!r}; expected: a key of its own"
    if len(keys) < NEEDED:
        yield f"[approvers] got: {len(keys)} that could approve; expected: at least {NEEDED}, or no such table"


def approvers_of(configuration: Configuration) -> dict[str, str]:
    """Who may approve what replaces this configuration: names and public keys as they are written; empty: anybody."""
    return {} if configuration.approvers is msgspec.UNSET else configuration.approvers


def approval_faults(
    ruling: Configuration | None, standing: Approvals | None, configuration: Configuration, approvals: Approvals | None
) -> list[str]:
    """Why a change must not replace what is in force; empty where it may.

    `ruling` and `standing` are the configuration in force and its approvals; None is a ledger's first record, which
    whoever makes the ledger decides. What is in force may be sent again: that changes nothing. Cost: 0.1 ms a signature
    and some ms for the digests.
    """
    if ruling is None or (configuration, approvals) == (ruling, standing):
        return []
    who = approvers_of(ruling) or approvers_of(configuration)
    if not who:
        # its names would stand in alerts, and nothing says whose they are
        return [] if approvals is None else ["it has approvals; expected: none, because no approvers are named"]
    if approvals is None:
        return [f"nobody approved it; expected: signatures of {NEEDED} of {_listed(who)}"]
    return [*_replacing(ruling, standing, approvals), *_signatures(who, configuration, approvals)]


def _replacing(ruling: Configuration, standing: Approvals | None, approvals: Approvals) -> Iterator[str]:
    there = digest_in_force(ruling, standing)
    if approvals.replaces != there:
        yield f"it was approved to replace {approvals.replaces[:16]}; expected: what is in force, {there[:16]}"


def _signatures(who: Mapping[str, str], configuration: Configuration, approvals: Approvals) -> Iterator[str]:
    signed = find_signers(who, configuration, approvals)
    if others := sorted(set(approvals.signatures) - set(signed)):
        yield f"signatures that do not hold: {', '.join(map(ascii, others))[:_SHOWN]}; expected: none"
    if len(signed) < NEEDED:
        got = f"the signatures of {', '.join(signed)} alone" if signed else "no signature of theirs that holds"
        yield f"got: {got}; expected: signatures of {NEEDED} of {_listed(who)}"


def find_signers(who: Mapping[str, str], configuration: Configuration, approvals: Approvals) -> list[str]:
    """The approvers whose signatures hold, in the order of their names. Two names with one key are one approver."""
    message = signed_bytes(configuration, approvals)
    held: dict[bytes, str] = {}
    for name in approvals.names:
        key = read_key(who[name], PUBLIC_FORM) if name in who else None
        if key is not None and _holds(key, message, approvals.signatures[name]):
            held.setdefault(key, name)
    return list(held.values())


def _holds(key: bytes, message: bytes, text: str) -> bool:
    try:
        signature = base64.b64decode(text, validate=True)
        if len(signature) != _SIGNATURE_BYTES:
            return False
        VerifyKey(key).verify(message, signature)
    except (binascii.Error, ValueError, BadSignatureError):
        return False
    return True


def _listed(who: Mapping[str, str]) -> str:
    return ", ".join(sorted(who))
