"""SWIFT MT103, single customer credit transfer (also with the STP and REMIT flags), from the tree of `fin_reader`."""

import re
from datetime import date

from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.ingest.formats import fin_answers, message_types, narrative
from streams.ingest.formats.fin_parties import LINE, MessageParty, agent
from streams.ingest.formats.fin_reader import Message
from streams.ingest.formats.payment import DECIMAL_LIMIT, MessagePayment, Side, bic, country_of_iban, uetr
from streams.ingest.formats.tree import FoundText, Node, RefusedMessageError

FORMAT = "MT103"
_INPUT = re.compile(r"I103([A-Z0-9]{12}).*")
# output: input time, input reference (date, logical terminal, session and sequence), date and time of output
_OUTPUT = re.compile(r"O103([0-9]{4})([0-9]{6})([A-Z0-9]{12})[0-9]{10}([0-9]{6})([0-9]{4}).*")
_LOGICAL_TERMINAL = re.compile(r"[FAL][0-9]{2}([A-Z0-9]{12}).*")
_SETTLED = re.compile(r"([0-9]{6})([A-Z]{3})([0-9,]+)")
_ORDERED = re.compile(r"([A-Z]{3})([0-9,]+)")
_AMOUNT = re.compile(r"([0-9]+),([0-9]*)")
_TIME_INDICATION = re.compile(r"/([A-Z0-9]{1,8})/([0-9]{2})([0-9]{2})([+-][0-9]{2})([0-9]{2})")
# the network's answer says when, by the clock of the sender's logical terminal
_ANSWERED = re.compile(r"([0-9]{6})([01][0-9]|2[0-3])([0-5][0-9])")
_TYPE = re.compile(r"[IO]([0-9]{3})")
# lines that the standard gives to a party (account or identifier, and four more) and to field 77B
PARTY_LINES, REPORTING_LINES = 5, 3
# SWIFT's rule for two-digit years of value dates: 80 to 99 are of the last century
_LAST_CENTURY_FROM = 80


def read(message: Message, identifiers: Identifiers = DEFAULT) -> MessagePayment:
    """The payment of a message as `fin_answers.sort` leaves it. Raises `RefusedMessageError`.

    What the network refused is no payment, whatever else is wrong with it.
    """
    fault = fin_answers.find_refusal(message.node) or message.fault
    if fault is not None:
        raise RefusedMessageError(fault.code, fault.field, fault.expected)
    return payment(message.node, identifiers)


def payment(message: Node, identifiers: Identifiers = DEFAULT) -> MessagePayment:
    """The payment of one message. Raises `RefusedMessageError`; also for what is no payment (a return, a test)."""
    text = message.one("4")
    header = message.find("2")
    sent = _INPUT.fullmatch(header.text) if header is not None else None
    received = _OUTPUT.fullmatch(header.text) if header is not None else None
    if text is None or header is None or (sent is None and received is None):
        raise _other_type(message, header)
    _refuse_no_payment(message, text)
    partner = _terminal("2", header, sent[1] if sent else received[3] if received else "")
    sender, receiver = _own_terminal(message), partner
    if received:
        sender, receiver = receiver, sender
    told = _reports(text)
    nobody: list[FoundText] = []
    debtor, creditor = _sides(text, (sender, receiver), told, identifiers, nobody)
    value_date, currency, amount = _settled(text)
    ordered_currency, ordered = _ordered(text)
    reference = _reference(message, text, sender, identifiers, nobody)
    return MessagePayment(
        event_id=reference,
        payment_id=reference,
        debtor=debtor,
        creditor=creditor,
        amount=amount,
        currency=currency,
        instructed_amount=ordered,
        instructed_currency=ordered_currency,
        rate=_rate(text),
        time=_time(text, value_date),
        local_times=_local_times(header, received) or _answered(message),
        value_date=value_date,
        purposes=tuple(narrative.read_codes(told)),
        transaction_purpose=text.find("26T"),
        remittance=_remittance(text),
        nobody=tuple(nobody),
    )


