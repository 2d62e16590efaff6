"""The limits that honest people obey: those of the effective configuration, in force on the day.

A stream of 2022 obeys 2022's limits. Margins below them allow for a reader's rate being another than the sender's.
"""

from datetime import date
from typing import NamedTuple

from detectors.contracts.configuration import Configuration
from detectors.contracts.limits import Rulebook
from streams.errors import UsageError
from streams.generator.population import Resident

# of the annual cap; the rest is left to look-alikes and to differences of rates
HONEST_SHARE = 0.6
# of the document line: the band under it in which pieces of a split remittance lie, with a margin on both sides
BAND = (0.77, 1.03)


class HonestLimits(NamedTuple):
    """USD: the document line, annual caps without documents, what honest people use of them, the band under the line.

    `annual_cap` is that of banks' customers, `small_remitter_cap` that of small remitters' (the same where the law has
    none of its own); with `after_cap` the line asks persons for documents only once the year's cap is used up.
    """

    document_line: float
    annual_cap: float
    small_remitter_cap: float
    honest_year: float
    band: tuple[float, float]
    after_cap: bool


class Law:
    """Limits by local date. Cost: 0.1 us for a date asked for before."""

    def __init__(self, configuration: Configuration) -> None:
        self._rulebook = Rulebook(configuration)
        self._known: dict[date, HonestLimits] = {}

    def on(self, day: date) -> HonestLimits:
        """The limits in force on a local date. Raises `UsageError` where the configuration knows none yet."""
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._looked_up(day)
        return found

    def _looked_up(self, day: date) -> HonestLimits:
        line = self._rulebook.limit("T01", "document_line", day)
        cap, small = (self._rulebook.limit("T02", name, day) for name in ("annual_cap", "small_remitter_cap"))
        flag = self._rulebook.limit("T01", "line_applies_after_cap", day)
        if line is None or cap is None:
            raise UsageError(
                "no document line or annual cap is known for a day of the stream",
                got=day,
                expected="a day on which limits of [rules.T01] and [rules.T02] are in force",
                todo="choose a later --start",
            )
        usd, year = float(line.number), float(cap.number)
        least = min(year, float(small.number)) if small is not None else year
        band = (usd * BAND[0], usd * BAND[1])
        return HonestLimits(usd, year, least, least * HONEST_SHARE, band, flag is not None and flag.number > 0)

    def line_applies(self, resident: Resident, day: date) -> bool:
        """Whether the document line asks this resident for papers at once, not only after the year's cap."""
        return not (self.on(day).after_cap and resident.party_type == "person")
