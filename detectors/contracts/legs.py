"""Which shared things a ledger record names, and the short form of it that each of them gets on `fx.legs.v1`.

What several residents share is a foreign party, its account, a device, a contact, or a group of goods. `name_shared` is
the only place that says which of them a record names. Ingest writes one leg for each; `fxwatch reconcile` asks the same
function what legs a record must have. Both see the ledger's event and nothing else.

An officer's verdict on an alert about a shared thing names that thing. Its leg is the record itself.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from detectors.contracts.events import Declaration, Disposition, Event, Leg, LegKind, Transaction

# Stands in a header of each ledger record that has legs. It changes when `name_shared` names more, so that a proof
# still knows what an earlier release had to write. Records without it are of releases that wrote one leg for a payment,
# under its counterparty, and none for anything else.
LAYOUT = 1
# Legs of one record: counterparty, account, device, contact.
MOST_LEGS = 4
# HS codes are alike in all countries in their first six digits.
_HS_DIGITS = 6
_SLOT_DIGITS = 3
_TRAIL = "trail/"


class SharedThing(NamedTuple):
    """A shared thing: what it is, its name, and its slot (0-4095), which says the partition (slot mod partitions).

    `name` is the thing's token, or `HS6/country/unit` of a goods group, which is nobody's secret. A token's slot is
    under the routing key, and a group's is a hash of its name, so that neither moves when keys are rotated. A
    resident's is its token behind `trail/`.
    """

    kind: LegKind
    name: str
    slot: int

    @property
    def token(self) -> str:
        """The name as alerts show it."""
        return self.name.removeprefix(_TRAIL)


def name_shared(event: Event) -> tuple[SharedThing, ...]:
    """The shared things that a record names, in the order of their legs: leg number 0 is the first one's.

    Raises ValueError for a token that has no slot. Cost: 1 us.
    """
    if isinstance(event, Transaction):
        named: tuple[tuple[LegKind, str | None], ...] = (
            ("counterparty", event.counterparty),
            ("account", event.counterparty_account),
            ("device", event.device),
            ("contact", event.contact),
        )
        return tuple([SharedThing(kind, token, _slot(token)) for kind, token in named if token is not None])
    if isinstance(event, Declaration):
        group = name_group(event.hs_code, event.counterparty_country, event.quantity_unit)
        return (SharedThing("goods", group, slot_of_group(group)),)
    if isinstance(event, Disposition) and event.shared_token is not None:
        return (_thing_of(event.shared_kind or "counterparty", event.shared_token),)
    return ()


def _thing_of(kind: LegKind, name: str) -> SharedThing:
    if kind == "resident":
        return SharedThing(kind, name_trail(name), _slot(name))
    return SharedThing(kind, name, slot_of_group(name) if kind == "goods" else _slot(name))


def name_group(hs_code: str, country: str, unit: str) -> str:
    """The name of a goods group: HS code (its first six digits count), partner country, unit of quantity."""
    return f"{hs_code[:_HS_DIGITS]}/{country}/{unit}"


def name_trail(token: str) -> str:
    """The name of a resident's node. A token alone may be that of a foreign party too: firms deal with each other."""
    return _TRAIL + token


@lru_cache(maxsize=4096)
def slot_of_group(name: str) -> int:
    """The slot (0-4095) of a goods group: SHA-256 of its name, without a key, the same for ever."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:_SLOT_DIGITS], 16)


def _slot(token: str) -> int:
    _, slot, _ = token.split(".")
    return int(slot, 16)


def shorten(event: Transaction | Declaration) -> Leg:
    """The short form of a record: all that its legs have in common, without kind and number. 1 us.

    A declaration's value stands as the amount; the value of goods that come in goes out, and the other way round.
    """
    if isinstance(event, Declaration):
        return _shorten_declaration(event)
    names = (
        event.party,
        event.counterparty,
        event.party_account,
        event.counterparty_account,
        event.device,
        event.contact,
    )
    return Leg(
        event_id=event.event_id,
        identity=event.identity,
        body=event.body,
        event_time=event.event_time,
        direction=event.direction,
        status=event.status,
        party=event.party,
        counterparty=event.counterparty,
        counterparty_country=event.counterparty_country,
        institution=event.institution,
        amount=event.amount,
        currency=event.currency,
        purpose=event.purpose,
        evidence=event.evidence,
        party_account=event.party_account,
        counterparty_account=event.counterparty_account,
        device=event.device,
        contact=event.contact,
        payment_id=event.payment_id,
        original_event_id=event.original_event_id,
        previous={name: event.previous[name] for name in names if name in event.previous} if event.previous else {},
        former=event.former,
    )


def _shorten_declaration(event: Declaration) -> Leg:
    return Leg(
        event_id=event.event_id,
        identity=event.identity,
        body=event.body,
        event_time=event.declared_time,
        direction="out" if event.kind == "import" else "in",
        party=event.party,
        counterparty=event.counterparty,
        counterparty_country=event.counterparty_country,
        institution="",
        amount=event.value,
        currency=event.currency,
        previous=event.previous,
        former=event.former,
        declaration=event.kind,
        declaration_no=event.declaration_no,
        line=event.line,
        amends=event.amends,
        hs_code=event.hs_code,
        quantity=event.quantity,
        quantity_unit=event.quantity_unit,
        incoterm=event.incoterm,
        origin_country=event.origin_country,
    )


def shared_of(leg: Leg) -> SharedThing:
    """The shared thing that a leg belongs to; its name is the record's key. Raises ValueError for a leg without one."""
    if leg.kind == "goods":
        group = name_group(leg.hs_code or "", leg.counterparty_country, leg.quantity_unit or "")
        return SharedThing("goods", group, slot_of_group(group))
    if leg.kind == "resident":
        if leg.trail is None:
            raise ValueError("a leg of kind resident has no trail")
        return _thing_of("resident", leg.trail.resident)
    kind: LegKind = leg.kind or "counterparty"
    token = {
        "counterparty": leg.counterparty,
        "account": leg.counterparty_account,
        "device": leg.device,
        "contact": leg.contact,
    }[kind]
    if token is None:
        raise ValueError(f"a leg of kind {kind} names no {kind}")
    return SharedThing(kind, token, _slot(token))
