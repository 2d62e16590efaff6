"""The partition's clock: the newest event time, counted up to the record's Kafka timestamp.

A payment may be dated up to 24 h after its own Kafka timestamp, because senders' clocks differ. For the payment itself
its date counts. For everybody else it counts only up to its Kafka timestamp, and a broker refuses one that is more than
an hour ahead of its own clock (`message.timestamp.after.max.ms`, set by `topics apply`). So one sender, whatever it
writes, moves the clock at most one hour ahead of the brokers' time. A sender that is behind, or silent, holds nobody
back: the newest time counts. A partition with a single sender goes on with it.

The clock is the largest of its readings, so it never goes back, and no order of the same records changes where it ends.
"""

MILLISECOND_US = 1_000


def borne_out(at_us: int, timestamp_ms: int) -> int:
    """The event time, as far as the record's Kafka timestamp bears it out; both since 1970, UTC."""
    return min(at_us, timestamp_ms * MILLISECOND_US)


def moved(clock_us: int | None, at_us: int, timestamp_ms: int) -> int:
    """The clock after a payment of that event time and Kafka timestamp; None is a clock that has not begun."""
    reading = borne_out(at_us, timestamp_ms)
    return reading if clock_us is None or reading > clock_us else clock_us
