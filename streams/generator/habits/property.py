"""What buyers of property abroad do: one purchase, reported as the law asks, in a deposit and the rest."""

from streams.generator.habits import hours
from streams.generator.habits.persons import send
from streams.generator.habits.transfer import transfer
from streams.generator.pools import partner as new_partner
from streams.generator.population import Counterparty, Resident
from streams.generator.roles import ROLES
from streams.generator.world import MORE_PURPOSES, BookedPayment, World

PRICE_USD = (150_000, 900_000)
DEPOSIT = 0.1
# a purchase takes at most this many places
MOST_PLACES = 4
WAIT_DAYS = (14, 60)


def property_buyer(world: World, resident: Resident, day: int) -> None:
    """Living expenses as anybody; once, when the banks are open, a purchase with a capital report."""
    draw = world.stream("property_buyer")
    has_done = resident.reserved or bool(resident.memory)
    closed = not world.calendar.business[day] or world.room < MOST_PLACES
    if has_done or closed or draw.chance(0.75):
        send(world, draw, resident, day, "living", "living expenses")
        return
    resident.memory["bought"] = day
    seller = new_partner(draw, ROLES[resident.role].corridors, f"H{world.event_id()}")
    purchase(world, resident, seller, day, draw.spread(*PRICE_USD))


def purchase(world: World, resident: Resident, seller: Counterparty, day: int, price: float) -> None:
    """A deposit now and the rest weeks later (where the span lasts as long), under one report number."""
    draw, calendar = world.stream("property"), world.calendar
    report = f"CAP-{calendar.start.year}-{world.event_id()}"
    rest = calendar.business_day(day + draw.integer(*WAIT_DAYS))
    for number, usd, text in ((day, price * DEPOSIT, "deposit"), (rest, price * (1 - DEPOSIT), "balance")):
        if number is None:
            return
        at_ms = calendar.moment_among(number, draw, hours.OFFICE)
        payment = BookedPayment(
            resident, seller, at_ms, 0.0, seller.currency, MORE_PURPOSES["property"], "out", "verified", "branch"
        )
        payment.more = {"report_no": report, "report_type": "capital"}
        transfer(world, draw, payment, usd, f"apartment {text}")
