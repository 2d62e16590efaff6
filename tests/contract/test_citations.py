"""Each document, and each section of one, that code, tests, documents or deploy files cite is there."""

from pathlib import Path

import pytest

from tests.support.citations import Citation, wrong_citations

ROOT = Path(__file__).parents[2]
# a name in two parts, so that this file cites nothing
PLAN, GONE = "docs/PLAN" + ".md", "docs/GONE" + ".md"
PAGE = """# Plan

Contract version 1.1.

## 2. Flow

**Order of topics.** Best effort.

### fx.rates.v1

## T01: splitting
"""
SOUND = (
    f"see {PLAN}",
    "PLAN section 2 and PLAN's section 2",
    'PLAN, "Order of topics"',
    "PLAN, Order of topics.",
    "PLAN `fx.rates.v1`, PLAN T01, PLAN 1.1",
    "aiokafka issue 1038; Remittance Prices, issue 47, 2023",
    "RFC 8032, section 7.1; https://wiki.example/NOWHERE" + ".md",
)
WRONG = {
    f"see {GONE}": Citation("streams/cites.py", GONE),
    "STAGE" + "-2 section 1": Citation("streams/cites.py", "STAGE" + "-2", "1"),
    "PLAN section" + " 3": Citation("streams/cites.py", "PLAN", "3"),
    "(PLAN, " + '"Order of things")': Citation("streams/cites.py", "PLAN", "Order of things"),
    "(TRAPS, " + '"Order of topics")': Citation("streams/cites.py", "TRAPS", "Order of topics"),
    "(PLAN, " + "Key rotation)": Citation("streams/cites.py", "PLAN", "Key rotation"),
    "PLAN " + "1.2": Citation("streams/cites.py", "PLAN", "1.2"),
    "PLAN " + "`fx.news.v1`": Citation("streams/cites.py", "PLAN", "fx.news.v1"),
    "as wanted (issue" + " 5)": Citation("streams/cites.py", "issue", "5"),
    "PLAN " + "T02": Citation("streams/cites.py", "PLAN", "T02"),
}


@pytest.fixture
def project(tmp_path):
    """A project of one document, one file of code and one page that links to the document."""
    for name in ("docs", "streams"):
        (tmp_path / name).mkdir()
    (tmp_path / PLAN).write_text(PAGE)
    (tmp_path / "README.md").write_text(f"[plan]({PLAN}#2-flow)\n")
    return tmp_path


def test_no_citation_of_the_project_leads_nowhere():
    """Mend the citation, or write the section; a plan that was not built is not cited."""
    assert wrong_citations(ROOT) == []


def test_right_citations_are_left_alone(project):
    """Of each form one; code that merely looks alike, and other people's documents."""
    (project / "streams" / "cites.py").write_text('"""{}"""\nX = (PLAN, "no title")\n'.format("\n".join(SOUND)))
    assert wrong_citations(project) == []


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("form", ['"""{}"""\n', "x = 1  # {}\n"])
def test_a_wrong_citation_is_found(project, text, form):
    """In a docstring and in a comment."""
    (project / "streams" / "cites.py").write_text(form.format(text))
    assert wrong_citations(project) == [WRONG[text]]


def test_a_citation_over_two_lines_is_read_as_one(project):
    """Comments break where the line ends, in the middle of a title too."""
    cited = '# see {0}, "Order\n# of topics", and {0}, "Order\n# of things"\n'.format("PLAN")
    (project / "streams" / "cites.py").write_text(cited)
    assert wrong_citations(project) == [Citation("streams/cites.py", "PLAN", "Order of things")]


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        (f"{PLAN}#3-flow", Citation("README.md", PLAN, "#3-flow")),
        ("docs/gone.txt", Citation("README.md", "docs/gone.txt")),
        ("#nowhere", Citation("README.md", "", "#nowhere")),
    ],
)
def test_a_wrong_link_is_found(project, link, wrong):
    """A file that is not there, and a heading that its file has not."""
    (project / "README.md").write_text(f"# Read\n\n[plan]({link})\n")
    assert wrong_citations(project) == [wrong]
