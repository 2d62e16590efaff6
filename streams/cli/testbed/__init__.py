"""`fxwatch testbed`: the same core without Kafka, on labelled streams and on history. One file per command."""

import click

from streams.cli.lazy_group import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "replay": ("streams.cli.testbed.replay", "A stream, a file or the ledger through the core, into a result."),
    "exercise": ("streams.cli.testbed.exercise", "Judge labelled cases blind, then see truth and reasons."),
}


@click.command(cls=LazyGroup, lazy=COMMANDS)
def command() -> None:
    """Judge a version of the detectors on labelled streams and on history, before it goes live.

    Example: fxwatch testbed run --events 100000 --seed 1 --out judged/
    """
