"""What names a party's events in alerts, and what their rows do not say of them.

A payment's row (payments.py) knows its time, amount, currency, purpose and institution as they count now. Beside it an
alert shows what stands here: who was paid, through which branch, under which declaration and report. A line of a
customs declaration has no row, so that all it said stands here.
"""

import re
from typing import Any, Literal

import msgspec

from detectors.contracts.events import Declaration, Transaction
from detectors.values.shares import fairly_cut

# an alert shows at most 50 events (CONTRACT fx.alerts.v1)
MOST_PROOFS = 50
# A report's number may be of any length by contract; the known ones have some twenty characters. Failure prevented: one
# of 60 000 characters in each of a party's proofs.
MOST_REPORT_NO = 64
CUT = "\u2026"
_DIGEST = 32
_TOKEN = re.compile(r"([a-z0-9]{1,16})\.([0-9a-f]{3})\.([0-9a-f]{32})")
_SLOT_BYTES = 2
# ends the id of a token's key; no key's id is empty, so that what begins with it is a text
_TEXT = b"."


class DeclaredLine(msgspec.Struct, frozen=True, array_like=True):
    """What a line of a customs declaration said: when (us), import or export, its value as written, its number."""

    time_us: int
    kind: Literal["import", "export"]
    value: str
    currency: str
    line: int | None = None


class Proof(msgspec.Struct, frozen=True, array_like=True):
    """What names an event in an alert: ledger offset, number of its topic, sender's id, and what proves the original.

    `original` is packed: 32 bytes of a commitment, then the id of its key; 32 bytes alone are a plain SHA-256. `piece`
    says that a rule wants the payment one by one, `sender` is the hash of its institution's share (shares.py).
    `counterparty` is a packed token; `line` is there for a declaration's line alone, which has no row.
    """

    offset: int
    topic: int
    event_id: str
    # the layout of the state knows this place by the name it had when a plain SHA-256 stood here
    original: bytes = msgspec.field(name="sha256")
    piece: bool = False
    sender: int = 0
    counterparty: bytes = b""
    branch: str = ""
    declaration_no: str = ""
    report_no: str = ""
    line: DeclaredLine | None = None


def said_beside(event: Transaction | Declaration) -> dict[str, Any]:
    """The fields of a proof that hold what no row says of an event."""
    if isinstance(event, Declaration):
        return {"counterparty": packed_token(event.counterparty), "declaration_no": event.declaration_no}
    return {
        "counterparty": packed_token(event.counterparty),
        "branch": event.branch or "",
        "declaration_no": event.declaration_no or "",
        "report_no": shortened(event.report_no or ""),
    }


def shortened(report_no: str) -> str:
    """A report's number of at most `MOST_REPORT_NO` characters; the mark at its end says that it goes on."""
    return report_no if len(report_no) <= MOST_REPORT_NO else report_no[: MOST_REPORT_NO - 1] + CUT


def newest_proofs(proofs: list[Proof]) -> list[Proof]:
    """The newest `MOST_PROOFS` pieces, lines of declarations and others each, every institution with its share of them.

    Their order stays.
    """
    if len(proofs) <= MOST_PROOFS:
        return proofs
    kinds: tuple[list[Proof], list[Proof], list[Proof]] = ([], [], [])
    for proof in proofs:
        kinds[1 if proof.line is not None else 0 if proof.piece else 2].append(proof)
    kept = {proof.offset for kind in kinds for proof in fairly_cut(kind, MOST_PROOFS, lambda proof: proof.sender)}
    return [proof for proof in proofs if proof.offset in kept]


def packed_commitment(text: str) -> bytes:
    """A commitment (`<key id>:<64 hex digits>`, or 64 hex digits alone: a plain SHA-256) as `Proof` keeps it."""
    key_id, _, digits = text.rpartition(":")
    return bytes.fromhex(digits) + key_id.encode()


def commitment_text(original: bytes) -> str:
    """What `packed_commitment` packed."""
    digits, key_id = original[:_DIGEST].hex(), original[_DIGEST:].decode()
    return f"{key_id}:{digits}" if key_id else digits


def packed_token(token: str) -> bytes:
    """A token (`<key id>.<3 hex digits>.<32 hex digits>`) in 19 bytes and its key's id; of any other text its bytes."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return _TEXT + token.encode()
    return found[1].encode() + _TEXT + int(found[2], 16).to_bytes(_SLOT_BYTES) + bytes.fromhex(found[3])


def token_text(packed: bytes) -> str:
    """What `packed_token` packed."""
    key_id, _, rest = packed.partition(_TEXT)
    if not key_id:
        return rest.decode()
    return f"{key_id.decode()}.{int.from_bytes(rest[:_SLOT_BYTES]):03x}.{rest[_SLOT_BYTES:].hex()}"
