"""ISO 20022 pacs.008, customer credit transfer between institutions: versions 001.02 to 001.13.

What is read stands in the same place in all of them, but for two names of version 02. What later versions added is read
where it stands (UETR and LEI since 08); the rest is not in the contract and is reported.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from streams.contracts.identifiers import DEFAULT, Identifiers, is_iban, is_lei
from streams.ingest.formats import narrative
from streams.ingest.formats.clearing import country_of_member, country_of_system
from streams.ingest.formats.payment import (
    DECIMAL_LIMIT,
    Identifier,
    MessagePayment,
    Side,
    bic,
    by_own_bic,
    country_of_bic,
    country_of_iban,
    uetr,
)
from streams.ingest.formats.tree import FoundText, Node, RefusedMessageError

FORMAT = "pacs.008"
MESSAGE, TRANSFER = "FIToFICstmrCdtTrf", "CdtTrfTxInf"
# a report takes one line of at most 140 characters; without a bound a record holds 60 000 of two bytes, each a part
REPORT_LINES = 1_000
# The standard has no bound, parties have some three. 2 300 in a record held ingest's event loop for 18 ms.
IDENTIFICATIONS = 200
# what the standard gives an unstructured line of remittance information: longer texts go on in the next line
REMITTANCE_LINE = 140
_AMOUNT = re.compile(r"\+?([0-9]*)(?:\.([0-9]*))?")
# XML allows an offset behind a date, which says nothing of the day of settlement
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
# ISO 20022 external code lists: a number that one institution gave its customer, not one that others share
_OWN_SCHEMES = frozenset({"CUST", "BANK"})
# a BIC of a bank and of a firm; the second name is that of version 02
_BANK_S, _FIRM_S = ("BICFI", "BIC"), ("AnyBIC", "BICOrBEI")


def count(document: Node) -> int:
    """How many transfers a document holds, whether or not they can be read; one where it holds none."""
    return max(1, len(document.every(f"{MESSAGE}/{TRANSFER}")))


def transfers(document: Node) -> tuple[Node, list[Node]]:
    """The group header and the transfers. Raises `RefusedMessageError`, also for another number than is stated."""
    message = document.one(MESSAGE)
    header = message.one("GrpHdr") if message is not None else None
    if message is None or header is None:
        raise RefusedMessageError("message.missing", "GrpHdr", "a group header, in the namespace of its Document")
    found = message.every(TRANSFER)
    stated = header.find("NbOfTxs")
    if stated is None or not found or stated.text.lstrip("0") != str(len(found)):
        raise RefusedMessageError("message.count", "GrpHdr/NbOfTxs", "the number of CdtTrfTxInf that follow")
    return header, found


def payment(header: Node, transfer: Node, identifiers: Identifiers = DEFAULT) -> MessagePayment:
    """The payment of one `CdtTrfTxInf`. Raises `RefusedMessageError`."""
    return _Transfer(header, transfer, identifiers).payment()


class _Transfer:
    """One transfer while it is read. `nobody` gathers placeholders, which are passed over and reported as such."""

    def __init__(self, header: Node, transfer: Node, identifiers: Identifiers) -> None:
        self._header, self._transfer, self._identifiers = header, transfer, identifiers
        self._nobody: list[FoundText] = []

    def payment(self) -> MessagePayment:
        """The payment, with what both sides and the amounts say."""
        transfer = self._transfer
        event_id = self._reference()
        reports = list(_reports(transfer))
        instructed = transfer.find("InstdAmt")
        return MessagePayment(
            event_id=event_id,
            payment_id=event_id,
            debtor=self._side("Dbtr", narrative.residence(reports, narrative.ORDERING)),
            creditor=self._side("Cdtr", narrative.residence(reports, narrative.BENEFICIARY)),
            amount=_decimal(_needed(transfer, "IntrBkSttlmAmt")),
            currency=_needed(transfer, "IntrBkSttlmAmt/@Ccy"),
            instructed_amount=_decimal(instructed) if instructed is not None else None,
            instructed_currency=transfer.find("InstdAmt/@Ccy"),
            rate=_optional_decimal(transfer.find("XchgRate")),
            time=self._time("AccptncDtTm", "SttlmTmIndctn/DbtDtTm", "CreDtTm", zoned=True),
            local_times=self._local_times(),
            value_date=self._value_date(),
            purposes=(*_regulatory_codes(transfer), *narrative.read_codes(reports)),
            transaction_purpose=transfer.find("Purp/Cd") or transfer.find("Purp/Prtry"),
            remittance=_remittance(transfer.every("RmtInf/Ustrd")),
            ultimate_debtor=tuple(self._party(transfer.one("UltmtDbtr"))),
            ultimate_creditor=tuple(self._party(transfer.one("UltmtCdtr"))),
            nobody=tuple(self._nobody),
        )

    def _reference(self) -> FoundText:
        """The event's and payment's id: the UETR; without one the transaction's number, after the bank that gave it."""
        transfer = self._transfer
        written = transfer.find("PmtId/UETR")
        found = uetr(written, "PmtId/UETR", self._identifiers)
        if found is not None:
            return found
        told = [found for name in ("TxId", "InstrId") if (found := transfer.find(f"PmtId/{name}")) is not None]
        own = next((found for found in told if not self._names_nobody(found)), None)
        if own is None:
            code = "identifier.placeholder" if told or written is not None else "message.missing"
            raise RefusedMessageError(code, "PmtId", "UETR, TxId or InstrId")
        if written is not None:
            self._nobody.append(written)
        sender = self._bic(transfer, "InstgAgt") or self._bic(self._header, "InstgAgt")
        if sender is None:
            return own
        note = "after the BIC of InstgAgt, which gave it"
        return own._replace(text=f"{sender.text}/{own.text}", note=note, also=(sender.node,))

    def _time(self, *paths: str, zoned: bool) -> FoundText | None:
        """The first of these times that has an offset, or that has none; `CreDtTm` is the group header's."""
        for path in paths:
            found = (self._header if path == "CreDtTm" else self._transfer).find(path)
            if found is not None and _has_offset(found.text) is zoned:
                return found
        return None

    def _local_times(self) -> tuple[tuple[str, FoundText], ...]:
        """A time without offset is of the debtor's bank, which accepted the order and made the message."""
        found = self._time("AccptncDtTm", "CreDtTm", zoned=False)
        return () if found is None else (("out", found),)

    def _value_date(self) -> FoundText | None:
        """The day of settlement, the same for both banks; None where what stands there is no date."""
        found = self._transfer.find("IntrBkSttlmDt") or self._header.find("IntrBkSttlmDt")
        parts = _DATE.fullmatch(found.text) if found is not None else None
        if found is None or parts is None:
            return None
        try:
            date.fromisoformat(parts[1])
        except ValueError:
            return None
        return found._replace(text=parts[1])

    def _names_nobody(self, found: FoundText) -> bool:
        return self._identifiers.names_nobody(found.text)

    def _bic(self, node: Node, agent: str) -> FoundText | None:
        """A bank's BIC. A placeholder may have a BIC's form (NOTPROVIDED would be a Romanian bank) and is none."""
        told = [found for name in _BANK_S if (found := node.find(f"{agent}/FinInstnId/{name}")) is not None]
        if told and self._names_nobody(told[0]):
            self._nobody.append(told[0])
            return None
        return bic(told[0], f"{agent}/FinInstnId/{told[0].node.name}") if told else None

    def _side(self, party: str, residence: tuple[FoundText, ...]) -> Side:
        transfer, bank = self._transfer, f"{party}Agt/FinInstnId"
        node, account = transfer.one(party), self._account(party)
        firm = self._firm(node)
        countries = (
            transfer.find(f"{party}/CtryOfRes"),
            *residence,
            transfer.find(f"{party}/PstlAdr/Ctry"),
            country_of_bic(firm) if firm is not None and not self._names_nobody(firm) else None,
        )
        bank_countries = (country_of_iban(account), transfer.find(f"{bank}/PstlAdr/Ctry"), _clearing(transfer, bank))
        return Side(
            countries=tuple(found for found in countries if found is not None),
            identifiers=tuple(self._party(node)),
            account=account,
            bank=self._bic(transfer, f"{party}Agt"),
            bank_countries=tuple(found for found in bank_countries if found is not None),
            branch=transfer.find(f"{party}Agt/BrnchId/Id"),
            # the standard knows private identifications of natural persons only; birth alone is one
            person=bool(transfer.every(f"{party}/Id/PrvtId")) and not transfer.every(f"{party}/Id/OrgId"),
        )

    def _account(self, party: str) -> FoundText | None:
        """A party's account. Where the message itself calls it an IBAN, nothing else will do."""
        place = f"{party}Acct/Id/IBAN"
        iban, other = self._transfer.find(place), self._transfer.find(f"{party}Acct/Id/Othr/Id")
        if iban is None or self._names_nobody(iban):
            return other or iban
        if not is_iban(iban.text.replace(" ", "").upper()):
            raise RefusedMessageError(
                "identifier.check_digits", place, "an IBAN of its country's form and check digits"
            )
        return iban

    def _party(self, party: Node | None) -> Iterator[Identifier]:
        """A party's identifications: LEI, registered numbers, a firm's BIC, then one institution's own numbers."""
        if party is None:
            return
        own = []
        lei = party.find("Id/OrgId/LEI")
        if lei is not None:
            if not is_lei(lei.text.upper()) and not self._names_nobody(lei):
                raise RefusedMessageError("identifier.check_digits", f"{party.name}/Id/OrgId/LEI", "an LEI (ISO 17442)")
            yield Identifier(lei, "company")
        for choice, kind in (("OrgId", "company"), ("PrvtId", "person")):
            others = party.every(f"Id/{choice}/Othr")
            if len(others) > IDENTIFICATIONS:
                raise RefusedMessageError("message.form", f"{party.name}/Id", f"at most {IDENTIFICATIONS} of a party")
            for node in others:
                found = node.find("Id")
                if found is None:
                    continue
                scheme = node.find("SchmeNm/Cd")
                if scheme is not None and scheme.text in _OWN_SCHEMES:
                    own.append(Identifier(found, kind, own=True))
                else:
                    yield Identifier(found, kind)
        firm = self._firm(party)
        if firm is not None:
            yield by_own_bic(firm, self._banks())
        yield from own

    def _banks(self) -> list[FoundText]:
        """The BICs of the payment's institutions, as they stand."""
        places = [(self._transfer, agent) for agent in ("DbtrAgt", "CdtrAgt", "InstgAgt", "InstdAgt")]
        places += [(self._header, agent) for agent in ("InstgAgt", "InstdAgt")]
        return [
            found
            for node, agent in places
            for name in _BANK_S
            if (found := node.find(f"{agent}/FinInstnId/{name}")) is not None
        ]

    def _firm(self, party: Node | None) -> FoundText | None:
        """A party's own BIC, of a firm or of a bank that pays for itself; or the placeholder in its place."""
        told = [found for name in _FIRM_S if party and (found := party.find(f"Id/OrgId/{name}")) is not None]
        if party is None or not told:
            return None
        return told[0] if self._names_nobody(told[0]) else bic(told[0], f"{party.name}/Id/OrgId/{told[0].node.name}")


