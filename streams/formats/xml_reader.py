"""XML to a tree, by Expat, without anything in XML that expands, includes or fetches.

A document type declaration is refused at its first character, so that there are no entities but XML's own five, no
external ones, and no defaults of attributes: neither billion laughs nor a file or address read. Expat is the
standard library's parser and is kept with Python; `defusedxml` sets the same hooks and has had no release since 2021.
"""

from typing import Any
from xml.parsers import expat

from streams.formats.tree import Node, RefusedMessageError

# pacs.008 nests 14 deep in its deepest remittance element; a header and an envelope add 4
DEPTH_LIMIT = 32
# Expat writes the namespace before every name below it: one of a megabyte would be copied for each of 300 000 elements
NAMESPACE_LIMIT = 256
# the longest name of ISO 20022 has some 40; a name is shown in the report once for each element that bears it
NAME_LIMIT = 128
# ISO 20022 XML is UTF-8; UTF-16 is what XML itself demands of every parser
ENCODINGS = frozenset({"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii"})


def read(content: bytes, most: int) -> Node:
    """The root of an XML text; names of the root's namespace changes are `{namespace}name`.

    `most` bounds elements and attributes. Raises `RefusedMessageError`. Linear in the length, which the caller bounds:
    3 us an element, and a name is kept once however many elements bear it.
    """
    builder = _Builder(most)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = builder.declaration
    for refused in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler", "SkippedEntityHandler"):
        setattr(parser, refused, _refuse_document_type)
    parser.StartNamespaceDeclHandler = builder.namespace
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(content, True)  # noqa: FBT003 - takes no names; True: this is all of it
    except (expat.ExpatError, LookupError, ValueError) as fault:
        # LookupError, ValueError: a declared encoding that Python does not know or that has several bytes a character
        raise RefusedMessageError("xml.malformed", "", "one well-formed XML text") from fault
    return builder.top.children[0]


def _refuse_document_type(*_: Any) -> int:
    raise RefusedMessageError("xml.document_type", "", "no DOCTYPE and no entities")


class _Builder:
    """Expat's events as a tree. The namespace of an element is kept where it differs from its parent's."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.top = Node("")
        # node, namespace, and the pieces of its text: adding to a string at each piece would be quadratic
        self._open: list[tuple[Node, str, list[str]]] = [(self.top, "", [])]
        self._count = 0
        # what a tree's node is called, by the name as Expat writes it and whether its parent has the same namespace
        self._names: dict[tuple[str, bool], str] = {}

    @staticmethod
    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise RefusedMessageError("xml.encoding", "", "UTF-8 or UTF-16")

    @staticmethod
    def namespace(_prefix: str | None, uri: str | None) -> None:
        if uri is not None and len(uri) > NAMESPACE_LIMIT:
            raise RefusedMessageError("size.exceeded", "", f"namespaces of at most {NAMESPACE_LIMIT} characters")

    def start(self, written: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if len(self._open) > DEPTH_LIMIT:
            raise RefusedMessageError("depth.exceeded", "", f"at most {DEPTH_LIMIT} levels")
        if self._count > self._most:
            raise RefusedMessageError("size.exceeded", "", f"at most {self._most} elements and attributes")
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
