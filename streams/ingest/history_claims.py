"""Which records may say that they are history: those that the configuration allows, and no others.

History is learned from and never alerts (header `fx.history` = `1`), so that whoever may mark a record could silence
any payment. Without a table `[[admission.history]]` nobody may.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from detectors.contracts.configuration import EVERYONE, HistoryAllowed
from streams.contracts.identifiers import Identifiers
from streams.contracts.record_headers import HISTORY
from streams.contracts.refusal_codes import Fault

_CODE = "history.not_allowed"
_EXPECTED = "an institution and a time that [[admission.history]] of the configuration allows"


class AllowedHistory:
    """Institutions with the event time up to which their records may be history, in the one spelling of each."""

    def __init__(self, allowed: Iterable[HistoryAllowed], identifiers: Identifiers) -> None:
        self._until: dict[str, datetime] = {}
        for entry in allowed:
            for told in entry.institutions:
                name = told if told == EVERYONE else identifiers.institution(told)[0]
                self._until[name] = max(entry.until, self._until.get(name, entry.until))
        self._latest = max(self._until.values(), default=None)

    def fault(self, body: dict[str, Any], when: datetime | None) -> Fault | None:
        """Why a record may not be history; None when it may. `when` is its own time, None for a configuration.

        Records that no institution signs (rates, declarations, profiles, verdicts) never alert by themselves: they may
        be history up to the latest time that anybody has.
        """
        institution = body.get("institution")
        if institution is None:
            until = self._latest
        else:
            own, everyone = self._until.get(institution), self._until.get(EVERYONE)
            until = max((time for time in (own, everyone) if time is not None), default=None)
        if until is not None and when is not None and when <= until:
            return None
        return Fault(_CODE, HISTORY, _EXPECTED)
