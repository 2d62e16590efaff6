"""Which messages of ISO 20022 a text holds: payments (pacs.008), and others, which are named as what they are.

A file from a bank's interface holds more than customers' payments. Nobody can act on "not a pacs.008": the fault says
which message it is, and what to send instead. Names of messages are the standard's; nothing of the sender's is shown.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from streams.contracts.refusal_codes import Fault
from streams.ingest.formats.tree import Node, RefusedMessageError

# Versions of pacs.008.001 that are read. What is mapped stands in the same place in all of them; version 02 alone calls
# a bank's BIC `BIC` and a firm's `BICOrBEI`. Version 01 (2006) has another message element and other identifications.
VERSIONS = frozenset(f"{number:02}" for number in range(2, 14))
READ = "pacs.008.001.02 to pacs.008.001.13"
# an envelope puts a business application header beside the document; wrappers of the network go a little deeper
ENVELOPE_DEPTH = 5
_NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:"
_MESSAGE = re.compile(
    r"\{urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3})\.([0-9]{3})\.([0-9]{2})\}(Document|AppHdr)"
)
_LOOKED_AT = 64
_OWN = "send the contract's own record with status {}, with original_event_id"
_CANCELLED, _CAME_BACK = f"if it was cancelled, {_OWN.format('cancelled')}", _OWN.format("returned")
_BEHIND = "send the pacs.008 of each payment"
# what a message is, and what can be done with what it says
_OTHERS = {
    "pacs.002": ("a report on a payment's status", f"leave it out; {_CANCELLED}"),
    "pacs.003": ("a customer's direct debit", "send one that crossed the border as the contract's own record"),
    "pacs.004": ("a return of a payment", _CAME_BACK),
    "pacs.007": ("a reversal of a payment", _CAME_BACK),
    "pacs.009": (
        "a transfer between financial institutions, not a customer's payment",
        "leave it out; of a cover (COV), send the pacs.008 that it covers",
    ),
    "pacs.010": ("a direct debit between financial institutions, not a customer's payment", "leave it out"),
    "pacs.028": ("a request for a payment's status", "leave it out"),
    "pain.001": ("a customer's order to a bank", "send the pacs.008 that the bank makes of it"),
    "pain.002": ("a report on the status of a customer's order", "leave it out"),
    "pain.007": ("a customer's reversal of a debit", f"if the debit was sent, {_CAME_BACK}"),
    "pain.008": (
        "a customer's order to collect direct debits",
        "send a debit that crossed the border as the contract's own record",
    ),
    "pain.013": ("a creditor's request to be paid", "send the pacs.008 of the payment that follows"),
    "pain.014": ("a report on the status of a creditor's request", "leave it out"),
    "camt.029": ("an answer to an investigation or to a request to cancel", f"leave it out; {_CANCELLED}"),
    "camt.052": ("a report on an account within the day", _BEHIND),
    "camt.053": ("an account's statement", _BEHIND),
    "camt.054": ("a notification of debits and credits", _BEHIND),
    "camt.055": ("a customer's request to cancel a payment", f"leave it out; {_CANCELLED}"),
    "camt.056": ("a bank's request to cancel a payment", f"leave it out; {_CANCELLED}"),
    "camt.057": ("a notice that a payment is to be received", "send the pacs.008 that follows"),
    "head.001": ("a business application header without its message", "send both in one text"),
    "head.002": ("a business file header without a message", "send it with what it announces"),
}
_RETURNED = frozenset({"pacs.004", "pacs.007"})
_AREAS = {
    "acmt": "a message on accounts",
    "admi": "a message of the network's administration",
    "camt": "a message of cash management",
    "head": "a header",
    "pacs": "a message between banks, not a payment",
    "pain": "a message between a customer and a bank, not a payment",
}


class Document(NamedTuple):
    """A message's document in a text, its place there, and why it is no payment (None: it is a pacs.008 to be read)."""

    node: Node
    place: str
    fault: Fault | None


def documents(root: Node, most: int | None = None) -> list[Document]:
    """The documents of an XML tree in order: bare, beside a header, or in an envelope of whatever names.

    No more are looked for once there are more than `most` (None: all). Raises `RefusedMessageError`, naming what stands
    there instead, when there is none. Linear in the number of nodes.
    """
    found: list[tuple[Node, re.Match[str]]] = []
    headers: list[re.Match[str]] = []
    odd = ""
    waiting = [(root, 0)]
    while waiting and (most is None or len(found) <= most):
        node, depth = waiting.pop()
        known = _MESSAGE.fullmatch(node.name)
        if known is not None and known[4] == "Document":
            found.append((node, known))
            continue
        if known is not None:
            headers.append(known)
        odd = odd or _odd(node)
        if depth < ENVELOPE_DEPTH:
            waiting += [(child, depth + 1) for child in reversed(node.children)]
    if found:
        several = len(found) > 1
        return [
            Document(node, f"Document[{place}]" if several else "", _fault(*known.group(1, 2, 3)))
            for place, (node, known) in enumerate(found, 1)
        ]
    if headers and not odd:
        raise RefusedMessageError("message.type", "", _told(headers[0][1]))
    raise RefusedMessageError("message.type", "", f"a Document of {READ}{odd}")


def _odd(node: Node) -> str:
    """What keeps a text that looks like a message from being one, as far as it can be seen; empty for nothing."""
    if node.name.rpartition("}")[2] == "Document" and not node.name.startswith(_NAMESPACE):
        return "; here is a Document of another namespace than urn:iso:std:iso:20022:tech:xsd:pacs.008..., or of none"
    if node.text[:_LOOKED_AT].lstrip().startswith("<"):
        return "; here XML stands as text inside an element (CDATA or escaped): take it out of its wrapper"
    return ""


@lru_cache(maxsize=64)
def _fault(name: str, variant: str, version: str) -> Fault | None:
    if name != "pacs.008":
        return Fault("message.returned" if name in _RETURNED else "message.type", "", _told(name))
    if variant == "001" and version in VERSIONS:
        return None
    return Fault("message.type", "", f"{READ}; this is pacs.008.{variant}.{version}")


def _told(name: str) -> str:
    what, instead = _OTHERS.get(name, (_AREAS.get(name[:4], "another message of ISO 20022"), "leave it out"))
    return f"pacs.008, a customer's payment; this is {name}, {what}: {instead}"
