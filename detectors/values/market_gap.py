"""How far a deal rate is from the reference rate."""

from detectors.values.money import Exact, Ratio, half_even

# hundredths of a basis point in a basis point, and in the whole
CENTIBP = 100
WHOLE = 1_000_000


def deviation_of(deal_rate: Exact, reference: Ratio) -> int:
    """How far a deal rate is from the reference, in hundredths of a basis point, positive = above it.

    A rate a thousand times off is a fault of units; further than that says nothing more.
    """
    whole = 10**deal_rate.exponent * reference.numerator
    gap = deal_rate.mantissa * reference.denominator - whole
    return min(half_even(gap * WHOLE, whole), 1000 * WHOLE)
