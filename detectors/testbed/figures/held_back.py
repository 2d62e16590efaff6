"""What the models did not learn from: how much of crime and how much of honest payments the quarantine kept back."""

import msgspec
import numpy as np

from detectors.memory.quarantine import FLAGGED_RANK
from detectors.testbed.ground import Ground, Mask


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """Payments outside history that the models scored, and those of them that were held back.

    Crime is what belongs to a planted case. The more of it is held, the less of it becomes usual. The less of the rest
    is held, the sooner a change of honest habits is learned.
    """

    crime: int
    crime_held: int
    lookalikes: int
    lookalikes_held: int
    others: int
    others_held: int

    @property
    def held(self) -> int:
        """All payments that were held back."""
        return self.crime_held + self.lookalikes_held + self.others_held


def count_held(ground: Ground, ceiling: float) -> HeldBack:
    """Count them. `ceiling` is the highest rank of an alert that rests on models alone (0-1).

    A payment is held if a rule fires on it, or if its rank is at most the ceiling and at most `FLAGGED_RANK`. One that
    belongs to a case and to a look-alike counts as crime. Only for a result whose quarantine was on throughout.
    """
    sheet = ground.sheet
    seen = sheet.scored & ~sheet.history
    held = seen & ((sheet.fired.counts() > 0) | (sheet.rank <= min(FLAGGED_RANK, ceiling)))
    crime = seen & ground.events.touched(len(sheet))
    alike = seen & ground.alike.touched(len(sheet)) & ~crime
    rest = seen & ~crime & ~alike
    return HeldBack(
        crime=_count(crime),
        crime_held=_count(crime & held),
        lookalikes=_count(alike),
        lookalikes_held=_count(alike & held),
        others=_count(rest),
        others_held=_count(rest & held),
    )


def _count(rows: Mask) -> int:
    return int(np.count_nonzero(rows))
