"""SWIFT FIN messages to trees: blocks 1 to 5, and the fields of block 4. Strict and linear.

Our own reader, because Python has no well-kept one that is strict (docs/FORMATS.md says what was looked at). The
syntax is small: a block is `{n:...}`, block 4 holds fields `:tag:` at the start of a line and ends with a line `-}`.
"""

import re
from collections.abc import Iterator

from streams.formats.tree import Node, RefusedMessageError

_TAG = re.compile(r":([0-9]{2}[A-Z]?):")
_BLOCK = re.compile(r"\{([1-5S]):")
_INNER = re.compile(r"\{([0-9]{3}|[A-Z]{3}):([^{}]*)\}")
# block 4 ends with a hyphen at the start of a line; inside a text no line may begin with one
_TEXT_END = re.compile(r"(?:^|\n)-\}")
# `$` parts messages in RJE files; SOH and ETX do in DOS-PCC files; NUL and blanks fill its sectors
_BETWEEN = " \t\r\n$\x00\x01\x03"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(content: bytes, most: int) -> list[Node]:
    """The messages of a FIN text, each a tree: `1`, `2`, `3/121`, `4/32A`, `5/PDE`. Raises `RefusedMessageError`.

    `most` bounds messages, blocks, inner blocks and fields together, and the lines of a block 4, of which the mapping
    makes parts. Linear in the length, which the caller bounds: 2 us a field or line.
    """
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        raise RefusedMessageError("fin.malformed", "", "ASCII: SWIFT's character set x has nothing else") from fault
    messages: list[Node] = []
    place, count = _next(text, 0), 0
    while place < len(text):
        opening = _BLOCK.match(text, place)
        if opening is None:
            raise RefusedMessageError("fin.malformed", "", "blocks {1:...} to {5:...}")
        name = opening[1]
        known = {child.name for child in messages[-1].children} if messages else set()
        if not messages or name == "1" or name in known:
            messages.append(Node("message"))
            count += 1
        block, place = _block(text, name, opening.end(), most)
        count += 1 + len(block.children)
        if count > most:
            raise _too_many(most)
        messages[-1].children.append(block)
        place = _next(text, place)
    if not messages:
        raise RefusedMessageError("fin.malformed", "", "a message")
    return messages


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BETWEEN:
        place += 1
    return place


def _too_many(most: int) -> RefusedMessageError:
    return RefusedMessageError("size.exceeded", "", f"at most {most} blocks and fields")


def _block(text: str, name: str, begin: int, most: int) -> tuple[Node, int]:
    """The block whose content begins at `begin`, and where the next may begin."""
    if name == "4":
        ending = _TEXT_END.search(text, begin)
        if ending is None:
            raise RefusedMessageError("fin.malformed", "4", "a last line -}")
        return Node("4", "", list(_fields(text[begin : ending.start()], most))), ending.end()
    if name in ("1", "2"):
        end = text.find("}", begin)
        if end < 0 or "{" in text[begin:end]:
            raise RefusedMessageError("fin.malformed", name, "a closed block")
        return Node(name, text[begin:end]), end + 1
    children = []
    place = begin
    while (inner := _INNER.match(text, place)) is not None:
        # an inner block without content, as {TNG:}, says something by being there
        children.append(Node(inner[1], inner[2]))
        if len(children) > most:
            raise _too_many(most)
        place = inner.end()
    if not text.startswith("}", place):
        raise RefusedMessageError("fin.malformed", name, "inner blocks {nnn:...} and an end")
    return Node(name, "", children), place + 1


def _fields(text: str, most: int) -> Iterator[Node]:
    """The fields of block 4, in order; lines that begin with no tag go on with the field before."""
    node: Node | None = None
    lines: list[str] = []
    count = 0
    if text.count("\n") > most:
        raise RefusedMessageError("size.exceeded", "4", f"at most {most} lines")
    for line in text.removeprefix("\n").split("\n"):
        tag = _TAG.match(line)
        if tag is None:
            if node is None or line.startswith(":"):
                raise RefusedMessageError("fin.malformed", "4", "lines of fields :nn[a]:")
            lines.append(line)
            continue
        if node is not None:
            node.text = "\n".join(lines)
            yield node
        count += 1
        if count > most:
            raise _too_many(most)
        node, lines = Node(tag[1]), [line[tag.end() :]]
    if node is None:
        raise RefusedMessageError("fin.malformed", "4", "fields")
    node.text = "\n".join(lines)
    yield node
