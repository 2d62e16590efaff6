"""What the trade ledger keeps: one item for each declaration line and each trade payment, as packed rows.

An item stands on one of two sides: goods (a customs declaration's line) or money (a payment). An import is paid by
money that goes out, an export by money that comes in.
"""

import struct
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

Trade = Literal["import", "export"]
# bits of `flags`
MONEY = 1
EXPORT = 2
RATE_MISSING = 4
# a report to a bank or to the Bank of Korea is named; which kind is in the two bits of `REPORT_KIND`
REPORTED = 8
# what is left of it is within the tolerance
CLOSED = 16
# the documents were seen by the bank (`shown`, `verified`); none where the law asks for none (`exempt`)
DOCUMENTED = 32
OFFSET_REPORT = 64
PREPAYMENT_REPORT = 128
THIRD_PARTY_REPORT = 256
OTHER_REPORT = 512
REPORTS = {
    "offset": OFFSET_REPORT,
    "prepayment": PREPAYMENT_REPORT,
    "third_party": THIRD_PARTY_REPORT,
    "other": OTHER_REPORT,
}
# the place in this tuple is what a row holds
TERMS = ("", "advance", "sight", "usance", "open_account", "consignment", "transit")

# What every item costs: 109 bytes.
ROW = np.dtype(
    [
        ("time", "<i8"),
        ("due", "<i4"),
        ("number", "<u8"),
        ("counterparty", "<u8"),
        ("account", "<u8"),
        ("own", "<i8"),
        ("usd", "<i8"),
        ("matched", "<i8"),
        ("frozen", "<i8"),
        ("event", "<u8"),
        ("payment", "<u8"),
        ("offset", "<i8"),
        ("institution", "<u8"),
        ("goods", "<u4"),
        ("currency", "<u2"),
        ("terms", "u1"),
        ("flags", "<u2"),
    ]
)
_PACKER = struct.Struct("<qiQQQqqqqQQqQIHBH")
# the number, the counterparty and the flags alone: a fifth of the time of a whole item
_LINKS = struct.Struct("<12xQQ79xH")
_EVENT_AT, _FLAGS_AT = 68, 107
Rows = npt.NDArray[Any]
_LETTERS = 26
_DAY_ZERO = date(1970, 1, 1).toordinal()
_GOODS_DIGITS = 6


class Item(msgspec.Struct):
    """One item, unpacked.

    `time` is the event's own (us since 1970), `due` a date as days since 1970 (`settlement_due` of goods, `goods_due`
    of money; 0: none told). `number`, `counterparty`, `account`, `event`, `payment` and `institution` are hashes, 0 for
    none; the `payment` of a declaration is the event that it amends. `own` is the amount in hundredths of its own
    currency, `usd` in US cents at the event's own time (0 with `RATE_MISSING`). `matched` of `own` is matched, of
    which `frozen` with items that were folded into totals. `goods` are six digits of the HS code, 0 for none.
    """

    time: int
    due: int
    number: int
    counterparty: int
    account: int
    own: int
    usd: int
    matched: int
    frozen: int
    event: int
    payment: int
    offset: int
    institution: int
    goods: int
    currency: int
    terms: int
    flags: int

    def packed(self) -> bytes:
        """The item's bytes."""
        return _PACKER.pack(*msgspec.structs.astuple(self))

    @property
    def left(self) -> int:
        """What is not matched, in hundredths of its own currency."""
        return self.own - self.matched

    @property
    def left_usd(self) -> int:
        """What is not matched, in US cents; 0 where the rate is missing."""
        return self.usd - self.worth(self.matched)

    @property
    def is_money(self) -> bool:
        """Whether it is a payment; else it is a declaration's line."""
        return bool(self.flags & MONEY)

    @property
    def trade(self) -> Trade:
        """Which direction of trade it belongs to."""
        return "export" if self.flags & EXPORT else "import"

    @property
    def is_open(self) -> bool:
        """Whether more than the tolerance is left of it."""
        return not self.flags & CLOSED

    @property
    def due_date(self) -> date | None:
        """The date that it names, None without one."""
        return date.fromordinal(self.due + _DAY_ZERO) if self.due else None

    def worth(self, own: int) -> int:
        """US cents of a part of its amount, in proportion, rounded down; the whole for the whole."""
        return self.usd * own // self.own if self.own else 0


def unpacked(packed: bytes) -> list[Item]:
    """The items behind their bytes, in their order. Cost: 0.5 us each."""
    return [Item(*fields) for fields in _PACKER.iter_unpack(packed)]


def unpacked_at(packed: bytes, place: int) -> Item:
    """The item at a place among the items. Cost: 0.5 us."""
    return Item(*_PACKER.unpack_from(packed, place * ROW.itemsize))


def place_of(packed: bytes, event: int) -> int | None:
    """The place of the first item of an event, None where there is none. Cost: 0.5 us, 1 us with 192 items."""
    wanted = event.to_bytes(8, "little")
    at = packed.find(wanted)
    while at >= 0:
        place, within = divmod(at, ROW.itemsize)
        if within == _EVENT_AT:
            return place
        # the same bytes by chance, across other fields
        at = packed.find(wanted, at + 1)
    return None


def low_flags(packed: bytes) -> bytes:
    """The lower eight bits of each item's flags: its side, and whether it is closed. Cost: under 1 us."""
    return packed[_FLAGS_AT :: ROW.itemsize]


def links(packed: bytes) -> Iterator[tuple[int, int, int]]:
    """What items are found together by, in their order: number, counterparty, flags. Cost: 0.1 us each."""
    return _LINKS.iter_unpack(packed)


def columns(packed: bytes) -> Rows:
    """The same as columns; a view, never written to."""
    return np.frombuffer(packed, ROW)


def day_number(day: date | None) -> int:
    """A date as days since 1970, 0 for none; what a row cannot hold is none."""
    return 0 if day is None else day.toordinal() - _DAY_ZERO


def currency_number(code: str) -> int:
    """Three letters as a number from 1 on; 0 for anything else."""
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004 - ISO 4217
        return 0
    first, second, third = (ord(letter) - ord("A") for letter in code)
    return 1 + (first * _LETTERS + second) * _LETTERS + third


def currency_code(number: int) -> str:
    """The letters behind a number, `XXX` (no currency) for 0."""
    if not number:
        return "XXX"
    rest, third = divmod(number - 1, _LETTERS)
    first, second = divmod(rest, _LETTERS)
    return "".join(chr(ord("A") + letter) for letter in (first, second, third))


def goods_number(hs_code: str | None) -> int:
    """The first six digits of an HS code, which all countries share; 0 for none."""
    digits = "" if hs_code is None else hs_code[:_GOODS_DIGITS]
    return int(digits) if len(digits) == _GOODS_DIGITS and digits.isascii() and digits.isdigit() else 0
