"""SWIFT MT103, single customer credit transfer (also with the STP and REMIT flags), from the tree of `fin_reader`."""

import re
from collections.abc import Iterator
from datetime import date

from streams.formats import narrative
from streams.formats.pacs008 import UETR
from streams.formats.payment import DECIMAL_LIMIT, Identifier, Payment, Side, bic
from streams.formats.tree import Found, Node, RefusedMessageError
from streams.identifiers import DEFAULT, Identifiers

FORMAT = "MT103"
_INPUT = re.compile(r"I103([A-Z0-9]{12}).*")
# output: input time, input reference (date, logical terminal, session and sequence), date and time of output
_OUTPUT = re.compile(r"O103([0-9]{4})([0-9]{6})([A-Z0-9]{12})[0-9]{10}([0-9]{6})([0-9]{4}).*")
_LOGICAL_TERMINAL = re.compile(r"[FAL][0-9]{2}([A-Z0-9]{12}).*")
_SETTLED = re.compile(r"([0-9]{6})([A-Z]{3})([0-9,]+)")
_ORDERED = re.compile(r"([A-Z]{3})([0-9,]+)")
_AMOUNT = re.compile(r"([0-9]+),([0-9]*)")
_TIME_INDICATION = re.compile(r"/([A-Z0-9]{1,8})/([0-9]{2})([0-9]{2})([+-][0-9]{2})([0-9]{2})")
_PARTY_IDENTIFIER = re.compile(r"(ARNU|CCPT|CUST|DRLC|EMPL|NIDN|SOSE|TXID)/([A-Z]{2})/(.+)")
_NUMBERED = re.compile(r"([1-8])/(.*)")
_COUNTRY = re.compile(r"([A-Z]{2})(?:/(.*))?")
# identification codes of field 50F: whose they are; CUST is one institution's own number
_PERSONS = frozenset({"ARNU", "CCPT", "DRLC", "NIDN", "SOSE"})
# lines that the standard gives to a party (account or identifier, and four more) and to field 77B
PARTY_LINES, REPORTING_LINES = 5, 3
# SWIFT's rule for two-digit years of value dates: 80 to 99 are of the last century
_LAST_CENTURY_FROM = 80


def payment(message: Node, identifiers: Identifiers = DEFAULT) -> Payment:
    """The payment of one message. Raises `RefusedMessageError`; also for what is no payment (a return, a test)."""
    text = message.one("4")
    header = message.found("2")
    sent = _INPUT.fullmatch(header.text) if header is not None else None
    received = _OUTPUT.fullmatch(header.text) if header is not None else None
    if text is None or header is None or (sent is None and received is None):
        raise RefusedMessageError("message.type", "2", "blocks 2 and 4 of an MT103")
    _refuse_no_payment(message, text)
    partner = _terminal("2", header, sent[1] if sent else received[3] if received else "")
    sender, receiver = _own_terminal(message), partner
    if received:
        sender, receiver = receiver, sender
    for node in text.every("77B"):
        _bound_lines(node, REPORTING_LINES)
    told = [one for node in text.every("77B") for one in narrative.reports(node)]
    value_date, currency, amount = _settled(text)
    ordered_currency, ordered = _ordered(text)
    event_id, payment_id = _references(message, text, sender, identifiers)
    return Payment(
        event_id=event_id,
        payment_id=payment_id,
        debtor=_side(text, "50", "52", sender, _residence(told, narrative.ORDERING)),
        creditor=_side(text, "59", "57", receiver, _residence(told, narrative.BENEFICIARY)),
        amount=amount,
        currency=currency,
        instructed_amount=ordered,
        instructed_currency=ordered_currency,
        rate=_rate(text),
        time=_time(text, value_date),
        local_times=_local_times(header, received),
        value_date=value_date,
        purposes=tuple(narrative.codes(told)),
        transaction_purpose=text.found("26T"),
        remittance=_remittance(text),
    )


def _refuse_no_payment(message: Node, text: Node) -> None:
    operation = text.found("23B")
    if (operation is not None and operation.text == "CRTS") or message.every("5/TNG"):
        raise RefusedMessageError("message.test", "", "a payment, not a test or training message")
    for node in text.every("72"):
        if any(line.startswith(("/RETN/", "/REJT/")) for line in node.text.split("\n")):
            expected = "a payment: send a return as the contract's own record, with original_event_id"
            raise RefusedMessageError("message.returned", "72", expected)


def _bound_lines(node: Node, most: int) -> None:
    if node.text.strip().count("\n") >= most:
        raise RefusedMessageError("message.form", node.name, f"at most {most} lines")


