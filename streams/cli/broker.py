"""`fxwatch broker`: the embedded Apache Kafka. It never looks at FXWATCH_BOOTSTRAP, which names another cluster."""

import json
import os
import signal
from pathlib import Path
from types import FrameType

import click
import msgspec

from streams.errors import BrokerStartError
from streams.installation.extras import needs
from streams.plain_text.printable import say, say_json

STOPPED = (0, 130, 143)
"""Exit codes of a JVM that was asked to end: by itself, SIGINT, SIGTERM."""


def _directory(given: Path | None) -> Path:
    """The broker's directory: what `--dir` says, else `broker` below the configured data directory."""
    from streams.settings import load_settings

    if given is not None:
        return given
    # `export FXWATCH_BOOTSTRAP=$(fxwatch broker start)` leaves it empty where that start failed: the next one must work
    os.environ.pop("FXWATCH_BOOTSTRAP", None)
    return load_settings().data_dir / "broker"


_dir_option = click.option(
    "--dir",
    "given",
    type=click.Path(path_type=Path),
    help="The broker's directory, kept between starts. [default: .fxwatch/broker]",
)


def _say(line: str) -> None:
    say(line, err=True)


@click.group()
def command() -> None:
    """Run the embedded Apache Kafka broker: start, stop, status.

    One real KRaft node on the loopback interface, from locked and verified jars; needs Java 17 or newer.

    Example: fxwatch broker start --detach
    """


@command.command()
@_dir_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the clients' listener. [default: a free one]")
@click.option("--heap", type=click.IntRange(192, 65536), default=384, show_default=True, help="Heap of the JVM, MiB.")
@click.option("--detach", is_flag=True, help="Return when the broker is ready and leave it running.")
@needs("demo")
def start(given: Path | None, port: int | None, heap: int, *, detach: bool) -> None:
    """Start a broker and print its address as the last line of standard output.

    Without --detach it runs until Ctrl-C, `fxwatch broker stop`, or this command's end, however that comes.

    Example: export FXWATCH_BOOTSTRAP=$(fxwatch broker start --detach --dir /var/tmp/kafka | tail -1)
    """
    from streams.demo.broker import EmbeddedBroker

    broker = EmbeddedBroker(_directory(given), port=port, heap_megabytes=heap, detached=detach, report=_say)
    if not detach:
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        # inside, because a Ctrl-C may come between the address and the wait: the reader of the address acts at once
        address = broker.start()
        _say(f"ready; data and log in {broker.directory}")
        say(address)
        if detach:
            return
        _say("press Ctrl-C to stop")
        code = broker.wait()
    except KeyboardInterrupt:
        _say("stopping")
        broker.stop()
    else:
        if code not in STOPPED:
            raise BrokerStartError(
                "the broker ended by itself",
                got=f"exit code {code}",
                todo=f"look into {broker.directory / 'server.log'}",
            )
    _say("stopped")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@command.command()
@_dir_option
def stop(given: Path | None) -> None:
    """Stop the broker that runs in a directory; its data stay.

    Example: fxwatch broker stop
    """
    from streams.demo.broker import stop_running

    directory = _directory(given)
    _say(f"stopped the broker in {directory}" if stop_running(directory) else f"no broker runs in {directory}")


@command.command()
@_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(context: click.Context, given: Path | None, *, as_json: bool) -> None:
    """Tell whether a broker runs in a directory and where it answers. Exit code 1 when none is ready there.

    Example: fxwatch broker status --json
    """
    from streams.demo.broker import find_running
    from streams.demo.broker.node import is_serving
    from streams.settings import Settings

    directory = _directory(given)
    running = find_running(directory)
    ready = running is not None and is_serving(Settings.model_construct(bootstrap=running.bootstrap), running.node)
    if as_json:
        known = msgspec.to_builtins(running) if running else {}
        say_json(json.dumps({"running": running is not None, "ready": ready, "directory": str(directory), **known}))
    elif running is None:
        say(f"no broker runs in {directory}")
    else:
        say(f"Apache Kafka {running.kafka}, process {running.pid}, in {directory}: {'ready' if ready else 'not ready'}")
        say(running.bootstrap)
    if not ready:
        context.exit(1)
