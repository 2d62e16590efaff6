"""T02 for whom the law has another amount: firms, foreign residents, non-residents."""

from datetime import timedelta

import pytest

from detectors.books.folded_payments import Day
from detectors.contracts.events import Profile
from detectors.typologies import t02_annual_cap
from detectors.typologies.base import Finding
from detectors.typologies.t02_scopes import EVERYWHERE, FIRM, FOREIGN_SMALL, SCOPES, SMALL, of_day
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, digest16, later

# 2026-03-03
DAYS = 365
PARTY = "k1.0a3.remitter"
FOREIGN = {"residency": "foreign_resident"}


def pay(ledger: Ledger, name: str, amount: str, days: float = 0, **fields):
    """A gift without documents in 2026."""
    return ledger.pay(name, later(days=DAYS) + timedelta(days=days), amount, **fields)


def hits(outputs, typology: str = "T02"):
    """T02's parts of the alerts that were raised or brought up to date."""
    alerts = [alert for alert in outputs.alerts if alert.status != "retracted"]
    return [hit for alert in alerts for hit in alert.typologies if hit.id == typology]


@pytest.fixture
def findings(monkeypatch) -> list[Finding]:
    """What the rule found, as it was found."""
    found, original = [], t02_annual_cap._finding

    def noted(context, *given):
        finding = original(context, *given)
        if context.transaction.institution != "TRIAL":  # of payments by which a new configuration is tried
            found.append(finding)
        return finding

    monkeypatch.setattr(t02_annual_cap, "_finding", noted)
    return found


def outcomes(found: Finding) -> dict:
    """The tests of the law, with the fields for lack of which they cannot be told."""
    return {one.id: one.missing or one.outcome for one in found.tests}


@pytest.mark.parametrize("kind", ["foreign_resident", "non_resident"])
@pytest.mark.parametrize(("amount", "fires"), [("50000", False), ("50000.01", True)])
def test_foreign_parties_have_half_the_amount(kind, amount, fires, findings):
    """50 000 dollars a year (Reg 4-4(2)), beside the 100 000 of residents."""
    outputs = pay(Ledger(), "a", amount, residency=kind)
    assert bool(hits(outputs)) == fires
    assert [one.series for one in findings] == (["2026 foreign"] if fires else [])
    assert hits(pay(Ledger(), "a", amount, residency="resident")) == []


def test_a_party_of_whom_nothing_is_said_is_a_resident(findings):
    """A missing field is never against the person."""
    assert hits(pay(Ledger(), "a", "100000")) == []
    assert hits(pay(Ledger(), "a", "100000.01"))
    assert outcomes(findings[0])["resident_with_this_amount"] == "transactions.residency"


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"residency": "resident"}, "met"), ({}, "transactions.residency")],
    ids=["told", "not told"],
)
def test_whether_the_party_is_a_resident_is_told(fields, outcome, findings):
    """As far as anybody said it."""
    pay(Ledger(), "a", "120000", **fields)
    assert outcomes(findings[0])["resident_with_this_amount"] == outcome


def test_another_institutions_word_makes_it_disputed_and_no_more(findings):
    """It neither lowers the amount nor raises it; the test cannot be told then, and no field is missing."""
    ledger = Ledger()
    pay(ledger, "a", "60000", institution="BANKB", evidence="shown", **FOREIGN)
    assert hits(pay(ledger, "b", "90000", 1)) == []
    assert hits(pay(ledger, "c", "20000", 2))
    assert outcomes(findings[-1])["resident_with_this_amount"] == "cannot_tell"


def test_a_foreign_party_that_another_institution_calls_a_resident_counts_for_less(findings):
    """0.6 of the strength: one institution's word against another's."""
    pay(Ledger(), "a", "60000", **FOREIGN)
    agreed = findings[-1].strength
    ledger = Ledger()
    pay(ledger, "x", "10", institution="BANKB", evidence="shown", residency="resident")
    pay(ledger, "a", "60000", 1, **FOREIGN)
    assert findings[-1].strength == round(agreed * 0.6, 4)
    assert outcomes(findings[-1])["foreign_party"] == "cannot_tell"


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"designated_bank": True}, "met"),
        ({"designated_bank": False}, "not_met"),
        ({}, "transactions.designated_bank"),
    ],
    ids=["through it", "not through it", "not told"],
)
def test_the_designated_bank_is_told(fields, outcome, findings):
    """The amount is through the bank that the party designated."""
    pay(Ledger(), "a", "60000", **FOREIGN, **fields)
    assert outcomes(findings[0]) == {"over_foreign_amount": "met", "foreign_party": "met", "designated_bank": outcome}


