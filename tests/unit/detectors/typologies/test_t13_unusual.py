"""T13's indicator: a person's payments far above the own past, under purposes that no report is asked for."""

from datetime import timedelta
from math import log

import pytest

from detectors.typologies import t13_capital
from detectors.typologies.base import Finding
from tests.support.ledger import Ledger, later

DAYS = 365
USUAL = ("500", "510", "490", "520", "505")


def pay(ledger: Ledger, name: str, amount: str, days: float, **fields):
    """A person's documented living expenses."""
    given = {"evidence": "shown", "purpose": "40301"} | fields
    return ledger.pay(name, later(days=DAYS) + timedelta(days=days), amount, **given)


def saver(usual: tuple[str, ...] = USUAL, **fields) -> Ledger:
    """A ledger in which a person sent small amounts, a week apart until day 28."""
    ledger = Ledger()
    for number, amount in enumerate(usual):
        pay(ledger, f"usual{number}", amount, 28 - 7 * (len(usual) - 1 - number), **fields)
    return ledger


def large(ledger: Ledger, name: str, amount: str, days: float, **fields):
    """A payment to a new account."""
    return pay(ledger, name, amount, days, **{"counterparty": "k1.111.account"} | fields)


def sixty(ledger: Ledger, **fields) -> None:
    """60 000 dollars to a new account, in two payments."""
    for number in range(2):
        large(ledger, f"half{number}", "30000", 40 + number, **fields)


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
    found, original = [], t13_capital.drain_finding

    def noted(context, *given):
        finding = original(context, *given)
        if context.transaction.institution != "TRIAL":  # of payments by which a new configuration is tried
            found.append(finding)
        return finding

    monkeypatch.setattr(t13_capital, "drain_finding", noted)
    return found


@pytest.mark.parametrize(("amount", "fires"), [("40000", False), ("40000.01", True)])
def test_they_come_to_more_than_a_hundred_thousand(amount, fires):
    """60 000 and 40 000 do not, a cent more does."""
    ledger = saver()
    sixty(ledger)
    assert bool(hits(large(ledger, "b", amount, 50))) == fires


@pytest.mark.parametrize(("number", "fires"), [(2, False), (3, True)])
def test_three_of_them_are_a_pattern(number, fires):
    """One payment, or two, are for the models."""
    ledger = saver()
    found = [hits(large(ledger, f"p{one}", "60000", 40 + one)) for one in range(number)]
    assert [bool(one) for one in found] == [False, False, True][:number]
    assert bool(found[-1]) == fires


@pytest.mark.parametrize(("amount", "number"), [("4999.99", 3), ("5000", 4)])
def test_small_payments_are_never_unusual(amount, number):
    """5 000 dollars are the least, however small the own past."""
    ledger = saver()
    large(ledger, "a", amount, 39)
    sixty(ledger)
    outputs = large(ledger, "c", "60000", 42)
    assert measured(outputs)["unusual_payments"] == number


@pytest.mark.parametrize(("amount", "fires"), [("119000", False), ("121000", True)])
def test_three_times_the_usual_is_unusual(amount, fires):
    """Of somebody who sends 40 000 each time."""
    ledger = saver(("40000",) * 40)
    found = [hits(large(ledger, f"p{number}", amount, 40 + number)) for number in range(3)]
    assert [bool(one) for one in found] == [False, False, fires]


@pytest.mark.parametrize(("days", "fires"), [(364.9, True), (365, False)])
def test_they_are_summed_within_a_year(days, fires):
    """A payment exactly 365 days old is out."""
    ledger = saver()
    large(ledger, "a", "60000", 40)
    large(ledger, "between", "10000", 41)
    large(ledger, "and", "10000", 42)
    assert bool(hits(large(ledger, "b", "60000", 40 + days))) == fires


@pytest.mark.parametrize(("payees", "fires"), [(3, True), (4, False)])
def test_few_payees_get_them(payees, fires):
    """Three at most: more is no account of one's own."""
    ledger = saver()
    for number in range(payees):
        outputs = large(ledger, f"p{number}", "40000", 40 + number, counterparty=f"k1.111.{number}")
    assert bool(hits(outputs)) == fires


@pytest.mark.parametrize(
    ("purpose", "fires"),
    [
        *((one, True) for one in ("40301", "40101", "20101", "90101", None, "7")),
        *((one, False) for one in ("10101", "40201", "30101")),
    ],
)
def test_purposes_that_no_report_is_asked_for(purpose, fires):
    """Living expenses, gifts, services, others and what is not known; not goods, studies or wages."""
    ledger = saver()
    sixty(ledger)
    assert bool(hits(large(ledger, "b", "60000", 50, purpose=purpose))) == fires


@pytest.mark.parametrize(
    "fields",
    [
        {"party_type": "company"},
        {"direction": "in"},
        {"report_no": "CAP-1", "report_type": "capital"},
        {"residency": "foreign_resident"},
        {"residency": "non_resident"},
    ],
    ids=lambda fields: " ".join(f"{name} {value}" for name, value in fields.items()),
)
def test_it_is_silent_for_others(fields):
    """Firms, receipts, reported payments, who is no resident with these exemptions."""
    ledger = saver(party_type=fields.get("party_type", "person"))
    sixty(ledger, **fields)
    assert hits(large(ledger, "b", "90000", 50, **fields)) == []


def test_the_own_past_is_what_it_was_before_the_first_of_them(findings):
    """The large payments do not become usual while they run; five of them, each told beside 505 dollars."""
    ledger = saver()
    for number in range(5):
        large(ledger, f"p{number}", "30000", 40 + 5 * number)
    assert {one.own_baseline for one in findings} == {"505.11"}
    assert [one.size for one in findings] == [12_000_000, 15_000_000]
    assert findings[-1].own_n == 5
    assert findings[-1].peer_baseline is None


