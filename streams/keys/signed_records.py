"""Signed records: the bytes that a sender signs, and the header that carries the signature (docs/SECURITY.md).

Kafka does not tell a consumer who wrote a record, so that whoever may write to an input topic can put any institution's
code into one. A signature proves a record where it is read. It covers topic, key, value and every header whose name
begins with `fx.`: those change what a record means (`fx.history` silences it, `fx.convert.institution` names its
institution). Partition, offset and Kafka timestamp are not covered: a sender does not know them when it signs.
"""

import struct
from operator import itemgetter
from pathlib import Path

from nacl.signing import SigningKey

from detectors.values.ed25519_forms import PRIVATE_FORM, read_key
from streams.contracts.input_record import ArrivedRecord, InputRecord
from streams.contracts.record_headers import RawHeaders
from streams.errors import KeyFileError
from streams.keys.secret_files import read_secret_file

SIGNATURE = "fx.signature"
SCHEME = b"\x01"
# the scheme, then 64 bytes of Ed25519 (RFC 8032)
LENGTH = 65
_PURPOSE = b"fxwatch signed record 1"
_COVERED = "fx."


def compose_signed_bytes(topic: str, key: bytes | None, value: bytes | None, headers: RawHeaders) -> bytes:
    """What a signature covers; two records that differ in any covered part have different bytes.

    Cost: 1 us and a copy of the value.
    """
    parts = [_PURPOSE, _part(topic.encode()), _part(key), _part(value)]
    for name, content in headers:
        if name.startswith(_COVERED) and name != SIGNATURE:
            parts += (_part(name.encode()), _part(content))
    return b"".join(parts)


def messages_signed(record: ArrivedRecord) -> list[bytes]:
    """What the sender may have signed: its headers as they came, and in the order of their names where that differs.

    A proxy may have changed the order, and no reader can tell in which one the sender wrote. Headers of one name keep
    theirs, because it says which of them counts.
    """
    came = [header for header in record.headers if header[0].startswith(_COVERED)]
    ordered = sorted(came, key=itemgetter(0))
    orders = [came] if came == ordered else [came, ordered]
    return [compose_signed_bytes(record.topic, record.key, record.value, each) for each in orders]


def _part(content: bytes | None) -> bytes:
    """A length of 4 bytes, big-endian, and the bytes; -1 for none, so that an empty key is not an absent one."""
    return struct.pack(">i", -1) if content is None else struct.pack(">i", len(content)) + content


def sign(record: InputRecord, key: SigningKey) -> InputRecord:
    """The record with its signature, in the place of an earlier one. Some 30 us."""
    headers = tuple(header for header in record.headers if header[0] != SIGNATURE)
    signature = key.sign(compose_signed_bytes(record.topic, record.key, record.value, headers)).signature
    return record._replace(headers=(*headers, (SIGNATURE, SCHEME + signature)))


def load_signing_key(path: Path) -> SigningKey:
    """A private key as `openssl genpkey -algorithm ed25519` writes it, or 64 hex digits.

    Raises `KeyFileError`, also when others can read the file. No message shows what it holds.
    """
    text = read_secret_file(path, "signing key")
    seed = read_key(text, PRIVATE_FORM)
    if seed is None:
        raise KeyFileError(
            "the signing key file is not valid",
            got=f"{path}: {len(text)} characters",
            expected="an unencrypted Ed25519 private key in PEM, or 64 hex digits",
            todo="make one: (umask 077; openssl genpkey -algorithm ed25519 -out FILE)",
        )
    return SigningKey(seed)
