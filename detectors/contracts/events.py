"""Canonical events: what the ledger holds and `apply` consumes.

Every event that can change a score is one of these types, told apart in JSON by the field `type`. Identifiers of
people, accounts and devices are tokens (`<key id>.<slot>.<digest>`); money and rates are decimal strings exactly as the
sender wrote them; times are UTC. The ledger is evidence that is kept for ever, so a field is only ever added, with a
default.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Channel, Configuration
from detectors.contracts.learning import Learning

# A time without an offset is no point in time; one in the ledger is a record that cannot be read.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Direction = Literal["out", "in"]
Status = Literal["ordered", "settled", "returned", "cancelled"]
PartyType = Literal["person", "sole_trader", "company", "bank"]
Evidence = Literal["none", "exempt", "shown", "verified"]
# What several residents may share (detectors/contracts/legs.py).
# `resident` is what the shared agent itself makes of others' legs (detectors/shared/trails.py).
LegKind = Literal["counterparty", "account", "device", "contact", "goods", "resident"]
Verdict = Literal["confirmed", "refuted", "inconclusive", "duplicate", "withdrawn"]
# As the Act and its Regulation tell the parties apart (Reg 4-3, 4-4): a foreign resident is a foreigner who lives here.
Residency = Literal["resident", "foreign_resident", "non_resident"]
# Kinds of registered business that are inspected by their own authority (Decree 35(4)).
Register = Literal["exchanger", "small_remitter", "specialised"]


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Fields of every event that a sender identified.

    `identity` and `body` are keyed fingerprints (32 hex digits, HMAC-SHA-256 under the current key): equal identity and
    body = duplicate, equal identity and another body = conflict. During a key overlap only: `previous` maps a token of
    this record to the same thing's token under the previous key, and `former` is identity and body under that key.
    `notes` say what the door did to which field: a word (`respelled`, `placeholder`, `report_form`, `minor_units`,
    `withheld`), a blank, and the contract's name of the field or the header.
    """

    event_id: str
    identity: str
    body: str
    previous: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    former: tuple[str, str] | None = None


class Transaction(_Event, frozen=True, kw_only=True, tag="transaction"):
    """A payment across the border, as `fx.transactions.v1` without identifiers; `party` is the record's key.

    `residency` is None where the sender says nothing, which the contract reads as `resident`; `designated_bank` says
    whether it went through the bank that the party designated, None where the sender does not say.
    """

    event_time: Moment
    direction: Direction
    status: Status = "settled"
    payment_id: str | None = None
    original_event_id: str | None = None
    party: str
    party_type: PartyType
    party_account: str | None = None
    counterparty: str
    counterparty_account: str | None = None
    counterparty_country: str
    counterparty_bank_country: str | None = None
    contract_counterparty: str | None = None
    institution: str
    branch: str | None = None
    channel: Channel
    amount: str
    currency: str
    settled_amount: str | None = None
    settled_currency: str | None = None
    deal_rate: str | None = None
    purpose: str | None = None
    evidence: Evidence = "none"
    report_no: str | None = None
    report_type: Literal["offset", "third_party", "capital", "prepayment", "other"] | None = None
    declaration_no: str | None = None
    trade_terms: Literal["advance", "sight", "usance", "open_account", "consignment", "transit"] | None = None
    goods_due: date | None = None
    hs_code: str | None = None
    device: str | None = None
    contact: str | None = None
    ip_country: str | None = None
    exchange_linked_inflow_24h: str | None = None
    remittance_classes: tuple[str, ...] = ()
    residency: Residency | None = None
    designated_bank: bool | None = None


class Declaration(_Event, frozen=True, kw_only=True, tag="declaration"):
    """One line of a customs declaration (CONTRACT `customs.declarations.v1`); `party` is the trader."""

    declaration_no: str
    declared_time: Moment
    kind: Literal["import", "export"]
    party: str
    counterparty: str
    counterparty_country: str
    hs_code: str
    quantity: str
    quantity_unit: str
    value: str
    currency: str
    incoterm: str | None = None
    origin_country: str | None = None
    settlement_due: date | None = None
    line: int | None = None
    amends: str | None = None


class Rate(_Event, frozen=True, kw_only=True, tag="rate"):
    """A reference rate: 1 unit of `base` = `mid` units of `quote` at `rate_time`; `source` is the feed that says it.

    Broadcast to every partition of ledger and legs.
    """

    base: str
    quote: str
    mid: str
    rate_time: Moment
    source: str | None = None


