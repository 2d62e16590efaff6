"""ISO 20022 pacs.008, customer credit transfer between institutions: versions 001.08 to 001.13.

What is read stands in the same place in all six; what later versions added is not in the contract and is reported.
"""

import re
from collections.abc import Iterator

from streams.formats import narrative
from streams.formats.clearing import country_of_member, country_of_system
from streams.formats.contract import is_time
from streams.formats.payment import DECIMAL_LIMIT, Identifier, Payment, Side, bic, country_of_bic, country_of_iban
from streams.formats.tree import Found, Node, RefusedMessageError
from streams.identifiers import DEFAULT, Identifiers, is_iban, is_lei

FORMAT = "pacs.008"
_DOCUMENT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:pacs\.008\.001\.(\d\d)\}Document")
VERSIONS = frozenset({"08", "09", "10", "11", "12", "13"})
MESSAGE, TRANSFER = "FIToFICstmrCdtTrf", "CdtTrfTxInf"
# an envelope puts a business application header beside the document; wrappers of the network go a little deeper
_ENVELOPE_DEPTH = 4
# a report takes one line of at most 140 characters; without a bound a record holds 60 000 of two bytes, each a part
REPORT_LINES = 1_000
UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AMOUNT = re.compile(r"\+?([0-9]*)(?:\.([0-9]*))?")
# ISO 20022 external code lists: a number that one institution gave its customer, not one that others share
_OWN_SCHEMES = frozenset({"CUST", "BANK"})


