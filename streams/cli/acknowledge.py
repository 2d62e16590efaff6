"""`fxwatch acknowledge`: an operator's decision that records which passed ingest by stay unread."""

import json
from datetime import UTC, datetime

import click

from streams.errors import UsageError
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings


@click.command("acknowledge")
@click.argument("topic")
@click.argument("partition", type=click.IntRange(0))
@click.argument("first", type=click.IntRange(0))
@click.argument("last", type=click.IntRange(0))
@click.option("--reason", required=True, help="Why, and what became of the records; kept for the audit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(topic: str, partition: int, first: int, last: int, reason: str, *, as_json: bool) -> None:
    """Settle that offsets FIRST to LAST of an input's PARTITION were deleted unread and stay so.

    Only for offsets that fxwatch reconcile names as unread. The decision is recorded on fx.progress.v1 with your
    account and reason. Reconcile then lists them as acknowledged, and is content when nothing else is wrong.

    Example: fxwatch acknowledge fx.rates.v1 1 0 59 --reason "sent again on 3 March, ticket 44"
    """
    from streams.access.audit_log import read_account
    from streams.decisions.acknowledge_gap import record_acknowledgement

    if last < first or not reason.strip():
        raise UsageError(
            "a decision is on a span of offsets, and has a reason",
            got=f"{first} to {last}, {reason!r}",
            expected="FIRST up to LAST, --reason of some words",
        )
    who, at = read_account().user, datetime.now(UTC).isoformat(timespec="seconds")
    record_acknowledgement(load_settings(), (topic, partition), (first, last), reason.strip(), who=who, at=at)
    told = {"topic": topic, "partition": partition, "first": first, "last": last, "reason": reason.strip(), "who": who}
    if as_json:
        say_json(json.dumps(told))
    else:
        say(f"{topic}[{partition}]: {first} to {last} are acknowledged as unread, by {who}: {reason.strip()}")
