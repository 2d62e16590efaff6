"""A payment that is not ordered yet, and what the law asks of it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import msgspec

from detectors.contracts.alert import LimitShown
from detectors.contracts.configuration import Channel, Legend, PurposeKind
from detectors.contracts.events import Direction, PartyType, Residency
from detectors.contracts.limits import DUTIES, DatedLimit, Rulebook

# As the contract has them: amounts with 6 decimal places, rates with 12 and above zero. A rate of 0 would make any
# payment a small one, and with fewer places 1 KRW (0.00072 USD) or 1 VND (0.000039 USD) has no rate.
Money = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,6})?$")]
MoneyAboveZero = Annotated[str, msgspec.Meta(pattern=r"^(?![0.]*$)[0-9]{1,18}(\.[0-9]{1,6})?$")]
RateAboveZero = Annotated[str, msgspec.Meta(pattern=r"^(?![0.]*$)[0-9]{1,18}(\.[0-9]{1,12})?$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
# asked: the law asks for it. not_asked: it does not. cannot_tell: a field is missing, or no limit is in force.
Outcome = Literal["asked", "not_asked", "cannot_tell"]
# What kind of capital transaction it is; the last two have no lines below which they need no report.
CapitalKind = Literal["deposit", "securities", "loan", "other", "property", "direct_investment"]
# Who is to be given it.
Office = Literal["bank", "designated_bank", "central_bank"]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A planned payment. Fields are named and meant as in the contract; what is not said cannot be told.

    `planned_on`: the legal day. `amount` in `currency`; `usd_rate`: USD for one unit of it, not needed for USD.
    `other_party_pays`: whether the payee (or payer) is another than the other party of the contract. `offset`: whether
    a claim is set against a debt. `capital_kind`: which capital transaction it is. `contract_amount`: of the whole
    contract, in `currency`; without it the payment is taken for all of it. `paid_this_year`: USD that this party paid
    abroad without documents this year before this payment, over all institutions. `paid_before`: USD of earlier pieces
    of the same third-party payment, offset or capital transaction. `received_today`: USD that came for this party
    before on that day.

    Fields that are not named here are passed over, so that a whole record of `fx.transactions.v1` may be given.
    """

    planned_on: date
    direction: Direction
    party_type: PartyType
    amount: MoneyAboveZero
    currency: Currency
    usd_rate: RateAboveZero | None = None
    residency: Residency | None = None
    channel: Channel | None = None
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=16)] | None = None
    other_party_pays: bool | None = None
    offset: bool | None = None
    trade_terms: Literal["advance", "sight", "usance", "open_account", "consignment", "transit"] | None = None
    goods_due: date | None = None
    capital_kind: CapitalKind | None = None
    contract_amount: Money | None = None
    designated_bank: bool | None = None
    paid_this_year: Money | None = None
    paid_before: Money | None = None
    received_today: Money | None = None


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the law may ask for: whether it does, why, of whom, by which article, by which dated limits.

    `missing`: fields of `Planned` without which it cannot be told. `before`: whether it is due before the payment.
    """

    id: str
    outcome: Outcome
    office: Office
    before: bool
    article_en: str
    article_ko: str
    text_en: str
    text_ko: str
    limits: tuple[LimitShown, ...] = ()
    missing: tuple[str, ...] = ()


class Inquiry(NamedTuple):
    """A planned payment with what every duty needs of it."""

    planned: Planned
    rulebook: Rulebook
    legend: Legend

    def law(self, name: str) -> DatedLimit | None:
        """The number of the law (`limits.LAW`) in force on the planned day."""
        return self.rulebook.law(name, self.planned.planned_on)

    def duty(self, name: str) -> DatedLimit | None:
        """The limit of the configuration's `duties` in force on the planned day."""
        return self.rulebook.limit(DUTIES, name, self.planned.planned_on)

    def usd(self, amount: str) -> Fraction | None:
        """An amount of the payment's currency in USD, exact; None without a rate."""
        told = self.planned
        if told.currency == "USD":
            return Fraction(amount)
        return None if told.usd_rate is None else Fraction(amount) * Fraction(told.usd_rate)

    @property
    def worth(self) -> Fraction | None:
        """The payment in USD."""
        return self.usd(self.planned.amount)

    @property
    def kind(self) -> PurposeKind | None:
        """The class of the purpose, None where it is not said or not in the legend."""
        purposes: Mapping[str, object] = self.legend.purposes
        purpose = self.planned.purpose
        return self.legend.purposes[purpose].kind if purpose is not None and purpose in purposes else None

    @property
    def is_foreign(self) -> bool | None:
        """Whether the payer is a non-resident or a foreign resident (Regulation 4-4); None where it is not said."""
        residency = self.planned.residency
        return None if residency is None else residency != "resident"


def spoken(amount: Fraction) -> Decimal:
    """USD as people write it: two decimals, half up."""
    return Decimal(int(amount * 100 + Fraction(1, 2))) / 100
