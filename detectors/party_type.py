"""What a party is judged as, where senders may say one thing today and another tomorrow.

A type exempts: T02 asks persons alone, T01 no banks, and models compare banks with banks. So a sender's word takes
nobody out of a rule. The newest profile decides; without one the strictest type that any sender ever said of the party.
"""

from detectors.events import PartyType
from detectors.party import Party

# The more rules apply, the stricter.
STRICTEST_FIRST: tuple[PartyType, ...] = ("person", "sole_trader", "company", "bank")


def stricter(one: str, other: str) -> str:
    """The stricter of two types; empty stands for not known."""
    said = {one, other}
    return next((kind for kind in STRICTEST_FIRST if kind in said), "")


def known_type(party: Party) -> str:
    """What a party is known as before an event: by its profile, else by its senders; empty for a new one."""
    return (party.facts.party_type if party.facts is not None else "") or party.party_type


def judged_type(party: Party, told: PartyType) -> PartyType:
    """What a party is judged as when a sender tells its type."""
    by_profile = party.facts.party_type if party.facts is not None else ""
    judged = by_profile or stricter(party.party_type, told)
    return next(kind for kind in STRICTEST_FIRST if kind == judged)
