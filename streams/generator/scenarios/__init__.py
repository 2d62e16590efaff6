"""Planted cases: one file a typology, and what is honest but looks alike.

`plant_pack` plants T01 to T18 in three variants each (`registry`); `plant_all` T01, T02 and T16 for the preset `basic`
of `fxwatch simulate`. Both make all records of a case in days to come and write it to the truth.
"""

from streams.generator.draw import Draw
from streams.generator.population import Resident
from streams.generator.scenarios import lookalikes, t01_split_remittance, t02_annual_cap, t16_off_market_rate
from streams.generator.scenarios.pack import plant_pack
from streams.generator.world import World

__all__ = ["plant_all", "plant_pack"]

# one case of each typology for this many records, at least one; 20 000 records give three
RECORDS_A_CASE = 6_000
MOST_CASES = 40
SLOW_EVERY = 3
# no case takes more places than this
LARGEST_CASE = 60
BASIC = (("T01", t01_split_remittance), ("T02", t02_annual_cap), ("T16", t16_off_market_rate))
PARTY_TYPES = {"T01": ("person",), "T02": ("person",), "T16": ("company", "sole_trader")}


def plant_all(world: World, residents: list[Resident], events: int, seed: int, first_day: int) -> None:
    """Plant T01, T02, T16 and look-alikes from `first_day` on, in proportion to the stream of `events` records.

    Variants alternate: the template, then the slower one where the span is long enough for it.
    """
    draw = Draw(seed, "cases")
    free = {kind: [person for person in residents if person.party_type in kinds] for kind, kinds in PARTY_TYPES.items()}
    number_each = max(1, min(MOST_CASES, events // RECORDS_A_CASE))
    for number in range(number_each):
        slow = number % SLOW_EVERY == SLOW_EVERY - 1
        for typology, module in BASIC:
            person = _take(draw, free[typology])
            if person is not None and world.room > LARGEST_CASE:
                module.plant(world, draw, person, first_day, slow=slow)
    lookalikes.plant_all(world, draw, residents, number_each, first_day)


def _take(draw: Draw, people: list[Resident]) -> Resident | None:
    people[:] = [person for person in people if not person.reserved]
    if not people:
        return None
    person = draw.pick(people)
    person.reserved = True
    return person
