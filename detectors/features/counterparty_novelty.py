"""How surprising it is that the counterparty is new (or known) to this party.

Value: share of the party's remembered (decayed) payments that went to this counterparty; 0 = never seen. Baselines:
usual share of payments to a counterparty not seen before, own and peers'. Deviation >= 0: nats of surprise at a new
counterparty, -ln of the chance of a new one (own share, with the peers' as a prior of 2 payments); 0 for a known one.
So a firm that pays someone new every day is not odd. None at the first payment.

Memory is the party's 16 heaviest counterparties: one that was forgotten counts as new again.
"""

from math import log

from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature
from detectors.values.float_sums import add_up

NAME = "counterparty_novelty"
PRIOR_PAYMENTS = 2.0
# Assumed before peers are known: one payment in four goes to somebody new.
PRIOR_SHARE = 0.25


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value and baselines are ratios 0-1."""
    total, new, seen = own
    peers = moment.shared.peek("novelty|" + moment.key)
    peer = peers[1] / peers[0] if peers and peers[0] > 0.0 else None
    if moment.seen == 0 or total <= 0.0:
        return Feature(NAME, None, "ratio", None, None, 0, peer)
    weights = moment.known
    remembered = add_up(weights.values())
    known = weights.get(moment.counterparty, 0.0)
    share = known / remembered if remembered > 0.0 else 0.0
    surprise = 0.0
    if known == 0.0:
        prior = PRIOR_SHARE if peer is None else peer
        surprise = -log((new + PRIOR_PAYMENTS * prior + 1e-3) / (total + PRIOR_PAYMENTS + 1e-3))
    return Feature(NAME, share, "ratio", surprise, new / total, int(seen), peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Count a new or a known counterparty; the first payment has nothing to be new against."""
    new = moment.seen > 0 and moment.counterparty not in moment.known
    own[0] = own[0] * moment.fade + moment.weight
    own[1] = own[1] * moment.fade + (moment.weight if new else 0.0)
    own[2] += 1.0
    if moment.seen:
        group = moment.shared.touch("novelty|" + moment.key, 2)
        # 1 in 2 000 forgotten per event: follows the peers within days of traffic
        group[0] = group[0] * 0.9995 + 1.0
        group[1] = group[1] * 0.9995 + (1.0 if new else 0.0)


FEATURE = Definition(NAME, 3, measure, learn, "share of own payments to this counterparty", side="counterparty")
