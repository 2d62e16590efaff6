"""A metric's label values, bounded: what code and configuration do not name counts as one value of its own."""

from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter, Histogram

# The label value for what is in neither the code nor the configuration. More than 0 here is a fault in fxwatch;
# counting it beats stopping a partition over a metric, and keeps the number of series bounded.
OTHER = "other"


class BoundedChildren(dict[tuple[str, ...], Any]):
    """A metric's children by label values, resolved once; unknown values go to the `other` child of that label."""

    def __init__(self, metric: Counter | Histogram, *allowed: Iterable[str]) -> None:
        super().__init__()
        self.metric = metric
        self.allowed: list[dict[str, None]] = [{} for _ in allowed]
        self.extend(*allowed)

    def extend(self, *values: Iterable[str]) -> None:
        """Allow more values, label by label, and make every combination appear with 0."""
        for known, more in zip(self.allowed, values, strict=True):
            known.update(dict.fromkeys(more))
        combinations: list[tuple[str, ...]] = [()]
        for known in self.allowed:
            combinations = [(*before, value) for before in combinations for value in known]
        for labels in combinations:
            if labels not in self:
                self[labels] = self.metric.labels(*labels)

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        bounded = tuple(value if value in known else OTHER for value, known in zip(labels, self.allowed, strict=True))
        # not stored under `labels`: a dictionary that grew with unknown values would be the leak this prevents
        return self[bounded] if bounded in self else self.metric.labels(*bounded)
