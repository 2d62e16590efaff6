"""Whether a reference rate is believed: against the pair's last rate, against crosses, and by who is quoted in whom.

A rate that is more than `jump` away from the latest one before it, or from the one that stood `confirm_minutes` before,
is held: nothing is converted with it. It is believed
all the same when crosses of other pairs say the same, when an officer confirmed it (`[rates.confirmed]`), or when the
next record of the pair, `confirm_minutes` later or more, says it too and no record in between said the old rate still
held. So a wrong rate of a minute never counts, and a devaluation counts after ten. A rate `most` times away, up or
down, is believed by no repetition: feeds repeat a wrong unit as readily as a right one.

What small steps may add up to is bounded too: a rate more than `DAY_FACTOR` times away from the one of the day before,
or of the last confirmed level since, is held. One near that rate is believed at once, whatever was said in between.
A repetition confirms nothing that records of the pair contradict, by their own times, between the two and after them;
nor what is dated ahead of its own Kafka timestamp by more than `confirm_minutes`, or ahead of the partition's clock, as
payments moved it, by more than half of that. Failure prevented: two records sent at once, of twenty and of ten minutes
ago or of this evening, were a repetition.

The first rate of a pair has no last one. It is compared with the inverse pair, crosses, and in the end with
`[rates.typical]`, the order of magnitude of the currencies; where that does not name them, it is believed. A first rate
that crosses contradict is confirmed by a repetition only where it is nearer to the typical one than they are. None is
that is `magnitude` times away from the typical one: that is for an officer, who then sets a new one.
A pair is quoted in one direction only: while the market's own is in force, the other one is refused, because one
record of it would override all of the market's for 26 hours.
Fails where a feed is wrong by less than `jump`, or wrong by less than `most` and silent otherwise for ten minutes; what
such a rate touched is restated by its correction (restatement.py). Fails too where two feeds contradict each other for
days: who is right is for an officer to say, and meanwhile a rate drifts by `DAY_FACTOR` a day at most. Where feeds are
configured by name, most of them say who is right (rate_sources.py).
"""

from bisect import bisect_right
from collections.abc import Iterator
from math import log
from typing import Literal, NamedTuple

import msgspec

from detectors.contracts.configuration import RateRules
from detectors.rates.rate_sources import Asked, FeedWord, Words, forget_others, most_contradict, most_say, near, say
from detectors.rates.reference_rates import NEVER, History, Rates, directions, ratio_of
from detectors.values.legal_calendar import DAY_US, MINUTE_US

# `rate.corrected` is believed, and took the place of another rate of the same time; the others are not used.
Verdict = Literal["rate.corrected", "rate.confirmed", "rate.held", "rate.direction", "rate.pair", "rate.source"]
VERDICTS: tuple[Verdict, ...] = (
    "rate.corrected",
    "rate.confirmed",
    "rate.held",
    "rate.direction",
    "rate.pair",
    "rate.source",
)
UNUSED = frozenset({"rate.held", "rate.direction", "rate.pair", "rate.source"})
# Different wrong rates that are remembered of a pair, the newest; each may be confirmed by a later one that agrees.
MOST_HELD = 4
# Fewer points than this are no established rate: a first rate may itself be the wrong one.
ESTABLISHED = 3
# By how much a rate may move in a day in small steps. No currency that anybody pays in did so since 2000 but in a
# devaluation, which comes in one step and is confirmed.
DAY_FACTOR = 2.0
# A later rate this near in time says what stood before it, too; further away it says nothing of a rate loaded late.
CONTRADICTED_US = 7 * DAY_US
# Brokers refuse Kafka timestamps that are more than 1 h ahead (topics/table.py); and ten minutes more.
UNSURE_US = 70 * MINUTE_US
_ENDLESS = float("inf")


class Held(msgspec.Struct, array_like=True):
    """A rate that is not believed yet: the time of the first record that said it, and what the last one said."""

    first_us: int
    mid: str


class _Reference(NamedTuple):
    """What a rate is compared with, by which factor it may differ, and by which one where a repetition confirms it.

    The last is 0 where the pair itself says nothing yet.
    """

    rate: float
    factor: float
    farthest: float


