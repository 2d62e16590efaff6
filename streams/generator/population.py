"""Residents of the simulated country and their foreign counterparties, with the corridors they live on.

Shares and sizes are plausible, not measured: most residents are persons with a few small transfers a month, most value
moves through a tenth of them, the companies. Names, codes and numbers are invented.
"""

from dataclasses import dataclass, field
from typing import Literal

from streams.generator.draw import Draw

PartyType = Literal["person", "sole_trader", "company", "bank"]
# a key of `ROLES` (preset `basic`) or of `streams.generator.roles.ROLES` (preset `full`)
Role = str

BANKS = tuple(f"BK{letter}{letter}KRSE" for letter in "ABCDEFGH")
SMALL_REMITTERS = tuple(f"SR-{number:03}" for number in range(1, 8))

# role -> share of residents, party type, transfers relative to a salaried person, client spread (bp, low and high)
ROLES: dict[Role, tuple[float, PartyType, float, tuple[float, float]]] = {
    "salaried": (0.27, "person", 1.0, (35, 90)),
    "parent": (0.14, "person", 1.6, (30, 80)),
    "migrant": (0.24, "person", 1.8, (40, 90)),
    "small_user": (0.17, "person", 1.4, (45, 90)),
    "trader": (0.08, "sole_trader", 4.0, (25, 70)),
    "importer": (0.06, "company", 14.0, (10, 40)),
    "exporter": (0.04, "company", 14.0, (10, 40)),
}
# role -> (country, currency it is paid in, weight)
CORRIDORS: dict[Role, tuple[tuple[str, str, int], ...]] = {
    "salaried": (
        ("US", "USD", 6),
        ("JP", "JPY", 3),
        ("CA", "CAD", 2),
        ("AU", "AUD", 2),
        ("DE", "EUR", 2),
        ("GB", "GBP", 1),
    ),
    "parent": (
        ("US", "USD", 6),
        ("CA", "CAD", 2),
        ("GB", "GBP", 2),
        ("AU", "AUD", 2),
        ("JP", "JPY", 1),
        ("CN", "CNY", 1),
    ),
    "migrant": (
        ("VN", "USD", 5),
        ("CN", "CNY", 4),
        ("PH", "PHP", 3),
        ("TH", "THB", 3),
        ("NP", "USD", 3),
        ("UZ", "USD", 2),
        ("KH", "USD", 2),
    ),
    "small_user": (("CN", "CNY", 3), ("JP", "JPY", 3), ("US", "USD", 2), ("VN", "USD", 2), ("PH", "PHP", 1)),
    "trader": (("CN", "CNY", 4), ("CN", "USD", 4), ("JP", "JPY", 3), ("VN", "USD", 2), ("US", "USD", 1)),
    "importer": (
        ("CN", "USD", 6),
        ("JP", "JPY", 3),
        ("US", "USD", 3),
        ("DE", "EUR", 2),
        ("VN", "USD", 2),
        ("AU", "AUD", 1),
        ("HK", "HKD", 1),
    ),
    "exporter": (
        ("US", "USD", 5),
        ("CN", "USD", 4),
        ("VN", "USD", 2),
        ("JP", "JPY", 2),
        ("DE", "EUR", 2),
        ("SG", "SGD", 1),
        ("HK", "HKD", 1),
    ),
}
# roles of the preset `full` that trade with the countries of another role, as far as a new counterparty goes
CORRIDOR_OF: dict[Role, Role] = {
    "freelancer": "salaried",
    "traveller": "small_user",
    "property_buyer": "parent",
    "crypto_user": "salaried",
    "online_seller": "trader",
    "intra_group": "exporter",
    "service_firm": "importer",
    "commission_agent": "importer",
    "money_exchanger": "trader",
    "bank_desk": "importer",
}
# HS code, unit, dollars a unit: what the goods companies trade in
GOODS = (
    ("854231", "EA", 4.2),
    ("847330", "EA", 38.0),
    ("870899", "KG", 9.5),
    ("390120", "KG", 1.3),
    ("720839", "KG", 0.8),
    ("610910", "EA", 3.6),
    ("330499", "KG", 24.0),
    ("090121", "KG", 7.5),
    ("020230", "KG", 8.1),
    ("940360", "EA", 62.0),
    ("901890", "EA", 140.0),
    ("950300", "EA", 2.9),
)
REGIONS = ("KR-11", "KR-26", "KR-27", "KR-28", "KR-30", "KR-41", "KR-48")


@dataclass(slots=True)
class Counterparty:
    """The foreign side: id, account, country, and the currency it is paid in."""

    id: str
    account: str
    country: str
    currency: str
    hs_code: str = ""
    unit: str = ""
    unit_usd: float = 0.0


