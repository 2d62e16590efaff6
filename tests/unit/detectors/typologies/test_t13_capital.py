"""T13: capital transactions that no report names, by their purpose."""

from datetime import timedelta

import pytest

from detectors.contracts.events import Profile
from detectors.typologies import t13_capital
from detectors.typologies.base import Finding
from tests.support.ledger import Ledger, digest16, later

# 2026-03-03, when the regulation of notice 2025-57 is in force; the ledger's own time is a year before
DAYS = 365
PARTY = "k1.0a3.remitter"


def pay(ledger: Ledger, name: str, amount: str, days: float = 0, **fields):
    """A documented payment to a deposit abroad."""
    given = {"party_type": "company", "evidence": "shown", "purpose": "50401"} | fields
    return ledger.pay(name, later(days=DAYS) + timedelta(days=days), amount, **given)


def hits(outputs):
    """T13's parts of the alerts that were raised or brought up to date."""
    return [
        hit for alert in outputs.alerts if alert.status != "retracted" for hit in alert.typologies if hit.id == "T13"
    ]


def measured(outputs) -> dict:
    (hit,) = hits(outputs)
    return {one.name: one.value for one in hit.measured}


@pytest.fixture
def findings(monkeypatch) -> list[Finding]:
    """What the rule found, as it was found."""
    found, original = [], t13_capital._capital_finding

    def noted(context, *given):
        finding = original(context, *given)
        if context.transaction.institution != "TRIAL":  # of payments by which a new configuration is tried
            found.append(finding)
        return finding

    monkeypatch.setattr(t13_capital, "_capital_finding", noted)
    return found


def outcomes(found: Finding) -> dict:
    """The tests of the law, with the fields for lack of which they cannot be told."""
    return {one.id: (one.outcome, one.missing) for one in found.tests}


@pytest.mark.parametrize(("amount", "fires"), [("100000", False), ("100000.01", True)])
def test_a_hundred_thousand_each_is_small(amount, fires):
    """Reg 7-2 no. 8: within the yearly amount, up to 100 000 dollars each."""
    assert bool(hits(pay(Ledger(), "a", amount))) == fires


@pytest.mark.parametrize(("amount", "fires"), [("40000", False), ("40000.01", True)])
def test_beyond_the_yearly_amount_it_is_small_no_more(amount, fires):
    """60 000 and 40 000 are the 100 000 of the year exactly; the day's line of 50 000 is passed by both of one day."""
    ledger = Ledger()
    pay(ledger, "a", "60000")
    assert bool(hits(pay(ledger, "b", amount, 0.1))) == fires


@pytest.mark.parametrize(("amount", "fires"), [("50000", False), ("50000.01", True)])
def test_fifty_thousand_of_one_day_are_below_the_line(amount, fires):
    """Reg 7-11(3) no. 1, whatever the year has come to."""
    ledger = Ledger()
    pay(ledger, "a", "90000")
    assert bool(hits(pay(ledger, "b", amount, 5))) == fires


@pytest.mark.parametrize(("hours", "fires"), [(13.4, True), (13.6, False)])
def test_the_day_is_the_local_one(hours, fires):
    """Two payments of 30 000 half an hour apart: before midnight in Seoul (14 hours after 10:00), or of two days."""
    ledger = Ledger()
    pay(ledger, "a", "90000", -20)
    pay(ledger, "b", "30000", hours / 24)
    assert bool(hits(pay(ledger, "c", "30000", (hours + 0.5) / 24))) == fires


def test_payments_without_documents_count_in_the_year():
    """Reg 7-2 no. 8 takes the yearly amount of Reg 4-3: 45 000 of other payments without documents are in it."""
    ledger = Ledger()
    ledger.pay("other", later(days=DAYS), "45000", party_type="company", purpose="20101")
    outputs = pay(ledger, "a", "60000", 1)
    assert measured(outputs)["capital_of_year"] == "105000.00"
    assert measured(outputs)["capital_payments"] == 1
    shown = Ledger()
    shown.pay("other", later(days=DAYS), "45000", party_type="company", purpose="20101", evidence="shown")
    assert hits(pay(shown, "a", "60000", 1)) == []


@pytest.mark.parametrize("evidence", ["none", "shown"])
def test_each_capital_payment_counts_once(evidence):
    """With documents or without, the year's sum is that of the payments."""
    ledger = Ledger()
    pay(ledger, "a", "60000", evidence=evidence)
    found = measured(pay(ledger, "b", "60000", 5, evidence=evidence))
    assert (found["capital_of_year"], found["capital_payments"]) == ("120000.00", 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "in"},
        {"purpose": "10101"},
        {"purpose": None},
        {"report_no": "CAP-1", "report_type": "capital"},
        {"report_no": "R-1"},
        {"party_type": "bank"},
        {"residency": "non_resident"},
        {"residency": "foreign_resident"},
        {"currency": "XAU"},
    ],
    ids=lambda fields: " ".join(f"{name} {value}" for name, value in fields.items()),
)
def test_it_is_silent_where_no_report_is_due_or_one_is_named(fields):
    """Receipts, other purposes, any report, banks, who is no resident with this exemption, no rate."""
    assert hits(pay(Ledger(), "a", "400000", **fields)) == []


