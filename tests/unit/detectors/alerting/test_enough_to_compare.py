"""Whether there is enough to compare a payment with."""

import pytest

from detectors.alerting.enough_to_compare import enough_to_compare
from detectors.features import Feature
from detectors.ranking.ensemble import Scored
from tests.support.ledger import Ledger, configuration, later


def money(value=1_000.0, peer=500.0, own_n=0, deviation=3.0, unit="USD"):
    return Feature("amount_corridor", value, unit, deviation, None, own_n, peer)


def scored(*names):
    return Scored(0.999, 0.001, {}, tuple((name, 1.0 / len(names)) for name in names), warm=True)


@pytest.mark.parametrize(
    ("feature", "enough"),
    [
        (money(own_n=5, deviation=0.0, value=1.0), True),  # an own past is enough, whatever the payment
        (money(own_n=4), True),
        (money(own_n=0), True),
        (money(value=999.99), False),
        (money(peer=500.01), False),
        (money(peer=None), False),
        (money(peer=0.0), False),
        (money(value=None), False),
        (money(unit="hour"), False),  # a new party's hour says nothing
        (money(deviation=0.0), False),  # what does not speak against the payment says nothing either
        (money(deviation=None), False),
    ],
)
def test_an_own_past_is_enough_else_money_far_above_the_peers(feature, enough):
    """Each condition at its least and just under it."""
    assert enough_to_compare((feature,), scored("amount_corridor")) == enough


def test_any_feature_with_an_own_past_and_any_money_counts():
    """Features that have no past of their own do not hide that the party has one."""
    hour = Feature("hour", 3.0, "hour", 4.0, 12.0, 5, 12.0)
    assert enough_to_compare((money(value=237.0), hour), scored("hour"))
    young = Feature("hour", 3.0, "hour", 4.0, 12.0, 1, 12.0)
    assert enough_to_compare((young, money(value=5e6)), scored("hour", "amount_corridor"))
    assert not enough_to_compare((young, money(value=237.0)), scored("hour", "amount_corridor"))
    assert not enough_to_compare((), scored("hour"))


@pytest.mark.parametrize("drawn", [0.0, 1.0])
def test_a_small_payment_with_one_earlier_one_is_no_alert(drawn):
    """Through the real core, at a budget for every payment, by rank or by lot; the same of a party with a past is."""
    off = {"rank_ceiling": 1.0, "most_by_chance": 1e9}
    settings = {"warm_up": 5, "daily_budget": 1e6, "exploration": drawn} | off
    ledger = Ledger(configuration(detectors=settings))
    for day in range(30):
        ledger.pay(f"a{day}", later(days=day), str(200 + day % 7), evidence="shown")
    ledger.pay("b0", later(days=30), "220", party="k1.0a3.young", evidence="shown")
    odd = {"evidence": "shown", "counterparty": "k1.999.new", "counterparty_country": "KY"}
    assert ledger.pay("b1", later(days=31, hours=15), "237", party="k1.0a3.young", **odd).alerts == ()
    assert [one.typologies for one in ledger.pay("a99", later(days=31, hours=15), "237", **odd).alerts] == [()]
