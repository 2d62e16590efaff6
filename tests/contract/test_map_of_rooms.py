"""The map of rooms in ARCHITECTURE.md says what the code says: every room, its layer, and its own first sentence."""

import ast
import re

import pytest

from tests.contract.test_layering import LAYERS
from tests.support.repository import ROOT

PACKAGES = ("streams", "detectors")
ROW = re.compile(r"^\| `(streams|detectors)/(\w+)/` \| (\d+) \| (.+) \|$", re.MULTILINE)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def rooms(package: str) -> dict[str, tuple[int, str]]:
    """Each room's layer, counted from the lowest, and the first line of its docstring."""
    lines = list(reversed(LAYERS[package]))
    layer = {room: number for number, line in enumerate(lines, 1) for room in line}
    found = {}
    for room in (ROOT / package).iterdir():
        if (room / "__init__.py").exists():
            text = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""
            found[room.name] = (layer[room.name], text.split("\n")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_is_that_of_the_code(package: str) -> None:
    """A new room, a moved one, or one that now says something else of itself is changed on the map too."""
    shown = {room: (int(layer), text) for where, room, layer, text in ROW.findall(ARCHITECTURE) if where == package}
    assert shown == rooms(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_single_modules_have_their_layer(package: str) -> None:
    """Modules beside the rooms are named below the map, with the same numbers."""
    lines = list(reversed(LAYERS[package]))
    layer = {module: number for number, line in enumerate(lines, 1) for module in line}
    single = set(layer) - set(rooms(package)) - {"__main__"}
    paragraphs = [line for line in ARCHITECTURE.splitlines() if line.startswith("Single modules")]
    text = paragraphs[PACKAGES.index(package)]
    assert set(re.findall(r"`([a-z_]+)`", text)) == single
    shown = dict(re.findall(r"`([a-z_]+)` \((\d+)", text))
    assert {module: layer[module] for module in shown} == {module: int(number) for module, number in shown.items()}


def test_each_link_of_a_document_leads_somewhere() -> None:
    """Relative links of ARCHITECTURE, CONTRIBUTING, README and docs: the file is there, and so is the heading."""
    pages = [*ROOT.glob("*.md"), ROOT / "tests/README.md", *(ROOT / "docs").glob("*.md")]
    headings = {
        page: {anchor(line) for line in page.read_text("utf-8").splitlines() if line.startswith("#")} for page in pages
    }
    wrong = []
    for page in pages:
        for target in re.findall(r"\]\(((?!https?:|mailto:)[^)\s]+)\)", page.read_text("utf-8")):
            path, _, heading = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (heading and file in headings and heading not in headings[file]):
                wrong.append((page.name, target))
    assert wrong == []


def test_each_page_can_be_found_from_the_overview() -> None:
    """A new page of docs gets its place in the overview's table."""
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\(([^)#]+)", ARCHITECTURE))


def anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    text = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading.lstrip("#").strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
