"""Configurations that differ from a recorded one in chosen values: a grid for the history search.

What can be varied, as a dotted path of the configuration:

* `rules.T01.limits.NAME`: a limit by its name. Limits are dated: the entry in force on the range's first local day is
  changed, later entries stay as they are, because they are another day's law;
* `rules.T01.enabled`: true or false;
* `detectors.daily_budget`, `exploration`, `rank_ceiling`, `most_by_chance`, `warm_up`, `calibration_window`, `seed`;
* `detectors.members`: which members score, joined by `+` (`robust_z+windowed_tails`);
* `detectors.members.NAME.PARAMETER`: a parameter of a member;
* `detectors.weights.NAME`: what a member counts for beside the others (1 where nothing is said, 0 = not at all);
* `engine.rate_stale_hours`, `lateness_days`, `case_window_days`.
"""

import difflib
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product
from typing import NamedTuple, TypeVar

import msgspec

from detectors.configuration_faults import configuration_faults
from detectors.contracts.configuration import Configuration, DetectorSet, Engine, Limit
from detectors.models import REGISTRY

_DETECTOR_VALUES = (
    "daily_budget",
    "exploration",
    "rank_ceiling",
    "most_by_chance",
    "warm_up",
    "calibration_window",
    "seed",
)
# Not: partitions (how the ledger was written), the time zone (what every day of it means), and the number of
# fingerprints (which records are duplicates: other events would be applied than were recorded).
_ENGINE_VALUES = ("rate_stale_hours", "lateness_days", "case_window_days")
_NEAR = 5


class Dimension(NamedTuple):
    """A path and the values it takes, as the user wrote them."""

    path: str
    values: tuple[str, ...]


class Combination(NamedTuple):
    """One point of the grid: the value of each path, and the configuration with them."""

    values: dict[str, str]
    configuration: Configuration


class PathError(ValueError):
    """A path that names nothing that can be varied, or a value it cannot take. `near` are similar paths."""

    def __init__(self, what: str, near: Sequence[str] = ()) -> None:
        self.near = tuple(near)
        super().__init__(what)


def dimension(text: str) -> Dimension:
    """`path=value,value,...` taken apart. Raises `PathError` for anything else.

    >>> dimension("detectors.daily_budget=10,20")
    Dimension(path='detectors.daily_budget', values=('10', '20'))
    """
    path, equals, listed = text.partition("=")
    values = tuple(value.strip() for value in listed.split(","))
    if not equals or not path.strip() or not all(values):
        raise PathError(f"not a path with values: {text!r}")
    if len(set(values)) < len(values):
        raise PathError(f"a value is given twice: {text!r}")
    return Dimension(path.strip(), values)


def paths(configuration: Configuration, day: date) -> tuple[str, ...]:
    """Every path that can be varied; limits only where one is in force on `day`."""
    rules = [
        path
        for typology, found in configuration.rules.items()
        for path in (
            f"rules.{typology}.enabled",
            *(f"rules.{typology}.limits.{name}" for name in _in_force(found.limits, day)),
        )
    ]
    members = [
        f"detectors.members.{name}.{key}" for name in configuration.detectors.members for key in parameters(name)
    ]
    weights = [f"detectors.weights.{name}" for name in configuration.detectors.members]
    return (
        *rules,
        *(f"detectors.{name}" for name in _DETECTOR_VALUES),
        "detectors.members",
        *members,
        *weights,
        *(f"engine.{name}" for name in _ENGINE_VALUES),
    )


def parameters(member: str) -> tuple[str, ...]:
    """The names of a member's parameters."""
    return tuple(sys.modules[REGISTRY[member].__module__].PARAMETERS)


def combinations(configuration: Configuration, dimensions: Sequence[Dimension], day: date) -> list[Combination]:
    """Every combination of the values, in the order given: the last dimension varies fastest.

    `day` is the first local day of the range replayed. Raises `PathError` for a path that names nothing (with the near
    ones), a value that cannot be read, a path given twice, or a combination that the core could not apply.
    """
    named = [each.path for each in dimensions]
    if len(set(named)) < len(named):
        raise PathError(f"a path is given twice; got: {', '.join(named)}")
    points = product(*(each.values for each in dimensions))
    return [combination(configuration, dict(zip(named, values, strict=True)), day) for values in points]


