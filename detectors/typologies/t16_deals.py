"""Deals off the market that T16 keeps of a party in its slot: what each moved, and which of them repeat."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.payments import rows_where
from detectors.typologies.base import Context
from detectors.values.market_gap import WHOLE
from detectors.values.money import LARGEST_CENTS, half_even

# Deals off the market that are kept of a party, those that moved most, of each sender its share. Failures prevented:
# fifty small ones through one bank, and what large ones through others moved was forgotten; fifty large ones that one
# bank made up, and another bank's repeated deals counted as its first. No next one was larger than what was alerted.
MOST_DEALS = 50


class Away(msgspec.Struct, frozen=True, array_like=True):
    """A deal that was off the market: its time and ledger position, its payment, the USD cents it moved, pair and rate.

    Time and position are those that its reference was looked up at. Its payment is known by the number of its first
    event: a settlement takes another position. `sender` is whose share it takes a place in, as a hash (shares.py).
    """

    time_us: int
    offset: int
    event: int
    moved: int
    pair: str
    rate: str
    sender: int = 0


class Repeat(NamedTuple):
    """An earlier deal off the market; its payment's ledger position now, and institution where its row is kept."""

    deal: Away
    offset: int
    institution: str | None


def largest(deals: list[Away]) -> list[Away]:
    """At most `MOST_DEALS`, in their order; of the sender that has most, the one that moved least goes.

    Of equal ones it is the oldest.
    """
    if len(deals) > MOST_DEALS:
        held = Counter(one.sender for one in deals)
        most = max(held.values())
        deals.remove(min((one for one in deals if held[one.sender] == most), key=lambda one: one.moved))
    return deals


def moved_by(usd: int, deviation: int) -> int:
    """USD cents that the gap moved, at most `LARGEST_CENTS`: the slot keeps it in 64 bits."""
    return min(half_even(usd * abs(deviation), WHOLE), LARGEST_CENTS)


def repeats_of(context: Context, deals: Sequence[Away], since_us: int) -> list[Repeat]:
    """Those of the party's other payments in (since, the payment's time], as their rows are now."""
    rows = context.rows
    kept = rows_where(rows, np.isin(rows["event"], np.array([each.event for each in deals], rows["event"].dtype)))
    columns = (kept[name].tolist() for name in ("event", "time", "offset", "institution"))
    now = {event: (time, offset, context.names[bank]) for event, time, offset, bank in zip(*columns, strict=True)}
    found = [(each, *now.get(each.event, (each.time_us, each.offset, None))) for each in deals]
    return [
        Repeat(deal, offset, bank)
        for deal, time, offset, bank in found
        if since_us < time <= context.payment.time and deal.event != context.payment.event
    ]


def by_institution(repeats: Sequence[Repeat]) -> dict[str, int]:
    """USD cents that deals moved, by institution; those whose payments are kept no more are left out."""
    found: dict[str, int] = {}
    for each in repeats:
        if each.institution is not None:
            found[each.institution] = found.get(each.institution, 0) + each.deal.moved
    return found
