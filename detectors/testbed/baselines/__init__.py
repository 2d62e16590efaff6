"""What fxwatch is judged against, on the same stream. A baseline is one file and one line in `REGISTRY`.

Pure: a baseline gets the columns of one partition in stream order and gives one score an event, higher is more
unusual, 0 = nothing to say.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.baselines import own_history, random_order, river_recipe, static_limits
from detectors.testbed.baselines.columns import Columns, partition_columns


class Baseline(NamedTuple):
    """A baseline's scorer, called with a partition's columns and a seed, and one sentence on what it is."""

    score: Callable[[Columns, int], NDArray[np.float64]]
    describes: str


REGISTRY: dict[str, Baseline] = {
    "static_limits": Baseline(static_limits.score, "A fixed table of limits on single payments and plain sums."),
    "own_history": Baseline(own_history.score, "How far above the party's own amounts, times the log of the amount."),
    "river_recipe": Baseline(river_recipe.score, "River's MinMaxScaler | HalfSpaceTrees on raw columns, all defaults."),
    "random": Baseline(random_order.score, "Payments picked by lot: the floor."),
}

__all__ = ["REGISTRY", "Baseline", "Columns", "partition_columns"]