def test_small_remitters_have_an_amount_of_their_own_for_foreign_parties(findings):
    """50 000 there and 50 000 through the bank (Reg 2-31(1) no. 2, 4-4(2)); neither is summed with the other."""
    ledger = Ledger()
    small = {"channel": "small_remitter"} | FOREIGN
    assert hits(pay(ledger, "a", "50000", **FOREIGN)) == []
    assert hits(pay(ledger, "b", "50000", 1, **small)) == []
    assert hits(pay(ledger, "c", "1", 2, **small))
    assert hits(pay(ledger, "d", "1", 3, **FOREIGN))
    assert [one.series for one in findings] == ["2026 foreign small remitters", "2026 foreign"]
    assert [one.size for one in findings] == [5_000_100, 5_000_100]
    assert outcomes(findings[0]) == {"over_foreign_amount": "met", "foreign_party": "met"}
    assert "2-31(1) no. 2" in findings[0].tests[0].text_en
    assert "4-4(2)" in findings[1].tests[0].text_en


def test_the_sentence_says_whose_amount_it_is(findings):
    """In both languages."""
    pay(Ledger(), "a", "60000", **FOREIGN)
    assert "through banks and card companies" in findings[0].text_en
    assert "The yearly cap of a foreign resident or non-resident is 50,000.00 USD" in findings[0].text_en
    assert "외국인거주자 또는 비거주자의 연간 한도는 미화 50,000.00달러" in findings[0].text_ko


def test_the_profile_decides(findings):
    """Whatever the institution says."""
    ledger = Ledger()
    profile = Profile(
        event_id="p",
        identity=digest16("p"),
        body=digest16("p"),
        party=PARTY,
        party_type="person",
        residency="foreign_resident",
        as_of=later(days=DAYS),
    )
    ledger.put(profile, ledger.origin("fx.profiles.v1"))
    assert hits(pay(ledger, "a", "60000", 1, residency="resident"))
    assert findings[0].series == "2026 foreign"


def test_pieces_under_the_line_of_residents_are_none_of_a_foreign_party():
    """Reg 4-3(1) leaves foreign residents out, and with them the line of T01."""
    for fields, fires in (({}, True), (FOREIGN, False)):
        ledger = Ledger()
        found = [hits(pay(ledger, f"e{number}", "4900", number / 10, **fields), "T01") for number in range(4)]
        assert any(found) == fires


@pytest.mark.parametrize("kind", ["company", "sole_trader"])
@pytest.mark.parametrize(("amount", "fires"), [("100000", False), ("100000.01", True)])
def test_firms_have_the_amount_of_residents(kind, amount, fires, findings):
    """Reg 4-3(1) speaks of residents, and leaves out foreign residents alone."""
    outputs = pay(Ledger(), "a", amount, party_type=kind, purpose="20101")
    assert bool(hits(outputs)) == fires
    assert [one.series for one in findings] == (["2026 firm"] if fires else [])


def test_a_banks_payments_are_no_matter_of_it():
    """Nor are they for a party that is called a bank elsewhere."""
    assert hits(pay(Ledger(), "a", "900000", party_type="bank", purpose="20101")) == []
    assert hits(pay(Ledger(), "a", "900000", party_type="bank", residency="non_resident")) == []


def test_a_firms_payments_for_goods_are_left_out(findings):
    """Who traded much in the year before needs no documents for them, and no field tells who did."""
    ledger, firm = Ledger(), {"party_type": "company"}
    assert hits(pay(ledger, "goods", "900000", purpose="10101", **firm)) == []
    assert hits(pay(ledger, "a", "100000", 1, purpose="20101", **firm)) == []
    assert hits(pay(ledger, "b", "1", 2, purpose="20101", **firm))
    assert findings[-1].size == 10_000_100
    assert len(findings[-1].offsets) == 2
    assert hits(pay(ledger, "more goods", "900000", 3, purpose="10101", **firm)) == []
    assert "이 기업" not in findings[-1].text_ko
    assert "this firm remitted 100,001.00 USD" in findings[-1].text_en
    assert "payments for goods left out" in findings[-1].text_en


