"""The limit that applies is that of the payment's own legal day, whatever the day is on which the event is read."""

from datetime import UTC, date, datetime, timedelta

import pytest

from detectors.contracts.limits import Rulebook
from tests.support.ledger import Ledger, configuration

# T02's cap was 50 000 USD up to 3 July 2023 in Seoul, and 100 000 USD from the next day on.
CHANGE = datetime(2023, 7, 3, 15, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def cap_shown(outputs) -> str | None:
    """The cap that an alert of T02 shows, None without one."""
    for alert in outputs.alerts:
        for hit in alert.typologies:
            if hit.id == "T02":
                return next(limit.value for limit in hit.limits if limit.name == "annual_cap")
    return None


@pytest.mark.parametrize(("at", "cap"), [(CHANGE - MICROSECOND, "50000"), (CHANGE, None)])
def test_the_cap_changes_at_the_legal_day(at, cap):
    """60 000 USD are over the old cap a microsecond before midnight in Seoul, and under the new one at midnight."""
    assert cap_shown(Ledger().pay("a", at, "60000")) == cap


def test_a_late_payment_is_judged_by_the_cap_of_its_own_day():
    """A payment of 1 July that is read on 20 July, when the new cap is in force, has crossed the old one."""
    ledger = Ledger()
    ledger.pay("new", CHANGE + timedelta(days=17), "100", party="k1.0a3.other")
    assert cap_shown(ledger.pay("late", CHANGE - timedelta(days=2), "60000")) == "50000"


def test_a_settlement_is_judged_by_the_day_of_its_order():
    """The payment counts at the time of its first event: ordered before the change, settled after it."""
    ledger = Ledger()
    ordered = ledger.pay("o", CHANGE - timedelta(hours=20), "49900", status="ordered", payment_id="P1")
    assert cap_shown(ordered) is None
    settled = ledger.pay("s", CHANGE + timedelta(hours=4), "50100", status="settled", payment_id="P1")
    assert cap_shown(settled) == "50000"


@pytest.mark.parametrize(
    ("day", "value"), [("2023-07-03", 50000), ("2023-07-04", 100000), ("2000-12-31", None), ("2001-01-01", 50000)]
)
def test_the_rulebook_gives_the_limit_of_the_day(day, value):
    """In force from its first day on, silent before the first of its name."""
    found = Rulebook(configuration()).limit("T02", "annual_cap", date.fromisoformat(day))
    assert (None if found is None else int(found.number)) == value