def documents(root: Node) -> list[Node]:
    """The pacs.008 documents of an XML tree, bare or in an envelope. Raises `RefusedMessageError` for none."""
    found, waiting = [], [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        written = _DOCUMENT.fullmatch(node.name)
        if written is not None and written[1] in VERSIONS:
            found.append(node)
        elif depth < _ENVELOPE_DEPTH:
            waiting += [(child, depth + 1) for child in reversed(node.children)]
    if not found:
        raise RefusedMessageError("message.type", "", "a Document of pacs.008.001.08 to pacs.008.001.13")
    return found


def transfers(document: Node) -> tuple[Node, list[Node]]:
    """The group header and the transfers. Raises `RefusedMessageError`, also for another number than is stated."""
    message = document.one(MESSAGE)
    header = message.one("GrpHdr") if message is not None else None
    if message is None or header is None:
        raise RefusedMessageError("message.missing", "GrpHdr", "a group header")
    found = message.every(TRANSFER)
    stated = header.found("NbOfTxs")
    if stated is None or not found or stated.text.lstrip("0") != str(len(found)):
        raise RefusedMessageError("message.count", "GrpHdr/NbOfTxs", "the number of CdtTrfTxInf that follow")
    return header, found


def payment(header: Node, transfer: Node, identifiers: Identifiers = DEFAULT) -> Payment:
    """The payment of one `CdtTrfTxInf`. Raises `RefusedMessageError`."""
    event_id, payment_id = _references(header, transfer, identifiers)
    reports = list(_reports(transfer))
    instructed = transfer.found("InstdAmt")
    stated = [found for found in (transfer.found("AccptncDtTm"), transfer.found("SttlmTmIndctn/DbtDtTm"),
                                  header.found("CreDtTm")) if found is not None]  # fmt: skip
    kinds = [(is_time(found.text), found) for found in stated]
    created = header.found("CreDtTm")
    local = [("out", created)] if created is not None and is_time(created.text) is False else []
    return Payment(
        event_id=event_id,
        payment_id=payment_id,
        debtor=_side(transfer, "Dbtr", "DbtrAgt", _residence(reports, narrative.ORDERING)),
        creditor=_side(transfer, "Cdtr", "CdtrAgt", _residence(reports, narrative.BENEFICIARY)),
        amount=_decimal(_needed(transfer, "IntrBkSttlmAmt")),
        currency=_needed(transfer, "IntrBkSttlmAmt/@Ccy"),
        instructed_amount=_decimal(instructed) if instructed is not None else None,
        instructed_currency=transfer.found("InstdAmt/@Ccy"),
        rate=_optional_decimal(transfer.found("XchgRate")),
        time=next((found for zoned, found in kinds if zoned), None),
        local_times=tuple(local),
        purposes=(*_regulatory_codes(transfer), *narrative.codes(reports)),
        transaction_purpose=transfer.found("Purp/Cd") or transfer.found("Purp/Prtry"),
        remittance=tuple(Found(text, node) for node in transfer.every("RmtInf/Ustrd") if (text := node.text.strip())),
        ultimate_debtor=tuple(_identifiers(transfer.one("UltmtDbtr"))),
        ultimate_creditor=tuple(_identifiers(transfer.one("UltmtCdtr"))),
    )  # fmt: skip


def _needed(node: Node, path: str) -> Found:
    found = node.found(path)
    if found is None:
        raise RefusedMessageError("message.missing", path, "the element, which the standard demands")
    return found


def _decimal(found: Found) -> Found:
    """An XML decimal as plain digits with a point; a minus sign, an exponent or anything else is a fault."""
    parts = _AMOUNT.fullmatch(found.text) if len(found.text) <= DECIMAL_LIMIT else None
    if parts is None or not (parts[1] or parts[2]):
        expected = f"a decimal of at most {DECIMAL_LIMIT} characters, without a minus sign"
        raise RefusedMessageError("message.form", found.node.name, expected)
    return found._replace(text=(parts[1] or "0") + (f".{parts[2]}" if parts[2] else ""))


def _optional_decimal(found: Found | None) -> Found | None:
    return None if found is None else _decimal(found)


def _references(header: Node, transfer: Node, identifiers: Identifiers) -> tuple[Found, Found | None]:
    """The event's id and the payment's: the UETR; without one the transaction's number, after the bank that gave it."""
    uetr = transfer.found("PmtId/UETR")
    if uetr is not None:
        if not UETR.fullmatch(uetr.text):
            raise RefusedMessageError("message.form", "PmtId/UETR", "a UUID version 4 in lower case")
        return uetr, uetr
    told = [found for found in (transfer.found("PmtId/TxId"), transfer.found("PmtId/InstrId")) if found is not None]
    own = next((found for found in told if not identifiers.names_nobody(found.text)), None)
    if own is None:
        code = "identifier.placeholder" if told else "message.missing"
        raise RefusedMessageError(code, "PmtId", "UETR, TxId or InstrId")
    sender = _bic(transfer, "InstgAgt") or _bic(header, "InstgAgt")
    if sender is not None:
        note = "after the BIC of InstgAgt, which gave it"
        own = own._replace(text=f"{sender.text}/{own.text}", note=note, also=(sender.node,))
    return own, own


def _bic(node: Node, agent: str) -> Found | None:
    place = f"{agent}/FinInstnId/BICFI"
    found = node.found(place)
    return None if found is None else bic(found, place)


def _side(transfer: Node, party: str, agent: str, residence: tuple[Found, ...]) -> Side:
    bank = f"{agent}/FinInstnId"
    account = _iban(transfer, f"{party}Acct/Id/IBAN") or transfer.found(f"{party}Acct/Id/Othr/Id")
    firm = _firm(transfer.one(party))
    countries = (transfer.found(f"{party}/CtryOfRes"), *residence, transfer.found(f"{party}/PstlAdr/Ctry"),
                 country_of_bic(firm) if firm is not None else None)  # fmt: skip
    bank_countries = (country_of_iban(account), transfer.found(f"{bank}/PstlAdr/Ctry"), _clearing(transfer, bank))
    return Side(
        countries=tuple(found for found in countries if found is not None),
        identifiers=tuple(_identifiers(transfer.one(party))),
        account=account,
        bank=_bic(transfer, agent),
        bank_countries=tuple(found for found in bank_countries if found is not None),
        branch=transfer.found(f"{agent}/BrnchId/Id"),
    )


def _clearing(transfer: Node, bank: str) -> Found | None:
    """The country of the clearing system that a bank is a member of, by the system's code or the member's number."""
    system, member = transfer.found(f"{bank}/ClrSysMmbId/ClrSysId/Cd"), transfer.found(f"{bank}/ClrSysMmbId/MmbId")
    if system is not None:
        found, country = system, country_of_system(system.text)
    elif member is not None:
        found, country = member, country_of_member(member.text)
    else:
        return None
    return None if country is None else found._replace(text=country, note="country of the clearing system")


def _iban(transfer: Node, place: str) -> Found | None:
    """An account that the message itself calls an IBAN: then nothing else will do."""
    found = transfer.found(place)
    if found is not None and not is_iban(found.text.replace(" ", "").upper()):
        raise RefusedMessageError("identifier.check_digits", place, "an IBAN of its country's form and check digits")
    return found


def _identifiers(party: Node | None) -> Iterator[Identifier]:
    """A party's identifications: LEI, then registered numbers, then a firm's BIC, then one institution's numbers."""
    if party is None:
        return
    own = []
    lei = party.found("Id/OrgId/LEI")
    if lei is not None:
        if not is_lei(lei.text.upper()):
            raise RefusedMessageError("identifier.check_digits", f"{party.name}/Id/OrgId/LEI", "an LEI (ISO 17442)")
        yield Identifier(lei, "company")
    for choice, kind in (("OrgId", "company"), ("PrvtId", "person")):
        for node in party.every(f"Id/{choice}/Othr"):
            found = node.found("Id")
            if found is None:
                continue
            scheme = node.found("SchmeNm/Cd")
            if scheme is not None and scheme.text in _OWN_SCHEMES:
                own.append(Identifier(found, kind, own=True))
            else:
                yield Identifier(found, kind)
    firm = _firm(party)
    if firm is not None:
        yield Identifier(firm, "company")
    yield from own


def _firm(party: Node | None) -> Found | None:
    """A party's own BIC: of a firm, or of a bank that pays for itself."""
    found = party.found("Id/OrgId/AnyBIC") if party is not None else None
    return None if party is None or found is None else bic(found, f"{party.name}/Id/OrgId/AnyBIC")


def _reports(transfer: Node) -> Iterator[narrative.Report]:
    """Coded reports in free text, as translations from field 77B carry them."""
    lines = 0
    for path in ("RgltryRptg/Dtls/Inf", "InstrForNxtAgt/InstrInf"):
        for node in transfer.every(path):
            lines += 1 + node.text.count("\n")
            if lines > REPORT_LINES:
                raise RefusedMessageError("message.form", path, f"at most {REPORT_LINES} lines in all")
            yield from narrative.reports(node)


def _residence(reports: list[narrative.Report], whose: str) -> tuple[Found, ...]:
    return tuple(told.country for told in reports if told.whose == whose)


def _regulatory_codes(transfer: Node) -> Iterator[tuple[str | None, Found]]:
    for reporting in transfer.every("RgltryRptg"):
        authority = reporting.found("Authrty/Ctry")
        for details in reporting.every("Dtls"):
            found = details.found("Cd")
            country = details.found("Ctry") or authority
            if found is not None:
                also = (country.node,) if country is not None else ()
                yield country.text if country is not None else None, found._replace(also=also)
