"""Pseudonyms: keyed tokens instead of identifiers, and keyed fingerprints of events.

A token is `<key id>.<slot>.<digest>`. The digest (32 hex digits) is HMAC-SHA-256 of name space and identifier under the
current key; the slot (3 hex digits) is the same under the routing key, which is never rotated, so that a party stays
in its partition through any rotation. Equal things have equal tokens whatever their role: parties and counterparties
share one name space. The fingerprints of events are under the current key too, and in a rotation under the previous
one besides.

The key file holds `key_id = 64 hex digits` a line; `#` begins a comment. The first line is current, the last routes,
and with one line the same key does both. During a rotation the second line is the previous key: every token then
comes with its token under that key, so that state can move to the new name. With two lines the previous key is the
routing key, as it is in the first rotation. The overlap ends by dropping the previous line, or, where that one routes,
by writing `routing` after its key (`k1 = ... routing`): then it names nothing any more.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from streams.contracts.inputs import TOKEN_PATTERN
from streams.errors import KeyFileError
from streams.keys.secret_files import read_secret_file

NameSpace = Literal["party", "account", "device", "contact"]
NAME_SPACES: tuple[NameSpace, ...] = ("party", "account", "device", "contact")

# 128 bits: no two of a billion identifiers share a digest with a probability above 1e-20
DIGEST_DIGITS = 32
SLOT_DIGITS = 3
CHECK_DIGITS = 16

# Tokens remembered for each name space. About 500 bytes each: 100 MB when all four are full.
REMEMBERED = 50_000

_TOKEN = re.compile(TOKEN_PATTERN)
_KEY_ID = re.compile(r"[a-z0-9]{1,16}")
_KEY = re.compile(r"[0-9a-fA-F]{64}")
# After the last line's key: it routes, and names and fingerprints nothing.
ROUTING_ONLY = "routing"


class Key(NamedTuple):
    """A secret key with its public id. Its repr shows the id only."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id!r}, secret=...)"


class Pseudonym(NamedTuple):
    """An identifier's token, its token under the previous key (None outside rotations), and its slot as a number."""

    token: str
    previous: str | None
    slot: int


def frame_parts(*parts: str) -> bytes:
    """The parts as one byte string that no other parts give: each is preceded by its length in characters."""
    return "".join([f"{len(part)}:{part}" for part in parts]).encode()


class Keys:
    """The pseudonym keys of a deployment. Its repr shows key ids only.

    `current` names and fingerprints, `routing` routes, `previous` names and fingerprints once more during a rotation.
    Tokens are remembered (`remembered` a name space, the least recently used go first): 0.1 us when known, 5 us when
    new.
    """

    def __init__(
        self, current: Key, routing: Key, previous: Key | None = None, *, remembered: int = REMEMBERED
    ) -> None:
        self.current, self.routing, self.previous = current, routing, previous
        self._spaces: dict[str, Callable[[str], Pseudonym]] = {
            space: self._remembering(space, remembered) for space in NAME_SPACES
        }
        self.party, self.account = self._spaces["party"], self._spaces["account"]
        self.device, self.contact = self._spaces["device"], self._spaces["contact"]

    def __repr__(self) -> str:
        previous = self.previous.id if self.previous else None
        return f"Keys(current={self.current.id!r}, previous={previous!r}, routing={self.routing.id!r})"

    def _remembering(self, space: NameSpace, remembered: int) -> Callable[[str], Pseudonym]:
        current, routing, previous = self.current, self.routing, self.previous

        @lru_cache(maxsize=remembered)
        def pseudonym(identifier: str) -> Pseudonym:
            content = frame_parts("token", space, identifier)
            slot = hmac.digest(routing.secret, content, "sha256").hex()[:SLOT_DIGITS]
            token = _token(current, slot, content)
            return Pseudonym(token, _token(previous, slot, content) if previous else None, int(slot, 16))

        return pseudonym

    def pseudonym(self, space: NameSpace, identifier: str) -> Pseudonym:
        """The identifier's pseudonym in a name space. The same for ever under the same keys."""
        return self._spaces[space](identifier)

    def fingerprints(self, topic: str, institution: str, party: str, event_id: str, canonical: bytes) -> dict[str, Any]:
        """The fields of an event by which duplicates are told: `identity`, `body`, and in a rotation `former`.

        They are under the current key, so that a key which names nothing any more tries nothing of what is new.
        `former` is both under the previous key, so that the same event is known on either side of a rotation.
        """
        identity, body = frame_parts("identity", topic, institution, party, event_id), b"4:body" + canonical
        told: dict[str, Any] = {"identity": _digest(self.current, identity), "body": _digest(self.current, body)}
        if self.previous is not None:
            told["former"] = (_digest(self.previous, identity), _digest(self.previous, body))
        return told

    def identity(self, topic: str, institution: str, party: str, event_id: str) -> str:
        """Fingerprint of an event's identity: 32 hex digits under the current key, over the sender's own values.

        `institution` is empty where a topic has none; the feed of a rate and the officer of a disposition stand there.
        `party` is the party's identifier, the pair of a rate, the token of a disposition.
        """
        return _digest(self.current, frame_parts("identity", topic, institution, party, event_id))

    def body(self, canonical: bytes) -> str:
        """Fingerprint of an event's body: 32 hex digits under the current key, over its sorted JSON."""
        return _digest(self.current, b"4:body" + canonical)

    def reason(self, text: str) -> str:
        """Fingerprint of a disposition's reason: 32 hex digits under the current key. The text goes no further."""
        return _digest(self.current, frame_parts("reason", text))

    def routing_check(self) -> str:
        """What tells another routing key from this one and gives neither away: 16 hex digits of a fixed text's HMAC."""
        return _digest(self.routing, frame_parts("routing check"))[:CHECK_DIGITS]


