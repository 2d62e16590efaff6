"""A payment as both formats tell it, before it is seen from one country: two sides, one amount that crossed."""

import re
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from detectors.books.payment_ids import UETR
from detectors.values.institution_code import institution_code
from streams.contracts.identifiers import Identifiers, is_iban
from streams.contracts.iso_registers import COUNTRIES
from streams.ingest.formats.tree import FoundText, RefusedMessageError

# Amounts of both standards have at most 18 digits, rates 12. A decimal's arithmetic has its limits (one of a million
# digits times another overflows), and leading zeros are allowed in XML.
DECIMAL_LIMIT = 64
# the form of a UETR filled with zeros: as good as none, and the same for every payment of whoever writes it
_NO_UETR = re.compile(r"[0-]{14}4[0-]{4}[089ab][0-]{16}")


class Identifier(msgspec.Struct, frozen=True):
    """A party's identification. `kind`: `person`, `company`, `bank` or empty where it does not say which.

    `own`: it is one institution's own number (customer number), not one that others share.
    """

    found: FoundText
    kind: str = ""
    own: bool = False


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The debtor's or the creditor's side.

    `countries`: of the party itself, the most telling first: residence, then address, then its own BIC.
    `identifiers`: the most widely shared first. `bank`: BIC of the party's own bank (eight characters, or eleven where
    a branch is named). `bank_countries`: what else tells the bank's country, the most telling first: the IBAN, then the
    bank's address, then its clearing system. `bank_by_standard`: BIC of the institution that is the party's bank where
    the message names none (MT103: its sender or receiver). It may be a correspondent only, so that for the country of
    the bank it is asked last.
    """

    countries: tuple[FoundText, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    account: FoundText | None = None
    bank: FoundText | None = None
    bank_countries: tuple[FoundText, ...] = ()
    bank_by_standard: FoundText | None = None
    branch: FoundText | None = None
    person: bool | None = None

    @property
    def country(self) -> FoundText | None:
        """The party's country, or else its bank's."""
        return self.countries[0] if self.countries else self.country_of_bank

    @property
    def country_of_bank(self) -> FoundText | None:
        """The country of the party's bank: of its BIC, else as `bank_countries` say, else of `bank_by_standard`."""
        if self.bank is not None:
            return country_of_bic(self.bank)
        if self.bank_countries:
            return self.bank_countries[0]
        return country_of_bic(self.bank_by_standard) if self.bank_by_standard is not None else None


class MessagePayment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment. Amounts and rate are decimal texts with a point.

    `rate` is what the standards say: instructed amount times rate = amount. `purposes` are (country of the authority or
    None, code). `time` has an offset when `local_times` is not what it came from; `local_times` are (direction, text)
    pairs: a time of that direction's reporting institution's clock, without offset. `nobody`: placeholders that were
    passed over.
    """

    event_id: FoundText
    payment_id: FoundText | None
    debtor: Side
    creditor: Side
    amount: FoundText
    currency: FoundText
    instructed_amount: FoundText | None = None
    instructed_currency: FoundText | None = None
    rate: FoundText | None = None
    time: FoundText | None = None
    local_times: tuple[tuple[str, FoundText], ...] = ()
    value_date: FoundText | None = None
    purposes: tuple[tuple[str | None, FoundText], ...] = ()
    transaction_purpose: FoundText | None = None
    remittance: tuple[FoundText, ...] = ()
    ultimate_debtor: tuple[Identifier, ...] = ()
    ultimate_creditor: tuple[Identifier, ...] = ()
    nobody: tuple[FoundText, ...] = ()


def uetr(found: FoundText | None, place: str, identifiers: Identifiers) -> FoundText | None:
    """The payment's UETR; None where none is written, or a filler. Raises `RefusedMessageError` for any other form."""
    if found is None or _NO_UETR.fullmatch(found.text) or identifiers.names_nobody(found.text):
        return None
    if not UETR.fullmatch(found.text):
        raise RefusedMessageError("message.form", place, "a UUID version 4 in lower case")
    return found


def bic(found: FoundText, place: str) -> FoundText:
    """A BIC as the contract's institution: the head office's `XXX` left out, so that one bank has one code.

    Raises `RefusedMessageError` when it has no BIC's form (ISO 9362). It names `place`, a place of the standard, never
    the node's own path: a sender's envelope may bear any name, a person's included, and faults go into headers.
    """
    text = found.text
    plain = text.isascii() and text.isalnum() and len(text) in (8, 11)
    if not plain or text[4:6] not in COUNTRIES:
        expected = "a BIC of 8 or 11 characters, the fifth and sixth a country's code in capital letters"
        raise RefusedMessageError("message.form", place, expected)
    return FoundText(institution_code(text), found.node, found.note)


def by_own_bic(own: FoundText, banks: Iterable[FoundText | None]) -> Identifier:
    """A party by a BIC of its own, which a firm has, and a bank that pays or is paid for itself.

    A BIC does not say which. A bank it is for sure where the message names an institution of the same business party
    (ISO 9362: the first four characters), head office or branch; else it is taken for a company.
    """
    is_bank = any(bank is not None and bank.text[:4] == own.text[:4] for bank in banks)
    return Identifier(own, "bank" if is_bank else "company")


def country_of_bic(found: FoundText) -> FoundText:
    """The country in a BIC (ISO 9362: characters 5 and 6), of a bank or of a firm that has one of its own."""
    return found._replace(text=found.text[4:6], note="country of the BIC", also=())


def country_of_iban(account: FoundText | None) -> FoundText | None:
    """The country in an IBAN: by ISO 13616 that of the bank which holds the account. None for any other number."""
    compact = account.text.replace(" ", "").upper() if account is not None else ""
    if account is None or not is_iban(compact):
        return None
    return account._replace(text=compact[:2], note="country of the IBAN", also=())


def inverse(rate: str) -> str | None:
    """1 / rate to ten significant digits; None where the rate has too few digits to be turned round.

    A rate of five significant digits is right to 1 part in 20 000, far below any limit on deal rates; one of two, as
    0.00072 for KRW to USD, is wrong by up to 0.7 % and would look like a deal off the market.
    """
    value = Decimal(rate)
    if not value or len(value.normalize().as_tuple().digits) < 5:  # noqa: PLR2004
        return None
    turned = Decimal(1) / value
    return format(turned.quantize(Decimal(1).scaleb(max(turned.adjusted() - 9, -12))).normalize(), "f")
