"""Events and pasts of a party for tests of single features, with every number written down."""

from typing import Any

import pytest

from detectors.features import EventView, Shared
from detectors.features.moment import Moment
from detectors.features.past import PartyPast

DAY = 86_400.0
NOW = 1.75e9
PEERS = "out|company"
LARGEST = 1e30


def view(**changes: Any) -> EventView:
    """A payment of 1 000 USD at 10:30 on a Tuesday."""
    usual = {
        "event_time_s": NOW,
        "direction": "out",
        "party_type": "company",
        "channel": "web",
        "country": "VN",
        "currency": "USD",
        "purpose": None,
        "institution": "bank",
        "counterparty": "k.1.supplier",
        "amount_usd": 1000.0,
        "deal_deviation_bp": 30.0,
        "no_document": True,
        "local_hour": 10.5,
        "local_weekday": 1,
        "doc_line_ratio": 0.2,
        "sum_7d_usd": 2000.0,
    }
    return EventView(**usual | changes)


def moment(
    seen: int = 10,
    ago: float = 0.0,
    first_ago: float = 90.0,
    shared: Shared | None = None,
    known: dict[int, float] | None = None,
    counterparty: int = 7,
    **changes: Any,
) -> Moment:
    """An event of a party with so many earlier ones, the newest `ago` days ago (less than 0: this one is late)."""
    past = PartyPast([])
    past.seen, past.first_s, past.last_s = seen, NOW - first_ago * DAY, NOW - ago * DAY
    past.known = {} if known is None else known
    return Moment(view(**changes), shared or Shared(), counterparty, past)


def shared_of(**groups: list[float]) -> Shared:
    shared = Shared()
    shared.groups = {key.replace("__", "|"): value for key, value in groups.items()}
    return shared


def spreads(value: float, location: float, spread: float, weight: float) -> Any:
    """A prediction's error: (value - location) / (spread x sqrt(1 + 1 / weight))."""
    return pytest.approx((value - location) / (spread * (1 + 1 / weight) ** 0.5))
