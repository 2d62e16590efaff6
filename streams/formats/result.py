"""What a conversion comes to: transactions, what of the message they hold, and what they do not."""

from typing import Any

import msgspec

from streams.faults import Fault


class Mapped(msgspec.Struct, frozen=True):
    """A place of the message that a field of the contract was made from; `note` says how, where that is not plain."""

    path: str
    field: str
    note: str = ""


class Unmapped(msgspec.Struct, frozen=True):
    """A place of the message that no field of the contract holds, and why."""

    path: str
    reason: str


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a file of them, converted. Never both a transaction and a fault of the same payment.

    `transactions` are bodies of `fx.transactions.v1`. Every text of the message is in `mapped` or in `unmapped`,
    except where a fault kept it from being read at all; neither holds values of the message, and both are empty where
    `Limits.report` is off. `faults` say what was
    refused: of one payment, or (alone) of the whole message.
    """

    format: str
    payments: int = 0
    transactions: tuple[dict[str, Any], ...] = ()
    mapped: tuple[Mapped, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    faults: tuple[Fault, ...] = ()
