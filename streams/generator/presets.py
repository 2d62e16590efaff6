"""The two presets of the generator: who lives in the country, what is planted, who acts when, and how."""

from datetime import timedelta

from streams.generator import country, dossiers, habits, lookalikes, population, scenarios
from streams.generator.habits import basic
from streams.generator.law import Law
from streams.generator.plan import Plan
from streams.generator.population import Resident
from streams.generator.roles import ROLES
from streams.generator.seasons import Regime, weight
from streams.generator.turns import Turns
from streams.generator.world import World
from streams.settings import overlay_configuration

# who acts on days when banks are closed
BASIC_RETAIL = ("salaried", "parent", "migrant", "small_user")
# turns follow the seasons in steps of a week
STEP_DAYS = 7
# roles whose counterparties are their own business; no scenario is written for them
NOT_CAST = ("bank_desk",)


class BasicPreset:
    """What `fxwatch simulate` makes: seven roles, T01, T02 and T16. Its bytes stay as they are."""

    profiles_first = True
    # places that bad records leave to a resident in the middle of its act
    spare = 0
    law: Law | None = None

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._turns: dict[bool, Turns] = {}

    def residents(self) -> list[Resident]:
        """Everybody in the country."""
        return population.residents(self._plan.seed, self._plan.residents)

    def plant(self, world: World, people: list[Resident]) -> None:
        """Cases and look-alikes."""
        scenarios.plant_all(world, people, self._plan.events, self._plan.seed, self._plan.history_days)

    def turns(self, world: World, people: list[Resident], day: int) -> Turns:
        """Who may act on the day: everybody, or who needs no open bank."""
        if not self._turns:
            self._turns[True] = Turns(people)
            self._turns[False] = Turns([person for person in people if person.role in BASIC_RETAIL])
        return self._turns[world.calendar.business[day]]

    def act(self, world: World, resident: Resident, day: int) -> None:
        """What the resident does on the day."""
        basic.act(world, resident, day)


class FullPreset:
    """The testbed's country: all roles, seasons, growth, a change of regime, and the pack of scenarios."""

    profiles_first = False
    spare = 8

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.law = Law(overlay_configuration({}))
        for day in (plan.start, plan.start + timedelta(days=plan.days - 1)):
            self.law.on(day)
        self._turns: dict[bool, Turns] = {}
        self._regime: Regime | None = None

    def residents(self) -> list[Resident]:
        """Everybody in the country, also firms that are founded later."""
        return country.residents(self._plan.seed, self._plan.residents, self._plan.start, self._plan.days)

    def plant(self, world: World, people: list[Resident]) -> None:
        """The pack's cases first, then look-alikes, the change of regime, changed profiles and verdicts."""
        chosen = self._plan
        if chosen.typologies:
            castable = [person for person in people if person.role not in NOT_CAST and not person.founded_day]
            scenarios.plant_pack(
                world,
                castable,
                events=chosen.events,
                seed=chosen.seed,
                first_day=chosen.history_days,
                typologies=chosen.typologies,
            )
        lookalikes.plant_all(world, people, events=chosen.events, seed=chosen.seed, first_day=chosen.history_days)
        self._regime = Regime(world, people, chosen.seed, chosen.history_days)
        dossiers.update_profiles(world, people, chosen.seed)
        dossiers.decide(world, people, events=chosen.events, seed=chosen.seed, first_day=chosen.history_days)

    def turns(self, world: World, people: list[Resident], day: int) -> Turns:
        """Who may act on the day, in proportion to how busy they are in that week."""
        changed = self._regime is not None and self._regime.begin(day)
        if changed or day % STEP_DAYS == 0 or not self._turns:
            month = (self._plan.start + timedelta(days=day)).month
            weights = [weight(person, month, day, self._plan.days) for person in people]
            self._turns[True] = Turns(people, weights)
            at_home = [
                (person, busy) for person, busy in zip(people, weights, strict=True) if ROLES[person.role].retail
            ]
            self._turns[False] = Turns([person for person, _ in at_home], [busy for _, busy in at_home])
        return self._turns[world.calendar.business[day]]

    def act(self, world: World, resident: Resident, day: int) -> None:
        """What the resident does on the day."""
        habits.act(world, resident, day)
