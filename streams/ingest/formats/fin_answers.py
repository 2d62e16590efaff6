"""The network's answers to FIN messages, and whose they are.

A message sent gets a service message as its answer: `{1:F21...}{4:{177:date and time}{451:0}}` acknowledges it,
`{451:1}{405:reason}` refuses it. Copies of messages that were sent have their answer before them. An answer's header
has the logical terminal, session and number of the message that it answers.
"""

import re
from typing import NamedTuple

from streams.contracts.refusal_codes import Fault
from streams.ingest.formats.fin_reader import Message
from streams.ingest.formats.tree import Node

ANSWER = "acknowledgement"
_BASIC = re.compile(r"[A-Z]([0-9]{2})([A-Z0-9]{12})([0-9]{4})([0-9]{6})")
_USER, _ANSWERING = "01", "21"
# what a back office writes where only the network will know the number
_NOT_FILLED = ("0000", "000000")
# the network's error codes: a letter and two characters, and the number of the line where it has one
_REASON = re.compile(r"[A-Z][0-9A-Z]{2}[0-9]{0,3}")
_REFUSED = "1"
NO_MESSAGE = "an MT103; this is an answer or another service message of the network, without the message that it is of"


class Sorted(NamedTuple):
    """Messages of users, each with its answers as a child `acknowledgement`; and what is no message of a user."""

    messages: list[Message]
    service: list[tuple[Message, str]]


def sort(found: list[Message]) -> Sorted:
    """Part messages from answers and other service messages, and put each answer to its message.

    An answer belongs to the message behind it on the same line. One that stands alone belongs to the message of its
    file with the same terminal, session and number; a message right behind it may also lack these. Linear.
    """
    messages = [one for one in found if _service(one) is None]
    by_number: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        by_number.setdefault(_number(message), []).append(message)
    service: list[tuple[Message, str]] = []
    answers_used: set[tuple[str, ...]] = set()
    for place, one in enumerate(found):
        kind = _service(one)
        if kind is None:
            continue
        behind = found[place + 1] if place + 1 < len(found) else None
        answered = []
        if kind == _ANSWERING and one.fault is None:
            answered = _behind(one, behind) or _elsewhere(one, by_number, answers_used)
        for message in answered:
            # a copy each: a node has one parent and is reported at one place
            message.node.children.append(Node(ANSWER, "", [_copy(child) for child in one.node.children]))
        if not answered:
            service.append((one, _reason(kind)))
    return Sorted(messages, service)


def find_refusal(message: Node) -> Fault | None:
    """The fault of a message that the network refused; None of any other."""
    for answer in message.named(ANSWER):
        if any(node.text == _REFUSED for node in answer.every("4/451")):
            told = next((node.text for node in answer.every("4/405") if _REASON.fullmatch(node.text)), None)
            why = f"with reason {told}" if told is not None else "without a reason that can be read"
            return Fault("message.nak", "405", f"a message that the network took: it refused this one {why}")
    return None


def _behind(answer: Message, behind: Message | None) -> list[Message]:
    if behind is None or _service(behind) is not None:
        return []
    number, own = _number(behind), _number(answer)
    unfilled = not number or (number[1:] == _NOT_FILLED and bool(own) and number[0][:8] == own[0][:8])
    return [behind] if not behind.alone or unfilled or number == own else []


def _elsewhere(
    answer: Message, by_number: dict[tuple[str, ...], list[Message]], used: set[tuple[str, ...]]
) -> list[Message]:
    """The messages that have an answer's number.

    A second answer of the same kind is left out: many of them to many messages would be copied once for each pair.
    """
    own = _number(answer)
    kind = (*own, *(node.text for node in answer.node.every("4/451")[:1] if node.text in ("0", _REFUSED)))
    if not own or own[1:] == _NOT_FILLED or kind in used:
        return []
    used.add(kind)
    return by_number.get(own, [])


def _header(message: Message) -> str | None:
    """The basic header's text. The node's index is not asked: it would not know the answers that are put to it."""
    return next((child.text.strip() for child in message.node.children if child.name == "1"), None)


def _service(message: Message) -> str | None:
    """The service's number of what is no message of a user: 21 for answers; None of a user's."""
    header = _header(message)
    written = header[1:3] if header is not None else _USER
    return written if written.isdigit() and written != _USER else None


def _number(message: Message) -> tuple[str, ...]:
    """Logical terminal, session and number; nothing of a header that has another form."""
    parts = _BASIC.fullmatch(_header(message) or "")
    return () if parts is None else parts.groups()[1:]


def _copy(node: Node) -> Node:
    return Node(node.name, node.text, [_copy(child) for child in node.children])


def _reason(kind: str) -> str:
    if kind == _ANSWERING:
        return "the network's answer to a message that is not in this file: no payment"
    return "a service message of the network: no payment"
