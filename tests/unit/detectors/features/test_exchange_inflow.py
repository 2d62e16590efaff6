"""Money from virtual-asset exchanges as a share of a payment, by hand."""

import pytest

from detectors.features import Feature, exchange_inflow
from tests.support.feature_moment import moment


@pytest.mark.parametrize(("inflow", "share"), [(0.0, 0.0), (250.0, 0.25), (1000.0, 1.0), (5e9, 1.0)])
def test_an_inflow_is_told_as_a_share_of_the_payment(inflow, share):
    """Up to all of it."""
    found = exchange_inflow.measure(moment(exchange_inflow_usd=inflow), [])
    assert found == Feature("exchange_inflow", share, "ratio", share, None, 10, None)


def test_only_payments_abroad_whose_bank_tells_are_measured():
    """A receipt is not, nor a payment of unknown worth."""
    nothing = Feature("exchange_inflow", None, "ratio", None, None, 10, None)
    for changes in (
        {},
        {"exchange_inflow_usd": 5.0, "direction": "in"},
        {"exchange_inflow_usd": 5.0, "amount_usd": 0.0},
    ):
        assert exchange_inflow.measure(moment(**changes), []) == nothing


def test_nothing_is_kept():
    """Neither with the party nor among the peers."""
    event = moment(exchange_inflow_usd=5.0)
    exchange_inflow.learn(event, [])
    assert event.shared.groups == {}
