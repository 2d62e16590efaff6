"""What rules ask of a firm's profile and a payment's purpose, the same in each: age, capital in USD, kind of purpose.

Every answer is None where the profile or the field is missing: what is not known is not met.
"""

from detectors.books.party import Facts
from detectors.contracts.events import PartyType
from detectors.typologies.base import Context
from detectors.values import money
from detectors.values.legal_calendar import local_date

# KSIC 66: businesses that serve finance, exchangers of money among them
MONEY_BUSINESS = "K66"
FIRMS: tuple[PartyType, ...] = ("sole_trader", "company")


def is_firm(context: Context) -> bool:
    """Whether the party is judged as a firm."""
    return context.transaction.party_type in FIRMS


def age_days(context: Context) -> int | None:
    """Days since the firm was registered, on the payment's legal day; negative where it is not registered yet."""
    facts = context.facts
    return None if facts is None or facts.registered_on is None else (context.day - facts.registered_on).days


def in_usd(context: Context, won: str | None) -> int | None:
    """An amount in won as USD cents at the payment's time; None without an amount or a rate. Cost: 3 us."""
    rate = None if won is None else context.reference("KRW", "USD")
    return None if won is None or rate is None else money.cents(money.parse_or_zero(won), rate)


def capital(context: Context) -> int | None:
    """The firm's capital in USD cents at the payment's time."""
    return None if context.facts is None else in_usd(context, context.facts.capital_krw)


def turnover(context: Context) -> int | None:
    """The firm's turnover of a year in USD cents at the payment's time."""
    return None if context.facts is None else in_usd(context, context.facts.turnover_krw)


def kind_of(context: Context, purpose: int) -> str:
    """The kind of a purpose by its number in the party's names; empty where the legend does not know the code."""
    known = context.legend.purposes.get(context.names[purpose])
    return "" if known is None else known.kind


def is_money_business(facts: Facts | None) -> bool:
    """Whether a profile is that of a business with money: by its industry (KSIC), or registered as an exchanger."""
    if facts is None:
        return False
    industry = facts.industry_code
    return facts.register == "exchanger" or (industry is not None and industry.upper().startswith(MONEY_BUSINESS))


def known_days(context: Context) -> int:
    """Whole local days since the party's first payment."""
    return (context.day - local_date(min(context.first_us, context.payment.time), context.zone)).days
