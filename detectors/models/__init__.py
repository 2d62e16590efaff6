"""Online detectors on River: each scores an event and then learns from it.

A new one is one file and one line here. Its name stands in `[detectors]` of the configuration.
"""

from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.loda import Loda
from detectors.models.member import Member
from detectors.models.robust_z import RobustZ
from detectors.models.sampled_neighbours import SampledNeighbours
from detectors.models.tails_by_side import TailsBySide
from detectors.models.windowed_tails import WindowedTails

REGISTRY: dict[str, type[Member]] = {
    "robust_z": RobustZ,
    "windowed_tails": WindowedTails,
    "half_space_trees": HalfSpaceTrees,
    "loda": Loda,
    "sampled_neighbours": SampledNeighbours,
    "tails_by_side": TailsBySide,
}

__all__ = ["REGISTRY", "Member"]
