"""`fxwatch state`: the learned state, from snapshots plus replay."""

import asyncio
import json

import click
import msgspec

from streams.plain_text.printable import say, say_json
from streams.settings import load_settings


@click.group()
def command() -> None:
    """Look at the learned state.

    Example: fxwatch state digest
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--from-ledger", is_flag=True, help="Ignore snapshots: replay the whole ledger.")
@click.option("--agent", type=click.Choice(["monitor", "shared"]), help="One agent alone [default: each].")
def digest(*, as_json: bool, from_ledger: bool, agent: str | None) -> None:
    """One line per agent and partition: position, events applied, duplicates, conflicts, digest of the learned state.

    Rebuilt from the snapshots plus replay of the ledger, or of the legs for the agent shared; read only, workers may
    run meanwhile. Two clusters that applied the same records, whatever crashed in between, print the same digests.

    Example: fxwatch state digest --json
    """
    from streams.kafka.topics import require
    from streams.learning_agents import LEARNING
    from streams.proofs.state_digest import compute_digests

    settings = load_settings()
    require(settings)

    async def show() -> None:
        chosen = tuple(LEARNING) if agent is None else (agent,)
        async for one in compute_digests(settings, cold=from_ledger, agents=chosen):
            if as_json:
                say_json(json.dumps(msgspec.to_builtins(one)))
            else:
                trained = " ".join(f"{name}.learned={count}" for name, count in one.learned.items())
                say(
                    f"{one.agent}[{one.partition}] next={one.next} applied={one.applied} broadcast={one.broadcast} "
                    f"scored={one.scored} duplicates={one.duplicates} conflicts={one.conflicts} "
                    f"redelivered={one.redelivered} late={one.late} "
                    f"parties={one.parties} {trained} withheld={one.withheld} digest={one.digest}"
                )

    asyncio.run(show())
