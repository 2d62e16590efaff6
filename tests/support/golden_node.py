"""Golden scenarios of rules over what residents share: legs in a compact form, applied by the shared agent's core.

The form is that of golden_scenario.py, with two words more: `who` is the resident who pays or declares (a number, 0
where it is not given), and `kinds` of the file are the shared things whose legs are written.
"""

from functools import cache
from typing import Any

import msgspec

from detectors.contracts.alert import Alert
from detectors.core import Outputs
from detectors.shared.state import SharedState
from tests.support import golden_scenario
from tests.support.golden_scenario import Golden, configured, declared, hit_of, timed
from tests.support.ledger import payment
from tests.support.leg_log import LegLog, TrailLog, resident
from tests.support.repository import ROOT

FOLDER = ROOT / "tests" / "golden" / "nodes"
FILES = sorted(path.stem for path in FOLDER.glob("*.toml"))


class PlayedLegs(msgspec.Struct, kw_only=True):
    """What came of a scenario: each alert with the event by which it came, and the legs that were written."""

    alerts: list[tuple[str, Alert]]
    log: LegLog


def golden(name: str) -> Golden:
    """A golden file by its name. Raises `FileNotFoundError` where there is none."""
    return golden_scenario.read(FOLDER / f"{name}.toml")


@cache
def play(name: str, number: int) -> PlayedLegs:
    """Apply a scenario's events to a new partition of legs under the shipped configuration. Cost: milliseconds."""
    file = golden(name)
    log = TrailLog(configured(file, file.scenario[number]))
    found = [
        (event, alert)
        for event, outputs in pour(log, file, number)
        for alert in outputs.alerts
        if hit_of(alert, file.typology) is not None
    ]
    return PlayedLegs(alerts=found, log=log)


def pour(log: LegLog, file: Golden, number: int) -> list[tuple[str, Outputs]]:
    """Write a scenario's legs; what came of each, by its event's name."""
    return [
        (name, outputs)
        for name, event, history in timed(file, file.scenario[number])
        for outputs in _put(log, file, dict(event), history=history)
    ]


def _put(log: LegLog, file: Golden, given: dict[str, Any], *, history: bool) -> list[Outputs]:
    word, at, who = given.pop("word"), given.pop("at"), given.pop("who", 0)
    name = str(given.pop(word))
    if word == "pay":
        amount, party = str(given.pop("amount")), resident(int(who))
        return log.send(payment(name, at, amount, **{"party": party} | given), *file.kinds, history=history)
    if word == "declare":
        return log.send(declared(name, at, {"party": resident(int(who))} | given), *file.kinds, history=history)
    if word == "rate":
        return [log.rate(at, name, **given)]
    raise ValueError(f"event of a golden scenario of legs: got: {word}; expected: pay, declare or rate")


def digest_after_pause(name: str, number: int) -> tuple[str, str]:
    """The state's digest as played, and with a save and a load in the middle of the same log."""
    played, file = play(name, number), golden(name)
    again = LegLog(configured(file, file.scenario[number]))
    for place, (record, origin) in enumerate(played.log.log[1:]):
        if place == len(played.log.log) // 2:
            again.state = SharedState.thaw(list(again.state.freeze().sections()))
        again.put(record, origin)
    return played.log.state.freeze().digest(), again.state.freeze().digest()
