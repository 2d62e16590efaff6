"""T05's own types: what is kept of a firm's payments, and what a payment is judged by."""

from typing import NamedTuple

import msgspec


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

    `multiple` is how many times the capital was sent; None where the capital, or a branch, is not known.
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