def test_without_enough_of_an_own_past_peers_are_the_measure(findings):
    """Four payments are too few. Who has fewer is compared with others of the type, and it counts for less."""
    ledger = saver(USUAL[:4])
    sixty(ledger)
    outputs = large(ledger, "b", "60000", 50)
    found = findings[-1]
    assert (found.own_n, found.own_baseline) == (0, None)
    assert found.peer_baseline == "504.88"
    assert hits(outputs)[0].strength == round((1 - 0.5 * 0.5**0.2) * 0.8, 4)
    assert "what is usual of such parties, 504.88 USD (its own past is too short)" in found.text_en
    assert "비슷한 당사자의 평소 지급액" in found.text_ko


def test_they_lie_far_above_the_own_past_together():
    """The measured distance is the sum of each one's spreads, over the root of their number."""
    ledger = saver(("50", "500", "4900", "500", "50"))
    sixty(ledger)
    # a spread of nearly a factor of ten: 60 000 is little more than two of them
    assert hits(large(ledger, "b", "60000", 50)) == []
    narrow = saver()
    sixty(narrow)
    found = measured(large(narrow, "b", "60000", 50))
    assert found["distance_from_own"] > 4
    assert found["times_usual"] == 79.2
    assert found["usual_payment"] == "505.11"
    assert found["unusual_payees"] == 1


def test_strength_grows_with_the_sum():
    """Half at the line; each 100 000 beyond it takes half of the doubt, up to 0.8."""
    for amount, strength in (("140000", 0.75), ("840000", 0.8)):
        ledger = saver()
        sixty(ledger)
        assert hits(large(ledger, "a", amount, 50))[0].strength == strength


def test_the_tests_say_that_the_transaction_itself_cannot_be_told(findings):
    """With a text that names property, and without purpose and text."""
    ledger = saver()
    sixty(ledger)
    large(ledger, "a", "200000", 50, remittance_classes=("property",))
    outcomes = {one.id: (one.outcome, one.missing) for one in findings[-1].tests}
    assert outcomes == {
        "far_above_own_past": ("met", None),
        "purpose_told": ("met", None),
        "names_property": ("met", None),
        "capital_transaction": ("cannot_tell", None),
    }
    large(ledger, "b", "900000", 51, purpose=None)
    outcomes = {one.id: (one.outcome, one.missing) for one in findings[-1].tests}
    assert outcomes["purpose_told"] == ("cannot_tell", "transactions.purpose")
    assert outcomes["names_property"] == ("cannot_tell", None)


def test_a_return_takes_the_alert_back():
    """120 000, of which 20 000 come back: 100 000 are no more than the sum. 19 999 leave it standing."""
    for back, stands in (("19999", True), ("20000", False)):
        ledger = saver()
        sixty(ledger)
        assert hits(large(ledger, "b", "60000", 50))
        returned = large(ledger, "r", back, 51, status="returned", original_event_id="b")
        assert [alert.status for alert in returned.alerts] == ([] if stands else ["retracted"])


def test_counterfactuals_are_a_report_or_a_tenth():
    """As with capital payments."""
    ledger = saver()
    sixty(ledger)
    (alert,) = large(ledger, "a", "200000", 50).alerts
    assert [one.would_alert for one in alert.counterfactual] == [False, False]


def test_the_distance_is_that_of_logarithms():
    """Beside peers a spread is a factor of e: the sum of the logarithms, over the root of three."""
    ledger = saver(USUAL[:4])
    sixty(ledger)
    found = measured(large(ledger, "b", "60000", 50))
    spreads = 2 * log(30_000 / 504.88) + log(60_000 / 504.88)
    assert found["distance_from_own"] == pytest.approx(spreads / 3**0.5, abs=0.01)


def test_all_that_is_told_of_it(findings):
    """Limits, measured values with their units, window, series and size."""
    ledger = saver()
    sixty(ledger)
    large(ledger, "a", "60000", 50)
    found = findings[-1]
    assert [one.name for one in found.limits] == [
        "unusual_min",
        "unusual_multiple",
        "unusual_sum",
        "unusual_window",
        "own_distance",
        "own_least",
        "payees_max",
        "payments_min",
        "growth_ratio",
    ]
    distance = {one.name: one.value for one in found.measured}["distance_from_own"]
    assert distance == round(distance, 2)
    assert [(one.name, one.value, one.unit) for one in found.measured] == [
        ("unusual_total", "120000.00", "USD"),
        ("unusual_payments", 3, "count"),
        ("unusual_payees", 1, "count"),
        ("usual_payment", "505.11", "USD"),
        ("times_usual", 79.2, "ratio"),
        ("distance_from_own", distance, ""),
    ]
    assert (found.window, found.series, found.size, found.at_risk) == (
        "unusual payments of 365 days",
        "unusual",
        12_000_000,
        12_000_000,
    )
    assert (found.growth, found.memory_us) == (200, 366 * 86_400_000_000)
    assert (found.value, found.unit, found.own_n, found.own_baseline) == ("120000.00", "USD", 5, "505.11")
    assert (len(found.offsets), found.institutions, found.institution) == (3, ("BANKA",), "BANKA")
    assert found.alone == 12_000_000


def test_it_alerts_again_when_the_sum_has_doubled():
    """120 000, then 239 999.99, then 240 000."""
    ledger = saver()
    sixty(ledger)
    assert hits(large(ledger, "a", "60000", 50))
    assert hits(large(ledger, "b", "119999.99", 51)) == []
    assert hits(large(ledger, "c", "5000", 52))
