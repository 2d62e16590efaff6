"""SWIFT FIN messages to trees: blocks 1 to 5 and S, and the fields of block 4. Strict and linear.

Our own reader, because Python has no well-kept one that is strict (docs/FORMATS.md says what was looked at). The
syntax is small: a block is `{n:...}`, block 4 holds fields `:tag:` at the start of a line and ends with a line `-}`;
in service and system messages it holds inner blocks instead, as `{4:{177:2603101530}{451:0}}`.
"""

import re
from collections.abc import Iterator

from streams.contracts.refusal_codes import Fault
from streams.ingest.formats.tree import Node, RefusedMessageError

_TAG = re.compile(r":([0-9]{2}[A-Z]?):")
_BLOCK = re.compile(r"\{([1-5S]):")
# the headers have 25 and at most 47 characters; the bound keeps a file of unclosed ones from being searched to its end
_HEADER = re.compile(r"([^{}\n]{0,200})\}")
_INNER = re.compile(r"\{([0-9A-Z]{3}):([^{}]*)\}")
# an interface writes into its own block what it likes
_PLAIN = re.compile(r"([^{}\n]{1,200})\}")
# `$` parts messages in RJE files; SOH and ETX do in DOS-PCC files, NUL and blanks fill its sectors, SUB ends DOS files
_BETWEEN = re.compile(r"[ \t\r\n$\x00\x01\x03\x1a]*")
# Block 4 ends with a hyphen at the start of a line; inside a text no line may begin with one. Where another message
# begins before that, the end is missing. One search for both: two would each go through the rest of the file.
_TEXT_END = re.compile(r"\n-\}|[\n$\x00\x01\x03\x1a](?=\{1:)")
_MESSAGE = re.compile(r"(?:^|[\n$\x00\x01\x03\x1a])(?=\{1:)")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
# only where a run of CR begins: tried at each of them, 60 000 without LF took 2 s
_LINE_END = re.compile(r"(?<!\r)\r++\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MALFORMED = "fin.malformed"


class Message:
    """One message: its tree (`1`, `2`, `3/121`, `4/32A`, `5/PDE`), or the fault for which it could not be read whole.

    `alone`: a separator or the end of a line stands before it, so that it is not on one line with the message before.
    """

    __slots__ = ("alone", "fault", "node")

    def __init__(self, between: str = "") -> None:
        self.node = Node("message")
        self.fault: Fault | None = None
        self.alone = bool(between.strip(" \t"))


def read(content: bytes, most: int) -> list[Message]:
    """The messages of a FIN text, in order. Raises `RefusedMessageError` when there is none, or too much of any.

    A malformed message has its fault, with the line of the text where it was found; reading goes on with the next
    that begins a line or stands behind a separator. `most` bounds messages, blocks, inner blocks and fields together,
    and the lines of a block 4, of which the mapping makes parts. Linear in the length, which the caller bounds: 2 us a
    field or line.
    """
    text = _LINE_END.sub("\n", content.removeprefix(BYTE_ORDER_MARK).decode("latin-1"))
    found = _Reader(text, most).messages()
    if not found:
        raise RefusedMessageError(_MALFORMED, "", "a message")
    return found


class _Malformed(Exception):  # noqa: N818 - a step of the reader, which becomes a message's fault
    def __init__(self, block: str, place: int, expected: str) -> None:
        self.block, self.place, self.expected = block, place, expected


class _Reader:
    def __init__(self, text: str, most: int) -> None:
        self._text, self._most, self._left = text, most, most
        self._counted, self._line = 0, 1

    def messages(self) -> list[Message]:
        found: list[Message] = []
        text, place = self._text, 0
        between = self._between(place)
        place = len(between)
        while place < len(text):
            begin, opening = place, _BLOCK.match(text, place)
            name = opening[1] if opening is not None else ""
            if not found or _begins(found[-1], name):
                self._take(1)
                found.append(Message(between))
            message = found[-1]
            try:
                block, place = self._next(opening, begin)
                message.node.children.append(block)
            except _Malformed as fault:
                where = f"line {self._line_of(fault.place)}: {fault.expected}"
                message.fault = Fault(_MALFORMED, fault.block, where)
                following = _MESSAGE.search(text, max(fault.place, begin + 1) - 1)
                place = following.end() if following is not None else len(text)
                # what was left out may have ended with a separator
                between = text[max(begin, place - 1) : place]
                continue
            between = self._between(place)
            place += len(between)
        return found

    def _between(self, place: int) -> str:
        gap = _BETWEEN.match(self._text, place)
        return gap[0] if gap is not None else ""

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise RefusedMessageError("size.exceeded", "", f"at most {self._most} blocks and fields")

    def _line_of(self, place: int) -> int:
        """The number of the line of a place, counted on from the place before: faults come in the text's order."""
        if place > self._counted:
            self._line += self._text.count("\n", self._counted, place)
            self._counted = place
        return self._line

    def _next(self, opening: re.Match[str] | None, begin: int) -> tuple[Node, int]:
        """The block that begins at `begin`, and where it ends."""
        if opening is None:
            raise _Malformed("", begin, "a block {1:...} to {5:...}")
        block, end = self._block(opening[1], opening.end())
        foreign = None if self._text[begin:end].isascii() else _FOREIGN.search(self._text, begin, end)
        if foreign is not None:
            raise _Malformed(opening[1], foreign.start(), "ASCII: SWIFT's character set x has nothing else")
        return block, end

    def _block(self, name: str, begin: int) -> tuple[Node, int]:
        """The block whose content begins at `begin`, and where it ends."""
        self._take(1)
        text = self._text
        if name in ("1", "2"):
            header = _HEADER.match(text, begin)
            if header is None:
                raise _Malformed(name, begin, "a header that is closed by }")
            return Node(name, header[1]), header.end()
        if name == "4" and not text.startswith("{", begin):
            ending = _TEXT_END.search(text, begin)
            if ending is None or ending[0] != "\n-}":
                place = len(text) if ending is None else ending.end()
                raise _Malformed("4", place, "a line -} before it, which ends the text")
            return Node("4", "", list(self._fields(begin, ending.start()))), ending.end()
        if name == "S" and (plain := _PLAIN.match(text, begin)) is not None:
            return Node(name, plain[1]), plain.end()
        children = []
        place = begin
        while (inner := _INNER.match(text, place)) is not None:
            # an inner block without content, as {TNG:}, says something by being there
            self._take(1)
            children.append(Node(inner[1], inner[2]))
            place = inner.end()
        if not text.startswith("}", place):
            raise _Malformed(name, place, "inner blocks {nnn:...} and }")
        return Node(name, "", children), place + 1

    def _fields(self, begin: int, end: int) -> Iterator[Node]:
        """The fields of block 4, in order; lines that begin with no tag go on with the field before."""
        text = self._text[begin:end]
        if text.count("\n") > self._most:
            raise RefusedMessageError("size.exceeded", "4", f"at most {self._most} lines")
        node: Node | None = None
        lines: list[str] = []
        place = begin
        for line in text.split("\n"):
            tag = _TAG.match(line)
            if tag is not None:
                if node is not None:
                    node.text = "\n".join(lines)
                    yield node
                self._take(1)
                node, lines = Node(tag[1]), [line[tag.end() :]]
            elif (node is None and (line.strip() or place > begin)) or line.startswith(":"):
                raise _Malformed("4", place, "a field tag at its start, as :20: or :32A:")
            elif node is not None:
                lines.append(line)
            place += len(line) + 1
        if node is None:
            raise _Malformed("4", begin, "fields")
        node.text = "\n".join(lines)
        yield node


def _begins(before: Message, name: str) -> bool:
    """Whether a block, or what is none, begins another message than the one before."""
    known = {child.name for child in before.node.children}
    return before.fault is not None or name in ("", "1") or name in known or (name in ("2", "3") and "4" in known)
