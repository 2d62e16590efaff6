"""The plan of rooms in pyproject.toml, `[tool.importlinter]`: kept by the code, complete, and able to find a fault.

The plan stands there only. These tests read it, so a room that moves is written in one place.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.repository import ROOT

LINTER = str(Path(sys.executable).with_name("lint-imports"))
PACKAGES = ("streams", "detectors")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = {
    contract["containers"][0]: [re.split(r" [|:] ", line) for line in contract["layers"]]
    for contract in CONTRACTS
    if contract["type"] == "layers"
}


def lint(where: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's answer about the packages that stand in `where`."""
    return subprocess.run([LINTER, "--no-cache"], cwd=where, capture_output=True, text=True, timeout=400, check=False)


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan, and rooms that hold nothing."""
    place = tmp_path_factory.mktemp("skeleton")
    shutil.copy(ROOT / "pyproject.toml", place)
    for package in PACKAGES:
        for room in ("", *(room for line in LAYERS[package] for room in line)):
            (place / package / room).mkdir(parents=True)
            (place / package / room / "__init__.py").write_text('"""Empty."""\n')
    assert lint(place).returncode == 0
    return place


def test_every_contract_is_kept() -> None:
    """No room imports one above it, and the science imports nothing of streams."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_the_plan_names_each_room_once(package: str) -> None:
    """A room that was moved or removed is off the plan. A new one fails the linter, which wants all of them."""
    planned = [room for line in LAYERS[package] for room in line]
    there = {
        path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert sorted(planned) == sorted(there - {"__init__"})


# From the lowest line to the highest, between two rooms of a line that are side by side, and out of the science.
WRONG = [
    ("streams.plain_text", "streams.cli"),
    ("streams.ingest", "streams.monitor"),
    ("streams.settings", "streams.kafka"),
    ("streams.alert_text", "streams.desk"),
    ("detectors.values", "detectors.core"),
    ("detectors.books", "detectors.ranking"),
    ("detectors.typologies", "detectors.models"),
    ("detectors.values", "streams.plain_text"),
]


@pytest.mark.parametrize(("importer", "imported"), WRONG, ids=[f"{one}-{other}" for one, other in WRONG])
def test_a_wrong_import_is_found(skeleton: Path, importer: str, imported: str) -> None:
    """The same plan finds one wrong import among empty rooms, and says which."""
    wrong = skeleton / importer.replace(".", "/") / "wrong.py"
    wrong.write_text(f"import {imported}\n")
    done = lint(skeleton)
    wrong.unlink()
    assert done.returncode != 0
    assert f"{importer}.wrong -> {imported}" in done.stdout


def test_a_room_without_a_line_is_found(skeleton: Path) -> None:
    """Whoever makes a room says what it may import."""
    room = skeleton / "streams" / "attic"
    room.mkdir()
    (room / "__init__.py").write_text('"""Empty."""\n')
    done = lint(skeleton)
    shutil.rmtree(room)
    assert done.returncode != 0
    assert "streams.attic" in done.stdout
