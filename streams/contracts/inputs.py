"""The input topics of CONTRACT as types: what outside parties may write, before any of it is trusted.

A field that is not required is absent or has a value: `null` is not a string, so it is a fault. Unknown fields are
refused by the decoder unless their name starts with `x_`. What a type cannot say (registers, key, time window, rules
between fields) is in `streams/ingest/decode.py`. Lengths count characters, not bytes.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Channel, Configuration
from detectors.contracts.events import (
    Direction,
    Evidence,
    PartyType,
    Register,
    Residency,
    Status,
    Verdict,
)
from streams.contracts import decimals

TRANSACTIONS = "fx.transactions.v1"
DECLARATIONS = "customs.declarations.v1"
RATES = "fx.rates.v1"
PROFILES = "fx.profiles.v1"
DISPOSITIONS = "fx.dispositions.v1"
RULES = "fx.rules.v1"

# Kafka refuses a record over 1 MiB. A profile's ids become tokens of up to 53 characters, twice during a key overlap:
# this many still fit in one ledger record. Real lists stay far below: 64 KiB hold about 2 800 ids of 20 characters.
RELATED_LIMIT = 4096

TOKEN_PATTERN = r"^[a-z0-9]{1,16}\.[0-9a-f]{3}\.[0-9a-f]{32}$(?!\n)"  # noqa: S105 - the form of a token, not a secret

Id32 = Annotated[str, Meta(min_length=1, max_length=32)]
Id64 = Annotated[str, Meta(min_length=1, max_length=64)]
Id128 = Annotated[str, Meta(min_length=1, max_length=128)]
Named = Annotated[str, Meta(min_length=1)]
Time = Annotated[datetime, Meta(tz=True)]
MoneyAboveZero = Annotated[str, Meta(pattern=decimals.MONEY_ABOVE_ZERO)]
Money = Annotated[str, Meta(pattern=decimals.MONEY)]
ExchangeRate = Annotated[str, Meta(pattern=decimals.RATE)]
Quantity = Annotated[str, Meta(pattern=decimals.QUANTITY)]
Currency = Annotated[str, Meta(extra={"register": "currency"}, extra_json_schema={"$ref": "#/$defs/currency"})]
Country = Annotated[str, Meta(extra={"register": "country"}, extra_json_schema={"$ref": "#/$defs/country"})]
Region = Annotated[str, Meta(extra={"register": "region"}, description="ISO 3166-2 code")]
HsCode = Annotated[str, Meta(pattern=r"^[0-9]{6,10}$(?!\n)")]
Incoterm = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}$(?!\n)")]
Token = Annotated[str, Meta(pattern=TOKEN_PATTERN)]


class TransactionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """CONTRACT `fx.transactions.v1`: a payment across the border, as a bank reports it. Holds personal data.

    `residency` and `designated_bank` came with 1.1.
    """

    event_id: Id64
    event_time: Time
    direction: Direction
    status: Status = "settled"
    payment_id: Id64 | UnsetType = UNSET
    original_event_id: Id64 | UnsetType = UNSET
    party_id: Id64
    party_type: PartyType
    party_account: Id64 | UnsetType = UNSET
    counterparty_account: Id64 | UnsetType = UNSET
    counterparty_id: Id128
    counterparty_country: Country
    counterparty_bank_country: Country | UnsetType = UNSET
    contract_counterparty_id: Id128 | UnsetType = UNSET
    institution: Id32
    branch: Id32 | UnsetType = UNSET
    channel: Channel
    amount: MoneyAboveZero
    currency: Currency
    settled_amount: MoneyAboveZero | UnsetType = UNSET
    settled_currency: Currency | UnsetType = UNSET
    deal_rate: ExchangeRate | UnsetType = UNSET
    purpose: Annotated[str, Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    evidence: Evidence = "none"
    report_no: str | UnsetType = UNSET
    report_type: Literal["offset", "third_party", "capital", "prepayment", "other"] | UnsetType = UNSET
    declaration_no: Id32 | UnsetType = UNSET
    trade_terms: Literal["advance", "sight", "usance", "open_account", "consignment", "transit"] | UnsetType = UNSET
    goods_due: date | UnsetType = UNSET
    hs_code: HsCode | UnsetType = UNSET
    device_id: Id64 | UnsetType = UNSET
    contact_id: Id64 | UnsetType = UNSET
    ip_country: Country | UnsetType = UNSET
    exchange_linked_inflow_24h: Money | UnsetType = UNSET
    remittance_info: Annotated[str, Meta(max_length=140)] | UnsetType = UNSET
    residency: Residency = "resident"
    designated_bank: bool | UnsetType = UNSET


class DeclarationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """CONTRACT `customs.declarations.v1`: one line of a customs declaration. `party_id` is the trader."""

    event_id: Id64
    declaration_no: Id32
    declared_time: Time
    kind: Literal["import", "export"]
    party_id: Id64
    counterparty_id: Id128
    counterparty_country: Country
    hs_code: HsCode
    quantity: Quantity
    quantity_unit: Annotated[str, Meta(max_length=8)]
    value: Money
    currency: Currency
    incoterm: Incoterm | UnsetType = UNSET
    origin_country: Country | UnsetType = UNSET
    settlement_due: date | UnsetType = UNSET
    line: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    amends: Id64 | UnsetType = UNSET


class RateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """CONTRACT `fx.rates.v1`: 1 unit of `base` = `mid` units of `quote`.

    Both optional fields came with 1.1. Without `event_id` the identity is `BASE/QUOTE@rate_time`, so that a correction
    of a rate for the same time needs one of its own. `source` names the feed, and is part of the identity.
    """

    event_id: Id64 | UnsetType = UNSET
    base: Currency
    quote: Currency
    mid: ExchangeRate
    rate_time: Time
    source: Id32 | UnsetType = UNSET


class ProfileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """CONTRACT `fx.profiles.v1`: what is known of a resident party. Holds personal data.

    `register` and `residency` came with 1.1.
    """

    event_id: Id64
    party_id: Id64
    party_type: PartyType
    registered_on: date | UnsetType = UNSET
    capital_krw: Money | UnsetType = UNSET
    turnover_krw: Money | UnsetType = UNSET
    industry_code: str | UnsetType = UNSET
    size: Literal["small", "medium", "large"] | UnsetType = UNSET
    employees: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    region: Region | UnsetType = UNSET
    related_counterparties: Annotated[tuple[Id128, ...], Meta(max_length=RELATED_LIMIT)] | UnsetType = UNSET
    as_of: Time
    register: Register | UnsetType = UNSET
    residency: Residency | UnsetType = UNSET


class DispositionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """CONTRACT `fx.dispositions.v1`: an investigator's verdict on an alert; `party` is the alert's token.

    `voluntary` and what follows it came with 1.1. `snooze_until` and `snooze_typology` come together and make it a
    snooze: no verdict but a rest for alerts of that typology; its `verdict` is `inconclusive`. `shared_kind` and
    `shared_token` come together too: the alert's `x_shared`, where it has one.
    """

    event_id: Id64
    alert_id: Named
    party: Token
    verdict: Verdict
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    investigator: Named
    decided_at: Time
    amount_krw: Money | UnsetType = UNSET
    legal_basis: str | UnsetType = UNSET
    sanction: Literal["none", "warning", "fine", "referral"] | UnsetType = UNSET
    office: str | UnsetType = UNSET
    voluntary: bool | UnsetType = UNSET
    snooze_until: Time | UnsetType = UNSET
    snooze_typology: Annotated[str, Meta(pattern=r"^(T[0-9]{2}|anomaly)$(?!\n)")] | UnsetType = UNSET
    shared_kind: Literal["counterparty", "account", "device", "contact", "goods", "resident"] | UnsetType = UNSET
    shared_token: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET


class RulesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`fx.rules.v1`: the effective configuration from this record on, written by `fxwatch rules apply`; any key."""

    event_id: Id64
    configuration: Configuration
    approvals: Approvals | UnsetType = UNSET


class InputTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One input topic: its type, the field `time` that is when it happened, and the key that its body demands.

    `size_limit` is in bytes: 64 KiB by CONTRACT; the configuration is the operator's own and may carry a long legend.
    `free_text` fields may hold line feeds and the like; every other string may not hold control characters.
    """

    name: str
    type: type[msgspec.Struct]
    time: str | None
    key: Callable[[dict[str, Any]], str] | None
    size_limit: int = 64 * 1024
    free_text: frozenset[str] = frozenset()


def party_id(body: dict[str, Any]) -> str:
    """The key of a record about one resident party."""
    return body["party_id"]  # type: ignore[no-any-return]


def _pair(body: dict[str, Any]) -> str:
    return f"{body['base']}/{body['quote']}"


def _token(body: dict[str, Any]) -> str:
    return body["party"]  # type: ignore[no-any-return]


INPUTS: dict[str, InputTopic] = {
    topic.name: topic
    for topic in (
        InputTopic(
            name=TRANSACTIONS,
            type=TransactionRecord,
            time="event_time",
            key=party_id,
            free_text=frozenset({"remittance_info"}),
        ),
        InputTopic(name=DECLARATIONS, type=DeclarationRecord, time="declared_time", key=party_id),
        InputTopic(name=RATES, type=RateRecord, time="rate_time", key=_pair),
        InputTopic(name=PROFILES, type=ProfileRecord, time="as_of", key=party_id),
        InputTopic(
            name=DISPOSITIONS, type=DispositionRecord, time="decided_at", key=_token, free_text=frozenset({"reason"})
        ),
        InputTopic(
            name=RULES,
            type=RulesRecord,
            time=None,
            key=None,
            size_limit=512 * 1024,
            free_text=frozenset({"configuration"}),
        ),
    )
}
