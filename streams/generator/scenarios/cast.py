"""Who plays in the pack: residents nobody else has cast, and new names in the form of those that are there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from streams.generator.draw import Draw
from streams.generator.population import Counterparty, Resident
from streams.generator.roles import GOODS_ROLES
from streams.generator.scenarios.terms import DoesNotFitError

# of each party type, so that most of every group stays honest
MOST_SHARE = 0.5


class Cast:
    """The residents of a stream as the pack may use them. `give_back` undoes the casting of a case that did not fit."""

    def __init__(self, residents: Sequence[Resident]) -> None:
        self._residents = residents
        numbers = Counter[str](resident.party_type for resident in residents)
        self._most = {party_type: int(number * MOST_SHARE) for party_type, number in numbers.items()}
        self._used: Counter[str] = Counter[str](person.party_type for person in residents if person.reserved)
        self._names: set[str] = {resident.id for resident in residents}
        self._taken: list[Resident] = []
        self._groups: dict[tuple[tuple[str, ...], tuple[str, ...], bool], list[Resident]] = {}

    def begin(self) -> None:
        """A new case: what was taken so far stays taken."""
        self._taken = []

    def give_back(self) -> None:
        """Free whoever was cast since `begin`."""
        for resident in self._taken:
            resident.reserved = False
            self._used[resident.party_type] -= 1
        if self._taken:
            self._groups.clear()
        self._taken = []

    def take(
        self, draw: Draw, number: int, types: Sequence[str], roles: Sequence[str] = (), *, goods: bool = False
    ) -> list[Resident]:
        """`number` free residents of these types, of the roles while there are any; `goods`: who trades in goods.

        Raises `DoesNotFitError` when too few are free.
        """
        chosen: list[Resident] = []
        for _ in range(number):
            person = self._pick(draw, types, roles, goods=goods)
            if person is None:
                raise DoesNotFitError(f"needs {number} free residents of the types {', '.join(types)}")
            person.reserved = True
            self._used[person.party_type] += 1
            self._taken.append(person)
            chosen.append(person)
        return chosen

    def one_of(self, draw: Draw, role: str, most: float) -> Resident | None:
        """A free resident of the role; None once the share `most` of it is cast: the others are its peers."""
        peers = [person for person in self._residents if person.role == role]
        free = [person for person in peers if not (person.reserved or person.founded_day or person.growing)]
        if not free or sum(person.reserved for person in peers) + 1 > most * len(peers):
            return None
        person = draw.pick(free)
        person.reserved = True
        self._used[person.party_type] += 1
        self._taken.append(person)
        return person

    def pattern(self, draw: Draw, party_type: str, roles: Sequence[str]) -> Resident:
        """A resident to model a newcomer on; stays as it is. Raises `DoesNotFitError` when there is none."""
        person = self._pick(draw, (party_type,), roles, goods=True)
        if person is None:
            raise DoesNotFitError(f"needs a {party_type} that trades in goods")
        return person

    def _pick(self, draw: Draw, types: Sequence[str], roles: Sequence[str], *, goods: bool) -> Resident | None:
        for among in (tuple(roles), ()) if roles else ((),):
            group = self._group(tuple(types), among, goods=goods)
            while group:
                place = draw.integer(0, len(group) - 1)
                person = group[place]
                if not person.reserved and self._used[person.party_type] < self._most.get(person.party_type, 0):
                    return person
                # who is cast leaves the group: no search goes over the same names again
                group[place] = group[-1]
                group.pop()
        return None

    def _group(self, types: tuple[str, ...], roles: tuple[str, ...], *, goods: bool) -> list[Resident]:
        """Who may be cast, before asking whether they are free; kept, as there are many residents and many cases."""
        key = types, roles, goods
        if key not in self._groups:
            self._groups[key] = [
                person
                for person in self._residents
                if person.party_type in types
                and (not roles or person.role in roles)
                # one that is founded within the stream, or is to change legitimately, has a part of its own
                and not (person.founded_day or person.growing)
                and not (
                    goods
                    and (person.role not in GOODS_ROLES or any(not each.hs_code for each in person.counterparties))
                )
            ]
        return self._groups[key]

    def fresh(self, draw: Draw, pattern: str) -> str:
        """A name of the pattern's form that nobody has: digits for digits, its first character kept."""
        while True:
            name = pattern[:1] + "".join(_like(character, draw) for character in pattern[1:])
            if name not in self._names:
                self._names.add(name)
                return name

    def newcomer(self, draw: Draw, like: Resident, partners: list[Counterparty], profile: dict[str, Any]) -> Resident:
        """A resident the population did not have: everything of `like` but its names, partners and profile."""
        head, dash, tail = like.id.rpartition("-")
        name = head + dash + self.fresh(draw, tail)
        described = {**like.profile, "party_id": name, **profile}
        described.pop("related_counterparties", None)
        return replace(
            like,
            id=name,
            account=like.account[:3] + self.fresh(draw, like.account[3:]),
            device=like.device[:5] + self.fresh(draw, like.device[5:]),
            contact=like.contact[:5] + self.fresh(draw, like.contact[5:]),
            counterparties=partners,
            profile=described,
            reserved=True,
        )


def _like(character: str, draw: Draw) -> str:
    if character.isdigit():
        return str(draw.integer(0, 9))
    return draw.pick("abcdef") if character in "abcdef" else character
