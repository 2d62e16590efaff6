"""Senders' keys for tests, and records signed with them. The seeds are those of RFC 8032, section 7.1."""

import re
from datetime import datetime
from pathlib import Path

from nacl.signing import SigningKey

from streams.contracts.input_record import InputRecord
from streams.keys.sender_keys import SenderKey, SenderKeys
from streams.keys.signed_records import sign

BANK = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
OTHER = SigningKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
OFFICE = SigningKey(bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))


def key_of(key: SigningKey, until: datetime | None = None, **names: tuple[str, ...]) -> SenderKey:
    """What a sender keys file says of a key."""
    return SenderKey(bytes(key.verify_key), until=until, **names)


BANKS = SenderKeys([key_of(BANK, institutions=("SHBKKRSE",))])


def signature_of(topic, key, value, headers=(), by=BANK):
    """The record's headers with the signature behind them."""
    return list(sign(InputRecord(topic, key, value, -1, tuple(headers)), by).headers)


_PAGE = Path(__file__).parents[2] / "docs" / "SECURITY.md"
# the example for senders, word for word
[EXAMPLE] = re.findall(r"^```python\n(.*?)^```", _PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
