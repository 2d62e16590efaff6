"""Which events a system alerts on when it may raise a number of alerts a local day.

The unit of work is the party-day: an investigator opens a party once a day, whatever number of its events look odd.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int32]


def party_day_ranks(
    day: NDArray[Any],
    party: NDArray[Any],
    priority: NDArray[np.float64],
    usd: NDArray[Any],
    eligible: NDArray[np.bool_],
) -> Ranks:
    """Each row's place in its day's queue, 1 = first; 0 for rows that never alert, whatever the budget.

    Rows are in order of (partition, offset). A party stands in a day's queue once, with its event of the highest
    priority; ties go to the larger amount in USD, then to the earlier row. A priority of 0 or less means that the
    system has nothing to say of the event: it does not use up budget, which is a maximum and no duty. The alerts at a
    budget of B are the rows ranked 1 to B, so those of a smaller budget are among those of a larger one.
    Cost: 0.6 s for 1 000 000 rows. Raises `ValueError` for a priority that is NaN.
    """
    if np.isnan(priority).any():
        raise ValueError("a priority is not a number; expected: a finite number for each event")
    ranks: Ranks = np.zeros(len(day), np.int32)
    rows = np.flatnonzero(eligible & (priority > 0.0))
    if not len(rows):
        return ranks
    # lexsort is stable and sorts by its last key first: day, then priority, then amount, then the row itself
    queue = rows[np.lexsort((-usd[rows], -priority[rows], day[rows]))]
    best = np.sort(_first_of_party_day(day[queue], party[queue]))
    queue = queue[best]
    days = day[queue]
    opens = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    ahead = np.repeat(opens, np.diff(np.r_[opens, len(queue)]))
    ranks[queue] = np.arange(len(queue)) - ahead + 1
    return ranks


def _first_of_party_day(day: NDArray[Any], party: NDArray[Any]) -> NDArray[np.int64]:
    """Positions of the first row of each party and day."""
    order = np.lexsort((np.arange(len(day)), party, day))
    changed = (day[order][1:] != day[order][:-1]) | (party[order][1:] != party[order][:-1])
    first: NDArray[np.int64] = order[np.r_[True, changed]]
    return first


def within(ranks: Ranks, budget: int) -> NDArray[np.bool_]:
    """The rows that alert at a budget of `budget` a day. Raises `ValueError` for a budget below 1."""
    if budget < 1:
        raise ValueError(f"a daily budget is too small; got: {budget}; expected: 1 or more")
    selected: NDArray[np.bool_] = (ranks > 0) & (ranks <= budget)
    return selected
