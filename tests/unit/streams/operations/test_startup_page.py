"""The start-up page: what is learned of what is needed, in two languages, and nothing that a browser must fetch."""

import re
from html.parser import HTMLParser

import pytest

from detectors.ranking.outlook import Learned, outlook
from streams.operations.startup_page import StartupFacts, page
from tests.support.ledger import configuration


def facts(a_day: float, *learned: int) -> StartupFacts:
    """A worker that holds the first partitions of twelve."""
    held = dict(enumerate(learned))
    of_all = Learned(partitions=held | {number: min(learned) for number in range(len(learned), 12)}, everyone=0)
    return StartupFacts(outlook=outlook(configuration().detectors, 12, a_day, of_all), learned=held)


def text(shown: bytes) -> str:
    return re.sub(r"<[^>]+>", " ", shown.decode())


def test_it_says_which_partitions_rank_and_which_do_not():
    """One has learned enough, one has not; the page says that scores still learn and rules work."""
    shown = text(page(facts(60, 31, 12)))
    assert "Rules work. Scores are still learning." in shown
    assert "Rules alert from the first payment on." in shown
    assert re.search(r"0\s+31\s+30\s+yes\s+1\s+12\s+30\s+not yet", shown)
    assert "load the past" in shown


def test_it_says_when_scores_are_in_use():
    """All held here rank: then nothing is to be done for them."""
    shown = text(page(facts(3_000, 5_000, 5_000)))
    assert "Scores are in use" in shown
    assert "not yet" not in shown


def test_a_worker_without_partitions_says_so():
    """An ingest worker, or one that waits for its partitions."""
    assert "holds no partition" in text(page(StartupFacts(outlook=None, learned={})))
    assert "맡은 파티션이 없습니다" in text(page(StartupFacts(outlook=None, learned={}), "ko"))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_it_is_a_whole_page_and_fetches_nothing(lang):
    """Every element is closed, and no address stands in it but its own other language."""

    class Nested(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.links: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    reader = Nested()
    reader.feed(page(facts(60, 0, 30), lang).decode())
    assert reader.open == []
    assert reader.links == ["?lang=ko" if lang == "en" else "?lang=en"]
