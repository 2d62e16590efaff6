"""`fxwatch deploy`: what an operator needs beside the code, from the installed package."""

import json
from pathlib import Path

import click
import msgspec

from streams.plain_text.printable import say, say_json


@click.group()
def command() -> None:
    """Take what an operator needs out of the package: Prometheus and Alertmanager rules, dashboard, Compose files.

    Example: fxwatch deploy write site/
    """


@command.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace files that are not as this version ships them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def write(directory: Path, *, force: bool, as_json: bool) -> None:
    """Write the files of this version to DIRECTORY, laid out as in the repository.

    deploy/ holds the configuration of Prometheus, Alertmanager and Grafana, the JSON Schemas of the topics and the
    Dockerfile; docker-compose.yml starts all of it; the locks say what to install; docs/ explains it. Equal files
    are left alone. Where one has other contents, nothing is written and the exit code is 2, unless --force is given.

    Docker needs the wheel as well: copy fxwatch-*.whl to DIRECTORY, then run `docker compose up --build` there.

    Example: fxwatch deploy write site/
    """
    from streams.installation.shipped_files import write as write_files

    done = write_files(directory, force=force)
    if as_json:
        say_json(json.dumps(msgspec.to_builtins(done)))
        return
    for name in done.written:
        say(f"wrote {directory / name}")
    say(f"{len(done.written)} files written to {directory}, {len(done.unchanged)} stood there already")
