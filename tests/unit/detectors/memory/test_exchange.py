"""When a partition tells what it counted, and what it takes of what others tell."""

from math import nan
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.contracts.learning import Learning, ScoreCounts
from detectors.memory.exchange import FIRST, MOST, MOST_BELIEVED, MOST_NUMBERS, Exchange, bins_of
from detectors.values.legal_calendar import DAY_US, HOUR_US, local_date

SEOUL = ZoneInfo("Asia/Seoul")
# 2026-01-05 00:00 in Seoul
MIDNIGHT_US = 1_767_538_800_000_000


def begun() -> Exchange:
    """A partition under a detector set that has told nothing."""
    exchange = Exchange()
    exchange.begin("f00d")
    return exchange


def count(exchange: Exchange, times: int, at_us: int = MIDNIGHT_US, place: int = 7) -> list[int]:
    """Count scores of one bin; how many scores each record told holds."""
    told = []
    for _ in range(times):
        exchange.count(3, "person.out", place, at_us, SEOUL)
        told += [sum(one.told.segments["person.out"][1::2]) for one in exchange.take_waiting()]
    return told


def test_counts_are_told_after_32_64_128_and_then_each_thousand() -> None:
    """In all scored, so that a new partition is heard soon and a busy one seldom."""
    assert count(begun(), 3_100) == [32, 32, 64, 128, 256, 512, MOST, MOST]


def test_a_new_local_day_tells_what_the_day_before_left() -> None:
    """In Seoul: nine hours before the day of UTC. A day without news tells nothing."""
    exchange = begun()
    assert count(exchange, 5, MIDNIGHT_US) == []
    assert count(exchange, 1, MIDNIGHT_US + DAY_US - 1) == []
    assert count(exchange, 1, MIDNIGHT_US + DAY_US) == [6]
    assert exchange.pending == 1
    assert count(exchange, 1, MIDNIGHT_US + 9 * DAY_US + HOUR_US) == [1]


def test_a_record_says_who_tells_its_number_and_the_counts_by_rising_bin() -> None:
    exchange = begun()
    for number in range(FIRST):
        exchange.count(3, "person.out" if number % 2 else "business.in", 40 - number % 4, MIDNIGHT_US, SEOUL)

    [told] = exchange.take_waiting()

    assert told == Learning(
        partition=3,
        number=1,
        told=ScoreCounts(
            segments={"business.in": (38, 8, 40, 8), "person.out": (37, 8, 39, 8)},
            detectors="f00d",
            day=local_date(MIDNIGHT_US, SEOUL).toordinal(),
        ),
    )
    assert exchange.take_waiting() == ()


def test_a_record_has_the_sums_of_what_its_payments_measure_and_the_next_one_begins_anew() -> None:
    """By segment and measure: how many, sum, sum of squares; nothing of a measure that no payment had."""
    exchange = begun()
    for number in range(2 * FIRST):
        numbers = (nan if number % 2 else 1024.0, 10.0, 1.0, nan)
        exchange.count(3, "person.out", 7, MIDNIGHT_US, SEOUL, numbers)
    first, second = [one.told for one in exchange.take_waiting()]
    assert first.measured == {
        "person.out": {
            "amount": (16, 16 * 320, 16 * 320**2),
            "hour": (32, 32 * 40, 32 * 1600),
            "undocumented": (32, 3200, 320_000),
        }
    }
    assert (second.measured, second.day) == (first.measured, first.day)


def test_payments_whose_scores_do_not_count_are_measured_on_their_own_day() -> None:
    """Of a day without a counted score what was measured is told alone; on another one it is told with the counts."""
    exchange, numbers = begun(), (1024.0, 10.0, 0.0, nan)
    for at_us in (MIDNIGHT_US, MIDNIGHT_US + DAY_US, MIDNIGHT_US + 2 * DAY_US):
        exchange.measure(3, "person.out", at_us, SEOUL, numbers)
    exchange.count(3, "person.out", 7, MIDNIGHT_US + 2 * DAY_US, SEOUL, numbers)
    first_day = local_date(MIDNIGHT_US, SEOUL).toordinal()
    for number, alone in enumerate(exchange.take_waiting()):
        assert isinstance(alone.told, ScoreCounts)
        assert (alone.told.day, alone.told.segments) == (first_day + number, {})
        assert alone.told.measured["person.out"]["hour"][0] == 1
    assert exchange.told == 2
    exchange.measure(3, "person.out", MIDNIGHT_US + 3 * DAY_US, SEOUL, numbers)
    [told] = [one.told for one in exchange.take_waiting()]
    assert isinstance(told, ScoreCounts)
    assert told.day == local_date(MIDNIGHT_US + 2 * DAY_US, SEOUL).toordinal()
    assert (told.segments["person.out"], told.measured["person.out"]["hour"][0]) == ((7, 1), 2)


