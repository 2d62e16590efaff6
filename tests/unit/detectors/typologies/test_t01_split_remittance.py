"""T01: split remittance under the document line."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.support.ledger import START, Ledger, configuration, later


def measured(alert):
    """The T01 values of an alert by name."""
    (hit,) = [each for each in alert.typologies if each.id == "T01"]
    return {each.name: each.value for each in hit.measured}


@pytest.mark.parametrize("year", [2025, 2026])
def test_six_transfers_just_under_the_line_alert_before_and_after_the_law_of_2026(year):
    """Under the default configuration the third piece raises it and the doubled sum brings it up to date."""
    ledger = Ledger()
    start = datetime(year, 5, 4, 2, tzinfo=UTC)
    outputs = [ledger.pay(f"e{day}", start + timedelta(days=day)) for day in range(6)]
    assert [len(each.alerts) for each in outputs] == [0, 0, 1, 0, 0, 1]
    first, second = outputs[2].alerts[0], outputs[5].alerts[0]
    assert (first.status, second.status) == ("raised", "updated")
    assert second.supersedes == first.alert_id
    assert second.case_id == first.case_id
    assert measured(second)["sum"] == "29400.00"
    assert second.amount_usd == "29400.00"
    text = second.reasons[0].text_en
    assert ("annual cap" in text) == (year == 2026)


def test_before_the_cap_the_pattern_can_be_configured_silent():
    """With `report_before_cap` 0 the pattern of 2026 is silent until the annual cap is used up."""
    limits = [msgspec.to_builtins(limit) for limit in configuration().rules["T01"].limits]
    for limit in limits:
        limit["value"] = "0" if limit["name"] == "report_before_cap" else limit["value"]
    ledger = Ledger(configuration(rules={"T01": {"limits": limits}}))
    start = datetime(2026, 5, 4, tzinfo=UTC)
    assert not any(ledger.pay(f"e{day}", start + timedelta(days=day)).alerts for day in range(6))


@pytest.mark.parametrize(
    "fields",
    [
        {"evidence": "shown"},
        {"evidence": "verified"},
        {"evidence": "exempt"},
        {"report_no": "R1", "report_type": "other"},
        {"direction": "in"},
        {"party_type": "bank"},
    ],
)
def test_documented_reported_inbound_and_interbank_payments_are_no_pieces(fields):
    """Six such payments raise nothing."""
    ledger = Ledger()
    assert not any(ledger.pay(f"e{day}", later(days=day), **fields).alerts for day in range(6))


@pytest.mark.parametrize(("amount", "fires"), [("3999.99", False), ("4000", True), ("5000", True), ("5000.01", False)])
def test_the_band_is_closed_from_four_fifths_to_the_line(amount, fires):
    """A piece is at least 0.8 of the line and at most the line."""
    ledger = Ledger()
    assert any(ledger.pay(f"e{day}", later(days=day), amount).alerts for day in range(4)) == fires


@pytest.mark.parametrize(("gap_days", "fires"), [(44, True), (45, False)])
def test_the_longest_window_is_ninety_days_half_open(gap_days, fires):
    """Three pieces 44 days apart span 88 days; 45 days apart they span 90, one moment too long."""
    ledger = Ledger()
    assert any(ledger.pay(f"e{number}", later(days=gap_days * number)).alerts for number in range(3)) == fires


def test_different_purposes_are_different_transfers():
    """Pieces of three purposes are no one transfer."""
    ledger = Ledger()
    purposes = ("40101", "40201", "40301")
    assert not any(ledger.pay(f"e{n}", later(hours=n), purpose=purposes[n]).alerts for n in range(3))


@pytest.mark.parametrize(("payees", "fires"), [(3, True), (4, False)])
def test_a_small_set_of_beneficiaries_counts_as_one(payees, fires):
    """One piece to each of three payees is a split; to each of four is not, by default."""
    ledger = Ledger()
    outputs = [ledger.pay(f"e{n}", later(hours=n * 30), counterparty=f"k1.111.payee{n}") for n in range(payees)]
    assert bool(outputs[-1].alerts) == fires


def test_a_late_piece_completes_the_pattern_it_belongs_to():
    """Two pieces, then 30 days of other events, then the missing piece of that time: it fires, with all three."""
    ledger = Ledger()
    ledger.pay("e0", START)
    ledger.pay("e2", later(hours=40))
    ledger.pay("other", later(days=30), "100", party="k1.001.other")
    (alert,) = ledger.pay("late", later(hours=20)).alerts
    assert [item.event_id for item in alert.evidence] == ["e0", "e2", "late"]
    assert measured(alert)["pieces"] == 3


def test_a_settlement_that_brings_a_payment_into_the_band_completes_it():
    """An order of 3 000 settled at 4 900 is a piece from then on."""
    ledger = Ledger()
    ledger.pay("e0", START)
    ledger.pay("e1", later(hours=1))
    assert not ledger.pay("order", later(hours=2), "3000", status="ordered", payment_id="P").alerts
    (alert,) = ledger.pay("settled", later(hours=3), "4900", payment_id="P").alerts
    assert measured(alert)["pieces"] == 3


def test_returned_pieces_do_not_count():
    """A piece that came back is not part of the sum."""
    ledger = Ledger()
    ledger.pay("e0", START)
    ledger.pay("e1", later(hours=1))
    ledger.pay("r1", later(hours=2), status="returned", original_event_id="e1")
    assert not ledger.pay("e2", later(hours=3)).alerts


def test_the_partys_own_habit_is_told_without_the_pieces_themselves():
    """Beside the three pieces: one of 4 500 for another purpose, two of 700; a third of the others lie in the band."""
    ledger = Ledger()
    for number, amount in enumerate(("700", "700")):
        ledger.pay(f"o{number}", later(hours=number), amount)
    ledger.pay("o2", later(hours=2), "4500", purpose="40201")
    (alert,) = [alert for number in range(3) for alert in ledger.pay(f"e{number}", later(hours=3 + number)).alerts]
    (reason,) = [each for each in alert.reasons if each.feature == "T01"]
    assert (reason.own_n, reason.own_baseline) == (3, 0.3333)
    assert "Of this party's 3 other payments without documents, 33 % lie in that band (fewer than 20," in reason.text_en
