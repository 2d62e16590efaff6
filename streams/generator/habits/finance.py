"""What service firms, registered exchangers and bank desks do."""

from streams.generator.habits import hours
from streams.generator.habits.transfer import known_partner, transfer
from streams.generator.population import Resident
from streams.generator.world import MORE_PURPOSES, PURPOSES, Payment, World


def service_firm(world: World, resident: Resident, day: int) -> None:
    """Fees for software, design and advice, out or in, documented."""
    draw = world.stream("service_firm")
    weekday = world.calendar.business_day(day)
    partner = known_partner(draw, resident)
    at_ms = world.calendar.moment_among(day if weekday is None else weekday, draw, hours.FIRM)
    direction = "in" if draw.chance(0.45) else "out"
    payment = Payment(resident, partner, at_ms, 0.0, partner.currency, PURPOSES["service"], direction, "shown")
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.4, 1.8), "licence fee")


def money_exchanger(world: World, resident: Resident, day: int) -> None:
    """A registered exchanger buys and sells foreign notes wholesale, reported under its own registration."""
    draw = world.stream("money_exchanger")
    weekday = world.calendar.business_day(day)
    partner = known_partner(draw, resident)
    at_ms = world.calendar.moment_among(day if weekday is None else weekday, draw, hours.OFFICE)
    direction = "in" if draw.chance(0.4) else "out"
    payment = Payment(
        resident, partner, at_ms, 0.0, partner.currency, MORE_PURPOSES["other"], direction, "verified", "exchanger"
    )
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.5, 1.6))


def bank_desk(world: World, resident: Resident, day: int) -> None:
    """A bank funds its accounts abroad and takes funds home, between banks and exempt from papers."""
    draw = world.stream("bank_desk")
    weekday = world.calendar.business_day(day)
    partner = known_partner(draw, resident)
    at_ms = world.calendar.moment_among(day if weekday is None else weekday, draw, hours.FIRM)
    direction = "in" if draw.chance(0.5) else "out"
    purpose = MORE_PURPOSES[draw.pick(("securities", "other", "loan"))]
    payment = Payment(resident, partner, at_ms, 0.0, partner.currency, purpose, direction, "exempt", "interbank")
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.4, 1.8))
