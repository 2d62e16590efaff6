"""The party-days of a result: what an investigator opens, and what scores and alerts are counted by."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.ground import Ground, Mask, Rows


class PartyDays(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One entry a party and local day outside history, in order of the day, then of the party's number in the sheet.

    `of_row` gives each row's party-day (-1 for history). `row` is the party-day's event of the highest score (the
    earliest of equal ones), which stands for it; `score` that score. `illicit` tells whether any of its events belongs
    to a case, `honest` whether its party is in no case at all.
    """

    of_row: Rows
    party: NDArray[np.int32]
    row: Rows
    score: NDArray[np.float64]
    illicit: Mask
    honest: Mask

    def __len__(self) -> int:
        return len(self.party)

    def having(self, rows: Mask) -> Mask:
        """Which party-days have at least one of the masked rows."""
        found = np.zeros(len(self), np.bool_)
        places = self.of_row[rows]
        found[places[places >= 0]] = True
        return found


def party_days(ground: Ground, among: Mask | None = None) -> PartyDays:
    """The party-days of a result, or of the rows `among` it. Cost: about 0.4 s for 1 000 000 rows."""
    sheet = ground.sheet
    rows = np.flatnonzero(ground.may_alert if among is None else ground.may_alert & among)
    parties = len(sheet.party.names)
    keys = ground.day_of[rows] * parties + sheet.party.codes[rows]
    unique, place = np.unique(keys, return_inverse=True)
    # by party-day, then score falling; stable, so that the earliest of equal ones comes first
    order = np.lexsort((-sheet.score[rows], place))
    best = rows[order[np.searchsorted(place[order], np.arange(len(unique)))]]
    of_row = np.full(len(sheet), -1)
    of_row[rows] = place
    illicit = np.zeros(len(unique), np.bool_)
    illicit[place[ground.illicit[rows]]] = True
    return PartyDays(
        of_row=of_row,
        party=sheet.party.codes[best],
        row=best,
        score=sheet.score[best],
        illicit=illicit,
        honest=ground.honest[best],
    )
