"""Amount against the corridor (direction, party type, country), or all peers while the corridor is young.

Deviation: spreads of the log amount from the corridor's location, signed. The own baseline is the party's in
`amount_own`; here only the number of own payments is given. Fails for parties that are always unlike their peers: they
are odd here every time, which is why own-history features stand beside it.
"""

from math import exp, log

from detectors.features import moments
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "amount_corridor"
FLOOR = 0.2
PRIOR = 1.0
# A corridor of fewer payments is judged by all peers of the direction and party type.
LEAST_CORRIDOR = 20


def _keys(moment: Moment) -> tuple[str, str]:
    peers = "amount|" + moment.key
    return f"{peers}|{moment.view.country}", peers


def measure(moment: Moment, own: list[float]) -> Feature:  # noqa: ARG001
    """Value in USD; peer baseline the corridor's (or peers') usual amount in USD."""
    amount = moment.amount
    corridor, peers = _keys(moment)
    group = moment.shared.peek(corridor)
    if group is None or group[0] < LEAST_CORRIDOR:
        group = moment.shared.peek(peers)
    if group is not None and group[0] < LEAST_CORRIDOR:
        group = None
    usual = exp(group[2]) if group else None
    if amount is None:
        return Feature(NAME, None, "USD", None, None, moment.seen, usual)
    far = moments.deviation(group, log(amount)) if group else None
    return Feature(NAME, amount, "USD", far, None, moment.seen, usual)


def learn(moment: Moment, own: list[float]) -> None:  # noqa: ARG001
    """Move the corridor's and the peers' location and spread; by count, not time, as both always have traffic."""
    amount = moment.amount
    if amount is not None:
        value = log(amount)
        for key in _keys(moment):
            moments.learn(moment.shared.touch(key, moments.SLOTS), value, 1.0, 1.0, PRIOR, FLOOR)


FEATURE = Definition(NAME, 0, measure, learn, "amount against the corridor and peers")
