"""Ed25519 keys as people write them: 64 hex digits, PEM as OpenSSL writes it, or the line inside it."""

import base64
import binascii
import re
from typing import NamedTuple

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_PEM = re.compile(r"\s*-----BEGIN ([A-Z ]+)-----\s*([A-Za-z0-9+/=]+)\s*-----END \1-----\s*")
KEY_BYTES = 32


class KeyForm(NamedTuple):
    """A kind of key: its title in PEM (RFC 7468), and the DER bytes before its 32.

    Those bytes never differ for Ed25519 (RFC 8410), so that nothing has to be parsed.
    """

    title: str
    before: bytes


# SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to its 32 bytes
PUBLIC_FORM = KeyForm("PUBLIC KEY", bytes.fromhex("302a300506032b6570032100"))
# PKCS #8 of one up to its 32 bytes, as OpenSSL writes it
PRIVATE_FORM = KeyForm("PRIVATE KEY", bytes.fromhex("302e020100300506032b657004220420"))


def read_key(text: str, form: KeyForm) -> bytes | None:
    """The 32 bytes of a key; None when the text is in none of these forms. Never raises."""
    block = _PEM.fullmatch(text)
    if block and block[1] != form.title:
        return None
    text = block[2] if block else text.strip()
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        der = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(der) != len(form.before) + KEY_BYTES or not der.startswith(form.before):
        return None
    return der[len(form.before) :]
