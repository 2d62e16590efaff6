"""The first partition sees a change of all partitions' payments, tells it once, and keeps it exactly."""

import random
from datetime import date

import msgspec
import pytest

from detectors.contracts.learning import ScoreCounts, StreamDrift
from detectors.memory.day_measures import MEASURES
from detectors.memory.drift import DAYS_TO_SETTLE, MOST_DAYS, MOST_SERIES, Drifts, are_sums

FIRST_DAY = date(2026, 3, 1).toordinal()


def told(day: int, amounts: list[int], segment: str = "person.out", name: str = "amount") -> ScoreCounts:
    """What a partition tells of a day, counted from 1 March 2026."""
    sums = (len(amounts), sum(amounts), sum(one * one for one in amounts))
    return ScoreCounts(segments={}, detectors="f00d", day=FIRST_DAY + day, measured={segment: {name: sums}})


def month(seed: int = 1, change: int = 20, days: int = 30, times: int = 32) -> list[ScoreCounts]:
    """Two partitions' records of a month: payments of some 1 000 USD that double on a day."""
    lots = random.Random(seed)
    records = []
    for day in range(days):
        more = times if day >= change else 0
        records += [told(day, [min(768, round(lots.gauss(320 + more, 40))) for _ in range(60)]) for _ in range(2)]
    return records


def heard(records: list[ScoreCounts], drifts: Drifts) -> list[tuple[int, StreamDrift]]:
    """Each drift with the day on which it was told."""
    return [(one.day - FIRST_DAY, drift) for one in records for drift in drifts.hear(one, {})]


def test_amounts_that_double_are_told_three_days_later_with_before_and_after():
    [(at, drift)] = heard(month(), Drifts())
    assert at == 23
    assert (drift.segment, drift.measure, drift.since) == ("person.out", "amount", date(2026, 3, 21))
    assert drift.detectors == "f00d"
    assert (drift.before.days, drift.before.payments) == (20, 2400)
    assert (drift.after.days, drift.after.payments) == (3, 360)
    assert drift.before.total / drift.before.payments == pytest.approx(320, abs=3)
    assert drift.after.total / drift.after.payments == pytest.approx(352, abs=6)
    assert drift.text.startswith("amount of person.out changed on 2026-03-21: a mean of 10")
    assert "(2400 payments on 20 days)" in drift.text
    assert "(360 payments on 3 days)" in drift.text


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_without_a_change_has_no_drift(seed):
    assert heard(month(seed, change=99, days=60), Drifts()) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_doubling_is_found_whatever_the_seed_and_told_once(seed):
    assert [drift.since for _, drift in heard(month(seed, days=50), Drifts())] == [date(2026, 3, 21)]


def test_strangeness_is_seen_in_the_counts_of_scores():
    """64 bins are a nat; what is stranger than four nats counts as four. Two days are enough for so large a change."""
    [(at, drift)] = strange_from(DAYS_TO_SETTLE + 20)
    assert (drift.measure, drift.segment, at) == ("strangeness", "bank.in", DAYS_TO_SETTLE + 22)
    assert drift.since.toordinal() == FIRST_DAY + DAYS_TO_SETTLE + 20
    assert (drift.before.total, drift.after.total) == (20 * 50 * 96, 2 * 50 * (64 + 256))


def strange_from(change: int) -> list[tuple[int, StreamDrift]]:
    """The drifts of banks' scores that are stranger from a day on, with the day on which each was told."""
    drifts, found = Drifts(), []
    for day in range(60):
        bins = {64: 50, 1000: 50} if day >= change else {32: 50, 64: 50}
        told_now = ScoreCounts(segments={}, detectors="f00d", day=FIRST_DAY + day)
        found += [(day, one) for one in drifts.hear(told_now, {"bank.in": bins})]
    return found


def test_a_segment_without_documents_on_no_day_counts_as_zero():
    """Zeros are values: where all have documents the mean is 0, and then it is not."""
    records = [told(day, [100 if day >= 20 else 0] * 60, name="undocumented") for day in range(30)]
    [(_, drift)] = heard(records, Drifts())
    assert (drift.before.payments, drift.before.total, drift.since) == (1200, 0, date(2026, 3, 21))


def test_each_day_is_looked_at_once(monkeypatch: pytest.MonkeyPatch):
    """However many partitions tell of it, in whatever order."""
    looks = []
    monkeypatch.setattr("detectors.memory.drift.find_change", lambda days, *_: looks.append(len(days)))
    heard(month(change=99, days=9), Drifts())
    assert looks == list(range(1, 9))


