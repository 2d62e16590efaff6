"""Counts by reporting institution: the one label that senders write, and bounded for that reason."""

import re
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter

# Failure prevented: a sender that makes up institutions must not make the page grow. A country has some 50 institutions
# that report payments; whoever comes later in a process's life is counted as `other`.
MOST_INSTITUTIONS = 64
OTHER = "other"
# BICs and registry codes; anything else would be a name, or worse
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class InstitutionCounter:
    """A counter with the label `institution` beside one whose values are known; every one of these is shown with 0.

    `named` institutions have their places from the start: a sender that makes up others cannot take them.
    """

    def __init__(
        self,
        name: str,
        text: str,
        label: str,
        values: Iterable[str],
        registry: CollectorRegistry,
        named: Iterable[str] = (),
    ) -> None:
        self._counter = Counter(f"fxwatch_{name}", text, (label, "institution"), registry=registry)
        self._seen: set[str] = set(named)
        for value in values:
            self._counter.labels(value, OTHER)

    def add(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add counts by (value of the label, institution)."""
        for (value, institution), count in counts.items():
            self._counter.labels(value, self._shown(institution)).inc(count)

    def _shown(self, institution: str) -> str:
        if institution in self._seen:
            return institution
        if len(self._seen) >= MOST_INSTITUTIONS or not _CODE.fullmatch(institution):
            return OTHER
        self._seen.add(institution)
        return institution
