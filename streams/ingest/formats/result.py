"""What a conversion comes to: transactions, what of the message they hold, and what they do not."""

from typing import Any

import msgspec

from streams.contracts.refusal_codes import Fault


class Mapped(msgspec.Struct, frozen=True):
    """A place of the message that a field of the contract was made from; `note` says how, where that is not plain."""

    path: str
    field: str
    note: str = ""


class Unmapped(msgspec.Struct, frozen=True):
    """A place of the message that no field of the contract holds, and why."""

    path: str
    reason: str


class RefusedMessage(msgspec.Struct, frozen=True):
    """What cannot be converted, by its place in the file (empty: all of it), and all faults of it.

    It is one payment, or something that holds several or none: `payments` says how many, as far as they can be seen.
    """

    place: str
    faults: tuple[Fault, ...]
    payments: int = 1


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a file of them, converted. A payment is either one of `transactions` or one of `refused`.

    `transactions` are bodies of `fx.transactions.v1`, `places` where each stood (`CdtTrfTxInf[2]`, `message[2]`; empty:
    the only payment). `refused` are the others; where the file as a whole cannot be read it is one entry without a
    place, and `payments` is 0. Every text of a converted payment, and of what its message says of all payments, is in
    `mapped` or in `unmapped`; neither holds values, nor anything of a refused payment, and both are empty where
    `ConversionLimits.report` is off.
    """

    format: str
    payments: int = 0
    transactions: tuple[dict[str, Any], ...] = ()
    places: tuple[str, ...] = ()
    refused: tuple[RefusedMessage, ...] = ()
    mapped: tuple[Mapped, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, each with its payment's place before its own."""
        return tuple(_at(fault, one.place) for one in self.refused for fault in one.faults)

    @property
    def unreadable(self) -> bool:
        """Whether the file as a whole was refused: how many payments it holds is not known."""
        return bool(self.refused) and not self.payments


def _at(fault: Fault, place: str) -> Fault:
    return Fault(fault.code, f"{place}/{fault.field}".strip("/"), fault.expected) if place else fault