def test_bins_are_summed_with_their_squares():
    """Ten scores of bin 3, and five beyond four nats, which count as four."""
    drifts = Drifts()
    drifts.hear(ScoreCounts(segments={}, detectors="f00d", day=1), {})
    drifts.hear(ScoreCounts(segments={}, detectors="f00d", day=99), {"bank.in": {3: 10, 300: 5}})
    [[segment, name, days]] = msgspec.msgpack.decode(drifts.to_state())[2]
    assert (segment, name, days) == ("bank.in", "strangeness", [[99, 15, 30 + 1280, 90 + 5 * 256**2]])


def test_models_that_know_nothing_yet_are_given_a_month():
    """They find nothing strange at first; amounts are watched from the first day on."""
    assert strange_from(20) == strange_from(DAYS_TO_SETTLE) == []
    [(at, _)] = heard(month(change=15, days=25), Drifts())
    assert at == 19


def test_the_order_of_partitions_within_a_day_changes_nothing():
    """Sums are whole numbers, so the saved bytes are equal."""
    records = month(change=99, days=20)
    other, one = Drifts(), Drifts()
    heard(records, one)
    heard([record for day in range(20) for record in reversed(records[2 * day : 2 * day + 2])], other)
    assert one.to_state() == other.to_state()


def test_what_comes_late_counts_on_its_own_day():
    """A partition that was behind; what is older than all days that are kept is left out."""
    late, one = Drifts(), Drifts()
    records = month(change=99, days=5)
    heard(records, one)
    heard([*records[:4], *records[6:], *records[4:6]], late)
    assert late.to_state() == one.to_state()
    by_one, three = Drifts(), Drifts()
    heard([*records[:4], *records[6:8], *records[4:6]], by_one)
    heard(records[:8], three)
    assert by_one.to_state() == three.to_state()
    full = Drifts()
    heard(month(change=99, days=MOST_DAYS + 9), full)
    before = full.to_state()
    full.hear(told(0, [1]), {})
    assert full.to_state() == before
    assert len(msgspec.msgpack.decode(before)[2][0][2]) == MOST_DAYS


def test_saved_in_the_middle_it_goes_on_as_if_it_had_never_been():
    records = month()
    whole, halved = Drifts(), Drifts()
    expected = heard(records, whole)
    first = heard(records[:25], halved)
    again = Drifts.from_state(halved.to_state())
    assert again.to_state() == halved.to_state()
    assert first + heard(records[25:], again) == expected
    assert again.to_state() == whole.to_state()


def test_damaged_bytes_are_no_drifts():
    with pytest.raises(ValueError, match="a measure 'none'"):
        Drifts.from_state(msgspec.msgpack.encode((1, 1, [("a", "none", [])])))
    with pytest.raises(ValueError, match="Expected `array`"):
        Drifts.from_state(msgspec.msgpack.encode(1))


def test_no_teller_makes_it_grow_without_bound():
    """Segments that nobody has, and measures of a later release."""
    drifts = Drifts()
    drifts.hear(told(1, [5], "s1", "of later"), {})
    drifts.hear(told(1, [], "s1"), {})
    assert msgspec.msgpack.decode(drifts.to_state())[2] == []
    for number in range(MOST_SERIES + 5):
        drifts.hear(told(1, [5], f"s{number}"), {})
    assert len(msgspec.msgpack.decode(drifts.to_state())[2]) == MOST_SERIES


SPAN = MEASURES["amount"].span


@pytest.mark.parametrize(
    ("sums", "right"),
    [
        ((1, 5, 25), True),
        ((2, 2 * SPAN, 2 * SPAN * SPAN), True),
        ((0, 0, 0), False),
        ((1, SPAN + 1, (SPAN + 1) ** 2), False),
        ((2, 10, 49), False),
        ((2, 10, 10 * SPAN + 1), False),
        ((100_000, 100_000, 100_000), True),
        ((100_001, 100_001, 100_001), False),
    ],
)
def test_sums_that_no_partition_can_have_measured_are_none(sums, right):
    """Beyond the span, or squares that no values have."""
    assert are_sums(ScoreCounts(segments={}, detectors="f00d", measured={"a": {"amount": sums}})) is right


def test_what_a_later_release_measures_is_taken_and_not_looked_at():
    assert are_sums(ScoreCounts(segments={}, detectors="f00d", measured={"a": {"of later": (0, 9, 0)}}))