def _other_type(message: Node, header: FoundText | None) -> RefusedMessageError:
    """What a message is that is no MT103, by its application header."""
    written = _TYPE.match(header.text) if header is not None else None
    if written is None or written[1] == "103":
        return RefusedMessageError("message.type", "2", "blocks 2 ({2:I103... or {2:O103...) and 4 of an MT103")
    cover = any(node.text.strip() == "COV" for node in message.every("3/119"))
    return RefusedMessageError(
        "message.type", "2", f"an MT103; this is {message_types.describe_type(written[1], cover=cover)}"
    )


def _refuse_no_payment(message: Node, text: Node) -> None:
    operation = text.find("23B")
    if (operation is not None and operation.text == "CRTS") or message.every("5/TNG"):
        raise RefusedMessageError("message.test", "", "a payment, not a test or training message")
    for node in text.every("72"):
        if any(line.startswith(("/RETN/", "/REJT/")) for line in node.text.split("\n")):
            expected = "a payment: send a return as the contract's own record, with original_event_id"
            raise RefusedMessageError("message.returned", "72", expected)


def _bound_lines(node: Node, most: int) -> None:
    if node.text.strip().count("\n") >= most:
        raise RefusedMessageError("message.form", node.name, f"at most {most} lines")


def _terminal(block: str, header: FoundText, written: str) -> FoundText:
    """The BIC of a logical terminal's address: its ninth character is the terminal, not the bank."""
    return bic(FoundText(written[:8] + written[9:], header.node), block)


def _own_terminal(message: Node) -> FoundText | None:
    header = message.find("1")
    written = _LOGICAL_TERMINAL.fullmatch(header.text) if header is not None else None
    return None if header is None or written is None else _terminal("1", header, written[1])


def _needed(text: Node, tag: str) -> FoundText:
    found = text.find(tag)
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


def _split(found: FoundText, *parts: tuple[str, str]) -> list[FoundText]:
    """A field's text as parts by name, so that each is reported or used by itself."""
    found.node.text = ""
    return [FoundText(text, found.node.part(name, text)) for name, text in parts]


def _settled(text: Node) -> list[FoundText]:
    found = _needed(text, "32A")
    parts = _SETTLED.fullmatch(found.text)
    if parts is None:
        raise RefusedMessageError("message.form", "32A", "YYMMDD, currency, amount")
    return _split(
        found, ("value_date", _date(parts[1], "32A")), ("currency", parts[2]), ("amount", _decimal(parts[3], "32A"))
    )


def _ordered(text: Node) -> list[FoundText] | tuple[None, None]:
    found = text.find("33B")
    if found is None:
        return None, None
    parts = _ORDERED.fullmatch(found.text)
    if parts is None:
        raise RefusedMessageError("message.form", "33B", "currency, amount")
    return _split(found, ("currency", parts[1]), ("amount", _decimal(parts[2], "33B")))


def _rate(text: Node) -> FoundText | None:
    found = text.find("36")
    return None if found is None else found._replace(text=_decimal(found.text, "36"))


def _reference(
    message: Node, text: Node, sender: FoundText | None, identifiers: Identifiers, nobody: list[FoundText]
) -> FoundText:
    """The event's and payment's id: the UETR; without one the sender's reference, after the sender's BIC."""
    written = message.find("3/121")
    found = uetr(written, "3/121", identifiers)
    if found is not None:
        return found
    if written is not None:
        nobody.append(written)
    own = _needed(text, "20")
    if identifiers.names_nobody(own.text):
        raise RefusedMessageError("identifier.placeholder", "20", "a UETR, or the sender's own reference")
    if sender is None:
        return own
    return own._replace(text=f"{sender.text}/{own.text}", note="after the sender's BIC", also=(sender.node,))


