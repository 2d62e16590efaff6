"""Which tests of the law T01, T02 and T16 call met, not met, and not to be told, each at its edge."""

import re

import pytest

from detectors.alerting import build
from detectors.typologies import registered
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, configuration, later


@pytest.fixture
def told(monkeypatch):
    """The tests of each finding of a typology so far, in order: names with outcomes."""
    found = []
    evaluated = build.evaluate

    def noted(context, config):
        fired = evaluated(context, config)
        if context.transaction.institution != "TRIAL":  # of payments by which a new configuration is tried
            found.extend((typology.id, finding) for typology, finding in fired)
        return fired

    monkeypatch.setattr(build, "evaluate", noted)

    def of(typology):
        tests = [finding.tests for name, finding in found if name == typology]
        return [{test.id: test.missing or test.outcome for test in each} for each in tests]

    return of


def split(hours: float, amount: str = "4900", **fields) -> Ledger:
    """Three pieces so many hours apart, all before the yearly amount is used up."""
    ledger = Ledger(configuration(rules={"T02": {"enabled": False}}))
    for number in range(3):
        ledger.pay(f"e{number}", later(hours=hours * number), amount, **fields)
    return ledger


def test_pieces_of_a_day_to_one_payee_are_close_and_the_line_binds(told):
    """In 2025 the line binds at once."""
    split(5)
    (tests,) = told("T01")[:1]
    assert tests == {
        "same_remitter": "met", "same_purpose": "met", "close_in_time": "met", "one_beneficiary": "met",
        "line_binds": "met",
    }  # fmt: skip


@pytest.mark.parametrize(("hours", "outcome"), [(11.9, "met"), (12.1, "cannot_tell")])
def test_pieces_of_more_than_a_day_may_be_close_or_not(told, hours, outcome):
    """The notice names no number of days."""
    split(hours)
    assert told("T01")[0]["close_in_time"] == outcome


def test_a_purpose_that_is_not_stated_is_a_missing_field(told):
    """It is never met, and what is missing is named."""
    split(5, purpose=None)
    assert told("T01")[0]["same_purpose"] == "transactions.purpose"


def test_pieces_to_two_payees_went_not_to_one(told):
    """A fact, not something missing."""
    ledger = Ledger()
    for number in range(3):
        ledger.pay(f"e{number}", later(hours=number), counterparty=f"k1.{number % 2}11.payee")
    assert told("T01")[0]["one_beneficiary"] == "not_met"


def test_a_line_that_waits_for_the_cap_binds_once_it_is_used_up(told):
    """In 2026: three pieces of 4 900 do not use up 100 000 USD, which 85 301 USD before them do by a dollar."""
    for before, outcome in (("85300", "not_met"), ("85301", "met")):
        ledger = Ledger(configuration(rules={"T02": {"enabled": False}}))
        ledger.pay("large", later(days=359), before)
        for number in range(3):
            ledger.pay(f"e{number}", later(days=360, hours=number))
        assert told("T01")[-1]["line_binds"] == outcome


def test_of_pieces_kept_in_totals_the_payees_are_not_known(told):
    """A bound says so itself."""
    with few_rows(6, 2):
        ledger = Ledger(configuration(rules={"T02": {"enabled": False}}))
        for number in range(40):
            ledger.pay(f"e{number}", later(hours=number), "4900" if number % 2 else "3000")
    assert "cannot_tell" in {tests["one_beneficiary"] for tests in told("T01")}


@pytest.mark.parametrize(("last", "over_line"), [("5000", "not_met"), ("5000.01", "met")])
def test_a_crossed_cap_is_told_by_institution_and_by_the_payment(told, last, over_line):
    """A payment of the document line's amount needs no documents even beyond the yearly amount."""
    ledger = Ledger(configuration(rules={"T01": {"enabled": False}}))
    ledger.pay("first", later(days=1), "100000")
    ledger.pay("second", later(days=2), last, institution="BANKB")
    ledger.pay("third", later(days=3), last)
    first, second = told("T02")[0], told("T02")[-1]
    assert first == {
        "over_yearly_amount": "met", "over_at_one_institution": "not_met",
        "resident_with_this_amount": "transactions.residency", "payment_over_line": over_line,
    }  # fmt: skip
    assert second["over_at_one_institution"] == "met"


def test_without_a_line_in_force_a_payment_is_not_compared_with_it(told):
    """A configuration may have no T01."""
    ledger = Ledger(configuration(rules={"T01": {"enabled": False, "limits": []}}))
    ledger.pay("first", later(days=1), "100001")
    assert told("T02")[0]["payment_over_line"] == "cannot_tell"


def test_an_off_market_deal_is_an_indicator(told):
    """Whether the minister fixed a rate no field tells; deals on the same side are told once there are others."""
    ledger = Ledger()
    ledger.rate(later(hours=0))
    for number, rate in enumerate(("1456", "1456", "1344", "1344")):
        at = later(hours=1 + number)
        ledger.pay(f"e{number}", at, "50000", evidence="shown", settled_currency="KRW", deal_rate=rate)
    tests = told("T16")
    assert tests[0] == {"beyond_limit": "met", "same_side": "cannot_tell", "rate_was_fixed": "cannot_tell"}
    assert [each["same_side"] for each in tests] == ["cannot_tell", "met", "not_met", "not_met"]


def test_what_is_said_of_articles_names_no_guilt():
    """Next steps and conditions are requests and conditions; none calls anything illegal or anybody guilty."""
    for typology in registered():
        said = [*typology.next_steps, *((one.when_en, one.when_ko) for one in typology.sanctions)]
        for english, korean in said:
            assert not re.search("illegal|guilty|offender|criminal", english)
            assert not re.search("불법|유죄|범인|범죄자", korean)
