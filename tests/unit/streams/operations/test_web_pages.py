"""The page of metrics: what asking for it costs, however often it is asked for."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streams.operations import web_pages
from streams.operations.readiness_metrics import readiness_metrics
from streams.operations.startup_page import StartupFacts
from streams.operations.web_pages import SHARE, KeptPage, add_pages

SECONDS = 0.01
"""What making a page takes here."""


def no_facts() -> StartupFacts:
    return StartupFacts(outlook=None, learned={})


class Maker:
    """Makes pages that count, each in `SECONDS` of its own clock."""

    def __init__(self) -> None:
        self.now, self.made = 100.0, 0

    def page(self) -> bytes:
        """The next one."""
        self.now += SECONDS
        self.made += 1
        return b"%d" % self.made


def test_asking_for_ever_takes_a_twentieth_of_the_time() -> None:
    """Each who asks gets a page, one of at most a fifth of a second ago; whoever asks seldom gets a new one."""
    maker = Maker()
    kept = KeptPage(maker.page, lambda: maker.now)
    assert (SHARE, kept()) == (0.05, b"1")
    began = maker.now
    while maker.now < began + 10:
        assert kept() == b"%d" % maker.made
        maker.now += 0.001
    assert maker.made * SECONDS == pytest.approx(SHARE * 10, rel=0.05)
    before, maker.now = maker.made, maker.now + 0.2
    assert (kept(), maker.made) == (b"%d" % (before + 1), before + 1)


def test_a_pause_while_a_page_is_made_is_no_measure_of_its_making() -> None:
    """A process stopped for a minute in the midst of it shows a new page 2 s later, not 19 minutes."""
    maker = Maker()

    def stopped() -> bytes:
        maker.now += 60.0 if maker.made == 0 else 0.0
        return maker.page()

    kept = KeptPage(stopped, lambda: maker.now)
    assert kept() == b"1"
    maker.now += 1.9
    assert kept() == b"1"
    maker.now += 0.2
    assert kept() == b"2"


def test_the_page_of_metrics_is_one_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for twice at once it is made once."""
    # so long that a busy machine asks the second time within it
    monkeypatch.setattr(web_pages, "MOST_KEPT_SECONDS", 600.0)
    monkeypatch.setattr(web_pages, "SHARE", 0.00005)
    pages: dict[str, Any] = {}

    def page(path: str, name: str) -> Any:
        return lambda function: pages.setdefault(path, function)

    maker = Maker()

    def slow() -> bytes:
        time.sleep(0.05)
        return maker.page()

    told = readiness_metrics(CollectorRegistry())._asdict()
    broker = SimpleNamespace(away_seconds=lambda: 0.0)
    add_pages(SimpleNamespace(page=page), SimpleNamespace(page=slow, **told), [], SimpleNamespace(), broker, no_facts)
    web = SimpleNamespace(bytes=lambda content, headers: (content, headers["Content-Type"]))
    first, second = (asyncio.run(pages["/metrics"](web, None)) for _ in range(2))
    assert first == second
    assert (first[0], maker.made) == (b"1", 1)
    assert first[1].startswith("text/plain")


def test_the_metrics_say_what_readyz_says() -> None:
    """Reasons of all agents and the broker's absence, asked for anew with each page; ready again, both are 0."""
    registry, pages = CollectorRegistry(), {}

    def page(path: str, name: str) -> Any:
        return lambda function: pages.setdefault(path, function)

    reasons: list[str] = ["monitor[3]: replaying", "monitor[4]: replaying"]
    away: list[str] = ["the broker does not answer"]
    broker = SimpleNamespace(away_seconds=lambda: 42.5 if away else 0.0, unready=lambda: away)
    metrics = SimpleNamespace(page=lambda: generate_latest(registry), **readiness_metrics(registry)._asdict())
    asked = [broker, SimpleNamespace(unready=lambda: reasons)]
    add_pages(SimpleNamespace(page=page), metrics, asked, SimpleNamespace(), broker, no_facts)

    def shown() -> tuple[float | None, float | None]:
        return tuple(
            registry.get_sample_value(f"fxwatch_{name}") for name in ("broker_away_seconds", "unready_reasons")
        )

    web = SimpleNamespace(text=lambda body, content_type, status: (json.loads(body), status))
    assert shown() == (42.5, 3)
    body, status = asyncio.run(pages["/readyz"](web, None))
    assert (len(body["reasons"]), body["ready"], status) == (3, False, 503)
    reasons.clear()
    away.clear()
    assert shown() == (0, 0)
    assert asyncio.run(pages["/readyz"](web, None)) == ({"ready": True, "reasons": []}, 200)


def test_the_startup_page_speaks_the_language_that_is_asked_for() -> None:
    """English unless `?lang=ko`; what else is asked for is English too."""
    pages: dict[str, Any] = {}

    def page(path: str, name: str) -> Any:
        return lambda function: pages.setdefault(path, function)

    metrics = SimpleNamespace(page=lambda: b"", **readiness_metrics(CollectorRegistry())._asdict())
    broker = SimpleNamespace(away_seconds=lambda: 0.0)
    add_pages(SimpleNamespace(page=page), metrics, [], SimpleNamespace(), broker, no_facts)
    web = SimpleNamespace(bytes=lambda content, headers: (content.decode(), headers["Content-Type"]))

    def ask(**query: str) -> str:
        content, kind = asyncio.run(pages["/startup"](web, SimpleNamespace(query=query)))
        assert kind == "text/html; charset=utf-8"
        return content

    assert "holds no partition" in ask()
    assert "맡은 파티션이 없습니다" in ask(lang="ko")
    assert "holds no partition" in ask(lang="<script>")
