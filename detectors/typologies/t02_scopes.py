"""Whose payments without documents T02 adds up, and beside which amount: residents, firms, foreign parties.

* A resident person: the yearly amount, over all institutions (Reg 4-3(1) no. 1); where small remitters have a lower one
  of their own, what went through them beside that.
* A resident firm: the same amount (Reg 4-3(1) speaks of residents), from the day of its limit. Payments for goods are
  left out, because who traded much in the year before needs no documents (no. 6), and no field tells who did.
* A foreign resident or non-resident: an amount through the bank or card company that it designated (Reg 4-4(2)), and
  one through small remitters (Reg 2-31(1) no. 2).
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.folded_payments import Day
from detectors.books.payments import SMALL_REMITTER, Rows, rows_where
from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.typologies.base import Context

ID = "T02"


class Scope(NamedTuple):
    """Payments that are added up: `name` as a series has it, `limit` the amount beside which, `part` which payments.

    `part` is "all", those through small remitters ("small"), all others ("banks"), or those not for goods ("firm").
    """

    name: str
    limit: str
    part: str = "all"

    @property
    def foreign(self) -> bool:
        """Whether it is the amount of foreign residents and non-residents."""
        return self.name.startswith("foreign")


EVERYWHERE = Scope("all", "annual_cap")
SMALL = Scope("small remitters", "small_remitter_cap", "small")
FIRM = Scope("firm", "firm_cap", "firm")
FOREIGN = Scope("foreign", "foreign_cap", "banks")
FOREIGN_SMALL = Scope("foreign small remitters", "foreign_small_remitter_cap", "small")
SCOPES = {one.name: one for one in (EVERYWHERE, SMALL, FIRM, FOREIGN, FOREIGN_SMALL)}
GOODS = ("import", "export")


def scopes(context: Context) -> Iterator[Scope]:
    """What the payment at hand counts in, the widest first; none for banks."""
    small = bool(context.payment.flags & SMALL_REMITTER)
    if context.transaction.party_type == "bank":
        return
    if context.residence.foreign:
        yield FOREIGN_SMALL if small else FOREIGN
    elif context.transaction.party_type == "person":
        yield EVERYWHERE
        if small:
            yield SMALL
    elif _kind(context, context.payment.purpose) not in GOODS:
        yield FIRM


def cap_of(rulebook: Rulebook, scope: Scope, day: date) -> DatedLimit | None:
    """The amount in force on a local day."""
    return rulebook.limit(ID, scope.limit, day)


def rows_of(scope: Scope, rows: Rows) -> Rows:
    """Of rows that the law adds up those of the scope, as far as a row tells."""
    if scope.part == "small":
        return rows_where(rows, rows["flags"] & SMALL_REMITTER != 0)
    if scope.part == "banks":
        return rows_where(rows, rows["flags"] & SMALL_REMITTER == 0)
    return rows


def counted_rows(context: Context, scope: Scope) -> Rows:
    """The year's rows of the scope, by time, then ledger position."""
    rows = rows_of(scope, context.undocumented_rows(*context.year_us))
    if scope.part != "firm":
        return rows
    goods = [number for number in set(rows["purpose"].tolist()) if _kind(context, number) in GOODS]
    return rows_where(rows, ~np.isin(rows["purpose"], goods))


def of_day(scope: Scope, found: Day) -> Day:
    """The figures of a folded day that the scope counts; none for firms, whose folded payments name no purpose."""
    if scope.part == "all":
        return found
    if scope.part == "firm":
        return Day()
    small = msgspec.structs.replace(found, total=found.small, count=found.small_count)
    if scope.part == "small":
        return small
    return msgspec.structs.replace(found, total=found.total - small.total, count=found.count - small.count)


def _kind(context: Context, purpose: int) -> str:
    known = context.legend.purposes.get(context.names[purpose])
    return "" if known is None else known.kind