class RateLimits:
    """The configured limits, ready for comparison; what a configuration does not say has the defaults of its type."""

    def __init__(self, rules: RateRules) -> None:
        self.jump, self.most, self.magnitude = 1.0 + rules.jump, rules.most, rules.magnitude
        self.confirm_us = int(rules.confirm_minutes * MINUTE_US)
        self.pairs = frozenset(rules.pairs)
        self.sources: frozenset[str] = frozenset(() if rules.sources is msgspec.UNSET else rules.sources)
        self.typical = {name: float(units) for name, units in rules.typical.items()}
        self.confirmed = {pair: float(mid) for pair, mid in rules.confirmed.items()}

    def typical_of(self, base: str, quote: str) -> float | None:
        """The order of magnitude of a pair; None where the configuration does not know both currencies."""
        units, of_base = self.typical.get(quote), self.typical.get(base)
        return None if units is None or of_base is None else units / of_base


class Checked:
    """Rates that are believed, and those that are held.

    `levels` is when a pair's new level was last confirmed, `words` what each configured feed says (rate_sources.py).
    """

    def __init__(self) -> None:
        self.rates = Rates()
        self.held: dict[str, list[Held]] = {}
        self.levels: dict[str, int] = {}
        self.words: Words = {}

    def take(
        self,
        base: str,
        quote: str,
        mid: str,
        at_us: int,
        offset: int,
        limits: RateLimits,
        stale_us: int,
        horizon_us: int | None,
        *,
        heard_us: int,
        clock_us: int | None = None,
        source: str = "",
    ) -> Verdict | None:
        """Use a rate, or hold or refuse it; None for one that is simply believed.

        `heard_us` is its Kafka timestamp, `clock_us` the partition's clock, None before the first payment; `source` is
        the feed that it names.

        Raises `ValueError` when `mid` is not a decimal above zero; then nothing changed. Cost: 4 us.
        """
        pair, inverse, convention = directions(base, quote)
        if limits.pairs and pair not in limits.pairs:
            return "rate.pair"
        if limits.sources and source not in limits.sources:
            return "rate.source"
        ratio_of(mid)
        if convention <= 0 and pair not in limits.pairs:
            other = self.rates.pairs.get(inverse)
            if other is not None and other.place(at_us, stale_us) is not None:
                return "rate.direction"
        verdict: Verdict | None = None
        words: dict[str, FeedWord] | None = None
        if limits.sources or not self._goes_on(pair, float(mid), at_us, limits):
            asked = Asked(at_us, _passed_us(heard_us, clock_us, limits), limits.jump, limits.confirm_us, stale_us)
            words = self._heard(pair, source, mid, heard_us, limits, asked)
            verdict = self._judged(base, quote, mid, limits, asked, words)
            if verdict == "rate.held":
                return verdict
        if self.held:
            self._release(pair, at_us)
        if words is not None and self._said(pair, at_us):
            return verdict
        replaced = self.rates.put(pair, mid, at_us, offset, horizon_us)
        return "rate.corrected" if replaced else verdict

    def _goes_on(self, pair: str, value: float, at_us: int, limits: RateLimits) -> bool:
        """Whether a rate is its pair's newest and steady, which nearly every one is. 2 us.

        What `_judged` finds of such a rate, with one look at the history; False leaves every other one to it.
        """
        history = self.rates.pairs.get(pair)
        if history is None or not history.times or at_us <= history.times[-1]:
            return False
        times, mids, level = history.times, history.mids, self.levels.get(pair, 0)
        if not near(float(mids[-1]), value, limits.jump):
            return False
        since = at_us - limits.confirm_us
        place = -1 if pair in self.levels and level > since else bisect_right(times, since) - 1
        if place >= 0 and not near(float(mids[place]), value, limits.jump):
            return False
        since = max(at_us - DAY_US, level if level < at_us else 0)
        return near(float(mids[max(bisect_right(times, since) - 1, 0)]), value, DAY_FACTOR)

    def _judged(
        self, base: str, quote: str, mid: str, limits: RateLimits, asked: Asked, words: dict[str, FeedWord] | None
    ) -> Verdict | None:
        """Whether a rate is simply believed (None), confirmed or held; `words` is what the feeds say of the pair.

        Without words a repetition confirms, with them most of the feeds do, and what most contradict is held.
        """
        pair, at_us, value, stale_us = directions(base, quote).pair, asked.at_us, float(mid), asked.stale_us
        reference = self._reference(base, quote, at_us, limits, stale_us)
        contradicted = words is not None and most_contradict(words, value, asked)
        if not contradicted:
            if reference is None or self._steady(reference, pair, value, at_us, limits):
                return None
            if self._as_yesterday(pair, value, at_us, limits):
                return "rate.confirmed"
        if not self._believed(base, quote, mid, at_us, limits, stale_us):
            if contradicted or reference is None:
                return "rate.held"
            if words is None:
                seconded = self._seconded(pair, mid, at_us, asked.passed_us, limits)
            else:
                seconded = at_us <= asked.passed_us and most_say(words, value, asked)
            if not seconded or not self._possible(reference, base, quote, value, at_us, limits, stale_us):
                return "rate.held"
        self.levels[pair] = at_us
        return "rate.confirmed"

    def _heard(
        self, pair: str, source: str, mid: str, heard_us: int, limits: RateLimits, asked: Asked
    ) -> dict[str, FeedWord] | None:
        """What the configured feeds say of a pair, with this record; None where it does not say what is now.

        That is a record loaded late, a correction, or one dated ahead of its Kafka timestamp: it is judged as if no
        feed were configured. Failure prevented: a word dated tomorrow, in another's name, stands until tomorrow.
        """
        if not limits.sources or asked.at_us > heard_us + limits.confirm_us:
            return None
        words = self.words.setdefault(pair, {})
        forget_others(words, limits.sources)
        return words if say(words, source, mid, asked) else None

    def _said(self, pair: str, at_us: int) -> bool:
        """Whether another feed's rate of the same time stands; then this one is no correction."""
        history = self.rates.pairs.get(pair)
        place = None if history is None else history.place(at_us, NEVER)
        return history is not None and place is not None and history.times[place] == at_us

    def _release(self, pair: str, at_us: int) -> None:
        """The pair has said again what it is: what was held before this record waits no longer."""
        if pair in self.held:
            left = [one for one in self.held[pair] if one.first_us > at_us]
            self.held[pair] = left
            if not left:
                del self.held[pair]

    def _reference(self, base: str, quote: str, at_us: int, limits: RateLimits, stale_us: int) -> "_Reference | None":
        """What a rate is compared with: the latest of its pair before it, the inverse, crosses, or the typical one."""
        pair, inverse, _ = directions(base, quote)
        for name in (pair, inverse):
            history = self.rates.pairs.get(name)
            place = None if history is None else _latest(history, at_us)
            if history is not None and place is not None:
                found, own = float(history.mids[place]), name == pair
                return _Reference(found if own else 1.0 / found, limits.jump, limits.most if own else 0.0)
        cross = self.rates.cross(base, quote, at_us, stale_us)
        if cross is not None:
            return _Reference(cross.numerator / cross.denominator, limits.jump, 0.0)
        typical = limits.typical_of(base, quote)
        return None if typical is None else _Reference(typical, limits.magnitude, 0.0)

    def _possible(
        self, reference: _Reference, base: str, quote: str, value: float, at_us: int, limits: RateLimits, stale_us: int
    ) -> bool:
        """Whether a repetition may confirm a rate: not out of its order of magnitude, nor too far from the last one.

        Of a pair that is not established, crosses in force have to be further from the typical rate than it is.
        """
        typical, history = limits.typical_of(base, quote), self.rates.pairs.get(directions(base, quote).pair)
        if typical is not None and not near(typical, value, limits.magnitude):
            return False
        if reference.farthest and near(reference.rate, value, reference.farthest):
            return True
        if history is not None and len(history.times) >= ESTABLISHED:
            return False
        cross = self.rates.cross(base, quote, at_us, stale_us)
        if cross is None:
            return True
        return typical is not None and _away(typical, value) < _away(typical, cross.numerator / cross.denominator)

    def _steady(self, reference: _Reference, pair: str, value: float, at_us: int, limits: RateLimits) -> bool:
        """Whether a rate is near the last one, that of `confirm_minutes` ago, and not too far from yesterday's."""
        if not near(reference.rate, value, reference.factor) or not self._no_ladder(pair, value, at_us, limits):
            return False
        day_before = self._day_before(pair, at_us)
        return day_before is None or near(day_before, value, DAY_FACTOR)

    def _as_yesterday(self, pair: str, value: float, at_us: int, limits: RateLimits) -> bool:
        """Whether a rate that is far from the last one is near yesterday's: the last one went astray.

        Failure prevented: a feed that a wrong one has led away in small steps is held from then on.
        """
        day_before = self._day_before(pair, at_us)
        return day_before is not None and near(day_before, value, limits.jump)

    def _day_before(self, pair: str, at_us: int) -> float | None:
        """The rate of a day before, or of the level confirmed since; the first one of a younger pair."""
        history = self.rates.pairs.get(pair)
        if history is None or not history.times or history.times[0] >= at_us:
            return None
        level = self.levels.get(pair, 0)
        since = max(at_us - DAY_US, level if level < at_us else 0)
        return float(history.mids[history.place(since, NEVER) or 0])

    def _no_ladder(self, pair: str, value: float, at_us: int, limits: RateLimits) -> bool:
        """Whether a rate is near the one of `confirm_minutes` ago too, unless a new level was confirmed since.

        Failure prevented: a hundred rates in a minute, each a tenth above the one before, are a factor of 13 000.
        """
        since = at_us - limits.confirm_us
        history = self.rates.pairs.get(pair)
        place = None if history is None or self.levels.get(pair, since) > since else history.place(since, NEVER)
        return history is None or place is None or near(float(history.mids[place]), value, limits.jump)

    def _believed(self, base: str, quote: str, mid: str, at_us: int, limits: RateLimits, stale_us: int) -> bool:
        """Whether crosses of other pairs, or an officer, say the same."""
        pair = directions(base, quote).pair
        officer = limits.confirmed.get(pair)
        if officer is not None and near(officer, float(mid), limits.jump):
            return True
        cross = self.rates.cross(base, quote, at_us, stale_us)
        return cross is not None and near(cross.numerator / cross.denominator, float(mid), limits.jump)

    def _seconded(self, pair: str, mid: str, at_us: int, passed_us: int, limits: RateLimits) -> bool:
        """Whether an earlier record said it too; else it is kept, so that a later one may."""
        kept, ahead = self.held.setdefault(pair, []), at_us > passed_us
        for one in kept:
            if near(float(one.mid), float(mid), limits.jump):
                waited = at_us - one.first_us >= limits.confirm_us and not ahead
                if waited and not self._contradicted(pair, float(mid), one.first_us, at_us, limits):
                    return True
                one.first_us, one.mid = min(one.first_us, at_us), mid
                return False
        self.held[pair] = [*kept, Held(at_us, mid)][-MOST_HELD:]
        return False

    def _contradicted(self, pair: str, value: float, first_us: int, at_us: int, limits: RateLimits) -> bool:
        """Whether a believed record between the two, or the next one after them, says otherwise."""
        history = self.rates.pairs.get(pair)
        if history is None:
            return False
        before, after = _latest(history, at_us), bisect_right(history.times, at_us)
        said = [] if before is None or history.times[before] <= first_us else [before]
        if after < len(history.times) and history.times[after] - at_us <= CONTRADICTED_US:
            said.append(after)
        return any(not near(float(history.mids[place]), value, limits.jump) for place in said)

    def copying(self, copy: "Checked") -> Iterator[None]:
        """Fill a copy that later rates do not change, for a snapshot; yields after each few ms."""
        yield from self.rates.copying(copy.rates)
        copy.held = {pair: [msgspec.structs.replace(one) for one in kept] for pair, kept in self.held.items()}
        copy.levels = dict(self.levels)
        copy.words = {
            pair: {name: msgspec.structs.replace(word) for name, word in words.items()}
            for pair, words in self.words.items()
        }

    def held_to_state(self) -> bytes:
        """What is held, what was confirmed and what feeds say, in the order the pairs came."""
        return msgspec.msgpack.encode((list(self.held.items()), list(self.levels.items()), list(self.words.items())))

    @classmethod
    def from_state(cls, sections: list[tuple[str, bytes]], held: bytes) -> "Checked":
        """Both parts. Raises `ValueError` for damaged ones."""
        checked = cls()
        checked.rates = Rates.from_state(sections)
        kind = tuple[list[tuple[str, list[Held]]], list[tuple[str, int]], list[tuple[str, dict[str, FeedWord]]]]
        kept, levels, words = msgspec.msgpack.decode(held, type=kind)
        checked.held, checked.levels, checked.words = dict(kept), dict(levels), dict(words)
        return checked


def _latest(history: History, at_us: int) -> int | None:
    """The index of the latest rate before `at_us`; the newest one, nearly always."""
    last = len(history.times) - 1
    return last if history.times and at_us > history.times[last] else history.place(at_us - 1, NEVER)


def _passed_us(heard_us: int, clock_us: int | None, limits: RateLimits) -> int:
    """Up to when time has surely passed, as far as a repetition may count on it.

    A sender's own Kafka timestamp may be an hour ahead of the brokers. So what it says of the last hour counts only as
    far as payments have moved the partition's clock; where none came yet, nothing can be converted wrongly.
    """
    if clock_us is None:
        return heard_us + limits.confirm_us
    return min(heard_us + limits.confirm_us, max(clock_us + limits.confirm_us // 2, heard_us - UNSURE_US))


def _away(one: float, other: float) -> float:
    """How many times two rates differ, either way, as a logarithm."""
    return abs(log(one / other)) if 0.0 < one < _ENDLESS and 0.0 < other < _ENDLESS else _ENDLESS
