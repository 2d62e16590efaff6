"""A partition in which challengers score beside the champion: a party's usual payments, and one by night."""

from typing import Any

import msgspec

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin
from detectors.core import Outputs, apply
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, configuration, later

BUDGET = {"warm_up": 30, "daily_budget": 600.0, "rank_ceiling": 1.0, "most_by_chance": 1e9, "exploration": 0.0}
# two sets that differ from what is shipped, and from one another
CHALLENGERS = {"robust": {"members": {"robust_z": {}}}, "tails": {"members": {"windowed_tails": {}, "robust_z": {}}}}
USUAL = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1400"}
ODD = USUAL | {"deal_rate": "1415"}


def challenged(challengers: dict[str, Any] | None = None, **detectors: Any) -> Configuration:
    """What is shipped with eager budgets, and these challengers (default: two)."""
    tables = {"detectors": BUDGET | detectors}
    return configuration(**tables, challengers=CHALLENGERS if challengers is None else challengers)


def quiet(given: Configuration, days: int = 60) -> Ledger:
    """Some days of one party, a payment each, alike, so that none of them is odd."""
    ledger = Ledger(given)
    for day in range(days):
        ledger.rate(later(days=day, hours=-1))
        ledger.pay(f"a{day}", later(days=day), str(900 + day % 7), **USUAL)
    return ledger


def pay_oddly(ledger: Ledger, day: int, **fields: Any) -> Outputs:
    """A payment off the usual rate, at one in the morning."""
    ledger.rate(later(days=day, hours=-1))
    return ledger.pay(f"odd{day}", later(days=day, hours=15), "4903", **ODD | fields)


def put_in_force(ledger: Ledger, given: Configuration) -> Outputs:
    """The next record of the ledger is a configuration."""
    origin = Origin(offset=len(ledger.log), source=None, commitment="", timestamp_ms=0)
    return ledger.put(ConfigurationChange(configuration=given), origin)


def replayed(ledger: Ledger, first: Configuration | None = None) -> tuple[PartitionState, list[Outputs]]:
    """The ledger applied again from its beginning; `first` takes the place of each configuration."""
    state, found = PartitionState.new(3), []
    for event, origin in ledger.log:
        change = isinstance(event, ConfigurationChange) and first is not None
        found.append(apply(state, ConfigurationChange(configuration=first) if change else event, origin))
    return state, found


def swapped(given: Configuration, name: str, report: str = "ab" * 32) -> Configuration:
    """The configuration by which a challenger takes the champion's place, and the champion its name."""
    return msgspec.convert(
        msgspec.to_builtins(given)
        | {
            "detectors": msgspec.to_builtins(given.challenging[name]),
            "challengers": msgspec.to_builtins(given.challenging | {name: given.detectors}),
            "promotion": {"report": report},
        },
        Configuration,
    )
