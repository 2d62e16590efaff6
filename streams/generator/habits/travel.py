"""What travellers do: pay by card in shops abroad, change money at registered exchangers."""

from streams.generator.habits import hours
from streams.generator.habits.transfer import transfer
from streams.generator.population import Resident
from streams.generator.world import MORE_PURPOSES, BookedPayment, World

CARD_SHARE, NEW_SHOP = 0.8, 0.3
# exchangers sell notes for a journey; more than this they would ask papers for
CASH_USD = (80, 2_400)
CASH_SPREAD_BP = (80, 108)


def traveller(world: World, resident: Resident, day: int) -> None:
    """Card payments, exempt from papers; cash from an exchanger, where the other side is the traveller abroad."""
    draw = world.stream("traveller")
    issuer, exchanger = resident.institutions
    if draw.chance(CARD_SHARE):
        shop = draw.pick(world.pools.shops) if draw.chance(NEW_SHOP) else draw.pick(resident.counterparties)
        at_ms = world.calendar.moment_among(day, draw, hours.CARD)
        payment = BookedPayment(
            resident, shop, at_ms, 0.0, shop.currency, MORE_PURPOSES["travel"], "out", "exempt", "card", issuer
        )
        if draw.chance(0.5):
            payment.more = {"ip_country": shop.country}
        transfer(world, draw, payment, max(5.0, resident.usual_usd * draw.spread(0.2, 3.0)))
        return
    own = resident.counterparties[-1]
    at_ms = world.calendar.moment_among(day, draw, hours.OFFICE)
    payment = BookedPayment(
        resident, own, at_ms, 0.0, own.currency, MORE_PURPOSES["travel"], "out", "exempt", "exchanger", exchanger
    )
    payment.direction = "in" if draw.chance(0.15) else "out"
    payment.spread_bp = draw.uniform(*CASH_SPREAD_BP)
    transfer(world, draw, payment, draw.spread(*CASH_USD))
