"""A message as a tree of named texts, whatever its syntax, that knows which of them were used.

Both readers build one; what is left unused at the end is what the mapping must report. Attributes are children named
`@name`, so that nothing a message says has a place outside the tree.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from streams.faults import Fault


class RefusedMessageError(Exception):
    """The message cannot be converted; `fault` says why. Stays inside `streams.formats`."""

    def __init__(self, code: str, place: str = "", expected: str = "") -> None:
        self.fault = Fault(code, place, expected)
        super().__init__(code)


class Node:
    """A named text with children, in the message's order. `path` is set by `number`; `used` by who maps the text."""

    __slots__ = ("children", "name", "path", "text", "used")

    def __init__(self, name: str, text: str = "", children: "list[Node] | None" = None) -> None:
        self.name, self.text = name, text
        self.children: list[Node] = [] if children is None else children
        self.path, self.used = name, False

    def part(self, name: str, text: str) -> "Node":
        """A new child that holds a part of this node's text, so that each part can be used or left by itself."""
        child = Node(name, text)
        child.path = f"{self.path}/{name}"
        self.children.append(child)
        return child

    def every(self, path: str) -> "list[Node]":
        """All nodes below this one at a path like `Id/OrgId/Othr`, in the message's order."""
        found = [self]
        for name in path.split("/"):
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def one(self, path: str) -> "Node | None":
        """The node at a path. Raises `RefusedMessageError` when there are several: which one is meant is a guess."""
        found = self.every(path)
        if len(found) > 1:
            raise RefusedMessageError("message.repeated", path, "one")
        return found[0] if found else None

    def found(self, path: str, note: str = "") -> "Found | None":
        """The text at a path, without the space around it; None when absent or blank. Raises as `one`."""
        node = self.one(path)
        if node is None or not (text := node.text.strip()):
            return None
        return Found(text, node, note)


class Found(NamedTuple):
    """A text of the message, where it stood, what to say of it where it is mapped, and what else it was made of."""

    text: str
    node: Node
    note: str = ""
    also: tuple[Node, ...] = ()


def number(root: Node, base: str = "") -> None:
    """Give every node its path below `root`: names, with `[n]` where siblings share one. Linear in the tree."""
    root.path = base
    waiting = [root]
    while waiting:
        node = waiting.pop()
        prefix = f"{node.path}/" if node.path else ""
        total = Counter(child.name for child in node.children)
        seen: Counter[str] = Counter()
        for child in node.children:
            seen[child.name] += 1
            place = f"[{seen[child.name]}]" if total[child.name] > 1 else ""
            child.path = f"{prefix}{_shown(child.name)}{place}"
        waiting += node.children


def _shown(name: str) -> str:
    """A name without the standard's own namespace; a foreign one is shown, since it makes another element."""
    return name.rpartition("}")[2] if name.startswith("{urn:iso:std:iso:20022:") else name


def unused(root: Node) -> Iterator[Node]:
    """Every node that says something and was not used: a text, or the mere presence of an empty element; in order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        says = node.text.strip() or not node.children
        if says and not node.used and node is not root:
            yield node
        waiting += reversed(node.children)