def test_what_waits_to_be_told_of_a_segment_is_bounded() -> None:
    """A busy party whose scores do not count is measured 2 500 times between two records."""
    exchange = begun()
    for _ in range(5_000):
        exchange.measure(3, "person.out", MIDNIGHT_US, SEOUL, (1024.0, 10.0, 0.0, 0.0))
    assert len(exchange.to_state()) < 8 * MOST_NUMBERS + 1_000
    exchange.count(3, "person.out", 7, MIDNIGHT_US, SEOUL)
    exchange.count(3, "person.out", 7, MIDNIGHT_US + DAY_US, SEOUL)
    [told] = [one.told for one in exchange.take_waiting()]
    assert isinstance(told, ScoreCounts)
    assert told.measured["person.out"]["amount"][0] == MOST_NUMBERS // 4 == 2_500


def test_what_is_measured_and_not_told_yet_is_saved() -> None:
    exchange = begun()
    exchange.count(3, "person.out", 7, MIDNIGHT_US, SEOUL, (1024.0, 10.0, 0.0, nan))
    again = Exchange.from_state(exchange.to_state())
    for one in (exchange, again):
        for _ in range(FIRST - 1):
            one.count(3, "person.out", 7, MIDNIGHT_US, SEOUL, (4.0, 1.0, 0.0, 0.0))
    assert again.take_waiting() == exchange.take_waiting()


def test_another_detector_set_tells_nothing_of_the_one_before_and_numbers_on() -> None:
    exchange = begun()
    count(exchange, FIRST + 5)
    exchange.begin("f00d")
    assert exchange.pending == 5
    exchange.begin("beef")
    assert exchange.pending == 0
    for _ in range(FIRST):
        exchange.count(3, "person.out", 7, MIDNIGHT_US, SEOUL)
    [told] = exchange.take_waiting()
    assert (told.number, told.told.detectors) == (2, "beef")


def learning(partition: int, number: int, detectors: str = "f00d") -> Learning:
    """A record that a partition told."""
    return Learning(partition=partition, number=number, told=ScoreCounts(segments={}, detectors=detectors))


def test_each_record_is_applied_once_by_its_tellers_number() -> None:
    exchange = begun()
    heard = [exchange.hear(learning(*one)) for one in ((0, 1), (5, 1), (0, 1), (0, 4), (0, 3), (5, 2))]
    assert heard == ["applied", "applied", "repeated", "applied", "repeated", "applied"]


def test_records_of_another_detector_set_are_passed_over_and_not_taken_later() -> None:
    exchange = begun()
    assert exchange.hear(learning(0, 1, "beef")) == "passed"
    exchange.begin("beef")
    assert exchange.hear(learning(0, 1, "beef")) == "repeated"


@pytest.mark.parametrize("scores", [0, 5, FIRST, 700])
def test_a_saved_exchange_goes_on_as_if_it_had_never_been_saved(scores: int) -> None:
    exchange = begun()
    count(exchange, scores)
    exchange.hear(learning(2, 9))
    exchange.note("passed", "score_counts")

    again = Exchange.from_state(exchange.to_state())

    assert again.to_state() == exchange.to_state()
    assert count(again, 2_000) == count(exchange, 2_000)
    assert again.hear(learning(2, 9)) == "repeated"


def test_damaged_bytes_are_no_exchange() -> None:
    with pytest.raises(ValueError, match="array"):
        Exchange.from_state(msgspec.msgpack.encode({"a": 1}))


@pytest.mark.parametrize(
    ("numbers", "usable"),
    [
        ((), True),
        ((0, 1), True),
        ((2, 5, 9, 1), True),
        ((9, MOST_BELIEVED), True),
        ((2,), False),
        ((2, 5, 2, 1), False),
        ((9, 1, 2, 1), False),
        ((10, 1), False),
        ((2, 0), False),
        ((9, MOST_BELIEVED + 1), False),
    ],
)
def test_counts_that_no_partition_can_have_told_are_none(numbers: tuple[int, ...], usable: bool) -> None:
    """Ten bins here."""
    found = bins_of(ScoreCounts(segments={"person.out": numbers}, detectors="f00d"), 10)
    assert found == ({"person.out": dict(zip(numbers[::2], numbers[1::2], strict=True))} if usable else None)