def _time(text: Node, value_date: FoundText) -> FoundText | None:
    """The value date with the time of debit or credit that field 13C gives with its offset. CLSTIME is a deadline."""
    for node in text.every("13C"):
        parts = _TIME_INDICATION.fullmatch(node.text.strip())
        if parts is not None and parts[1] in ("SNDTIME", "RNCTIME"):
            written = f"{value_date.text}T{parts[2]}:{parts[3]}:00{parts[4]}:{parts[5]}"
            return FoundText(written, node, f"{parts[1]}, on the value date of 32A", (value_date.node,))
    return None


def _local_times(header: FoundText, received: re.Match[str] | None) -> tuple[tuple[str, FoundText], ...]:
    """Times of the network in block 2, each of the clock of the institution that the payment is seen from."""
    if received is None:
        return ()
    given, taken = (received[2], received[1]), (received[4], received[5])
    return tuple(
        (direction, FoundText(f"{_date(day, '2')}T{hour[:2]}:{hour[2:]}:00", header.node, note))
        for direction, (day, hour), note in (("out", given, "time of input"), ("in", taken, "time of output"))
    )


def _answered(message: Node) -> tuple[tuple[str, FoundText], ...]:
    """When the network took a message that was sent: soon after the order. A time of another form is left aside."""
    for node in message.every(f"{fin_answers.ANSWER}/4/177"):
        written = _ANSWERED.fullmatch(node.text)
        try:
            day = _date(written[1], "177") if written is not None else ""
        except RefusedMessageError:
            continue
        if written is not None:
            return (("out", FoundText(f"{day}T{written[2]}:{written[3]}:00", node, "time of acknowledgement")),)
    return ()


def _reports(text: Node) -> list[narrative.RegulatoryReport]:
    """Field 77B, which stands once: 2 700 of them held ingest's event loop for 21 ms, longer than anything else."""
    node = text.one("77B")
    if node is None:
        return []
    _bound_lines(node, REPORTING_LINES)
    return list(narrative.reports(node))


def _remittance(text: Node) -> tuple[FoundText, ...]:
    found = text.find("70")
    return () if found is None else (found._replace(text=narrative.join_lines(found.node.text, LINE)),)


def _option(text: Node, tag: str) -> Node | None:
    """The field with whatever letter option. Raises `RefusedMessageError` when it stands twice."""
    found = [node for node in text.children if node.name[:2] == tag]
    if len(found) > 1:
        raise RefusedMessageError("message.repeated", tag, "one")
    return found[0] if found else None


def _sides(
    text: Node,
    partners: tuple[FoundText | None, FoundText | None],
    told: list[narrative.RegulatoryReport],
    identifiers: Identifiers,
    nobody: list[FoundText],
) -> tuple[Side, Side]:
    """The debtor's and the creditor's side; `partners` are the message's sender and receiver."""
    named = [_option(text, tag) for tag in ("52", "57")]
    agents = [None if node is None else agent(node, identifiers.names_nobody) for node in named]
    nobody += [one.nobody for one in agents if one is not None and one.nobody is not None]
    banks = [*partners, *(one.bic for one in agents if one is not None)]
    sides = []
    for tag, own, partner, whose in zip(
        ("50", "59"), agents, partners, (narrative.ORDERING, narrative.BENEFICIARY), strict=True
    ):
        node = _option(text, tag)
        if node is None:
            raise RefusedMessageError("message.missing", tag, "the field, which the standard demands")
        _bound_lines(node, PARTY_LINES)
        party = MessageParty(node, banks, identifiers.names_nobody)
        told_banks = (country_of_iban(party.account), own.clearing if own is not None else None)
        sides.append(
            Side(
                countries=(*narrative.residence(told, whose), *party.countries),
                identifiers=tuple(party.identifiers()),
                account=party.account,
                bank=own.bic if own is not None else None,
                bank_countries=tuple(found for found in told_banks if found is not None),
                bank_by_standard=partner if own is None else None,
                person=party.person,
            )
        )
    return sides[0], sides[1]
