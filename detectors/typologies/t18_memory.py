"""What T18 remembers: goods that a firm dealt in and odd ones, and what a money business moved in past four weeks.

Odd goods become the firm's own after `KEPT_DAYS`. A past block is four weeks long, in UTC, counted from 1970; the last
`MOST_BLOCKS` of them are kept, 6 bytes each.
"""

from statistics import median

import msgspec

from detectors.typologies.kept_payments import Kept
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import LARGEST_CENTS

WINDOW_DAYS = 90
# Odd payments stay so much longer, so that a return of one within that time is weighed against all the others.
KEPT_DAYS = WINDOW_DAYS + 35
# a business that turned to another one may go on with the former; of more the oldest are forgotten
MOST_INDUSTRIES = 4
BLOCK_DAYS = 28
BLOCK_US = BLOCK_DAYS * DAY_US
MOST_BLOCKS = 13


class Goods(msgspec.Struct, array_like=True):
    """HS chapters that a firm dealt in, in order, how many such payments, and odd ones, whose tag is the chapter.

    `industries` are the codes it was registered under when it paid for goods, the newest last. `before` is how many
    payments for its own goods there were before the first of the odd ones that are kept.
    """

    seen: list[int] = []
    count: int = 0
    odd: list[Kept] = []
    industries: list[str] = []
    before: int = 0

    @property
    def past(self) -> int:
        """Payments for its own goods before the odd ones: what a firm deals in from the start on is no new line."""
        return self.before if self.odd else self.count

    def note(self, industry: str) -> None:
        """The firm is registered under this industry now."""
        if industry not in self.industries:
            self.industries = [*self.industries, industry][-MOST_INDUSTRIES:]

    def add(self, chapter: int) -> None:
        """One more payment for goods that are the firm's own."""
        self.seen, self.count = sorted({*self.seen, chapter}), self.count + 1

    def age(self, at_us: int) -> None:
        """Odd payments of before the days that they are kept for are the firm's own from now on."""
        oldest = at_us - KEPT_DAYS * DAY_US
        for one in self.odd:
            if one.time_us <= oldest:
                self.add(one.tag)
        self.odd = [one for one in self.odd if one.time_us > oldest]

    def window(self, at_us: int) -> list[Kept]:
        """Odd payments of the days before a time, and those after it that were told before, in order of time."""
        oldest = at_us - WINDOW_DAYS * DAY_US
        return sorted((one for one in self.odd if one.time_us > oldest), key=lambda one: (one.time_us, one.offset))


class Dealings(msgspec.Struct, array_like=True):
    """What a money business moved, in USD cents by four weeks: the number of the first, then one a block from there."""

    first: int = 0
    cents: list[int] = []

    def add(self, time_us: int, cents: int) -> None:
        """One more payment; one of before the first block is left out."""
        block = time_us // BLOCK_US
        if not self.cents:
            self.first = block
        if block < self.first:
            return
        self.cents += [0] * (block - self.first + 1 - len(self.cents))
        self.cents[block - self.first] = min(self.cents[block - self.first] + cents, LARGEST_CENTS)
        cut = max(len(self.cents) - MOST_BLOCKS, 0)
        self.first, self.cents = self.first + cut, self.cents[cut:]

    def before(self, at_us: int) -> list[int]:
        """The blocks that ended by a time, without the first of all, which may have begun before the business did."""
        return self.cents[1 : max(at_us // BLOCK_US - self.first, 1)]

    def usual(self, at_us: int) -> tuple[int, int]:
        """The median of those blocks in USD cents, and how many they are; nought of none."""
        blocks = self.before(at_us)
        return (int(median(blocks)) if blocks else 0), len(blocks)
