"""How busy a resident is on a day: seasons of its role and industry, growth, and legitimate changes of regime."""

from dataclasses import replace
from datetime import timedelta

from streams.generator.draw import Draw
from streams.generator.industries import INDUSTRIES
from streams.generator.population import Resident
from streams.generator.roles import ROLES
from streams.generator.world import World

IN_SEASON, OFF_SEASON = 2.2, 0.6
# a growing firm's activity at the end, relative to its usual one, and at the beginning
GROWN, AT_FIRST = 5.0, 0.3
# the change of regime: when in the span, how many of those it concerns, how much more they trade
CHANGE_AT, CHANGE_SHARE, CHANGE_FACTOR = 0.55, 0.7, 2.0
CHANGE_COUNTRY, FROM_CURRENCY, TO_CURRENCY = "CN", "USD", "CNY"


def weight(person: Resident, month: int, day: int, days: int) -> float:
    """The resident's share of turns on a day of the span; 0 before it is founded."""
    if day < person.founded_day:
        return 0.0
    busy = person.weight * ROLES[person.role].months.get(month, 1.0)
    if person.industry in INDUSTRIES and INDUSTRIES[person.industry].season:
        busy *= IN_SEASON if month in INDUSTRIES[person.industry].season else OFF_SEASON
    if person.growing:
        age = (day - person.founded_day) / max(1, days - person.founded_day)
        busy *= AT_FIRST + GROWN * age * age
    return busy


class Regime:
    """From one day on many firms that trade with China double their trade and settle it in yuan: honest, and abrupt."""

    def __init__(self, world: World, people: list[Resident], seed: int, first_day: int) -> None:
        calendar, draw = world.calendar, Draw(seed, "regime")
        self.day = first_day + int((calendar.days - first_day) * CHANGE_AT)
        concerned = [person for person in people if not person.reserved and _concerned(person)]
        self._firms = [person for person in concerned if draw.chance(CHANGE_SHARE)] or concerned[:1]
        day = (calendar.start + timedelta(days=self.day)).isoformat()
        if self._firms:
            names = [person.id for person in self._firms]
            world.truth.regime("yuan_settlement", day, names, country=CHANGE_COUNTRY, currency=TO_CURRENCY)
        growing = [person.id for person in people if person.growing]
        if growing:
            world.truth.regime("fast_growing", calendar.start.isoformat(), growing)

    def begin(self, day: int) -> bool:
        """On its day the firms change; whether this is the day."""
        if day != self.day:
            return False
        for firm in self._firms:
            firm.weight *= CHANGE_FACTOR
            firm.counterparties = [
                replace(each, currency=TO_CURRENCY) if _in_dollars(each.country, each.currency) else each
                for each in firm.counterparties
            ]
        return True


def _in_dollars(country: str, currency: str) -> bool:
    return country == CHANGE_COUNTRY and currency == FROM_CURRENCY


def _concerned(person: Resident) -> bool:
    return person.role in {"importer", "exporter"} and any(
        _in_dollars(each.country, each.currency) for each in person.counterparties
    )
