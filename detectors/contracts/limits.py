"""The dated limits of the configuration in force, looked up by local date.

A limit is in force from its `effective_from` until the next one of its name; before the first it is None, and a
typology that needs it is silent: no law of another time is applied.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from detectors.contracts.alert import LimitShown
from detectors.contracts.configuration import Configuration, Limit

# Failure prevented: `1E+999998` is a number to Python, and its hundredths an integer of 415 kB that no partition gets
# past. The longest limit that means anything has 18 digits.
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
LARGEST = Decimal(10) ** 18
# Numbers of the law that more readers than one compare with, such as a rule, a feature and the check of planned
# payments, and the table of `rules` where the configuration has each. A rule reads what is its own by
# `Rulebook.limit`, these by `Rulebook.law`.
LAW = {
    "document_line": "T01",
    "annual_cap": "T02",
    "firm_cap": "T02",
    "foreign_cap": "T02",
    "advance_amount": "T06",
    "advance_days": "T06",
    "free_line": "T10",
    "bank_line": "T10",
    "told_days": "T08",
    "band_low": "T01",
    "deviation_min": "T16",
}


# Times between two changes of the law that a rulebook keeps the limits of, and sets of names for each: rules ask for
# some twenty sets, and a ledger in order is at one such time or at two.
MOST_TIMES = 16
MOST_KEPT = 256
# where a rulebook has the limits of the configuration's `sanctions`; no typology has such an id
SANCTIONS = "sanctions"
# stands for whichever typology has a limit first (`Rulebook.of_any`); none has such an id
ANY = ""
DUTIES = "duties"
SCREENS = "screens"


class LimitKind(NamedTuple):
    """What a limit may be: its unit, the least and the largest value, whether whole numbers only, whether it is needed.

    Ranges are wide: they keep out what would stop a partition or what nobody can mean, not what is unwise. `ko` is what
    it is called in Korean, `counter` the word that its numbers are counted by there (of the unit `count`; empty for a
    ratio that is a chance and no multiple). `kept` is how far back payments are kept for it, empty where that is no
    question: a new configuration may not ask for more, and one that an earlier release let into the ledger stands.
    """

    unit: str
    least: str
    most: str
    whole: bool = False
    needed: bool = True
    ko: str = ""
    counter: str = "건"
    kept: str = ""

    def fault(self, value: Decimal) -> str | None:
        """What is expected instead of a value out of range; None for one within."""
        if Decimal(self.least) <= value <= Decimal(self.most) and (not self.whole or value == int(value)):
            return None
        return f"{'a whole number, ' if self.whole else ''}{self.least} to {self.most} {self.unit}"


# name -> what it may be; one for each typology
LimitKinds = Mapping[str, LimitKind]


def number(text: str) -> Decimal:
    """A limit's value. Raises `ValueError` for anything but a decimal number of 0 to 1e18. Cost: 1 us for any text."""
    found = Decimal(text) if _NUMBER.fullmatch(text) else None
    if found is None or found > LARGEST:
        raise ValueError(f"not a number of 0 or more; got: {text[:40]!r}; expected: a decimal string, at most 1e18")
    return found


class DatedLimit:
    """A limit with its value ready for exact arithmetic."""

    __slots__ = ("cents", "limit", "number")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.number = number(limit.value)
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


# Limits in force by name, not to be changed.
Limits = Mapping[str, DatedLimit]


class _InForce:
    """The limits in force between two days on which any of them changes, and what was asked of them together."""

    __slots__ = ("bands", "limits", "named")

    def __init__(self) -> None:
        self.limits: dict[tuple[str, str], DatedLimit] = {}
        self.named: dict[tuple[str, tuple[str, ...]], Limits] = {}
        self.bands: dict[Callable[[Rulebook, date], tuple[int, int]], tuple[int, int]] = {}

    def keep(self, typology: str, names: tuple[str, ...], limits: Limits) -> Limits:
        if len(self.named) >= MOST_KEPT:
            self.named.clear()
        self.named[typology, names] = limits
        return limits


