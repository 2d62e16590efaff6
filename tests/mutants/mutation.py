"""A mutant of the product in memory: its packages are imported anew with one text replaced, and put back afterwards."""

import importlib
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("mutants.toml")
# imported anew for each mutant; everything else (numpy, aiokafka, Faust) stays
OWN = ("streams", "detectors", "tests.simulation")


class Mutant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault: `old` becomes `new` in `file` (and each pair of `also`); `core` names the simulation that is asked."""

    name: str
    file: str
    old: str
    new: str
    core: str
    also: list[tuple[str, str]] = []
    chaos: bool = False


class StaleMutantError(Exception):
    """The product has changed: a mutant's text does not stand in it any more, so it proves nothing."""


def mutants() -> list[Mutant]:
    """All of the file."""
    return msgspec.convert(tomllib.loads(FILE.read_text("utf-8"))["mutant"], list[Mutant])


def mutated_source(mutant: Mutant) -> str:
    """The file's text with the fault in it. Raises `StaleMutantError` when a text is not there exactly once."""
    source = (ROOT / mutant.file).read_text("utf-8")
    for old, new in [(mutant.old, mutant.new), *mutant.also]:
        if source.count(old) != 1:
            raise StaleMutantError(
                f"mutant {mutant.name!r} no longer fits {mutant.file}; got: {source.count(old)} places with {old!r}; "
                "expected: 1; to do: bring tests/mutants/mutants.toml up to date with the code"
            )
        source = source.replace(old, new)
    return source


class _Loader(SourceLoader):
    """Loads one module from a text."""

    def __init__(self, path: Path, source: str) -> None:
        self._path, self._source = path, source

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        if str(path).endswith(".py"):
            return self._source.encode()
        raise OSError("no cached bytecode of a mutant")


class _Finder(MetaPathFinder):
    """Finds the mutated module first; all others are left to the usual finders."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._loader = _Loader(ROOT / mutant.file, mutated_source(mutant))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == self._name:
            return spec_from_loader(fullname, self._loader)
        return PathFinder.find_spec(fullname, path, target)


def _own(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in OWN)


def _of_libraries() -> dict[str, dict[str, Any]]:
    """The names of every module that stays. bounded_fetching.py of the product sets some of aiokafka's on import."""
    return {name: dict(vars(module)) for name, module in list(sys.modules.items()) if not _own(name)}


@contextmanager
def imported_with(mutant: Mutant) -> Iterator[Any]:
    """`tests.simulation.schedule` on the mutated product. Afterwards every module is the one it was before."""
    finder = _Finder(mutant)
    libraries = _of_libraries()
    before = {name: module for name, module in sys.modules.items() if _own(name)}
    for name in before:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module("tests.simulation.schedule")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _own(name)]:
            del sys.modules[name]
        sys.modules.update(before)
        for name, names in libraries.items():
            for key, value in vars(sys.modules[name]).items():
                if key in names and value is not names[key]:
                    setattr(sys.modules[name], key, names[key])
        # `tests` was not imported anew, and keeps its packages as attributes, too. Within the others every package is
        # the object it was before: to set theirs would replace a function that is named as its module is.
        for name in OWN:
            parent, _, last = name.rpartition(".")
            if parent and name in before:
                setattr(sys.modules[parent], last, before[name])
