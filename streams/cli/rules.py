"""`fxwatch rules`: the configuration in force, in the ledger."""

import json

import click
import msgspec
import tomli_w

from streams.settings import load_settings
from streams.showing import say, say_json


@click.group()
def command() -> None:
    """Show the configuration in force, or put this one in force.

    Example: fxwatch rules show --json
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of TOML.")
def show(*, as_json: bool) -> None:
    """Print the configuration in force: limits with dates and provenance, legend, desks, detector set, engine.

    Example: fxwatch rules show > in-force.toml
    """
    from detectors.configuration import fingerprint
    from streams.in_force import in_force

    configuration = in_force(load_settings())
    plain = msgspec.to_builtins(configuration)
    if as_json:
        say_json(json.dumps({"fingerprint": fingerprint(configuration), "configuration": plain}, ensure_ascii=False))
        return
    say(f"# fingerprint {fingerprint(configuration)}")
    say(tomli_w.dumps(plain))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def apply(*, as_json: bool) -> None:
    """Put this machine's configuration in force: from here on in the ledger, never for what came before.

    Workers must then be started with the same file.

    Example: FXWATCH_CONFIG=fxwatch.toml fxwatch rules apply
    """
    from detectors.configuration import fingerprint
    from streams.in_force import change
    from streams.topics import require

    settings = load_settings()
    require(settings)
    changed = change(settings)
    version = fingerprint(settings.effective)
    if as_json:
        say_json(json.dumps({"changed": changed, "fingerprint": version}))
    else:
        say(f"{version} is in force from here on" if changed else f"{version} is in force already; nothing was sent")
