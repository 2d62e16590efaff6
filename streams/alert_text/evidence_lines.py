"""What an event of an alert's evidence was, as the alert itself says it: a line or two below the event's own."""

from collections.abc import Iterator
from typing import Protocol

from detectors.contracts.alert import EvidenceItem, Number
from streams.alert_text.labels import Labels
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable


class Figure(Protocol):
    """Says a value with its unit."""

    def __call__(self, value: Number | None, unit: str = "", *, lang: Language = "en") -> str:
        """The words."""
        ...


def paid_lines(item: EvidenceItem, words: Labels, lang: Language, number: Figure) -> Iterator[str]:
    """What was paid or declared, then with whom and under which numbers; nothing of an alert of 0.4.0 or before.

    `number` says a figure with its unit, as the page does (alert_text.number).
    """
    if not item.amount or not item.currency:
        return
    gap = "" if lang == "ko" else " "
    # dollars to the cent; of other currencies the places are not known here
    paid = (item.currency == "USD" and item.amount_usd) or item.amount
    worth = f"{gap}({number(item.amount_usd, 'USD', lang=lang)})" if item.amount_usd and item.currency != "USD" else ""
    code = item.purpose or ""
    text = (item.purpose_ko if lang == "ko" else item.purpose_en) or ""
    yield make_printable(
        "; ".join(
            filter(
                None,
                (
                    number(paid, item.currency, lang=lang) + worth,
                    words.kinds.get(item.kind or "", ""),
                    words.directions.get(item.direction or "", ""),
                    words.paid_status.get(item.status or "", ""),
                    f"{text}{gap}({code})" if text else code or ("" if item.kind else words.no_purpose),
                ),
            )
        )
    )
    numbers = {
        words.resident: item.party,
        (
            words.payee if item.direction == "out" else words.payer if item.direction else words.partner
        ): item.counterparty,
        words.branch: item.branch,
        words.declaration_no: item.declaration_no,
        words.line: str(item.line) if item.line else "",
        words.report_no: item.report_no,
    }
    told = [f"{label} {content}" for label, content in numbers.items() if content]
    if told:
        yield make_printable("; ".join(told))
