"""Finds citations of documents and of their sections: in docstrings, comments, documents and configuration files.

What is looked for, where NAME is a document of `docs/` or of the root, without its ending:

* `[text](PATH#anchor)` in a document: the file, and the heading that GitHub gives that anchor;
* a file's name with the ending of a document, wherever it stands: beside the citing file, in the root, or in `docs/`;
* NAME section N: a heading with that number, of whatever is written in capitals;
* NAME 1.1: a heading with that number, or a version of that number that the page names;
* a name in capitals, then a title in quotes: a heading, or the bold words that a paragraph begins with;
* NAME, then a title without quotes: the same;
* an issue's number, but another project's or a journal's: the list of issues is not in the repository;
* NAME `fx.topic.v1`, NAME T01: a heading of that topic or typology.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENDINGS = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".sh", ".cfg", ".in", ""}
PLACES = ("streams", "detectors", "tests", "deploy", "docs", ".ci")
# recorded streams and expected bytes: nobody cites in them
LEFT_OUT = {"__pycache__", "golden"}

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_LEAD = re.compile(r"^(?:[*-] |\d+\. )?\*\*(.+?)\*\*", re.MULTILINE)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?<![\w/.:<-])((?:\.\./)*(?:[\w.-]+/)*[A-Z][\w-]*(?:\.ko)?\.md)\b")
_NAMED = r"\b([A-Z][A-Z0-9-]+[A-Z0-9])(?:\.md)?(?:\]\([^)]*\))?(?:'s)?,?"
_SECTION = re.compile(_NAMED + r"\W(?:sections?|§) ?(\d+(?:\.\d+)*)")
_TITLED = re.compile(_NAMED + r" \(?[\"“]([A-Z][ a-z][^\"”]+)[\"”]")
_ISSUE = re.compile(r"(?<![a-z] )\bissue #?(\d+)\b(?!, \d{4})", re.IGNORECASE)
# docstrings and comments; a sign in a string of code may pass for a comment's, which costs nothing
_SAID = re.compile(r'""".*?"""|#[^\n]*', re.DOTALL)
# a comment's or docstring's line breaks are blanks
_BREAK = re.compile(r"\s*\n\s*(?:# ?)?")


class Citation(NamedTuple):
    """Where something is cited, and what: a document, and a title or number in it, empty for the document alone."""

    where: str
    document: str
    part: str = ""


class Page(NamedTuple):
    """What can be cited of a document."""

    titles: tuple[str, ...]
    anchors: frozenset[str]
    text: str

    @classmethod
    def of(cls, text: str) -> "Page":
        """The page of a document's text."""
        headings = _HEADING.findall(_FENCED.sub("", text))
        anchors = frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
        return cls(tuple(map(_plain, [*headings, *_LEAD.findall(text)])), anchors, text)

    def has(self, part: str) -> bool:
        """Whether a title begins with it, or the page names it as a version."""
        wanted = _plain(part)
        if any(title == wanted or re.match(re.escape(wanted) + r"[.,:;( ]", title) for title in self.titles):
            return True
        return bool(re.fullmatch(r"\d+\.\d+", part)) and f"version {part}" in self.text


def _plain(title: str) -> str:
    return re.sub(r"[`*\[\]]|\(\S*\.md\S*\)", "", title).rstrip(".: ").lower()


def documents(root: Path) -> dict[str, Page]:
    """The documents of a project by name."""
    return {path.stem: Page.of(path.read_text("utf-8")) for path in (*root.glob("*.md"), *root.glob("docs/*.md"))}


def _files(root: Path) -> Iterator[tuple[str, str]]:
    found = [path for place in PLACES for path in (root / place).rglob("*") if not LEFT_OUT & set(path.parts)]
    for path in sorted([*root.glob("*"), *found]):
        if path.is_file() and path.suffix in ENDINGS:
            yield path.relative_to(root).as_posix(), path.read_text("utf-8", errors="replace")


def _prose(name: str, text: str) -> str:
    """What people read of a file: of Python its comments and docstrings, of a document all but its examples."""
    if name.endswith(".md"):
        return _FENCED.sub("", text)
    if not name.endswith(".py"):
        return text
    return "\n".join(_SAID.findall(text))


def wrong_citations(root: Path) -> list[Citation]:
    """Every citation of a document, or of a part of one, that does not exist."""
    pages = documents(root)
    wrong: list[Citation] = []
    for name, text in _files(root):
        wrong += _wrong_links(root, name, text) if name.endswith(".md") else []
        told = _FILE.findall(text) if ".md" in text else ()
        wrong += [Citation(name, each) for each in told if not _is_there(root, name, each)]
        wrong += [Citation(name, "issue", number) for number in _ISSUE.findall(_BREAK.sub(" ", _prose(name, text)))]
        for document, part in _parts(pages, name, text):
            if document not in pages or not pages[document].has(part):
                wrong.append(Citation(name, document, part))
    return wrong


def _is_there(root: Path, name: str, told: str) -> bool:
    return any((place / told).is_file() for place in ((root / name).parent, root, root / "docs"))


def _wrong_links(root: Path, name: str, text: str) -> list[Citation]:
    wrong = []
    for target in _LINK.findall(_FENCED.sub("", text)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (root / name).parent / path if path else root / name
        if not file.exists():
            wrong.append(Citation(name, path))
        elif anchor and anchor not in Page.of(file.read_text("utf-8")).anchors:
            wrong.append(Citation(name, path, f"#{anchor}"))
    return wrong


def _parts(pages: dict[str, Page], name: str, text: str) -> Iterator[tuple[str, str]]:
    """(document, part) of every citation of a part."""
    known = "|".join(sorted(map(re.escape, pages), reverse=True))
    cited = rf"(?<![\w/-])({known})(?:\.md)?(?:\]\([^)]*\))?(?:'s)?"
    prose = _BREAK.sub(" ", _prose(name, text))
    yield from _SECTION.findall(prose)
    yield from _TITLED.findall(prose)
    if not any(each in prose for each in pages):
        return
    for part in (
        r", ([A-Z][a-z][\w' ]*)(?=[).;])",
        r" (\d+\.\d+)(?![\w.]\d)",
        r" `?((?:[a-z]+\.)+v\d)\b`?",
        r" (T\d\d)\b",
    ):
        yield from re.findall(cited + part, prose)
