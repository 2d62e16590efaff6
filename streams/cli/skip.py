"""`fxwatch skip`: an operator's decision to leave one ledger record out."""

import getpass
import json
from datetime import UTC, datetime

import click

from streams.errors import UsageError
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings


@click.command("skip")
@click.argument("agent", type=click.Choice(["monitor", "shared", "ingest"]))
@click.argument("partition", type=click.IntRange(0))
@click.argument("offset", type=click.IntRange(0))
@click.option("--reason", required=True, help="Why; kept for the audit.")
@click.option("--topic", help="For ingest: the input topic.")
@click.option(
    "--through",
    type=click.IntRange(0),
    help="For monitor and shared: the last offset of a record set that cannot be read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    agent: str, partition: int, offset: int, reason: str, topic: str | None, through: int | None, *, as_json: bool
) -> None:
    """Leave a record out, now and in every later replay; or pass a damaged set of an input.

    OFFSET of PARTITION is of the ledger for the agent monitor, and of the legs for shared.

    Only for a partition that stopped there (its worker says so, and /readyz). The decision is recorded on
    fx.progress.v1 with your name and reason; the stopped partition goes on within seconds. An input's record set that
    is passed becomes one dead letter with its offsets, size and hash.

    Example: fxwatch skip monitor 3 1207 --reason "written by a test tool, see ticket 42"

    Example: fxwatch skip ingest 3 88120 --topic fx.transactions.v1 --reason "disk of broker 2, no replica, ticket 43"
    """
    from streams.decisions.skip_position import record_input_skip, record_skip

    settings, who, at = load_settings(), getpass.getuser(), datetime.now(UTC).isoformat()
    if (topic is None) == (agent == "ingest") or (through is not None and agent == "ingest"):
        raise UsageError(
            "the options do not fit the agent",
            got=agent,
            expected="--topic for ingest, and only for it; --through for monitor and shared only",
        )
    if topic is not None:
        skip = record_input_skip(settings, agent, partition, offset, reason, topic=topic, who=who, at=at)
    else:
        last = -1 if through is None else through
        skip = record_skip(settings, agent, partition, offset, reason, who=who, at=at, last=last)
    if as_json:
        say_json(
            json.dumps(
                {"agent": agent, "partition": partition, "offset": skip.offset, "reason": reason, "who": skip.who}
            )
        )
    else:
        one = skip.last <= skip.offset
        offsets = f"offset {skip.offset} is" if one else f"offsets {skip.offset} to {skip.last} are"
        place = f"{agent}[{partition}]" if not skip.topic else f"{agent}: {skip.topic}[{partition}]"
        say(f"{place}: {offsets} skipped from now on, by {skip.who}: {reason}")