def test_property_is_reported_at_any_amount(findings):
    """The exemption is not applied where the text names property; the day's line is."""
    assert hits(pay(Ledger(), "a", "50000", remittance_classes=("property",))) == []
    outputs = pay(Ledger(), "a", "50000.01", remittance_classes=("goods", "property"))
    assert measured(outputs)["text_names_property"] == 1
    assert outcomes(findings[0])["property_or_investment"] == ("met", None)
    assert outcomes(findings[0])["beyond_small_capital"] == ("not_met", None)
    (reason,) = [one for one in outputs.alerts[0].reasons if one.feature == "T13"]
    assert "The exemption of small capital transactions" not in reason.text_en
    assert findings[0].at_risk == 5_000_001


def test_each_test_of_the_law_is_told(findings):
    """Without a rate the criminal line cannot be told."""
    pay(Ledger(), "a", "120000")
    assert outcomes(findings[0]) == {
        "capital_purpose": ("met", None),
        "above_deposit_line": ("met", None),
        "beyond_small_capital": ("met", None),
        "property_or_investment": ("cannot_tell", None),
        "no_report": ("met", None),
        "above_criminal_line": ("cannot_tell", "rates"),
        "no_exemption": ("cannot_tell", None),
    }


@pytest.mark.parametrize(("amount", "above"), [("1600000", 0), ("1600001", 1)])
def test_the_criminal_line_counts_the_single_payment(amount, above, findings):
    """2 billion won at 1 250 won the dollar are 1 600 000 dollars: above it, not at it."""
    ledger = Ledger()
    ledger.rate(later(days=DAYS), "1250")
    outputs = pay(ledger, "a", amount, 0.1)
    found = measured(outputs)
    assert found["above_criminal_line"] == above
    assert found["this_payment_krw"] == str(int(amount) * 1250)
    assert outcomes(findings[0])["above_criminal_line"] == ("met" if above else "not_met", None)


def test_the_share_of_turnover_is_told_where_the_profile_has_one():
    """120 000 dollars at 1 250 won are 0.15 of a turnover of a billion."""
    ledger = Ledger()
    ledger.rate(later(days=DAYS), "1250")
    profile = Profile(
        event_id="p",
        identity=digest16("p"),
        body=digest16("p"),
        party=PARTY,
        party_type="company",
        turnover_krw="1000000000",
        as_of=later(days=DAYS),
    )
    ledger.put(profile, ledger.origin("fx.profiles.v1"))
    assert measured(pay(ledger, "a", "120000", 0.1))["share_of_turnover"] == 0.15
    assert "share_of_turnover" not in measured(pay(Ledger(), "a", "120000"))


def test_what_is_at_risk_is_what_the_exemption_leaves(findings):
    """Beyond the yearly amount where every payment is small; all of them where one is not."""
    ledger = Ledger()
    pay(ledger, "a", "60000")
    pay(ledger, "b", "60000", 5)
    assert (findings[-1].at_risk, findings[-1].size) == (2_000_000, 12_000_000)
    pay(Ledger(), "a", "130000")
    assert (findings[-1].at_risk, findings[-1].size) == (13_000_000, 13_000_000)


def test_strength_grows_with_the_days_sum():
    """0.6 at the line; each 50 000 beyond it takes half of the rest."""
    assert hits(pay(Ledger(), "a", "150000"))[0].strength == 0.9
    ledger = Ledger()
    pay(ledger, "a", "60000")
    assert hits(pay(ledger, "b", "100000", 5))[0].strength == 0.8
    assert hits(pay(Ledger(), "a", "500000"))[0].strength == 0.95


def test_no_law_of_another_time_is_applied():
    """The line is in force from 2001-11-06 on; in 2024 the small amount is of that year, not checked."""
    early = later(days=-8518)
    assert early.date().isoformat() == "2001-11-06"
    fields = {"party_type": "company", "evidence": "shown", "purpose": "50401"}
    assert Ledger().pay("a", early - timedelta(days=1), "400000", **fields).alerts == ()
    assert hits(Ledger().pay("a", early, "400000", **fields))
    (hit,) = hits(Ledger().pay("a", later(days=-300), "120000", **fields))
    assert {one.name: one.verified for one in hit.limits}["small_capital"] is False


def test_the_series_is_the_year_and_alerts_again_when_it_doubles():
    """120 000, then 130 000 more."""
    ledger = Ledger()
    assert hits(pay(ledger, "a", "120000"))
    assert hits(pay(ledger, "b", "110000", 5)) == []
    assert hits(pay(ledger, "c", "60000", 10))
    assert hits(pay(ledger, "next year", "120000", 320))


