"""What stands below a record of an alert's evidence: the payment, or why it cannot be shown."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from detectors.contracts.alert import EvidenceItem
from detectors.contracts.events import Event, Leg, Transaction
from streams.alert_text.alert_text import TextLine
from streams.desk.evidence_records import Detail
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.event_text import Purposes, event_lines, more_lines, payment_lines, purpose
from streams.plain_text.languages import Language

_MARGIN, _HANG = 4, 2


class EvidenceText:
    """The lines of each record by its place in the evidence; a callable that a page asks for them."""

    def __init__(self, details: Iterable[Detail], purposes: Purposes, lang: Language, *, rates: bool = False) -> None:
        self._rates = rates  # each payment's rate, where the alert is about rates
        self._of: Mapping[EvidenceItem, Detail] = {each.item: each for each in details}
        self._purposes, self._lang = purposes, lang

    def __call__(self, item: EvidenceItem) -> Iterable[TextLine]:
        """The lines of this record."""
        detail = self._of.get(item)
        if detail is None:
            return []
        if detail.event is None:
            told = DESK_WORDS[self._lang].positions[detail.state]
            return [TextLine(told.format(first=detail.first, end=detail.end, cause=detail.cause), "", _MARGIN, _HANG)]
        return [TextLine(text, "", _MARGIN, _HANG) for text in self._texts(detail.event, detail)]

    def _texts(self, event: Event | Leg, detail: Detail) -> Iterable[str]:
        """What the alert itself does not say of the record: all of it, of an alert of 0.4.0 or before."""
        if isinstance(event, Leg):
            return ()  # a short form, all of which stands in the record's own line
        rest = (detail.usd, self._purposes, self._lang)
        if not isinstance(event, Transaction):
            return () if detail.item.amount else event_lines(event, *rest)
        # the institution stands in the record's own line
        if not detail.item.amount:
            return payment_lines(event, *rest, rates=self._rates)
        return more_lines(event, detail.item.amount, self._lang, rates=self._rates)


def evidence_json(detail: Detail, purposes: Purposes) -> dict[str, Any]:
    """A record of the evidence for machines: what the alert says of it, and what the ledger holds."""
    told: dict[str, Any] = msgspec.to_builtins(detail.item)
    told |= {"state": detail.state, "usd": detail.usd}
    if detail.event is not None:
        event = msgspec.to_builtins(detail.event)
        told["event"] = event
        if event.get("purpose"):
            told["purpose_en"] = purpose(event["purpose"], purposes, "en")
            told["purpose_ko"] = purpose(event["purpose"], purposes, "ko")
    return told
