"""Commitments to senders' bytes: the key proves an original, and without it no guess can be tried."""

import hashlib
import hmac
import json
from itertools import product

import msgspec
import pytest

from detectors.books.proofs import commitment_text, packed_commitment
from detectors.contracts.events import Origin, Source
from detectors.core import apply
from detectors.memory.state import PartitionState
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.ingest.door import Admitted, Door
from streams.keys.commitments import Committer, EvidenceKeys, evidence_key, key_id_of, record_key
from streams.keys.pseudonyms import frame_parts, parse_keys
from streams.ledger import envelope
from tests.support.ledger import TOPIC, Ledger, later, payment
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION

K1 = parse_keys(f"k1 = {'1f' * 32}", "f")
ROTATED = parse_keys(f"k2 = {'2e' * 32}\nk1 = {'1f' * 32} routing", "f")
SOURCE = Source(TRANSACTIONS, 3, 77)
BYTES = b'{"party_id": "1234567890"}'
COMMITMENT = Committer(K1).commitment(SOURCE, BYTES).decode()


def test_the_construction_is_the_documented_one():
    """HKDF-Expand, then a key of the record, then HMAC of the bytes: others can compute it again from the text."""
    key = hmac.new(K1.current.secret, b"fxwatch evidence 1\x01", hashlib.sha256).digest()
    one = hmac.new(key, b"6:record18:fx.transactions.v11:32:77", hashlib.sha256).digest()
    assert f"k1:{hmac.new(one, BYTES, hashlib.sha256).hexdigest()}" == COMMITMENT
    assert record_key(evidence_key(K1.current), SOURCE) == one
    for place in (SOURCE, Source("t", 0, 0), Source("\uac00", 2**31 - 1, 2**63 - 1)):
        content = frame_parts("record", place.topic, str(place.partition), str(place.offset))
        assert record_key(K1.current, place) == hmac.digest(K1.current.secret, content, "sha256")


def test_the_key_proves_the_original_and_nothing_else():
    """Right bytes at the right place only; without the key there is no answer, not a wrong one."""
    keys = EvidenceKeys.of(K1)
    assert keys.is_of(COMMITMENT, SOURCE, BYTES) is True
    assert keys.is_of(COMMITMENT, SOURCE, BYTES + b" ") is False
    assert keys.is_of(COMMITMENT, Source(TRANSACTIONS, 3, 78), BYTES) is False
    assert EvidenceKeys.of(parse_keys(f"k9 = {'2e' * 32}", "f")).is_of(COMMITMENT, SOURCE, BYTES) is None
    assert EvidenceKeys.of(parse_keys(f"k1 = {'2e' * 32}", "f")).is_of(COMMITMENT, SOURCE, BYTES) is False


def test_evidence_of_earlier_releases_stays_provable():
    """A plain SHA-256 needs no key."""
    digest = hashlib.sha256(BYTES).hexdigest()
    assert EvidenceKeys([]).is_of(digest, SOURCE, BYTES) is True
    assert EvidenceKeys([]).is_of(digest, SOURCE, BYTES + b" ") is False
    assert key_id_of(digest) is None


@pytest.mark.parametrize(
    "text", ["", "k1:", "k1:" + "a" * 63, "K1:" + "a" * 64, "k1:" + "A" * 64, "a" * 65, ":" + "a" * 64]
)
def test_what_is_no_commitment_is_said(text):
    """Never taken for a mismatch."""
    with pytest.raises(ValueError, match="neither a commitment"):
        EvidenceKeys.of(K1).is_of(text, SOURCE, BYTES)


def test_equal_bytes_at_two_places_cannot_be_told_as_equal():
    """And the key of one record, shown in court, tries no other."""
    other = Source(TRANSACTIONS, 3, 78)
    second = Committer(K1).commitment(other, BYTES).decode()
    assert second != COMMITMENT
    shown = EvidenceKeys.of(K1).record_key(COMMITMENT, SOURCE)
    assert hmac.new(shown, BYTES, hashlib.sha256).hexdigest() == COMMITMENT[3:]
    assert hmac.new(shown, BYTES, hashlib.sha256).hexdigest() != second[3:]


def test_a_key_that_only_routes_commits_to_nothing_new():
    """After a rotation away from a key that became known, its holder can try nothing of what came later."""
    made = Committer(ROTATED).commitment(SOURCE, BYTES).decode()
    assert key_id_of(made) == "k2"
    assert EvidenceKeys.of(K1).is_of(made, SOURCE, BYTES) is None
    assert Committer(K1).commitment(SOURCE, BYTES).decode().split(":")[1] != made.split(":")[1]
    assert EvidenceKeys.of(ROTATED).is_of(made, SOURCE, BYTES) is True
    assert EvidenceKeys.of(ROTATED).is_of(COMMITMENT, SOURCE, BYTES) is True  # from before the rotation