class Rulebook:
    """Every limit of every typology by name, in order of its dates.

    Raises `ValueError` for a value that is no number.
    """

    def __init__(self, configuration: Configuration) -> None:
        every: dict[tuple[str, str], list[DatedLimit]] = {}
        tables = {typology: rules.limits for typology, rules in configuration.rules.items()}
        if configuration.sanctions is not msgspec.UNSET:
            tables[SANCTIONS] = configuration.sanctions.limits
        if configuration.duties is not msgspec.UNSET:
            tables[DUTIES] = configuration.duties.limits
        if configuration.screens is not msgspec.UNSET:
            tables[SCREENS] = configuration.screens.limits
        for typology, limits in tables.items():
            for limit in sorted(limits, key=lambda each: each.effective_from):
                try:
                    dated = DatedLimit(limit)
                except ValueError as fault:
                    raise ValueError(f"limit {limit.name} of {typology}: {fault}") from fault
                every.setdefault((typology, limit.name), []).append(dated)

        self._first = {name: typology for typology, name in sorted(every, reverse=True)}
        self._limits = {name: ([one.limit.effective_from for one in limits], limits) for name, limits in every.items()}
        self._changes = sorted({day for days, _ in self._limits.values() for day in days})
        self._kept: dict[int, _InForce] = {}

    def limit(self, typology: str, name: str, day: date) -> DatedLimit | None:
        """The limit in force on the local `day`, or None. Cost: under 1 us."""
        return self._in_force(day).limits.get((typology, name))

    def _in_force(self, day: date) -> _InForce:
        place = bisect_right(self._changes, day)
        found = self._kept.get(place)
        if found is None:
            if len(self._kept) >= MOST_TIMES:
                self._kept.clear()
            found = self._kept[place] = _InForce()
            for name, (days, limits) in self._limits.items():
                if begun := bisect_right(days, day):
                    found.limits[name] = limits[begun - 1]
        return found

    def named(self, typology: str, names: tuple[str, ...], day: date) -> Limits:
        """Those of a typology's limits that are in force on the local `day`, by name; not to be changed.

        In the order of `names`. Cost: 0.5 us; the first time between two changes of the law 1 us a name.
        """
        in_force = self._in_force(day)
        found = in_force.named.get((typology, names))
        if found is None:
            limits = in_force.limits
            kept = {name: limits[typology, name] for name in names if (typology, name) in limits}
            found = in_force.keep(typology, names, kept)
        return found

    def any_named(self, names: tuple[str, ...], day: date) -> Limits:
        """Those in force on the local `day`, each as `of_any` has it; not to be changed. Cost: as `named`."""
        in_force = self._in_force(day)
        found = in_force.named.get((ANY, names))
        if found is None:
            kept = {name: limit for name in names if (limit := self.of_any(name, day)) is not None}
            found = in_force.keep(ANY, names, kept)
        return found

    def band(self, of: Callable[["Rulebook", date], tuple[int, int]], day: date) -> tuple[int, int]:
        """What a function of the limits alone says for the local `day`; worked out once between two changes of the law.

        Functions are a rule's own (`wanted.OneByOne`), so as many are kept as rules have.
        """
        in_force = self._in_force(day)
        found = in_force.bands.get(of)
        if found is None:
            found = in_force.bands[of] = of(self, day)
        return found

    def sanction(self, name: str, day: date) -> DatedLimit | None:
        """What the law of the local `day` may impose, by the name of its limit, or None."""
        return self.limit(SANCTIONS, name, day)

    def of_any(self, name: str, day: date) -> DatedLimit | None:
        """The limit of this name in force on the local `day`, of the first typology whose table has one, or None."""
        typology = self._first.get(name)
        return None if typology is None else self.limit(typology, name, day)

    def law(self, name: str, day: date) -> DatedLimit | None:
        """The number of the law (`LAW`) in force on the local `day`, or None. Raises `KeyError` for another name."""
        return self.limit(LAW[name], name, day)
