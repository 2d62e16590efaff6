"""The unit tests mirror the source: a module's tests are found by its path, or where a table says."""

import re
import tomllib
from pathlib import Path

from tests.support.repository import ROOT

PACKAGES = ("detectors", "streams")
TABLE = "tests/unit/tested_elsewhere.toml"
ELSEWHERE = tomllib.loads((ROOT / TABLE).read_text("utf-8"))
# Folders of tests/unit that mirror nothing: what crosses rooms, and the tests of what tests are made with.
OTHERS = {"across_rooms", "tools"}


def modules() -> list[str]:
    """Every module of the two packages, by path."""
    return sorted(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    )


def mirror_tests() -> list[Path]:
    """Every test file below the folders that mirror a package, relative to tests/unit."""
    return sorted(
        path.relative_to(ROOT / "tests" / "unit")
        for package in PACKAGES
        for path in (ROOT / "tests" / "unit" / package).rglob("test_*.py")
    )


def owner(test: Path) -> str | None:
    """The module that a test file is named after: the longest name of its room that fits, or the room itself."""
    room = ROOT / test.parent
    names = {path.stem for path in room.glob("*.py") if path.name != "__init__.py"}
    name = test.stem.removeprefix("test_")
    fitting = [each for each in names | {room.name} if name == each or name.startswith(f"{each}_")]
    if not fitting:
        return None
    longest = max(fitting, key=len)
    return str(test.parent / (f"{longest}.py" if longest in names else "__init__.py"))


def listed(module: str) -> list[str] | None:
    """Where the table says that a module is tested: in a line of its own, or in its room's."""
    return ELSEWHERE["modules"].get(module) or ELSEWHERE["modules"].get(f"{Path(module).parent}/")


def test_every_module_has_its_tests() -> None:
    """By its path or by the table. To do for a new module: tests/unit/PATH/test_MODULE.py, or a line in the table."""
    owned = {owner(test) for test in mirror_tests()}
    untested = [module for module in modules() if module not in owned and listed(module) is None]
    assert untested == [], f"to do: tests/unit/PATH/test_MODULE.py for each of these, or a line in {TABLE}"


def test_every_test_file_of_a_mirror_folder_belongs_to_a_module_or_is_listed() -> None:
    """To do: name it after the module that it tests, list it as `room_wide`, or move it to tests/unit/across_rooms."""
    alone = [f"tests/unit/{test}" for test in mirror_tests() if owner(test) is None]
    assert alone == sorted(ELSEWHERE["room_wide"])
    assert {path.name for path in (ROOT / "tests/unit").iterdir() if path.is_dir()} - {"__pycache__"} == {
        *PACKAGES,
        *OTHERS,
    }


def test_no_line_of_the_table_is_stale() -> None:
    """Each names a module that exists and has no test file of its own, or a room that has such modules; and a test."""
    owned = {owner(test) for test in mirror_tests()}
    without = [module for module in modules() if module not in owned]
    rooms = {f"{Path(module).parent}/" for module in without if module not in ELSEWHERE["modules"]}
    assert [line for line in ELSEWHERE["modules"] if line not in without and line not in rooms] == []
    for line, (test, why) in ELSEWHERE["modules"].items():
        assert (ROOT / test).is_file(), (line, test)
        assert why, line
    assert all(ELSEWHERE["room_wide"].values())


# -- the page that explains the tests ----------------------------------------------------------------------------------

PAGE = (ROOT / "tests" / "README.md").read_text("utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
MOST_WORDS = 20


def test_each_room_has_its_row() -> None:
    """And no row names a room that is gone."""
    rooms = {"/".join(Path(module).parts[:2]) for module in modules() if len(Path(module).parts) > 2}
    named = [row[0].strip(" `") for row in ROWS if re.fullmatch(r" `(detectors|streams)/\w+` ", row[0])]
    assert sorted(named) == sorted(rooms)


def test_each_kind_of_test_has_its_row() -> None:
    """Every folder of tests with Python in it is named, and so is every file of tests/support."""
    folders = {f"`tests/{path.name}`" for path in (ROOT / "tests").iterdir() if any(path.glob("**/*.py"))}
    assert [folder for folder in sorted(folders) if folder not in PAGE] == []
    support = {path.stem for path in (ROOT / "tests" / "support").glob("*.py")}
    files = [name for row in ROWS if "/" not in row[1] for name in re.findall(r"`(\w+)`", row[1])]
    assert set(files) == support, "to do: each file of tests/support once in the last table of tests/README.md"


def test_cells_are_short_and_commands_can_be_typed() -> None:
    """Paths that the page shows in code are looked for by tests/contract/test_documents.py."""
    assert [cell for row in ROWS for cell in row if len(cell.split()) > MOST_WORDS] == []
    commands = re.findall(r"^    \.venv/bin/python -m pytest (.+)$", PAGE, re.MULTILINE)
    assert len(commands) >= 4
    shown = [word for command in commands for word in command.split() if word.startswith("tests/")]
    shown += re.findall(r"(?<=    )tests/\S+\.py", PAGE)
    assert [path for path in shown if not (ROOT / path).exists()] == []
