"""How much of a payment abroad can be money that came from virtual-asset exchanges in the 24 hours before.

Value and deviation: the inflow that the institution tells, as a share of this payment, 0-1, 1 where it covers all of
it. None where the institution does not tell it, and for receipts. Fails where the money waits for more than a day, or
another bank saw it come.
"""

from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "exchange_inflow"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value a ratio 0-1; no baselines: what is usual is 0."""
    inflow, amount = moment.view.exchange_inflow_usd, moment.amount
    if inflow is None or amount is None or moment.view.direction != "out":
        return Feature(NAME, None, "ratio", None, None, moment.seen, None)
    share = min(1.0, max(0.0, inflow) / amount)
    return Feature(NAME, share, "ratio", share, None, moment.seen, None)


def learn(moment: Moment, own: list[float]) -> None:
    """Nothing is kept: the institution tells it with each payment."""


FEATURE = Definition(NAME, 0, measure, learn, "exchange-linked inflow against the payment", side="inflow")
