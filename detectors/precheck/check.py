"""What the law asks of a planned payment, by the limits of its day: one answer a duty, none for what cannot apply."""

from collections.abc import Callable

from detectors.contracts.configuration import Legend
from detectors.contracts.limits import Rulebook
from detectors.precheck.documents import documents
from detectors.precheck.planned import Duty, Inquiry, Planned
from detectors.precheck.reports import capital_report, designated_bank, offset_report, period_report, third_party_report

# Each looks at one article; the order is that of the answers.
REPORTS: tuple[Callable[[Inquiry], Duty | None], ...] = (
    third_party_report,
    offset_report,
    period_report,
    capital_report,
)


def check(planned: Planned, rulebook: Rulebook, legend: Legend) -> tuple[Duty, ...]:
    """Every duty that may apply. Pure, needs no state. Cost: 0.1 ms."""
    asked = Inquiry(planned, rulebook, legend)
    reports = [duty for look in REPORTS if (duty := look(asked)) is not None]
    papers = documents(asked, reported=any(duty.outcome == "asked" for duty in reports))
    bank = designated_bank(asked)
    return (papers, *(() if bank is None else (bank,)), *reports)
