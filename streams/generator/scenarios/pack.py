"""Planting the pack: T01 to T18 in three variants each, as many of each as the stream is long."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache

from detectors.contracts.limits import Rulebook
from streams.errors import UsageError
from streams.generator.draw import Draw
from streams.generator.population import Resident
from streams.generator.scenarios.cast import Cast
from streams.generator.scenarios.registry import SCENARIOS, TYPOLOGIES
from streams.generator.scenarios.stage import Limits, Stage
from streams.generator.scenarios.terms import VARIANTS, DoesNotFitError, Scenario, Variant
from streams.generator.world import World

# A round is one case of each typology and variant: 54 cases, some 850 records with their covers. One round in 100 000
# records makes 0.6 to 0.7 % of a million illicit; a short stream gets one round while that is under `MOST_SHARE` of it.
RECORDS_A_ROUND = 100_000
MOST_ROUNDS = 60
MOST_SHARE = 0.06
# counts of payments grow slower than the stream, from this length on and at most fourfold
SCALE_FROM, LARGEST_SCALE = 1_000_000, 4.0
# places left to honest traffic and to bad records beside the case
RESERVE = 60


def plant_pack(
    world: World,
    residents: list[Resident],
    *,
    events: int,
    seed: int,
    first_day: int,
    typologies: Iterable[str] = TYPOLOGIES,
) -> None:
    """Plant the pack from `first_day` on into a stream of `events` records; truth says what was left out, and why.

    To be called once, before any honest day is filled: the residents it casts are `reserved`, and those of T14 lose
    their weight. Raises `UsageError` for an unknown typology. Cost: about 60 us a record of the pack.
    """
    wanted = tuple(typologies)
    unknown = sorted(set(wanted) - set(TYPOLOGIES))
    if unknown:
        raise UsageError(
            "unknown typology",
            got=", ".join(unknown),
            expected=f"{TYPOLOGIES[0]} to {TYPOLOGIES[-1]}",
            todo="see --help",
        )
    planting = _Planting(world, residents, events, seed, first_day)
    chosen = [scenario for scenario in SCENARIOS if scenario.typology in wanted]
    for number in range(max(1, min(MOST_ROUNDS, events // RECORDS_A_ROUND))):
        for variant in VARIANTS:
            for scenario in chosen:
                planting.one(scenario, variant, number)
    planting.tell_left_out()


class _Planting:
    """The planting of one stream: the places it may still take, the cast, and what was left out."""

    def __init__(self, world: World, residents: list[Resident], events: int, seed: int, first_day: int) -> None:
        self._world, self._seed, self._first_day = world, seed, first_day
        self._cast, self._limits = Cast(residents), _limits()
        self._scale = min(LARGEST_SCALE, max(1.0, (events / SCALE_FROM) ** 0.5))
        self._least_room = world.room - int(MOST_SHARE * events)
        self._left_out: Counter[tuple[str, Variant, str]] = Counter()

    def one(self, scenario: Scenario, variant: Variant, number: int) -> None:
        """Plant one case, or remember why not."""
        world = self._world
        reason = self._no_room(scenario)
        if reason is None:
            draw = Draw(self._seed, "pack", scenario.typology, variant, number)
            stage = Stage(world, draw, self._cast, self._limits, first_day=self._first_day, scale=self._scale)
            self._cast.begin()
            try:
                scenario.plant(stage, variant)
            except DoesNotFitError as fault:
                self._cast.give_back()
                reason = str(fault)
            else:
                self._tell(scenario, variant, stage)
        if reason is not None:
            self._left_out[scenario.typology, variant, reason] += 1

    def _no_room(self, scenario: Scenario) -> str | None:
        places = int(scenario.places * self._scale)
        if self._world.room - places < RESERVE:
            return f"needs {places} records, the stream has {max(0, self._world.room)} left"
        if self._world.room - places < self._least_room:
            return f"the pack already takes {MOST_SHARE:.0%} of the stream"
        return None

    def _tell(self, scenario: Scenario, variant: Variant, stage: Stage) -> None:
        events = [(event_id, text) for _, event_id, text in stage.events]
        outcome = dict(stage.outcome)
        due = outcome.pop("due")
        told = {"party_ids": stage.parties, "expected": scenario.expected(), **outcome}
        self._world.truth.case(scenario.typology, variant, stage.parties[0], events, due, **told)

    def tell_left_out(self) -> None:
        """Write what was not planted to the truth."""
        for (typology, variant, reason), cases in sorted(self._left_out.items()):
            self._world.truth.left_out(typology, variant, reason, cases)


def _limits() -> Limits:
    from streams.settings import overlay_configuration

    rulebook = Rulebook(overlay_configuration({}))

    @cache
    def limit(typology: str, name: str, day: date) -> float | None:
        found = rulebook.limit(typology, name, day)
        return None if found is None else float(found.number)

    return limit
