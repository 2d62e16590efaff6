"""T02: the annual no-document cap across institutions."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.ledger import Ledger


def at(year: int, day: int) -> datetime:
    """Noon UTC of a day of the year."""
    return datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)


def hits(outputs):
    """The T02 hits of an output's alerts."""
    return [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T02"]


@pytest.mark.parametrize(("year", "cap"), [(2022, 50_000), (2025, 100_000), (2026, 100_000)])
def test_the_cap_of_the_years_own_law_applies_over_all_institutions(year, cap):
    """Exactly the cap is allowed; the next payment, at a third bank, crosses it."""
    ledger = Ledger()
    assert not hits(ledger.pay("a", at(year, 10), str(cap // 2), institution="BANKA"))
    assert not hits(ledger.pay("b", at(year, 20), str(cap // 2), institution="BANKB"))
    outputs = ledger.pay("c", at(year, 30), "600", institution="BANKC")
    (hit,) = hits(outputs)
    values = {each.name: each.value for each in hit.measured}
    assert values["over_cap"] == "600.00"
    assert values["cap_crossed_on"] == at(year, 30).date().isoformat()
    assert {name for name in values if name.startswith("total at")} == {f"total at BANK{each}" for each in "ABC"}
    assert outputs.alerts[0].institutions == ("BANKA", "BANKB", "BANKC")


def test_the_year_is_the_local_calendar_year():
    """A payment at 15:30 UTC on 31 December is of the next year in Seoul."""
    ledger = Ledger()
    ledger.pay("a", datetime(2024, 12, 31, 14, 30, tzinfo=UTC), "60000")
    ledger.pay("b", datetime(2024, 12, 31, 15, 30, tzinfo=UTC), "60000")
    assert not hits(ledger.pay("c", at(2025, 5), "30000"))
    assert hits(ledger.pay("d", at(2025, 6), "20000"))


def test_small_remitters_had_a_lower_cap_of_their_own():
    """60 000 USD through small remitters in 2024 is over theirs, though under the common cap; in 2026 it is not."""
    for year, expected in ((2024, True), (2026, False)):
        ledger = Ledger()
        ledger.pay("a", at(year, 10), "30000", channel="small_remitter")
        assert bool(hits(ledger.pay("b", at(year, 20), "30000", channel="small_remitter"))) == expected


def test_it_comes_again_only_when_the_total_has_grown_by_a_quarter():
    """After the crossing at 110 000 the next alert comes at 137 500 or more, as an update of the first."""
    ledger = Ledger()
    ledger.pay("a", at(2025, 10), "90000")
    first = ledger.pay("b", at(2025, 20), "20000").alerts[0]
    assert not hits(ledger.pay("c", at(2025, 30), "27000"))
    again = ledger.pay("d", at(2025, 90), "1000").alerts[0]
    assert (again.status, again.supersedes, again.case_id) == ("updated", first.alert_id, first.case_id)


def test_companies_have_no_such_cap():
    """The cap is a person's."""
    ledger = Ledger()
    assert not any(hits(ledger.pay(f"e{n}", at(2025, n), "90000", party_type="company")) for n in range(3))


def test_last_years_total_is_the_own_baseline():
    """The alert of the next year shows what the party did without documents the year before."""
    ledger = Ledger()
    ledger.pay("a", at(2024, 300), "40000")
    ledger.pay("b", at(2025, 10), "90000")
    alert = ledger.pay("c", at(2025, 20), "20000").alerts[0]
    (reason,) = [each for each in alert.reasons if each.feature == "T02"]
    assert reason.own_baseline == "40000.00"
    assert "In 2024 the total was 40,000.00 USD" in reason.text_en


def test_the_counterfactual_names_what_was_left_under_the_cap():
    """10 000 USD were left; with that amount the rules stay silent."""
    ledger = Ledger()
    ledger.pay("a", at(2025, 10), "90000")
    alert = ledger.pay("b", at(2025, 20), "20000").alerts[0]
    (change,) = [each for each in alert.counterfactual if "10,000.00 USD or less" in each.change]
    assert not change.would_alert
