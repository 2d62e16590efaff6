"""What service firms, registered exchangers and bank desks do."""

from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.transfer import known_partner, transfer
from streams.generator.population import Counterparty, Resident
from streams.generator.world import MORE_PURPOSES, PURPOSES, BookedPayment, World


def service_firm(world: World, resident: Resident, day: int) -> None:
    """Fees for software, design and advice, out or in, documented."""
    draw = world.stream("service_firm")
    partner, at_ms, direction = _begun(world, draw, resident, day, hours.FIRM, 0.45)
    payment = BookedPayment(resident, partner, at_ms, 0.0, partner.currency, PURPOSES["service"], direction, "shown")
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.4, 1.8), "licence fee")


def money_exchanger(world: World, resident: Resident, day: int) -> None:
    """A registered exchanger buys and sells foreign notes wholesale, reported under its own registration."""
    draw = world.stream("money_exchanger")
    partner, at_ms, direction = _begun(world, draw, resident, day, hours.OFFICE, 0.4)
    payment = BookedPayment(
        resident, partner, at_ms, 0.0, partner.currency, MORE_PURPOSES["other"], direction, "verified", "exchanger"
    )
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.5, 1.6))


def bank_desk(world: World, resident: Resident, day: int) -> None:
    """A bank funds its accounts abroad and takes funds home, between banks and exempt from papers."""
    draw = world.stream("bank_desk")
    partner, at_ms, direction = _begun(world, draw, resident, day, hours.FIRM, 0.5)
    purpose = MORE_PURPOSES[draw.pick(("securities", "other", "loan"))]
    payment = BookedPayment(resident, partner, at_ms, 0.0, partner.currency, purpose, direction, "exempt", "interbank")
    transfer(world, draw, payment, resident.usual_usd * draw.uniform(0.4, 1.8))


def _begun(
    world: World, draw: Draw, resident: Resident, day: int, open_hours: tuple[int, ...], inward: float
) -> tuple[Counterparty, int, str]:
    """With whom, when (on the next business day, in these hours) and which way: `inward` is the chance of "in"."""
    weekday = world.calendar.business_day(day)
    partner = known_partner(draw, resident)
    at_ms = world.calendar.moment_among(day if weekday is None else weekday, draw, open_hours)
    return partner, at_ms, "in" if draw.chance(inward) else "out"
