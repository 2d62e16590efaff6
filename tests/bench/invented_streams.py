"""Invented labelled streams: each shows one thing that real streams have and the labelled sets lack.

Seeded, and made by recipes that are told here in full, so that anybody can make them again. Figures on them say how a
detector behaves, and nothing about the world: they stand in a table of their own.
"""

from collections.abc import Callable

import numpy as np

from tests.bench.labelled_streams import Flags, LabelledStream, Numbers

SEED, ROWS, COLUMNS, SHARE = 20260102, 3000, 10, 0.02


def _stream(name: str, rows: Numbers, odd: Flags) -> LabelledStream:
    return LabelledStream(name, "invented", tuple(f"c{number}" for number in range(rows.shape[1])), rows, odd)


def _odd(draws: np.random.Generator) -> Flags:
    flags: Flags = draws.random(ROWS) < SHARE
    return flags


def drift() -> LabelledStream:
    """Means walk off by a spread in 400 rows and jump by 6 at half time; odd rows are 4 spreads off in 2 columns."""
    draws = np.random.default_rng(SEED)
    rows, odd = draws.normal(size=(ROWS, COLUMNS)), _odd(draws)
    for row in np.flatnonzero(odd):
        rows[row, draws.choice(COLUMNS, 2, replace=False)] += 4.0 * draws.choice((-1.0, 1.0), 2)
    walk = np.cumsum(draws.normal(scale=0.05, size=(ROWS, COLUMNS)), axis=0)
    walk[ROWS // 2 :] += 6.0
    return _stream("drift", rows + walk, odd)


def bursts() -> LabelledStream:
    """Odd rows come in bursts of 40 that resemble each other, 3 spreads off in half of the columns."""
    draws = np.random.default_rng(SEED + 1)
    rows, odd = draws.normal(size=(ROWS, COLUMNS)), np.zeros(ROWS, dtype=bool)
    for start in np.linspace(500, ROWS - 100, int(ROWS * SHARE) // 40).astype(int):
        odd[start : start + 40] = True
        rows[start : start + 40, : COLUMNS // 2] += 3.0 * draws.choice((-1.0, 1.0), COLUMNS // 2)
    return _stream("bursts", rows, odd)


def correlated() -> LabelledStream:
    """Columns follow two hidden ones; in odd rows each column alone is usual, and they do not belong together."""
    draws = np.random.default_rng(SEED + 2)
    odd = _odd(draws)
    rows = draws.normal(size=(ROWS, 2)) @ draws.normal(size=(2, COLUMNS)) + 0.2 * draws.normal(size=(ROWS, COLUMNS))
    usual = rows.copy()
    for row in np.flatnonzero(odd):
        rows[row] = [usual[draws.integers(ROWS), column] for column in range(COLUMNS)]
    return _stream("correlated", rows, odd)


def heavy_tails() -> LabelledStream:
    """Amounts of log-normal and Student's t (2 degrees) shape; odd rows are shifted by 2 interquartile ranges in 3."""
    draws = np.random.default_rng(SEED + 3)
    odd = _odd(draws)
    rows = np.concatenate(
        [
            draws.lognormal(sigma=1.5, size=(ROWS, COLUMNS // 2)),
            draws.standard_t(2, size=(ROWS, COLUMNS - COLUMNS // 2)),
        ],
        axis=1,
    )
    ranges = np.subtract(*np.percentile(rows, (75, 25), axis=0))
    for row in np.flatnonzero(odd):
        columns = draws.choice(COLUMNS, 3, replace=False)
        rows[row, columns] += 2.0 * ranges[columns]
    return _stream("heavy-tails", rows, odd)


def one_column() -> LabelledStream:
    """Forty columns, some missing; in odd rows one of them alone is 6 spreads off."""
    draws = np.random.default_rng(SEED + 4)
    odd = _odd(draws)
    rows = draws.normal(size=(ROWS, 40))
    rows[draws.random(rows.shape) < 0.1] = np.nan
    for row in np.flatnonzero(odd):
        rows[row, draws.integers(40)] = 6.0 * draws.choice((-1.0, 1.0))
    return _stream("one-column", rows, odd)


STREAMS: dict[str, Callable[[], LabelledStream]] = {
    "drift": drift,
    "bursts": bursts,
    "correlated": correlated,
    "heavy-tails": heavy_tails,
    "one-column": one_column,
}
