"""T02: a person passes the yearly amount that needs no documents, a part at every institution."""

from datetime import timedelta

from streams.generator.draw import Draw
from streams.generator.population import BANKS, SMALL_REMITTERS, Resident, counterparty
from streams.generator.world import PURPOSES, Payment, World

CAP_USD = 100_000
# USD a piece: above the document line, or (slower) below the band of T01, so that the cap alone tells the case
TEMPLATE_USD, SLOW_USD = (5_300, 9_700), (2_300, 3_750)
TEMPLATE_DAYS, SLOW_DAYS = 21, 75
# the sum stays this far from the cap at every piece, so that a reader's other rate moves no crossing
CLEAR_USD = 600
PIECES_AFTER = (1, 4)
AFTER_USD = (1_500, 3_600)


def plant(world: World, draw: Draw, person: Resident, first_day: int, *, slow: bool) -> None:
    """Pieces over three or four institutions and several beneficiaries until the cap is passed, then a few more."""
    calendar = world.calendar
    days = SLOW_DAYS if slow else TEMPLATE_DAYS
    begin, span = _window(world, draw, first_day, days)
    sizes, due = _sizes(draw, SLOW_USD if slow else TEMPLATE_USD)
    places = list(dict.fromkeys([draw.pick(BANKS), draw.pick(BANKS), draw.pick(BANKS), draw.pick(SMALL_REMITTERS)]))
    partners = [counterparty(draw, person.role, world.event_id()) for _ in range(draw.integer(4, 6))]
    times = sorted(calendar.moment(begin + draw.integer(0, span - 1), draw, 8, 22) for _ in sizes)
    events, by_place = [], dict.fromkeys(places, 0.0)
    for number, (at_ms, usd) in enumerate(zip(times, sizes, strict=True)):
        partner, place = partners[number % len(partners)], draw.pick(places)
        by_place[place] += usd
        world.no_document_usd[person.id, calendar.date(at_ms).year] += usd
        payment = Payment(
            person,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            PURPOSES["living" if number % 3 else "gift"],
            channel=draw.pick(("app", "web")),
            institution=place,
        )
        events.append(world.book(payment))
    world.truth.case(
        "T02",
        "slow" if slow and span == SLOW_DAYS else "template",
        person.id,
        events,
        events[due][0],
        total_usd=f"{sum(sizes):.2f}",
        by_institution={place: f"{usd:.2f}" for place, usd in by_place.items()},
    )


def _sizes(draw: Draw, band: tuple[float, float]) -> tuple[list[float], int]:
    """Pieces in USD and the number of the one that passes the cap."""
    sizes: list[float] = []
    total = 0.0
    while total < CAP_USD:
        usd = draw.uniform(*band)
        if abs(total + usd - CAP_USD) < CLEAR_USD:
            # stepping down keeps the piece inside its band's neighbourhood and the sum clear below the cap
            usd -= 2 * CLEAR_USD
        sizes.append(usd)
        total += usd
    due = len(sizes) - 1
    return sizes + [draw.uniform(*AFTER_USD) for _ in range(draw.integer(*PIECES_AFTER))], due


def _window(world: World, draw: Draw, first_day: int, days: int) -> tuple[int, int]:
    """First day and length of a window inside the span and inside one calendar year (the longer part of the span)."""
    calendar = world.calendar
    start = calendar.start + timedelta(days=first_day)
    in_first_year = (start.replace(month=12, day=31) - start).days + 1
    left = calendar.days - first_day
    low, high = (
        (first_day, first_day + min(in_first_year, left))
        if in_first_year * 2 >= left
        else (first_day + in_first_year, calendar.days)
    )
    span = min(days, high - low)
    return draw.integer(low, high - span), span
