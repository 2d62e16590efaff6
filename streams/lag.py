"""How far the partitions reach that a Faust app holds, as its consumer knows without asking anybody."""

from typing import Any

from faust.exceptions import ConsumerNotStarted
from faust.types import TP


def known_ends(consumer: Any) -> dict[TP, int | None]:
    """End offset of every partition assigned to a Faust consumer, None where nothing was fetched from it yet.

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


def _end(consumer: Any, tp: TP) -> int | None:
    try:
        end: int | None = consumer.highwater(tp)
    except (AssertionError, AttributeError):
        # a rebalance, in the consumer's own thread, took the partition, or the whole assignment, since it was listed
        return None
    return end
