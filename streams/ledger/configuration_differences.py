"""What differs between two configurations, limit by limit, in lines that a person who approves a change can read."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec

from detectors.contracts.configuration import Configuration

Kind = Literal["added", "removed", "changed"]
_SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}


class Difference(NamedTuple):
    """One value that differs: its place, like `[rules.T02] limit annual_cap from 2025-12-29 value`; None is absent."""

    place: str
    before: Any
    after: Any

    @property
    def kind(self) -> Kind:
        """Whether the value came, went, or is another one now."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def __str__(self) -> str:
        told = {"added": f"{self.after}", "removed": f"{self.before}", "changed": f"{self.before} -> {self.after}"}
        return f"{_SIGNS[self.kind]} {self.place}: {told[self.kind]}"


def find_differences(before: Configuration, after: Configuration) -> list[Difference]:
    """Every value that differs, in the order of their places; empty when the configurations are equal.

    Limits are compared by name and date, so that one put between two others is one difference, not three.
    """
    old, new = dict(_values(msgspec.to_builtins(before))), dict(_values(msgspec.to_builtins(after)))
    return [
        Difference(place, old.get(place), new.get(place))
        for place in sorted(old.keys() | new.keys())
        if old.get(place) != new.get(place)
    ]


def _values(tables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, table in tables.items():
        if name == "rules":
            for typology, rules in table.items():
                yield from _fields(f"[rules.{typology}]", rules)
        else:
            yield from _fields(f"[{name}]", table)


def _fields(place: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if name == "limits":
            for limit in value:
                told = f"{place} limit {limit['name']} from {limit['effective_from']}"
                rest = {key: given for key, given in limit.items() if key not in ("name", "effective_from")}
                yield from _fields(told, rest)
        elif isinstance(value, dict):
            yield from _fields(f"{place} {name}", value)
        elif value is not None:
            yield f"{place} {name}", list(value) if isinstance(value, tuple) else value
