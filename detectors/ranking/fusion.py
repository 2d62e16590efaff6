"""One calibrated score from the statistical rank and the strengths of the typologies that fired."""

from collections.abc import Sequence


def fuse(rank: float | None, strengths: Sequence[float]) -> float:
    """The alert's score, 0-1, higher is more unusual.

    Formula (noisy-or): 1 - rank x product of (1 - strength). The statistical part is 1 - p, as the conformal rank p is
    small for rare events; each strength is the typology's own 0-1. It is the chance that at least one of them is
    right if they were independent; they are not quite, so read it as an ordering with both ends anchored: 0 = nothing
    odd and nothing fired, 1 = some rule is beyond doubt. It never falls when a strength rises or the rank falls.
    `rank` None (segment not warm) leaves the typologies alone. Raises `ValueError` outside 0-1. Cost: under 1 us.

    >>> fuse(0.1, []), fuse(None, [0.6]), round(fuse(0.1, [0.6]), 3)
    (0.9, 0.6, 0.96)
    """
    doubt = 1.0 if rank is None else rank
    if not 0.0 <= doubt <= 1.0:
        raise ValueError(f"a rank is a p-value; got: {rank}; expected: 0 to 1 or None")
    for strength in strengths:
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"a typology's strength is out of range; got: {strength}; expected: 0 to 1")
        doubt *= 1.0 - strength
    return 1.0 - doubt
