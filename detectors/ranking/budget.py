"""How many statistical alerts a partition may raise a day, and which ones.

The budget is a ceiling: only ranks that are rare in themselves, and rare among so many payments a day, draw on it.
Alerts that a legal rule raises are outside this budget; the core does not offer them.
"""

import hashlib
from math import inf

import msgspec

from detectors.contracts.alert import Selection

NAME = "anomaly"
# DETECTION, "Alert volume": spend at most four times as fast as the mean rate, so that a bad morning leaves an
# afternoon.
FASTEST = 4.0
# Assumed events a day of a partition before the first day is over.
FIRST_DAY_EVENTS = 1000.0
# Days before the first ranked one that say how many events a day to expect: the newest four weeks.
MOST_PAST_DAYS = 28
# Fewer of them say nothing: a history may begin in the last minutes of a day.
LEAST_PAST_DAYS = 2
# Weight of the newest full day in the expected events a day: follows a change of volume within a week.
DAY_WEIGHT = 0.3
# One day counts for at most so many expected ones, the first for more, because its expectation is a guess. Failure
# prevented: one sender's flood of a day makes the threshold so fine that for a week hardly any alert comes.
LARGEST_DAY = 2.0
LARGEST_FIRST_DAY = 10.0
# Late in a day more events may come than expected: a tenth of a day is always still to come.
LEAST_REMAINING = 0.1
# Part of what the day has still to give that is kept from a sender that had an alert today. Failure prevented: one
# institution's two odd payments each morning took the partition's 1.6 alerts of the day, and nothing odd of any other
# was ever shown.
KEPT_FOR_OTHERS = 0.5


# Of the alerts that may come by chance alone, at least this part is for ranks and at most this part for lots.
# Failure prevented: an exploration of 10 % of 20 alerts a day takes both of the two, and no rank is ever low enough.
LEAST_FOR_RANKS = 0.5


class Ceiling(msgspec.Struct, frozen=True):
    """What a rank must be below, however much of the budget is left.

    `rank`: the largest rank that alerts. `by_chance`: statistical alerts a day, over all partitions, that may come of
    nothing but the number of payments, lots included: a rank is a p-value, so of n payments n x rank are as rare.
    """

    rank: float = 1.0
    by_chance: float = inf


NO_CEILING = Ceiling()


class _State(msgspec.Struct):
    daily: float
    exploration: float
    seed: int
    finest_rank: float
    ceiling: Ceiling
    day: str = ""
    seen: int = 0
    remaining: float = 0.0
    expected: float = FIRST_DAY_EVENTS
    days: int = 0
    draws: int = 0
    taken: dict[str, int] = {}
    # events that had no rank yet or were loaded as history, by local day, until the first that is offered
    past: dict[str, int] = {}
    # whether any of them was loaded
    loaded: bool = False


