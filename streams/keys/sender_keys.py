"""Who must prove a record, and whether it did: the public keys that senders have given (docs/SECURITY.md).

A record is proven by its named sender where that one has keys (the institution of a payment, the officer of a verdict,
the feed of a rate), else by its topic's keys where those are given (customs, a register). Everything else is as if
there were no keys, but on the topics that require a proof of everybody.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from detectors.values.spelling import folded
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DISPOSITIONS, RATES, TRANSACTIONS
from streams.contracts.record_headers import by_name
from streams.contracts.refusal_codes import Fault
from streams.keys.signed_records import LENGTH, SCHEME, SIGNATURE, messages_signed

PROVEN = "proven"
MISSING, MALFORMED, WRONG = "signature.missing", "signature.malformed", "signature.wrong"
EXPIRED, NO_KEY = "signature.expired", "signature.no_key"
OUTCOMES = (PROVEN, MISSING, MALFORMED, WRONG, EXPIRED, NO_KEY)
# Each key that a name has is tried on a wrong signature, 55 us each. Two are needed in a rotation.
MOST_KEYS = 8

_EXPECTED = {
    MISSING: "a signature of this sender",
    MALFORMED: f"{LENGTH} bytes, the first of them 1",
    WRONG: "a signature over this record with a key of its sender",
    EXPIRED: "a key that was valid at the record's Kafka timestamp",
    NO_KEY: "a sender whose key is known",
}


class SenderKey(NamedTuple):
    """A public key of 32 bytes, who it proves, and the last Kafka timestamp that it does so for (None: no end).

    `institutions` are in the one spelling of identifiers, `officers` and `feeds` as `folded` gives them.
    """

    public_key: bytes
    institutions: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    until: datetime | None = None


class Proof(NamedTuple):
    """What came of a record that had to be proven: by whom, and its fault, if any.

    `sender` is an institution that has keys, else the topic: what somebody made up, or an officer's name, is not for
    metrics.
    """

    sender: str
    fault: Fault | None = None

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`."""
        return PROVEN if self.fault is None else self.fault.code


class _Verifier(NamedTuple):
    key: VerifyKey
    until_ms: float


_Keyring = dict[str, tuple[_Verifier, ...]]


class SenderKeys:
    """The keys that are in use, and the topics on which every record must be proven.

    Cost of a look: under 1 us for a sender without keys. With one some 55 us for each of its keys that is tried, and
    4 us for each KiB of the record.
    """

    def __init__(self, keys: Iterable[SenderKey], required: Iterable[str] = ()) -> None:
        self.keys = tuple(keys)
        self.required = frozenset(required)
        self.fingerprint = _fingerprint(self.keys, self.required)
        self._of_topic = self._keyring(lambda key: key.topics)
        self._institutions = self._keyring(lambda key: key.institutions)
        self._officers = self._keyring(lambda key: key.officers)
        self._feeds = self._keyring(lambda key: key.feeds)
        self._named = {TRANSACTIONS: self._institutions, DISPOSITIONS: self._officers, RATES: self._feeds}

    @property
    def institutions(self) -> tuple[str, ...]:
        """Institutions that have keys."""
        return tuple(self._institutions)

    @property
    def officers(self) -> tuple[str, ...]:
        """Officers that have keys."""
        return tuple(self._officers)

    @property
    def feeds(self) -> tuple[str, ...]:
        """Feeds of rates that have keys."""
        return tuple(self._feeds)

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics that have keys of their own."""
        return tuple(self._of_topic)

    def describe(self) -> str:
        """One line for logs and `doctor`: whose records must be signed. Officers are counted, not named."""
        parts = [", ".join(sorted(self.institutions)) or "no institution", f"officers: {len(self.officers)}"]
        parts += [f"feed {name}" for name in sorted(self.feeds)]
        parts += [f"all of {topic}" for topic in sorted({*self.topics, *self.required})]
        return f"keys: {len(self.keys)}; signed records of: {'; '.join(parts)}; fingerprint {self.fingerprint}"

    def find_silenced(self, now: datetime) -> list[str]:
        """Who can send nothing at `now`: names whose keys have all ended, topics that require a key nobody has."""
        now_ms = now.timestamp() * 1000
        rings = [
            ("", self._institutions),
            ("officer ", self._officers),
            ("feed ", self._feeds),
            ("all of ", self._of_topic),
        ]
        ended = [f"{kind}{name}" for kind, ring in rings for name, some in ring.items() if some[0].until_ms < now_ms]
        return ended + [
            f"all of {topic}" for topic in sorted(self.required - self._of_topic.keys()) if not self._named.get(topic)
        ]

    def judge(self, record: ArrivedRecord, body: Mapping[str, Any]) -> Proof | None:
        """Whether a record is its sender's; None when nothing has to be proven.

        `body` is the record in its one spelling. What is proven is the record as it came. Its Kafka timestamp decides:
        the same record gets the same answer however late it is read or read again.
        """
        sender, verifiers = self._demanded(record.topic, body)
        if verifiers is None:
            return _unproven(sender, NO_KEY) if record.topic in self.required else None
        told = by_name(record.headers).get(SIGNATURE)
        if told is None:
            return _unproven(sender, MISSING)
        if len(told) != LENGTH or told[:1] != SCHEME:
            return _unproven(sender, MALFORMED)
        messages = messages_signed(record)
        for verifier in verifiers:
            if any(_verifies(verifier.key, message, told[1:]) for message in messages):
                valid = verifier.until_ms == float("inf") or 0 <= record.timestamp_ms <= verifier.until_ms
                return Proof(sender) if valid else _unproven(sender, EXPIRED)
        return _unproven(sender, WRONG)

    def _demanded(self, topic: str, body: Mapping[str, Any]) -> tuple[str, tuple[_Verifier, ...] | None]:
        """Who a metric says the sender is, and the keys that may prove the record."""
        if topic == TRANSACTIONS:
            institution = body["institution"]
            verifiers = self._institutions.get(institution)
            if verifiers is not None:
                return institution, verifiers
            return topic, self._of_topic.get(topic)
        named = None
        if topic == DISPOSITIONS:
            named = self._officers.get(folded(body["investigator"]))
        elif topic == RATES and self._feeds and "source" in body:
            named = self._feeds.get(folded(body["source"]))
        return topic, named or self._of_topic.get(topic)

    def _keyring(self, names_of: Callable[[SenderKey], tuple[str, ...]]) -> _Keyring:
        found: dict[str, list[_Verifier]] = {}
        for key in self.keys:
            until_ms = float("inf") if key.until is None else key.until.timestamp() * 1000
            for name in names_of(key):
                found.setdefault(name, []).append(_Verifier(VerifyKey(key.public_key), until_ms))
        # the one that is valid longest is the one in use
        return {name: tuple(sorted(some, key=lambda one: -one.until_ms)) for name, some in found.items()}


def _unproven(sender: str, code: str) -> Proof:
    return Proof(sender, Fault(code, SIGNATURE, _EXPECTED[code]))


def _verifies(key: VerifyKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except BadSignatureError:
        return False
    return True


def _fingerprint(keys: tuple[SenderKey, ...], required: frozenset[str]) -> str:
    """The first 12 hex digits of a hash of what is believed, however the file is written."""
    lines = [f"require {topic}" for topic in required]
    for key in keys:
        until = key.until.timestamp() if key.until is not None else ""
        names = [
            ("institution", key.institutions),
            ("officer", key.officers),
            ("feed", key.feeds),
            ("topic", key.topics),
        ]
        lines += [f"{kind} {name} {key.public_key.hex()} {until}" for kind, some in names for name in some]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]
