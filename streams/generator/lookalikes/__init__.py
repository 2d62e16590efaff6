"""Honest people and firms that resemble a typology, at least one kind for each of T01 to T18: one file a family.

What a good detector must leave alone. The truth names each with what it resembles.
"""

from streams.generator.draw import Draw
from streams.generator.lookalikes.groups import GROUPS_WHO
from streams.generator.lookalikes.operators import OPERATORS_WHO
from streams.generator.lookalikes.persons import PERSONS_WHO
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.lookalikes.trade import TRADERS_WHO
from streams.generator.population import Resident
from streams.generator.world import World

ALL: tuple[LookAlike, ...] = tuple(
    sorted((*PERSONS_WHO, *TRADERS_WHO, *GROUPS_WHO, *OPERATORS_WHO), key=lambda each: (each.resembles, each.name))
)
# of each kind one for this many records, and two from `SEVERAL_FROM` on
RECORDS_EACH, SEVERAL_FROM, MOST = 12_000, 10_000, 60
# look-alikes take at most this share of the stream's places
SHARE = 0.25


def plant_all(world: World, residents: list[Resident], *, events: int, seed: int, first_day: int) -> None:
    """Play every kind from `first_day` on, as many as fit a stream of `events` records, with residents not yet cast."""
    each = max(2 if events >= SEVERAL_FROM else 1, min(MOST, events // RECORDS_EACH))
    free: dict[str, list[Resident]] = {}
    for person in residents:
        if not person.reserved and not person.founded_day and not person.growing:
            free.setdefault(person.role, []).append(person)
    least_room, days = world.room * (1 - SHARE), world.calendar.days - first_day
    for kind in ALL:
        if days < kind.least_days:
            reason = f"needs {kind.least_days} days, the stream has {days} after its first"
            world.truth.left_out(kind.resembles, f"lookalike {kind.name}", reason, each)
    for number in range(each):
        for kind in (kind for kind in ALL if days >= kind.least_days):
            draw = Draw(seed, "lookalike", kind.name, number)
            people = _cast(draw, free, kind)
            if people and world.room - kind.places > least_room:
                _play(Scene(world, draw, people, first_day), kind)


def _cast(draw: Draw, free: dict[str, list[Resident]], kind: LookAlike) -> list[Resident]:
    """Residents of the first role that has enough; none where no role has."""
    for role in kind.roles:
        people = free.get(role, [])
        if len(people) >= kind.number:
            return [people.pop(draw.integer(0, len(people) - 1)) for _ in range(kind.number)]
    return []


def _play(scene: Scene, kind: LookAlike) -> None:
    for person in scene.people:
        # honest, but its other transfers must not complete a pattern
        person.reserved = True
    events: list[str] = []
    scene.world.recorded = events
    kind.play(scene)
    scene.world.recorded = None
    if events or kind.whole:
        more = {"party_ids": [person.id for person in scene.people]} if len(scene.people) > 1 else {}
        scene.world.truth.lookalike(
            kind.name, scene.main.id, [] if kind.whole else events, resembles=kind.resembles, honest=True, **more
        )
