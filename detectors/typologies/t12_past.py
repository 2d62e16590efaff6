"""What T12 remembers: for which kinds of purpose a person paid, and how surprising others are by that.

The chance that the next payment is of a kind is (times seen + 1/2) / (payments + kinds / 2), the estimator of
Krichevsky and Trofimov: never nought, and modest while little is known. Several are as surprising as the product of
their chances, each counted before the next. A payment of a kind that a person hardly had is kept apart for
`DRIFT_DAYS`, so that the first of a series does not make the next ones usual. So are payments for studies of a person
who is not known to have paid for any, whatever else is known; those are part of the past of all other kinds.
"""

from collections.abc import Iterable

import msgspec

from detectors.typologies.kept_payments import Kept
from detectors.values.legal_calendar import DAY_US

# kinds of the legend in a fixed order, which slots rely on: a new one is added at the end
KINDS = ("import", "export", "service", "salary", "gift", "study", "living", "capital", "other")
STUDY = KINDS.index("study")
NEW = 2 * len(KINDS)
DRIFT_DAYS = 120
# Odd payments stay so much longer, so that a return of one within that time is weighed against all the others.
KEPT_DAYS = DRIFT_DAYS + 35


class Purposes(msgspec.Struct, array_like=True):
    """How often a person paid for each kind, in the order of `KINDS`, and the payments kept apart for `KEPT_DAYS`.

    The tag of one kept apart is its kind's place; as many more as there are kinds where a document was shown; twice as
    many more where it is `NEW`: studies that were not odd beside the rest.
    """

    counts: list[int] = []
    odd: list[Kept] = []

    def count(self, kind: int) -> int:
        """Payments of a kind, odd ones left out."""
        new = sum(one.tag >= NEW and one.tag % len(KINDS) == kind for one in self.odd)
        return new + (self.counts[kind] if self.counts else 0)

    def is_first(self, kind: int) -> bool:
        """Whether none of a kind is known but those kept apart."""
        return not self.counts or not self.counts[kind]

    @property
    def total(self) -> int:
        """Payments of all kinds, odd ones left out."""
        return sum(self.counts) + sum(one.tag >= NEW for one in self.odd)

    def add(self, kind: int) -> None:
        """One more payment of a kind."""
        self.counts = self.counts or [0] * len(KINDS)
        self.counts[kind] += 1

    def age(self, at_us: int) -> None:
        """Odd payments of before the days that they are kept for are usual from now on."""
        oldest = at_us - KEPT_DAYS * DAY_US
        for one in self.odd:
            if one.time_us <= oldest:
                self.add(one.tag % len(KINDS))
        self.odd = [one for one in self.odd if one.time_us > oldest]

    def drift(self, at_us: int) -> list[Kept]:
        """Odd payments of the days before a time, and those after it that were told before, in order of time."""
        oldest = at_us - DRIFT_DAYS * DAY_US
        return sorted((one for one in self.odd if one.time_us > oldest), key=lambda one: (one.time_us, one.offset))


def chance(purposes: Purposes, kinds: Iterable[int]) -> float:
    """How likely a person with this past pays for these kinds, one after the other; 1 for none. Cost: 5 us for 64."""
    given = list(kinds)
    those = set(given)
    seen = sum(purposes.count(kind) for kind in those) + len(those) / 2
    payments = purposes.total + len(KINDS) / 2
    found = 1.0
    for number in range(len(given)):
        found *= (seen + number) / (payments + number)
    return found
