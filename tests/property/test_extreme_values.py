"""Nothing the contract allows, however extreme, stops a partition: door, ledger bytes and core together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books.payments import rows
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from detectors.memory.state import PartitionState
from detectors.shared.state import SharedState
from detectors.values.legal_calendar import local, to_us, year_bounds
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.ingest.door import Admitted, Rejected
from streams.ledger import envelope
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from streams.shared.core import SharedCore
from tests.support.pipeline import DECLARATION, DISPOSITION, PROFILE, RATE, TRANSACTION, LedgerRecord, Pipeline

# far enough for every time below: the broker's clock is not what is tested here
KAFKA_TIME = datetime(9999, 12, 31, 23, tzinfo=UTC)
CONFIGURATION = overlay_configuration(
    {
        "detectors": {
            "warm_up": 3,
            "calibration_window": 10,
            "daily_budget": 5000.0,
            "rank_ceiling": 1.0,
            "most_by_chance": 1e9,
        }
    }
)
TIMES = st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.000001-23:59",
        "0001-12-31T23:59:59Z",
        "1582-10-10T00:00:00Z",
        "1908-03-31T15:30:00Z",  # before the Republic's first standard time
        "1969-12-31T23:59:59.999999Z",
        "2024-02-29T12:00:00+09:00",
        "2025-11-30T00:00:00Z",
        "2025-12-31T14:59:59.999999Z",
        "2025-12-31T15:00:00Z",
        "2026-01-05T00:00:00Z",
        "2026-02-10T00:00:00Z",
        "9998-12-31T23:59:59Z",
        "9999-12-31T14:59:59Z",
        "9999-12-31T23:59:59.999999Z",
    ]
)
MONEY = st.sampled_from(["0.000001", "1", "4900", "99999.999999", "1000000000000000", "000000000000001"])
RATES_DRAWN = st.sampled_from(["0.000001", "0.000000000001", "1", "1400", "1000000000000000"])
CURRENCIES = st.sampled_from(["USD", "KRW", "EUR", "XAU"])
IDS = st.sampled_from(["A", "B", "C", "xy" * 32, "A\U0010ffff", "가"])
TRANSACTIONS_DRAWN = st.fixed_dictionaries(
    {
        "event_id": IDS,
        "event_time": TIMES,
        "amount": MONEY,
        "currency": CURRENCIES,
        "direction": st.sampled_from(["out", "in"]),
        "party_type": st.sampled_from(["person", "sole_trader", "company", "bank"]),
        "status": st.sampled_from(["ordered", "settled", "returned", "cancelled"]),
    },
    optional={
        "payment_id": IDS,
        "original_event_id": IDS,
        "deal_rate": RATES_DRAWN,
        "settled_amount": MONEY,
        "settled_currency": CURRENCIES,
        "channel": st.sampled_from(["small_remitter", "interbank"]),
        "purpose": st.sampled_from(["10101", "10201"]) | IDS.filter(lambda text: len(text) <= 16),
        "trade_terms": st.sampled_from(["advance", "sight", "transit"]),
        "declaration_no": st.sampled_from(["N-1", "---"]),
        "device_id": IDS,
        "counterparty_account": IDS.filter(lambda text: len(text) <= 64),
        "evidence": st.sampled_from(["none", "shown"]),
        "goods_due": st.sampled_from(["0001-01-01", "9999-12-31"]),
        "exchange_linked_inflow_24h": st.sampled_from(["0", "1000000000000000"]),
        "remittance_info": st.sampled_from(["", "\x00", "bitcoin"]),
    },
).map(lambda body: (TRANSACTIONS, TRANSACTION | body))
DECLARATIONS_DRAWN = st.fixed_dictionaries(
    {"event_id": IDS, "declared_time": TIMES, "value": MONEY | st.just("0"), "currency": CURRENCIES},
    optional={
        "quantity": st.sampled_from(["0", "1000000000000000", "0.000000000001"]),
        "line": st.sampled_from([1, 2**63, 2**64 - 1]),
        "amends": IDS,  # of itself, and in circles
        "kind": st.just("export"),
        "settlement_due": st.sampled_from(["0001-01-01", "9999-12-31"]),
        "quantity_unit": st.just(""),
    },
).map(lambda body: (DECLARATIONS, DECLARATION | body))
RATE_RECORDS = st.fixed_dictionaries(
    {"rate_time": TIMES, "mid": RATES_DRAWN, "base": CURRENCIES, "quote": CURRENCIES}, optional={"event_id": IDS}
).map(lambda body: (RATES, RATE | body))
PROFILE_RECORDS = st.fixed_dictionaries(
    {"event_id": IDS, "as_of": TIMES},
    optional={
        "related_counterparties": st.sampled_from([[], ["C-1"], ["C-1", "C-1"], [str(n) for n in range(4096)]]),
        "registered_on": st.sampled_from(["0001-01-01", "9999-12-31"]),
        "employees": st.sampled_from([0, 2**63, 2**64 - 1]),
        "capital_krw": st.sampled_from(["0", "1000000000000000"]),
    },
).map(lambda body: (PROFILES, PROFILE | body))
DISPOSITION_RECORDS = st.fixed_dictionaries(
    {"event_id": IDS, "decided_at": TIMES, "alert_id": IDS}, optional={"amount_krw": st.just("0")}
).map(lambda body: (DISPOSITIONS, DISPOSITION | body))
STEPS = st.lists(
    st.tuples(
        st.one_of(
            TRANSACTIONS_DRAWN,
            TRANSACTIONS_DRAWN,
            DECLARATIONS_DRAWN,
            RATE_RECORDS,
            PROFILE_RECORDS,
            DISPOSITION_RECORDS,
        ),
        st.booleans(),
    ),
    max_size=25,
)


class BothAgents(Pipeline):
    """The pipeline with the shared agent beside it: `nodes` is what that learned of all legs."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.shared, self.legs = SharedCore("test"), 0
        self.nodes = self.shared.new(0)
        self._apply_leg(0, *envelope.first_configuration(ConfigurationChange(configuration=configuration)))

    def _apply_leg(self, timestamp: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        record = LedgerRecord(self.legs, timestamp, key, value, headers)
        self.legs += 1
        self.shared.apply(self.nodes, 0, record, muted=False)

    def take(self, admitted: Admitted, timestamp: int) -> list[Output]:
        """To the ledger as ever; then the legs."""
        outputs = super().take(admitted, timestamp)
        for _, key, value, headers in admitted.legs:
            self._apply_leg(timestamp, key, value, headers)
        return outputs


def accepted(pipeline: Pipeline, topic: str, body: dict[str, Any], *, history: bool = False) -> None:
    """Send a record; it must be applied unless the contract itself refuses it."""
    answer = pipeline.send(topic, body, at=KAFKA_TIME, history=history)
    if isinstance(answer, Rejected):
        # what the drawn values may break: two currencies alike, a return of nothing, year 1 east and 9999 west of UTC
        assert set(answer.codes) <= {"currency.same", "field.missing", "time.malformed"}, answer


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_every_record_of_the_contract_is_applied_and_can_be_saved(steps):
    """Years 1 to 9999, 1e15 and 1e-6, returns before orders and beyond the amount: applied, saved and loaded alike."""
    pipeline = BothAgents(CONFIGURATION)
    for (topic, body), history in steps:
        accepted(pipeline, topic, body, history=history)
    sections = list(pipeline.state.freeze().sections())
    assert PartitionState.thaw(sections).freeze().digest() == pipeline.state.freeze().digest()
    sections = list(pipeline.nodes.freeze().sections())
    assert SharedState.thaw(sections).freeze().digest() == pipeline.nodes.freeze().digest()


@pytest.mark.parametrize("last", ["0001-01-01", "9999-12-31"])
def test_a_date_that_stands_for_no_date_stops_no_partition(last):
    """Systems write 9999-12-31 where no date is agreed: on an import payment, and on an export declaration."""
    pipeline = Pipeline(CONFIGURATION)
    accepted(pipeline, RATES, RATE)
    accepted(pipeline, TRANSACTIONS, TRANSACTION | {"purpose": "10101", "goods_due": last, "party_type": "company"})
    accepted(pipeline, DECLARATIONS, DECLARATION | {"kind": "export", "settlement_due": last})
    assert pipeline.state.counters["applied"] == 4  # the configuration is the first
    # both wait for their date
    assert {"T06 declaration", "T07 receipt"} <= set(pipeline.party().due)


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_payment_of_the_first_or_last_year_is_applied(year):
    """The watermark less the lateness, and the end of year 9999, lie outside the calendar; nothing overflows."""
    pipeline = Pipeline(CONFIGURATION)
    accepted(pipeline, TRANSACTIONS, TRANSACTION | {"event_time": f"{year}-01-01T00:00:00Z"})
    accepted(pipeline, TRANSACTIONS, TRANSACTION | {"event_id": "E-2", "event_time": f"{year}-12-31T23:59:59.999999Z"})
    assert pipeline.state.counters["applied"] == 3


def test_the_calendar_ends_are_cut_to_the_calendar():
    """Beyond year 1 and year 9999 the first and last whole day stand; within them nothing changes."""
    zone = Pipeline(CONFIGURATION).state.effective.zone
    first, last = to_us(datetime.min.replace(tzinfo=UTC)), to_us(datetime.max.replace(tzinfo=UTC))
    assert local(first - 40 * 86_400_000_000, zone) == local(first, zone)
    assert local(last, zone).year == 9999
    assert year_bounds(9999, zone)[0] < last < year_bounds(9999, zone)[1]
    assert local(to_us(datetime(2025, 12, 31, 15, tzinfo=UTC)), zone).date().isoformat() == "2026-01-01"


def test_a_declared_value_of_nothing_is_applied():
    """The contract allows a declared value of 0 (samples, returns); it must not stop the partition."""
    pipeline = Pipeline(CONFIGURATION)
    accepted(pipeline, DECLARATIONS, DECLARATION | {"value": "0"})
    assert pipeline.party().declarations == 1


def test_the_largest_payment_at_an_absurd_rate_is_applied():
    """1e15 USD a thousand times off the market moves more than 64 bits of cents; the gap is cut, not the partition."""
    pipeline = Pipeline(CONFIGURATION)
    accepted(pipeline, RATES, RATE)
    for number in range(3):
        body = {
            "event_id": f"E-{number}",
            "amount": "1000000000000000",
            "deal_rate": "1000000000000000",
            "settled_currency": "KRW",
        }
        accepted(pipeline, TRANSACTIONS, TRANSACTION | body)
    assert pipeline.state.counters["scored"] == 3


@pytest.mark.parametrize(("back", "left"), [("9000", 0), ("1000000000000000", 4950_00)])
def test_a_return_of_more_than_the_amount_leaves_nothing_or_is_of_another_payment(back, left):
    """What comes back beyond what was sent is cut at zero, twice as much is no return of it; whichever came first."""
    for order in ((0, 1), (1, 0)):
        pipeline = Pipeline(CONFIGURATION)
        records = [
            TRANSACTION | {"payment_id": "P"},
            TRANSACTION
            | {"event_id": "R", "status": "returned", "original_event_id": "E-1", "payment_id": "P", "amount": back},
        ]
        for number in order:
            accepted(pipeline, TRANSACTIONS, records[number])
        assert sum(row["usd"] for row in rows(pipeline.party())) == left


def test_a_burst_of_late_payments_is_scored():
    """Payments a century late are scored, counted as late, and leave the totals alone."""
    pipeline = Pipeline(CONFIGURATION)
    accepted(pipeline, TRANSACTIONS, TRANSACTION)
    for number in range(5):
        moment = datetime(1926, 1, 1, tzinfo=UTC) + timedelta(days=number)
        accepted(pipeline, TRANSACTIONS, TRANSACTION | {"event_id": f"L-{number}", "event_time": moment.isoformat()})
    assert pipeline.state.counters["late"] == 5
    assert pipeline.state.counters["scored"] == 6
