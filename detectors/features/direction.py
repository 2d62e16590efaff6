"""Which side of what is usual counts against a payment."""

from math import inf

from detectors.features.moment import Direction


def count_against(deviation: float | None, direction: Direction) -> float | None:
    """How much of a deviation counts against the payment: one-sided, >= 0, 0 = as usual or on the harmless side.

    Unit: that of the deviation (spreads or nats). None, NaN and infinite are "not known" and give None.

    >>> count_against(-2.5, "more"), count_against(-2.5, "less"), count_against(-2.5, "both")
    (0.0, 2.5, 2.5)
    """
    if deviation is None or not -inf < deviation < inf:
        return None
    if direction == "both":
        return abs(deviation)
    side = deviation if direction == "more" else -deviation
    return max(0.0, side)
