"""T05's own types and measures: what is kept of a firm's payments, and what they come to at a time."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from detectors.contracts.limits import Limits
from detectors.values.legal_calendar import DAY_US


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """An import or service payment: ledger position, time, USD cents, the day's exchange-linked inflow in USD cents.

    `branch` is a hash of institution and branch, 0 where none is told; `sender` whose share it takes a place in.
    `event` is the number of its first event, which stays when its settlement takes another ledger position.
    """

    offset: int
    time_us: int
    usd: int
    linked: int = 0
    branch: int = 0
    sender: int = 0
    event: int = 0


class Outflow(msgspec.Struct, array_like=True):
    """What a firm sent: USD cents and number beyond those kept, by branch, and the payments that are kept."""

    total: int = 0
    count: int = 0
    branches: dict[int, int] = {}
    kept: list[Sent] = []

    @property
    def sent(self) -> int:
        """USD cents of all that it sent. Cost: 4 us where 128 are kept."""
        return self.total + sum(one.usd for one in self.kept)


class Firm(NamedTuple):
    """The firm at a payment: whether it is young, tiny, new by the supervisor's date; None where that is not known."""

    age: int | None
    capital: int | None
    young: bool | None
    tiny: bool | None
    new: bool | None

    @property
    def is_small(self) -> bool:
        """Whether it is known to be young or tiny."""
        return bool(self.young or self.tiny)


class Measures(NamedTuple):
    """What is compared: the fed payments of the window, all that was sent, and the largest branch's part of it.

    `multiple` is how many times the capital was sent; None where the capital, or a branch, is not known. `largest` is
    the number of that branch.
    """

    firm: Firm
    fed: tuple[Sent, ...]
    window: int
    fed_usd: int
    linked_usd: int
    total: int
    number: int
    multiple: float | None
    branch: float | None
    frequent: bool
    largest: int | None = None


def is_fed(one: Sent, limits: Limits) -> bool:
    """Whether the exchange-linked inflow of its day is the part of a payment that the limit asks for."""
    return one.linked * 100 >= one.usd * limits["linked_share"].cents and one.linked > 0


def measured(found: Outflow, every: Sequence[Sent], at_us: int, firm: Firm, limits: Limits) -> Measures:
    """What the firm's payments up to a time come to: `every` kept one of these, and what is in totals.

    Something must have been sent. Cost: 50 us where 128 are kept.
    """
    names = ("young_window", "frequent_window")
    sinces = [at_us - int(limits[name].number) * DAY_US for name in names]
    short, long = ([one for one in every if one.time_us > since] for since in sinces)
    fed, often = ([one for one in some if is_fed(one, limits)] for some in (short, long))
    shown = fed if firm.is_small else often
    total = found.total + sum(one.usd for one in every)
    by_branch = dict(found.branches)
    for one in every:
        by_branch[one.branch] = by_branch.get(one.branch, 0) + one.usd
    largest = max((branch for branch in by_branch if branch), key=by_branch.__getitem__, default=None)
    often_usd = sum(one.usd for one in often)
    return Measures(
        firm,
        tuple(shown),
        int(limits[names[not firm.is_small]].number),
        sum(one.usd for one in shown),
        sum(min(one.linked, one.usd) for one in shown),
        total,
        found.count + len(every),
        None if not firm.capital else total / firm.capital,
        None if largest is None else by_branch[largest] / total,
        len(often) >= limits["frequent_count"].number and often_usd >= limits["frequent_sum"].cents,
        largest,
    )


def set_up_since(limits: Limits) -> date | None:
    """The day from which the published test counts a firm as new: that of its amount, to which it reached back."""
    sent = limits.get("sent_min")
    return None if sent is None else sent.limit.effective_from


def is_published(measures: Measures, limits: Limits) -> bool:
    """Whether the supervisor's test is met: amount, and capital multiple or frequent fed payments, of a new firm."""
    sent, times = limits.get("sent_min"), limits.get("capital_multiple")
    if sent is None or times is None or not measures.firm.new or measures.total < sent.cents:
        return False
    return measures.frequent or (measures.multiple is not None and measures.multiple >= times.number)