@dataclass(slots=True)
class Resident:
    """A resident party and its habits: usual transfer (USD), client spread (bp), institutions, counterparties."""

    id: str
    party_type: PartyType
    role: Role
    account: str
    device: str
    contact: str
    institutions: tuple[str, ...]
    counterparties: list[Counterparty]
    usual_usd: float
    spread_bp: float
    weight: float
    profile: dict[str, object] = field(default_factory=dict)
    reserved: bool = False
    # preset `full` only: line of business, usual forms of trade, the day it is founded on (it does nothing before),
    # whether it grows fast, and what its habits remember
    industry: str = ""
    forms: tuple[str, ...] = ()
    founded_day: int = 0
    growing: bool = False
    memory: dict[str, object] = field(default_factory=dict)


USUAL_USD: dict[Role, tuple[float, float]] = {
    "salaried": (250, 2_400),
    "parent": (700, 2_800),
    "migrant": (200, 1_400),
    "small_user": (60, 700),
    "trader": (600, 9_000),
    "importer": (8_000, 250_000),
    "exporter": (10_000, 350_000),
}
# a year's turnover above which a firm is called large or medium; plausible, not a legal line
LARGE_KRW, MEDIUM_KRW = 150_000_000_000, 12_000_000_000
PREFIX: dict[PartyType, str] = {"person": "P", "sole_trader": "T", "company": "C", "bank": "B"}


def residents(seed: int, count: int) -> list[Resident]:
    """`count` residents; every role is there from 60 residents on, in the shares of `ROLES`."""
    draw = Draw(seed, "population")
    people: list[Resident] = []
    for role, (share, _, _, _) in ROLES.items():
        people += [_resident(role, len(people) + number, draw) for number in range(max(2, round(count * share)))]
    return people[:count]


def counterparty(draw: Draw, role: Role, serial: str) -> Counterparty:
    """A new foreign counterparty on one of the role's corridors; those of firms of any preset deal in goods."""
    corridors = [corridor for corridor in CORRIDORS[CORRIDOR_OF.get(role, role)] for _ in range(corridor[2])]
    country, currency, _ = draw.pick(corridors)
    partner = Counterparty(f"{country}-{serial}", f"{country}{draw.integer(10**9, 10**10 - 1)}", country, currency)
    if CORRIDOR_OF.get(role, role) in {"trader", "importer", "exporter"}:
        partner.hs_code, partner.unit, partner.unit_usd = draw.pick(GOODS)
    return partner


def _resident(role: Role, number: int, draw: Draw) -> Resident:
    _, party_type, activity, (low, high) = ROLES[role]
    opaque = f"{(number * 7_368_787 + 1_299_709) % 10_000_019:08}"
    small = role == "small_user" or (role == "migrant" and draw.chance(0.7))
    institutions: tuple[str, ...] = (draw.pick(SMALL_REMITTERS),) if small else (draw.pick(BANKS),)
    if draw.chance(0.25):
        institutions = tuple(dict.fromkeys((*institutions, draw.pick(BANKS))))
    partners = draw.integer(3, 9) if party_type == "company" else draw.integer(1, 3)
    person = Resident(
        id=f"KR-{PREFIX[party_type]}-{opaque}",
        party_type=party_type,
        role=role,
        account=f"KR{draw.integer(10**10, 10**11 - 1)}",
        device=f"dev-{draw.integer(16**7, 16**8 - 1):x}",
        contact=f"tel-{draw.integer(10**7, 10**8 - 1)}",
        institutions=institutions,
        counterparties=[counterparty(draw, role, f"{opaque}{index}") for index in range(partners)],
        usual_usd=draw.size(*USUAL_USD[role]),
        spread_bp=draw.uniform(low, high),
        weight=activity * draw.uniform(0.4, 1.6),
    )
    person.profile = _profile(person, draw)
    return person


def _profile(person: Resident, draw: Draw) -> dict[str, object]:
    common: dict[str, object] = {"party_id": person.id, "party_type": person.party_type}
    if person.party_type == "person":
        return {**common, "region": draw.pick(REGIONS)}
    year = draw.integer(1985, 2024)
    # a year's foreign trade of 12 to 60 usual payments, at about 1 400 won to the dollar
    turnover = int(person.usual_usd * draw.integer(12, 60) * 1_400 * 3)
    size = "large" if turnover > LARGE_KRW else "medium" if turnover > MEDIUM_KRW else "small"
    related = [person.counterparties[0].id] if draw.chance(0.1) else []
    return {
        **common,
        "registered_on": f"{year}-{draw.integer(1, 12):02}-{draw.integer(1, 28):02}",
        "capital_krw": str(max(10_000_000, turnover // draw.integer(8, 40) // 1_000_000 * 1_000_000)),
        "turnover_krw": str(turnover),
        "industry_code": draw.pick(("G46", "C26", "C20", "C29", "G47", "C13")),
        "size": size,
        "employees": max(1, turnover // 400_000_000),
        "region": draw.pick(REGIONS),
        **({"related_counterparties": related} if related else {}),
    }
