"""The goals of the detectors, beside what the testbed measured: several streams together, and one without crime.

`python -m tests.support.testbed_goals JUDGED/report.json ... [--clean CLEAN/report.json]` prints a table. A goal
that is missed is said, and nothing fails: whoever measures decides.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detectors.testbed.figures.alert_kinds import MODELS as BY_MODELS
from detectors.testbed.figures.statistical_part import MODELS
from detectors.testbed.judgement import PRODUCT

BUDGET = 20
NAIVE = "own_history"
# Goals of the issue on scores: at 20 alerts a day with all rules on, over all streams together.
LEAST_PRECISION, LEAST_FOUND, LEAST_GAIN = 0.35, 0.85, 0.30
# On a stream without crime, for 3 000 payments.
MOST_STATISTICAL = 2.0


class Goal(NamedTuple):
    """A goal: what is measured, how it came out (None: not to be measured), what was wanted, and whether it is met."""

    name: str
    measured: float | None
    wanted: str
    met: bool | None


def goals(judgements: Sequence[dict[str, Any]], clean: dict[str, Any] | None = None) -> list[Goal]:
    """Of judgements of streams with truth, and of one without crime.

    Raises `KeyError` where 20 alerts a day was not judged.
    """
    budgets = [_at(one, PRODUCT, BUDGET) for one in judgements]
    precision = _pooled([one["precision"]["share"] for one in budgets])
    found = _pooled([one["recall"]["on_events"] for one in budgets])
    models, naive = (_mean([_order(one, name) for one in judgements]) for name in (MODELS, NAIVE))
    gain = None if models is None or not naive else models / naive - 1.0
    told = [
        _goal(f"precision at {BUDGET} a day", precision, f">= {LEAST_PRECISION:.0%}", lambda it: it >= LEAST_PRECISION),
        _goal(f"found at {BUDGET} a day", found, f">= {LEAST_FOUND:.0%}", lambda it: it >= LEAST_FOUND),
        _goal(f"models alone against {NAIVE}", gain, f">= +{LEAST_GAIN:.0%}", lambda it: it >= LEAST_GAIN),
    ]
    if clean is not None:
        kind = next(one for one in clean["kinds"] if one["kind"] == BY_MODELS)
        rate = kind["per_3000_payments"]
        wanted = f"<= {MOST_STATISTICAL:g} for 3 000 payments"
        told.append(_goal("statistical alerts without crime", rate, wanted, lambda it: it <= MOST_STATISTICAL))
    return told


def _goal(name: str, measured: float | None, wanted: str, met: Callable[[float], bool]) -> Goal:
    return Goal(name, measured, wanted, None if measured is None else met(measured))


def _at(judgement: dict[str, Any], system: str, budget: int) -> dict[str, Any]:
    for one in judgement["systems"]:
        for figures in one["budgets"]:
            if (one["name"], figures["budget"]) == (system, budget):
                found: dict[str, Any] = figures
                return found
    raise KeyError(f"{system} at {budget} alerts a day was not judged; judge with --budgets {budget}")


def _pooled(shares: Sequence[dict[str, Any]]) -> float | None:
    """The share of all units together."""
    units = sum(one["n"] for one in shares)
    return sum((one["value"] or 0.0) * one["n"] for one in shares) / units if units else None


def _order(judgement: dict[str, Any], name: str) -> float | None:
    """The average precision by payment of one order."""
    for one in judgement["statistical"]["orders"]:
        if one["name"] == name:
            value: float | None = one["by_payment"]["average_precision"]["value"]
            return value
    return None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def table(told: Sequence[Goal]) -> str:
    """The goals as lines of a table."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    lines = []
    for one in told:
        share = one.wanted.endswith("%")
        measured = "-" if one.measured is None else f"{100 * one.measured:.1f} %" if share else f"{one.measured:.2f}"
        lines.append(f"{one.name:<40} {measured:>10}   wanted {one.wanted:<28} {words[one.met]}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Print the table of these reports."""
    clean = None
    if "--clean" in arguments:
        place = arguments.index("--clean")
        clean = json.loads(Path(arguments[place + 1]).read_text())["judgement"]
        arguments = arguments[:place] + arguments[place + 2 :]
    sys.stdout.write(table(goals([json.loads(Path(name).read_text())["judgement"] for name in arguments], clean)))


if __name__ == "__main__":
    main(sys.argv[1:])
