"""`fxwatch testbed`: the same core without Kafka, on labelled streams and on history. One file per command."""

import click

from streams.cli.lazy_group import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("streams.cli.testbed.run", "Generate, replay and judge in one go."),
    "generate": ("streams.cli.testbed.generate", "A labelled stream, on disk, with its truth."),
    "compare": ("streams.cli.testbed.compare", "The promotion gate: pass or fail, with reasons."),
    "replay": ("streams.cli.testbed.replay", "A stream, a file or the ledger through the core, into a result."),
    "judge": ("streams.cli.testbed.judge", "Figures of a replay against the truth and baselines."),
    "exercise": ("streams.cli.testbed.exercise", "Judge labelled cases blind, then see truth and reasons."),
    "learn": ("streams.cli.testbed.learn", "What verdicts teach: hit rate before and after."),
    "search": ("streams.cli.testbed.search", "Replay history under changed limits and budgets."),
    "library": ("streams.cli.testbed.library", "Versioned sets of test data, with data sheets."),
}


@click.command(cls=LazyGroup, lazy=COMMANDS)
def command() -> None:
    """Judge a version of the detectors on labelled streams and on history, before it goes live.

    Example: fxwatch testbed run --events 100000 --seed 1 --out judged/
    """