@pytest.mark.parametrize(("back", "stands"), [("60000", False), ("19999", True), ("20000", False)])
def test_a_return_takes_the_alert_back_where_the_year_is_within_the_amount_again(back, stands):
    """120 000 of the year; 20 000 back leave the 100 000 that need no report."""
    ledger = Ledger()
    pay(ledger, "a", "60000")
    assert hits(pay(ledger, "b", "60000", 5))
    returned = pay(ledger, "r", back, 6, status="returned", original_event_id="a")
    assert [alert.status for alert in returned.alerts] == ([] if stands else ["retracted"])


def test_a_return_below_the_days_line_takes_it_back():
    """Property of 60 000, of which 10 000 come back: 50 000 are below the line. 9 000 leave it standing."""
    for back, stands in (("9000", True), ("10000", False)):
        ledger = Ledger()
        pay(ledger, "a", "60000", remittance_classes=("property",))
        returned = pay(ledger, "r", back, 1, status="returned", original_event_id="a")
        assert [alert.status for alert in returned.alerts] == ([] if stands else ["retracted"])


def test_the_years_earlier_payments_hold_the_alert():
    """The second payment comes back; the first is beyond the yearly amount beside 45 000 without documents."""
    ledger = Ledger()
    ledger.pay("other", later(days=DAYS), "45000", party_type="company", purpose="20101")
    pay(ledger, "a", "60000", 1)
    pay(ledger, "b", "60000", 2)
    returned = pay(ledger, "r", "60000", 3, status="returned", original_event_id="b")
    assert returned.alerts == ()
    both = pay(ledger, "s", "60000", 4, status="returned", original_event_id="a")
    assert [alert.status for alert in both.alerts] == ["retracted"]


def test_what_would_have_made_it_not_fire():
    """A report; a tenth of the payment."""
    (alert,) = pay(Ledger(), "a", "120000").alerts
    report, less = alert.counterfactual
    assert "reported under a number, T13 would not have fired" in report.change
    assert "12,000.00 USD (a tenth)" in less.change
    assert not report.would_alert
    assert not less.would_alert


def test_parts_by_institution(findings):
    """How much came through each bank; a rest counts above the day's line."""
    ledger = Ledger()
    pay(ledger, "a", "70000", institution="BANKB")
    pay(ledger, "b", "60000", 2)
    found = findings[0]
    assert dict(found.parts) == {"BANKA": 6_000_000, "BANKB": 7_000_000}
    assert found.without == (("BANKB", 6_000_000),)
    assert found.alone == 6_000_000


def test_a_settlement_counts_once():
    """An order of 60 000 that is settled with 60 000 is one payment of 60 000, within the year."""
    ledger = Ledger()
    assert hits(pay(ledger, "a", "60000", status="ordered", payment_id="P")) == []
    assert hits(pay(ledger, "b", "60000", 2, payment_id="P")) == []
    found = measured(pay(ledger, "c", "60000", 5))
    assert (found["capital_of_year"], found["capital_payments"]) == ("120000.00", 2)


def test_all_that_is_told_of_it(findings):
    """Limits, measured values with their units, window, series and size."""
    ledger = Ledger()
    ledger.rate(later(days=DAYS), "1250")
    pay(ledger, "a", "120000", 0.1)
    found = findings[0]
    assert [one.name for one in found.limits] == ["deposit_line", "small_capital", "annual_cap", "growth_ratio"]
    assert [(one.name, one.value, one.unit) for one in found.measured] == [
        ("capital_on_day", "120000.00", "USD"),
        ("capital_of_year", "120000.00", "USD"),
        ("capital_payments", 1, "count"),
        ("this_payment_krw", "150000000", "KRW"),
        ("above_criminal_line", 0, "flag"),
    ]
    assert (found.window, found.series) == ("local day and calendar year 2026", "capital 2026")
    assert (found.growth, found.memory_us) == (200, 366 * 86_400_000_000)
    assert (found.value, found.unit, found.own_baseline, found.own_n, found.peer_baseline) == (
        "120000.00",
        "USD",
        None,
        0,
        None,
    )
    assert (len(found.offsets), found.institutions, found.institution) == (1, ("BANKA",), "BANKA")


@pytest.mark.parametrize("evidence", ["none", "shown"])
def test_a_payment_without_documents_counts_once_when_a_return_is_looked_at(evidence):
    """It stands in the yearly total of T02 already: 20 000 back leave 100 000 of the year, and the alert goes."""
    ledger = Ledger()
    pay(ledger, "a", "60000", evidence=evidence)
    assert hits(pay(ledger, "b", "60000", 5, evidence=evidence))
    returned = pay(ledger, "r", "20000", 6, status="returned", original_event_id="a", evidence=evidence)
    assert [alert.status for alert in returned.alerts] == ["retracted"]
    assert "T13" in [hit.id for hit in returned.alerts[0].typologies]


def test_payments_of_the_small_amount_exactly_are_small(findings):
    """Two of 100 000: beyond the yearly amount are 100 000 of them."""
    ledger = Ledger()
    pay(ledger, "a", "100000")
    pay(ledger, "b", "100000", 5)
    assert findings[-1].at_risk == 10_000_000
