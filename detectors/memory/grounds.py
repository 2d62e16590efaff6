"""What an alert was raised on, kept with its party so that a verdict on it can teach.

An entry is the alert's id, the hash of the sender whose share it takes a place in, and the packed grounds: nothing is
unpacked before a verdict comes.
"""

import hashlib
from typing import NamedTuple

import msgspec

from detectors.books.party import MOST_GROUNDS, Given, Party, token_number
from detectors.contracts.events import Disposition
from detectors.contracts.learning import Lesson
from detectors.values.shares import fairly_cut

_ALERT_BYTES = 16
HEAD_BYTES = _ALERT_BYTES + 8
_TEACHES = {"confirmed": True, "refuted": False}


class Grounds(msgspec.Struct, frozen=True, array_like=True):
    """Case, lead, segment, inputs and selection of an alert, as in `Lesson`, and its detectors' fingerprint."""

    case_id: str
    lead: str
    segment: str
    inputs: dict[str, int]
    selected: float
    detectors: str


class Replaced(NamedTuple):
    """Verdicts that stand no more: the officer's own earlier one, and one of another officer that gave way."""

    own: Given | None = None
    other: Given | None = None


def remember(party: Party, alert_id: str, sender: str, grounds: Grounds) -> None:
    """Keep what an alert was raised on, at a payment of a sender (shares.py). Cost: 2 us."""
    head = bytes.fromhex(alert_id) + token_number(sender).to_bytes(8)
    party.grounds = kept([*party.grounds, head + msgspec.msgpack.encode(grounds)])


def kept(entries: list[bytes]) -> list[bytes]:
    """At most `MOST_GROUNDS`, each sender its share of them, the newest."""
    return fairly_cut(entries, MOST_GROUNDS, lambda one: one[_ALERT_BYTES:HEAD_BYTES])


def find(party: Party, alert_id: str) -> Grounds | None:
    """What an alert of the party was raised on; None where it is not kept any more, or never was."""
    alert = bytes.fromhex(alert_id)
    packed = next((one for one in reversed(party.grounds) if one.startswith(alert)), None)
    return None if packed is None else msgspec.msgpack.decode(packed[HEAD_BYTES:], type=Grounds)


def lesson_of(party: Party, event: Disposition, given: Given, replaced: Replaced, *, teaches: bool) -> Lesson | None:
    """What a verdict that counts teaches all partitions; None where it neither teaches nor takes anything back.

    `teaches` is false for an officer whose verdicts count and teach nothing (memory/dispositions.py). A verdict on an
    alert whose grounds are kept no more only takes back.
    """
    gone = [lesson_id(one) for one in replaced if one is not None and one.verdict in _TEACHES]
    grounds, confirmed = find(party, event.alert_id), _TEACHES.get(given.verdict)
    if grounds is None or not teaches:
        confirmed = None
    if confirmed is None and not gone:
        return None
    found = grounds or Grounds("", "", "", {}, 1.0, "")
    return Lesson(
        lesson=lesson_id(given),
        alert_id=event.alert_id,
        case_id=found.case_id,
        officer=given.officer,
        lead=found.lead,
        segment=found.segment,
        confirmed=confirmed,
        inputs={} if confirmed is None else found.inputs,
        selected=found.selected,
        decided_us=given.decided_us,
        detectors=found.detectors,
        takes_back=tuple(gone),
    )


def lesson_id(given: Given) -> str:
    """The id of what a verdict teaches: 32 hex digits that follow from the verdict alone."""
    text = f"{given.alert.hex()}|{given.officer}|{given.verdict}|{given.decided_us}"
    return hashlib.blake2b(text.encode(), digest_size=_ALERT_BYTES).hexdigest()
