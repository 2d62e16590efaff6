"""The rules of docs/TIME.md at their boundaries: one microsecond decides, and each rule is counted where it says."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from detectors.contracts.alert import Versions
from detectors.contracts.events import Origin, Rate, Source
from detectors.values.legal_calendar import DAY_US, to_us, year_bounds
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.ingest.agent import IngestAgent
from streams.ingest.door import Rejected
from streams.kafka.topics.table import INPUTS
from streams.operations.metrics import Metrics
from tests.support.ledger import Ledger, configuration, digest16, payment
from tests.support.pipeline import RATE, TRANSACTION, Pipeline

MICROSECOND = timedelta(microseconds=1)
NEWEST = datetime(2026, 3, 10, 3, tzinfo=UTC)
YEAR_END = datetime(2025, 12, 31, 15, tzinfo=UTC)  # midnight in Seoul


def sent(at, **changes):
    """A transaction of a time, as its sender writes it."""
    return TRANSACTION | {"event_id": changes.get("event_id", at.isoformat()), "event_time": at.isoformat()} | changes


def total(pipeline):
    """USD cents of the only party's payments."""
    return exact_sum(rows(pipeline.party())["usd"])


# -- the future, and senders' clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kafka", [NEWEST, datetime(2026, 3, 10, 3, 0, 0, 1000, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)]
)
def test_24_hours_ahead_is_the_last_moment_of_the_contract(kafka):
    """Exactly 24 h after the Kafka timestamp is taken, a microsecond more is refused, also where floats fail."""
    limit = kafka + timedelta(hours=24)
    assert not isinstance(Pipeline().send(TRANSACTIONS, sent(limit), at=kafka), Rejected)
    refused = Pipeline().send(TRANSACTIONS, sent(limit + MICROSECOND), at=kafka)
    assert isinstance(refused, Rejected)
    assert refused.codes == ("time.future",)


def test_an_event_ahead_of_its_kafka_timestamp_is_counted():
    """Ingest counts what is dated after its own Kafka timestamp as `ahead`; the same moment is not."""
    metrics = Metrics(
        partitions=1,
        desks=[],
        typologies=[],
        topics=INPUTS,
        codes=[],
        detectors=[],
        versions=Versions(code="1", config="1", detectors="1", rules="1"),
    )
    agent = IngestAgent.__new__(IngestAgent)  # its run alone: no Kafka stands behind it
    agent.door, agent.metrics, agent.sealer = Pipeline().door, metrics, None
    agent._handled, agent._looked = {}, True
    agent.watch = SimpleNamespace(note_handled=lambda runs: None)
    agent.rules = SimpleNamespace(note_taken=lambda _record, *, refused: None)

    async def delivered(_deliveries, _letters=()):
        pass

    agent._deliver = delivered
    values = [NEWEST, NEWEST + MICROSECOND, NEWEST - timedelta(days=9), NEWEST + timedelta(hours=24)]
    records = [
        Raw(number, int(NEWEST.timestamp() * 1000), json.dumps(sent(at)).encode()) for number, at in enumerate(values)
    ]
    asyncio.run(agent._run(records))
    page = metrics.page().decode()
    assert 'fxwatch_events_total{agent="ingest",outcome="ahead"} 2.0' in page
    assert 'fxwatch_events_total{agent="ingest",outcome="applied"} 4.0' in page


class Raw:
    """An input record as Kafka's consumer gives it."""

    topic, partition, key, headers = TRANSACTIONS, 0, b"P-1", ()

    def __init__(self, offset, timestamp, value):
        self.offset, self.timestamp, self.value = offset, timestamp, value


# -- late and out of order ----------------------------------------------------------------------------------------


def test_35_days_late_counts_and_a_microsecond_more_does_not():
    """At exactly 35 days behind the newest payment it is in the legal totals; beyond it is scored and counted late."""
    for beyond, expected, late in ((timedelta(0), 990_000, 0), (MICROSECOND, 495_000, 1)):
        pipeline = Pipeline()
        pipeline.send(TRANSACTIONS, sent(NEWEST), at=NEWEST)
        pipeline.send(TRANSACTIONS, sent(NEWEST - timedelta(days=35) - beyond), at=NEWEST)
        assert total(pipeline) == expected
        assert (pipeline.state.counters["late"], pipeline.core.tally.outcomes["late"]) == (late, late)
        assert pipeline.state.counters["scored"] == 2


