"""The built-in stream as an iterable of records in time order: one generator, two presets."""

from collections.abc import Iterator
from typing import Any

import orjson

from streams.contracts.input_record import PROFILES, TRANSACTIONS, InputRecord
from streams.generator import bad
from streams.generator.calendar import HOUR_MS, Calendar
from streams.generator.draw import Draw
from streams.generator.plan import plan
from streams.generator.population import Resident
from streams.generator.presets import BasicPreset, FullPreset
from streams.generator.rates import Rates
from streams.generator.truth import Truth
from streams.generator.world import World


class Simulation:
    """Iterate once: exactly `events` records (all topics together) in the order of their time stamps.

    Further arguments are those of `plan`. Memory is the residents, one day's records and what is due later. `truth`
    grows while iterating, complete at the end. Profiles come before their parties act, rates before each payment that
    needs them. Raises `UsageError` for arguments out of range. Cost: 30 to 40 us a record.
    """

    def __init__(self, seed: int = 1, events: int = 20_000, **more: Any) -> None:
        self.plan = plan(events, seed=seed, **more)
        chosen = self.plan
        full = chosen.preset == "full"
        self.truth = Truth()
        self._calendar = Calendar(chosen.start, chosen.days, seasons=full)
        self._rates = Rates(self._calendar, chosen.seed, chosen.rate_hours)
        self._preset: BasicPreset | FullPreset = FullPreset(chosen) if full else BasicPreset(chosen)
        self._people = self._preset.residents()
        self._world = World(
            self._calendar,
            self._rates,
            self.truth,
            seed=chosen.seed,
            room=chosen.events,
            history_days=chosen.history_days,
            law=self._preset.law,
        )
        self._spoiler = bad.Spoiler(chosen.bad_share, chosen.seed)
        self._turn = Draw(chosen.seed, "turns")
        self._published = self._rates.records()
        self._next_rate = next(self._published, None)

    def __iter__(self) -> Iterator[InputRecord]:
        world, calendar, preset = self._world, self._calendar, self._preset
        if self.plan.bad_share:
            world.watch = self._beside
        if preset.profiles_first:
            self._profiles()
            # bad and resent records take their share of the room, so the rates' places are kept first
            world.room -= self._rates.count
            self._publish_rates(calendar.days)
            preset.plant(world, self._people)
        else:
            world.room -= self._rates.count + len(self._people)
            preset.plant(world, self._people)
            world.room += len(self._people)
            self._profiles()
            self._publish_rates(-1)
        weight_left = sum(calendar.weights)
        yield from self._emit(-1)
        for day in range(calendar.days):
            self._publish_rates(day)
            quota = world.room if day == calendar.days - 1 else round(world.room * calendar.weights[day] / weight_left)
            weight_left -= calendar.weights[day]
            self._fill(day, quota)
            yield from self._emit(day)
        for day in world.left():
            yield from self._emit(day)

    def _emit(self, day: int) -> Iterator[InputRecord]:
        for record in self._world.take(day):
            self.truth.topics[record.topic] += 1
            yield record

    def _fill(self, day: int, quota: int) -> None:
        world, preset = self._world, self._preset
        stop = world.room - quota
        turns = preset.turns(world, self._people, day)
        while world.room > max(0, stop):
            preset.act(world, turns.next(self._turn.random()), day)

    def _publish_rates(self, day: int) -> None:
        """Put the rates that are sent up to and with this day, in the places kept for them."""
        world, calendar = self._world, self._calendar
        while self._next_rate is not None and calendar.number(self._next_rate[0].timestamp_ms) <= day:
            record, body = self._next_rate
            world.room += 1
            world.put_raw(record)
            self._beside(record, body)
            self._next_rate = next(self._published, None)

    def _profiles(self) -> None:
        """What is known of every party, hours before the stream's first day, or on the day that it is founded."""
        begin = self._calendar.start_ms - 3 * HOUR_MS
        for number, person in enumerate(self._people):
            at_ms = begin + number // 10 * 1000 if not person.founded_day else self._founded(person)
            body = {"event_id": self._world.event_id(), **person.profile, "as_of": self._calendar.text(at_ms)}
            self._world.put(PROFILES, person.id, body, at_ms)

    def _founded(self, person: Resident) -> int:
        """Before the banks open on its first day."""
        return self._calendar.start_ms + person.founded_day * 24 * HOUR_MS + 5 * HOUR_MS // 2

    def _beside(self, record: InputRecord, body: dict[str, Any]) -> None:
        """Perhaps a bad record, a resend or a conflict beside a valid one, while there is room."""
        world = self._world
        fault = self._spoiler.fault(record.topic) if self.plan.bad_share and world.room > self._preset.spare else None
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
            conflicting = record._replace(value=orjson.dumps(other), timestamp_ms=due_ms, headers=())
            self.truth.conflict(world.put_raw(conflicting), body["event_id"])
