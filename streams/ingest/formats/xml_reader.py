"""XML to a tree, by Expat, without anything in XML that expands, includes or fetches.

A document type declaration is refused at its first character, so that there are no entities but XML's own five, no
external ones, and no defaults of attributes: neither billion laughs nor a file or address read. Expat is the
standard library's parser and is kept with Python; `defusedxml` sets the same hooks and has had no release since 2021.
"""

import re
from typing import Any
from xml.parsers import expat

from streams.ingest.formats.tree import Node, RefusedMessageError

# pacs.008 nests 14 deep in its deepest remittance element; a header and an envelope add 4
DEPTH_LIMIT = 32
# Expat writes the namespace before every name below it: one of a megabyte would be copied for each of 300 000 elements
NAMESPACE_LIMIT = 256
# the longest name of ISO 20022 has some 40; a name is shown in the report once for each element that bears it
NAME_LIMIT = 128
# ISO 20022 XML is UTF-8; UTF-16 is what XML itself demands of every parser
UTF_16 = frozenset({"utf-16", "utf-16le", "utf-16be"})
ENCODINGS = frozenset({"utf-8", "us-ascii", *UTF_16})
_UTF_16_BEGINNINGS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
# What senders put before a root or its XML declaration: blank lines, the byte order mark of files that were joined, and
# what SWIFT Alliance Access writes before each DataPDU of a file (format XML v2): 1F, its length, a signature or NULs.
_BEFORE_ROOT = re.compile(rb"[ \t\r\n]*+(?:\x1f[0-9]{6}[A-Za-z0-9+/=\x00 ]{24})?(?:\xef\xbb\xbf)?[ \t\r\n]*+(?=<)")
# Each root has a parser of its own, which takes some 15 us to make: with a reserve, as long as so many elements.
ROOT_COST = 20
_FIRST_PIECE = 4096
_CODES = expat.errors.codes
# how Expat names a second root, and a byte order mark before it
_BEHIND_ROOT = frozenset(
    _CODES[name] for name in (expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT, expat.errors.XML_ERROR_INVALID_TOKEN)
)
_OF_ENCODING = frozenset(
    _CODES[name] for name in (expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING)
)


def read(content: bytes, most: int) -> Node:
    """The root of an XML text; where roots stand one after another, a node without a name that holds them in order.

    Networks hand over a business application header and its document that way, each with or without an XML declaration,
    and files are pieced together from such pairs. Names of the root's namespace changes are `{namespace}name`.

    `most` bounds elements and attributes; each further root counts as `ROOT_COST` of them. Raises
    `RefusedMessageError`. Linear in the length, which the caller bounds: 3 us an element, 15 us a root, and a name is
    kept once however many elements bear it.
    """
    text, is_utf_8 = _as_utf_8(content)
    builder = _Builder(most, ENCODINGS if is_utf_8 else UTF_16)
    before = _BEFORE_ROOT.match(text)
    view, place = memoryview(text), before.end() if before else 0
    while place < len(text) or not builder.top.children:
        if builder.top.children:
            builder.count(ROOT_COST)
        place = _root(builder, view, place, is_utf_8=is_utf_8)
    roots = builder.top.children
    return roots[0] if len(roots) == 1 else builder.top


def _as_utf_8(content: bytes) -> tuple[bytes, bool]:
    """The text in UTF-8, so that places are counted in one way, and whether it was UTF-8 (or nothing known) before."""
    for beginning, codec in _UTF_16_BEGINNINGS.items():
        if content.startswith(beginning):
            try:
                return content.decode(codec).removeprefix("\ufeff").encode(), False
            except UnicodeDecodeError as fault:
                raise RefusedMessageError("xml.encoding", "", "UTF-8 or UTF-16") from fault
    return content, True


