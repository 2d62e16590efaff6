"""Options that every command that makes a stream has."""

from collections.abc import Callable
from typing import Any

import click


def stream_options(command: Callable[..., None]) -> Callable[..., None]:
    """Seed, history and bad records: the same for `simulate` and `testbed generate`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS: tuple[Any, ...] = (
    click.option("--seed", default=1, show_default=True, help="Equal arguments give equal bytes on every machine."),
    click.option(
        "--history-days",
        default=0,
        show_default=True,
        help="Days at the start marked as history: learned from, never alerted on. A cluster takes them only "
        "if its configuration allows it ([[admission.history]]), the testbed always.",
    ),
    click.option(
        "--bad",
        "bad_share",
        default=0.0,
        show_default=True,
        help="Share of deliberately bad records, with resends and conflicts.",
    ),
)
