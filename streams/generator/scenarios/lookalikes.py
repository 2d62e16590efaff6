"""Honest people who come close to a rule without meeting it: what a good detector must leave alone."""

from streams.generator.calendar import DAY_MS
from streams.generator.draw import Draw
from streams.generator.population import Resident, counterparty
from streams.generator.world import PURPOSES, BookedPayment, World

MONTH_DAYS = 30
# each look-alike takes at most about this many places
LARGEST = 24


def plant_all(world: World, draw: Draw, residents: list[Resident], number: int, first_day: int) -> None:
    """`number` of each: rent just under the line, tuition in instalments, a dear but legal bank, near the cap."""
    people = [person for person in residents if person.party_type == "person" and not person.reserved]
    firms = [person for person in residents if person.party_type == "company" and not person.reserved]
    for _ in range(number):
        for plant in (_rent, _tuition, _near_cap):
            if len(people) > 1 and world.room > 2 * LARGEST:
                person = people.pop(draw.integer(0, len(people) - 1))
                # honest, but its other transfers must not complete a pattern
                person.reserved = True
                plant(world, draw, person, first_day)
        if len(firms) > 1:
            firm = firms.pop(draw.integer(0, len(firms) - 1))
            firm.spread_bp = 100.0
            world.truth.lookalike("dear_bank", firm.id, [])


def _pay(
    world: World, draw: Draw, person: Resident, usd: float, day: int, purpose: str, evidence: str, serial: str
) -> str:
    at_ms = world.calendar.moment(day, draw, 9, 20)
    # USD pieces: the amounts a landlord or a school asks for are round
    partner = counterparty(Draw(serial), person.role, serial)
    if evidence == "none":
        world.no_document_usd[person.id, world.calendar.date(at_ms).year] += usd
    return world.book(
        BookedPayment(person, partner, at_ms, usd, "USD", PURPOSES[purpose], evidence=evidence, channel="app")
    )[0]


def _rent(world: World, draw: Draw, person: Resident, first_day: int) -> None:
    """A monthly rent just under the line; the bank holds the lease, so the transfers are documented."""
    usd, serial = float(draw.integer(82, 98) * 50), world.event_id()
    days = range(draw.integer(first_day, first_day + 4), world.calendar.days, MONTH_DAYS)
    world.truth.lookalike(
        "rent", person.id, [_pay(world, draw, person, usd, day, "living", "shown", serial) for day in days]
    )


def _tuition(world: World, draw: Draw, person: Resident, first_day: int) -> None:
    """A term's tuition in equal instalments under the line within two weeks, invoice shown each time."""
    usd, serial = float(draw.integer(42, 49) * 100), world.event_id()
    begin = draw.integer(first_day, max(first_day, world.calendar.days - 15))
    days = sorted({min(begin + step * 4, world.calendar.days - 1) for step in range(draw.integer(3, 4))})
    world.truth.lookalike(
        "tuition", person.id, [_pay(world, draw, person, usd, day, "study", "shown", serial) for day in days]
    )


def _near_cap(world: World, draw: Draw, person: Resident, first_day: int) -> None:
    """A family abroad supported with 80 to 92 thousand USD without documents: much, and allowed."""
    target, serials = draw.uniform(80_000, 92_000), [world.event_id() for _ in range(3)]
    days = sorted(draw.integer(first_day, world.calendar.days - 1) for _ in range(int(target // 7_600)))
    year = world.calendar.date(world.calendar.start_ms + first_day * DAY_MS).year
    paid = [
        _pay(world, draw, person, float(draw.integer(66, 86) * 100), day, "living", "none", draw.pick(serials))
        for day in days
        if world.no_document_usd[person.id, year] < target - 8_600
    ]
    world.truth.lookalike("near_cap", person.id, paid)
