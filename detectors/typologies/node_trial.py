"""Rules over what residents share, tried under the limits of a date: each looks at shared things made up for it.

What fails here would fail at the first such leg of every partition of the shared agent. Each kind of thing is there
with payments of the least amount, of one that the date's sums ask for, and of the largest, in both directions, between
many residents and one. Each rule looks at the last of each direction. Pure, and always the same. Cost: 15 ms a date.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, ROW, SETTLED, Payment, Rows
from detectors.contracts.configuration import Legend
from detectors.contracts.events import LegKind
from detectors.contracts.limits import Rulebook
from detectors.typologies import NODE_REGISTRY
from detectors.typologies.node_view import NodeView
from detectors.values.legal_calendar import HOUR_US, to_us

# Residents on each side: more than the shipped limits ask for. A limit that wants more is not reached here.
RESIDENTS = 12
_OWN = 1
# USD cents of a payment: the least, what sums of thousands need, and the most that a contract's amount comes to
_AMOUNTS = (1, 450_000, 10**17)
_DIRECTIONS = (OUT, 0)
_GROUP = "010121/VN/EA"


def try_rules(rulebook: Rulebook, noon: datetime, zone: ZoneInfo, legend: Legend) -> Iterator[str]:
    """Has each rule look; what is about to be tried is said before it is. Raises what a rule raises.

    `noon` is a time of the day whose limits are tried.
    """
    kinds = dict.fromkeys(kind for rule in NODE_REGISTRY for kind in rule.kinds)
    for kind, cents in product(kinds, _AMOUNTS):
        view = _view(kind, cents, rulebook, to_us(noon), zone, legend)
        for rule in NODE_REGISTRY:
            if kind not in rule.kinds:
                continue
            yield f"at {rule.id} over a {view.thing()[0]}"
            for row in (view.rows[-2], view.rows[-1]):
                payment = Payment(*row.tolist())
                for series in rule.series(view, payment):
                    found = rule.look(view, series, payment.time)
                    if found is not None:
                        msgspec.json.encode(found.finding)


def _view(kind: LegKind, cents: int, rulebook: Rulebook, at_us: int, zone: ZoneInfo, legend: Legend) -> NodeView:
    rows = _rows(cents, at_us)
    events: list[int] = rows["event"].tolist()
    return NodeView(
        kind=kind,
        name=_GROUP if kind == "goods" else "t.000.thing",
        rows=rows,
        names=["", "1", "TRIAL", "USD"],
        residents={who: f"t.000.{who}" for who in rows["beneficiary"].tolist()},
        zone=zone,
        rulebook=rulebook,
        legend=legend,
        first_us=at_us,
        country="VN",
        payees=dict.fromkeys(events, 7),
        own=_OWN,
        vias={1: ("counterparty", "t.001.first"), 2: ("account", "t.001.second")},
    )


def _rows(cents: int, at_us: int) -> Rows:
    """Payments an hour apart, out and in by turns: of residents 1 to 12, and of the other way round 13 to 24."""
    found = np.zeros(2 * RESIDENTS + 4, ROW)
    for place in range(len(found)):
        number = place // 2
        # the last four go round: one pays, another gets, that one pays, and the first gets
        cycle = place - 2 * RESIDENTS
        who = 1 + number + place % 2 * RESIDENTS if cycle < 0 else (_OWN, 2, 2, _OWN)[cycle]
        via = 1 if cycle < 2 else 2  # noqa: PLR2004 - the two foreign parties
        out = _DIRECTIONS[place % 2]
        usd, quantity = cents + number % 3, cents // 100 + number % 3 + 1
        found[place] = (
            *(at_us + place * HOUR_US, at_us, place + 1, via, who, usd, quantity, place),
            *(1, 2, 3, 0, out | NO_DOCUMENT | SETTLED),
        )
    # as a line of goods, the last payment out is dear: a tenth of the others' quantity for as much
    found["amount"][-2] = found["amount"][-2] // 10 + 1
    return found