def combination(configuration: Configuration, chosen: Mapping[str, str], day: date) -> Combination:
    """The configuration with these values by path. Raises `PathError` as `combinations` does."""
    known = paths(configuration, day)
    for name in chosen:
        if name not in known:
            raise PathError(f"nothing that can be varied has this path: {name}", near(name, known))
    changed = configuration
    # `detectors.members` comes before its members' paths: a parameter of one that is left out has nothing to change
    for name in sorted(chosen):
        changed = varied(changed, name, chosen[name], day)
    faults = configuration_faults(changed)
    if faults:
        raise PathError(f"{_told(chosen)} cannot be applied: " + "; ".join(faults))
    return Combination(dict(chosen), changed)


def near(name: str, known: Sequence[str]) -> list[str]:
    """Paths of `known` that look like `name`, the most alike first; then those whose last word holds its last word."""
    tail = name.rpartition(".")[2]
    alike = difflib.get_close_matches(name, known, n=_NEAR, cutoff=0.6)
    ends = [path for path in known if tail in path.rpartition(".")[2] and path not in alike]
    return [*alike, *ends][:_NEAR]


def varied(configuration: Configuration, path: str, value: str, day: date) -> Configuration:
    """The configuration with the value at a path that `paths` lists. Raises `PathError` for a value of another form."""
    if value.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        raise PathError(f"{path}: got {value!r}: not finite")
    head, *rest = path.split(".")
    if head == "engine":
        engine = _set(configuration.engine, Engine, rest[0], value, path)
        return msgspec.structs.replace(configuration, engine=engine)
    if head == "detectors":
        return msgspec.structs.replace(configuration, detectors=_detectors(configuration.detectors, rest, value, path))
    typology, rules = rest[0], configuration.rules[rest[0]]
    if rest[1] == "enabled":
        if value not in {"true", "false"}:
            raise PathError(f"{path}: got {value!r}, expected true or false")
        changed = msgspec.structs.replace(rules, enabled=value == "true")
    else:
        entry = _in_force(rules.limits, day)[rest[2]]
        limits = tuple(msgspec.structs.replace(one, value=value) if one is entry else one for one in rules.limits)
        changed = msgspec.structs.replace(rules, limits=limits)
    return msgspec.structs.replace(configuration, rules={**configuration.rules, typology: changed})


def entry_changed(configuration: Configuration, path: str, day: date) -> Limit | None:
    """The dated limit that a path changes, None where the path is no limit's."""
    head, *rest = path.split(".")
    return _in_force(configuration.rules[rest[0]].limits, day)[rest[2]] if head == "rules" and len(rest) == 3 else None  # noqa: PLR2004


def _in_force(limits: Sequence[Limit], day: date) -> dict[str, Limit]:
    """The limit of each name in force on the day."""
    return {one.name: one for one in sorted(limits, key=lambda each: each.effective_from) if one.effective_from <= day}


def _detectors(found: DetectorSet, rest: Sequence[str], value: str, path: str) -> DetectorSet:
    if rest[0] == "weights":
        return _weighed(found, rest[1], value, path)
    if rest[0] != "members":
        return _set(found, DetectorSet, rest[0], value, path)
    if len(rest) == 1:
        names = value.split("+")
        unknown = [name for name in names if name not in REGISTRY]
        if unknown or len(set(names)) < len(names):
            raise PathError(f"{path}: got {value!r}, expected some of {', '.join(REGISTRY)}, joined by +")
        members = {name: found.members.get(name, {}) for name in names}
        weights = found.weights and {name: weight for name, weight in found.weights.items() if name in names}
        return msgspec.structs.replace(found, members=members, weights=weights)
    member, parameter = rest[1], rest[2]
    if member not in found.members:
        raise PathError(f"{path}: the member is left out of the same combination")
    try:
        changed = {**found.members[member], parameter: float(value)}
    except ValueError as fault:
        raise PathError(f"{path}: got {value!r}, expected a number") from fault
    return msgspec.structs.replace(found, members={**found.members, member: changed})


def _weighed(found: DetectorSet, member: str, value: str, path: str) -> DetectorSet:
    if member not in found.members:
        raise PathError(f"{path}: the member is left out of the same combination")
    given = {} if found.weights is msgspec.UNSET else found.weights
    try:
        return msgspec.structs.replace(found, weights={**given, member: float(value)})
    except ValueError as fault:
        raise PathError(f"{path}: got {value!r}, expected a number") from fault


Part = TypeVar("Part", DetectorSet, Engine)


def _set(part: Part, kind: type[Part], name: str, value: str, path: str) -> Part:
    """The part with one value read as the field's type says."""
    try:
        return msgspec.convert({**msgspec.to_builtins(part), name: value}, kind, strict=False)
    except msgspec.ValidationError as fault:
        raise PathError(f"{path}: got {value!r}: {fault}") from fault


def _told(chosen: Mapping[str, str]) -> str:
    return ", ".join(f"{path}={value}" for path, value in chosen.items())
