"""From bytes to transactions and a report: reads, maps payment by payment, and lists whatever was left unused."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import msgspec

from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.contracts.refusal_codes import Fault
from streams.ingest.formats import fin_answers, fin_reader, mt103, pacs008, xml_reader
from streams.ingest.formats.contract import Transaction
from streams.ingest.formats.iso_messages import documents
from streams.ingest.formats.parameters import Parameters
from streams.ingest.formats.payment import MessagePayment
from streams.ingest.formats.reasons import reason
from streams.ingest.formats.result import Converted, Mapped, RefusedMessage, Unmapped
from streams.ingest.formats.tree import Node, RefusedMessageError, find_unused, number

Syntax = Literal["xml", "fin"]


class ConversionLimits(msgspec.Struct, frozen=True):
    """What is read at most: bytes, nodes (elements, attributes, fields), payments (None: as many as there are).

    `report`: whether what was mapped and what was not is listed.
    """

    content: int
    nodes: int
    payments: int | None = None
    report: bool = True


# a file of some 4 000 payments of 70 nodes; a hostile one of millions of tiny nodes would take gigabytes
FILE_LIMITS = ConversionLimits(16 * 1024 * 1024, 300_000)
# One record must not hold ingest's event loop, which is handed back between records only: a payment has some 100 nodes.
# Nobody reads a report there.
RECORD_LIMITS = ConversionLimits(INPUTS[TRANSACTIONS].size_limit, 5_000, 1, report=False)
# bytes of a text's beginning that show its syntax
LOOKED_AT = 64
_BLANKS = b" \t\r\n"
# the first: what Alliance Access writes before a DataPDU, whose length has six digits
_XML_BEGINNINGS = (b"\x1f0", b"<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_FIN_BEGINNINGS = tuple(b"{%s:" % name for name in (b"1", b"2", b"4"))


def syntax_of(beginning: bytes) -> Syntax | None:
    """The syntax that a text's first bytes show: XML (in UTF-8 or UTF-16), FIN, or None for neither."""
    looked_at = beginning[:LOOKED_AT]
    if looked_at.lstrip(_BLANKS).removeprefix(fin_reader.BYTE_ORDER_MARK).lstrip(_BLANKS).startswith(_XML_BEGINNINGS):
        return "xml"
    plain = looked_at.removeprefix(fin_reader.BYTE_ORDER_MARK).lstrip(b" \t\r\n$\x00\x01\x03")
    return "fin" if plain.startswith(_FIN_BEGINNINGS) else None


def convert(
    content: bytes,
    parameters: Parameters,
    syntax: Syntax,
    limits: ConversionLimits = FILE_LIMITS,
    identifiers: Identifiers = DEFAULT,
    timestamp_ms: int | None = None,
) -> Converted:
    """All payments of a message, or of a file of messages, within `limits`. Never raises, whatever the bytes.

    `timestamp_ms` is the Kafka timestamp that their records have or will have (ms UTC): a payment later than a day
    after it is refused (`time.future`), as at the door. None or negative: that is not looked at.

    Linear in bytes and nodes: some 0.4 ms a pacs.008 payment, 0.2 ms an MT103, and as much again for the report of a
    file. The worst found within `RECORD_LIMITS` took 16 ms and 3 MB; within `FILE_LIMITS`, 20 s and 560 MB (290 000
    elements with long names in a long namespace).
    """
    name = pacs008.FORMAT if syntax == "xml" else mt103.FORMAT
    if len(content) > limits.content:
        fault = Fault("size.exceeded", "", f"at most {limits.content} bytes")
        return Converted(format=name, refused=(RefusedMessage("", (fault,)),))
    report = _Report(name, parameters, limits, identifiers, timestamp_ms)
    try:
        (report.xml if syntax == "xml" else report.fin)(content)
    except RefusedMessageError as refused:
        report.refused.append(RefusedMessage("", (refused.fault,)))
    return report.result()