def test_an_event_out_of_order_counts_at_its_own_time():
    """A payment that comes after a later one is in the year it was made in, and its lateness is observed."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, sent(YEAR_END + timedelta(days=3)), at=NEWEST)
    pipeline.send(TRANSACTIONS, sent(YEAR_END - timedelta(days=3)), at=NEWEST)
    years = year_bounds(2025, pipeline.state.effective.zone)
    found = rows(pipeline.party())
    assert exact_sum(found["usd"][(found["time"] >= years[0]) & (found["time"] < years[1])]) == 495_000
    assert pipeline.core.tally.late == [0.0, 6 * 86_400.0]


def test_the_newest_payment_alone_decides_what_is_late():
    """Rates of any time move no watermark: a rate of tomorrow makes no payment late."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, sent(NEWEST - timedelta(days=60)), at=NEWEST)
    pipeline.send(RATES, RATE | {"rate_time": NEWEST.isoformat()}, at=NEWEST)
    pipeline.send(TRANSACTIONS, sent(NEWEST - timedelta(days=61)), at=NEWEST)
    assert pipeline.state.counters["late"] == 0


# -- the calendar -------------------------------------------------------------------------------------------------


def test_the_legal_year_ends_at_midnight_in_seoul():
    """14:59:59.999999 UTC on 31 December is still the old year, 15:00:00 the new one, for total and limit alike."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, sent(YEAR_END - MICROSECOND, amount="100000"), at=NEWEST)
    outputs = pipeline.send(TRANSACTIONS, sent(YEAR_END, amount="100000"), at=NEWEST)
    # each year's cap of 100 000 is used up exactly, none is crossed
    assert [output for output in outputs if output.topic == "fx.alerts.v1"] == []
    outputs = pipeline.send(TRANSACTIONS, sent(YEAR_END + MICROSECOND, amount="0.01"), at=NEWEST)
    (alert,) = {output.value for output in outputs if output.topic == "fx.alerts.v1"}
    assert [hit["window"] for hit in json.loads(alert)["typologies"] if hit["id"] == "T02"] == ["calendar year 2026"]


def test_a_leap_year_has_its_day():
    """29 February belongs to its year; the year's bounds are 366 days apart, and 90 days are 90 times 24 hours."""
    pipeline = Pipeline()
    zone = pipeline.state.effective.zone
    for year, days in ((2024, 366), (2025, 365), (2000, 366), (1900, 365)):
        first, last = year_bounds(year, zone)
        assert round((last - first) / DAY_US) == days
    leap = datetime(2024, 2, 29, 3, tzinfo=UTC)
    pipeline.send(TRANSACTIONS, sent(leap), at=NEWEST)
    assert year_bounds(2024, zone)[0] <= to_us(leap) < year_bounds(2024, zone)[1]
    assert total(pipeline) == 495_000