def _root(builder: "_Builder", text: memoryview, begin: int, *, is_utf_8: bool) -> int:
    """Read the root that begins there, and what comments and blanks follow it; where the next begins, or the end.

    The parser is given growing pieces, because it copies all that it is given: a file of 10 000 roots would be copied
    as often.
    """
    parser = expat.ParserCreate(None if is_utf_8 else "UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = builder.declaration
    for refused in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler", "SkippedEntityHandler"):
        setattr(parser, refused, _refuse_document_type)
    parser.StartNamespaceDeclHandler = builder.namespace
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    roots = len(builder.top.children)
    place, length = begin, _FIRST_PIECE
    try:
        while place < len(text):
            parser.Parse(text[place : place + length], False)  # noqa: FBT003 - takes no names
            place, length = place + length, 2 * length
        parser.Parse(b"", True)  # noqa: FBT003 - True: this is all of it
    except expat.ExpatError as fault:
        end = begin + parser.ErrorByteIndex
        following = _BEFORE_ROOT.match(text, end)
        if len(builder.top.children) > roots and builder.is_closed and following and fault.code in _BEHIND_ROOT:
            return following.end()
        raise _malformed(fault.code, bytes(text[:end])) from fault
    except (LookupError, ValueError) as fault:
        # a declared encoding that Python does not know or that has several bytes a character
        raise RefusedMessageError("xml.encoding", "", "UTF-8 or UTF-16") from fault
    return len(text)


def _malformed(code: int, before: bytes) -> RefusedMessageError:
    """What is wrong and where. Expat's words for it are its own few and hold nothing of the text."""
    if code in _OF_ENCODING:
        return RefusedMessageError("xml.encoding", "", "the encoding that the XML declaration names: UTF-8 or UTF-16")
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    where = f"here line {line}, byte {column}: {expat.errors.messages[code]}"
    return RefusedMessageError("xml.malformed", "", f"well-formed XML; {where}")


def _refuse_document_type(*_: Any) -> int:
    raise RefusedMessageError("xml.document_type", "", "no DOCTYPE and no entities")


class _Builder:
    """Expat's events as a tree. The namespace of an element is kept where it differs from its parent's."""

    def __init__(self, most: int, encodings: frozenset[str]) -> None:
        self._most, self._encodings = most, encodings
        self.top = Node("")
        # node, namespace, and the pieces of its text: adding to a string at each piece would be quadratic
        self._open: list[tuple[Node, str, list[str]]] = [(self.top, "", [])]
        self._count = 0
        # what a tree's node is called, by the name as Expat writes it and whether its parent has the same namespace
        self._names: dict[tuple[str, bool], str] = {}

    @property
    def is_closed(self) -> bool:
        """Whether every element that was opened has ended."""
        return len(self._open) == 1

    def count(self, number: int) -> None:
        """So many elements and attributes more. Raises `RefusedMessageError` beyond the limit."""
        self._count += number
        if self._count > self._most:
            raise RefusedMessageError("size.exceeded", "", f"at most {self._most} elements and attributes")

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in self._encodings:
            raise RefusedMessageError("xml.encoding", "", "UTF-8 or UTF-16")

    @staticmethod
    def namespace(_prefix: str | None, uri: str | None) -> None:
        if uri is not None and len(uri) > NAMESPACE_LIMIT:
            raise RefusedMessageError("size.exceeded", "", f"namespaces of at most {NAMESPACE_LIMIT} characters")

    def start(self, written: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEPTH_LIMIT:
            raise RefusedMessageError("depth.exceeded", "", f"at most {DEPTH_LIMIT} levels")
        self.count(1 + len(attributes))
        namespace, _, _ = written.rpartition(" ")
        parent, outer, _ = self._open[-1]
        node = Node(self._name(written, inherited=namespace == outer))
        if attributes:
            node.children = [Node(self._attribute(held), text) for held, text in attributes.items()]
        parent.children.append(node)
        self._open.append((node, namespace, []))

    def _name(self, written: str, *, inherited: bool) -> str:
        known = self._names.get((written, inherited))
        if known is None:
            namespace, _, name = written.rpartition(" ")
            if len(name) > NAME_LIMIT:
                raise RefusedMessageError("size.exceeded", "", f"names of at most {NAME_LIMIT} characters")
            known = name if inherited else f"{{{namespace}}}{name}"
            self._names[written, inherited] = known
        return known

    def _attribute(self, written: str) -> str:
        known = self._names.get((f"@{written}", False))
        if known is None:
            # an attribute without a prefix is of no namespace
            known = f"@{self._name(written, inherited=' ' not in written)}"
            self._names[f"@{written}", False] = known
        return known

    def end(self, _written: str) -> None:
        node, _, pieces = self._open.pop()
        node.text = "".join(pieces)

    def characters(self, text: str) -> None:
        self._open[-1][2].append(text)
