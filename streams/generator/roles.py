"""Roles of the preset `full`: who lives in the simulated country, as data.

Shares and sizes are plausible, not measured: most residents are persons with a few small transfers a month, most value
moves through a tenth of them, the firms.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from streams.generator.population import CORRIDORS, PartyType

Corridors = tuple[tuple[str, str, int], ...]
Reach = Literal["bank", "remitter", "card", "exchanger", "own"]

EXCHANGERS = tuple(f"EX-{number:03}" for number in range(1, 13))
CARD_ISSUERS = tuple(f"CARD-{number:02}" for number in range(1, 6))

_WORLD: Corridors = (("US", "USD", 6), ("SG", "USD", 2), ("JP", "JPY", 2), ("GB", "GBP", 1), ("DE", "EUR", 2))
_TRAVEL: Corridors = (
    ("JP", "JPY", 8),
    ("VN", "USD", 3),
    ("TH", "THB", 3),
    ("US", "USD", 3),
    ("PH", "PHP", 2),
    ("FR", "EUR", 2),
    ("AU", "AUD", 1),
)
# goods are paid for through trading houses in third countries, too
_HOUSES: Corridors = (("HK", "USD", 2), ("SG", "USD", 1), ("AE", "USD", 1))
_GROUP: Corridors = (
    ("VN", "USD", 4),
    ("CN", "USD", 4),
    ("JP", "JPY", 2),
    ("DE", "EUR", 2),
    ("US", "USD", 2),
    ("IN", "USD", 1),
)


class RoleFacts(NamedTuple):
    """A role: share of residents, activity relative to a salaried person, client spread (bp), usual payment (USD).

    `reach`: through whom it pays. `partners`: how many. `months`: month -> how much busier.
    """

    share: float
    party_type: PartyType
    activity: float
    spread_bp: tuple[float, float]
    usual_usd: tuple[float, float]
    corridors: Corridors
    reach: Reach = "bank"
    partners: tuple[int, int] = (1, 3)
    months: Mapping[int, float] = MappingProxyType({})

    @property
    def retail(self) -> bool:
        """Whether it acts when banks are closed, too: persons and sole traders do."""
        return self.party_type in {"person", "sole_trader"}


_TERMS = {1: 1.3, 2: 2.4, 7: 1.3, 8: 2.2}
_HOLIDAYS = {1: 1.5, 7: 1.5, 8: 1.7, 10: 1.3, 12: 1.3}
_YEAR_END = {3: 1.1, 6: 1.1, 9: 1.1, 12: 1.35}

ROLES: dict[str, RoleFacts] = {
    "salaried": RoleFacts(0.20, "person", 1.0, (35, 90), (250, 2_400), CORRIDORS["salaried"]),
    "parent": RoleFacts(0.10, "person", 1.6, (30, 80), (700, 2_800), CORRIDORS["parent"], months=_TERMS),
    "migrant": RoleFacts(0.19, "person", 1.8, (40, 90), (200, 1_400), CORRIDORS["migrant"], "remitter"),
    "small_user": RoleFacts(0.13, "person", 1.4, (45, 90), (60, 700), CORRIDORS["small_user"], "remitter"),
    "freelancer": RoleFacts(0.05, "person", 1.8, (35, 80), (400, 4_500), _WORLD),
    "traveller": RoleFacts(0.12, "person", 2.4, (60, 100), (20, 450), _TRAVEL, "card", months=_HOLIDAYS),
    "property_buyer": RoleFacts(0.008, "person", 0.7, (20, 60), (800, 3_500), CORRIDORS["parent"]),
    "crypto_user": RoleFacts(0.014, "person", 1.2, (35, 90), (300, 2_600), CORRIDORS["salaried"]),
    "trader": RoleFacts(0.06, "sole_trader", 3.0, (25, 70), (600, 9_000), (*CORRIDORS["trader"], *_HOUSES)),
    "online_seller": RoleFacts(0.03, "sole_trader", 3.2, (25, 70), (300, 6_000), _WORLD),
    "importer": RoleFacts(
        0.05,
        "company",
        8.0,
        (10, 40),
        (8_000, 250_000),
        (*CORRIDORS["importer"], *_HOUSES),
        "bank",
        partners=(3, 9),
        months=_YEAR_END,
    ),
    "exporter": RoleFacts(
        0.032,
        "company",
        8.0,
        (10, 40),
        (10_000, 350_000),
        (*CORRIDORS["exporter"], *_HOUSES),
        "bank",
        partners=(3, 9),
        months=_YEAR_END,
    ),
    "intra_group": RoleFacts(
        0.009, "company", 6.0, (8, 25), (40_000, 600_000), _GROUP, "bank", partners=(2, 4), months=_YEAR_END
    ),
    "service_firm": RoleFacts(0.012, "company", 5.0, (12, 45), (2_000, 60_000), _WORLD, "bank", partners=(2, 6)),
    "commission_agent": RoleFacts(
        0.004, "company", 5.0, (12, 40), (8_000, 120_000), (*CORRIDORS["importer"], *_HOUSES), "bank", partners=(3, 6)
    ),
    "money_exchanger": RoleFacts(0.006, "company", 5.0, (15, 60), (3_000, 40_000), _TRAVEL, "own", partners=(1, 2)),
    "bank_desk": RoleFacts(0.002, "bank", 9.0, (1, 6), (400_000, 8_000_000), _WORLD, "own", partners=(3, 6)),
}
GOODS_ROLES = frozenset({"trader", "online_seller", "importer", "exporter", "intra_group", "commission_agent"})
EXPORT_ROLES = frozenset({"exporter", "online_seller"})
# at least this many residents of every role
LEAST_OF_A_ROLE = 2
