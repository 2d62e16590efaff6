"""A replay's assessed transactions as columns: what figures are computed on.

Pure numpy; `streams/testbed/result_files.py` fills it from `scores.parquet`. Row i of every column is the same
transaction; rows are in the order of (partition, offset).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

NONE = -1
"""Code of a missing text."""


class Texts(NamedTuple):
    """A column of repeating texts: row i is `names[codes[i]]`, None where the code is `NONE`.

    `names` holds each text once; which number a text has says nothing.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Self:
        """A column of these texts, numbered by first appearance."""
        numbers: dict[str, int] = {}
        codes = [NONE if text is None else numbers.setdefault(text, len(numbers)) for text in texts]
        return cls(np.asarray(codes, dtype=np.int32), tuple(numbers))

    def text(self, row: int) -> str | None:
        """The text of one row."""
        code = int(self.codes[row])
        return None if code == NONE else self.names[code]

    def texts(self) -> list[str | None]:
        """All rows' texts."""
        names = self.names
        return [None if code == NONE else names[code] for code in self.codes.tolist()]

    def code(self, name: str) -> int:
        """The code of a text; one that no row has where it does not occur."""
        return self.names.index(name) if name in self.names else len(self.names)

    def is_any(self, wanted: Iterable[str]) -> NDArray[np.bool_]:
        """By row, whether its text is among `wanted`."""
        sought = set(wanted)
        # one place more, the last: code -1 reads it
        chosen = np.zeros(len(self.names) + 1, dtype=np.bool_)
        chosen[[place for place, name in enumerate(self.names) if name in sought]] = True
        return chosen[self.codes]

    def take(self, rows: NDArray[Any]) -> Self:
        """The column of some rows (indices or a mask), with the same names."""
        return type(self)(self.codes[rows], self.names)


class Pairs(NamedTuple):
    """A column of lists of (name, value): row i has those from `starts[i]` to `starts[i + 1]` (exclusive)."""

    starts: NDArray[np.int64]
    names: Texts
    values: NDArray[np.float64]

    @classmethod
    def of(cls, lists: Iterable[Iterable[tuple[str, float]]]) -> Self:
        """A column of these lists."""
        rows = [list(row) for row in lists]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        flat = [pair for row in rows for pair in row]
        return cls(starts, Texts.of(name for name, _ in flat), np.asarray([value for _, value in flat], np.float64))

    def row(self, row: int) -> list[tuple[str, float]]:
        """The list of one row."""
        return [
            (self.names.names[int(self.names.codes[place])], float(self.values[place]))
            for place in range(int(self.starts[row]), int(self.starts[row + 1]))
        ]

    def counts(self) -> NDArray[np.int64]:
        """By row, how many pairs it has."""
        return np.diff(self.starts)

    def largest(self) -> Texts:
        """By row, the name with the largest value; the first of equal ones, None for an empty list."""
        counts = self.counts()
        codes = np.full(len(counts), NONE, dtype=np.int32)
        rows = np.repeat(np.arange(len(counts)), counts)
        # sorted by row, then value falling; stable, so that the first of equal ones stays first
        order = np.lexsort((-self.values, rows))
        held = counts > 0
        codes[held] = self.names.codes[order[self.starts[:-1][held]]]
        return Texts(codes, self.names.names)

    def take(self, rows: NDArray[Any]) -> Self:
        """The column of some rows (indices or a mask)."""
        counts = self.counts()[rows]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
        places = np.repeat(self.starts[:-1][rows], counts) + within
        return type(self)(starts, self.names.take(places), self.values[places])


class Sheet(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The columns of `scores.parquet`, one row an applied transaction.

    `time_us` is event time (us since 1970, UTC), `day` its local date (days since 1970-01-01). `usd_cents` is 0 where
    no rate was known, which `usd_known` tells. `deal_deviation_bp`, `rank` and members' scores are NaN where there is
    none. `score` is 0-1, higher is more unusual; `rank` a p-value, lower is rarer. `fired` holds strengths by typology,
    `reasons` the models' at most 5 shares by feature, largest first. `alert_id` is None where no alert was raised.
    `size` and `region` are of the newest profile known at that moment.
    """

    partition: NDArray[np.int16]
    offset: NDArray[np.int64]
    event_id: NDArray[np.object_]
    time_us: NDArray[np.int64]
    day: NDArray[np.int32]
    party: Texts
    party_type: Texts
    size: Texts
    region: Texts
    institution: Texts
    direction: Texts
    channel: Texts
    counterparty: Texts
    country: Texts
    currency: Texts
    purpose: Texts
    evidence: Texts
    status: Texts
    usd_cents: NDArray[np.int64]
    usd_known: NDArray[np.bool_]
    deal_deviation_bp: NDArray[np.float64]
    history: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    score: NDArray[np.float64]
    rank: NDArray[np.float64]
    fired: Pairs
    reasons: Pairs
    members: dict[str, NDArray[np.float64]]
    alert_id: Texts

    def __len__(self) -> int:
        return len(self.offset)

    @property
    def alerted(self) -> NDArray[np.bool_]:
        """By row, whether an alert was raised (as shipped)."""
        return np.not_equal(self.alert_id.codes, NONE)

    def take(self, rows: NDArray[Any]) -> "Sheet":
        """The sheet of some rows (indices or a mask). Costs a copy of them."""
        held: dict[str, Any] = {}
        for name in self.__struct_fields__:
            column = getattr(self, name)
            if isinstance(column, dict):
                held[name] = {member: scores[rows] for member, scores in column.items()}
            else:
                held[name] = column.take(rows) if isinstance(column, (Texts, Pairs)) else column[rows]
        return Sheet(**held)
