"""Surprise at an hour or a weekday, from decayed counts: the party's own first, its peers' as the prior."""

from collections.abc import Sequence
from math import log

from detectors.values.float_sums import add_up

# Peers count as this many own observations; own habits take over soon after.
PRIOR_OBSERVATIONS = 6.0
# Peers know nothing below this many payments.
LEAST_PEERS = 20.0
# What the peers keep per payment: they follow about the last 2 000.
PEER_FADE = 0.9995


def surprise(own: Sequence[float], peers: Sequence[float] | None, kind: int) -> float | None:
    """Nats by which `kind` is rarer than the party's most usual kind, >= 0; None when neither side knows enough.

    Formula: ln(largest p / p of this kind), p = (own count + 6 x peer share + 0.1) / total.
    """
    total = add_up(peers) if peers is not None else 0.0
    if peers is not None and total >= LEAST_PEERS:
        scale = PRIOR_OBSERVATIONS / total
        chances = [mine + scale * theirs + 0.1 for mine, theirs in zip(own, peers, strict=True)]
    elif add_up(own) >= LEAST_PEERS:
        chances = [mine + 0.1 for mine in own]
    else:
        return None
    return log(max(chances) / chances[kind])


def usual(own: Sequence[float]) -> int | None:
    """The most usual kind, the first of equals; None when nothing was counted."""
    largest = max(own)
    return list(own).index(largest) if largest > 0.0 else None


def count(own: list[float], kind: int, fade: float, weight: float) -> None:
    """Fade all counts, then count one of `kind`."""
    for index, value in enumerate(own):
        own[index] = value * fade
    own[kind] += weight
