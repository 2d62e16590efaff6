"""What the law asks of a planned payment, at and beside each line of it: Regulation 4-3, 4-4, 5-4, 5-8, 5-10, 7-2."""

import re
from datetime import date
from typing import Any

import msgspec
import pytest

from detectors.contracts.limits import Rulebook
from detectors.precheck.check import check
from detectors.precheck.planned import Duty, Planned
from tests.support.ledger import configuration

CONFIGURATION = configuration()
RULEBOOK = Rulebook(CONFIGURATION)
# in the legend of the shipped pack
GOODS, CAPITAL, GIFT = "10101", "50401", "40101"


def duties(**said: Any) -> dict[str, Duty]:
    plain = {
        "planned_on": "2026-03-02",
        "direction": "out",
        "party_type": "person",
        "amount": "1000",
        "currency": "USD",
        "residency": "resident",
        "purpose": GIFT,
        "other_party_pays": False,
        "offset": False,
    }
    planned = msgspec.convert({key: value for key, value in (plain | said).items() if value is not None}, Planned)
    return {duty.id: duty for duty in check(planned, RULEBOOK, CONFIGURATION.legend)}


def outcomes(**said: Any) -> dict[str, str]:
    return {name: duty.outcome for name, duty in duties(**said).items()}


def test_a_small_gift_needs_nothing():
    assert outcomes() == {"documents": "not_asked"}


@pytest.mark.parametrize(
    ("amount", "before", "outcome"),
    [
        ("5000", None, "not_asked"),  # 4-3(1) no. 2(a): beyond the cap too
        ("5000", "100000", "not_asked"),
        ("5000.01", None, "cannot_tell"),
        ("5000.01", "94999.99", "not_asked"),  # 100 000 is within
        ("5000.01", "95000", "asked"),
        ("100000", "0", "not_asked"),
        ("100000.01", None, "asked"),  # passes the cap whatever came before
    ],
)
def test_documents_of_a_resident(amount, before, outcome):
    duty = duties(amount=amount, paid_this_year=before)["documents"]
    assert duty.outcome == outcome
    assert duty.missing == (("paid_this_year",) if outcome == "cannot_tell" else ())
    assert [(each.name, each.value) for each in duty.limits] in (
        [("annual_cap", "100000"), ("document_line", "5000")],
        [("annual_cap", "100000"), ("document_line", "5000")],
    )


def test_the_year_before_has_its_own_law():
    """On 2025-12-28 the cap is the older one; the limit shown says since when it was in force."""
    (cap, _) = duties(amount="6000", paid_this_year="0", planned_on="2025-12-28")["documents"].limits
    assert cap.effective_from < date(2025, 12, 29)


def test_documents_before_any_limit_cannot_be_told():
    duty = duties(amount="6000", planned_on="1995-01-01")["documents"]
    assert (duty.outcome, duty.text_en) == ("cannot_tell", "no limit of this rule is in force on that day")


def test_another_currency_needs_a_rate():
    assert duties(currency="EUR", amount="4600")["documents"].missing == ("usd_rate",)
    assert outcomes(currency="EUR", amount="4600", usd_rate="1.08")["documents"] == "not_asked"
    assert outcomes(currency="EUR", amount="4630", usd_rate="1.08", paid_this_year="99999")["documents"] == "asked"


def test_residency_that_is_not_said_is_asked_for():
    duty = duties(residency=None)["documents"]
    assert (duty.outcome, duty.missing) == ("cannot_tell", ("residency",))


@pytest.mark.parametrize(
    ("before", "today", "amount", "outcome"),
    [
        (None, None, "100000", "cannot_tell"),
        (None, "0", "100000", "not_asked"),
        (None, "1", "100000", "asked"),
        (None, None, "100000.01", "asked"),
    ],
)
def test_receipts_of_one_day(before, today, amount, outcome):
    duty = duties(direction="in", amount=amount, received_today=today, paid_this_year=before)["documents"]
    assert (duty.outcome, duty.article_en) == (outcome, "FX Transactions Regulation 4-3(1) no. 3")


