"""Whether a party is a resident or, in the law's words, a foreign resident or non-resident, who has another amount.

Kept with what institutions call the party's type (party_type.py): of each institution one bit for each word it used.

* The newest profile decides.
* Without one, a payment is judged by what its own institution ever said of the party. Where that one used several words
  the first of `KINDS` counts: a later word takes no payment out of a rule.
* Who says nothing has said nothing: the payment is judged as a resident's, whose amount is the larger one.
* Where another institution says otherwise the word is disputed, and a finding that rests on it counts for less.
"""

from typing import NamedTuple, get_args

from detectors.books.party import Party
from detectors.books.party_type import STRICTEST_FIRST, add_word
from detectors.contracts.events import Residency

KINDS: tuple[Residency, ...] = get_args(Residency)
_FIRST_BIT = len(STRICTEST_FIRST)
_RESIDENT, _FOREIGN = 1 << _FIRST_BIT, 0b110 << _FIRST_BIT


class Residence(NamedTuple):
    """What a party is judged as, whether anybody said so, and whether another institution says otherwise."""

    kind: Residency = "resident"
    told: bool = False
    disputed: bool = False

    @property
    def foreign(self) -> bool:
        """Whether the amounts of residents do not hold for it."""
        return self.kind != "resident"


NOT_TOLD = Residence()


def residence(party: Party, institution: str) -> Residence:
    """What the party is at a payment of an institution, whose word is remembered already. Cost: under 1 us."""
    if party.facts is not None and party.facts.residency is not None:
        return Residence(party.facts.residency, told=True)
    own = party.words.get(institution, 0)
    kind = next((each for each in KINDS if own & _bit(each)), None)
    otherwise = _FOREIGN if kind in {None, "resident"} else _RESIDENT
    disputed = any(mask & otherwise for mask in party.words.values())
    return Residence(kind or "resident", told=kind is not None, disputed=disputed)


def remember_residency(party: Party, institution: str, told: Residency | None) -> None:
    """Keep that an institution said this of the party; nothing where it said nothing."""
    if told is not None:
        add_word(party.words, institution, _bit(told))


def _bit(kind: Residency) -> int:
    return 1 << _FIRST_BIT + KINDS.index(kind)
