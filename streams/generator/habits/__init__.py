"""What honest residents do: one file a family of habits, one function a role of the preset `full`.

Each is called when the resident acts on a day and makes at least one record (there is always room for one), more only
while there is room. `basic` holds the preset `basic`, whose bytes stay as they are.
"""

from collections.abc import Callable

from streams.generator.habits.finance import bank_desk, money_exchanger, service_firm
from streams.generator.habits.group import commission_agent, intra_group
from streams.generator.habits.persons import crypto_user, freelancer, migrant, parent, salaried, small_user
from streams.generator.habits.property import property_buyer
from streams.generator.habits.trade import trade
from streams.generator.habits.travel import traveller
from streams.generator.population import Resident
from streams.generator.world import World

HABITS: dict[str, Callable[[World, Resident, int], None]] = {
    "salaried": salaried,
    "parent": parent,
    "migrant": migrant,
    "small_user": small_user,
    "freelancer": freelancer,
    "traveller": traveller,
    "property_buyer": property_buyer,
    "crypto_user": crypto_user,
    "trader": trade,
    "online_seller": trade,
    "importer": trade,
    "exporter": trade,
    "intra_group": intra_group,
    "service_firm": service_firm,
    "commission_agent": commission_agent,
    "money_exchanger": money_exchanger,
    "bank_desk": bank_desk,
}


def act(world: World, resident: Resident, day: int) -> None:
    """The resident does what its role does on this day; at least one record."""
    HABITS[resident.role](world, resident, day)
