"""How surprising the payment's currency is to this party.

Deviation >= 0, nats: see familiarity.py. 0 for the currency that is most usual for the party. Fails where a currency
says the same as the country, which is why both are of one side.
"""

from detectors.features import familiarity
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "currency_novelty"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value and peer baseline are shares, 0-1."""
    return familiarity.measure(moment, "currency", NAME)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Count the currency among the peers."""
    familiarity.learn(moment, "currency")


FEATURE = Definition(NAME, 0, measure, learn, "currency against own currencies", side="counterparty")
