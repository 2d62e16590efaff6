"""How surprising the counterparty's country is to this party.

Deviation >= 0, nats: see familiarity.py. 0 for the country that is most usual for the party. Fails for a trader who
changes suppliers often: the peers prior then says little.
"""

from detectors.features import familiarity
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "country_novelty"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value and peer baseline are shares, 0-1."""
    return familiarity.measure(moment, "country", NAME)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Count the country among the peers."""
    familiarity.learn(moment, "country")


FEATURE = Definition(NAME, 0, measure, learn, "country against own countries", side="counterparty")
