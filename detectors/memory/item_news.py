"""What a trade ledger in a partition's state is kept by, and where news of its open items goes."""

from collections.abc import Sequence

from detectors.books.trade_book import ItemChange, TradeBook
from detectors.books.trade_ledger import Keeping
from detectors.books.trade_told import tell
from detectors.memory.effective_configuration import Effective
from detectors.memory.state import PartitionState


def keeping(state: PartitionState, effective: Effective, token: str, at_us: int) -> Keeping:
    """What the ledger of a party is kept by while a record of time `at_us` is applied; its news is the record's."""
    clock_us = state.watermark_us or 0

    def note(book: TradeBook, changes: Sequence[ItemChange]) -> None:
        if changes:
            state.item_news += tell(book, changes, token, state.partition, max(clock_us, at_us))

    return Keeping(effective.rulebook, effective.zone, clock_us, note)
