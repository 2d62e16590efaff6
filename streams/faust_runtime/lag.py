"""The lag of the partitions that a Faust app holds, from its consumer's own knowledge, without asking a broker."""

from typing import Any

from faust.exceptions import ConsumerNotStarted
from faust.types import TP


def known_ends(consumer: Any) -> dict[TP, int | None]:
    """How far every partition of a Faust consumer can be delivered, as an offset; None where nothing was fetched yet.

    Empty when there is no consumer, or its thread is not up. What is not known counts as no lag: a rebalance is no
    standstill.
    """
    if consumer is None:
        return {}
    try:
        assigned = sorted(consumer.assignment())
    except ConsumerNotStarted:
        return {}
    return {tp: _end(consumer, tp) for tp in assigned}


def lag(consumer: Any, tp: TP, end: int | None, done: int) -> int:
    """Records from offset `done` to `end`; 0 where none of these offsets has a record that can be delivered.

    Failure prevented: the marker of a transaction at the end of a quiet partition was a lag of 1 for ever, and the
    watchdog ended each worker that held it after two minutes.
    """
    if end is None or done >= end or consumer.nothing_left(tp, done):
        return 0
    return end - done


def _end(consumer: Any, tp: TP) -> int | None:
    try:
        end: int | None = consumer.highwater(tp)
    except (AssertionError, AttributeError):
        # a rebalance, in the consumer's own thread, took the partition, or the whole assignment, since it was listed
        return None
    return end
