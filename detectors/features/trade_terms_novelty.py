"""How surprising the terms of trade (advance, sight, open account ...) are for this party.

Deviation >= 0, nats: see familiarity.py. 0 for the terms of trade that is most usual for the party. Not known of
payments that are no trade.
"""

from detectors.features import familiarity
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "trade_terms_novelty"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value and peer baseline are shares, 0-1."""
    return familiarity.measure(moment, "trade_terms", NAME)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Count the terms of trade among the peers."""
    familiarity.learn(moment, "trade_terms")


FEATURE = Definition(NAME, 0, measure, learn, "terms of trade against own terms", side="purpose")
