"""T16: deals far off the market rate, always on the same side, so that value moves through the price."""

from streams.generator.draw import Draw
from streams.generator.population import Resident
from streams.generator.world import PURPOSES, Payment, World

# gap to the mid in bp: the rule's limit is 150 bp and five times the normal spread; companies here pay 10 to 40 bp
TEMPLATE_BP, SLOW_BP = (380, 800), (260, 340)
TEMPLATE_DAYS, SLOW_DAYS = 6, 40
DEALS = (2, 6)
DEAL_USD = (40_000, 400_000)


def plant(world: World, draw: Draw, person: Resident, first_day: int, *, slow: bool) -> None:
    """Documented payments with one usual counterparty at a rate nobody else gets; due at the first of them."""
    calendar = world.calendar
    span = min(SLOW_DAYS if slow else TEMPLATE_DAYS, calendar.days - first_day)
    begin = draw.integer(first_day, max(first_day, calendar.days - span - 1))
    partner = person.counterparties[0]
    direction = "in" if person.role == "exporter" else "out"
    purpose = PURPOSES["export" if direction == "in" else "import"]
    band = SLOW_BP if slow else TEMPLATE_BP
    # the resident pays too much going out, or gives away part of what comes in
    days = [calendar.business_day(begin + draw.integer(0, span - 1)) for _ in range(draw.integer(*DEALS))]
    times = sorted(calendar.moment(begin if day is None else day, draw) for day in days)
    events, gaps = [], []
    for at_ms in times:
        usd, gap = draw.size(*DEAL_USD), draw.uniform(*band)
        gaps.append(round(gap))
        payment = Payment(
            person,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            purpose,
            direction,
            "verified",
            "branch",
            person.institutions[0],
            gap,
            {"trade_terms": "sight", "hs_code": partner.hs_code},
        )
        events.append(world.book(payment))
    world.truth.case("T16", "slow" if slow else "template", person.id, events, events[0][0], gaps_bp=gaps)