def _digest(key: Key, content: bytes) -> str:
    return hmac.digest(key.secret, content, "sha256").hex()[:DIGEST_DIGITS]


def _token(key: Key, slot: str, content: bytes) -> str:
    return f"{key.id}.{slot}.{_digest(key, content)}"


def is_token(text: str) -> bool:
    """Whether `text` has the form of a token. Whose it is cannot be told."""
    return _TOKEN.fullmatch(text) is not None


def slot_of(token: str) -> int:
    """The slot (0-4095) of a token. Raises ValueError when `token` is none."""
    if not is_token(token):
        raise ValueError("not a token: expected <key id>.<3 hex digits>.<32 hex digits>")
    return int(token.split(".")[1], 16)


def partition_of(token: str, partitions: int) -> int:
    """The partition of a token's party in ledger and alerts: slot mod `partitions`. Raises ValueError when none."""
    return slot_of(token) % partitions


def parse_keys(text: str, place: str) -> Keys:
    """Keys from the text of a key file. Raises `KeyFileError` with every problem; never shows key material."""
    keys: list[Key] = []
    problems = []
    routing_only: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        if routing_only is not None:
            problems.append(f"line {routing_only}: only the last line may end with {ROUTING_ONLY}")
        name, _, secret = (part.strip() for part in content.partition("="))
        routing_only = number if secret.split()[1:] == [ROUTING_ONLY] else None
        if routing_only is not None:
            secret = secret.split()[0]
        wrong = _line_faults(name, secret, keys)
        problems += [f"line {number}: {problem}" for problem in wrong]
        if not wrong:
            keys.append(Key(name, bytes.fromhex(secret)))
    if routing_only is not None and len(keys) == 1:
        problems.append(f"line {routing_only}: no key names anything; {ROUTING_ONLY} belongs after a second line's key")
    if not keys and not problems:
        problems.append("it holds no key")
    if problems:
        raise KeyFileError(
            "the key file cannot be used: " + "; ".join(problems),
            got=place,
            expected="`key_id = 64 hex digits` a line, the first current, the last routing (and perhaps nothing else)",
            todo="mend each of these lines",
        )
    naming = keys if routing_only is None else keys[:-1]
    return Keys(keys[0], keys[-1], naming[1] if len(naming) > 1 else None)


def _line_faults(name: str, secret: str, earlier: list[Key]) -> list[str]:
    """What is wrong with one line; key material is never shown."""
    wrong = []
    if not _KEY_ID.fullmatch(name):
        wrong.append("the key id is not 1 to 16 of a-z and 0-9")
    elif any(key.id == name for key in earlier):
        wrong.append(f"key id {name} stands on an earlier line too")
    if _KEY.fullmatch(secret.removesuffix(ROUTING_ONLY)) and secret.endswith(ROUTING_ONLY):
        # read as a key it would name on, although whoever wrote the word meant to end that
        wrong.append(f"there is no blank between the key and {ROUTING_ONLY}")
    elif not _KEY.fullmatch(secret):
        wrong.append(f"the key is not 64 hex digits ({len(secret)} characters)")
    return wrong


# makes a key file of one line that nobody else can read; `set -C`: run once more it must not replace a key in use
NEW_KEY = '(umask 077; set -C; echo "k1 = $(openssl rand -hex 32)" > FILE)'


def load_keys(path: Path | None) -> Keys:
    """Keys from `FXWATCH_KEY_FILE`. Raises `KeyFileError`, also when others can read the file."""
    if path is None:
        raise KeyFileError("no key file is named", expected="a file of pseudonym keys", todo="set FXWATCH_KEY_FILE")
    try:
        text = read_secret_file(path, "pseudonym key")
    except KeyFileError as fault:
        if not isinstance(fault.__cause__, FileNotFoundError):
            raise
        # whoever starts for the first time has none, and must not learn only afterwards that it has to be kept
        raise KeyFileError(
            "there is no pseudonym key file",
            got=path,
            expected="a file of pseudonym keys",
            todo=f"correct the path; for the first start of all make one, and keep it: {NEW_KEY}",
        ) from fault
    return parse_keys(text, str(path))


def development_keys() -> Keys:
    """Fixed keys for demo and tests. Anyone can undo their tokens: never a fallback for a missing key file."""
    key = Key("dev", hashlib.sha256(b"fxwatch development key, public").digest())
    return Keys(key, key)


def testbed_keys() -> Keys:
    """Fixed keys of the testbed, so that results can be compared. Anyone can undo their tokens."""
    key = Key("testbed", hashlib.sha256(b"fxwatch testbed key, public").digest())
    return Keys(key, key)
