"""The dated limits of the configuration in force, looked up by local date.

A limit is in force from its `effective_from` until the next one of its name; before the first it is None, and a
typology that needs it is silent: no law of another time is applied.
"""

from bisect import bisect_right
from datetime import date
from decimal import Decimal

from detectors.alert import LimitShown
from detectors.configuration import Configuration, Limit


class DatedLimit:
    """A limit with its value ready for exact arithmetic."""

    __slots__ = ("cents", "limit", "number")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.number = Decimal(limit.value)
        # hundredths of the unit, for money and for ratios alike
        self.cents = int(self.number * 100)

    def shown(self) -> LimitShown:
        """The limit as an alert shows it; a count or ratio as a number, money as a decimal string."""
        limit = self.limit
        value = limit.value if limit.unit in {"USD", "KRW"} else float(self.number)
        return LimitShown(
            name=limit.name,
            value=value,
            unit=limit.unit,
            effective_from=limit.effective_from,
            provenance=limit.provenance,
            verified=limit.verified,
        )


class Rulebook:
    """Every limit of every typology by name, in order of its dates.

    Raises `ValueError` for a value that is no number.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._limits: dict[tuple[str, str], tuple[list[date], list[DatedLimit]]] = {}
        for typology, rules in configuration.rules.items():
            for limit in sorted(rules.limits, key=lambda each: each.effective_from):
                try:
                    dated = DatedLimit(limit)
                except ArithmeticError as fault:
                    raise ValueError(f"limit {limit.name} of {typology} is not a number; got: {limit.value!r}; "
                                     "expected: a decimal string") from fault  # fmt: skip
                dates, values = self._limits.setdefault((typology, limit.name), ([], []))
                dates.append(limit.effective_from)
                values.append(dated)

    def limit(self, typology: str, name: str, day: date) -> DatedLimit | None:
        """The limit in force on the local `day`, or None. Cost: under 1 us."""
        found = self._limits.get((typology, name))
        if found is None:
            return None
        place = bisect_right(found[0], day)
        return found[1][place - 1] if place else None
