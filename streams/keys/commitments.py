"""Keyed commitments to senders' original bytes: who has the key proves an original, nobody else can guess one.

Ledger and alerts show amounts, times and institutions in the clear. A plain hash of the sender's bytes beside them
would tell every reader whether a guess at the one field that is hidden, the registration number, is right: all of them
are tried in seconds. So the hash is keyed:

    evidence key   = HKDF-Expand(pseudonym key, "fxwatch evidence 1")                       (RFC 5869, SHA-256)
    record key     = HMAC-SHA-256(evidence key, source topic, partition and offset, framed)
    commitment     = <key id> ":" HMAC-SHA-256(record key, the sender's bytes), hex

The pseudonym key is the current one, so that a rotation away from a key that became known protects all that comes after
it. An evidence key gives no pseudonym key away, and a record key no evidence key: an auditor can be given the first
without the power to make tokens, a court the second with one original and without the power to try any other.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

from detectors.contracts.events import Source
from streams.errors import KeyFileError
from streams.keys.pseudonyms import Key, Keys

_LABEL = b"fxwatch evidence 1"
_COMMITMENT = re.compile(r"([a-z0-9]{1,16}):([0-9a-f]{64})")
_PLAIN = re.compile(r"[0-9a-f]{64}")
# After an evidence key in a file of its own, so that it is not taken for a pseudonym key.
EVIDENCE = "evidence"
_LINE = re.compile(r"([a-z0-9]{1,16})\s*=\s*([0-9a-fA-F]{64})(?:\s+(evidence|routing))?")


def evidence_key(key: Key) -> Key:
    """The evidence key of a pseudonym key, under the same id."""
    # one block of HKDF-Expand; no extract step, because the key is 32 random bytes already (RFC 5869, 3.3)
    return Key(key.id, hmac.digest(key.secret, _LABEL + b"\x01", "sha256"))


def record_key(key: Key, source: Source) -> bytes:
    """The key of one record's commitment, from an evidence key."""
    return hmac.digest(key.secret, _place(source), "sha256")


def _place(source: Source) -> bytes:
    """`framed("record", topic, partition, offset)`, at half its time: it is made for every record."""
    partition, offset = str(source.partition), str(source.offset)
    topic = source.topic
    return f"6:record{len(topic)}:{topic}{len(partition)}:{partition}{len(offset)}:{offset}".encode()


def key_id_of(commitment: str) -> str | None:
    """Which key a commitment was made with; None for the plain SHA-256 of releases before contract 1.1.

    Raises `ValueError` for what is neither.
    """
    found = _COMMITMENT.fullmatch(commitment)
    if found is not None:
        return found[1]
    if _PLAIN.fullmatch(commitment):
        return None
    raise ValueError("neither a commitment (<key id>:<64 hex digits>) nor a SHA-256")


class Committer:
    """Makes commitments with the evidence key of the current pseudonym key. 6 us each, of a record of 600 bytes."""

    def __init__(self, keys: Keys) -> None:
        key = evidence_key(keys.current)
        # begun once: half of an HMAC's time goes into its key
        self._begun = hmac.new(key.secret, digestmod="sha256")
        self._prefix = key.id.encode() + b":"

    def commitment(self, source: Source, original: bytes) -> bytes:
        """The commitment to a record's value, as the ledger's header carries it."""
        mac = self._begun.copy()
        mac.update(_place(source))
        return self._prefix + hmac.digest(mac.digest(), original, "sha256").hex().encode()


class EvidenceKeys:
    """Evidence keys by id, for proofs."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.id: key for key in keys}

    @classmethod
    def of(cls, keys: Keys) -> "EvidenceKeys":
        """Those of a key file's current, previous and routing key."""
        return cls(evidence_key(key) for key in (keys.routing, keys.previous, keys.current) if key is not None)

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys

    def record_key(self, commitment: str, source: Source) -> bytes:
        """The key that the commitment to this one record was made with. Raises `KeyError` when it is not here."""
        key_id = key_id_of(commitment)
        if key_id is None:
            raise KeyError("a plain SHA-256 was made with no key")
        return record_key(self._keys[key_id], source)

    def is_of(self, commitment: str, source: Source, original: bytes) -> bool | None:
        """Whether a commitment, or a plain SHA-256 of an earlier release, is of these bytes; None without its key.

        Raises `ValueError` for what is neither.
        """
        key_id = key_id_of(commitment)
        if key_id is None:
            return hmac.compare_digest(_sha256(original), commitment)
        if key_id not in self._keys:
            return None
        made = hmac.digest(self.record_key(commitment, source), original, "sha256").hex()
        return hmac.compare_digest(f"{key_id}:{made}", commitment)


def _sha256(original: bytes) -> str:
    return hashlib.sha256(original).hexdigest()


def parse_evidence_keys(text: str, place: str) -> list[Key]:
    """The evidence keys of a file: of each pseudonym key that it holds, or evidence keys themselves (`... evidence`).

    Key files of before a rotation may be put together for proofs of old evidence; the first line of an id counts.
    Raises `KeyFileError` with every problem; never shows key material.
    """
    keys: dict[str, Key] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        found = _LINE.fullmatch(content)
        if found is None:
            problems.append(f"line {number}: not `key_id = 64 hex digits`")
            continue
        key = Key(found[1], bytes.fromhex(found[2]))
        keys.setdefault(key.id, key if found[3] == EVIDENCE else evidence_key(key))
    if problems or not keys:
        raise KeyFileError(
            f"the key file cannot be used: {'; '.join(problems) or 'it holds no key'}",
            got=place,
            expected="a pseudonym key file, or what `fxwatch evidence keys` wrote",
            todo="mend each of these lines",
        )
    return list(keys.values())
