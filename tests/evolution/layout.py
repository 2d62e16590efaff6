"""A fingerprint of how learned state is laid out in a snapshot: fields, their types and order, packed formats."""

import hashlib
from typing import Any

import msgspec

from detectors.books import fingerprints, payments, trade_book, trade_folding, trade_items
from detectors.books import party as parties
from detectors.books.folded_payments import Folded
from detectors.books.party import Party
from detectors.features import LAYOUT
from detectors.features import REGISTRY as FEATURES
from detectors.memory import frozen_state
from detectors.models import REGISTRY as MEMBERS
from detectors.ranking.budget import _State as Budget
from detectors.typologies.base import Shared


def described(kind: Any) -> Any:
    """Fields and types of a msgspec structure, those within it included, as nested tuples."""
    found = msgspec.inspect.type_info(kind)
    return _told(found)


def _told(info: Any) -> Any:
    if isinstance(info, msgspec.inspect.StructType):
        fields = tuple((field.encode_name, _told(field.type)) for field in info.fields)
        return info.cls.__name__, info.array_like, fields
    if isinstance(info, msgspec.Struct):
        return type(info).__name__, tuple((name, _told(getattr(info, name))) for name in info.__struct_fields__)
    if isinstance(info, tuple | list):
        return tuple(_told(one) for one in info)
    return repr(info)


def _shape(member: Any) -> Any:
    """Types of the parts of a new member's state."""
    return tuple(type(part).__name__ for part in msgspec.msgpack.decode(member.build({}, 0).to_state()))


# Modules that pack parts of the state in bytes. The labels are their names of schema 5: where a module stands is no
# part of the layout, so a move changes no fingerprint.
PACKED = {
    "detectors.fingerprints": fingerprints,
    "detectors.payments": payments,
    "detectors.parties": parties,
    "detectors.trade_folding": trade_folding,
    "detectors.trade_items": trade_items,
}


def layout() -> str:
    """The fingerprint, 16 hex digits."""
    packed = tuple(
        (label, name, value.format)
        for label, module in PACKED.items()
        for name, value in sorted(vars(module).items())
        if hasattr(value, "format") and hasattr(value, "iter_unpack")
    )
    parts = (
        ("_Header", *described(frozen_state.Header)[1:]),  # its name of schema 5
        frozen_state.COUNTERS,
        described(Party),
        described(Folded),
        described(trade_book._Packed),
        described(Budget),
        described(Shared),
        packed,
        LAYOUT.fingerprint,
        tuple((one.name, one.slots) for one in FEATURES),
        tuple((name, _shape(member)) for name, member in MEMBERS.items()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
