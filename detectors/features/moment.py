"""One event with its party's past before it: what every feature is given."""

from collections.abc import Callable
from math import isfinite
from typing import Literal, NamedTuple

from detectors.features.past import PartyPast
from detectors.features.shared import Shared
from detectors.features.view import EventView, Feature

DAY = 86_400.0
# An observation counts half after this time (DETECTION's slow baseline, 90 days).
HALF_LIFE_S = 90.0 * DAY
# Fewer own observations than this give no spread to measure a deviation in.
LEAST_OBSERVATIONS = 3
# Beyond this a number counts as this. USD equivalents end at 4.6e16 (`detectors.values.money`), so nothing of the
# contract gets here; without it a baseline of 1.8e308 overflows when its logarithm is undone, and that would stop a
# partition. A past is kept in float32 (to 3.4e38), which leaves room for sums of a hundred million of these.
LARGEST = 1e30


def _positive(value: float | None) -> float | None:
    if value is None or not isfinite(value) or value <= 0.0:
        return None
    return min(value, LARGEST)


def _bounded(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return max(-LARGEST, min(value, LARGEST))


# of a habit's 32 bits, those below say which value it is; the ones above say field and direction (familiarity.py)
VALUE_BITS = 28


def weights_by_field(habits: dict[int, float]) -> dict[int, tuple[float, float]]:
    """For each field and direction: own payments with the value that is most usual, and with any."""
    found: dict[int, tuple[float, float]] = {}
    for one, weight in habits.items():
        field = one >> VALUE_BITS
        most, total = found.get(field, (0.0, 0.0))
        found[field] = (most if most > weight else weight, total + weight)  # noqa: FURB136 - max() costs three times
    return found


class Moment:
    """An event and the party's past before it.

    `fade` is what older observations keep, `weight` what this one counts: an event after the newest fades the past and
    counts 1; a late one (event time before the newest) fades nothing and counts what it would have faded to by now. So
    order changes decayed weights only by rounding. `gap_s` is the time since the newest event, None at the first and
    for a late one; `age_s` the time since the first; `seen` the party's earlier events; `counterparty` the hashed
    token; `known` decayed payments by hashed counterparty, `habits` by hashed habit (familiarity.py), `by_field` what
    weighs most of each field; `key` names the peers (direction and party type). `amount` and `week` are positive USD,
    `line` a positive ratio, `rate` basis points, each up to `LARGEST`, else None: NaN and
    infinity are "not known", never learned.
    """

    __slots__ = (
        "age_s",
        "amount",
        "by_field",
        "counterparty",
        "fade",
        "gap_s",
        "habits",
        "key",
        "known",
        "line",
        "rate",
        "seen",
        "shared",
        "view",
        "week",
        "weight",
    )

    def __init__(self, view: EventView, shared: Shared, counterparty: int, past: PartyPast) -> None:
        self.view, self.shared, self.counterparty = view, shared, counterparty
        self.seen, self.known, self.habits = past.seen, past.known, past.habits
        self.by_field = weights_by_field(past.habits)
        self.key = f"{view.direction}|{view.party_type}"
        self.amount = _positive(view.amount_usd)
        self.week = _positive(view.sum_7d_usd)
        self.line = _positive(view.doc_line_ratio)
        self.rate = _bounded(view.deal_deviation_bp)
        self.gap_s: float | None = None
        self.fade = self.weight = 1.0
        self.age_s = 0.0
        if past.seen:
            self.age_s = max(view.event_time_s - past.first_s, 0.0)
            elapsed = view.event_time_s - past.last_s
            if elapsed >= 0.0:
                self.gap_s = elapsed
                self.fade = 0.5 ** (elapsed / HALF_LIFE_S)
            else:
                self.weight = 0.5 ** (-elapsed / HALF_LIFE_S)


Direction = Literal["more", "less", "both"]
Side = Literal["amount", "flow", "business", "rate", "line", "counterparty", "institution", "purpose", "inflow", "time"]


class Definition(NamedTuple):
    """A feature: its name, how many float32 it keeps per party, and its two functions.

    `measure(moment, own)` must not change anything; `learn(moment, own)` changes `own` in place (same length) and the
    shared groups. `summary` says in English what is measured. `direction` says which deviation counts against a
    payment: above what is usual ("more"), below it ("less"), or both, with the reason in the feature's file. Failure
    prevented: a third of the models' alerts were raised because something was lower than usual.
    `side` is what the feature is about. Features of one side see the same oddity: a large payment is large against the
    own past and against the corridor. Their surprise is averaged, not added (models/tails_by_side.py).
    """

    name: str
    slots: int
    measure: Callable[[Moment, list[float]], Feature]
    learn: Callable[[Moment, list[float]], None]
    summary: str
    direction: Direction = "more"
    side: Side = "amount"
