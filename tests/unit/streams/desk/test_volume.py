"""Payments a day by positions, and what partitions told that they learned."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.learning import DeskCopies, Learning, ScoreCounts
from streams.desk.volume import DAYS, Volume, count_learned, list_midnights


def told(partition: int, number: int, *counts: int, detectors: str = "d") -> bytes:
    scores = ScoreCounts(segments={"person.out": counts}, detectors=detectors)
    return msgspec.json.encode(Learning(partition=partition, number=number, told=scores))


def test_the_days_are_local_ones():
    """At 23:30 UTC it is the next day in Seoul; seven whole days stand before it."""
    midnights = list_midnights(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), ZoneInfo("Asia/Seoul"))
    assert len(midnights) == DAYS + 1
    assert [day.isoformat() for day, _ in midnights][-1] == "2026-03-10"
    assert midnights[-1][1].astimezone(UTC) == datetime(2026, 3, 9, 15, tzinfo=UTC)


def test_payments_a_day_are_those_since_the_first_day_that_had_any():
    """A quiet weekend counts as days; the days before the deployment began do not."""
    assert Volume(days={"1": 0, "2": 0, "3": 60, "4": 0, "5": 30}, today=9).payments_a_day == 30
    assert Volume(days={"1": 0, "2": 0}, today=9).payments_a_day == 9
    assert Volume(days={"1": 0}, today=0).payments_a_day == 0


def test_what_was_told_is_counted_once_and_of_this_detector_set():
    """Records told again, of another set, of another kind, and damaged ones add nothing."""
    copies = Learning(partition=2, number=4, told=DeskCopies(day=739_000, desks=("compliance",)))
    other = told(0, 9, 5, 1_000, detectors="other")
    values = [told(0, 1, 5, 3, 7, 2), told(0, 1, 5, 3, 7, 2), told(1, 1, 9, 40), other]
    values += [b"{", None, msgspec.json.encode(copies)]
    learned = count_learned(values, "d", 120_000)
    assert learned.partitions == {0: 5, 1: 40}
    assert learned.everyone == 45
    # a level of ten forgets what came before its newest generation
    assert count_learned(values, "d", 10).everyone == 40
