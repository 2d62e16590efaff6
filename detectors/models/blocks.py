"""Many events at once: rows of float64, one column a feature, and what of them is there."""

from collections.abc import Iterator
from typing import Any

import numpy as np

Block = np.ndarray[Any, np.dtype[np.float64]]
Present = np.ndarray[Any, np.dtype[np.bool_]]


def check_block(names: tuple[str, ...], rows: Any, present: Any) -> tuple[Block, Present | None]:
    """Rows as float64 and what is present as booleans, each row one event in the order of `names`.

    Raises `ValueError` for another shape, or where there are no names.
    """
    values = np.ascontiguousarray(rows, dtype=np.float64)
    there = None if present is None else np.ascontiguousarray(present, dtype=np.bool_)
    fits = 0 < len(names) == len(set(names)) and values.ndim == 2 and values.shape[1] == len(names)  # noqa: PLR2004
    if not fits or (there is not None and there.shape != values.shape):
        raise ValueError(
            f"a block does not fit; got: rows of shape {values.shape}, present of shape "
            f"{None if there is None else there.shape}; expected: {len(names)} columns, {', '.join(names)}"
        )
    return values, there


def mappings(names: tuple[str, ...], rows: Block, present: Present | None) -> Iterator[dict[str, float]]:
    """The rows one by one, as detectors learn them."""
    for number, row in enumerate(rows.tolist()):
        if present is None:
            yield dict(zip(names, row, strict=True))
        else:
            known = present[number].tolist()
            yield {name: value for name, value, there in zip(names, row, known, strict=True) if there}
