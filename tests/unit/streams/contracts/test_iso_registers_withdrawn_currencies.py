"""What was paid in a currency that is gone can be taken back in it; nothing new can be paid in it."""

from datetime import UTC, datetime

import pytest

from detectors.books.payments import exact_sum, rows
from streams.contracts.inputs import DECLARATIONS, RATES, TRANSACTIONS
from streams.ingest.door import Rejected
from tests.support.pipeline import DECLARATION, RATE, TRANSACTION, Pipeline

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
LEVA = TRANSACTION | {
    "currency": "BGN",
    "amount": "100000.00",
    "channel": "branch",
    "event_time": "2025-12-30T12:00:00+02:00",
}
BACK = LEVA | {"event_id": "B-1", "original_event_id": "E-1", "event_time": "2026-01-02T12:00:00+02:00"}


def told(*bodies) -> tuple[int, list[tuple[str, ...]]]:
    """USD cents that count after the records, and the codes of those that were refused."""
    pipeline = Pipeline()
    pipeline.send(RATES, RATE | {"quote": "BGN", "mid": "1.70", "rate_time": "2025-12-30T08:00:00Z"}, at=NOW)
    answers = [pipeline.send(TRANSACTIONS, body, at=NOW) for body in bodies]
    refused = [answer.codes for answer in answers if isinstance(answer, Rejected)]
    return exact_sum(rows(pipeline.party())["usd"]), refused


@pytest.mark.parametrize(
    ("status", "amount", "left"),
    [
        ("cancelled", "100000.00", 0),
        ("cancelled", "1.00", 0),
        ("returned", "100000.00", 0),
        ("returned", "25000.00", 44_117_65),
    ],
)
def test_what_was_paid_before_the_end_is_taken_back_after_it(status, amount, left):
    """100 000 leva at 1.70 are 58 823.53 dollars."""
    assert told(LEVA) == (58_823_53, [])
    assert told(LEVA, BACK | {"status": status, "amount": amount}) == (left, [])


@pytest.mark.parametrize("status", ["settled", "ordered"])
def test_nothing_new_is_paid_after_the_end(status):
    after = BACK | {"status": status, "event_id": "E-2"}
    assert told(LEVA, after) == (58_823_53, [("currency.withdrawn",)])


def test_a_code_that_never_was_a_currency_is_refused_in_a_return_too():
    assert told(LEVA, BACK | {"status": "returned", "currency": "QQQ"}) == (58_823_53, [("currency.unknown",)])


def test_other_records_are_about_their_own_day():
    """A declaration has no payment to take back, whatever it calls itself."""
    pipeline = Pipeline()
    late = DECLARATION | {"currency": "BGN", "declared_time": "2026-01-02T00:00:00Z"}
    assert pipeline.send(DECLARATIONS, late, at=NOW).codes == ("currency.withdrawn",)
