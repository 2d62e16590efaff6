"""Open items of a trader's ledger as other systems read them: the topic `fx.openitems.v1`."""

from datetime import date, datetime
from typing import Literal

import msgspec

# why an item is open: see `OpenItem.reason`
Reason = Literal["part", "nothing_open", "other_counterparty", "not_alike"]


class ItemPosition(msgspec.Struct, frozen=True):
    """Where the event behind an item stands in the ledger `fx.ledger.v1`."""

    partition: int
    offset: int


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """A declared line or trade payment of which more is unmatched than the tolerance; the record's key is `item`.

    A record without value says that the item is open no more: matched, taken back, or folded into totals.
    `side` is `goods` for a declared line, `money` for a payment. `amount` is what it came to, `left` what of it is
    unmatched, in `currency` (`XXX`: not known); `left_usd` the same in USD at its own time, null without a rate. `time`
    is that of its event, `due` the date that it names for its other side (payment of goods, goods of a payment).
    `as_of` is the time of the partition when the item last changed, `age_days` its age then, in whole days.

    `reason`: `part`: matched in part. `nothing_open`: nothing of the other side is open. `other_counterparty`: what is
    open of the other side is of others. `not_alike`: something of this counterparty is open, but more than two years
    apart, or in another currency without a rate.
    """

    item: str
    party: str
    trade: Literal["import", "export"]
    side: Literal["goods", "money"]
    amount: str
    left: str
    currency: str
    left_usd: str | None
    time: datetime
    due: date | None
    as_of: datetime
    age_days: int
    reason: Reason
    position: ItemPosition


class ItemNews(msgspec.Struct, frozen=True):
    """What became of an item: how it is open now, None where it is open no more."""

    item: str
    now: OpenItem | None
