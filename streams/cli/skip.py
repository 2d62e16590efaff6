"""`fxwatch skip`: an operator's decision to leave one ledger record out."""

import getpass
import json
from datetime import UTC, datetime

import click

from streams.settings import load_settings
from streams.showing import say, say_json


@click.command("skip")
@click.argument("agent", type=click.Choice(["monitor"]))
@click.argument("partition", type=click.IntRange(0))
@click.argument("offset", type=click.IntRange(0))
@click.option("--reason", required=True, help="Why; kept for the audit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(agent: str, partition: int, offset: int, reason: str, *, as_json: bool) -> None:
    """Leave ledger record OFFSET of PARTITION out, now and in every later replay.

    Only for a partition that stopped at that record (its worker says so, and /readyz). The decision is recorded on
    fx.progress.v1 with your name and reason; the stopped partition goes on within seconds.

    Example: fxwatch skip monitor 3 1207 --reason "written by a test tool, see ticket 42"
    """
    from streams.skips import record_skip

    skip = record_skip(
        load_settings(), agent, partition, offset, reason, who=getpass.getuser(), at=datetime.now(UTC).isoformat()
    )
    if as_json:
        say_json(
            json.dumps(
                {"agent": agent, "partition": partition, "offset": skip.offset, "reason": reason, "who": skip.who}
            )
        )
    else:
        say(f"{agent}[{partition}]: offset {offset} is skipped from now on, by {skip.who}: {reason}")
