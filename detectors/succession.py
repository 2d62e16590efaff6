"""What a change of configuration means for the models: which go on with what they learned, and what a promotion needs.

A promotion puts a challenger's detector set in the champion's place; a roll-back puts a former champion there, which
ran on as a challenger. Both are configurations like any other, and both carry the hash of a testbed report.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from detectors.contracts.configuration import Configuration, DetectorSet, fingerprint

# The champion's place among the tables of a configuration.
CHAMPION = "detectors"


class ModelChange(NamedTuple):
    """What becomes of one detector set.

    `place` is the table that it stands in, of the new configuration or, where it `stops`, of the old one; `before` is
    the table that it stood in, where it `goes on`. `detectors` is its fingerprint.
    """

    place: str
    detectors: str
    becomes: Literal["goes on", "starts anew", "stops"]
    before: str = ""


def is_promotion(ruling: Configuration | None, configuration: Configuration) -> bool:
    """Whether a change puts a set that ran as a challenger in the champion's place; a roll-back does too."""
    if ruling is None or ruling.detectors == configuration.detectors:
        return False
    return any(one == configuration.detectors for one in ruling.challenging.values())


def promotion_faults(ruling: Configuration | None, configuration: Configuration) -> list[str]:
    """Why a change must not replace what is in force: a promotion without a testbed report. Cost: 10 us."""
    if is_promotion(ruling, configuration) and not configuration.promotion:
        got = "no [promotion] report; expected: the report_hash of the testbed report that says so"
        return [f"it puts a challenger in the place of the detector set in force; got: {got}"]
    return []


def model_changes(before: Configuration, after: Configuration) -> list[ModelChange]:
    """What becomes of each detector set, the new champion first and what stops last."""
    ran, runs = _sets(before), _sets(after)
    there = {fingerprint(one): place for place, one in ran.items()}
    now = {fingerprint(one) for one in runs.values()}
    return [
        *(_begins(place, one, there) for place, one in runs.items()),
        *(ModelChange(place, name, "stops") for name, place in there.items() if name not in now),
    ]


def changed_models(before: Configuration, after: Configuration) -> Iterator[ModelChange]:
    """Those of `model_changes` that are news: sets that go on in their place are left out."""
    return (one for one in model_changes(before, after) if one.becomes != "goes on" or one.place != one.before)


def _begins(place: str, detectors: DetectorSet, there: dict[str, str]) -> ModelChange:
    name = fingerprint(detectors)
    return (
        ModelChange(place, name, "goes on", there[name]) if name in there else ModelChange(place, name, "starts anew")
    )


def _sets(configuration: Configuration) -> dict[str, DetectorSet]:
    challengers = {f"challengers.{name}": one for name, one in configuration.challenging.items()}
    return {CHAMPION: configuration.detectors, **challengers}