class Budget:
    """An online threshold on ranks that spends the partition's share of the daily budget.

    An event alerts when its rank is at most remaining budget / events still expected today, at most four times the mean
    rate, and under the ceiling (`Ceiling`): its own rank, and its alerts by chance / payments a day, of which the
    partition knows its own and takes the others to have as many each. Where that is finer than ranks can tell
    (`finest_rank`), events of the finest rank alert by lot. A further `exploration` share of the budget goes to events
    at any rank by lot, so that the ranker's blind spots are seen; a payment is never likelier to be drawn than to be
    under the ceiling's rank by chance. Every probability is in the selection. What a day leaves over or overdraws (at
    most one alert) goes to the next. A sender that had an alert today leaves half of what is still to come to others,
    where there are any. Lots are hashes of seed and counter, so a replay draws the same. Cost: 2 us.

    >>> budget = Budget.new(24.0, 12, 0.0, 7)
    >>> budget.offer(0.5, 0.0, "2026-01-05") is None, budget.offer(0.001, 1.0, "2026-01-05")
    (True, Selection(budget='anomaly', probability=1.0, explored=False))
    """

    def __init__(self, state: _State) -> None:
        self._state = state

    @classmethod
    def new(
        cls,
        daily_budget: float,
        partitions: int,
        exploration: float,
        seed: int,
        *,
        finest_rank: float = 1e-4,
        ceiling: Ceiling = NO_CEILING,
    ) -> "Budget":
        """`daily_budget` alerts a day over all `partitions`, each of which has an equal share and a budget of its own.

        `exploration` 0-1 is the share drawn by lot; `finest_rank` the smallest rank there is; `ceiling` is
        that of all partitions. Give each partition its own `seed`. Raises `ValueError` for values out of range.
        """
        if daily_budget < 0 or partitions < 1 or not 0 <= exploration <= 1 or not 0 < finest_rank <= 1:
            raise ValueError(
                f"an alert budget is out of range; got: {daily_budget} a day, {partitions} partitions, "
                f"exploration {exploration}, finest rank {finest_rank}; expected: >= 0, >= 1, 0 to 1, above 0 to 1"
            )
        if not 0 < ceiling.rank <= 1 or not ceiling.by_chance >= 0:
            raise ValueError(
                f"an alert budget's ceiling is out of range; got: rank {ceiling.rank}, {ceiling.by_chance} by chance; "
                "expected: above 0 to 1, 0 or more"
            )
        own = Ceiling(ceiling.rank, ceiling.by_chance / partitions)
        return cls(_State(daily_budget / partitions, exploration, seed, finest_rank, own))

    def offer(
        self,
        rank: float,
        event_time_s: float,  # noqa: ARG002
        day: str,
        sender: str = "",
        *,
        others: bool = False,
        again: bool = False,
    ) -> Selection | None:
        """Whether this event alerts; None = no. Offer each event that has a rank and may alert, once, in ledger order.

        `day` is the legal date (ISO) of the partition's clock at the event. A later day opens a new budget and closes
        the old one for good; an event of a closed day draws on the open one. The pace is counted in events, so that
        nights and weekends need no calendar; `event_time_s` is part of the interface for paces that do.
        `sender` is whose share (shares.py) the event is of, `others` whether there are any beside it. `again` says that
        the event is another word about a payment that was offered before: it may alert for its rank, sets no pace and
        is not explored. Raises `ValueError` for a rank outside 0-1.
        """
        if not 0.0 <= rank <= 1.0:
            raise ValueError(f"a rank is a p-value; got: {rank}; expected: 0 to 1")
        state = self._state
        if day > state.day:
            self._open(day)
        ranked = state.daily * (1.0 - state.exploration)
        left = max(state.expected - state.seen, LEAST_REMAINING * state.expected)
        kept = KEPT_FOR_OTHERS * ranked * left / state.expected if others and sender in state.taken else 0.0
        threshold = max(0.0, min((state.remaining - kept) / left, FASTEST * ranked / state.expected))
        state.seen += not again
        ceiling = self.ceiling()
        threshold = min(threshold, ceiling)
        if rank <= threshold:
            self._spend(sender)
            return Selection(budget=NAME, probability=1.0, explored=False)
        if threshold > 0.0 and rank <= min(state.finest_rank, ceiling):
            chance = threshold / rank
            if self._lot() < chance:
                self._spend(sender)
                return Selection(budget=NAME, probability=chance, explored=False)
        if again:
            return None
        # what comes beyond the expected shares one more such part of the budget, however much it is
        chance = min(state.ceiling.rank, self._lots() / self._volume())
        if chance > 0.0 and self._lot() < chance:
            return Selection(budget=NAME, probability=chance, explored=True)
        return None

    def pass_over(self, day: str) -> None:
        """Count an event that has a rank and may not alert: the pace is that of all that are ranked.

        Failure prevented: a day of many new parties, with whom there is nothing to compare, reads as a quiet one.
        """
        if day > self._state.day:
            self._open(day)
        self._state.seen += 1

    def note_past(self, day: str, *, loaded: bool = True) -> None:
        """Count an event, of a local day, that is not offered: `loaded` as history, or come before ranks count.

        In whatever order they come. Where any was loaded, the mean of the newest 28 days is how many are expected on
        the first day that has ranks; from then on nothing is noted. Failure prevented: five payments a day were ranked
        as if a thousand were to come, so on the first day hardly any rank was low enough.
        """
        past, state = self._state.past, self._state
        if state.day:
            return
        past[day] = past.get(day, 0) + 1
        state.loaded = state.loaded or loaded
        if len(past) > MOST_PAST_DAYS:
            del past[min(past)]

    def events_a_day(self) -> float | None:
        """Events a day that this partition has seen lately; None before it knows a whole day."""
        state = self._state
        if state.days:
            return state.expected
        days = sorted(state.past)[:-1]
        return sum(state.past[day] for day in days) / len(days) if days else None

    def ceiling(self) -> float:
        """The largest rank that may alert now: 0 to 1, by the payments a day that the partition expects or has seen."""
        state = self._state
        for_ranks = state.ceiling.by_chance - self._lots()
        return max(0.0, min(state.ceiling.rank, for_ranks / self._volume()))

    def _lots(self) -> float:
        """Alerts a day by lot."""
        state = self._state
        return min(state.daily * state.exploration, (1.0 - LEAST_FOR_RANKS) * state.ceiling.by_chance)

    def _volume(self) -> float:
        return max(self._state.expected, float(self._state.seen))

    def _spend(self, sender: str) -> None:
        self._state.remaining -= 1.0
        self._state.taken[sender] = self._state.taken.get(sender, 0) + 1

    def _open(self, day: str) -> None:
        state = self._state
        ranked = state.daily * (1.0 - state.exploration)
        if state.day:
            weight, largest = (DAY_WEIGHT, LARGEST_DAY) if state.days else (1.0, LARGEST_FIRST_DAY)
            seen = min(float(state.seen), largest * state.expected)
            state.expected = max(1.0, state.expected + weight * (seen - state.expected))
            state.days += 1
        else:
            self._expect_as_before(day)
        carried = min(1.0, max(-1.0, state.remaining))
        state.day, state.seen, state.remaining, state.taken = day, 0, ranked + carried, {}

    def _expect_as_before(self, today: str) -> None:
        state = self._state
        whole = [count for day, count in state.past.items() if day < today]
        state.past = {}
        if state.loaded and len(whole) >= LEAST_PAST_DAYS:
            state.expected, state.days = max(1.0, sum(whole) / len(whole)), 1

    def _lot(self) -> float:
        """A uniform number in [0, 1), from seed and counter."""
        state = self._state
        digest = hashlib.blake2b(f"{state.seed}|{state.draws}".encode(), digest_size=8).digest()
        state.draws += 1
        return (int.from_bytes(digest, "little") >> 11) / float(1 << 53)

    def to_state(self) -> bytes:
        """Everything, the counter of the lots included."""
        return msgspec.msgpack.encode(self._state, order="deterministic")

    @classmethod
    def from_state(cls, state: bytes) -> "Budget":
        """The budget `to_state` described. Raises `ValueError` when the bytes are damaged."""
        try:
            return cls(msgspec.msgpack.decode(state, type=_State))
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise ValueError(f"the alert budget's state is damaged: {fault}") from fault
