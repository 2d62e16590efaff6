"""Whether a reference rate is believed: against the pair's last rate, against crosses, and by who is quoted in whom.

A rate that is more than `jump` away from the latest one before it, or from the one that stood `confirm_minutes` before,
is held: nothing is converted with it. It is believed
all the same when crosses of other pairs say the same, when an officer confirmed it (`[rates.confirmed]`), or when the
next record of the pair, `confirm_minutes` later or more, says it too and no record in between said the old rate still
held. So a wrong rate of a minute never counts, and a devaluation counts after ten. A rate `most` times away, up or
down, is believed by no repetition: feeds repeat a wrong unit as readily as a right one.

The first rate of a pair has no last one. It is compared with the inverse pair, crosses, and in the end with
`[rates.typical]`, the order of magnitude of the currencies; where that does not name them, it is believed.
A pair is quoted in one direction only: while the market's own is in force, the other one is refused, because one
record of it would override all of the market's for 26 hours.
Fails where a feed is wrong by less than `jump`, or wrong by less than `most` and silent otherwise for ten minutes; what
such a rate touched is restated by its correction (restatement.py).
"""

from typing import Literal, NamedTuple

import msgspec

from detectors.calendar import MINUTE_US
from detectors.configuration import RateRules
from detectors.rates import NEVER, History, Rates, directions, ratio_of

# `rate.corrected` is believed, and took the place of another rate of the same time; the others are not used.
Verdict = Literal["rate.corrected", "rate.confirmed", "rate.held", "rate.direction", "rate.pair"]
VERDICTS: tuple[Verdict, ...] = ("rate.corrected", "rate.confirmed", "rate.held", "rate.direction", "rate.pair")
UNUSED = frozenset({"rate.held", "rate.direction", "rate.pair"})
# Different wrong rates that are remembered of a pair, the newest; each may be confirmed by a later one that agrees.
MOST_HELD = 4
# Fewer points than this are no established rate: a first rate may itself be the wrong one.
ESTABLISHED = 3
_ENDLESS = float("inf")


class Held(msgspec.Struct, array_like=True):
    """A rate that is not believed yet: the time of the first record that said it, and what the last one said."""

    first_us: int
    mid: str


class _Reference(NamedTuple):
    """What a rate is compared with, by which factor it may differ, and whether that is established."""

    rate: float
    factor: float
    established: bool


class Limits:
    """The configured limits, ready for comparison; what a configuration does not say has the defaults of its type."""

    def __init__(self, rules: RateRules) -> None:
        self.jump, self.most, self.magnitude = 1.0 + rules.jump, rules.most, rules.magnitude
        self.confirm_us = int(rules.confirm_minutes * MINUTE_US)
        self.pairs = frozenset(rules.pairs)
        self.typical = {name: float(units) for name, units in rules.typical.items()}
        self.confirmed = {pair: float(mid) for pair, mid in rules.confirmed.items()}


