"""Exact rules for known schemes, each with dated legal limits.

The registry's order is the order of evaluation and of an alert's list.
"""

from functools import cache

from detectors.books.wanted import Wanted, together
from detectors.contracts.events import LegKind
from detectors.typologies.base import Typology
from detectors.typologies.node_view import NodeTypology
from detectors.typologies.t01_ring import RingOfRemitters
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.typologies.t02_annual_cap import AnnualCap
from detectors.typologies.t03_fan import Fan
from detectors.typologies.t04_mirror import MirrorOfPayments
from detectors.typologies.t05_kimchi_premium import KimchiPremium
from detectors.typologies.t06_import_without_declaration import ImportWithoutDeclaration
from detectors.typologies.t07_export_proceeds import ExportProceeds
from detectors.typologies.t08_declared_settled import DeclaredSettled
from detectors.typologies.t09_prices import PriceOfGoods
from detectors.typologies.t10_third_party import ThirdPartyPayment
from detectors.typologies.t11_offset import Offset
from detectors.typologies.t12_purpose_drift import PurposeDrift
from detectors.typologies.t13_capital import CapitalTransaction
from detectors.typologies.t14_dormant_burst import DormantBurst
from detectors.typologies.t15_round_tripping import RoundTripping
from detectors.typologies.t16_off_market_rate import OffMarketRate
from detectors.typologies.t17_device import PassThroughOfDevice
from detectors.typologies.t17_pass_through import PassThrough
from detectors.typologies.t18_mismatch import BusinessMismatch

REGISTRY: tuple[Typology, ...] = (
    SplitRemittance(),
    AnnualCap(),
    KimchiPremium(),
    ImportWithoutDeclaration(),
    ExportProceeds(),
    DeclaredSettled(),
    ThirdPartyPayment(),
    Offset(),
    PurposeDrift(),
    CapitalTransaction(),
    DormantBurst(),
    OffMarketRate(),
    PassThrough(),
    BusinessMismatch(),
)
# Rules over what residents share; the shared agent's core judges by them (detectors/shared).
NODE_REGISTRY: tuple[NodeTypology, ...] = (
    RingOfRemitters(),
    Fan(),
    MirrorOfPayments(),
    PriceOfGoods(),
    RoundTripping(),
    PassThroughOfDevice(),
)


def registered() -> tuple[Typology, ...]:
    """Every typology of this release, switched on or off, in the registry's order."""
    return REGISTRY


def all_rules() -> tuple[Typology | NodeTypology, ...]:
    """The rules of both registries by id, as pages list them; a rule that stands in both is the first one's."""
    first = {one.id: one for one in REGISTRY}
    return tuple(sorted((*REGISTRY, *(one for one in NODE_REGISTRY if one.id not in first)), key=lambda one: one.id))


@cache
def node_rules(kind: LegKind) -> tuple[NodeTypology, ...]:
    """The rules over nodes of a kind, in the registry's order."""
    return tuple(one for one in NODE_REGISTRY if kind in one.kinds)


def wanted() -> Wanted:
    """What all of them want kept, whether they are switched on or not: one that is switched on later finds its past."""
    return _together(REGISTRY)


@cache
def _together(registry: tuple[Typology, ...]) -> Wanted:
    return together(typology.wants for typology in registry)
