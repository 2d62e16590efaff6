"""T01: one remittance split under the document line: undocumented pieces just below it to one beneficiary."""

from streams.generator.draw import Draw
from streams.generator.population import BANKS, Resident, counterparty
from streams.generator.world import PURPOSES, Payment, World

# USD; inside the band of the default rules (0.8 to 1.0 of 5 000) whatever rate the reader uses
PIECE_USD = (4_150, 4_920)
PIECES = (3, 8)
# the third piece is the first at which n >= 3 and the sum is at least twice the line
DUE_PIECE = 3
TEMPLATE_DAYS, SLOW_DAYS = 5, 27


def plant(world: World, draw: Draw, person: Resident, first_day: int, *, slow: bool) -> None:
    """Pieces within a working week, or spread over most of a month; over two banks in half of the cases."""
    calendar = world.calendar
    span = min(SLOW_DAYS if slow else TEMPLATE_DAYS, calendar.days - first_day)
    begin = draw.integer(first_day, max(first_day, calendar.days - span - 1))
    partner = counterparty(draw, person.role, world.event_id())
    purpose = draw.pick(("gift", "living"))
    banks = [draw.pick(BANKS)] if draw.chance(0.5) else [draw.pick(BANKS), draw.pick(BANKS)]
    times = sorted(
        calendar.moment(begin + draw.integer(0, span - 1), draw, 8, 22) for _ in range(draw.integer(*PIECES))
    )
    events, total = [], 0.0
    for at_ms in times:
        usd = draw.uniform(*PIECE_USD)
        total += usd
        world.no_document_usd[person.id, calendar.date(at_ms).year] += usd
        payment = Payment(
            person,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            PURPOSES[purpose],
            channel=draw.pick(("app", "web")),
            institution=draw.pick(banks),
        )
        events.append(world.book(payment))
    variant = "slow" if slow and span == SLOW_DAYS else "template"
    world.truth.case("T01", variant, person.id, events, events[DUE_PIECE - 1][0], total_usd=f"{total:.2f}")
