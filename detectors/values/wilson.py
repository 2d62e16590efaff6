"""Wilson's score interval: between what shares a count of successes may well lie."""

from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


def wilson_ends(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float] | None:
    """Both ends of the interval of a share, 0-1; good for few trials and for shares of 0 and 1. None without trials.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); advised for
    small numbers by Brown, Cai and DasGupta, Statistical Science 16 (2001). Raises `ValueError` when `successes` lies
    outside 0 to `trials`.

    >>> [round(end, 3) for end in wilson_ends(2, 10)]
    [0.057, 0.51]
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"more successes than trials; got: {successes} of {trials}; expected: 0 to {trials}")
    if not trials:
        return None
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, square = successes / trials, z * z / trials
    centre = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    # at the ends the formula gives them but for rounding
    return 0.0 if not successes else max(0.0, centre - half), 1.0 if successes == trials else min(1.0, centre + half)