@pytest.mark.parametrize("residency", ["foreign_resident", "non_resident"])
@pytest.mark.parametrize(
    ("amount", "before", "outcome"),
    [("50000", "0", "not_asked"), ("50000.01", "0", "asked"), ("1", "50000", "asked"), ("1", None, "cannot_tell")],
)
def test_foreigners_have_a_cap_of_their_own(residency, amount, before, outcome):
    found = duties(residency=residency, amount=amount, paid_this_year=before, designated_bank=True)
    assert found["documents"].outcome == outcome
    assert [each.name for each in found["documents"].limits] == ["foreign_cap"]
    assert found["designated_bank"].outcome == "not_asked"


@pytest.mark.parametrize(("designated", "outcome"), [(True, "not_asked"), (False, "asked"), (None, "cannot_tell")])
def test_foreigners_pay_through_one_bank(designated, outcome):
    assert outcomes(residency="non_resident", designated_bank=designated)["designated_bank"] == outcome
    assert "designated_bank" not in outcomes(residency="non_resident", channel="small_remitter")
    assert "designated_bank" not in outcomes(residency="resident", designated_bank=False)


@pytest.mark.parametrize(
    ("amount", "before", "outcome", "office", "missing"),
    [
        ("5000", "0", "not_asked", "bank", ()),
        ("5000", None, "cannot_tell", "bank", ("paid_before",)),
        ("5000", "0.01", "asked", "bank", ()),  # pieces are summed (5-10(1) no. 1)
        ("10000", None, "asked", "bank", ()),
        ("10000.01", None, "asked", "central_bank", ()),
        ("5000", "5000.01", "asked", "central_bank", ()),
    ],
)
def test_a_third_party_payment_is_reported_to_the_bank_then_to_the_central_bank(
    amount, before, outcome, office, missing
):
    duty = duties(amount=amount, paid_before=before, other_party_pays=True)["third_party_report"]
    assert (duty.outcome, duty.office, duty.missing, duty.before) == (outcome, office, missing, True)


def test_a_receipt_from_a_third_party_needs_no_report():
    """5-10(1) no. 2 and 3."""
    assert "third_party_report" not in outcomes(direction="in", amount="90000", other_party_pays=True)


def test_whether_a_third_party_is_paid_is_asked_for_only_where_it_matters():
    assert duties(amount="6000", other_party_pays=None)["third_party_report"].missing == ("other_party_pays",)
    assert outcomes(amount="5000", paid_before="0", other_party_pays=None)["third_party_report"] == "not_asked"


@pytest.mark.parametrize(
    ("amount", "before", "outcome"), [("5000", "0", "not_asked"), ("5000", "1", "asked"), ("900000", None, "asked")]
)
def test_an_offset_is_reported_to_the_bank_before_or_after(amount, before, outcome):
    duty = duties(amount=amount, paid_before=before, offset=True)["offset_report"]
    assert (duty.outcome, duty.office, duty.before) == (outcome, "bank", False)


@pytest.mark.parametrize(
    ("amount", "year", "before", "outcome", "missing"),
    [
        ("60000", "0", None, "not_asked", ()),
        ("60000", "40000", None, "not_asked", ()),
        ("60000", "40000.01", None, "asked", ()),
        ("60000", None, None, "cannot_tell", ("paid_this_year",)),
        ("100000", "0", None, "not_asked", ()),
        ("100000.01", "0", None, "asked", ()),
        ("100000.01", None, None, "asked", ()),
        ("5000", "100000", "0", "not_asked", ()),
        ("5000", "100000", "0.01", "asked", ()),
        # pieces of one deal count together (7-2 no. 9)
        ("5000", "100000", None, "cannot_tell", ("paid_before",)),
        ("5000.01", "100000", None, "asked", ()),
    ],
)
def test_a_small_deposit_abroad_needs_no_report(amount, year, before, outcome, missing):
    duty = duties(purpose=CAPITAL, capital_kind="deposit", amount=amount, paid_this_year=year, paid_before=before)[
        "capital_report"
    ]
    assert (duty.outcome, duty.missing) == (outcome, missing)


