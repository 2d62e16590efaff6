"""What a worker does without: the libraries of the demo and of the testbed, which are extras of the package.

A command that needs an extra is marked with `needs`: it looks before it does anything, so that a replay of an hour does
not end where its report would be drawn. `missing_library` words an import that failed all the same.
"""

import importlib.util
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar

from streams.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")
Extra = Literal["demo", "testbed"]

_DEMO = {"jgo": "jgo", "currency_converter": "CurrencyConverter", "holidays": "holidays"}
LIBRARIES: dict[Extra, dict[str, str]] = {
    "demo": _DEMO,
    "testbed": {**_DEMO, "pyarrow": "pyarrow", "jinja2": "Jinja2", "matplotlib": "matplotlib"},
}
"""Extra of pyproject.toml -> modules that are imported -> names under which they are installed."""

PURPOSES: dict[Extra, str] = {
    "demo": "the embedded broker and the built-in stream",
    "testbed": "the testbed and its reports",
}


class ExtraMissingError(UsageError):
    """Libraries of an extra are not installed. Exit code 2."""

    code = "extra.missing"


def find_missing(extra: Extra) -> list[str]:
    """The extra's libraries that are not installed, by the names under which they are. Imports none of them."""
    return [name for module, name in LIBRARIES[extra].items() if importlib.util.find_spec(module) is None]


def require(extra: Extra) -> None:
    """Return when all libraries of the extra are installed. Raises `ExtraMissingError`."""
    if lacking := find_missing(extra):
        raise _error(extra, lacking)


def needs(extra: Extra) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a command: it begins with `require(extra)`. Its `--help` works without."""

    def mark(command: Callable[P, T]) -> Callable[P, T]:
        @wraps(command)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            require(extra)
            return command(*args, **kwargs)

        return checked

    return mark


def missing_library(fault: ModuleNotFoundError) -> ExtraMissingError | None:
    """The import that failed, in words, when the module is one of an extra; None when it is not."""
    module = (fault.name or "").partition(".")[0]
    for extra, libraries in LIBRARIES.items():
        if module in libraries:
            return _error(extra, [libraries[module]])
    return None


def install(extra: Extra) -> str:
    """What to type: the newest that fits, or the versions of the lock (`fxwatch deploy write` brings the file)."""
    return (
        f"python -m pip install 'fxwatch[{extra}]', or with hashes: "
        "python -m pip install --require-hashes -r requirements-testbed.lock"
    )


def _error(extra: Extra, lacking: list[str]) -> ExtraMissingError:
    return ExtraMissingError(
        f"{PURPOSES[extra]} cannot run: libraries that a worker does without are not installed",
        got=f"no {', '.join(lacking)}",
        expected=f"the extra `{extra}`",
        todo=install(extra),
    )
