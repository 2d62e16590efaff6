"""Lessons made up for tests: seeded verdicts on alerts whose chance of being confirmed is known."""

import random
from math import exp

import msgspec

from detectors.contracts.learning import INPUT_PART, Lesson

BASE, WEIGHTS = -2.0, {"amount_own": 2.0, "hour": -1.0, "T03": 3.0, "cadence": 0.0}


def lesson_of(number: int, confirmed: bool | None = True, officer: int = 1, **changed: object) -> Lesson:
    """A lesson about an alert of its own."""
    made = Lesson(
        lesson=f"{number:032x}",
        alert_id=f"{number:032x}",
        case_id=f"case {number}",
        officer=officer,
        lead="anomaly",
        segment="person.out",
        confirmed=confirmed,
        inputs={"amount_own": 256},
        decided_us=number * 1_000_000,
        detectors="f00d",
    )
    return msgspec.structs.replace(made, **changed)


def drawn_inputs(lots: random.Random) -> dict[str, int]:
    """Inputs of an alert: what is far out of one of three features, and a typology in one of five."""
    found = {name: round(abs(lots.gauss(0.0, 1.0)) * INPUT_PART) for name in ("amount_own", "hour", "cadence")}
    if lots.random() < 0.2:
        found["T03"] = lots.randrange(INPUT_PART)
    return found


def true_chance(inputs: dict[str, int]) -> float:
    """The chance that an alert of these inputs is confirmed."""
    odds = BASE + sum(WEIGHTS[name] * value / INPUT_PART for name, value in inputs.items())
    return 1.0 / (1.0 + exp(-odds))


def drawn_lessons(count: int, seed: int, officer: int = 1, first: int = 1) -> list[Lesson]:
    """Lessons whose verdicts are drawn with the true chance."""
    lots, made = random.Random(seed), []
    for number in range(first, first + count):
        inputs = drawn_inputs(lots)
        made.append(lesson_of(number, lots.random() < true_chance(inputs), officer, inputs=inputs))
    return made
