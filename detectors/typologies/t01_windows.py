"""The window of a group of pieces that holds most money, exact, for a handful of pieces and for thousands."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.books.payments import Payment, Rows, rows_where, running_sums
from detectors.typologies.base import MOST_LEFT_OUT


class Windows:
    """The windows of a group of pieces, in order of time."""

    def __init__(self, group: Rows) -> None:
        self.times, self.running = np.ascontiguousarray(group["time"]), running_sums(group["usd"])
        self.before = _same_before(group["beneficiary"])

    def fullest(self, at_us: int, width_us: int) -> tuple[int, int, int]:
        """First and last (exclusive) piece, and the sum, of the window [start, start + width) with most money.

        Looked at are the windows that begin at a piece and hold `at_us`: any window can be moved up to its first piece
        without losing one. A payment that arrives late stands in the middle, with pieces before and after it. Of equal
        windows the earliest counts.
        """
        begin, end = np.searchsorted(self.times, (at_us - width_us, at_us), "right").tolist()
        if begin == end:
            return 0, 0, 0
        lasts = np.searchsorted(self.times, self.times[begin:end] + width_us, "left")
        sums = self.running[lasts] - self.running[begin:end]
        best = int(np.argmax(sums))
        return begin + best, int(lasts[best]), int(sums[best])

    def beneficiaries(self, first: int, last: int) -> int:
        """How many beneficiaries the pieces of a window have."""
        return int((self.before[first:last] < first).sum())


class FewWindows:
    """The same for a handful of pieces, for which numpy costs ten times as much."""

    def __init__(self, group: Rows) -> None:
        self.times, self.usd, self.payees = (group[name].tolist() for name in ("time", "usd", "beneficiary"))

    def fullest(self, at_us: int, width_us: int) -> tuple[int, int, int]:
        """As `Windows.fullest`."""
        times, usd = self.times, self.usd
        best, best_total = (0, 0), -1
        last = total = 0
        for first, time in enumerate(times):
            if time > at_us:
                break
            while last < len(times) and times[last] < time + width_us:
                total += usd[last]
                last += 1
            if time > at_us - width_us and total > best_total:
                best, best_total = (first, last), total
            total -= usd[first]
        return *best, max(best_total, 0)

    def beneficiaries(self, first: int, last: int) -> int:
        """As `Windows.beneficiaries`."""
        return len(set(self.payees[first:last]))


def _same_before(beneficiaries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """For each piece the place of the one before it to the same beneficiary, -1 for the first.

    A window from `first` on has as many beneficiaries as pieces whose predecessor lies before `first`.
    """
    order = np.argsort(beneficiaries, kind="stable")
    before = np.full(len(order), -1, "<i8")
    same = beneficiaries[order[1:]] == beneficiaries[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def without_one(pieces: Rows, payment: Payment) -> Iterator[Rows]:
    """The pieces without those of one other institution each, the one with most beneficiaries first.

    Failure prevented: four pieces that another bank sends to four payees, and the beneficiaries are too many for a
    split that its own bank's pieces, or those of all others, show.
    """
    institutions = pieces["institution"]
    numbers = np.unique(institutions)
    if len(numbers) == 1:
        return
    # pairs in order, so that a new one begins where one of the two changes; `np.unique` of pairs costs 2 ms for 2 048
    pairs = pieces[["institution", "beneficiary"]][np.lexsort((pieces["beneficiary"], institutions))]
    begins = np.ones(len(pairs), np.bool_)
    begins[1:] = (pairs["institution"][1:] != pairs["institution"][:-1]) | (
        pairs["beneficiary"][1:] != pairs["beneficiary"][:-1]
    )
    payees = np.bincount(np.searchsorted(numbers, pairs["institution"][begins]), minlength=len(numbers))
    order = numbers[np.argsort(-payees, kind="stable")]
    for other in order[order != payment.institution][:MOST_LEFT_OUT]:
        yield rows_where(pieces, institutions != other)
    yield rows_where(pieces, institutions == payment.institution)