def test_a_leap_second_is_refused():
    """Second 60 is no time that the core can count with; the sender smears it or writes 59."""
    refused = Pipeline().send(TRANSACTIONS, TRANSACTION | {"event_time": "2016-12-31T23:59:60Z"})
    assert isinstance(refused, Rejected)
    assert refused.codes == ("time.malformed",)
    assert not isinstance(Pipeline().send(TRANSACTIONS, TRANSACTION | {"event_time": "2016-12-31T23:59:59Z"}), Rejected)


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-02T01:30:00-04:00",
        "2025-11-02T00:30:00-05:00",
        "2025-11-02T14:30:00+09:00",
        "2025-11-02T05:30:00-00:00",
    ],
)
def test_an_offset_of_daylight_saving_is_only_another_writing(text):
    """The hour that New York has twice is told apart by its offset; all writings of a moment are one time in UTC."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, TRANSACTION | {"event_time": text})
    assert pipeline.events()[0].event_time == datetime(2025, 11, 2, 5, 30, tzinfo=UTC)


# -- history and rates --------------------------------------------------------------------------------------------


def test_history_counts_and_never_alerts():
    """History crosses the cap in silence and is counted; the next live payment is judged with it."""
    pipeline = Pipeline()
    assert pipeline.send(TRANSACTIONS, sent(NEWEST, amount="150000"), at=NEWEST, history=True) == []
    assert pipeline.core.tally.outcomes["history"] == 1
    outputs = pipeline.send(TRANSACTIONS, sent(NEWEST + MICROSECOND, amount="1"), at=NEWEST)
    assert any(output.topic == "fx.alerts.v1" for output in outputs)
    assert pipeline.core.tally.outcomes["history"] == 1


def in_won(at):
    """A payment of 1 387.50 KRW."""
    return sent(at, currency="KRW", amount="1387.50")


@pytest.mark.parametrize(
    ("age", "usd", "missing"),
    [
        (timedelta(hours=26), 100, 0),
        (timedelta(hours=26) + MICROSECOND, 0, 1),
        (timedelta(0), 100, 0),
        (-MICROSECOND, 0, 1),
    ],
)
def test_a_rate_is_used_from_its_own_time_for_26_hours(age, usd, missing):
    """At its own time and exactly 26 h later it counts; a microsecond before or beyond it is missing, and counted."""
    pipeline = Pipeline()
    pipeline.send(RATES, RATE | {"rate_time": (NEWEST - age).isoformat()}, at=NEWEST)
    pipeline.send(TRANSACTIONS, in_won(NEWEST), at=NEWEST)
    assert total(pipeline) == usd
    assert (pipeline.state.counters["rate_missing"], pipeline.core.tally.rate_missing) == (missing, missing)


def test_a_rate_that_comes_after_its_payment_changes_nothing():
    """What stands in the ledger before the payment is what counts, whatever time the later rate is of."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, in_won(NEWEST), at=NEWEST)
    pipeline.send(RATES, RATE | {"rate_time": (NEWEST - timedelta(hours=1)).isoformat()}, at=NEWEST)
    assert total(pipeline) == 0
    assert pipeline.state.counters["rate_missing"] == 1


# -- the order of arrival from different sources ------------------------------------------------------------------

PARTIES = ("k1.000.a", "k1.001.b")
# T12, T13 and T14 compare with what is usual for the party by then, which another order of its payments changes
QUIET = configuration(
    detectors={"daily_budget": 0.0, "warm_up": 3, "calibration_window": 10},
    rules={name: {"enabled": False} for name in ("T12", "T13", "T14")},
)
AMOUNTS = st.sampled_from(["4900", "4950", "30000", "60000", "12.34"])


def bank(institution, with_returns):
    """What one bank sends: payments of two parties within 30 days, none at the same moment as another bank's.

    `with_returns`: some are settlements that replace an amount, returns and cancellations.
    """
    statuses = ["settled", "settled", "ordered", *(["returned", "cancelled"] if with_returns else [])]
    return st.lists(
        st.fixed_dictionaries(
            {
                "minutes": st.integers(0, 30 * 24 * 60),
                "amount": AMOUNTS,
                "party": st.sampled_from(PARTIES),
                "status": st.sampled_from(statuses),
                "payment": st.sampled_from([None, "P", "Q"] if with_returns else [None]),
            }
        ),
        min_size=2,
        max_size=10,
    ).map(lambda steps: [transaction(institution, number, **step) for number, step in enumerate(steps)])


def transaction(institution, number, *, minutes, amount, party, status, payment):
    # the sequence number in the microseconds keeps any two events of a payment apart in time
    at = YEAR_END - timedelta(days=15) + timedelta(minutes=minutes, microseconds=2 * number + (institution == "BANKB"))
    name = None if payment is None else f"{institution}{party}{payment}"
    return make(
        f"{institution}{number}", at, amount, party=party, status=status, payment_id=name, institution=institution
    )


make = payment


def rates(count):
    """Reference rates; payments in dollars do not need them."""
    times = [YEAR_END - timedelta(days=15 - day) for day in range(count)]
    return [
        Rate(
            event_id=f"R{at}",
            identity=digest16(f"R{at}"),
            body=digest16("x"),
            base="USD",
            quote="KRW",
            mid="1400",
            rate_time=at,
        )
        for at in times
    ]


def interleaved(sources, choices):
    """The sources' events in one order: each source's own order kept, the next source drawn."""
    waiting = [list(events) for events in sources]
    places = [0] * len(sources)
    order = []
    for choice in choices:
        open_ones = [number for number, events in enumerate(waiting) if places[number] < len(events)]
        if not open_ones:
            break
        number = open_ones[choice % len(open_ones)]
        order.append((number, places[number], waiting[number][places[number]]))
        places[number] += 1
    for number, events in enumerate(waiting):
        order += [(number, place, events[place]) for place in range(places[number], len(events))]
    return order


