"""fxwatch on a secured cluster under test: one user a role, commands run as each of them, side by side."""

import os
import time
from collections.abc import Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import tomli_w

from streams.cli.reidentify import generate_keys
from streams.kafka.topics.acls import ROLES
from streams.settings import load_settings
from tests.support import warm_commands
from tests.support.certificates import secret_file
from tests.support.secured import SecuredCluster, environment

Name = TypeVar("Name", bound=Hashable)

AT_ONCE = 3
"""Commands that run at the same time: each takes 1.5 s of CPU, and some wait for the broker."""


class Ended(NamedTuple):
    """How a command ended, and after how many seconds."""

    code: int
    out: str
    err: str
    seconds: float

    def told(self) -> list[str]:
        """Lines of its standard error, without the bar of progress and the notice about the seal key."""
        return [
            line
            for line in self.err.strip().splitlines()
            if not line.startswith("records ") and "FXWATCH_SEAL_KEY_FILE" not in line
        ]


class Command(NamedTuple):
    """`fxwatch ARGUMENTS...` as a role, with other settings than its own."""

    role: str
    arguments: tuple[str, ...]
    overrides: Mapping[str, Any] = {}


class Site:
    """fxwatch on the secured cluster: one user a role."""

    def __init__(self, cluster: SecuredCluster, directory: Path, tables: dict[str, Any]) -> None:
        self.cluster, self.directory, self.tables = cluster, directory, tables
        self.configuration = directory / "fxwatch.toml"
        self.configuration.write_text(tomli_w.dumps(tables))
        self.keys = secret_file(directory / "keys.txt", "k1 = " + "1f" * 32 + "\n")
        generate_keys(directory / "seal")
        cluster.add_users(*(f"fxwatch-{role}" for role in ROLES))

    def environment(self, role: str, **overrides: Any) -> dict[str, str]:
        """A role's environment, or the administrator's."""
        if role == "admin":
            assert self.cluster.broker.secured is not None
            fields = {"bootstrap": self.cluster.address(), **self.cluster.broker.secured.access}
        else:
            fields = self.cluster.user(f"fxwatch-{role}")
        seal = self.directory / "seal" / "seal.pub"
        given = {"key_file": self.keys, "seal_key_file": seal} if role == "ingest" else {}
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
        return foreign | environment(fields | given | overrides) | {"FXWATCH_CONFIG": str(self.configuration)}

    def run(self, role: str, *arguments: str, **overrides: Any) -> Ended:
        """`fxwatch ARGUMENTS...` as a role, to its end."""
        began = time.monotonic()
        ended = warm_commands.run(arguments, self.environment(role, **overrides), 300)
        return Ended(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)

    def run_all(self, commands: Mapping[Name, Command]) -> dict[Name, Ended]:
        """All of them, some at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            started = {
                name: pool.submit(self.run, one.role, *one.arguments, **one.overrides) for name, one in commands.items()
            }
            return {name: each.result() for name, each in started.items()}

    def done(self, role: str, *arguments: str) -> str:
        """Its standard output; it must end well."""
        ended = self.run(role, *arguments)
        assert ended.code == 0, (role, arguments, ended.err, ended.out)
        return ended.out

    def settings(self, role: str) -> Any:
        """A role's settings."""
        return load_settings(**self.cluster.user(f"fxwatch-{role}"), effective_tables=self.tables)

    def refusals(self) -> int:
        """Log-ins and TLS handshakes that the broker refused so far."""
        log = (self.cluster.broker.directory / "server.log").read_text("utf-8", "replace")
        return log.count("Failed authentication with") + log.count("Failed re-authentication with")