@pytest.mark.parametrize("kind", ["property", "direct_investment"])
def test_property_and_direct_investment_are_reported_whatever_they_come_to(kind):
    said = {"purpose": CAPITAL, "capital_kind": kind, "amount": "1000", "paid_this_year": "0"}
    assert outcomes(**said)["capital_report"] == "asked"


def test_a_purpose_does_not_tell_property_from_a_deposit():
    """So a small payment for a capital transaction may need a report, and a large one does."""
    said = {"purpose": CAPITAL, "paid_this_year": "0"}
    assert duties(**said, amount="1000")["capital_report"].missing == ("capital_kind",)
    assert outcomes(**said, amount="1000")["capital_report"] == "cannot_tell"
    assert outcomes(**said, amount="100000.01")["capital_report"] == "asked"


@pytest.mark.parametrize(
    ("planned_on", "goods_due", "is_told"),
    [
        ("2026-03-02", "2027-03-02", False),
        ("2026-03-02", "2027-03-03", True),
        # a year with a leap day in it has 366 days
        ("2027-03-02", "2028-03-02", False),
        ("2027-03-02", "2028-03-03", True),
        ("9999-12-31", "9999-12-31", True),
    ],
)
def test_the_year_before_the_goods_ends_with_the_same_date(planned_on, goods_due, is_told):
    """On the calendar's last day there is no year before anything: the payment is asked about."""
    said = {"planned_on": date.fromisoformat(planned_on), "goods_due": date.fromisoformat(goods_due)}
    told = duties(amount="200000", purpose="10101", trade_terms="advance", contract_amount="200000", **said)
    assert ("period_report" in told) is is_told


@pytest.mark.parametrize("said", [{"purpose": None}, {"purpose": "99999"}], ids=["not said", "not in the legend"])
def test_a_purpose_that_nobody_knows_is_asked_for(said):
    assert duties(**said)["capital_report"].missing[0] == "purpose"


def test_what_needs_a_report_needs_documents_too():
    """4-3(1) no. 1 is for what needs no report; up to the document line nothing is shown all the same (no. 2(a))."""
    said = {"paid_this_year": "0", "other_party_pays": True}
    assert outcomes(amount="6000", **said)["documents"] == "asked"
    assert outcomes(amount="5000", paid_before="1", **said)["documents"] == "not_asked"


def test_every_answer_is_whole_in_both_languages():
    """Korean without English but for currency codes; no answer says that somebody broke the law."""
    seen: set[str] = set()
    for said in (
        {"amount": "200000", "purpose": CAPITAL, "other_party_pays": True, "offset": True, "currency": "EUR"},
        {"amount": "200000", "purpose": CAPITAL, "other_party_pays": True, "offset": True, "paid_this_year": "1"},
        {"amount": "200000", "direction": "in", "purpose": GOODS},
        {"amount": "200000", "residency": "foreign_resident", "paid_this_year": "2"},
        {"amount": "1", "residency": "foreign_resident"},
        {"amount": "6000"},
        {"residency": None},
        {"planned_on": "1990-01-01", "other_party_pays": True, "offset": True, "purpose": CAPITAL},
    ):
        for duty in duties(**said).values():
            seen.add(duty.id)
            korean = duty.text_ko + duty.article_ko
            assert not re.search(r"[A-Za-z]", korean.replace("EUR", "")), korean
            assert not re.search(r"illegal|불법|위반", duty.text_en + korean)
            assert duty.text_en
            assert duty.article_en
    assert seen == {"documents", "designated_bank", "third_party_report", "offset_report", "capital_report"} | (
        {"period_report"} if "T06" in CONFIGURATION.rules else seen & {"period_report"}
    )
