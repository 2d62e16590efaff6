"""What is shipped: the defaults, and the rule packs, which hold the law of one country each (docs/CONFIGURATION.md).

A pack is chosen by name (`kr`), or is a file of one's own with the same tables.
"""

import os
import pickle
import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from streams.errors import ConfigurationError

SHIPPED_PACK = "kr"
# What depends on the law and its authorities. All else is shipped in detectors/defaults.toml, whatever the country.
PACK_TABLES = ("pack", "rules", "sanctions", "duties", "screens", "legend", "desks", "engine", "rates")


def default_tables(pack: str = SHIPPED_PACK) -> dict[str, Any]:
    """The shipped `detectors/defaults.toml` with a pack over it. Raises `ConfigurationError` without such a pack."""
    defaults = _parsed(resources.files("detectors").joinpath("defaults.toml").read_text("utf-8"))
    return merge_tables(defaults, _read_pack(pack))


def merge_tables(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid over `base`, table by table; lists and plain values replace."""
    merged = dict(base)
    for key, value in over.items():
        merged[key] = (
            merge_tables(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        )
    return merged


def choose_pack(values: dict[str, Any]) -> str:
    """The pack that the environment names (`FXWATCH_RULE_PACK`), else the settings file, else the shipped one."""
    return os.environ.get("FXWATCH_RULE_PACK") or str(values.get("rule_pack", SHIPPED_PACK))


def read_tables(path: Path) -> dict[str, Any]:
    """A TOML file's tables and settings. Raises `ConfigurationError`."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise ConfigurationError(
            f"cannot read the configuration file: {fault.strerror}",
            got=path,
            expected="a readable file",
            todo="correct its name: FXWATCH_CONFIG, FXWATCH_RULE_PACK, or the one that was given",
        ) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"the configuration file is not TOML: {fault}", got=path) from fault


def _parsed(text: str) -> dict[str, Any]:
    """What is shipped as TOML. Each partition that begins asks for it, and its caller may change it. Cost: 0.3 ms."""
    tables: dict[str, Any] = pickle.loads(_pickled(text))  # noqa: S301 - made below, of a file of the package
    return tables


@lru_cache(maxsize=8)
def _pickled(text: str) -> bytes:
    """To read the TOML anew takes 6 ms."""
    return pickle.dumps(tomllib.loads(text))


def _read_pack(pack: str) -> dict[str, Any]:
    shipped = resources.files("detectors").joinpath("packs")
    names = sorted(each.name.removesuffix(".toml") for each in shipped.iterdir() if each.name.endswith(".toml"))
    if pack in names:
        return _parsed(shipped.joinpath(f"{pack}.toml").read_text("utf-8"))
    if not pack.endswith(".toml"):
        raise ConfigurationError(
            "there is no such rule pack",
            [f"rule_pack: got: {pack!r}; expected: {', '.join(names)}, or a file whose name ends in .toml"],
            todo="correct rule_pack in the settings file, or FXWATCH_RULE_PACK",
        )
    tables = read_tables(Path(pack))
    problems = [
        f"[{name}] is no table of a rule pack; expected: {', '.join(PACK_TABLES)}"
        for name in tables
        if name not in PACK_TABLES
    ]
    if problems:
        raise ConfigurationError("the rule pack is not valid", problems, got=pack, todo="mend each of these")
    return tables
