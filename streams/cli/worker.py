"""`fxwatch worker`: run the ingest role, the monitor role, the shared role, or all of them."""

from typing import Literal

import click

from streams.errors import FxwatchError
from streams.settings import load_settings


@click.command("worker")
@click.argument("role", type=click.Choice(["ingest", "monitor", "shared", "all"]), default="all")
@click.option("--web-port", type=click.IntRange(0, 65535), help="Port of the metrics and health pages (0: a free one).")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is written to the log [default: FXWATCH_LOG_LEVEL, or info].",
)
@click.option(
    "--development-keys", is_flag=True, hidden=True, help="Only for `fxwatch demo`: the fixed development key."
)
def command(
    role: Literal["ingest", "monitor", "shared", "all"],
    web_port: int | None,
    log_level: str | None,
    development_keys: bool,
) -> None:
    """Run a worker until it is told to stop (Ctrl-C or SIGTERM). More workers of a role share its partitions.

    ingest checks input records and writes the ledger. monitor follows each party through it and writes alerts. shared
    follows what several parties share, such as a foreign account. all, the default, is the three in one process.

    A worker that was told to stop exits with 0; one that cannot start or go on, with 1 or 2 and one message.

    The pages /metrics, /healthz and /readyz are on http://127.0.0.1:6066 unless configured otherwise.

    The log goes to standard error: a line a message, or with FXWATCH_LOG_FORMAT=json an object a line (docs/LOGS.md).

    Example: FXWATCH_KEY_FILE=keys.txt fxwatch worker all --web-port 6066
    """
    from streams.log import logs
    from streams.worker import run

    chosen = {"web_port": web_port, "log_level": log_level}
    logs.hold()
    settings = load_settings(**{name: value for name, value in chosen.items() if value is not None})
    try:
        run(settings, role, development_keys=development_keys)
    except Exception as fault:
        if settings.log_format == "text":
            raise  # the command line says it in one message
        logs.log_refused_start(fault)
        raise click.exceptions.Exit(fault.exit_code if isinstance(fault, FxwatchError) else 1) from fault
