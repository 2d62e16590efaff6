"""One score from the statistical rank and the strengths of the typologies that fired."""

from collections.abc import Sequence

# Share of payments that are taken to be worth a look for their rarity: the default ceiling of the rank, one in 500. At
# that p-value half of what is as rare is so by chance; at p = 0.07 it is nearly all (the part below is 0.013).
WORTH_A_LOOK = 0.002
# The most that rarity alone counts. Of a judged stream one in ten payments that the models raised was true, and nine in
# ten findings of rules: so rarity alone never stands before a rule that is as likely right as not.
MOST_BY_RANK = 0.5


def rarity(rank: float | None) -> float:
    """What a rank (p-value 0-1) counts for by itself: 0 to 0.5, higher is rarer; 0 where there is none.

    Formula: 0.5 x q (1 - p) / (q + p) with q = 0.002. q / (q + p) is the share that is not chance among all payments as
    rare as this one, if a share q of them is worth a look (Storey 2003, the positive false discovery rate); the factor
    1 - p anchors the usual end at 0. It falls as p rises, without end, so equal scores are equal ranks. It says nothing
    of who is guilty: what is rare for good reasons is rare as well. Raises `ValueError` outside 0-1. Cost: under 1 us.

    >>> rarity(None), rarity(1.0), round(rarity(0.07), 3), round(rarity(0.002), 3), rarity(0.0)
    (0.0, 0.0, 0.013, 0.249, 0.5)
    """
    if rank is None:
        return 0.0
    if not 0.0 <= rank <= 1.0:
        raise ValueError(f"a rank is a p-value; got: {rank}; expected: 0 to 1 or None")
    return MOST_BY_RANK * WORTH_A_LOOK * (1.0 - rank) / (WORTH_A_LOOK + rank)


def fuse(rank: float | None, strengths: Sequence[float]) -> float:
    """The alert's score, 0-1, higher is more unusual.

    Formula (noisy-or): 1 - (1 - rarity) x product of (1 - strength); each strength is the typology's own 0-1. It is the
    chance that at least one of them is right if they were independent; they are not quite, so read it as an order with
    both ends anchored: 0 = nothing odd and nothing fired, 1 = some rule is beyond doubt. It never falls when a strength
    rises or the rank falls. Without a rule it is at most 0.5. `rank` None (not ranked yet) leaves the typologies alone.
    Raises `ValueError` outside 0-1. Cost: under 1 us.

    >>> fuse(None, [0.6]), round(fuse(0.1, [0.6]), 3), round(fuse(0.0002, [0.6]), 3), round(fuse(0.0002, []), 3)
    (0.6, 0.604, 0.782, 0.454)
    """
    doubt = 1.0 - rarity(rank)
    for strength in strengths:
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"a typology's strength is out of range; got: {strength}; expected: 0 to 1")
        doubt *= 1.0 - strength
    return 1.0 - doubt
