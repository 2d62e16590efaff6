"""Kafka's jars: fetched by coordinate, verified against the lock, cached.

The lock names every jar. jgo's transitive resolver is not used: it picks versions other than those Kafka was built
with. jgo writes downloads in place, so an interrupted one would stay behind as a torn file, and two processes at once
trip over each other; therefore each jar is fetched into a directory of its own, verified, and renamed into the cache.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import resources
from pathlib import Path

import msgspec

from streams.errors import BrokerStartError

DOWNLOADS = 4
"""Jars fetched at once. More gains nothing on 45 MB and is rude to a free service."""

TIMEOUT_SECONDS = 30
"""Without an answer for this long a download has failed."""


class Jar(msgspec.Struct, frozen=True):
    """One line of the lock: a Maven coordinate and the SHA-256 of its jar, in hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def path(self, cache: Path) -> Path:
        """Where the jar lies in `cache`: the layout of a Maven repository."""
        return cache.joinpath(
            *self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar"
        )


def read_lock(text: str | None = None) -> list[Jar]:
    """The jars named in `text`, the shipped `streams/demo/broker/jars.lock` when None.

    Raises `BrokerStartError` for a bad line.
    """
    if text is None:
        text = resources.files(__package__).joinpath("jars.lock").read_text("utf-8")
    jars = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        coordinate, _, sha256 = line.partition(" ")
        parts = coordinate.split(":")
        if len(parts) != 3 or len(sha256) != 64:  # noqa: PLR2004 - a coordinate has three parts, a SHA-256 64 hex digits
            raise BrokerStartError(
                f"line {number} of the jar lock is malformed", got=line, expected="group:artifact:version sha256"
            )
        group, artifact, version = parts
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def cache_directory() -> Path:
    """The user's cache of jars: `$XDG_CACHE_HOME/fxwatch/jars`, by default below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fxwatch" / "jars"


def _fetch(jar: Jar, directory: Path) -> Path:
    """Download one jar below `directory` through jgo's artifact API. Raises whatever jgo or the network raises."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=directory, local_repos=[], timeout=TIMEOUT_SECONDS)
    path: Path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    return path


def _verify(jar: Jar, path: Path, todo: str) -> None:
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if got != jar.sha256:
        raise BrokerStartError(f"the jar {jar.coordinate} has a wrong SHA-256", got=got, expected=jar.sha256, todo=todo)


def obtain(jar: Jar, cache: Path, fetch: Callable[[Jar, Path], Path] = _fetch) -> Path:
    """The verified path of `jar` in `cache`, fetched when it is not there. Raises `BrokerStartError`."""
    path = jar.path(cache)
    if path.exists():
        _verify(jar, path, f"delete {path} and start again")
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as scratch:
            fetched = fetch(jar, Path(scratch))
            _verify(jar, fetched, "the download was altered on its way, or the lock is wrong; nothing was kept")
            path.parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(path)
    except (OSError, RuntimeError) as fault:  # requests' exceptions are OSErrors; jgo raises RuntimeError
        todo = f"connect to a network, or copy a filled jar cache to {cache}"
        raise BrokerStartError(f"cannot get the jar {jar.coordinate}: {fault}", todo=todo) from fault
    return path


def obtain_all(report: Callable[[str], None], cache: Path | None = None) -> list[Path]:
    """Every jar of the lock, verified, in the lock's order. `report` gets a line now and then while jars are fetched.

    45 MB and 5 to 12 seconds the first time, about 0.2 s after that. Raises `BrokerStartError` naming the first jar
    that cannot be had.
    """
    jars, cache = read_lock(), cache or cache_directory()
    missing = sum(not jar.path(cache).exists() for jar in jars)
    if missing:
        report(f"fetching {missing} of {len(jars)} jars of Apache Kafka into {cache}")
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        pending = [pool.submit(obtain, jar, cache) for jar in jars]
        try:
            for done, future in enumerate(as_completed(pending), 1):
                future.result()
                if missing and (done % 10 == 0 or done == len(jars)):
                    report(f"jars: {done} of {len(jars)}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in pending]
