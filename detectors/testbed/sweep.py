"""What a changed configuration would have alerted on, beside what was alerted on: one row of a history search."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from detectors.testbed.ground import Ground

ANOMALY = "anomaly"
"""What an alert counts as that no typology explains."""
_EXAMPLES = 5


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, by its trigger's place in the ledger. `typologies` empty = a purely statistical alert."""

    partition: int
    offset: int
    event_id: str
    party: str
    day: int
    typologies: tuple[str, ...]
    score: float
    usd: float | None

    @property
    def place(self) -> tuple[int, int]:
        """The trigger's place in the ledger."""
        return self.partition, self.offset


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What truth says of the alerts: precision and recall 0-1 (None without alerts, cases), USD of the cases found."""

    precision: float | None
    recall: float | None
    recall_by_typology: dict[str, float]
    illicit_usd: float
    lookalikes: float | None


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One combination. `new` are alerts that were not raised as recorded, `gone` those that would not have been.

    `altered` are raised at the same events, but for other typologies.

    `usd` is the sum at risk over the alerts; `examples` are the new ones and the gone ones of the highest score.
    """

    values: dict[str, str]
    alerts: int
    alerts_per_day: float | None
    by_typology: dict[str, int]
    usd: float
    new: int
    gone: int
    altered: int
    new_examples: tuple[Raised, ...]
    gone_examples: tuple[Raised, ...]
    against: Against | None


def row(
    values: dict[str, str], raised: Sequence[Raised], recorded: Sequence[Raised], days: int, ground: Ground | None
) -> SweepRow:
    """The row of one combination. `days` are the local days judged; `ground` is None where there is no truth."""
    before, now = {one.place: one for one in recorded}, {one.place: one for one in raised}
    new = [one for place, one in now.items() if place not in before]
    gone = [one for place, one in before.items() if place not in now]
    altered = sum(set(one.typologies) != set(before[place].typologies) for place, one in now.items() if place in before)
    kinds = Counter(kind for one in raised for kind in one.typologies or (ANOMALY,))
    return SweepRow(
        values=values,
        alerts=len(raised),
        alerts_per_day=len(raised) / days if days else None,
        by_typology=dict(sorted(kinds.items())),
        usd=sum(one.usd or 0.0 for one in raised),
        new=len(new),
        gone=len(gone),
        altered=altered,
        new_examples=_highest(new),
        gone_examples=_highest(gone),
        against=None if ground is None else _against(ground, now),
    )


def _highest(found: Sequence[Raised]) -> tuple[Raised, ...]:
    return tuple(sorted(found, key=lambda one: (-one.score, one.place))[:_EXAMPLES])


def _against(ground: Ground, raised: Mapping[tuple[int, int], Raised]) -> Against:
    """Join alerts with the rows of the recorded replay by their place in the ledger, which no configuration moves."""
    sheet = ground.sheet
    places = zip(sheet.partition.tolist(), sheet.offset.tolist(), strict=True)
    alerts = np.fromiter((place in raised for place in places), np.bool_, len(sheet)) & ground.may_alert
    found = ground.reach.hit(alerts, ground.cases)
    alike = ground.alike.hit(alerts, len(ground.truth.lookalikes))[ground.lookalike_seen]
    return Against(
        precision=float(ground.illicit[alerts].mean()) if alerts.any() else None,
        recall=float(found.mean()) if ground.cases else None,
        recall_by_typology={name: float(found[ground.named(name)].mean()) for name in sorted(set(ground.typology))},
        illicit_usd=int(ground.illicit_cents[found].sum()) / 100,
        lookalikes=float(alike.mean()) if len(alike) else None,
    )
