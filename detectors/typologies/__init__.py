"""Exact rules for known schemes, each with dated legal limits.

The registry's order is the order of evaluation and of an alert's list.
"""

from detectors.typologies.base import Typology
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.typologies.t02_annual_cap import AnnualCap
from detectors.typologies.t16_off_market_rate import OffMarketRate

REGISTRY: tuple[Typology, ...] = (
    SplitRemittance(),
    AnnualCap(),
    OffMarketRate(),
)
