"""A change is shown when all brokers show it, whichever of them is asked."""

from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import ClusterAuthorizationFailedError, KafkaError, UnknownTopicOrPartitionError

from streams.kafka.topics import shown_by_brokers, table_on_cluster
from streams.kafka.topics.differences import TopicDifference
from streams.kafka.topics.shown_by_brokers import wait_until_shown
from streams.settings import Settings

MISSING = TopicDifference(topic="fx.alerts.v1", aspect="topic", got=None, expected="12", mendable=True)


class Brokers:
    """Brokers that are asked in turn, each of which shows a change at a time of its own; and their clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *shown_at: float) -> None:
        self.now, self._turn = 0.0, cycle(shown_at)
        self._brokers: list[dict[str, Any]] = [{"is_fenced": False} for _ in shown_at]
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep)
        monkeypatch.setattr(shown_by_brokers, "time", clock)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def fence(self) -> None:
        """One more broker is known and does not serve."""
        self._brokers.append({"is_fenced": True})

    def describe_cluster(self) -> dict[str, Any]:
        """What the admin client would say."""
        return {"brokers": self._brokers}

    def look(self) -> bool:
        """What the next broker shows."""
        return self.now >= next(self._turn)


def test_one_broker_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for where nobody else can answer; a broker that is fenced answers nothing."""
    brokers = Brokers(monkeypatch, 0.0)
    brokers.fence()
    assert wait_until_shown(brokers, brokers.look)
    assert brokers.now == 0.0


def test_the_last_of_several_brokers_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three brokers show a change at once, after .3 s and after 3 s: it is shown when the third had a second."""
    brokers = Brokers(monkeypatch, 0.0, 0.3, 3.0)
    assert wait_until_shown(brokers, brokers.look)
    assert 3.0 + shown_by_brokers.SHOWN_SECONDS - 0.5 < brokers.now < 3.0 + shown_by_brokers.SHOWN_SECONDS + 0.5


def test_what_no_broker_ever_shows_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the whole time the answer is no."""
    brokers = Brokers(monkeypatch, 0.0, 1e9)
    assert not wait_until_shown(brokers, brokers.look)
    assert brokers.now == pytest.approx(shown_by_brokers.LONGEST_SECONDS, abs=0.2)


@pytest.mark.parametrize(
    ("fault", "raised"), [(UnknownTopicOrPartitionError, 15.0), (ClusterAuthorizationFailedError, 0.0)]
)
def test_errors_of_a_broker(monkeypatch: pytest.MonkeyPatch, fault: type[KafkaError], raised: float) -> None:
    """One that passes is a look that missed the change, raised only when it is the last; another is raised at once."""
    brokers = Brokers(monkeypatch, 0.0, 0.0)

    def look() -> bool:
        raise fault

    with pytest.raises(fault):
        wait_until_shown(brokers, look)
    assert brokers.now == pytest.approx(raised, abs=0.2)


def test_an_unknown_topic_is_only_one_more_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has not heard of the topic when its settings are asked for does not end the command."""
    brokers = Brokers(monkeypatch, 0.0, 0.5)

    def look() -> bool:
        if not brokers.look():
            raise UnknownTopicOrPartitionError
        return True

    assert wait_until_shown(brokers, look)
    assert brokers.now > shown_by_brokers.SHOWN_SECONDS


def test_apply_waits_for_the_broker_that_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `topics apply` returns is what the last look showed: nothing, once the second broker knows the topic."""
    brokers = Brokers(monkeypatch, 0.0, 0.8)
    monkeypatch.setattr(table_on_cluster, "find_differences", lambda _admin, _settings: [MISSING])
    monkeypatch.setattr(table_on_cluster, "_create", lambda _admin, _settings, names: names.clear())
    monkeypatch.setattr(
        table_on_cluster, "compare_with_table", lambda _admin, _settings: [] if brokers.look() else [MISSING]
    )
    assert table_on_cluster.apply(brokers, Settings()) == [MISSING]
    assert brokers.now > 0.8 + shown_by_brokers.SHOWN_SECONDS - 0.5
