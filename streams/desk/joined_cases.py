"""Which cases are one: their alerts name a resident in common, within the window that holds a case open.

The monitor knows a party's cases, the shared agent those of a shared thing, and neither knows the other's. So whoever
reads alerts joins them. An alert about what residents share names all of them in `parties`; a case is linked with each
other one that names the same resident within `case_window_days` of it, and with what that one is linked with. That is
the same whatever the order of reading. A resident has another token after a rotation of keys: `know` says which are
one resident's (rotated_names.py).

Not joined are cases that have only a counterparty or another third party in common.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import NamedTuple, TypeVar

from streams.desk.alert_heads import Head
from streams.desk.rotated_names import RotatedNames

_Key = TypeVar("_Key", str, tuple[str, str])


class _Span(NamedTuple):
    """The times of a case's first and last alert that name a resident."""

    first: float
    last: float

    def with_span(self, other: "_Span") -> "_Span":
        return _Span(min(self.first, other.first), max(self.last, other.last))


class JoinedCases:
    """Collects heads of alerts, then tells which cases are one. Some 400 bytes a case and resident; 3 us an alert.

    The first question after an alert was added groups all cases: 10 us a case and resident.
    """

    def __init__(self, window_days: float, heads: Iterable[Head] = (), names: RotatedNames | None = None) -> None:
        self._window = timedelta(days=window_days).total_seconds()
        self._names = names or RotatedNames()
        self._spans: dict[tuple[str, str], _Span] = {}  # by resident and case
        self._root: dict[str, str] | None = None
        self._groups: dict[str, tuple[str, ...]] = {}
        for head in heads:
            self.add(head)

    def add(self, head: Head) -> None:
        """Take one more alert."""
        at = head.created_for.timestamp()
        self._root = None
        for resident in {head.party, *(() if head.shared is None else head.parties)}:
            _widen(self._spans, (resident, head.case_id), _Span(at, at))

    def know(self, names: RotatedNames) -> None:
        """Take in which tokens are one resident's."""
        self._names, self._root = names, None

    def residents(self) -> set[str]:
        """Every token of a resident that an alert named."""
        return {resident for resident, _ in self._spans}

    def naming(self, residents: AbstractSet[str]) -> frozenset[str]:
        """The cases of which an alert named one of these residents, each given by the name that stands for it."""
        return frozenset(case for token, case in self._spans if self._names.of(token) in residents)

    def joined(self, case: str) -> tuple[str, ...]:
        """The case and all that are one with it, the one that began first in front; of equal ones by id."""
        root = self._grouped().get(case)
        return (case,) if root is None else self._groups[root]

    def groups(self) -> Iterable[tuple[str, ...]]:
        """All cases, those that are one together, as `joined` tells them."""
        self._grouped()
        return self._groups.values()

    def _grouped(self) -> dict[str, str]:
        """The case that stands for each case's group."""
        if self._root is not None:
            return self._root
        by_name: dict[str, dict[str, _Span]] = {}
        parent: dict[str, str] = {}
        began: dict[str, float] = {}
        for (resident, case), span in self._spans.items():
            _widen(by_name.setdefault(self._names.of(resident), {}), case, span)
            parent[case] = case
            began[case] = min(began.get(case, span.first), span.first)
        for merged in by_name.values():
            self._link(merged, parent)
        self._root = {case: _root(parent, case) for case in parent}
        members: dict[str, list[str]] = {}
        for case, root in self._root.items():
            members.setdefault(root, []).append(case)
        self._groups = {root: _in_order(many, began) for root, many in members.items()}
        return self._root

    def _link(self, spans: dict[str, _Span], parent: dict[str, str]) -> None:
        """Join a resident's cases that lie near each other.

        In the order of their beginnings a case is near an earlier one just where it is near the one that ends last.
        """
        last: tuple[float, str] | None = None
        for case, span in sorted(spans.items(), key=lambda one: (one[1], one[0])):
            if last is not None and span.first - last[0] <= self._window:
                parent[_root(parent, case)] = _root(parent, last[1])
            last = (span.last, case) if last is None else max(last, (span.last, case))


def _widen(spans: dict[_Key, _Span], key: _Key, span: _Span) -> None:
    before = spans.get(key)
    spans[key] = span if before is None else before.with_span(span)


def _root(parent: dict[str, str], case: str) -> str:
    """The end of a chain of parents, which gets shorter on the way."""
    while parent[case] != case:
        parent[case] = parent[parent[case]]
        case = parent[case]
    return case


def _in_order(cases: Sequence[str], began: dict[str, float]) -> tuple[str, ...]:
    return tuple(sorted(cases, key=lambda one: (began[one], one)))
