"""A party's earlier payments as its features need them, unpacked from bytes."""

# More would break the 400 bytes a party may take; a party that pays more regularly is rare and its lightest are
# forgotten.
COUNTERPARTIES = 16
# Less than this of a payment is what float32 makes of nothing.
LEAST_WEIGHT = 1e-3


class PartyPast:
    """A party's past, unpacked: `own` holds one list of numbers per feature."""

    __slots__ = ("first_s", "known", "last_s", "own", "seen")

    def __init__(self, own: list[list[float]]) -> None:
        self.seen, self.first_s, self.last_s = 0, 0.0, 0.0
        self.own = own
        self.known: dict[int, float] = {}

    def remember(self, counterparty: int, fade: float, weight: float) -> None:
        """Fade all remembered counterparties and add a payment to one; the lightest goes when there are too many.

        Among equals the one remembered longest goes, so the same events always keep the same memory.
        """
        known = self.known
        for key, value in known.items():
            known[key] = value * fade
        known[counterparty] = known.get(counterparty, 0.0) + weight
        if len(known) > COUNTERPARTIES:
            lightest = min((key for key in known if key != counterparty), key=known.__getitem__)
            del known[lightest]

    def forget(self, counterparty: int, weight: float) -> None:
        """Take a payment that was remembered out again: its weight as faded by now, and the count of one."""
        left = self.known.get(counterparty, 0.0) - weight
        if left >= LEAST_WEIGHT:
            self.known[counterparty] = left
        else:
            self.known.pop(counterparty, None)
        self.seen = max(self.seen - 1, 0)