class Checked:
    """Rates that are believed, and those that are held; `levels` is when a pair's new level was last confirmed."""

    def __init__(self) -> None:
        self.rates = Rates()
        self.held: dict[str, list[Held]] = {}
        self.levels: dict[str, int] = {}

    def take(
        self, base: str, quote: str, mid: str, at_us: int, offset: int, limits: Limits, stale_us: int,
        horizon_us: int | None,
    ) -> Verdict | None:  # fmt: skip
        """Use a rate, or hold or refuse it; None for one that is simply believed.

        Raises `ValueError` when `mid` is not a decimal above zero; then nothing changed. Cost: 3 us.
        """
        pair, inverse, convention = directions(base, quote)
        if limits.pairs and pair not in limits.pairs:
            return "rate.pair"
        ratio_of(mid)
        if convention <= 0 and pair not in limits.pairs:
            other = self.rates.pairs.get(inverse)
            if other is not None and other.place(at_us, stale_us) is not None:
                return "rate.direction"
        verdict: Verdict | None = None
        reference, value = self._reference(base, quote, at_us, limits), float(mid)
        if reference is not None and not (
            _near(reference.rate, value, reference.factor) and self._no_ladder(pair, value, at_us, limits)
        ):
            if not self._believed(base, quote, mid, at_us, limits, stale_us):
                possible = not reference.established or _near(reference.rate, value, limits.most)
                if not self._seconded(pair, mid, at_us, limits) or not possible:
                    return "rate.held"
            verdict = "rate.confirmed"
            self.levels[pair] = at_us
        if self.held and pair in self.held:
            # the pair has said again what it is; what was held before this record waits no longer
            left = [one for one in self.held[pair] if one.first_us > at_us]
            self.held[pair] = left
            if not left:
                del self.held[pair]
        replaced = self.rates.add(base, quote, mid, at_us, offset, horizon_us)
        return "rate.corrected" if replaced else verdict

    def _reference(self, base: str, quote: str, at_us: int, limits: Limits) -> "_Reference | None":
        """What a rate is compared with: the latest of its pair before it, however old, the inverse, or the typical."""
        pair, inverse, _ = directions(base, quote)
        for name in (pair, inverse):
            history = self.rates.pairs.get(name)
            place = None if history is None else _latest(history, at_us)
            if history is not None and place is not None:
                found, established = float(history.mids[place]), len(history.times) >= ESTABLISHED
                return _Reference(found if name == pair else 1.0 / found, limits.jump, established)
        units, of_base = limits.typical.get(quote), limits.typical.get(base)
        if units is None or of_base is None:
            return None
        return _Reference(units / of_base, limits.magnitude, established=True)

    def _no_ladder(self, pair: str, value: float, at_us: int, limits: Limits) -> bool:
        """Whether a rate is near the one of `confirm_minutes` ago too, unless a new level was confirmed since.

        Failure prevented: a hundred rates in a minute, each a tenth above the one before, are a factor of 13 000.
        """
        since = at_us - limits.confirm_us
        history = self.rates.pairs.get(pair)
        place = None if history is None or self.levels.get(pair, since) > since else history.place(since, NEVER)
        return history is None or place is None or _near(float(history.mids[place]), value, limits.jump)

    def _believed(self, base: str, quote: str, mid: str, at_us: int, limits: Limits, stale_us: int) -> bool:
        """Whether crosses of other pairs, or an officer, say the same."""
        pair = directions(base, quote).pair
        officer = limits.confirmed.get(pair)
        if officer is not None and _near(officer, float(mid), limits.jump):
            return True
        cross = self.rates.cross(base, quote, at_us, stale_us)
        return cross is not None and _near(cross.numerator / cross.denominator, float(mid), limits.jump)

    def _seconded(self, pair: str, mid: str, at_us: int, limits: Limits) -> bool:
        """Whether an earlier record said it too; else it is kept, so that a later one may."""
        kept = self.held.setdefault(pair, [])
        for one in kept:
            if _near(float(one.mid), float(mid), limits.jump):
                if at_us - one.first_us >= limits.confirm_us:
                    return True
                one.first_us, one.mid = min(one.first_us, at_us), mid
                return False
        self.held[pair] = [*kept, Held(at_us, mid)][-MOST_HELD:]
        return False

    def copied(self) -> "Checked":
        """A copy that later rates do not change, for a snapshot."""
        copy = Checked()
        copy.rates = self.rates.copied()
        copy.held = {pair: [msgspec.structs.replace(one) for one in kept] for pair, kept in self.held.items()}
        copy.levels = dict(self.levels)
        return copy

    def held_to_state(self) -> bytes:
        """What is held and what was confirmed, in the order the pairs came."""
        return msgspec.msgpack.encode((list(self.held.items()), list(self.levels.items())))

    @classmethod
    def from_state(cls, sections: list[tuple[str, bytes]], held: bytes) -> "Checked":
        """Both parts. Raises `ValueError` for damaged ones."""
        checked = cls()
        checked.rates = Rates.from_state(sections)
        kind = tuple[list[tuple[str, list[Held]]], list[tuple[str, int]]]
        kept, levels = msgspec.msgpack.decode(held, type=kind)
        checked.held, checked.levels = dict(kept), dict(levels)
        return checked


def _latest(history: History, at_us: int) -> int | None:
    """The index of the latest rate before `at_us`; the newest one, nearly always."""
    last = len(history.times) - 1
    return last if history.times and at_us > history.times[last] else history.place(at_us - 1, NEVER)


def _near(one: float, other: float, factor: float) -> bool:
    """Whether two rates are within a factor of each other; 0 and infinity are near nothing."""
    return one <= other * factor and other <= one * factor and 0.0 < one < _ENDLESS and 0.0 < other < _ENDLESS
