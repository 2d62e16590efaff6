"""`fxwatch rules stop` and `resume`: statistical alerts are stopped at once, and come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from streams.cli.rules_sent import Proposer, propose_change, send
from streams.errors import UsageError
from streams.settings import load_settings

if TYPE_CHECKING:
    from detectors.contracts.configuration import Configuration, Stoppable
    from streams.settings import Settings

_what = click.argument("what", type=click.Choice(["statistical_alerts", "challengers"]))
_file = click.option(
    "--proposal",
    type=click.Path(path_type=Path),
    help="Where approvers are named: the file to write, which another one then approves.",
)
_maybe_approver = click.option("--approver", "name", help="Where approvers are named: your name among them.")
_maybe_key = click.option(
    "--sign-key", type=click.Path(path_type=Path), help="Where approvers are named: the file of your private key."
)


@click.command()
@_what
@click.option("--reason", required=True, help="Why (1 to 500 characters); it stands in the ledger.")
@_file
@_maybe_approver
@_maybe_key
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stop(
    what: Stoppable, reason: str, proposal: Path | None, name: str | None, sign_key: Path | None, *, as_json: bool
) -> None:
    """Stop statistical alerts at once, or challengers. Rules go on alerting, models go on scoring and learning.

    Challengers that are stopped neither score nor learn, and keep what they know.

    No file changes and no worker is started anew. Where the configuration in force names approvers, it is a proposal
    that another one approves: fxwatch rules approve

    Example: fxwatch rules stop statistical_alerts --reason "a feed sends amounts in cents"
    """
    from streams.decisions.emergency_stop import stop as stopped
    from streams.ledger.configuration_in_force import in_force

    settings = load_settings()
    _change(settings, stopped(in_force(settings), what, reason), reason, _Signer(proposal, name, sign_key), as_json)


@click.command()
@_what
@click.option("--reason", default="the stop is taken back", help="Why; it stands in a proposal alone.")
@_file
@_maybe_approver
@_maybe_key
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def resume(
    what: Stoppable, reason: str, proposal: Path | None, name: str | None, sign_key: Path | None, *, as_json: bool
) -> None:
    """Take a stop back. What was learned before and under it is there; payments of the time of the stop stay silent.

    Example: fxwatch rules resume statistical_alerts
    """
    from streams.decisions.emergency_stop import resume as resumed
    from streams.ledger.configuration_in_force import in_force

    settings = load_settings()
    _change(settings, resumed(in_force(settings), what), reason, _Signer(proposal, name, sign_key), as_json)


class _Signer(NamedTuple):
    """Who proposes a change, and to which file; nothing of it where no approvers are named."""

    proposal: Path | None
    name: str | None
    key: Path | None


def _change(settings: Settings, configuration: Configuration, reason: str, by: _Signer, as_json: bool) -> None:
    """Send a changed configuration, or write it as a proposal where the one in force names approvers."""
    from detectors.configuration_approval import approvers_of
    from streams.kafka.topics import require

    require(settings)
    if not approvers_of(configuration):
        send(settings, configuration, as_json=as_json)
        return
    if by.proposal is None or by.name is None or by.key is None:
        raise UsageError(
            "two people change what is in force here, in an emergency too",
            got="no --proposal, --approver or --sign-key",
            expected="all three",
            todo="name them; then another approver: fxwatch rules approve FILE",
        )
    propose_change(settings, configuration, reason, Proposer(by.proposal, by.name, by.key))
