"""T02: a person passes the yearly amount that needs no documents, a part at every institution.

Published: since 2026-01 one cap of USD 100,000 a year over all institutions, watched through ORIS totals; before that
100,000 (from 2023-07) or 50,000 a year, asked at each bank alone. The pack takes the cap in force on the case's first
day, so that one case is one person with 1.03 to 1.2 times the cap in 15 to 50 pieces.

template: three weeks, four institutions; pieces above the document line where the line applies only after the cap,
else below the band of T01. slow: 75 days, small pieces. adversarial: up to 110 days, six institutions none of which
sees a third of the cap, small uneven pieces, every fourth payment documented and honest.

An investigator should find: the running total by institution, the day the cap was passed, the amount after it. Illicit
value: what was sent without documents beyond the cap.
"""

from datetime import timedelta

from streams.generator.draw import Draw
from streams.generator.population import BANKS, SMALL_REMITTERS, Resident, counterparty
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import DoesNotFitError, Order, Scenario
from streams.generator.world import PURPOSES, BookedPayment, World

CAP_USD = 100_000
# USD a piece: above the document line, or (slower) below the band of T01, so that the cap alone tells the case
TEMPLATE_USD, SLOW_USD = (5_300, 9_700), (2_300, 3_750)
TEMPLATE_DAYS, SLOW_DAYS = 21, 75
# the sum stays this far from the cap at every piece, so that a reader's other rate moves no crossing
CLEAR_USD = 600
PIECES_AFTER = (1, 4)
AFTER_USD = (1_500, 3_600)
# the pack: pieces as shares of the document line, and the days of the variants
LARGE, SMALL, UNEVEN = (1.06, 1.94), (0.46, 0.75), (0.3, 0.74)
ADVERSARIAL_DAYS = 110
# a window that the turn of the year cuts is worth playing down to this share of the variant's days
LEAST_DAYS = 0.5


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
        payment = BookedPayment(
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


def _pieces(stage: Stage, cap: float, line: float, band: tuple[float, float]) -> tuple[list[float], int]:
    """Pieces in USD that pass the cap by a few, and the number of the one that passes it, clear of it on both sides."""
    draw, sizes, total = stage.draw, list[float](), 0.0
    while total < cap:
        usd = line * draw.uniform(*band)
        if abs(total + usd - cap) < CLEAR_USD:
            usd -= 2 * CLEAR_USD
        sizes.append(usd)
        total += usd
    after = [line * draw.uniform(*SMALL) for _ in range(stage.count(*PIECES_AFTER))]
    return sizes + after, len(sizes) - 1


def _play(stage: Stage, days: int, banks: int, *, large: bool = False, uneven: bool = False) -> None:
    begin, days = _inside_a_year(stage, days)
    # where the law changes within the case, the higher cap is the one that is passed in the end
    cap = max(stage.limit("T02", "annual_cap", day) for day in (begin, begin + days))
    line = stage.limit("T01", "document_line", begin)
    freed = stage.limit("T01", "line_applies_after_cap", begin) > 0
    person, draw = stage.person(), stage.draw
    sizes, due = _pieces(stage, cap, line, LARGE if large and freed else UNEVEN if uneven else SMALL)
    places = [*dict.fromkeys([*(draw.pick(BANKS) for _ in range(banks)), draw.pick(SMALL_REMITTERS)])]
    partners = [stage.foreign(person) for _ in range(draw.integer(4, 6))]
    paid = []
    for number, (at_ms, usd) in enumerate(zip(stage.times(begin, days, len(sizes)), sizes, strict=True)):
        partner, purpose = draw.pick(partners), "living" if number % 3 else "gift"
        paid.append(stage.pay(Order(person, partner, at_ms, usd, purpose, institution=places[number % len(places)])))
        if uneven and number % 4 == 0:
            other = line * draw.uniform(0.4, 1.5)
            later_ms = at_ms + draw.integer(1, 20) * 60_000
            stage.cover(Order(person, partner, later_ms, other, "living", evidence=stage.papers()))
    stage.finish(due=paid[due], illicit_usd=sum(sizes) - cap, total_usd=f"{sum(sizes):.2f}")


def _inside_a_year(stage: Stage, days: int) -> tuple[int, int]:
    """A window inside the span and one calendar year: its first day and its days, `days` if there is room for them.

    Raises `DoesNotFitError` where not even `LEAST_DAYS` of them fit.
    """
    calendar = stage.calendar
    years = [(calendar.start + timedelta(days=day)).year for day in range(calendar.days)]
    for shown in (days, int(days * LEAST_DAYS)):
        fits = [day for day in range(stage.first_day, calendar.days - shown) if years[day] == years[day + shown]]
        if fits:
            return stage.draw.pick(fits), shown
    raise DoesNotFitError(f"needs {int(days * LEAST_DAYS) + 1} days inside the stream and one calendar year")


def _template(stage: Stage) -> None:
    _play(stage, TEMPLATE_DAYS, 3, large=True)


def _slow(stage: Stage) -> None:
    _play(stage, SLOW_DAYS, 3)


def _adversarial(stage: Stage) -> None:
    _play(stage, ADVERSARIAL_DAYS, 6, uneven=True)


SCENARIO = Scenario(
    "T02",
    ("week_sum", "cadence", "slow_boiling", "amount_own", "counterparty_novelty"),
    80,
    _template,
    _slow,
    _adversarial,
    beside=("T01",),
)
