"""`fxwatch version`: what alerts and `fxwatch_build_info` carry as versions."""

import json

import click
import msgspec

from streams.plain_text.printable import say, say_json
from streams.settings import load_settings
from streams.version import versions


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool) -> None:
    """Print the code's release and the fingerprints of the configuration file's settings.

    An alert shows the same four under `versions`. The rules in force in the ledger may be others: `fxwatch rules show`.

    Example: fxwatch version --json
    """
    shown = msgspec.to_builtins(versions(load_settings().effective))
    if as_json:
        say_json(json.dumps(shown))
        return
    for name, value in shown.items():
        say(f"{name:<10}{value}")
