"""Which Kafka timestamp a record gets that is sent again."""

from types import SimpleNamespace

import pytest

from streams import topics
from streams.cli.deadletter import _Sender
from streams.settings import load_settings

NOW = 1_790_000_000_000
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [(0, True), (-14 * DAY, True), (-15 * DAY, False), (-400 * DAY, False), (20 * MINUTE, True), (HOUR - MINUTE, False),
     (2 * HOUR, False), (3_000_000_000_000, False), (-NOW - 1, False)],
)  # fmt: skip
def test_a_stamp_that_the_topic_would_refuse_becomes_the_time_of_sending(ahead: int, kept: bool) -> None:
    """One stamp beyond the limits has its whole batch refused, and the replay ends there, half sent."""
    sender = _Sender(load_settings(), NOW)
    letter = SimpleNamespace(topic=topics.TRANSACTIONS, timestamp_ms=NOW + ahead)
    assert sender.stamp(letter) == (NOW + ahead if kept else None)
