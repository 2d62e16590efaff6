"""What rules want kept of a party's payments: how far back, which of them one by one, and which as evidence.

Each typology declares its own (`Wanted`). The books keep what all of them want `together`. Beside that they keep only
what they need themselves: the rows of the last days and of orders, which later events are matched with.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Literal, NamedTuple

from detectors.books.payments import NO_DOCUMENT, OUT, SHORT_DAYS, Horizons
from detectors.contracts.limits import Rulebook
from detectors.values.legal_calendar import DAY_US

# USD cents that no amount is above: `money.LARGEST_CENTS` is one of them.
ANY_AMOUNT = (0, 2**63 - 1)


def any_amount(rulebook: Rulebook, day: date) -> tuple[int, int]:  # noqa: ARG001 - the form of a band
    """The band that holds every amount."""
    return ANY_AMOUNT


class Which(NamedTuple):
    """Payments by their direction, and whether only those without documents or report are meant."""

    direction: Literal["out", "in", "both"] = "both"
    undocumented: bool = False

    @property
    def flags(self) -> tuple[int, int]:
        """The bits of a row's flags that are looked at, and what they must be."""
        looked_at = (0 if self.direction == "both" else OUT) | (NO_DOCUMENT if self.undocumented else 0)
        return looked_at, looked_at if self.direction != "in" else looked_at & ~OUT

    def holds(self, flags: Any) -> Any:
        """Whether payments of these flags are meant: one number, or a column of them."""
        looked_at, wanted = self.flags
        return flags & looked_at == wanted

    def covers(self, other: "Which") -> bool:
        """Whether all that the other means is meant."""
        return self.direction in {"both", other.direction} and (other.undocumented or not self.undocumented)


class LookBack(NamedTuple):
    """How long the rows of some payments are kept, counted back from the clock less the lateness.

    `days` are of 24 hours. `calendar_year`: since the local year began, if that is longer.
    """

    payments: Which
    days: int = 0
    calendar_year: bool = False


class OneByOne(NamedTuple):
    """Payments that are folded last where a party has more than are kept as rows (folded_payments.py).

    `days` is how far back. `band` gives, for the limits and a local day, the least and the largest amount (USD cents,
    both included) that matter most; (1, 0) holds none. `tally` names the table that keeps the number and the sum of
    those in the band that were folded all the same, by purpose and local day; None keeps nothing of them.
    """

    payments: Which
    days: int
    band: Callable[[Rulebook, date], tuple[int, int]] = any_amount
    tally: str | None = None


class Wanted(NamedTuple):
    """What one rule wants kept, or all of them together.

    `proofs`: payments that an alert may have to name later. `totals`: the exact totals of folded payments that the law
    adds up, by local day and institution. `declarations`: lines of customs declarations are named in alerts too.
    `trade`: so are payments for goods, whatever documents they have.
    """

    look_back: tuple[LookBack, ...] = ()
    one_by_one: tuple[OneByOne, ...] = ()
    proofs: tuple[Which, ...] = ()
    totals: bool = False
    declarations: bool = False
    trade: bool = False

    def horizons(self, watermark_us: int, lateness_us: int, year_start_us: int) -> Horizons:
        """What `payments.prune` drops; `year_start_us` is the local year's start of watermark less lateness."""
        oldest = watermark_us - lateness_us
        short_us = oldest - SHORT_DAYS * DAY_US
        since = []
        for one in self.look_back:
            first = oldest - one.days * DAY_US
            since.append((*one.payments.flags, min(first, year_start_us) if one.calendar_year else first))
        return Horizons(min([short_us, *(first for _, _, first in since)]), short_us, tuple(since))

    def in_force(self, rulebook: Rulebook, day: date) -> tuple["InForce", ...]:
        """The payments wanted one by one, with the amounts of a local day."""
        return tuple(
            [InForce(one.payments, one.days, *rulebook.band(one.band, day), one.tally) for one in self.one_by_one]
        )

    def longest_days(self) -> int:
        """The longest time that rows are kept, calendar years apart."""
        return max((one.days for one in self.look_back), default=0)


class InForce(NamedTuple):
    """Payments wanted one by one, with the least and largest amount (USD cents) of a day."""

    payments: Which
    days: int
    low: int
    high: int
    tally: str | None

    def holds(self, flags: Any, usd: Any) -> Any:
        """Whether payments of these flags and amounts are in the band: one, or columns of them."""
        return self.payments.holds(flags) & (usd >= self.low) & (usd <= self.high)


def together(every: Iterable[Wanted]) -> Wanted:
    """What several rules want, each thing once. Raises `ValueError` where two share a tally and mean other payments."""
    look_back: dict[Which, LookBack] = {}
    one_by_one: dict[OneByOne, None] = {}
    proofs: dict[Which, None] = {}
    totals = declarations = trade = False
    for wanted in every:
        for one in wanted.look_back:
            had = look_back.get(one.payments, one)
            year = had.calendar_year or one.calendar_year
            look_back[one.payments] = LookBack(one.payments, max(had.days, one.days), year)
        one_by_one |= dict.fromkeys(wanted.one_by_one)
        proofs |= dict.fromkeys(wanted.proofs)
        totals = totals or wanted.totals
        declarations = declarations or wanted.declarations
        trade = trade or wanted.trade
    tallies = [one.tally for one in one_by_one if one.tally is not None]
    if len(set(tallies)) < len(tallies):
        raise ValueError(
            f"two rules count other payments in one table; got: tallies {tallies}; expected: each name once; to do: "
            "give the newer rule's tally the rule's own id"
        )
    return Wanted(tuple(look_back.values()), tuple(one_by_one), tuple(proofs), totals, declarations, trade)
