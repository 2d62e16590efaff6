"""The due clock: two witnesses move time, one alone moves it 25 hours late, and none holds it."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.memory.due_clock import LONE_US, RATES, DueClock
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import DAY_US, HOUR_US
from detectors.values.shares import OFFICES, OTHERS
from tests.support.ledger import Ledger, configuration, later

NOW = 1_700_000_000_000_000


def heard(*readings: tuple[str, int]) -> DueClock:
    """A clock that heard witnesses at times borne out by Kafka."""
    clock = DueClock()
    for witness, at_us in readings:
        clock.hear(witness, at_us, -(-at_us // 1000))
    return clock


def test_it_has_not_begun_before_the_first_record():
    """None, and what is asked for instead is given back."""
    assert (DueClock().passed_us, DueClock().among_others(7)) == (None, 7)


def test_a_witness_alone_counts_for_25_hours_less():
    """A sender alone, or rates alone in a quiet partition, move time on."""
    assert LONE_US == 25 * HOUR_US
    for days in (0, 1, 40):
        clock = heard((RATES, NOW), (RATES, NOW + days * DAY_US))
        assert clock.passed_us == NOW + days * DAY_US - LONE_US
        assert clock.among_others(7) == 7


@pytest.mark.parametrize("ahead", [HOUR_US, DAY_US, LONE_US])
def test_one_sender_ahead_moves_nobodys_time(ahead):
    """Its event times and its Kafka timestamps are ahead; the clock is what the next witness says."""
    clock = heard(("BANKA", NOW), (RATES, NOW - HOUR_US), ("BANKX", NOW + ahead))
    assert clock.passed_us == clock.among_others(7) == NOW


def test_a_sender_25_hours_and_a_microsecond_ahead_moves_it_by_the_microsecond():
    """The bound is exact."""
    assert heard(("BANKA", NOW), ("BANKX", NOW + LONE_US + 1)).passed_us == NOW + 1


def test_a_sender_silent_for_weeks_holds_nobody_back():
    """Two others go on; with one other, time goes on 25 hours late."""
    assert heard(("SILENT", NOW), ("BANKA", NOW + 40 * DAY_US), (RATES, NOW + 41 * DAY_US)).passed_us == (
        NOW + 40 * DAY_US
    )
    assert heard(("SILENT", NOW), (RATES, NOW + 41 * DAY_US)).passed_us == NOW + 41 * DAY_US - LONE_US


def test_the_clock_stands_at_the_second_newest_of_many_and_never_goes_back():
    """A third witness that is further on does not count twice; one that is forgotten leaves the clock where it was."""
    clock = heard(("BANKA", NOW), ("BANKB", NOW + 3), (RATES, NOW + 7))
    assert clock.passed_us == NOW + 3
    clock.keep(lambda name: name == "BANKA")
    clock.hear("BANKA", NOW + 1, NOW // 1000 + 1)
    assert (clock.newest, clock.passed_us) == ({"BANKA": NOW + 1}, NOW + 3)


def test_a_date_counts_up_to_its_kafka_timestamp():
    """A payment dated tomorrow says today."""
    clock = heard((RATES, NOW))
    clock.hear(OTHERS, NOW + DAY_US, NOW // 1000)
    assert clock.newest == {RATES: NOW, OTHERS: NOW // 1000 * 1000}


def test_invented_institutions_are_one_witness():
    """A hundred names, each a day ahead, against one rate; a listed bank is a witness of its own."""
    found = Ledger(configuration(admission={"institutions": ["BANKL"]}))
    found.rate(later(hours=1))
    for number in range(100):
        at = later(days=1, minutes=number)
        found.pay(f"x{number}", at, institution=f"MADEUP{number}", party=f"k1.00{number % 10}.x")
    assert set(found.state.due_clock.newest) == {RATES, OTHERS}
    assert found.state.due_clock.passed_us < later(hours=2).timestamp() * 1e6
    found.pay("l", later(hours=3), institution="BANKL")
    assert set(found.state.due_clock.newest) == {RATES, OTHERS, "BANKL"}
    assert found.state.due_clock.passed_us == later(hours=3).timestamp() * 1e6


def test_an_institution_that_is_listed_no_more_is_no_witness():
    """What it said is forgotten; the clock does not go back."""
    clock = heard(("BANKA", NOW), (RATES, NOW), (OFFICES, NOW))
    clock.keep(lambda name: name != "BANKA")
    assert (clock.newest, clock.passed_us) == ({RATES: NOW, OFFICES: NOW}, NOW)


READINGS = st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 90 * DAY_US)), min_size=1, max_size=5)


@given(READINGS)
def test_order_never_matters_and_it_never_goes_back(readings):
    """Every order ends at one time, which is saved and loaded with the witnesses."""
    ends = set()
    for order in permutations(readings):
        clock, now = DueClock(), -LONE_US
        for witness, at_us in order:
            clock.hear(witness, at_us, at_us // 1000 + 1)
            assert clock.passed_us >= now
            now = clock.passed_us
        ends.add(now)
        again = DueClock.from_state(clock.to_state())
        assert (again.newest, again.passed_us) == (clock.newest, clock.passed_us)
    assert len(ends) == 1


def test_a_state_keeps_it():
    """In the snapshot, and so in the digest."""
    state = PartitionState.new(0)
    state.due_clock.hear(RATES, NOW, NOW // 1000)
    assert PartitionState.thaw(list(state.freeze().sections())).due_clock.newest == state.due_clock.newest


def test_it_says_until_when_customs_and_any_bank_told():
    """Rates are neither; None where nobody of them ever did."""
    assert DueClock().told_until() == (None, None)
    assert heard((RATES, 5 * DAY_US)).told_until() == (None, None)
    assert heard((OFFICES, 3 * DAY_US), (RATES, 5 * DAY_US)).told_until() == (3 * DAY_US, None)
    clock = heard((OFFICES, 3 * DAY_US), ("BANKA", DAY_US), (OTHERS, 2 * DAY_US), (RATES, 5 * DAY_US))
    assert clock.told_until() == (3 * DAY_US, 2 * DAY_US)
