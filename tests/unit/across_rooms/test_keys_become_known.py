"""What docs/KEYS.md says that a holder of each key finds: every claim of its table, tried on what the door writes."""

import hashlib
import hmac
import json
from typing import NamedTuple

import pytest

from detectors.alerting.identity import AGENT
from detectors.contracts.events import Source
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.ingest.door import Admitted, Door
from streams.keys.commitments import evidence_key, record_key
from streams.keys.pseudonyms import Key, Keys, frame_parts, parse_keys
from streams.ledger import envelope
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION

OLD, NEW, ANEW = Key("k1", b"1" * 32), Key("k2", b"2" * 32), Key("k3", b"3" * 32)
BEFORE = Keys(OLD, OLD)
OVERLAP = Keys(NEW, OLD, OLD)
AFTER = Keys(NEW, OLD)  # `routing` after the last line's key
RETOKENISED = Keys(ANEW, ANEW)
NUMBERS = [f"{number:013}" for number in range(9_001_011_234_500, 9_001_011_234_600)]
CHOSEN = NUMBERS[42]
PLACE = Source(TRANSACTIONS, 3, 77)


class Written(NamedTuple):
    """What anybody with access reads of one payment, by the field that depends on the registration number."""

    token: str
    previous: str | None
    identity: str
    body: str
    former: tuple[str, str]
    commitment: str
    alert_id: str


def body_of(number: str) -> dict:
    """The sender's record; all but the number stands in the clear somewhere."""
    return TRANSACTION | {"party_id": number}


def alert_id_of(identity: str, token: str) -> str:
    """As detectors/alerting/build.py makes it; versions and typologies stand in the alert."""
    parts = (AGENT, identity, token, TRANSACTION["institution"], "T01", "detectors", "rules")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def written(keys: Keys) -> Written:
    """The payment of `CHOSEN` under these keys."""
    original = json.dumps(body_of(CHOSEN)).encode()
    answer = Door(keys, 12, {}).admit(ArrivedRecord(TRANSACTIONS, 3, 77, TIMESTAMP_MS, CHOSEN.encode(), original, []))
    assert isinstance(answer, Admitted), answer
    _, _, value, headers = answer.records[0]
    event, origin = envelope.decode_record(value, headers, 5, 0)
    return Written(
        event.party,
        event.previous.get(event.party),
        event.identity,
        event.body,
        event.former or ("", ""),
        origin.commitment,
        alert_id_of(event.identity, event.party),
    )


def canonical(number: str) -> bytes:
    """The bytes that the body's fingerprint covers."""
    return json.dumps(body_of(number), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def found(seen: Written, key: Key) -> set[str]:
    """The fields by which a holder of `key`, with a list of all numbers, tells whose payment it is."""

    def mac(secret: bytes, content: bytes) -> str:
        return hmac.digest(secret, content, "sha256").hex()

    told = set()
    for number in NUMBERS:
        digest = mac(key.secret, frame_parts("token", "party", number))[:32]
        identity = mac(key.secret, frame_parts("identity", TRANSACTIONS, TRANSACTION["institution"], number, "E-1"))[
            :32
        ]
        body = mac(key.secret, b"4:body" + canonical(number))[:32]
        original = json.dumps(body_of(number)).encode()
        guess = {
            "token": digest == seen.token.split(".")[2],
            "previous": seen.previous is not None and digest == seen.previous.split(".")[2],
            "identity": identity == seen.identity,
            "body": body == seen.body,
            "former identity": identity == seen.former[0],
            "former body": body == seen.former[1],
            "commitment": mac(record_key(evidence_key(key), PLACE), original) == seen.commitment.split(":")[1],
            "alert_id": alert_id_of(identity, seen.token) == seen.alert_id,
        }
        for field, right in guess.items():
            if right:
                assert number == CHOSEN
                told.add(field)
    return told


EVERYTHING = {"token", "identity", "body", "commitment", "alert_id"}


@pytest.mark.parametrize(
    ("keys", "holder", "finds"),
    [
        (BEFORE, OLD, EVERYTHING),
        # nobody without a key, which is any other key
        (BEFORE, NEW, set()),
        (BEFORE, Key("k0", b"\0" * 32), set()),
        # in the overlap everything is there under the former key too, but evidence and ids of alerts
        (OVERLAP, OLD, {"previous", "former identity", "former body"}),
        (OVERLAP, NEW, EVERYTHING),
        # after it, nothing is left to the key that routes
        (AFTER, OLD, set()),
        (AFTER, NEW, EVERYTHING),
        # new topics under a new key
        (RETOKENISED, OLD, set()),
        (RETOKENISED, NEW, set()),
        (RETOKENISED, ANEW, EVERYTHING),
    ],
)
def test_what_a_holder_of_a_key_finds(keys, holder, finds):
    """Every field that depends on the number, tried with all numbers."""
    assert found(written(keys), holder) == finds


def test_the_slot_narrows_down_and_names_nobody():
    """A holder of the routing key tells one slot of 4 096, which a rotation keeps and a new routing key changes."""
    seen = written(AFTER).token.split(".")[1]
    same = [number for number in NUMBERS if AFTER.party(number).token.split(".")[1] == seen]
    assert CHOSEN in same
    assert AFTER.party(CHOSEN).slot == BEFORE.party(CHOSEN).slot
    assert RETOKENISED.party(CHOSEN).slot != BEFORE.party(CHOSEN).slot


def test_an_evidence_key_tries_evidence_only():
    """It is handed to an auditor: with it, tokens and fingerprints stay closed."""
    evidence = evidence_key(NEW)
    assert found(written(AFTER), evidence) == set()
    original = json.dumps(body_of(CHOSEN)).encode()
    made = hmac.digest(record_key(evidence, PLACE), original, "sha256").hex()
    assert written(AFTER).commitment == f"k2:{made}"


def test_the_files_of_the_table_are_read_as_it_says():
    """A rotation's two files: overlap, and its end."""
    lines = f"k2 = {NEW.secret.hex()}\nk1 = {OLD.secret.hex()}"
    for text, keys in ((lines, OVERLAP), (f"{lines} routing", AFTER)):
        read = parse_keys(text, "f")
        assert (read.current, read.previous, read.routing) == (keys.current, keys.previous, keys.routing)
