"""A party's other names for counterparties and settlements: which are kept when there are too many.

Both tables are bounded, and every sender adds to them. Those that no payment refers to go first, the ones used longest
ago; then each institution keeps its share of the others, its newest ones.
Failure prevented: a thousand settled cents of one bank, and another bank's return that names its settlement took
nothing back; a thousand made-up payees during a rotation, and after it each payee of another bank was two.
"""

from collections.abc import Callable

from detectors.books.party import MOST_ALIASES, Party
from detectors.books.payments import rows
from detectors.values.shares import fairly_cut

# Once they are full, so many are kept: the search for those to forget is then made once in a hundred events.
ROOM = 900


def make_room(party: Party, sender: Callable[[str], str]) -> None:
    """Forget some names where there is no room for one more; `sender` is whose share an institution's payments take.

    Cost: nothing, and 1 ms where a table is full.
    """
    if len(party.aliases) >= MOST_ALIASES:
        party.aliases = _kept(party, party.aliases, "beneficiary", sender)
    if len(party.settlements) >= MOST_ALIASES:
        party.settlements = _kept(party, party.settlements, "event", sender)


def _kept(party: Party, table: dict[int, int], column: str, sender: Callable[[str], str]) -> dict[int, int]:
    found = rows(party)
    # of a payee that several institutions pay, the one that did last
    whose = dict(zip(found[column].tolist(), found["institution"].tolist(), strict=True))
    used = [number for number, known_as in table.items() if known_as in whose]
    unused = [number for number, known_as in table.items() if known_as not in whose]
    kept = {*unused[len(table) - ROOM :], *fairly_cut(used, ROOM, lambda one: sender(party.names[whose[table[one]]]))}
    return {number: known_as for number, known_as in table.items() if number in kept}
