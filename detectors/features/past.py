"""A party's earlier payments as its features need them, unpacked from bytes."""

from collections.abc import Sequence

# More would break the 610 bytes a party may take; a party that pays more regularly is rare and its lightest are
# forgotten.
COUNTERPARTIES = 16
# Countries, currencies, institutions, purposes and terms of trade together. A party has some seven; one that has more
# forgets its rarest, and a forgotten one is as surprising as a new one.
HABITS = 24
# Less than this of a payment is what float32 makes of nothing.
LEAST_WEIGHT = 1e-3


class PartyPast:
    """A party's past, unpacked: `own` holds one list of numbers per feature.

    `known` is the decayed payments by hashed counterparty, `habits` those by hashed habit (familiarity.py).
    """

    __slots__ = ("first_s", "habits", "known", "last_s", "own", "seen")

    def __init__(self, own: list[list[float]]) -> None:
        self.seen, self.first_s, self.last_s = 0, 0.0, 0.0
        self.own = own
        self.known: dict[int, float] = {}
        self.habits: dict[int, float] = {}

    def remember(self, counterparty: int, fade: float, weight: float) -> None:
        """Fade all remembered counterparties and add a payment to one; the lightest goes when there are too many.

        Among equals the one remembered longest goes, so the same events always keep the same memory.
        """
        _remember(self.known, (counterparty,), fade, weight, COUNTERPARTIES)

    def remember_habits(self, habits: Sequence[int], fade: float, weight: float) -> None:
        """As `remember`, for all habits that one payment shows."""
        _remember(self.habits, habits, fade, weight, HABITS)

    def forget(self, counterparty: int, weight: float) -> None:
        """Take a payment that was remembered out again: its weight as faded by now, and the count of one."""
        _forget(self.known, (counterparty,), weight)
        self.seen = max(self.seen - 1, 0)

    def forget_habits(self, habits: Sequence[int], weight: float) -> None:
        """Take the habits of a payment that was remembered out again."""
        _forget(self.habits, habits, weight)


def _remember(memory: dict[int, float], keys: Sequence[int], fade: float, weight: float, most: int) -> None:
    for key, value in memory.items():
        memory[key] = value * fade
    for key in keys:
        memory[key] = memory.get(key, 0.0) + weight
    while len(memory) > most:
        del memory[min((key for key in memory if key not in keys), key=memory.__getitem__)]


def _forget(memory: dict[int, float], keys: Sequence[int], weight: float) -> None:
    for key in keys:
        left = memory.get(key, 0.0) - weight
        if left >= LEAST_WEIGHT:
            memory[key] = left
        else:
            memory.pop(key, None)
