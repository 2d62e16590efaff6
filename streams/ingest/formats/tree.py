"""A message as a tree of named texts, whatever its syntax, that knows which of them were used.

Both readers build one; what is left unused at the end is what the mapping must report. Attributes are children named
`@name`, so that nothing a message says has a place outside the tree.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from streams.contracts.refusal_codes import Fault

# A path of pacs.008 takes some 150 characters. Of a longer one the end is shown: a report has one for each of up to
# 300 000 nodes, and 32 levels of the longest names would be 12 000 characters.
PATH_LIMIT = 512


class RefusedMessageError(Exception):
    """The message cannot be converted; `fault` says why. Stays inside `streams.ingest.formats`."""

    def __init__(self, code: str, place: str = "", expected: str = "") -> None:
        self.fault = Fault(code, place, expected)
        super().__init__(code)


class Node:
    """A named text with children, in the message's order; `used` is set by who maps the text."""

    __slots__ = ("_by_name", "children", "label", "name", "parent", "text", "used")

    def __init__(self, name: str, text: str = "", children: "list[Node] | None" = None) -> None:
        self.name, self.text = name, text
        self.children: list[Node] = [] if children is None else children
        self.used = False
        self.parent: Node | None = None
        # what stands for the node in paths: its number among siblings of its name; of a root, how it is shown
        self.label = ""
        self._by_name: dict[str, list[Node]] | None = None

    @property
    def path(self) -> str:
        """The node's place below the root that `number` was called with, at most `PATH_LIMIT` characters of its end.

        Made anew at each call, because kept for every node the paths of a deep message are far longer than the message.
        """
        names, node = [], self
        while node.parent is not None:
            names.append(f"{_shown(node.name)}{node.label}")
            node = node.parent
        names.append(node.label)
        path = "/".join(name for name in reversed(names) if name)
        return path if len(path) <= PATH_LIMIT else f"...{path[3 - PATH_LIMIT :]}"

    def part(self, name: str, text: str) -> "Node":
        """A new child that holds a part of this node's text, so that each part can be used or left by itself."""
        child = Node(name, text)
        child.parent = self
        self.children.append(child)
        return child

    def forget(self) -> None:
        """Drop what the node holds, of which nothing was read: it is refused as a whole and reported by no text."""
        self.text, self.children, self._by_name, self.used = "", [], None, True

    def every(self, path: str) -> "list[Node]":
        """All nodes below this one at a path like `Id/OrgId/Othr`, in the message's order; not what `part` made."""
        found = [self]
        for name in path.split("/"):
            found = [child for node in found for child in node.named(name)]
        return found

    def named(self, name: str) -> "list[Node]":
        """The children of a name, from an index: a mapping asks some 60 times, and a payment may have 5 000 of them."""
        if self._by_name is None:
            self._by_name = {}
            for child in self.children:
                self._by_name.setdefault(child.name, []).append(child)
        return self._by_name.get(name, [])

    def one(self, path: str) -> "Node | None":
        """The node at a path. Raises `RefusedMessageError` when there are several: which one is meant is a guess."""
        found = self.every(path)
        if len(found) > 1:
            raise RefusedMessageError("message.repeated", path, "one")
        return found[0] if found else None

    def find(self, path: str, note: str = "") -> "FoundText | None":
        """The text at a path, without the space around it; None when absent or blank. Raises as `one`."""
        node = self.one(path)
        if node is None or not (text := node.text.strip()):
            return None
        return FoundText(text, node, note)


class FoundText(NamedTuple):
    """A text of the message, where it stood, what to say of it where it is mapped, and what else it was made of."""

    text: str
    node: Node
    note: str = ""
    also: tuple[Node, ...] = ()


def number(root: Node, base: str = "") -> None:
    """Make every node's `path` one below `root` (shown as `base`): names, with `[n]` where siblings share one.

    Linear in the number of nodes, whatever their names: 1 us a node.
    """
    root.label = base
    waiting = [root]
    while waiting:
        node = waiting.pop()
        total = Counter([child.name for child in node.children]) if len(node.children) > 1 else {}
        seen: dict[str, int] = {}
        for child in node.children:
            child.parent = node
            if total.get(child.name, 1) > 1:
                seen[child.name] = number = seen.get(child.name, 0) + 1
                child.label = f"[{number}]"
        waiting += node.children


def _shown(name: str) -> str:
    """A name without the standard's own namespace; a foreign one is shown, since it makes another element."""
    return name.rpartition("}")[2] if name.startswith("{urn:iso:std:iso:20022:") else name


def find_unused(root: Node, without: Collection[Node] = ()) -> Iterator[Node]:
    """Every node that says something and was not used: a text, or the mere presence of an empty element; in order.

    Nothing of the nodes `without`, nor of what stands below them.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node in without:
            continue
        says = node.text.strip() or not node.children
        if says and not node.used and node is not root:
            yield node
        waiting += reversed(node.children)
