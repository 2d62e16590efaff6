"""What commands under `fxwatch rules` share: a configuration is sent or proposed, and what it changes is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from streams.plain_text.printable import make_printable, say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from detectors.contracts.configuration import Configuration
    from streams.decisions.promotion_report import GateReport
    from streams.settings import Settings


def send(settings: Settings, configuration: Configuration, *, as_json: bool, report: GateReport | None = None) -> None:
    """Send a configuration, and say what becomes of the models, whether anything changed, and what is stopped."""
    from detectors.contracts.configuration import fingerprint
    from streams.decisions.promotion_report import tell_models
    from streams.errors import RulesGoneError
    from streams.ledger.configuration_in_force import in_force, send_change
    from streams.operations.stops_told import describe_stops

    try:
        told = list(tell_models(in_force(settings), configuration, report))
    except RulesGoneError:
        told = []  # nothing says what ran before; what is sent is in force from here on
    for line in told if not as_json else ():
        say(line)
    changed, version = send_change(settings, configuration), fingerprint(configuration)
    if as_json:
        stopped = {"stopped": configuration.stops}
        say_json(json.dumps({"changed": changed, "fingerprint": version, "models": told} | stopped))
        return
    say(f"{version} is in force from here on" if changed else f"{version} is in force already; nothing was sent")
    for line in describe_stops(configuration):
        say(make_printable(line))


class Proposer(NamedTuple):
    """Who proposes a change, with which key, and to which file."""

    file: Path
    name: str
    key: Path
    without_approvers: bool = False


def propose_change(
    settings: Settings, configuration: Configuration, reason: str, by: Proposer, *, report: GateReport | None = None
) -> None:
    """Write a signed proposal, and show what it changes."""
    from streams.decisions.approve_configuration import propose as make_proposal
    from streams.decisions.approve_configuration import read_in_force, write_proposal
    from streams.keys.signed_records import load_signing_key

    key, there, at = load_signing_key(by.key), read_in_force(settings), datetime.now(UTC)
    proposal = make_proposal(there, configuration, by.name, key, reason, at, without_approvers=by.without_approvers)
    write_proposal(by.file, proposal)
    tell_differences(there.configuration, configuration, as_json=False, report=report)
    say(f"proposed in {by.file}; another approver now: fxwatch rules approve {by.file} --approver NAME --sign-key FILE")


def tell_differences(
    before: Configuration, after: Configuration, *, as_json: bool, report: GateReport | None = None
) -> None:
    """Print what differs between two configurations, one line each, and what becomes of the models."""
    from streams.decisions.promotion_report import tell_models
    from streams.ledger.configuration_differences import find_differences

    found = find_differences(before, after)
    for each in found:
        if as_json:
            told = {"place": each.place, "kind": each.kind, "before": each.before, "after": each.after}
            say_json(json.dumps(told, ensure_ascii=False))
        else:
            say(make_printable(str(each)))  # one line each, whatever a text of it holds
    if not found and not as_json:
        say("no difference")
    if not as_json:
        for line in tell_models(before, after, report):
            say(line)
