"""How surprising the purpose is for this party.

Deviation >= 0, nats: see familiarity.py. 0 for the purpose code that is most usual for the party. Fails where a bank
fills in one code for everything.
"""

from detectors.features import familiarity
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "purpose_novelty"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value and peer baseline are shares, 0-1."""
    return familiarity.measure(moment, "purpose", NAME)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Count the purpose code among the peers."""
    familiarity.learn(moment, "purpose")


FEATURE = Definition(NAME, 0, measure, learn, "purpose against own purposes", side="purpose")
