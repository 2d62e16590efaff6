"""From bytes to transactions and a report: reads, maps payment by payment, and lists whatever was left unused."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

from streams.faults import Fault
from streams.formats import fin_reader, mt103, pacs008, xml_reader
from streams.formats.contract import Transaction
from streams.formats.parameters import Parameters
from streams.formats.payment import Payment
from streams.formats.reasons import reason
from streams.formats.result import Converted, Mapped, Unmapped
from streams.formats.tree import Node, RefusedMessageError, number, unused

Syntax = Literal["xml", "fin"]
# a file of some 8 000 payments; read into memory as a whole, some 10 times as large there
FILE_LIMIT = 16 * 1024 * 1024
_LOOKED_AT = 64
_XML_BEGINNINGS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_FIN_BEGINNINGS = tuple(b"{%s:" % name for name in (b"1", b"2", b"4"))


def syntax_of(beginning: bytes) -> Syntax | None:
    """The syntax that a text's first bytes show: XML (in UTF-8 or UTF-16), FIN, or None for neither."""
    looked_at = beginning[:_LOOKED_AT]
    if looked_at.lstrip(b" \t\r\n").startswith(_XML_BEGINNINGS):
        return "xml"
    plain = looked_at.removeprefix(fin_reader.BYTE_ORDER_MARK).lstrip(b" \t\r\n$\x00\x01")
    return "fin" if plain.startswith(_FIN_BEGINNINGS) else None


def convert(content: bytes, parameters: Parameters, syntax: Syntax, limit: int = FILE_LIMIT) -> Converted:
    """All payments of a message, or of a file of messages, of at most `limit` bytes. Never raises, whatever the bytes.

    Linear in the length: some 0.2 ms a payment.
    """
    name = pacs008.FORMAT if syntax == "xml" else mt103.FORMAT
    if len(content) > limit:
        return Converted(format=name, faults=(Fault("size.exceeded", "", f"at most {limit} bytes"),))
    report = _Report(name, parameters)
    try:
        (report.xml if syntax == "xml" else report.fin)(content)
    except RefusedMessageError as refused:
        report.faults.append(refused.fault)
    return report.result()


class _Report:
    def __init__(self, name: str, parameters: Parameters) -> None:
        self.name, self.parameters = name, parameters
        self.payments = 0
        self.transactions: list[dict[str, Any]] = []
        self.mapped: list[Mapped] = []
        self.unmapped: list[Unmapped] = []
        self.faults: list[Fault] = []

    def xml(self, content: bytes) -> None:
        root = xml_reader.read(content)
        number(root)
        for document in pacs008.documents(root):
            header, transfers = pacs008.transfers(document)
            header.every("NbOfTxs")[0].used = True
            self.mapped.append(Mapped(header.every("NbOfTxs")[0].path, "", "checked: it is the number of payments"))
            for place, transfer in enumerate(transfers, 1):
                where = f"CdtTrfTxInf[{place}]/" if len(transfers) > 1 else ""
                self._one(partial(pacs008.payment, header, transfer), where)
        self._leave(root)

    def fin(self, content: bytes) -> None:
        messages = fin_reader.read(content)
        for place, message in enumerate(messages, 1):
            where = f"message[{place}]" if len(messages) > 1 else ""
            number(message, where)
            self._one(partial(mt103.payment, message), f"{where}/" if where else "")
            self._leave(message)

    def _one(self, read: Callable[[], Payment], where: str) -> None:
        """One payment; a fault of it leaves the others alone."""
        self.payments += 1
        try:
            made = Transaction(read(), self.parameters)
        except RefusedMessageError as refused:
            self.faults.append(_at(refused.fault, where))
            return
        self.mapped += made.mapped
        self.unmapped += made.unmapped
        self.faults += [_at(fault, where) for fault in made.faults]
        if not made.faults:
            self.transactions.append(made.body)

    def _leave(self, root: Node) -> None:
        self.unmapped += self._unused(root)

    def _unused(self, root: Node) -> Iterator[Unmapped]:
        for node in unused(root):
            yield Unmapped(node.path, reason(node.path, self.name))

    def result(self) -> Converted:
        """The report as it stands."""
        return Converted(
            format=self.name,
            payments=self.payments,
            transactions=tuple(self.transactions),
            mapped=tuple(self.mapped),
            unmapped=tuple(self.unmapped),
            faults=tuple(self.faults),
        )


def _at(fault: Fault, where: str) -> Fault:
    return Fault(fault.code, f"{where}{fault.field}".rstrip("/"), fault.expected)