def _terminal(block: str, header: Found, written: str) -> Found:
    """The BIC of a logical terminal's address: its ninth character is the terminal, not the bank."""
    return bic(Found(written[:8] + written[9:], header.node), block)


def _own_terminal(message: Node) -> Found | None:
    header = message.found("1")
    written = _LOGICAL_TERMINAL.fullmatch(header.text) if header is not None else None
    return None if header is None or written is None else _terminal("1", header, written[1])


def _needed(text: Node, tag: str) -> Found:
    found = text.found(tag)
    if found is None:
        raise RefusedMessageError("message.missing", tag, "the field, which the standard demands")
    return found


def _decimal(written: str, tag: str) -> str:
    """An amount or rate as a decimal with a point: the standard's comma is mandatory, after at least one digit."""
    parts = _AMOUNT.fullmatch(written) if len(written) <= DECIMAL_LIMIT else None
    if parts is None:
        expected = f"digits with one decimal comma, at most {DECIMAL_LIMIT} characters"
        raise RefusedMessageError("message.form", tag, expected)
    return parts[1] + (f".{parts[2]}" if parts[2] else "")


def _date(written: str, tag: str) -> str:
    year = int(written[:2])
    try:
        day = date(year + (1900 if year >= _LAST_CENTURY_FROM else 2000), int(written[2:4]), int(written[4:]))
    except ValueError as fault:
        raise RefusedMessageError("message.form", tag, "a date YYMMDD") from fault
    return day.isoformat()


def _split(found: Found, *parts: tuple[str, str]) -> list[Found]:
    """A field's text as parts by name, so that each is reported or used by itself."""
    found.node.text = ""
    return [Found(text, found.node.part(name, text)) for name, text in parts]


def _settled(text: Node) -> list[Found]:
    found = _needed(text, "32A")
    parts = _SETTLED.fullmatch(found.text)
    if parts is None:
        raise RefusedMessageError("message.form", "32A", "YYMMDD, currency, amount")
    return _split(found, ("value_date", _date(parts[1], "32A")), ("currency", parts[2]),
                  ("amount", _decimal(parts[3], "32A")))  # fmt: skip


def _ordered(text: Node) -> list[Found] | tuple[None, None]:
    found = text.found("33B")
    if found is None:
        return None, None
    parts = _ORDERED.fullmatch(found.text)
    if parts is None:
        raise RefusedMessageError("message.form", "33B", "currency, amount")
    return _split(found, ("currency", parts[1]), ("amount", _decimal(parts[2], "33B")))


def _rate(text: Node) -> Found | None:
    found = text.found("36")
    return None if found is None else found._replace(text=_decimal(found.text, "36"))


def _references(
    message: Node, text: Node, sender: Found | None, identifiers: Identifiers
) -> tuple[Found, Found]:  # fmt: skip
    """The event's id and the payment's: the UETR; without one the sender's reference, after the sender's BIC."""
    uetr = message.found("3/121")
    if uetr is not None:
        if not UETR.fullmatch(uetr.text):
            raise RefusedMessageError("message.form", "3/121", "a UUID version 4 in lower case")
        return uetr, uetr
    own = _needed(text, "20")
    if identifiers.names_nobody(own.text):
        raise RefusedMessageError("identifier.placeholder", "20", "a UETR, or the sender's own reference")
    if sender is not None:
        own = own._replace(text=f"{sender.text}/{own.text}", note="after the sender's BIC", also=(sender.node,))
    return own, own


def _time(text: Node, value_date: Found) -> Found | None:
    """The value date with the time of debit or credit that field 13C gives with its offset. CLSTIME is a deadline."""
    for node in text.every("13C"):
        parts = _TIME_INDICATION.fullmatch(node.text.strip())
        if parts is not None and parts[1] in ("SNDTIME", "RNCTIME"):
            written = f"{value_date.text}T{parts[2]}:{parts[3]}:00{parts[4]}:{parts[5]}"
            return Found(written, node, f"{parts[1]}, on the value date of 32A", (value_date.node,))
    return None


def _local_times(header: Found, received: re.Match[str] | None) -> tuple[tuple[str, Found], ...]:
    """Times of the network in block 2, each of the clock of the institution that the payment is seen from."""
    if received is None:
        return ()
    given, taken = (received[2], received[1]), (received[4], received[5])
    return tuple(
        (direction, Found(f"{_date(day, '2')}T{hour[:2]}:{hour[2:]}:00", header.node, note))
        for direction, (day, hour), note in (("out", given, "time of input"), ("in", taken, "time of output"))
    )


