"""From bytes to transactions and a report: reads, maps payment by payment, and lists whatever was left unused."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import msgspec

from streams.contracts import INPUTS, TRANSACTIONS
from streams.faults import Fault
from streams.formats import fin_reader, mt103, pacs008, xml_reader
from streams.formats.contract import Transaction
from streams.formats.parameters import Parameters
from streams.formats.payment import Payment
from streams.formats.reasons import reason
from streams.formats.result import Converted, Mapped, Unmapped
from streams.formats.tree import Node, RefusedMessageError, number, unused

Syntax = Literal["xml", "fin"]


class Limits(msgspec.Struct, frozen=True):
    """What is read at most: bytes, nodes (elements, attributes, fields), payments (None: as many as there are)."""

    content: int
    nodes: int
    payments: int | None = None


# a file of some 4 000 payments of 70 nodes; a hostile one of millions of tiny nodes would take gigabytes
FILE_LIMITS = Limits(16 * 1024 * 1024, 300_000)
# one record must not hold ingest's event loop: a payment has some 100 nodes, and 5 000 take some 30 ms
RECORD_LIMITS = Limits(INPUTS[TRANSACTIONS].size_limit, 5_000, 1)
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


def convert(content: bytes, parameters: Parameters, syntax: Syntax, limits: Limits = FILE_LIMITS) -> Converted:
    """All payments of a message, or of a file of messages, within `limits`. Never raises, whatever the bytes.

    Linear in the length: some 0.6 ms a pacs.008 payment, 0.3 ms an MT103.
    """
    name = pacs008.FORMAT if syntax == "xml" else mt103.FORMAT
    if len(content) > limits.content:
        return Converted(format=name, faults=(Fault("size.exceeded", "", f"at most {limits.content} bytes"),))
    report = _Report(name, parameters, limits)
    try:
        (report.xml if syntax == "xml" else report.fin)(content)
    except RefusedMessageError as refused:
        report.faults.append(refused.fault)
    return report.result()


class _Report:
    def __init__(self, name: str, parameters: Parameters, limits: Limits) -> None:
        self.name, self.parameters, self.limits = name, parameters, limits
        self.payments = 0
        self.transactions: list[dict[str, Any]] = []
        self.mapped: list[Mapped] = []
        self.unmapped: list[Unmapped] = []
        self.faults: list[Fault] = []

    def xml(self, content: bytes) -> None:
        root = xml_reader.read(content, self.limits.nodes)
        found = [pacs008.transfers(document) for document in pacs008.documents(root)]
        self._bound(sum(len(transfers) for _, transfers in found))
        number(root)
        for header, transfers in found:
            header.every("NbOfTxs")[0].used = True
            self.mapped.append(Mapped(header.every("NbOfTxs")[0].path, "", "checked: it is the number of payments"))
            for place, transfer in enumerate(transfers, 1):
                where = f"CdtTrfTxInf[{place}]/" if len(transfers) > 1 else ""
                self._one(partial(pacs008.payment, header, transfer), where)
        self._leave(root)

    def fin(self, content: bytes) -> None:
        messages = fin_reader.read(content, self.limits.nodes)
        self._bound(len(messages))
        for place, message in enumerate(messages, 1):
            where = f"message[{place}]" if len(messages) > 1 else ""
            number(message, where)
            self._one(partial(mt103.payment, message), f"{where}/" if where else "")
            self._leave(message)

    def _bound(self, payments: int) -> None:
        if self.limits.payments is not None and payments > self.limits.payments:
            expected = f"at most {self.limits.payments}; `fxwatch publish` sends each payment as a record of its own"
            raise RefusedMessageError("message.several", "", expected)

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