class _Report:
    def __init__(
        self,
        name: str,
        parameters: Parameters,
        limits: ConversionLimits,
        identifiers: Identifiers,
        timestamp_ms: int | None,
    ) -> None:
        self.identifiers, self.timestamp_ms = identifiers, timestamp_ms
        self.name, self.parameters, self.limits = name, parameters, limits
        self.payments = 0
        self.transactions: list[dict[str, Any]] = []
        self.places: list[str] = []
        self.refused: list[RefusedMessage] = []
        self.mapped: list[Mapped] = []
        self.unmapped: list[Unmapped] = []
        # texts that a converted payment used, and the roots of refused payments: nothing is reported of those
        self._used: list[Node] = []
        self._refused_roots: set[Node] = set()

    def xml(self, content: bytes) -> None:
        root = xml_reader.read(content, self.limits.nodes)
        found = documents(root, self.limits.payments)
        self._bound(sum(pacs008.count(one.node) if one.fault is None else 1 for one in found))
        if self.limits.report:
            number(root)
            for document in found:
                # the same number in paths as in faults, which cannot name what a sender put around the document
                document.node.label = document.place.removeprefix("Document")
        for document in found:
            fault = document.fault or self._document(document.node, document.place)
            if fault is not None:
                held = pacs008.count(document.node)
                self.payments += held
                self.refused.append(RefusedMessage(document.place, (fault,), held))
                document.node.forget()
        self._leave(root)

    def _document(self, document: Node, where: str) -> Fault | None:
        """The payments of one pacs.008, or why none of it can be read: the file's other documents are read anyway."""
        try:
            header, transfers = pacs008.transfers(document)
        except RefusedMessageError as refused:
            return refused.fault
        stated = header.every("NbOfTxs")[0]
        stated.used = True
        self._note([(stated, "", "checked: it is the number of payments")], [])
        for place, transfer in enumerate(transfers, 1):
            which = f"{where}/CdtTrfTxInf[{place}]".lstrip("/") if len(transfers) > 1 else where
            self._one(partial(pacs008.payment, header, transfer, self.identifiers), which, transfer)
        return None

    def fin(self, content: bytes) -> None:
        found = fin_answers.sort(fin_reader.read(content, self.limits.nodes))
        self._bound(len(found.messages))
        for place, message in enumerate(found.messages, 1):
            where = f"message[{place}]" if len(found.messages) > 1 else ""
            if self.limits.report:
                number(message.node, where)
            self._one(partial(mt103.read, message, self.identifiers), where, message.node)
            self._leave(message.node)
        for place, (one, why) in enumerate(found.service, 1):
            if one.fault is not None:
                self.refused.append(RefusedMessage(f"service[{place}]", (one.fault,), 0))
            elif self.limits.report:
                number(one.node, f"service[{place}]")
                self.unmapped += [Unmapped(node.path, why) for node in find_unused(one.node)]
        if not found.messages and not self.refused:
            raise RefusedMessageError("message.type", "1", fin_answers.NO_MESSAGE)

    def _bound(self, payments: int) -> None:
        if self.limits.payments is not None and payments > self.limits.payments:
            expected = f"at most {self.limits.payments}; `fxwatch publish` sends each payment as a record of its own"
            raise RefusedMessageError("message.several", "", expected)

    def _one(self, read: Callable[[], MessagePayment], where: str, root: Node) -> None:
        """One payment, whose own texts stand below `root`; a fault of it leaves the others alone."""
        self.payments += 1
        try:
            made = Transaction(read(), self.parameters, self.identifiers, self.timestamp_ms)
        except RefusedMessageError as refused:
            self._refuse(where, (refused.fault,), root)
            return
        if made.faults:
            # a text of the group header may be another payment's too
            for node in (*(one[0] for one in made.mapped), *(one[0] for one in made.unmapped)):
                node.used = False
            self._refuse(where, tuple(made.faults), root)
            return
        self._note(made.mapped, made.unmapped)
        self.transactions.append(made.body)
        self.places.append(where)

    def _refuse(self, where: str, faults: tuple[Fault, ...], root: Node) -> None:
        self.refused.append(RefusedMessage(where, faults))
        self._refused_roots.add(root)

    def _note(self, mapped: list[tuple[Node, str, str]], unmapped: list[tuple[Node, str]]) -> None:
        if self.limits.report:
            self.mapped += [Mapped(node.path, field, note) for node, field, note in mapped]
            self.unmapped += [Unmapped(node.path, why) for node, why in unmapped]
            self._used += [one[0] for one in mapped] + [one[0] for one in unmapped]

    def _leave(self, root: Node) -> None:
        if not self.limits.report:
            return
        for node in self._used:
            node.used = True
        # of a FIN text each message is a root of its own: looked at once more for each, they would be quadratic
        self._used.clear()
        for node in find_unused(root, self._refused_roots):
            path = node.path
            self.unmapped.append(Unmapped(path, reason(path, self.name)))

    def result(self) -> Converted:
        """The report as it stands; of a file without a converted payment there is nothing to report but faults."""
        return Converted(
            format=self.name,
            payments=self.payments,
            transactions=tuple(self.transactions),
            places=tuple(self.places),
            refused=tuple(self.refused),
            mapped=tuple(self.mapped) if self.transactions else (),
            unmapped=tuple(self.unmapped) if self.transactions else (),
        )
