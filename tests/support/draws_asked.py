"""Draws that remember what was resampled, for tests of which figures are resampled together."""

from detectors.testbed.draws import Draws
from detectors.testbed.statistics import Floats


class Asked(Draws):
    """Twenty resamples; `names` holds what was asked for: its name and how many units."""

    def __init__(self) -> None:
        super().__init__(20, 1)
        self.names: set[tuple[str, int]] = set()

    def of(self, name: str, units: int) -> Floats:
        """Remember, and draw."""
        self.names.add((name, units))
        return super().of(name, units)
