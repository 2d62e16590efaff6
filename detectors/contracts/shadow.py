"""What challengers would have alerted, as operators read it: the topic `fx.shadow.v1`."""

from datetime import datetime

import msgspec

from detectors.contracts.alert import Position, Selection, Versions


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A feature's share (0-1) of what made the payment strange to the challenger; shares sum to 1 at most."""

    feature: str
    contribution: float


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a challenger would have alerted. It is no alert, and no investigator gets it.

    The record's key is `party`. `challenger` is its name in the configuration, `detectors` the fingerprint of its
    detector set, and `versions.detectors` that of the set in force. `score` (0-1, higher is more unusual), `rank` (the
    share of payments that are at least as strange, lower is rarer) and `rank_among` (how many payments stand behind the
    rank) are the challenger's. `contributions` are its features, the largest first. `selection` says how its budget
    chose the payment. `champion_alert_id` is the alert that the payment raised, null where it raised none;
    `champion_score` and `champion_rank` are what the set in force said of it, the rank null while that warms up.
    """

    challenger: str
    detectors: str
    trigger_event_id: str
    institution: str
    party: str
    created_for: datetime
    score: float
    rank: float
    rank_among: int
    contributions: tuple[Share, ...]
    selection: Selection
    amount_usd: str | None
    champion_alert_id: str | None
    champion_score: float
    champion_rank: float | None
    versions: Versions
    position: Position
