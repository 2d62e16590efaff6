"""How surprising it is that the party pays through this institution.

Deviation >= 0, nats: see familiarity.py. 0 for the institution that is most usual for the party. Fails for whoever
changes their bank for good: it is odd once, and familiar after a few payments.
"""

from detectors.features import familiarity
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "institution_novelty"


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value and peer baseline are shares, 0-1."""
    return familiarity.measure(moment, "institution", NAME)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Count the institution among the peers."""
    familiarity.learn(moment, "institution")


FEATURE = Definition(NAME, 0, measure, learn, "institution against own institutions", side="institution")
