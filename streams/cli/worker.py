"""`fxwatch worker`: run the ingest role, the monitor role, or both."""

from typing import Literal

import click

from streams.settings import load_settings


@click.command("worker")
@click.argument("role", type=click.Choice(["ingest", "monitor", "all"]), default="all")
@click.option("--web-port", type=click.IntRange(0, 65535), help="Port of the metrics and health pages (0: a free one).")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@click.option(
    "--development-keys", is_flag=True, hidden=True, help="Only for `fxwatch demo`: the fixed development key."
)
def command(
    role: Literal["ingest", "monitor", "all"], web_port: int | None, log_level: str, development_keys: bool
) -> None:
    """Run a worker until it is told to stop (Ctrl-C or SIGTERM). More workers of a role share its partitions.

    A worker that was told to stop exits with 0; one that cannot start or go on, with 1 or 2 and one message.

    The pages /metrics, /healthz and /readyz are on http://127.0.0.1:6066 unless configured otherwise.

    Example: FXWATCH_KEY_FILE=keys.txt fxwatch worker all --web-port 6066
    """
    from streams.worker import run

    overrides = {} if web_port is None else {"web_port": web_port}
    run(load_settings(**overrides), role, log_level=log_level, development_keys=development_keys)
