"""What names a party's events in alerts: what it holds, how small it is, and which of many are kept."""

import msgspec
import pytest

from detectors.books.proofs import (
    CUT,
    MOST_PROOFS,
    DeclaredLine,
    Proof,
    commitment_text,
    newest_proofs,
    packed_commitment,
    packed_token,
    said_beside,
    shortened,
    token_text,
)
from tests.support.declared_lines import declaration
from tests.support.ledger import START, payment

TOKEN = "k2026a.0a3." + "5d" * 16
LINE = DeclaredLine(1_000_000, "import", "99.5", "USD", 2)


def proof(offset: int, *, piece: bool = False, sender: int = 0, line: DeclaredLine | None = None) -> Proof:
    """What names an event."""
    return Proof(offset, 0, f"e{offset}", b"", piece, sender, line=line)


def test_fifty_pieces_and_fifty_others_are_kept_the_newest_of_each():
    """In their order; neither pushes the other out. Up to fifty in all, or of each, nothing goes."""
    assert MOST_PROOFS == 50
    others, pieces = [proof(number) for number in range(52)], [proof(number, piece=True) for number in range(60, 112)]
    assert newest_proofs(others[:50]) == others[:50]
    assert newest_proofs([*pieces[:50], *others[:50]]) == [*pieces[:50], *others[:50]]
    mixed = [each for pair in zip(others, pieces, strict=True) for each in pair]
    assert newest_proofs(mixed) == mixed[4:]
    assert newest_proofs(others) == others[2:]
    assert newest_proofs([*pieces, others[0]]) == [*pieces[2:], others[0]]


@pytest.mark.parametrize("piece", [True, False])
def test_each_institution_keeps_its_share_of_the_proofs(piece):
    """One of BANKA's and fifty of another's: the other gives its own oldest."""
    one, others = proof(1, piece=piece, sender=7), [proof(number, piece=piece, sender=8) for number in range(2, 52)]
    assert newest_proofs([one, *others]) == [one, *others[1:]]


@pytest.mark.parametrize("text", ["k1:" + "0f" * 32, "2026:a:" + "a0" * 32, "ff" * 32])
def test_a_commitment_is_packed_as_its_digest_then_its_keys_id(text):
    """32 bytes, and the id behind them; a plain SHA-256 has none."""
    packed = packed_commitment(text)
    assert packed[:32].hex() == text[-64:]
    assert packed[32:].decode() == text[:-65]
    assert commitment_text(packed) == text


def test_lines_of_declarations_have_fifty_places_of_their_own():
    """Fifty of each kind stay together; of 52 lines the two oldest go, whatever else there is."""
    lines = [proof(number, line=LINE) for number in range(200, 252)]
    others, pieces = [proof(number) for number in range(50)], [proof(number, piece=True) for number in range(60, 110)]
    assert newest_proofs([*others, *pieces, *lines[:50]]) == [*others, *pieces, *lines[:50]]
    assert newest_proofs([*lines, *others, *pieces]) == [*lines[2:], *others, *pieces]


@pytest.mark.parametrize("token", [TOKEN, "a.fff." + "0f" * 16, "k.000." + "0" * 32, "2e.02e." + "2e" * 16])
def test_a_token_is_packed_in_nineteen_bytes_and_its_keys_id(token):
    """And comes back as it was, whatever its digits: a point's byte among them too."""
    packed = packed_token(token)
    assert len(packed) == 19 + len(token.split(".")[0])
    assert token_text(packed) == token


@pytest.mark.parametrize("text", ["k1.111.payee", "", "K1.0a3." + "5d" * 16, TOKEN + "0", "\u00e9.x"])
def test_what_is_no_token_comes_back_too(text):
    """Ledgers of tests hold such names."""
    assert packed_token(text) == b"." + text.encode()
    assert token_text(packed_token(text)) == text
    assert token_text(b"") == ""


def test_what_a_payment_said_beside_its_row():
    """Counterparty, branch, numbers; what was not told is empty."""
    event = payment("e", START, counterparty=TOKEN, branch="B7", declaration_no="D-1", report_no="R-1")
    told = {"counterparty": packed_token(TOKEN), "branch": "B7", "declaration_no": "D-1", "report_no": "R-1"}
    assert said_beside(event) == told
    bare = {"counterparty": b".k1.111.payee", "branch": "", "declaration_no": "", "report_no": ""}
    assert said_beside(payment("e", START)) == bare


def test_what_a_declared_line_said_beside_itself():
    """Its trading partner and its number."""
    event = declaration("d", START, counterparty=TOKEN, declaration_no="D-1")
    assert said_beside(event) == {"counterparty": packed_token(TOKEN), "declaration_no": "D-1"}


def test_a_reports_number_is_cut_and_says_so():
    """64 characters are whole; of 65 the last one is the mark."""
    assert shortened("R" * 64) == "R" * 64
    assert shortened("R" * 65) == "R" * 63 + CUT
    assert said_beside(payment("e", START, report_no="R" * 60_000))["report_no"] == "R" * 63 + CUT


def test_a_proof_costs_little():
    """25 bytes for a payment with a token and a branch; what is not told costs a byte each."""
    bare = Proof(9, 0, "e", b"", sender=1)
    full = msgspec.structs.replace(bare, counterparty=packed_token("k1.0a3." + "5d" * 16), branch="0123")
    assert len(msgspec.msgpack.encode(full)) - len(msgspec.msgpack.encode(bare)) == 21 + 4
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(full), type=Proof) == full
