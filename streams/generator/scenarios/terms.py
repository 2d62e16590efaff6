"""The words a scenario is written in: a payment ordered, a customs entry, what may rightly explain a case, a scenario.

Amounts are in US dollars at the time of the event; the stage turns them into the currency the foreign side is paid in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from streams.generator.population import Counterparty, Resident
from streams.generator.world import MORE_PURPOSES, PURPOSES

if TYPE_CHECKING:
    from streams.generator.scenarios.stage import Stage

Variant = Literal["template", "slow", "adversarial"]
VARIANTS: tuple[Variant, ...] = ("template", "slow", "adversarial")

# the default legend's codes by name: what honest residents use, and capital transactions
PURPOSE_CODES = {
    **PURPOSES,
    "property": "50101",
    "investment": "50201",
    "loan": "50301",
    "deposit": "50401",
    "other": MORE_PURPOSES["other"],
}


class DoesNotFitError(Exception):
    """The span, the population or the law in force has no place for this case; its text is the reason in the truth."""


@dataclass(slots=True)
class Order:
    """A payment to be made; `purpose` is a name of `PURPOSE_CODES`.

    Empty institution, channel and currency: drawn as honest ones are.
    """

    resident: Resident
    partner: Counterparty
    at_ms: int
    usd: float
    purpose: str
    direction: str = "out"
    evidence: str = "none"
    institution: str = ""
    channel: str = ""
    currency: str = ""
    spread_bp: float | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CustomsEntry:
    """A customs declaration to be made.

    `price` is its unit value as a multiple of the usual one, `goods` (HS code, unit, dollars a unit) where they are not
    the partner's, `due_days` the days until it is to be settled.
    """

    resident: Resident
    partner: Counterparty
    at_ms: int
    kind: Literal["import", "export"]
    usd: float
    price: float = 1.0
    goods: tuple[str, str, float] | None = None
    due_days: int | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A typology's three variants, and what the judge needs to know of every case of it.

    `features` are names of detectors/features and `beside` ids of other typologies that may rightly be the top reason
    of an alert on a case. `places` bounds the records one case takes at scale 1, covers included.
    """

    typology: str
    features: tuple[str, ...]
    places: int
    template: Callable[["Stage"], None]
    slow: Callable[["Stage"], None]
    adversarial: Callable[["Stage"], None]
    beside: tuple[str, ...] = ()

    def plant(self, stage: "Stage", variant: Variant) -> None:
        """Play one variant on the stage. Raises `DoesNotFitError` before any record is made."""
        {"template": self.template, "slow": self.slow, "adversarial": self.adversarial}[variant](stage)

    def expected(self) -> dict[str, list[str]]:
        """What may rightly be the top reason, as the truth says it."""
        return {"typologies": [self.typology, *self.beside], "features": list(self.features)}
