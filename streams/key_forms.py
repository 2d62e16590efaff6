"""Ed25519 keys as people write them: 64 hex digits, or the base64 of what OpenSSL writes between its PEM lines."""

import base64
import binascii
import re
from typing import NamedTuple

_HEX = re.compile(r"[0-9a-fA-F]{64}")
KEY_BYTES = 32


class KeyForm(NamedTuple):
    """The DER bytes before a key's 32. They never differ for Ed25519 (RFC 8410), so that nothing has to be parsed."""

    before: bytes


def read_key(text: str, form: KeyForm) -> bytes | None:
    """The 32 bytes of a key; None when the text is in neither form. Never raises."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        der = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(der) != len(form.before) + KEY_BYTES or not der.startswith(form.before):
        return None
    return der[len(form.before) :]