def _has_offset(text: str) -> bool | None:
    """Of a date and time whether it has an offset; None for what is neither."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.tzinfo is not None if "T" in text else None


def _needed(node: Node, path: str) -> FoundText:
    found = node.find(path)
    if found is None:
        raise RefusedMessageError("message.missing", path, "the element, which the standard demands")
    return found


def _decimal(found: FoundText) -> FoundText:
    """An XML decimal as plain digits with a point; a minus sign, an exponent or anything else is a fault."""
    parts = _AMOUNT.fullmatch(found.text) if len(found.text) <= DECIMAL_LIMIT else None
    if parts is None or not (parts[1] or parts[2]):
        expected = f"a decimal of at most {DECIMAL_LIMIT} characters, without a minus sign"
        raise RefusedMessageError("message.form", found.node.name, expected)
    return found._replace(text=(parts[1] or "0") + (f".{parts[2]}" if parts[2] else ""))


def _optional_decimal(found: FoundText | None) -> FoundText | None:
    return None if found is None else _decimal(found)


def _clearing(transfer: Node, bank: str) -> FoundText | None:
    """The country of the clearing system that a bank is a member of, by the system's code or the member's number.

    Senders write codes of the list as proprietary ones too (`Prtry`): the same five letters say the same.
    """
    for path, country_of in (
        ("ClrSysId/Cd", country_of_system),
        ("ClrSysId/Prtry", country_of_system),
        ("MmbId", country_of_member),
    ):
        found = transfer.find(f"{bank}/ClrSysMmbId/{path}")
        country = country_of(found.text) if found is not None else None
        if found is not None and country is not None:
            return found._replace(text=country, note="country of the clearing system")
    return None


def _remittance(lines: Iterable[Node]) -> tuple[FoundText, ...]:
    """The lines as one text. After a full line the text was cut, maybe within a word, and goes on as it is."""
    nodes = [node for node in lines if node.text.strip()]
    text = narrative.join_lines("\n".join(node.text.strip("\t\r\n") for node in nodes), REMITTANCE_LINE)
    return (FoundText(text, nodes[-1], "", tuple(nodes[:-1])),) if nodes else ()


def _reports(transfer: Node) -> Iterator[narrative.RegulatoryReport]:
    """Coded reports in free text, as translations from field 77B carry them."""
    lines = 0
    for path in ("RgltryRptg/Dtls/Inf", "InstrForNxtAgt/InstrInf"):
        for node in transfer.every(path):
            lines += 1 + node.text.count("\n")
            if lines > REPORT_LINES:
                raise RefusedMessageError("message.form", path, f"at most {REPORT_LINES} lines in all")
            yield from narrative.reports(node)


def _regulatory_codes(transfer: Node) -> Iterator[tuple[str | None, FoundText]]:
    for reporting in transfer.every("RgltryRptg"):
        authority = reporting.find("Authrty/Ctry")
        for details in reporting.every("Dtls"):
            found = details.find("Cd")
            country = details.find("Ctry") or authority
            if found is not None:
                also = (country.node,) if country is not None else ()
                yield country.text if country is not None else None, found._replace(also=also)
