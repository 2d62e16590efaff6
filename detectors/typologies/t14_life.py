"""What T14 remembers of a party's life: how much it moved before the weeks whose payments are kept one by one.

Rows of payments go some six weeks after their time. So once a week those older than `TAKEN_AFTER_US` are taken into
totals here: 40 bytes a party, whatever it paid. What comes back later is not taken off; then the rule asks for more.
"""

import msgspec
import numpy as np

from detectors.books.payments import RATE_MISSING, REVERSED, Payment, Rows, exact_sum
from detectors.books.trade_book import TradeBook
from detectors.books.trade_folding import marks
from detectors.books.trade_items import EXPORT
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import LARGEST_CENTS

# Rows stay for 42 days of the partition's clock, so a party's newest payment may be told two weeks late and all its
# rows are still there to be taken. A burst of up to 21 days is in rows for a week after it ended.
TAKEN_AFTER_US = 28 * DAY_US
STEP_US = 7 * DAY_US
# active time is counted in blocks as long as the burst's window by default
BLOCK_US = 21 * DAY_US
# times of the newest payments taken; a party that made as many in the time of silence was not quiet
MOST_RECENT = 10


class Life(msgspec.Struct, frozen=True, array_like=True):
    """What was taken: payments before `until_us`, their number and USD cents, and the newest times (us), in order.

    `blocks` is in how many stretches of three weeks there was one, `block` the number of the last of those.
    """

    until_us: int = 0
    count: int = 0
    cents: int = 0
    blocks: int = 0
    block: int = -1
    recent: tuple[int, ...] = ()

    @property
    def mean(self) -> int:
        """USD cents in a stretch of three weeks that had a payment; 0 before the first."""
        return self.cents // self.blocks if self.blocks else 0

    def since(self, at_us: int) -> int:
        """How many payments were made from that time on, `MOST_RECENT` at most."""
        return sum(time >= at_us for time in self.recent)


def alive(rows: Rows) -> Rows:
    """The rows of payments that were not taken back whole; what is worth in USD may be unknown."""
    return rows.take(np.flatnonzero((rows["usd"] > 0) | (rows["flags"] & (RATE_MISSING | REVERSED) == RATE_MISSING)))


def beyond_goods(rows: Rows, book: TradeBook) -> Rows:
    """The rows without what stands against goods that customs saw: matched, or not paid yet. Cost: 0.2 ms at most.

    What customs saw and nobody paid for yet is set against the oldest payments of its direction: which invoice a
    payment is for may be told later, or not at all. Rows of which nothing is left are left out.
    """
    items = {item.event: item for item in book.items()}
    seen = {one.event: one.sums().matched for one in marks(book.marks)}
    waiting = [item for item in items.values() if item.is_open and not item.is_money]
    unpaid = [sum(item.left_usd for item in waiting if item.flags & EXPORT == side) for side in (0, EXPORT)]
    left = rows["usd"].tolist()
    for place in np.lexsort((rows["offset"], rows["time"])).tolist():
        item = items.get(int(rows["event"][place]))
        if item is None or not item.is_money:
            left[place] = max(left[place] - seen.get(int(rows["event"][place]), 0), 0)
            continue
        direction = int(item.flags & EXPORT != 0)
        # what is closed without a match is too little to look for, and nothing was seen of it
        matched = item.worth(item.matched) if item.is_open or not item.matched else item.usd
        rest = max(left[place] - matched, 0)
        taken_off = min(rest, unpaid[direction])
        unpaid[direction] -= taken_off
        left[place] = rest - taken_off
    found = rows.copy()
    found["usd"] = left
    return found.take(np.flatnonzero((found["usd"] > 0) | (rows["usd"] == 0)))


def goods_of_year(book: TradeBook) -> int:
    """USD cents of the goods that customs saw in both directions in the newest twelve months of the trade ledger."""
    newest = max(book.months, default=0)
    return sum(sums[0] + sums[EXPORT] for month, sums in book.months.items() if month > newest - 12)


def taken(life: Life, rows: Rows, until_us: int) -> Life:
    """The same with the rows of before `until_us` that were not taken yet. Cost: 15 us; 50 us for 2 048 rows."""
    time = rows["time"]
    found = alive(rows.take(np.flatnonzero((time >= life.until_us) & (time < until_us))))
    times = np.sort(found["time"]).tolist()
    blocks = [block for block in sorted({time // BLOCK_US for time in times}) if block > life.block]
    return Life(
        max(until_us, life.until_us),
        life.count + len(times),
        min(life.cents + exact_sum(found["usd"]), LARGEST_CENTS),
        life.blocks + len(blocks),
        blocks[-1] if blocks else life.block,
        tuple(sorted((*life.recent, *times))[-MOST_RECENT:]),
    )


def with_late(life: Life, payment: Payment) -> Life:
    """The same with a payment told after its time was taken; its weeks count as known."""
    return msgspec.structs.replace(
        life,
        count=life.count + 1,
        cents=min(life.cents + payment.usd, LARGEST_CENTS),
        blocks=max(life.blocks, 1),
        recent=tuple(sorted((*life.recent, payment.time))[-MOST_RECENT:]),
    )
