"""What a payment was worth: by the newest rate at its time that is a number."""

from datetime import timedelta

from streams.desk.worth import Worth
from tests.support.desk_records import HOUR_US, NOON, payment, rate, record


def test_the_worth_of_an_amount_is_that_of_the_newest_rate_at_its_time():
    """Later rates do not count, stale ones neither, and nothing is guessed."""
    worth = Worth(26 * HOUR_US)
    for offset, (hours, mid) in enumerate([(-30, "0.9"), (-2, "1.25"), (1, "2")]):
        assert worth.take(record(rate(NOON + timedelta(hours=hours), mid), offset))
    assert worth.usd(payment(currency="EUR", amount="100")) == "125.00"
    assert worth.usd(payment(amount="100.005")) == "100.00"
    assert worth.usd(payment(currency="JPY")) is None
    assert worth.usd(payment(currency="EUR", event_time=NOON + timedelta(hours=28))) is None
    assert worth.usd(payment(currency="EUR", amount="nonsense")) is None
    assert not worth.take(record(payment()))


def test_a_rate_that_is_no_number_is_passed_over():
    """The monitor has no use for it either."""
    worth = Worth(HOUR_US)
    assert worth.take(record(rate(mid="dear")))
    assert worth.usd(payment(currency="EUR")) is None