def test_firms_had_no_such_amount_that_was_read_before():
    """Until notice 2025-57 the wording is not known."""
    assert hits(pay(Ledger(), "a", "900000", -70, party_type="company", purpose="20101")) == []
    assert hits(pay(Ledger(), "a", "900000", -60, party_type="company", purpose="20101"))


@pytest.mark.parametrize(
    ("fields", "back"),
    [
        ({"party_type": "company", "purpose": "20101"}, "20000"),
        (FOREIGN, "70000"),
        ({"channel": "small_remitter"} | FOREIGN, "70000"),
    ],
    ids=["firm", "foreign", "small remitters"],
)
def test_a_return_takes_the_alert_back_at_the_amount(fields, back):
    """120 000; at the amount exactly nothing is left of it, a dollar more stands."""
    for less, stands in (("1", True), ("0", False)):
        ledger = Ledger()
        assert hits(pay(ledger, "a", "120000", **fields))
        returned = str(int(back) - int(less))
        outputs = pay(ledger, "r", returned, 1, status="returned", original_event_id="a", **fields)
        assert [alert.status for alert in outputs.alerts] == ([] if stands else ["retracted"])


def test_what_would_have_made_it_not_fire():
    """Documents; what was left under the amount of the scope."""
    ledger = Ledger()
    pay(ledger, "a", "30000", **FOREIGN)
    (alert,) = pay(ledger, "b", "30000", 1, **FOREIGN).alerts
    changes = [one for one in alert.counterfactual if "T02" in one.change]
    assert [one.would_alert for one in changes] == [False, False]
    assert "20,000.00 USD or less" in changes[1].change


def test_folded_payments_count_by_channel(findings):
    """Of a foreign party with many payments: through the bank, and through small remitters; none of a firm's."""
    with few_rows(32, 16):
        ledger = Ledger()
        for number in range(60):
            channel = "small_remitter" if number % 2 else "app"
            pay(ledger, f"p{number}", "1000", number / 24, channel=channel, **FOREIGN)
        pay(ledger, "a", "21000", 5, **FOREIGN)
        assert findings[-1].size == 5_100_000
        assert findings[-1].folded > 0
        assert dict(findings[-1].parts) == {"BANKA": 5_100_000}
        pay(ledger, "b", "21000", 6, channel="small_remitter", **FOREIGN)
    assert findings[-1].series == "2026 foreign small remitters"
    assert findings[-1].size == 5_100_000


def test_the_test_on_one_institution_takes_its_date_from_the_limit(findings):
    """Since 2025-12-29 all institutions are added up; before, each one counted."""
    pay(Ledger(), "a", "120000")
    told = {one.id: one for one in findings[-1].tests}["over_at_one_institution"]
    assert "since 2025-12-29 all institutions are added up" in told.text_en
    assert "2025년 12월 29일부터" in told.text_ko
    Ledger().pay("a", later(), "120000")
    told = {one.id: one for one in findings[-1].tests}["over_at_one_institution"]
    assert told.text_en.endswith("at that time the amount was counted at each institution")
    assert "당시에는 금융기관별로" in told.text_ko


@pytest.mark.parametrize(
    ("scope", "total", "count"),
    [(EVERYWHERE, 1000, 9), (SMALL, 300, 2), (SCOPES["foreign"], 700, 7), (FOREIGN_SMALL, 300, 2), (FIRM, 0, 0)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_figures_of_a_folded_day_by_scope(scope, total, count):
    """All of it, what went through small remitters, the rest, nothing of a firm's."""
    found = of_day(scope, Day(total=1000, count=9, small=300, small_count=2))
    assert (found.total, found.count) == (total, count)


@pytest.mark.parametrize("purpose", ["no such code", None])
def test_a_firms_payment_of_a_purpose_that_is_not_known_counts(purpose):
    """It is not said to be for goods."""
    assert hits(pay(Ledger(), "a", "100001", party_type="company", purpose=purpose))


def test_a_firms_folded_payments_are_in_no_sum():
    """They name no purpose, so they may be for goods: the least that it can be is told."""
    with few_rows(32, 16):
        ledger, firm = Ledger(), {"party_type": "company", "purpose": "20101"}
        for number in range(60):
            assert hits(pay(ledger, f"p{number}", "1600", number / 24, **firm)) == []
        assert hits(pay(ledger, "a", "30000", 5, **firm)) == []
        assert hits(pay(ledger, "b", "90000", 6, **firm))
