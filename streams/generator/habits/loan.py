"""What firms lend to and borrow from those they trade with: small sums need no report, larger ones have one."""

from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.transfer import transfer
from streams.generator.population import Counterparty, Resident
from streams.generator.world import MORE_PURPOSES, BookedPayment, World

# USD; below the line under which the definitions of T13 ask for no capital report
SMALL_USD, LARGE_USD = (3_000, 45_000), (60_000, 400_000)
# of a company's loans; sole traders have none as large
REPORTED_SHARE = 0.25


def loan(world: World, draw: Draw, resident: Resident, partner: Counterparty, day: int) -> None:
    """One loan out or in on a business day, with papers; above the line with a capital report. One payment."""
    at_ms = world.calendar.moment_among(day, draw, hours.FIRM)
    direction = "in" if draw.chance(0.5) else "out"
    payment = BookedPayment(resident, partner, at_ms, 0.0, partner.currency, MORE_PURPOSES["loan"], direction)
    payment.evidence = "verified" if draw.chance(0.3) else "shown"
    payment.channel = draw.pick(("web", "web", "branch"))
    reported = resident.party_type == "company" and draw.chance(REPORTED_SHARE)
    if reported:
        report = f"CAP-{world.calendar.start.year}-{world.event_id()}"
        payment.more = {"report_no": report, "report_type": "capital"}
    transfer(world, draw, payment, draw.spread(*(LARGE_USD if reported else SMALL_USD)))
