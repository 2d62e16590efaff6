"""`fxwatch rules`: the configuration in force, in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
import tomli_w

from streams.cli.rules_sent import Proposer, propose_change, send, tell_differences
from streams.cli.rules_stop import resume, stop
from streams.plain_text.printable import make_printable, say, say_json
from streams.settings import load_settings

if TYPE_CHECKING:
    from detectors.contracts.approvals import Approvals
    from detectors.contracts.configuration import Configuration


@click.group()
def command() -> None:
    """Show the configuration in force, put this one in force, or stop statistical alerts at once.

    Example: fxwatch rules show --json
    """


command.add_command(stop)
command.add_command(resume)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of TOML.")
def show(*, as_json: bool) -> None:
    """Print the configuration in force: limits with dates and provenance, legend, desks, detector set, engine.

    Example: fxwatch rules show > in-force.toml
    """
    from detectors.contracts.configuration import fingerprint
    from streams.ledger.configuration_in_force import (
        count_strangers,
        find_lacking_tables,
        find_places,
        list_switched_off,
        read_ruling_change,
    )
    from streams.operations.stops_told import describe_stops

    settings = load_settings()
    configuration, change = read_ruling_change(settings)
    partitions = range(configuration.engine.partitions)
    found = None if change is None else find_places(settings, change, partitions)
    approvals = None if change is None else change.approvals
    off, others = list_switched_off(configuration), count_strangers(settings)
    plain = msgspec.to_builtins(configuration)
    if as_json:
        say_json(
            json.dumps(
                {
                    "fingerprint": fingerprint(configuration),
                    "switched_off": off,
                    "approvals": msgspec.to_builtins(approvals),
                    "ledger": found,
                    "elsewhere": others,
                    "configuration": plain,
                },
                ensure_ascii=False,
            )
        )
        return
    for line in _remarks(fingerprint(configuration), found, off, others, configuration.engine.most_parties):
        say(f"# {line}")
    for line in describe_stops(configuration):
        say(f"# {make_printable(line)}")
    # a stop stands in no file: what is printed here is to be one
    plain.pop("stopped", None)
    say(f"# {_approved(configuration, approvals)}")
    for table in find_lacking_tables(configuration):
        say(
            f"# [{table}] is not in this configuration, which an earlier release wrote: plain defaults hold, not the "
            "shipped table; when all workers are upgraded: fxwatch rules apply"
        )
    say(tomli_w.dumps(plain))


def _approved(configuration: Configuration, approvals: Approvals | None) -> str:
    """Who approved what is in force, and who may approve what replaces it."""
    from detectors.configuration_approval import NEEDED, approvers_of

    who = approvers_of(configuration)
    if not who:
        return "development mode: no [approvers] are named, so one person alone can change the rules"
    needed = f"what replaces it needs {NEEDED} of these: {', '.join(sorted(who))}"
    if approvals is None:
        return f"nobody approved it, the ledger began with it; {needed}"
    told = f"{approvals.proposed_at:%Y-%m-%d}: {make_printable(approvals.reason)}"
    return f"approved by {' and '.join(approvals.names)} ({told}); {needed}"


def _remarks(
    version: str,
    found: dict[int, int | None] | None,
    off: list[str],
    others: int,
    parties: int,
) -> Iterator[str]:
    """What an operator should know beside the tables: where it stands in the ledger, what is switched off.

    `parties` is the number of them that a partition remembers; its default is in no table.
    """
    yield f"fingerprint {version}"
    yield f"a partition remembers {parties} parties at most ([engine] parties)"
    if found is None:
        yield "in force from the first record of each ledger partition on"
    else:
        there = [f"{number}: {offset}" for number, offset in sorted(found.items()) if offset is not None]
        waiting = [str(number) for number, offset in sorted(found.items()) if offset is None]
        if there:
            yield f"in force from these offsets of the ledger's partitions on: {', '.join(there)}"
        if waiting:
            yield (
                f"not found in the ledger's partitions {', '.join(waiting)}: ingest has not brought it there yet, "
                "or far behind its Kafka timestamp, or an ingest worker of an earlier release refused it (then put "
                "it in force again: `fxwatch rules apply`, or `rules propose` where approvers are named)"
            )
    if off:
        yield f"typologies switched off: {', '.join(off)}"
    if others:
        yield f"{others} records of fx.rules.v1 stand in other partitions than 0: dead letters, in force nowhere"


_report = click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="gate.json of `fxwatch testbed compare`: is it the one that [promotion] names, and about this detector set?",
)


@command.command()
@_report
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def apply(report: Path | None, *, as_json: bool) -> None:
    """Put this machine's configuration in force: from here on in the ledger, never for what came before.

    Where the one in force names approvers, two of them do it instead: fxwatch rules propose, fxwatch rules approve.
    Workers must then be started with the same file. It says which models go on with what they learned, and which start
    anew. A stop that is in force goes on: fxwatch rules resume

    Example: FXWATCH_CONFIG=fxwatch.toml fxwatch rules apply
    """
    from streams.decisions.emergency_stop import with_stops
    from streams.decisions.promotion_report import require_report
    from streams.kafka.topics import require

    settings = load_settings()
    require(settings)
    judged = None if report is None else require_report(settings.effective, report)
    send(settings, with_stops(settings), as_json=as_json, report=judged)


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path | None, *, as_json: bool) -> None:
    """Say whether a configuration can be put in force, with every fault of it. No Kafka is needed.

    FILE is a TOML file like the one that FXWATCH_CONFIG names, which is the default. What it leaves out is as shipped.

    Example: fxwatch rules check fxwatch.toml
    """
    from detectors.contracts.configuration import fingerprint

    configuration = _read(file)
    unverified = _list_unverified(configuration)
    if as_json:
        say_json(json.dumps({"fingerprint": fingerprint(configuration), "unverified": unverified}, ensure_ascii=False))
        return
    say(f"{fingerprint(configuration)} can be put in force")
    for each in unverified:
        say(f"not verified: {each}")


def _list_unverified(configuration: Configuration) -> list[str]:
    """Limits that nobody has compared with the text that they are from, one line each."""
    return [
        f"[rules.{name}] limit {limit.name} from {limit.effective_from}: {limit.source}"
        for name, rules in configuration.rules.items()
        for limit in rules.limits
        if limit.provenance != "D" and not limit.verified
    ]


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a difference.")
def diff(file: Path | None, *, as_json: bool) -> None:
    """Show what a configuration would change: FILE (default: what FXWATCH_CONFIG names) against the one in force.

    `+` is new, `-` goes, `~` gets another value. Limits are compared by name and date.

    Example: fxwatch rules diff fxwatch.toml
    """
    from streams.decisions.emergency_stop import keep_stops
    from streams.ledger.configuration_in_force import in_force

    configuration, there = _read(file), in_force(load_settings())
    tell_differences(there, keep_stops(configuration, there), as_json=as_json)


def _read(file: Path | None) -> Configuration:
    """The file's configuration, or the settings' effective one. Raises `ConfigurationError` with every fault."""
    from streams.settings import read_configuration

    return load_settings().effective if file is None else read_configuration(file)


_approver = click.option("--approver", "name", required=True, help="Your name, as [approvers] spells it.")
_sign_key = click.option(
    "--sign-key",
    required=True,
    type=click.Path(path_type=Path),
    help="The file of your private key (mode 0600).",
)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@_approver
@_sign_key
@click.option("--reason", required=True, help="Why (1 to 500 characters); it stands in the audit log and the ledger.")
@_report
@click.option("--without-approvers", is_flag=True, help="It names no approvers: one person changes the rules after it.")
def propose(
    file: Path, name: str, sign_key: Path, reason: str, report: Path | None, *, without_approvers: bool
) -> None:
    """Propose this machine's configuration: write FILE, signed by you, for another approver to look at and approve.

    Nothing is in force by it. The proposal ends when another configuration comes into force.

    Example: fxwatch rules propose change.json --approver Kim --sign-key kim.key --reason "cap of 2027, notice 2026-99"
    """
    from streams.decisions.emergency_stop import with_stops
    from streams.decisions.promotion_report import require_report

    settings = load_settings()
    judged = None if report is None else require_report(settings.effective, report)
    proposer = Proposer(file, name, sign_key, without_approvers)
    propose_change(settings, with_stops(settings), reason, proposer, report=judged)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@_approver
@_sign_key
@_report
@click.option("--yes", is_flag=True, help="Do not ask; for a machine whose user has read the differences.")
def approve(file: Path, name: str, sign_key: Path, report: Path | None, *, yes: bool) -> None:
    """Approve what another approver proposed in FILE: it is shown, asked for, signed by you, recorded, and in force.

    The audit log gets both names, the reason and the fingerprint before anything is sent. Workers must then be started
    with the same configuration: fxwatch rules show

    Example: fxwatch rules approve change.json --approver Lee --sign-key lee.key
    """
    from detectors.contracts.configuration import fingerprint
    from streams.decisions.approve_configuration import approve as countersign
    from streams.decisions.approve_configuration import ends_approval, put_in_force, read_in_force, read_proposal
    from streams.decisions.promotion_report import require_report
    from streams.kafka.topics import require
    from streams.keys.signed_records import load_signing_key

    settings, key, proposal = load_settings(), load_signing_key(sign_key), read_proposal(file)
    judged = None if report is None else require_report(proposal.configuration, report)
    require(settings)
    there = read_in_force(settings)
    signed = countersign(there, proposal, name, key)
    tell_differences(there.configuration, proposal.configuration, as_json=False, report=judged)
    approvals = proposal.approvals
    by = f"proposed by {', '.join(approvals.names)} at {approvals.proposed_at:%Y-%m-%d %H:%M} UTC"
    say(f"{by}: {make_printable(approvals.reason)}")
    if ends_approval(there, proposal.configuration):
        say("WARNING: it names no approvers. After it one person alone changes the rules, and signs nothing.")
    if not yes:
        click.confirm("Put this in force?", abort=True)
    written = put_in_force(settings, signed)
    names = " and ".join(signed.approvals.names)
    say(f"{fingerprint(signed.configuration)} is in force from here on, approved by {names}")
    say(f"recorded in {written.topic}[{written.partition}] at offset {written.offset}")
