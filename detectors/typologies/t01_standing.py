"""Whether an alert of T01 still stands: some group of pieces near it satisfies the rule by what counts now.

Its groups are those that the rule looks at: all pieces, those of one payee, and those with or without one institution.
In doubt it stands: where pieces are kept in totals only, and beyond `MOST_LOOKED_AT` pieces or `MOST_INSTITUTIONS`,
where all pieces together are enough. Whether the year's cap was used up is not asked.
"""

import math
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, Rows, rows_where, running_sums
from detectors.contracts.limits import Limits
from detectors.typologies.base import Past
from detectors.typologies.t01_band import CLOSENESS, ID, NAMES, split_band, width_us
from detectors.typologies.windows import Enough, Piece, some_window
from detectors.values.legal_calendar import local_date

# The groups of so many cost 1 ms; a party has more pieces of one purpose in half a year, or more banks, only if busy.
MOST_LOOKED_AT = 64
MOST_INSTITUTIONS = 4
_PAYEE = attrgetter("payee")


def stands(past: Past, series: str, at_us: int) -> bool:
    """Whether pieces of the series' purpose, within the longest window of the alert, still satisfy the rule."""
    day = local_date(at_us, past.zone)
    limits = {name: found for name in NAMES if (found := past.rulebook.limit(ID, name, day)) is not None}
    if len(limits) < len(NAMES) or (past.folded is not None and past.folded.pieces_of(series)):
        return True
    if series not in past.names:
        return False
    low, high = split_band(past.rulebook, day)
    longest = max(width_us(limits[window]) for window in CLOSENESS)
    rows, wanted = past.rows, OUT | NO_DOCUMENT
    mask = (rows["flags"] & wanted == wanted) & (rows["purpose"] == past.names.index(series))
    mask &= (rows["usd"] >= low) & (rows["usd"] <= high) & (np.abs(rows["time"] - at_us) < longest)
    pieces = rows_where(rows, mask)
    return _some_group(pieces.take(np.argsort(pieces["time"], kind="stable")), limits)


def _some_group(pieces: Rows, limits: Limits) -> bool:
    enough = Enough(
        int(limits["pieces_min"].number),
        math.ceil(limits["document_line"].cents * limits["sum_multiple"].number),
        int(limits["beneficiaries_max"].number),
    )
    widths = [width_us(limits[window]) for window in CLOSENESS]
    if not any(_are_enough(pieces, width, enough) for width in widths):
        return False
    if len(pieces) > MOST_LOOKED_AT or len(np.unique(pieces["institution"])) > MOST_INSTITUTIONS:
        return True
    return any(some_window(group, width, enough) for group in _groups(pieces) for width in widths)


def _are_enough(pieces: Rows, width: int, enough: Enough) -> bool:
    """Whether some window holds enough, whoever the payees are; of no group is there more. Cost: 0.1 ms for 2 048."""
    times, running = pieces["time"], running_sums(pieces["usd"])
    lasts, firsts = np.searchsorted(times, times + width, "left"), np.arange(len(times))
    return bool(((lasts - firsts >= enough.pieces) & (running[lasts] - running[firsts] >= enough.cents)).any())


def _groups(pieces: Rows) -> Iterator[list[Piece]]:
    columns = (pieces[name].tolist() for name in ("time", "usd", "beneficiary"))
    every = [Piece(*one) for one in zip(*columns, strict=True)]
    banks = pieces["institution"].tolist()
    yield every
    for _, group in groupby(sorted(every, key=_PAYEE), _PAYEE):
        yield list(group)
    for bank in sorted(set(banks)):
        yield [one for one, its in zip(every, banks, strict=True) if its != bank]
        yield [one for one, its in zip(every, banks, strict=True) if its == bank]
