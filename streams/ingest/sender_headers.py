"""Headers of senders that go further than the door, and identifiers in them, which do not.

CloudEvents' id and source, and a trace, are a sender's own words. Some senders build them from the very number that the
record names a person by (`/customers/900101-1234567`): such a header stays at the door, and the event says so in its
notes. Compared in the one spelling of identifiers (identifiers.py), without blanks and ASCII punctuation, in small
letters, percent escapes undone. Only identifiers of six characters and more are looked for: a shorter one is in half of
all headers by chance.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from detectors.values.spelling import plain
from streams.contracts.record_headers import Header

WITHHELD = "withheld"
LEAST = 6
# An honest header has a few. Failure prevented: undoing a thousand in each of five headers took a millisecond.
MOST_ESCAPES = 64
# CloudEvents' source and a trace are ASCII, an id is short. A header with more bytes that are not ASCII stays at the
# door unread. Failure prevented: Unicode writes one ligature as 18 letters; five headers full of it took 17 ms.
MOST_BYTES_BEYOND_ASCII = 256
_IDENTIFYING = (
    "party_id",
    "counterparty_id",
    "contract_counterparty_id",
    "party_account",
    "counterparty_account",
    "device_id",
    "contact_id",
)
_ASCII = bytes(range(128))
_BETWEEN = bytes(each for each in range(128) if not chr(each).isalnum())


def _bare(content: bytes) -> bytes:
    if not content.isascii():
        content = plain(content.decode("utf-8", "ignore")).encode()
    return content.lower().translate(None, _BETWEEN)


def _names(content: bytes, identifiers: list[bytes]) -> bool:
    shown = _bare(content)
    return any(each in shown for each in identifiers)


def leave_out_identifiers(headers: Iterable[Header], body: Mapping[str, Any]) -> tuple[list[Header], tuple[str, ...]]:
    """The headers that hold none of the record's identifiers, and a note (`withheld <header>`) for each other one.

    A header with more than MOST_BYTES_BEYOND_ASCII is withheld too. Some 10 us for a record that has such headers, 1 ms
    at most for five of 4 KiB.
    """
    bare = [_bare(str(body[field]).encode()) for field in _IDENTIFYING if field in body]
    named = [each for each in bare if len(each) >= LEAST]
    kept, notes = [], []
    for name, content in headers:
        read = unquote_to_bytes(content) if 0 < content.count(b"%") <= MOST_ESCAPES else content
        if len(read.translate(None, _ASCII)) > MOST_BYTES_BEYOND_ASCII or _names(read, named):
            notes.append(f"{WITHHELD} {name}")
        else:
            kept.append((name, content))
    return kept, tuple(notes)
