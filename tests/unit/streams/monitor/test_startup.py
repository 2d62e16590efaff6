"""What the start-up page is told of the states that a worker holds."""

from datetime import timedelta

from streams.monitor.startup import ranked_among, startup_facts
from tests.support.ledger import START, Ledger, configuration


def warming(days: int, a_day: int = 3) -> Ledger:
    """A partition of the shipped set that saw a few payments a day."""
    ledger = Ledger(configuration())
    ledger.rate(START)
    for day in range(days):
        for number in range(a_day):
            ledger.pay(f"e{day}-{number}", START + timedelta(days=day, hours=1 + number), "100")
    return ledger


def test_nothing_is_known_before_the_first_record():
    """No state, and none with a configuration."""
    assert startup_facts([]).outlook is None


def test_what_is_learned_and_how_many_payments_come_a_day():
    """Whole days count, the one that goes on does not; eleven partitions elsewhere are taken to see as many."""
    told = startup_facts([warming(5).state])
    assert told.learned == {3: 15}
    assert told.outlook is not None
    assert told.outlook.payments_a_day == 3 * 12
    assert told.outlook.days_until_all_rank == (30 - 15) / 3
    assert told.outlook.warm_partitions == 0


def test_on_the_first_day_no_volume_is_made_up():
    """Part of a day is no day."""
    told = startup_facts([warming(1).state])
    assert told.outlook is not None
    assert told.outlook.payments_a_day == 0
    assert told.outlook.days_until_all_rank is None


def test_a_warm_partition_ranks():
    """Its budget knows the volume from then on."""
    told = startup_facts([warming(14).state])
    assert told.outlook is not None
    assert told.outlook.warm_partitions == 12
    assert told.outlook.payments_a_day > 0


def test_a_partition_that_ranks_none_ranks_among_none():
    """Then among those that it counted."""
    assert ranked_among(warming(5).state) == 0
    assert ranked_among(warming(14).state) == 42
