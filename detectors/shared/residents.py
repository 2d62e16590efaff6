"""A resident's node: payments of it and of others that foreign parties and accounts told it of (trails.py).

It is kept as other nodes are. A row's `beneficiary` is the number of the resident who paid or was paid, its `payment`
that of the foreign party or account, and its `event` is the same wherever the payment was seen. What is told again
takes the place of what was told before; what came back whole is forgotten.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.books import payments
from detectors.books.party import Party
from detectors.books.payments import Payment, rows
from detectors.contracts.events import Leg, LegKind
from detectors.contracts.legs import name_trail
from detectors.shared import nodes

# Slots: the number of the resident itself; foreign parties and accounts by number, each with its kind and token.
OWN, VIAS = "own", "vias"
_VIAS = msgspec.msgpack.Decoder(dict[int, tuple[LegKind, str]])


def renamed(leg: Leg) -> Leg:
    """The leg, with the former name of the resident's node where its token is known by a former one."""
    assert leg.trail is not None
    if leg.trail.resident not in leg.previous:
        return leg
    return msgspec.structs.replace(leg, previous=with_nodes(leg.previous))


def with_nodes(previous: dict[str, str]) -> dict[str, str]:
    """Tokens with their former ones, and the names of residents' nodes by them likewise."""
    return previous | {name_trail(token): name_trail(former) for token, former in previous.items()}


def put(node: Party, leg: Leg, row: Payment) -> Payment | None:
    """Keep a payment that was told, in the place of what was told of it before; what counts of it, None for nothing."""
    assert leg.trail is not None
    via = node.canonical(leg.counterparty, leg.previous)
    row.event, row.payment = leg.trail.event, via
    own = node.canonical(leg.trail.resident, leg.previous)
    node.slots[OWN] = msgspec.msgpack.encode(own)
    place = _place(node, row)
    if row.usd <= 0:
        if place is not None:
            _keep(node, np.arange(len(rows(node))) != place)
        return None
    if place is None:
        payments.append(node, row)
    else:
        payments.write(node, place, row)
    nodes.name_resident(node, row.beneficiary, leg.party)
    node.slots[VIAS] = msgspec.msgpack.encode(vias_of(node) | {via: (leg.trail.via, leg.counterparty)})
    return row


def _place(node: Party, row: Payment) -> int | None:
    found = rows(node)
    places = np.flatnonzero((found["event"] == np.uint64(row.event)) & (found["payment"] == np.uint64(row.payment)))
    return int(places[-1]) if len(places) else None


def _keep(node: Party, keep: npt.NDArray[np.bool_]) -> None:
    staying = payments.rows_where(rows(node), keep)
    node.payments, node.proofs = staying.tobytes(), payments.proofs_of(node, staying)


def forget_vias(node: Party) -> None:
    """Keep the foreign parties and accounts that have payments."""
    known, there = vias_of(node), set(rows(node)["payment"].tolist())
    if known.keys() - there:
        node.slots[VIAS] = msgspec.msgpack.encode({number: known[number] for number in known if number in there})


def own_of(node: Party) -> int:
    """The number of the resident whose node it is; 0 of another kind of node."""
    packed = node.slots.get(OWN)
    return 0 if packed is None else msgspec.msgpack.decode(packed, type=int)


def vias_of(node: Party) -> dict[int, tuple[LegKind, str]]:
    """Kind and token of foreign parties and accounts, by the number that rows know them by."""
    packed = node.slots.get(VIAS)
    return {} if packed is None else _VIAS.decode(packed)
