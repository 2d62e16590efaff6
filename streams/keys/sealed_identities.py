"""Identities behind tokens, sealed: CONTRACT `fx.identities.v1`.

A NaCl sealed box is made with the re-identification public key alone. No service of the pipeline holds the private
key, so none can open what it wrote; `fxwatch reidentify` can, with the private key in a file of its own.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from streams.errors import KeyFileError
from streams.keys.pseudonyms import NameSpace
from streams.keys.secret_files import read_secret_file, read_trusted_file

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class SealedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The value on `fx.identities.v1`; the record's key is `token`.

    `sealed` is base64 of a sealed box around an `Identity`; `key_id` names the public key it was sealed to;
    `first_seen` is the Kafka timestamp of the input record that showed the token first, as far as the ingest worker
    remembers.
    """

    token: str
    sealed: str
    key_id: str
    first_seen: datetime


class Identity(msgspec.Struct, frozen=True):
    """What is sealed: the identifier and its name space."""

    name_space: str
    identifier: str


class UnopenedError(KeyFileError):
    """A sealed identity that this private key does not open, or that is damaged."""

    code = "identity.unopened"


_decode_sealed = msgspec.json.Decoder(SealedIdentity).decode
_decode_identity = msgspec.json.Decoder(Identity).decode


def key_id(public_key: PublicKey) -> str:
    """The public key's name: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(bytes(public_key)).hexdigest()[:16]


def time_of(timestamp_ms: int) -> datetime:
    """A Kafka timestamp as a time in UTC. Beyond years 1 to 9999, which senders may claim, the nearest."""
    try:
        return _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return _LATEST if timestamp_ms > 0 else _EARLIEST


class Sealer:
    """Seals identifiers to a public key. About 60 us an identity."""

    def __init__(self, public_key: PublicKey) -> None:
        self.key_id = key_id(public_key)
        self._box = SealedBox(public_key)

    def record(
        self, token: str, identifier: str, timestamp_ms: int, name_space: NameSpace = "party"
    ) -> tuple[bytes, bytes]:
        """Key and value of the record for `fx.identities.v1`; `timestamp_ms` is the input record's."""
        content = msgspec.json.encode(Identity(name_space, identifier))
        sealed = base64.b64encode(self._box.encrypt(content)).decode()
        first_seen = time_of(timestamp_ms)
        value = SealedIdentity(token=token, sealed=sealed, key_id=self.key_id, first_seen=first_seen)
        return token.encode(), msgspec.json.encode(value)


def open_identity(value: bytes, private_key: PrivateKey) -> Identity:
    """The identity in a record of `fx.identities.v1`. Raises `UnopenedError`."""
    try:
        record = _decode_sealed(value)
        content = SealedBox(private_key).decrypt(base64.b64decode(record.sealed, validate=True))
        return _decode_identity(content)
    except (msgspec.DecodeError, binascii.Error) as fault:
        raise UnopenedError(
            "the sealed identity cannot be read",
            expected="a record of fx.identities.v1",
            todo="check that the topic was written by fxwatch",
        ) from fault
    except CryptoError as fault:
        raise UnopenedError(
            "the private key does not open this identity",
            got=f"private key of {key_id(private_key.public_key)}",
            expected=f"private key of {record.key_id}",
            todo="use the key file that belongs to this key id",
        ) from fault


def _key(text: str, path: Path, what: str) -> bytes:
    text = text.strip()
    if not _KEY.fullmatch(text):
        raise KeyFileError(
            f"the {what} key file is not valid",
            got=f"{path}: {len(text)} characters",
            expected="64 hex digits and nothing else",
            todo="replace the file",
        )
    return bytes.fromhex(text)


def load_sealer(path: Path) -> Sealer:
    """The sealer of `FXWATCH_SEAL_KEY_FILE` (public key, 64 hex digits).

    Raises `KeyFileError`, also when others can replace the key: they would read every identity sealed from then on.
    """
    return Sealer(PublicKey(_key(read_trusted_file(path, "seal key"), path, "seal")))


def load_private_key(path: Path) -> PrivateKey:
    """The re-identification private key of a file (64 hex digits).

    Raises `KeyFileError`, also when others can read the file.
    """
    return PrivateKey(_key(read_secret_file(path, "private key"), path, "private"))
