"""How familiar a party is with a country, a currency, an institution, a purpose, terms of trade.

A habit is one value of one field in one direction, as "payments out to VN". Own payments fade with a half-life of 90
days (moment.py). The peers' share of the value, of the same direction and party type, stands for as many own payments
as `PRIOR_PAYMENTS`. So what many peers do is a small surprise at a party that never did it.
"""

import hashlib
from functools import lru_cache
from math import log
from typing import Literal, get_args

from detectors.features.moment import VALUE_BITS, Moment
from detectors.features.past import LEAST_WEIGHT
from detectors.features.view import EventView, Feature

Field = Literal["country", "currency", "institution", "purpose", "trade_terms"]
FIELDS: tuple[Field, ...] = get_args(Field)
PRIOR_PAYMENTS = 2.0
# Half a payment of ten stands for a value that no peer was seen with: a share of 5 % at first, less with each payment.
UNSEEN, UNSEEN_OF = 0.5, 10.0


@lru_cache(maxsize=65_536)
def habit(field: Field, direction: str, value: str) -> int:
    """The habit as 32 bits: field and direction exactly, the value hashed (the same in every process).

    Two values of one field collide once in 268 million.
    """
    digest = hashlib.blake2b(value.encode(), digest_size=4).digest()
    group = 2 * FIELDS.index(field) + (direction == "out")
    return group << VALUE_BITS | int.from_bytes(digest, "little") & ((1 << VALUE_BITS) - 1)


def habits_of(view: EventView) -> tuple[int, ...]:
    """The habits that a payment shows: one for each field that is told."""
    return tuple(
        [habit(field, view.direction, value) for field in FIELDS if (value := getattr(view, field)) is not None]
    )


def measure(moment: Moment, field: Field, name: str) -> Feature:
    """How surprising the field's value is to this party.

    Value: share of the party's own (faded) payments with it, 0 = never. Peer baseline: the peers' share. Deviation >=
    0: ln(own payments with the most usual value / (own payments with this one + 2 x the peers' share)), not below 0,
    nats. None where the field is not told, or the party has not paid before. Cost: 1 us.
    """
    value = getattr(moment.view, field)
    if value is None:
        return Feature(name, None, "ratio", None, None, moment.seen, None)
    share, peers = _peer_share(moment, field, value)
    this = habit(field, moment.view.direction, value)
    own = moment.by_field.get(this >> VALUE_BITS)
    if own is None or own[0] < LEAST_WEIGHT:  # what has faded to nothing is no habit
        return Feature(name, None, "ratio", None, None, 0, peers)
    most, total = own
    weight = moment.habits.get(this, 0.0)
    surprise = log(most / (weight + PRIOR_PAYMENTS * share)) if weight < most else 0.0
    return Feature(name, weight / total, "ratio", max(0.0, surprise), None, moment.seen, peers)


def learn(moment: Moment, field: Field) -> None:
    """Count the value among the peers; the party's own habits are remembered together (past.py)."""
    value = getattr(moment.view, field)
    if value is None:
        return
    whole, with_it = _keys(field, moment.key, value)
    moment.shared.touch(whole, 1)[0] += 1.0
    moment.shared.touch(with_it, 1)[0] += 1.0


@lru_cache(maxsize=65_536)
def _keys(field: Field, peers: str, value: str) -> tuple[str, str]:
    whole = f"{field}|{peers}"
    return whole, f"{whole}|{value}"


def _peer_share(moment: Moment, field: Field, value: str) -> tuple[float, float | None]:
    """The share that stands for own payments, and the share among the peers' payments; None without any."""
    whole, with_it = _keys(field, moment.key, value)
    every, some = moment.shared.peek(whole), moment.shared.peek(with_it)
    total, count = every[0] if every else 0.0, some[0] if some else 0.0
    share = (count + UNSEEN) / (total + UNSEEN_OF)
    if not total:
        return share, None
    return min(1.0, share), min(1.0, count / total)
