"""One line when a worker is ready, one when its partitions changed, one when it has stopped."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from streams.log.announcements import Announcements
from tests.support.logged import fields

PAGES = "http://127.0.0.1:6066"


class Agent:
    """What an agent says of itself."""

    def __init__(self, held: list[int], saved: int = 0) -> None:
        self.numbers, self.reasons, self.saved = held, [], saved
        self.app = SimpleNamespace(_consumer=SimpleNamespace(owed_since=None))

    def held(self) -> list[int]:
        return self.numbers

    def unready(self) -> list[str]:
        return self.reasons


class Bench:
    """Both agents, a clock, and what was told."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now = 100.0
        self.monitor, self.ingest, self.letters = Agent([0, 1], saved=2), Agent([0, 1]), Agent([])
        agents = {"monitor": self.monitor, "ingest": self.ingest}
        self.one = Announcements(agents, [*agents.values(), self.letters], PAGES, 95.5, lambda: self.now)
        self._caplog = caplog
        caplog.set_level(logging.INFO, "streams.worker")

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What was told since the last call."""
        found = [(one.getMessage(), fields(one)) for one in self._caplog.records]
        self._caplog.clear()
        return found


@pytest.fixture
def bench(caplog: pytest.LogCaptureFixture) -> Bench:
    return Bench(caplog)


READY = (
    "ready",
    {"agents": ["monitor", "ingest"], "monitor": [0, 1], "ingest": [0, 1], "pages": PAGES, "seconds": 4.5},
)


def test_ready_is_told_once_when_all_are(bench: Bench) -> None:
    """Not before the last of them, the letters' writer among them; not again after trouble that passed."""
    bench.monitor.reasons = bench.letters.reasons = ["replaying"]
    bench.one.look()
    bench.monitor.reasons = []
    bench.one.look()
    assert bench.told() == []
    bench.letters.reasons = []
    bench.one.look()
    assert bench.told() == [READY]
    bench.one.look()
    bench.ingest.reasons = ["fx.ledger.v1: partition 1 has not acknowledged a write"]
    bench.one.look()
    bench.ingest.reasons = []
    bench.one.look()
    assert bench.told() == []


def test_only_what_changed_is_told(bench: Bench) -> None:
    """In one line for all agents, when all that is held is open again."""
    bench.one.look()
    bench.told()
    bench.monitor.numbers, bench.monitor.reasons = [1, 2], ["monitor[2]: replaying"]
    bench.one.look()
    assert bench.told() == []
    bench.monitor.reasons, bench.ingest.numbers = [], [0]
    bench.one.look()
    assert bench.told() == [
        (
            "partitions changed",
            {
                "monitor": [1, 2],
                "ingest": [0],
                "gained": {"monitor": [2]},
                "lost": {"monitor": [0], "ingest": [1]},
            },
        )
    ]
    bench.ingest.numbers = [0, 1]
    bench.one.look()
    assert bench.told() == [("partitions changed", {"monitor": [1, 2], "ingest": [0, 1], "gained": {"ingest": [1]}})]


def test_a_stop_is_told_in_one_line(bench: Bench) -> None:
    """Seconds since the first signal; what is committed and saved; nothing between signal and end."""
    bench.one.look()
    bench.told()
    bench.now = 200.0
    bench.one.announce_stopping()
    bench.now = 201.0
    bench.one.announce_stopping()
    bench.monitor.numbers = [1]
    bench.one.look()
    bench.monitor.numbers = [0, 1]
    bench.now = 202.5
    bench.one.announce_stopped()
    assert bench.told() == [("stopped", {"seconds": 2.5, "committed": True, "partitions": 2, "saved": 2})]


def test_a_stop_that_left_something_says_so(bench: Bench) -> None:
    """An agent whose last commit was refused; a partition whose state has no snapshot."""
    bench.ingest.app._consumer.owed_since = 90.0
    bench.monitor.saved = 1
    bench.one.announce_stopped()
    assert bench.told() == [("stopped", {"seconds": 0.0, "committed": False, "partitions": 2, "saved": 1})]


def test_a_worker_that_never_read_stops_too(caplog: pytest.LogCaptureFixture) -> None:
    """Ingest alone has no states to save; a consumer that was never made owes nothing."""
    ingest = Agent([0])
    ingest.app._consumer = None
    caplog.set_level(logging.INFO, "streams.worker")
    Announcements({"ingest": ingest}, [ingest], PAGES, 0.0, lambda: 7.0).announce_stopped()
    [told] = caplog.records
    assert (told.getMessage(), told.seconds, told.committed, hasattr(told, "saved")) == ("stopped", 0.0, True, False)