# -- the attack

CANDIDATES = [f"{number:010}" for number in range(1_234_560_000, 1_234_560_400)]


def guess(clear: list[bytes], shown: set[str]) -> list[str]:
    """Registration numbers that whoever reads `shown` (hex digests) can tell, trying all of them.

    He knows every other field, which stands beside it, and tries each hash with each thing he can see as its key.
    """
    found = []
    for candidate in CANDIDATES:
        body = json.dumps(TRANSACTION | {"party_id": candidate}, ensure_ascii=False).encode()
        tried = {hashlib.sha256(body).hexdigest(), hashlib.sha256(candidate.encode()).hexdigest()}
        tried |= {hashlib.sha256(key + body).hexdigest() for key in clear}
        tried |= {
            hmac.digest(key, content, "sha256").hex() for key, content in product(clear, (body, candidate.encode()))
        }
        if any(each in shown or each[:32] in shown for each in tried):
            found.append(candidate)
    return found


def read_by_anybody(answer: Admitted) -> tuple[list[bytes], set[str]]:
    """Everything in ledger record and leg: values that may be keys, and hex digests."""
    assert answer.legs
    clear, shown = [], set()
    for _, key, value, headers in (*answer.records, *answer.legs):
        event = msgspec.json.decode(value)
        texts = [str(each) for each in event.values()] + [key.decode()] + [content.decode() for _, content in headers]
        for text in texts:
            parts = [text, *text.replace(".", ":").split(":")]
            clear += [part.encode() for part in parts if part]
            shown |= {part for part in parts if len(part) in {32, 64}}
    return sorted(set(clear)), shown


def test_nobody_without_a_key_can_guess_who_paid():
    """All registration numbers are tried with all that ledger and legs show; a plain hash beside it gives it away."""
    chosen = CANDIDATES[234]
    original = json.dumps(TRANSACTION | {"party_id": chosen}, ensure_ascii=False).encode()
    answer = Door(K1, 12, {}).admit(ArrivedRecord(TRANSACTIONS, 3, 77, TIMESTAMP_MS, chosen.encode(), original, []))
    assert isinstance(answer, Admitted)
    clear, shown = read_by_anybody(answer)
    assert len(clear) > 30
    assert guess(clear, shown) == []
    plain = hashlib.sha256(original).hexdigest()  # what earlier releases wrote
    assert guess([], shown | {plain}) == [chosen]


# -- ledger and alerts


def test_a_commitment_is_packed_and_comes_back():
    """Both kinds, as a party keeps them."""
    for text in ("k1:" + "ab" * 32, "a" * 16 + ":" + "0f" * 32, "ab" * 32):
        assert commitment_text(packed_commitment(text)) == text


def test_each_record_of_an_alert_has_the_kind_that_its_ledger_record_has():
    """A ledger of two releases: old evidence keeps its SHA-256, new evidence has commitments, after a snapshot too."""
    book = Ledger()
    for number in range(2):
        old = Origin(offset=len(book.log), source=Source(TOPIC, 9, number), commitment=f"{number}" * 64, timestamp_ms=0)
        book.put(payment(f"old {number}", later(hours=number)), old)
    again = PartitionState.thaw(list(book.state.freeze().sections()))
    again.code_version = book.state.code_version
    event, origin = payment("new", later(hours=3)), book.origin()
    alerts = [
        apply(state, event, msgspec.structs.replace(origin, offset=state.next)).alerts for state in (book.state, again)
    ]
    assert alerts[0] == alerts[1]
    items = json.loads(msgspec.json.encode(alerts[0][0]))["evidence"]
    assert [item.get("sha256") for item in items] == ["0" * 64, "1" * 64, None]
    assert [item.get("commitment") for item in items] == [None, None, origin.commitment]
    assert [set(item) & {"sha256", "commitment"} for item in items] == [{"sha256"}] * 2 + [{"commitment"}]


def test_a_ledger_record_of_an_earlier_release_is_read():
    """Its header says the plain SHA-256; a record with neither, or a malformed one, is damaged."""
    made = Ledger()
    made.pay("e", later())
    value = envelope.encode(made.log[-1][0])
    headers = envelope.envelope(SOURCE, b"", b"transaction")
    for header, content in ((envelope.SHA256, "ab" * 32), (envelope.COMMITMENT, COMMITMENT)):
        written = [
            (header, content.encode()) if name == envelope.COMMITMENT else (name, each) for name, each in headers
        ]
        origin = envelope.decode_record(value, envelope.checked(written, value), 5, 0)[1]
        assert origin.commitment == content
