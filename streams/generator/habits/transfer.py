"""A payment as honest people make it: priced, with the documents that the law of the day asks for, at their bank."""

from streams.generator.draw import Draw
from streams.generator.habits.settlement import settle
from streams.generator.pools import partner as new_partner
from streams.generator.population import Counterparty, Resident
from streams.generator.roles import ROLES
from streams.generator.world import BookedPayment, World

# share of payments to somebody new; most go to the usual counterparty
NEW_PARTNER, USUAL_PARTNER = 0.01, 0.6
FIRST_INSTITUTION = 0.85
# from this share of the document line on, people show papers at once
INCLINED = 0.96
# where the law asks for papers only after the year's cap, who shows them all the same
INCLINED_ANYHOW = 0.3
TEXT_SHARE = 0.3


def known_partner(draw: Draw, resident: Resident) -> Counterparty:
    """Whom the resident deals with now: mostly the usual one, rarely somebody new on one of its corridors."""
    if draw.chance(NEW_PARTNER):
        first = resident.counterparties[0]
        good = (first.hs_code, first.unit, first.unit_usd) if first.hs_code else None
        found = new_partner(draw, ROLES[resident.role].corridors, new_serial(draw), good)
        resident.counterparties.append(found)
        return found
    return resident.counterparties[0] if draw.chance(USUAL_PARTNER) else draw.pick(resident.counterparties)


def new_serial(draw: Draw) -> str:
    """A new counterparty's number in the form of those known from the start: an id tells nothing of how new it is."""
    return f"{draw.integer(0, 9_999_999):08}{draw.integer(0, 4)}"


def transfer(world: World, draw: Draw, payment: BookedPayment, usd: float | None, text: str = "") -> None:
    """Book the payment worth `usd` (None: of its own amount); a text at times.

    Empty evidence means: whatever the law of the day asks for.
    """
    resident = payment.resident
    if usd is None:
        usd = world.rates.usd(payment.amount, payment.currency, payment.at_ms)
    else:
        payment.amount = world.rates.from_usd(usd, payment.currency, payment.at_ms)
    if not payment.evidence:
        inclined = _inclined(world, draw, resident, usd, payment.at_ms)
        payment.evidence = world.honest_evidence(resident, usd, payment.at_ms, inclined=inclined)
    if not payment.institution:
        first = draw.chance(FIRST_INSTITUTION)
        payment.institution = resident.institutions[0] if first else draw.pick(resident.institutions)
    more = payment.more or {}
    if payment.channel == "branch" and not payment.institution.startswith("SR"):
        # people go to the branch near them, that is: one a resident and institution
        more["branch"] = f"{payment.institution[:3]}{(hash_of(resident.id) % 90) + 10:03}"
    if text and draw.chance(TEXT_SHARE):
        more["remittance_info"] = text
    payment.more = more or None
    settle(world, payment)


def _inclined(world: World, draw: Draw, resident: Resident, usd: float, at_ms: int) -> bool:
    """Whether the payer shows papers before anybody asks: near or above the line; seldom where it does not yet bind."""
    if world.law is None:
        return False
    day = world.calendar.date(at_ms)
    if usd <= world.law.on(day).document_line * INCLINED:
        return False
    return world.law.line_applies(resident, day) or draw.chance(INCLINED_ANYHOW)


def hash_of(name: str) -> int:
    """A number that a name always has; Python's own `hash` of a text is another one in every process."""
    value = 0
    for character in name[-8:]:
        value = (value * 31 + ord(character)) % 1_000_003
    return value
