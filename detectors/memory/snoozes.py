"""Snoozes: an officer lets a party's alerts of one typology rest until a time, on the record.

A snooze is a record of its officer like a verdict, rests on an alert that was raised, and decides nothing. The newest
word on a party and typology counts, by when it was given. It ends at its time, or when an officer ends it before. Event
time decides, by the alert's own time and by the partition's clock: no payment is dated back into a snooze that ended.

Failures prevented: a desk that reads the same known case every day reads no other; and one that rests for ever, or
unseen: at most `MOST_DAYS`, and every alert is still published and counted, and says which snooze it rests under.
"""

import msgspec

from detectors.books.party import Party
from detectors.contracts.events import Disposition
from detectors.memory.officers import Officers, officer_number
from detectors.memory.verdicts import OUTDATED, UNKNOWN, UNKNOWN_OFFICER, was_raised
from detectors.values.legal_calendar import DAY_US, to_us

# The party's slot that holds its snoozes; no typology has this name. Empty for a party without one.
SLOT = "snooze"
# A quarter: whoever wants more looks again (our judgement).
MOST_DAYS = 90
# Of a party, the newest: there are 19 things to snooze. 30 bytes each.
MOST_SNOOZES = 32


class Snooze(msgspec.Struct, frozen=True, array_like=True):
    """Until when alerts of a typology rest (us, event time), when that was said, and the record's ledger position.

    `until_us` is at most `given_us` where an officer ended it. `typology` is `anomaly` for unusual payments.
    """

    typology: str
    until_us: int
    given_us: int
    offset: int


_decoder = msgspec.msgpack.Decoder(list[Snooze])


def take(party: Party, event: Disposition, at_us: int, offset: int, officers: Officers) -> str | None:
    """Take a snooze given at `at_us` into the party's record, or say why it does not count. Cost: 5 us."""
    assert event.snooze_until is not None
    assert event.snooze_typology is not None
    if not officers.may_judge(officer_number(event.investigator)):
        return UNKNOWN_OFFICER
    if not was_raised(party, event.alert_id):
        return UNKNOWN
    known = _known(party)
    if any(one.typology == event.snooze_typology and one.given_us > at_us for one in known):
        return OUTDATED
    until_us = min(to_us(event.snooze_until), at_us + MOST_DAYS * DAY_US)
    others = [one for one in known if one.typology != event.snooze_typology]
    kept = [*others, Snooze(event.snooze_typology, until_us, at_us, offset)]
    party.slots[SLOT] = msgspec.msgpack.encode(kept[-MOST_SNOOZES:])
    return None


def resting(party: Party, typologies: tuple[str, ...], at_us: int) -> Snooze | None:
    """The snooze that an alert of these typologies rests under at a time, the first to end; None unless all rest."""
    until = {one.typology: one for one in _known(party) if at_us < one.until_us}
    found = [until[name] for name in typologies if name in until]
    return min(found, key=lambda one: one.until_us) if len(found) == len(typologies) else None


def _known(party: Party) -> list[Snooze]:
    packed = party.slots.get(SLOT)
    return [] if packed is None else _decoder.decode(packed)
