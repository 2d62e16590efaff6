"""Baselines that the parties of one partition share: corridors, peers, currencies.

A group is a short list of numbers under a key such as `amount|out|person|CN`. The number of groups is bounded: when
it is full, the group unused for longest goes, so that the same log always evicts the same groups.
"""

from collections.abc import Sequence

import msgspec

# Failure prevented: country and currency codes come from senders, so their combinations must not grow memory for ever.
# All combinations of what the door admits have room: 250 countries x 2 directions x 4 party types are 2 000 corridors,
# and 200 currencies x 2 directions x 7 channels 2 800. Familiarity has 2 000 more for countries, 1 600 for currencies,
# 48 for terms, and 8 for each institution and purpose code, of which 900 have room. Failure prevented: one sender goes
# through all of them with a payment each, and what was learned of everybody's rarer corridors is gone.
MAXIMUM_GROUPS = 16_384


class Shared:
    """Partition-wide baselines. Deterministic: its content depends on the order of events only.

    Cost: under 0.2 us per group touched; at most `maximum` groups of under 24 floats.
    """

    def __init__(self, maximum: int = MAXIMUM_GROUPS) -> None:
        self.maximum = maximum
        self.groups: dict[str, list[float]] = {}

    def peek(self, key: str) -> list[float] | None:
        """The group's numbers, or None when it is unknown; changes nothing (scoring must not create state)."""
        return self.groups.get(key)

    def touch(self, key: str, slots: int) -> list[float]:
        """The group's numbers for learning: created as zeros when new, and now the most recently used."""
        group = self.groups.pop(key, None)
        if group is None:
            group = [0.0] * slots
            if len(self.groups) >= self.maximum:
                del self.groups[next(iter(self.groups))]
        self.groups[key] = group
        return group

    def to_state(self) -> list[tuple[str, bytes]]:
        """Named sections of bytes, bit-exact, least recently used group first. About 1 ms at 4 096 groups."""
        return [("features.shared", msgspec.msgpack.encode((self.maximum, list(self.groups.items()))))]

    @classmethod
    def from_state(cls, sections: Sequence[tuple[str, bytes]]) -> "Shared":
        """The object `to_state` described. Raises `ValueError` when its section is missing or malformed."""
        found = dict(sections).get("features.shared")
        if found is None:
            raise ValueError(
                "state section features.shared is missing; got: " + ", ".join(name for name, _ in sections)
            )
        try:
            maximum, groups = msgspec.msgpack.decode(found, type=tuple[int, list[tuple[str, list[float]]]])
        except msgspec.DecodeError as fault:
            raise ValueError(f"the peers' baselines are damaged: {fault}") from fault
        shared = cls(maximum)
        shared.groups = dict(groups)
        return shared
