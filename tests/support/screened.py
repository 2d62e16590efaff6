"""A ledger in which months pass, and the entries of supervisors' lists that came of it."""

from datetime import datetime
from typing import Any

from detectors.books import due_dates
from detectors.books.due_dates import OpenDate
from detectors.books.party import unpack
from detectors.contracts.events import Event, Origin
from detectors.contracts.screens import INSTITUTION_PART, Screened
from detectors.core import Outputs
from tests.support.firms import FirmLedger
from tests.support.trade import TraderLedger

OTHER, TRADER = "k1.0a3.other", "k1.0a3.remitter"


class _Listening(FirmLedger):
    """It remembers what each record came to."""

    def __init__(self, *given: Any, **facts: Any) -> None:
        self.entries: list[Screened] = []
        super().__init__(*given, **facts)

    def put(self, event: Event, origin: Origin) -> Outputs:
        """As `Ledger.put`."""
        outputs = super().put(event, origin)
        self.entries += outputs.screened
        return outputs


class ScreenedLedger(_Listening, TraderLedger):
    """The ledger of firms and traders; `entries` are those of the lists, in the order of the ledger."""

    def passed(self, at: datetime) -> None:
        """Others' events with which event time passes: a rate, and a payment of somebody else."""
        self.rate(at, "1400")
        self.pay(f"clock{len(self.log)}", at, "50", party=OTHER, evidence="shown")

    def listed(self) -> dict[tuple[str, str], Screened]:
        """The entries by screen and month; each key was written once."""
        assert len({entry.key for entry in self.entries}) == len(self.entries)
        firms = [entry for entry in self.entries if entry.screen != INSTITUTION_PART]
        return {(entry.screen, entry.period): entry for entry in firms}

    def parts(self) -> dict[tuple[str, str], dict[str, object]]:
        """What was counted of institutions, by institution and month; zeros are left out."""
        parts = [entry for entry in self.entries if entry.screen == INSTITUTION_PART]
        return {
            (one.subject, one.period): {each.name: each.value for each in one.measured if each.value} for one in parts
        }

    def due(self, name: str, party: str = TRADER) -> list[OpenDate]:
        """The months that a party is waited for with."""
        return due_dates.opened(unpack(self.state.parties[party]).due, f"screens {name}")