def _residence(told: list[narrative.Report], whose: str) -> tuple[Found, ...]:
    return tuple(one.country for one in told if one.whose == whose)


def _remittance(text: Node) -> tuple[Found, ...]:
    found = text.found("70")
    return () if found is None else (found._replace(text=" ".join(line.strip() for line in found.text.split("\n"))),)


def _option(text: Node, tag: str) -> Node | None:
    """The field with whatever letter option. Raises `RefusedMessageError` when it stands twice."""
    found = [node for node in text.children if node.name[:2] == tag]
    if len(found) > 1:
        raise RefusedMessageError("message.repeated", tag, "one")
    return found[0] if found else None


def _side(text: Node, tag: str, bank_tag: str, partner: Found | None, residence: tuple[Found, ...]) -> Side:
    node = _option(text, tag)
    if node is None:
        raise RefusedMessageError("message.missing", tag, "the field, which the standard demands")
    _bound_lines(node, PARTY_LINES)
    party = _Party(node)
    agent = _option(text, bank_tag)
    bank = partner if agent is None else _agent(agent)
    return Side(
        countries=(*residence, *party.countries), identifiers=tuple(party.identifiers()), account=party.account,
        bank=bank, person=party.person,
    )  # fmt: skip


def _agent(node: Node) -> Found | None:
    """The BIC of field 52A or 57A; other options name none. Before it may stand an account or a clearing code."""
    if not node.name.endswith("A"):
        return None
    lines = node.text.strip().split("\n")
    node.text = ""
    for line in lines[:-1]:
        node.part("party_identifier", line)
    return bic(Found(lines[-1], node.part("bic", lines[-1])), node.name)


class _Party:
    """Field 50a or 59a in parts: account, BIC, identification, and the numbered or free lines of name and address."""

    def __init__(self, node: Node) -> None:
        self.account: Found | None = None
        self.countries: list[Found] = []
        self.person: bool | None = None
        self._shared: list[Identifier] = []
        self._own: list[Identifier] = []
        lines = node.text.strip().split("\n")
        node.text = ""
        if lines[0].startswith("/") and len(lines[0].strip("/")) > 0:
            account = lines.pop(0).lstrip("/")
            self.account = Found(account, node.part("account", account))
        option = node.name[2:]
        if option == "A" and lines:
            self._shared.append(Identifier(bic(Found(lines[0], node.part("bic", lines[0])), node.name), "company"))
            lines = lines[1:]
        for place, line in enumerate(lines, 1):
            if option != "F" or not (self._identification(node, line) or self._numbered(node, line)):
                node.part(f"line[{place}]", line)

    def identifiers(self) -> Iterator[Identifier]:
        """Identifications, those that institutions share first."""
        yield from self._shared
        yield from self._own

    def _identification(self, node: Node, line: str) -> bool:
        parts = _PARTY_IDENTIFIER.fullmatch(line)
        if parts is None:
            return False
        code, country, value = parts.groups()
        if code in ("CUST", "DRLC", "EMPL"):
            # these three name who issued the number before it
            issuer, slash, number = value.partition("/")
            if slash:
                node.part(f"{code}/issuer", issuer)
                value = number
        node.part(f"{code}/country", country)
        found = Found(value, node.part(code, value))
        kept = self._own if code in ("CUST", "EMPL") else self._shared
        kept.append(Identifier(found, "person" if code in _PERSONS else "", own=kept is self._own))
        return True

    def _numbered(self, node: Node, line: str) -> bool:
        """A line `n/...` of option F: 3 country and town, 4 and 5 birth, 6 and 7 numbers; 1, 2 and 8 are names."""
        parts = _NUMBERED.fullmatch(line)
        if parts is None:
            return False
        kind, content = parts.groups()
        if kind in "67":
            country, _, value = content.partition("/")
            issuer, slash, number = value.partition("/") if kind == "6" else ("", "", "")
            if slash:
                node.part("6/issuer", issuer)
                value = number
            node.part(f"{kind}/country", country)
            found = Found(value, node.part(kind, value))
            if value:
                kept = self._own if kind == "6" else self._shared
                kept.append(Identifier(found, "person" if kind == "7" else "", own=kind == "6"))
        elif kind == "3" and (split := _COUNTRY.fullmatch(content)) is not None:
            self.countries.append(Found(split[1], node.part("3/country", split[1])))
            if split[2]:
                node.part("3/town", split[2])
        else:
            node.part(kind, content)
        if kind in "45":
            # only a natural person has a date and a place of birth
            self.person = True
        return True
