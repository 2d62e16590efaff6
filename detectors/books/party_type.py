"""What a party is judged as, where institutions may say one thing today and another thing of each other's clients.

A type exempts: T02 asks persons alone, T01 no banks, and models compare banks with banks. So no institution's word may
take another one's payment out of a rule, and none may put it into one unseen.

* The newest profile decides.
* Without one, a payment is judged by what its own institution said of the party: the strictest type it ever said.
* What other institutions said, or this one before, is tried beside it, as readings. A finding that holds under one of
  them alone is raised and counts for less (`DISPUTED`); it says who said what (alerts.py). It is remembered apart, so
  that it mutes no finding that is not disputed.

Fails where one institution writes under another one's code: brokers do not tell who sent a record.
"""

from detectors.books.party import Party
from detectors.contracts.events import PartyType

# The more rules apply, the stricter. A party's record has a bit for each, so places stay as they are.
STRICTEST_FIRST: tuple[PartyType, ...] = ("person", "sole_trader", "company", "bank")
# Institutions that are told apart, of one party; all further ones share the place `OTHERS`. Failure prevented: a sender
# with ever new codes must not grow a party's record.
MOST_INSTITUTIONS = 64
OTHERS = ""
# One institution's word against another's: our judgement. Such a finding alone is never critical.
DISPUTED = 0.6


def stricter(one: str, other: str) -> str:
    """The stricter of two types; empty stands for not known."""
    said = {one, other}
    return next((kind for kind in STRICTEST_FIRST if kind in said), "")


def profile_type(party: Party) -> str:
    """The type in the party's newest profile; empty without one."""
    return party.facts.party_type if party.facts is not None else ""


def expected_type(party: Party, institution: str) -> str:
    """What an institution is expected to say of a party before its event; empty where nobody said anything.

    Its profile, else what this institution said, else what others did.
    """
    own = _types(party.words.get(institution, 0))
    return profile_type(party) or (own[0] if own else party.party_type)


def readings(party: Party, institution: str, told: PartyType) -> tuple[PartyType, ...]:
    """The type by which a payment of an institution is judged, then those that other words stand for, strictest first.

    One type alone where a profile decides, or where all agree. Cost: under 1 us.
    """
    by_profile = profile_type(party)
    if by_profile:
        return tuple(kind for kind in STRICTEST_FIRST if kind == by_profile)
    mask = _bit(told)
    if not party.words or party.words == {institution: mask}:
        return (told,)
    own = _types(party.words.get(institution, 0) | mask)[0]
    for said in party.words.values():
        mask |= said
    return (own, *[kind for kind in _types(mask) if kind != own])


def remember_word(party: Party, institution: str, told: PartyType) -> None:
    """Keep that an institution called the party this."""
    party.party_type = stricter(party.party_type, told)
    add_word(party.words, institution, _bit(told))


def joined_words(current: Party, earlier: Party) -> dict[str, int]:
    """The words about one party known under two tokens."""
    words = dict(current.words)
    for institution, mask in earlier.words.items():
        add_word(words, institution, mask)
    return words


def who_said(party: Party, kind: str) -> list[str]:
    """The institutions that called the party this, in order of their codes; `OTHERS` stands for further ones."""
    return sorted(name for name, mask in party.words.items() if kind in _types(mask))


def add_word(words: dict[str, int], institution: str, mask: int) -> None:
    """Keep what an institution said, as bits of its word; beyond `MOST_INSTITUTIONS` all further ones share one."""
    if institution not in words and len(words) >= MOST_INSTITUTIONS:
        institution = OTHERS
    words[institution] = words.get(institution, 0) | mask


def _bit(kind: PartyType) -> int:
    return 1 << STRICTEST_FIRST.index(kind)


def _types(mask: int) -> list[PartyType]:
    return [kind for place, kind in enumerate(STRICTEST_FIRST) if mask >> place & 1]
