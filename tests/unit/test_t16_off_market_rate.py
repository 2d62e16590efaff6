"""T16: deals away from the market rate."""

import pytest

from tests.support.ledger import Ledger, later


def deal(ledger: Ledger, name: str, hour: float, rate: str, amount: str = "50000", **fields):
    """A documented purchase of US dollars against won at a rate; the reference is 1 400."""
    return ledger.pay(
        name, later(hours=hour), amount, evidence="shown", settled_currency="KRW", deal_rate=rate, **fields
    )


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with a reference rate of 1 400 won to the dollar."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    return made


@pytest.mark.parametrize(("rate", "fires"), [("1421", False), ("1421.1", True), ("1379", False), ("1378.9", True)])
def test_the_limit_is_one_and_a_half_percent_either_side(ledger, rate, fires):
    """150 bp exactly is still within; a little more is not."""
    assert bool(deal(ledger, "a", 1, rate).alerts) == fires


def test_it_shows_deviation_and_value_moved(ledger):
    """4 % on 50 000 USD moves 2 000 USD, which is the amount at risk."""
    alert = deal(ledger, "a", 1, "1456").alerts[0]
    values = {each.name: each.value for each in alert.typologies[0].measured}
    assert values["deviation"] == 400.0
    assert values["value_moved"] == "2000.00"
    assert alert.amount_usd == "2000.00"
    assert "gave up 2,000.00 USD" in alert.reasons[0].text_en


@pytest.mark.parametrize(("amount", "fires"), [("999.99", False), ("1000", True)])
def test_small_deals_are_left_alone(ledger, amount, fires):
    """Under 1 000 USD nothing is said, by default."""
    assert bool(deal(ledger, "a", 1, "1456", amount).alerts) == fires


def test_without_a_fresh_reference_nothing_is_said(ledger):
    """27 hours after the last rate the deal cannot be judged; it is not compared with 1.0 or with an old rate."""
    outputs = deal(ledger, "a", 27, "1456")
    assert not outputs.alerts


def test_a_pair_with_wide_spreads_gets_a_wider_limit(ledger):
    """After many deals 100 bp off, 5 x the normal spread is 500 bp and a deal 400 bp off is no news."""
    for number in range(300):
        deal(ledger, f"n{number}", 1 + number / 100, "1414", party=f"k1.002.p{number}")
    assert not deal(ledger, "a", 5, "1456").alerts


def test_repeated_deals_alert_again_only_when_the_value_moved_has_doubled(ledger):
    """The second equal deal doubles it; the third does not, the fourth does."""
    outputs = [deal(ledger, f"e{n}", 1 + n, "1456") for n in range(4)]
    assert [[alert.status for alert in each.alerts] for each in outputs] == [["raised"], ["updated"], [], ["updated"]]
    assert outputs[3].alerts[0].typologies[0].strength > outputs[0].alerts[0].typologies[0].strength
    assert len(outputs[3].alerts[0].evidence) == 4


def test_the_counterfactual_rate_is_the_edge_of_the_limit(ledger):
    """At 1 421 won the rule is silent, and the alert says so."""
    (change,) = deal(ledger, "a", 1, "1456").alerts[0].counterfactual
    assert "1421" in change.change
    assert not change.would_alert