class Profile(_Event, frozen=True, kw_only=True, tag="profile"):
    """What is known of a resident party (CONTRACT `fx.profiles.v1`)."""

    party: str
    party_type: PartyType
    registered_on: date | None = None
    capital_krw: str | None = None
    turnover_krw: str | None = None
    industry_code: str | None = None
    size: Literal["small", "medium", "large"] | None = None
    employees: int | None = None
    region: str | None = None
    related_counterparties: tuple[str, ...] = ()
    as_of: Moment
    register: Register | None = None
    residency: Residency | None = None


class Disposition(_Event, frozen=True, kw_only=True, tag="disposition"):
    """An investigator's verdict on an alert.

    The free-text reason stays outside; `reason_hash` is its keyed fingerprint. `voluntary` says that the party put it
    right itself, None where the officer does not say. With `snooze_until` it is no verdict but a snooze: alerts of
    `snooze_typology` (or `anomaly`) of this party rest until then; a time that is over ends one (memory/snoozes.py).
    With `shared_token` the alert is one of the shared agent, about that thing, and that agent alone judges the record
    (legs.py); `shared_kind` says what the thing is.
    """

    alert_id: str
    party: str
    verdict: Verdict
    reason_hash: str
    investigator: str
    decided_at: Moment
    amount_krw: str | None = None
    legal_basis: str | None = None
    sanction: Literal["none", "warning", "fine", "referral"] | None = None
    office: str | None = None
    voluntary: bool | None = None
    snooze_until: Moment | None = None
    snooze_typology: str | None = None
    shared_kind: LegKind | None = None
    shared_token: str | None = None


class ConfigurationChange(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="configuration"):
    """The effective configuration from this record on. Broadcast to every partition of ledger and legs."""

    configuration: Configuration
    # not part of the encoding where nobody signed
    approvals: Approvals | msgspec.UnsetType = msgspec.UNSET


# What somebody outside sent, or an operator; and, with what partitions tell one another, all that the ledger holds.
Sent = Transaction | Declaration | Rate | Profile | Disposition | ConfigurationChange
Event = Sent | Learning


class Source(msgspec.Struct, frozen=True, array_like=True):
    """Where a record came from: the input topic's partition and offset."""

    topic: str
    partition: int
    offset: int


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger record's envelope says of an event.

    `offset` is the ledger position in the partition; `source` is None for the first configuration, which `topics apply`
    writes itself; `topic_id` is the id (KIP-516) of the source's topic, empty where the ledger does not tell it: one
    deleted and created again has the same name; `commitment` is the keyed hash of the sender's original bytes, with the
    id of its key before a colon, or the plain SHA-256 that earlier releases wrote (64 hex digits); `timestamp_ms` is
    the input's Kafka timestamp (ms, UTC); `history` marks records that are learned from and never alert; `headers` are
    CloudEvents and traceparent, passed on.
    """

    offset: int
    source: Source | None
    commitment: str
    timestamp_ms: int
    topic_id: str = ""
    history: bool = False
    headers: tuple[tuple[str, bytes], ...] = ()


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a leg one step of a trail: whose node it goes to, and which shared thing saw the payment.

    `resident` is the token of the node's resident, `via` what the thing is (its token stands as the leg's
    `counterparty`), `event` the number of the payment's first event, the same in every node, `topic` where its sender
    wrote it.
    """

    resident: str
    via: LegKind
    event: int
    topic: str


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record's short form on `fx.legs.v1`, one for each shared thing that the record names (legs.py), keyed by it.

    `kind` says which thing it is, `number` which of the record's legs, from 0. Legs of earlier releases have no kind:
    they are the counterparty's. From `declaration` on, the fields are of goods declared (kind `goods`); there `amount`
    is the value, `event_time` the declared time, and `institution` empty. `trail` is of legs that the shared agent
    writes (kind `resident`); there `amount` is what counts of the payment.
    """

    event_id: str
    identity: str
    body: str
    event_time: Moment
    direction: Direction
    status: Status = "settled"
    party: str
    counterparty: str
    counterparty_country: str
    institution: str
    amount: str
    currency: str
    purpose: str | None = None
    evidence: Evidence = "none"
    party_account: str | None = None
    counterparty_account: str | None = None
    device: str | None = None
    contact: str | None = None
    payment_id: str | None = None
    original_event_id: str | None = None
    previous: dict[str, str] = {}
    former: tuple[str, str] | None = None
    declaration: Literal["import", "export"] | None = None
    declaration_no: str | None = None
    line: int | None = None
    amends: str | None = None
    hs_code: str | None = None
    quantity: str | None = None
    quantity_unit: str | None = None
    incoterm: str | None = None
    origin_country: str | None = None
    trail: Trail | None = None
    # these two last: the short form is encoded once, and each leg's own end is set behind it (envelope.py)
    kind: LegKind | None = None
    number: int = 0
