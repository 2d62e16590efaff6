"""Configuration tables under which every institution may load history, for tests of what history does once admitted."""

from datetime import UTC, datetime
from typing import Any

from detectors.contracts.configuration import EVERYONE, Admission, HistoryAllowed

UNTIL = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
TABLES: dict[str, Any] = {"admission": {"history": [{"institutions": [EVERYONE], "until": UNTIL}]}}
ADMISSION = Admission(history=(HistoryAllowed(institutions=(EVERYONE,), until=UNTIL),))
