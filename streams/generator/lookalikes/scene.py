"""What a look-alike is, and where it is played: its residents, its days, and the events that it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.generator.calendar import DAY_MS
from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.transfer import new_serial, transfer
from streams.generator.law import HonestLimits
from streams.generator.pools import partner
from streams.generator.population import Counterparty, Resident
from streams.generator.roles import ROLES
from streams.generator.world import BookedPayment, World


@dataclass(slots=True)
class Scene:
    """The stage of one look-alike: `people` are its residents, the first is the main one."""

    world: World
    draw: Draw
    people: list[Resident]
    first_day: int

    @property
    def main(self) -> Resident:
        """The main resident."""
        return self.people[0]

    @property
    def days(self) -> int:
        """Days of the span; the last one is `days` - 1."""
        return self.world.calendar.days

    def begin(self, span: int) -> int:
        """A first day that leaves `span` days where the stream has as many, else the first possible."""
        return self.draw.integer(self.first_day, max(self.first_day, self.days - span - 1))

    def open_day(self, day: int) -> int | None:
        """The first business day at or after this one, None beyond the span."""
        return self.world.calendar.business_day(day)

    def day_among(self, begin: int, days: int) -> int:
        """One of `days` days from `begin`, drawn as persons choose theirs: few weekends."""
        return self.world.calendar.retail_day(begin, days, self.draw)

    def limits(self, day: int) -> HonestLimits:
        """The law of a day of the span."""
        law = self.world.law
        if law is None:
            raise ValueError("look-alikes need the law; got: a world without it; expected: the preset full")
        return law.on(self.world.calendar.date(self.world.calendar.start_ms + day * DAY_MS))

    def stranger(self, resident: Resident) -> Counterparty:
        """A foreign party that the resident has not met, on its corridors, dealing in the same goods."""
        first = resident.counterparties[0]
        good = (first.hs_code, first.unit, first.unit_usd) if first.hs_code else None
        return partner(self.draw, ROLES[resident.role].corridors, new_serial(self.draw), good)

    def pay(self, resident: Resident, payee: Counterparty, day: int, usd: float, purpose: str, **fields: Any) -> None:
        """A payment worth `usd` on the day, by app unless `fields` of `Payment` say otherwise; no papers by default.

        Firms, and whoever goes to a branch, pay on the next business day; over a counter in its hours.
        """
        world = self.world
        office = fields.get("channel") in {"branch", "web", "exchanger"}
        if office or resident.party_type == "company":
            day = world.calendar.open_day_near(day)
        at_ms = world.calendar.moment_among(day, self.draw, hours.OFFICE if office else hours.PHONE[2:])
        payment = BookedPayment(resident, payee, at_ms, 0.0, payee.currency, purpose, channel="app")
        for name, value in fields.items():
            setattr(payment, name, value)
        if payment.evidence == "none" and payment.direction == "out":
            world.no_document_usd[resident.id, world.calendar.date(at_ms).year] += usd
        transfer(world, self.draw, payment, usd)


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An honest pattern that `resembles` a typology: `number` residents of the `roles`, at most `places` records.

    With `whole`, all that its party does is part of it, and the truth names no events. In less than `least_days` it
    would resemble nothing, and is left out.
    """

    name: str
    resembles: str
    roles: tuple[str, ...]
    places: int
    play: Callable[[Scene], None]
    number: int = 1
    whole: bool = False
    least_days: int = 0
