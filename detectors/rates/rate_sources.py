"""What each configured feed says of a pair, and whether most of them say the same.

With `[rates] sources` a rate far from the last one is believed when more than half of the feeds that speak say it: each
twice, `confirm_minutes` apart, and nothing else in between. A feed speaks while its last word on the pair is not stale.
So a feed that is stuck, or that lies, neither keeps out what two others say nor is believed against them; of two that
contradict each other none is believed, and an officer says who is right; one alone confirms itself.

A feed's name is what the record says, unless ingest asks for its signature. Whoever sends in the name of another may
keep a rate out, since the true feed's and the forged words contradict each other; it lets none in while the true feed
speaks.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class FeedWord(msgspec.Struct, array_like=True):
    """What a feed says of a pair: since when it has said it, when it last did, and the rate.

    Times are event times in microseconds since 1970.
    """

    since_us: int
    last_us: int
    mid: str


_ENDLESS = float("inf")

# pair -> feed -> its word
Words = dict[str, dict[str, FeedWord]]


class Asked(NamedTuple):
    """When feeds are compared and how: the record's time, the time that has surely passed, and the limits.

    `factor` is how far rates may differ and be the same, `stale_us` after which time a word counts no more.
    """

    at_us: int
    passed_us: int
    factor: float
    confirm_us: int
    stale_us: int


def say(words: dict[str, FeedWord], source: str, mid: str, asked: Asked) -> bool:
    """Take a feed's record on a pair; whether it is the feed's word of now.

    A rate near its last one goes on with it. A record of before its last word says nothing new, but breaks the
    repetition that it contradicts; a word dated ahead does not stand in its way.
    """
    known, at_us = words.get(source), asked.at_us
    same = known is not None and near(float(known.mid), float(mid), asked.factor)
    if known is None or known.since_us > max(asked.passed_us, at_us) or (at_us > known.last_us and not same):
        words[source] = FeedWord(at_us, at_us, mid)
        return True
    if at_us > known.last_us:
        known.last_us, known.mid = at_us, mid
        return True
    if at_us >= known.since_us and not same:
        known.since_us = known.last_us
    return False


def most_say(words: dict[str, FeedWord], mid: float, asked: Asked) -> bool:
    """Whether more than half of the feeds that speak at a time have said a rate for `confirm_us` of passed time."""
    speaking = [word for word in words.values() if word.last_us >= asked.at_us - asked.stale_us]
    agreeing = sum(
        min(word.last_us, asked.passed_us) - word.since_us >= asked.confirm_us
        and near(float(word.mid), mid, asked.factor)
        for word in speaking
    )
    return 2 * agreeing > len(speaking)


def most_contradict(words: dict[str, FeedWord], mid: float, asked: Asked) -> bool:
    """Whether most of the feeds say a rate that is not near this one, and not most of them this one.

    Both may be, while a market moves: a feed's rate lies between two others.
    """
    others = [float(word.mid) for word in words.values() if not near(float(word.mid), mid, asked.factor)]
    return any(most_say(words, other, asked) for other in others) and not most_say(words, mid, asked)


def forget_others(words: dict[str, FeedWord], sources: Iterable[str]) -> None:
    """Let go of feeds that are configured no more."""
    for name in words.keys() - set(sources):
        del words[name]


def near(one: float, other: float, factor: float) -> bool:
    """Whether two rates are within a factor of each other; 0 and infinity are near nothing."""
    # within a factor of a number that is neither, the other one is neither too
    return one <= other * factor and other <= one * factor and 0.0 < one < _ENDLESS
