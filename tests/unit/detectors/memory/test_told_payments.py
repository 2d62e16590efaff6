"""What is counted of the payments that an institution tells, through the core, until its month goes out."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from detectors.contracts.alert import Measured
from detectors.contracts.configuration import Screens
from detectors.contracts.screens import INSTITUTION_PART
from detectors.memory.state import PartitionState
from tests.support.ledger import configuration, payment, stamp
from tests.support.screened import ScreenedLedger

MONTH = "2026-03"


def at(month: int, day: int, hour: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def ledger(config=None) -> ScreenedLedger:
    """With the configuration's own institutions, each of which is counted for itself."""
    return ScreenedLedger(config)


def counted(found: ScreenedLedger, bank: str = "BANKA") -> dict[str, object]:
    """What was counted of a bank's payments of March, when the month is told of."""
    found.rate(at(4, 13))
    found.pay("clock", at(4, 13), "50", party="k1.0a3.other", evidence="shown", institution="CLOCK")
    return found.parts().get((bank, MONTH), {})


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, {"no_document": 1}),
        ({"evidence": "shown"}, {}),
        ({"report_no": "R-1"}, {}),
        ({"amount": "4000"}, {"no_document": 1, "under_line": 1}),
        ({"amount": "5000"}, {"no_document": 1, "under_line": 1}),
        ({"amount": "3999.99"}, {"no_document": 1}),
        ({"amount": "5000.01"}, {"no_document": 1}),
        ({"amount": "4500", "evidence": "shown"}, {}),
        ({"purpose": None, "evidence": "shown"}, {"no_purpose": 1}),
        ({"purpose": "unknown", "evidence": "shown"}, {"no_purpose": 1}),
    ],
    ids=str,
)
def test_what_a_payment_abroad_is_counted_as(fields, counts):
    """By its documents, its amount and its purpose."""
    found = ledger()
    found.pay("p", at(3, 5), **{"amount": "100", "evidence": "none"} | fields)
    assert counted(found) == {"payments": 1, "outgoing": 1} | counts


@pytest.mark.parametrize(("rate", "away"), [("1421", False), ("1422", True), ("1378", True)])
def test_a_deal_away_from_the_reference_is_counted(rate, away):
    """From 150 hundredths of a percent of 1 400 won on, either way."""
    found = ledger()
    found.rate(at(3, 5))
    deal = {"deal_rate": rate, "settled_currency": "KRW", "evidence": "shown", "direction": "in"}
    found.pay("p", at(3, 5), "100", **deal)
    assert counted(found) == {"payments": 1, "deals": 1} | ({"off_market": 1} if away else {})


def test_a_payment_that_is_told_two_days_later_is_late():
    """By the Kafka timestamp of its record."""
    found = ledger()
    for name, told in (("in time", at(3, 7)), ("late", at(3, 7, 4))):
        event = payment(name, at(3, 5), "100", evidence="shown")
        found.put(event, msgspec.structs.replace(found.origin(), timestamp_ms=stamp(told)))
    assert counted(found) == {"payments": 2, "outgoing": 2, "late": 1}


def test_each_legal_day_has_its_own_limits():
    """From the first microsecond of 6 March in Seoul on a payment is late after one day, and not after two."""
    kept = configuration()
    (late,) = [one for one in kept.screens.limits if one.name == "late_days"]
    sooner = msgspec.structs.replace(late, value="1", effective_from=date(2026, 3, 6))
    found = ledger(msgspec.structs.replace(kept, screens=Screens(limits=(*kept.screens.limits, sooner))))
    begins = datetime(2026, 3, 5, 15, tzinfo=UTC)
    for name, when in (("day", at(3, 5)), ("last", begins - timedelta(microseconds=1)), ("first", begins)):
        event = payment(name, when, "100", evidence="shown")
        found.put(event, msgspec.structs.replace(found.origin(), timestamp_ms=stamp(when + timedelta(hours=36))))
    assert counted(found) == {"payments": 3, "outgoing": 3, "late": 1}


def test_a_payment_is_counted_once_as_it_was_told_first():
    """Neither its settlement, nor its return, nor a second telling; one that is without worth is not sent."""
    found = ledger()
    found.pay("order", at(3, 5), "100", status="ordered", payment_id="P-1", evidence="shown")
    found.pay("settled", at(3, 6), "90", payment_id="P-1")
    found.pay("back", at(3, 7), "90", status="returned", original_event_id="settled")
    found.pay("old", at(3, 8), "100", history=True)
    found.pay("unvalued", at(3, 8), "100", currency="XXX")
    assert counted(found) == {"payments": 2, "outgoing": 1}


def test_each_bank_is_counted_for_itself_and_the_month_goes_out_once():
    """What is told of it later counts in the next month."""
    found = ledger()
    found.pay("a", at(3, 5), "100", evidence="shown")
    found.pay("b", at(3, 5), "100", evidence="shown", institution="BANKB", party="k1.0a3.two")
    found.pay("c", at(4, 2), "100", evidence="shown", institution="BANKB", party="k1.0a3.two")
    assert counted(found) == counted(found, "BANKB") == {"payments": 1, "outgoing": 1}
    found.pay("late", at(3, 30), "100", evidence="shown")
    found.rate(at(5, 13))
    found.pay("clock2", at(5, 13), "50", party="k1.0a3.other", evidence="shown", institution="CLOCK")
    parts = found.parts()
    assert parts["BANKA", "2026-04"]["payments"] == 1
    assert parts["BANKB", "2026-04"]["payments"] == 1
    keys = [entry.key for entry in found.entries]
    assert len(set(keys)) == len(keys)


def test_a_part_tells_the_limits_and_its_place():
    """Whoever adds the parts up needs no configuration."""
    found = ledger()
    found.pay("p", at(3, 5), "100", evidence="shown")
    counted(found)
    entry = next(one for one in found.entries if one.subject == "BANKA")
    assert (entry.screen, entry.key) == (INSTITUTION_PART, "institution_part|BANKA|2026-03|3")
    assert [one.name for one in entry.limits] == [
        "peer_payments_min",
        "peers_min",
        "peer_z",
        "peer_excess_min",
        "late_days",
    ]
    assert Measured(name="payments", value=1, unit="count") in entry.measured
    assert (entry.tests, entry.ledger_offsets, entry.text_en, entry.institutions) == ((), (), "", ("BANKA",))


def test_without_the_table_nothing_is_counted():
    """As in configurations of earlier releases, and before the limits' date."""
    bare = msgspec.structs.replace(configuration(), screens=Screens())
    for config in (bare, msgspec.structs.replace(bare, screens=msgspec.UNSET)):
        found = ledger(config)
        found.pay("p", at(3, 5), "100")
        assert counted(found) == {}
        assert found.state.institutions.oldest() is None


def test_counts_are_saved_and_replayed():
    """A state that was saved in the middle of a month writes the same parts, and has the same digest."""
    found = ledger()
    found.pay("p", at(3, 5), "100")
    saved = PartitionState.thaw(found.state.freeze().sections())
    assert saved.institutions.to_state() == found.state.institutions.to_state()
    assert saved.freeze().digest() == found.state.freeze().digest()
