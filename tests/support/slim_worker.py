"""A worker's environment inside the developers': every module that requirements.lock does not bring cannot be imported.

Run as a program it blocks those modules. With the argument `imports` it then imports what a worker does, and after that
every module of the product, and prints what came of it as JSON. Any other arguments are a command line of fxwatch.
"""

import importlib
import json
import pkgutil
import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def locked(lock: str) -> set[str]:
    """The distributions that a lock installs, by their normalized names."""
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}


def foreign() -> set[str]:
    """Top-level modules of this environment that a worker's has not: those of no distribution of the lock."""
    allowed = {*locked("requirements.lock"), "fxwatch"}
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if not any(canonicalize_name(name) in allowed for name in names)
    }


def lacked(name: str) -> str:
    """Import a module of the product; the top-level module that it lacked, '' when none."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as fault:
        return str(fault.name).partition(".")[0]
    return ""


def bytecode() -> list[str]:
    """The compiled files of all modules that are imported by now; not all exist."""
    files = {getattr(module, "__cached__", None) for module in list(sys.modules.values())}
    return sorted(file for file in files if file)


def main() -> None:
    """See above."""
    sys.modules.update(dict.fromkeys(foreign()))  # type: ignore[arg-type]  # None: cannot be imported
    if sys.argv[1:] != ["imports"]:
        from streams.cli import main as fxwatch

        return fxwatch()
    for name in ("streams.ingest.agent", "streams.monitor.agent", "streams.worker"):
        importlib.import_module(name)
    of_worker = bytecode()
    names = [
        module.name
        for package in ("detectors", "streams")
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}.", onerror=lambda _: None)
        if not module.name.endswith("__main__")
    ]
    print(json.dumps({"bytecode": of_worker, "lacked": {name: lacked(name) for name in names}}))
    return None


if __name__ == "__main__":
    main()