def outcome(order):
    """Legal totals by party and local year, typologies that fired by party, and what became of the records."""
    ledger, fired, outcomes = Ledger(QUIET), set(), Counter()
    for source, place, event in order:
        origin = Origin(
            offset=len(ledger.log), source=Source(TRANSACTIONS, source, place), commitment="0" * 64, timestamp_ms=0
        )
        outputs = ledger.put(event, origin)
        outcomes[outputs.outcome] += 1
        fired |= {(hit.id, alert.party) for alert in outputs.alerts for hit in alert.typologies}
    totals = {}
    for token, record in ledger.state.parties.items():
        found = rows(unpack(record))
        for year in (2025, 2026):
            first, last = year_bounds(year, ledger.state.effective.zone)
            inside = (found["time"] >= first) & (found["time"] < last)
            totals[token, year] = exact_sum(found["usd"][inside])
    return totals, fired, outcomes


ORDERS = st.lists(st.integers(0, 5), max_size=40)
MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(bank("BANKA", with_returns=True), bank("BANKB", with_returns=True), st.integers(0, 4), ORDERS, ORDERS)
def test_no_interleaving_changes_legal_totals(first, second, count, one_order, other_order):
    """Two banks and the rates in any order: each party's totals of each legal year are the same, returns included."""
    sources = [first, second, rates(count)]
    one, other = outcome(interleaved(sources, one_order)), outcome(interleaved(sources, other_order))
    assert one[0] == other[0]


@MANY
@given(bank("BANKA", with_returns=False), bank("BANKB", with_returns=False), ORDERS, ORDERS)
def test_no_interleaving_silences_a_legal_rule(first, second, one_order, other_order):
    """Where nothing is taken back or replaced, the same rules of law fire for the same parties in every order."""
    one, other = (outcome(interleaved([first, second], order)) for order in (one_order, other_order))
    assert one[1] == other[1]


SCRIPTS = [
    ("settled",),
    ("ordered", "settled"),
    ("settled", "settled"),
    ("ordered", "cancelled"),
    ("ordered", "settled", "returned"),
    ("settled", "returned"),
]


@st.composite
def honest_bank(draw):
    """What a bank says of some payments: ordered, settled, corrected once within hours, and after that taken back."""
    events = []
    for name in range(draw(st.integers(1, 4))):
        day, amount = draw(st.integers(0, 29)), draw(AMOUNTS)
        party = draw(st.sampled_from(PARTIES))
        for place, status in enumerate(draw(st.sampled_from(SCRIPTS))):
            minutes = day * 24 * 60 + 300 * place + draw(st.integers(0, 299))
            events.append(
                transaction(
                    "BANKA", len(events), minutes=minutes, amount=amount, party=party, status=status, payment=f"P{name}"
                )
            )
    return events


@MANY
@given(honest_bank(), st.data(), ORDERS, ORDERS)
def test_no_interleaving_changes_how_many_are_duplicates(events, data, one_order, other_order):
    """A record that comes on two partitions counts once in every order; which of the two it is may change."""
    again = data.draw(st.lists(st.sampled_from(events), max_size=5, unique_by=id))
    one, other = (outcome(interleaved([events, again], order)) for order in (one_order, other_order))
    assert one[2] == other[2]
    assert one[0] == other[0]


def test_a_return_in_between_may_keep_an_alert_from_being_raised():
    """What order may change: a return that comes before the cap is crossed leaves nothing to alert; totals agree."""
    before = make("a1", YEAR_END + timedelta(hours=1), "60000", party=PARTIES[0])
    crossing = make("b1", YEAR_END + timedelta(hours=2), "50000", party=PARTIES[0], institution="BANKB")
    back = make(
        "a2", YEAR_END + timedelta(hours=3), "30000", party=PARTIES[0], status="returned", original_event_id="a1"
    )
    early = outcome([(0, 0, before), (0, 1, back), (1, 0, crossing)])
    late = outcome([(0, 0, before), (1, 0, crossing), (0, 1, back)])
    assert early[0] == late[0]
    assert {name for name, _ in late[1]} - {name for name, _ in early[1]} == {"T02"}
