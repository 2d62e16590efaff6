"""What the tool is shown on: a module whose mutants can be counted by hand (tests/unit/tools/test_mutation_tool.py)."""

from collections.abc import Iterable


def total(amounts: Iterable[int], limit: int) -> int:
    """Sum of the amounts that are at most `limit`."""
    found = 0
    for amount in amounts:
        if amount <= limit:
            found += amount
    return found


def halvings(amount: int) -> int:
    """How often the amount can be halved before it is 0."""
    count = 0
    while amount > 0:
        amount //= 2
        count += 1
    return count


def never_asked(amount: int) -> int:
    """No test runs this."""
    return amount + 1


class Counter:
    """A method with a private name: it must mean the same in the mutant."""

    def __init__(self) -> None:
        self.__count = 0

    def add(self, number: int) -> int:
        """The count after adding."""
        self.__count += number
        return self.__count
