"""`fxwatch rules`: the configuration in force, in the ledger."""

import json
from collections.abc import Iterator

import click
import msgspec
import tomli_w

from streams.plain_text.printable import say, say_json
from streams.settings import load_settings


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
    from detectors.contracts.configuration import fingerprint
    from streams.ledger.configuration_in_force import (
        count_strangers,
        find_lacking_tables,
        find_places,
        list_switched_off,
        read_ruling_change,
    )

    settings = load_settings()
    configuration, change = read_ruling_change(settings)
    partitions = range(configuration.engine.partitions)
    found = None if change is None else find_places(settings, change, partitions)
    off, others = list_switched_off(configuration), count_strangers(settings)
    plain = msgspec.to_builtins(configuration)
    if as_json:
        say_json(
            json.dumps(
                {
                    "fingerprint": fingerprint(configuration),
                    "switched_off": off,
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
    for table in find_lacking_tables(configuration):
        say(
            f"# [{table}] is not in this configuration, which an earlier release wrote: plain defaults hold, not the "
            "shipped table; when all workers are upgraded: fxwatch rules apply"
        )
    say(tomli_w.dumps(plain))


def _remarks(
    version: str, found: dict[int, int | None] | None, off: list[str], others: int, parties: int
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
                "or far behind its Kafka timestamp, or an ingest worker of an earlier release refused it (then run "
                "fxwatch rules apply again)"
            )
    if off:
        yield f"typologies switched off: {', '.join(off)}"
    if others:
        yield f"{others} records of fx.rules.v1 stand in other partitions than 0: dead letters, in force nowhere"


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def apply(*, as_json: bool) -> None:
    """Put this machine's configuration in force: from here on in the ledger, never for what came before.

    Workers must then be started with the same file.

    Example: FXWATCH_CONFIG=fxwatch.toml fxwatch rules apply
    """
    from detectors.contracts.configuration import fingerprint
    from streams.kafka.topics import require
    from streams.ledger.configuration_in_force import send_change

    settings = load_settings()
    require(settings)
    changed = send_change(settings)
    version = fingerprint(settings.effective)
    if as_json:
        say_json(json.dumps({"changed": changed, "fingerprint": version}))
    else:
        say(f"{version} is in force from here on" if changed else f"{version} is in force already; nothing was sent")
