"""The countable form of the documents: short cells, no chains of semicolons. And the glossary's words are used."""

import re

import pytest

from tests.support.repository import ROOT

MOST_CELL_WORDS = 20
MOST_SEMICOLONS = 1
# A sentence of more words holds more than one idea (our judgement: the longest that read well had 38).
MOST_SENTENCE_WORDS = 40
PAGES = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "tests/README.md",
    *sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md")),
]

# A cell ends at a bar that no backslash precedes.
CELL = re.compile(r"(?<!\\)\|")
SENTENCE = re.compile(r"(?<=[.!?])\W*\s+")
# What begins a thought of its own: a heading, a list's item, a table's row, a quotation.
ITEM = re.compile(r"\s*(?:[-*>#|]|\d+\.)\s")


def prose(text: str) -> list[str]:
    """The lines of a document that are read as sentences: no shown code, links by their words."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "CODE", re.sub(r"\]\([^)\s]*\)", "]", text))
    return [line for line in text.splitlines() if not line.startswith("    ") or ITEM.match(line)]


def paragraphs(text: str) -> list[str]:
    """Paragraphs, items of lists and cells of tables, each on one line."""
    found: list[str] = []
    for line in prose(text):
        if line.startswith("|"):
            found += CELL.split(line)
        elif not line.strip() or ITEM.match(line) or not found:
            found.append(line)
        else:
            found[-1] += " " + line.strip()
    return found


def long_cells(text: str) -> list[str]:
    """Cells of tables with more words than one reads at a glance."""
    shown = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    return [cell.strip() for row in rows for cell in CELL.split(row) if len(cell.split()) > MOST_CELL_WORDS]


def sentences(text: str) -> list[str]:
    """A document's sentences, those of cells included."""
    return [sentence for paragraph in paragraphs(text) for sentence in SENTENCE.split(paragraph)]


def chains(text: str) -> list[str]:
    """Sentences that are several, joined by semicolons. A list behind a colon is one too: it wants to be a list."""
    return [sentence for sentence in sentences(text) if sentence.count(";") > MOST_SEMICOLONS]


def long_sentences(text: str) -> list[str]:
    """Sentences that one has to read twice."""
    return [sentence for sentence in sentences(text) if len(sentence.split()) > MOST_SENTENCE_WORDS]


def faults(name: str) -> list[str]:
    """What breaks the form in a document."""
    text = (ROOT / name).read_text("utf-8")
    return [*long_cells(text), *chains(text), *long_sentences(text)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_easy_to_read(name: str) -> None:
    """Short cells, short sentences, no sentence with two semicolons."""
    assert faults(name) == []


def test_a_long_sentence_is_found() -> None:
    """At the limit, over lines, and not over the end of a sentence."""
    assert long_sentences("word " * 20 + "\n" + "word " * 20) == []
    assert len(long_sentences("word " * 20 + "\n" + "word " * 21)) == 1
    assert long_sentences("word " * 20 + "end. " + "word " * 40) == []


@pytest.mark.parametrize(
    ("text", "cells", "sentences"),
    [
        ("| " + "word " * 20 + "| b |", 0, 0),
        ("| " + "word " * 21 + "| b |", 1, 0),
        ("| a \\| b | " + "word " * 21 + "|", 1, 0),
        ("One; two. Three; four.", 0, 0),
        ("One; two; three.", 0, 1),
        ("One; two\nthree; four.", 0, 1),
        ("* one; two\n* three; four", 0, 0),
        ("A cell:\n\n| one; two; three | b |", 0, 1),
        ("    shown; as; code", 0, 0),
        ("```\nshown; as; code\n```", 0, 0),
        ("`a;b;c` is code", 0, 0),
        ("    * deep; in; a list", 0, 1),
    ],
)
def test_the_form_is_counted(text: str, cells: int, sentences: int) -> None:
    """The check itself, at its limits."""
    assert (len(long_cells(text)), len(chains(text))) == (cells, sentences)


ENTRY = re.compile(r"^\* \*\*([^*]+)\*\*: (.+)$", re.MULTILINE)
GLOSSARY = (ROOT / "docs/GLOSSARY.md").read_text("utf-8")
# Words that readers of the texts asked about.
ASKED = {"run", "companion", "mark", "door", "slot", "letter", "patience", "news", "lesson", "node"}


def said_in(place: str) -> str:
    """What a file says, or all modules below a directory."""
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return " ".join(" ".join(file.read_text("utf-8").lower().split()) for file in files)


def test_each_word_of_the_glossary_is_used_where_it_says() -> None:
    """No entry for a word that went: the file that it names is there and says the word (`party_days` for party-day)."""
    wrong = []
    for word, text in ENTRY.findall(GLOSSARY):
        # of "identity (of an event)" the word is identity
        form = re.compile(r"(?<![a-z])" + "[-_ ]?".join(re.split(r"[- ]", word.split(" (")[0])))
        place = re.search(r"Used in `([\w./]+)`", text)
        if place is None or not form.search(said_in(place[1])):
            wrong.append((word, place and place[1]))
    assert wrong == []


def test_the_glossary_has_each_word_once_and_those_that_were_asked_for() -> None:
    """In the words of the list above, and the audit trail."""
    words = [word for word, _ in ENTRY.findall(GLOSSARY)]
    assert len(words) == len(set(words)) == GLOSSARY.count("\n* ")
    assert set(words) >= ASKED
    assert "audit trail" in GLOSSARY


def test_each_entry_is_short() -> None:
    """At most four plain sentences, beside the place where the word is used."""
    long = [word for word, text in ENTRY.findall(GLOSSARY) if len(re.findall(r"\.(?= |$)", text)) > 5]
    assert long == []
