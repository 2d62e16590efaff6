"""What pruning may drop and must keep: the year's payments, orders that may yet be settled, and their proofs."""

from datetime import UTC, datetime, timedelta

from detectors.books.party import unpack
from detectors.books.payments import rows
from tests.support.ledger import Ledger

START = datetime(2025, 1, 6, 1, tzinfo=UTC)
PARTY = "k1.0a3.remitter"


def day(number: float) -> datetime:
    """A day of the year 2025, from its first working week on."""
    return START + timedelta(days=number)


def documented(ledger: Ledger, days: range) -> None:
    """A documented payment on each of some days, as ordinary business that pruning drops after a while."""
    for number in days:
        ledger.pay(f"doc{number}", day(number), "100", evidence="shown")


def year_total(outputs) -> str:
    """The yearly total that T02's alert measured."""
    (hit,) = [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T02"]
    return str(next(each.value for each in hit.measured if each.name == "annual_total"))


def test_the_years_payments_are_kept_to_its_end():
    """A payment of January counts in December, 340 days and 340 documented payments later."""
    ledger = Ledger()
    ledger.pay("january", day(0), "90000")
    documented(ledger, range(1, 341))
    assert len(rows(unpack(ledger.state.parties[PARTY]))) < 100  # documented ones were dropped
    assert year_total(ledger.pay("december", day(341), "20000")) == "110000.00"


def test_an_order_is_kept_until_it_is_settled():
    """An order of December with documents is settled in February without: it counts in the year of its order."""
    ledger = Ledger()
    ledger.pay("o", day(-17), "90000", status="ordered", payment_id="P1", evidence="shown")
    documented(ledger, range(-16, 40))
    assert not ledger.pay("s", day(40), "90000", status="settled", payment_id="P1").alerts
    assert not ledger.pay("t", day(41), "20000").alerts
    assert year_total(ledger.pay("u", day(42), "90000")) == "110000.00"


def test_a_documented_payment_is_dropped_after_a_while():
    """The counterpart: what no window needs costs no memory."""
    ledger = Ledger()
    documented(ledger, range(200))
    assert len(rows(unpack(ledger.state.parties[PARTY]))) < 60


def test_every_piece_is_named_in_the_evidence():
    """Each payment that a finding rests on is named by its sender's id, in ledger order, the trigger included."""
    ledger = Ledger()
    names = [f"piece{number}" for number in range(6)]
    alerts = [alert for number, name in enumerate(names) for alert in ledger.pay(name, day(number / 4)).alerts]
    assert [item.event_id for item in alerts[-1].evidence] == names
    assert alerts[-1].evidence_total == len(names)


def test_evidence_survives_pruning():
    """What was dropped meanwhile takes no proof with it that a later alert needs."""
    ledger = Ledger()
    ledger.pay("january", day(0), "90000")
    documented(ledger, range(1, 120))
    (alert,) = ledger.pay("may", day(121), "20000").alerts
    assert [item.event_id for item in alert.evidence] == ["january", "may"]


def test_the_small_remitters_cap_counts_what_went_through_small_remitters():
    """60 000 USD through a bank's app in 2024 are under the common cap; small remitters' own is crossed at 50 000."""
    spring = datetime(2024, 3, 4, 1, tzinfo=UTC)
    assert not Ledger().pay("a", spring, "60000", channel="app").alerts
    ledger = Ledger()
    assert not ledger.pay("a", spring, "40000", channel="app").alerts
    assert not ledger.pay("b", spring + timedelta(days=1), "30000", channel="small_remitter").alerts
    assert year_total(ledger.pay("c", spring + timedelta(days=2), "21000", channel="small_remitter")) == "51000.00"
