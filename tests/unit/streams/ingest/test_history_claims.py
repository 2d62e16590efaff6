"""History is whose and until when the configuration says; nothing live is silenced by the mark."""

from datetime import UTC, datetime

import pytest

from detectors.contracts.configuration import Admission, HistoryAllowed
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.ingest.door import Rejected
from tests.support.pipeline import RATE, TRANSACTION, Pipeline
from tests.unit.streams.contracts.test_identifiers import BIG, TIME, USD_KRW, alerts

ALLOWED = Admission(
    history=(
        HistoryAllowed(institutions=("BKGGKRSEXXX",), until=datetime(2026, 1, 1, tzinfo=UTC)),
        HistoryAllowed(institutions=("SHBKKRSE",), until=datetime(2025, 1, 1, tzinfo=UTC)),
    )
)


@pytest.mark.parametrize(
    ("institution", "time", "admission", "allowed"),
    [
        ("BKGGKRSE", "2026-01-01T00:00:00Z", ALLOWED, True),
        ("BKGGKRSEXXX", "2025-12-31T23:00:00Z", ALLOWED, True),
        ("BKGGKRSE", "2026-01-01T00:00:00.000001Z", ALLOWED, False),
        ("SHBKKRSE", "2025-06-01T00:00:00Z", ALLOWED, False),
        ("SHBKKRSE", "2024-06-01T00:00:00Z", ALLOWED, True),
        ("OTHERKRS", "2024-06-01T00:00:00Z", ALLOWED, False),
        ("BKGGKRSE", "2024-06-01T00:00:00Z", Admission(), False),
    ],
)
def test_history_is_whose_and_until_when_the_configuration_says(institution, time, admission, allowed):
    """Everything else with the mark is refused; without it the same record is live and admitted."""
    body = TRANSACTION | {"institution": institution, "event_time": time}
    answer = Pipeline(admission=admission).send(TRANSACTIONS, body, history=True)
    if allowed:
        assert answer == []
    else:
        assert isinstance(answer, Rejected)
        assert answer.codes == ("history.not_allowed",)
    assert not isinstance(Pipeline(admission=admission).send(TRANSACTIONS, body), Rejected)


def test_a_live_payment_marked_as_history_is_not_silenced():
    """The attack: 150 000 USD with the mark. It is refused, named, and nothing is learned from it as history."""
    pipeline = Pipeline(admission=ALLOWED)
    body = BIG | {"amount": "150000", "institution": "BKGGKRSE"}
    answer = pipeline.send(TRANSACTIONS, body, at=TIME, history=True)
    assert isinstance(answer, Rejected)
    assert pipeline.state.counters["applied"] == 1  # the configuration
    assert len(alerts(pipeline, body)) == 1


def test_records_that_nobody_signs_are_history_up_to_the_latest_time():
    """Rates and profiles cannot silence anything; a loader marks all that it loads."""
    old, new = RATE | {"rate_time": "2025-12-31T00:00:00Z"}, USD_KRW
    assert Pipeline(admission=ALLOWED).send(RATES, old, history=True) == []
    for admission, body in ((ALLOWED, new), (Admission(), old)):
        answer = Pipeline(admission=admission).send(RATES, body, history=True)
        assert isinstance(answer, Rejected)
        assert answer.codes == ("history.not_allowed",)
