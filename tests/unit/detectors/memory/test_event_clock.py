"""The partition's clock: one sender's dates move it for nobody else, and no sender can hold it back."""

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.memory import event_clock
from detectors.memory.state import PartitionState
from detectors.typologies import REGISTRY
from detectors.values.legal_calendar import DAY_US, HOUR_US, to_us
from tests.support.ledger import START, Ledger, configuration, later, payment, stamp

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# every payment is looked at: warm at once, a budget of one alert a day for this partition, nothing by lot
WARM = configuration(
    detectors={
        "warm_up": 5,
        "calibration_window": 50,
        "daily_budget": 12.0,
        "rank_ceiling": 1.0,
        "most_by_chance": 1e9,
        "exploration": 0.0,
    },
    rules={name: {"enabled": False} for name in (each.id for each in REGISTRY)},
)


def put(ledger, event_id, at, sent, **fields):
    """A payment dated `at` whose sender's Kafka timestamp is `sent`."""
    origin = msgspec.structs.replace(ledger.origin(), timestamp_ms=stamp(sent))
    return ledger.put(payment(event_id, at, **fields), origin)


def morning(ledger, day, count=20):
    """An honest bank's payments of a morning, of ten customers."""
    for number in range(count):
        at = START + day * DAY + number * timedelta(minutes=1)
        put(ledger, f"h{day}-{number}", at, at, party=f"k1.00{number % 10}.p", amount=str(100 + number % 7))


def budget_of(ledger):
    return ledger.state.budget._state


@pytest.mark.parametrize("ahead", [timedelta(0), DAY], ids=["honest", "attack"])
def test_a_payment_dated_tomorrow_leaves_todays_budget_open(ahead):
    """The same day stays open with the same alerts left, whatever day one sender writes."""
    ledger = Ledger(WARM)
    for day in range(3):
        morning(ledger, day)
    now = START + 2 * DAY + HOUR
    before = msgspec.structs.replace(budget_of(ledger))
    put(ledger, "x", now + ahead, now, institution="BANKX", party="k1.0ff.x", amount="120")
    after = budget_of(ledger)
    assert (after.day, after.days, after.seen) == (before.day, before.days, before.seen + 1)
    assert after.day == "2025-03-05"
    assert before.remaining - 1 <= after.remaining <= before.remaining


@pytest.mark.parametrize("ahead", [timedelta(0), DAY], ids=["honest", "attack"])
@pytest.mark.parametrize(("behind", "late"), [(timedelta(days=35), 0), (timedelta(days=35, microseconds=1), 1)])
def test_a_payment_dated_tomorrow_makes_no_other_late(ahead, behind, late):
    """35 days are counted from the time that Kafka bears out, so the honest bank has its 35 days, not 34."""
    ledger = Ledger()
    put(ledger, "x", START + ahead, START, institution="BANKX", party="k1.0ff.x")
    put(ledger, "h", START - behind, START)
    assert ledger.state.counters["late"] == late


@pytest.mark.parametrize("ahead", [timedelta(0), DAY], ids=["honest", "attack"])
@pytest.mark.parametrize(("silent", "kept"), [(timedelta(days=435), True), (timedelta(days=435, hours=1), False)])
def test_a_payment_dated_tomorrow_lets_go_of_no_party(ahead, silent, kept):
    """A party silent for exactly 435 days is kept, and an hour later it is not, whatever date another sender writes."""
    ledger = Ledger()
    put(ledger, "h", START, START, party="k1.001.silent")
    now = START + silent
    ledger.rate(now)
    put(ledger, "x", now + ahead, now, institution="BANKX", party="k1.0ff.x")
    assert ("k1.001.silent" in ledger.state.parties) is kept


def test_repeated_dates_ahead_do_not_run_away():
    """A thousand payments, each 24 h ahead, move the clock to their Kafka timestamp and no further."""
    ledger = Ledger()
    for number in range(1000):
        put(ledger, f"x{number}", START + DAY, START, institution="BANKX")
    assert ledger.state.watermark_us == to_us(START)


@pytest.mark.parametrize("kafka_ahead", [timedelta(0), HOUR])
def test_the_most_that_one_sender_can_do_is_the_brokers_hour(kafka_ahead):
    """A Kafka timestamp is at most an hour ahead of the broker, and that hour is all that the clock can be ahead."""
    ledger = Ledger()
    put(ledger, "x", START + kafka_ahead + DAY, START + kafka_ahead, institution="BANKX")
    assert ledger.state.watermark_us == to_us(START + kafka_ahead)


def test_a_sender_that_is_silent_or_behind_holds_nobody_back():
    """One bank stops for eight weeks, one sends with a Kafka clock 20 hours back: the clock is the others'."""
    ledger = Ledger()
    put(ledger, "s", START, START, institution="SILENT")
    now = START + timedelta(weeks=8)
    put(ledger, "h", now, now)
    put(ledger, "b", now, now - timedelta(hours=20), institution="BEHIND")
    assert ledger.state.watermark_us == to_us(now)


def test_a_single_sender_moves_time_on_alone():
    """No second bank and no rates are needed; loaded history moves the clock at its own, past times."""
    ledger = Ledger()
    for weeks in range(6):
        put(ledger, f"h{weeks}", START + weeks * 7 * DAY, START + 500 * DAY)
        assert ledger.state.watermark_us == to_us(START + weeks * 7 * DAY)


READINGS = st.lists(
    st.tuples(st.integers(0, 400 * DAY_US), st.integers(0, 400 * 24 * 3_600_000)), min_size=1, max_size=5
)


@given(READINGS)
def test_order_never_matters_and_time_never_goes_back(readings):
    """Every order of the same records ends at the same time, never above any record's own Kafka timestamp or date."""
    ends = set()
    for order in permutations(readings):
        now = None
        for at_us, timestamp_ms in order:
            after = event_clock.moved(now, at_us, timestamp_ms)
            assert now is None or after >= now
            now = after
        ends.add(now)
    assert ends == {max(min(at_us, timestamp_ms * 1000) for at_us, timestamp_ms in readings)}


@given(
    st.lists(st.tuples(st.integers(0, 10 * DAY_US // HOUR_US), st.integers(0, 24)), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_a_save_and_load_anywhere_changes_nothing(hours, cut):
    """Payments up to 24 h ahead of their Kafka timestamps, saved and loaded in between: the same digest."""
    one, two = Ledger(), Ledger()
    for number, (hour, ahead) in enumerate(hours):
        if number == cut:
            two.state = PartitionState.thaw(list(two.state.freeze().sections()))
        for ledger in (one, two):
            put(ledger, f"e{number}", later(hours=hour + ahead), later(hours=hour), party=f"k1.00{number % 3}.p")
    assert one.state.freeze().digest() == two.state.freeze().digest()
