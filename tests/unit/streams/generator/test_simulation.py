"""The built-in stream: deterministic, in order, exact in number, and every record what the contract says."""

import hashlib
import itertools
from collections import Counter
from datetime import date

import orjson
import pytest

from streams.contracts.inputs import INPUTS
from streams.errors import UsageError
from streams.generator import InputRecord, Simulation
from streams.generator.bad import kinds
from streams.generator.calendar import Calendar
from streams.generator.draw import Draw
from streams.generator.world import PURPOSES
from streams.ingest.decode import decode, find_faults
from streams.rule_packs import default_tables


@pytest.fixture(scope="module")
def spoiled() -> tuple[Simulation, list[InputRecord]]:
    simulation = Simulation(5, 8_000, bad_share=0.05)
    return simulation, list(simulation)


def test_equal_arguments_give_equal_bytes_and_truth() -> None:
    """Two simulations with the same arguments differ in no byte."""
    first, second = Simulation(3, 3_000, bad_share=0.02), Simulation(3, 3_000, bad_share=0.02)
    assert list(first) == list(second)
    assert first.truth.lines() == second.truth.lines()


def test_another_seed_gives_another_stream() -> None:
    """The seed changes the stream."""
    assert list(Simulation(3, 1_000)) != list(Simulation(4, 1_000))


def test_known_digest() -> None:
    """The bytes of one small stream are these: a change here means every recorded result has to be made again."""
    digest = hashlib.sha256()
    for record in Simulation(1, 1_000):
        digest.update(record.value or b"")
    assert digest.hexdigest()[:16] == "1ac66c0e33205d06"


@pytest.mark.parametrize("events", [500, 777, 2_000, 20_000])
def test_exactly_as_many_records_as_asked_for_in_time_order(events: int) -> None:
    """All topics together make `events` records, and time stamps never step back."""
    simulation = Simulation(2, events, bad_share=0.01)
    records = list(simulation)
    assert len(records) == events == simulation.truth.totals()["records"]
    assert all(one.timestamp_ms <= other.timestamp_ms for one, other in itertools.pairwise(records))


def test_every_other_record_decodes_and_every_bad_one_is_refused_with_its_code(
    spoiled: tuple[Simulation, list[InputRecord]],
) -> None:
    """The decoder accepts what is not in the truth as bad and finds exactly the expected code in what is."""
    simulation, records = spoiled
    expected = {(entry["topic"], entry["sha256"], entry["key"]): entry["code"] for entry in simulation.truth.of("bad")}
    refused = 0
    for record in records:
        key = None if record.key is None else record.key.decode()
        code = expected.get((record.topic, hashlib.sha256(record.value or b"").hexdigest(), key))
        arguments = (INPUTS[record.topic], record.timestamp_ms, record.key, record.value)
        if code is None:
            assert decode(*arguments) is not None, find_faults(*arguments)
        else:
            refused += 1
            assert decode(*arguments) is None
            assert [fault.code for fault in find_faults(*arguments)] == [code]
    assert refused == simulation.truth.totals()["bad"]


def test_bad_records_come_in_the_share_asked_for_and_in_every_kind(
    spoiled: tuple[Simulation, list[InputRecord]],
) -> None:
    """A share of 5 % of 8 000 is about 400, and transactions show every fault made for them."""
    simulation, _ = spoiled
    bad = simulation.truth.of("bad")
    assert 330 <= len(bad) <= 470
    assert {entry["bad"] for entry in bad if entry["topic"] == "fx.transactions.v1"} == set(kinds("fx.transactions.v1"))


def test_resends_and_conflicts_follow_their_original(spoiled: tuple[Simulation, list[InputRecord]]) -> None:
    """A resend has the bytes of an earlier record; a conflict has its identity and another body."""
    simulation, records = spoiled
    places: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        places.setdefault(hashlib.sha256(record.value or b"").hexdigest(), []).append(place)
    resends, conflicts = simulation.truth.of("resend"), simulation.truth.of("conflict")
    assert resends
    assert conflicts
    for entry in resends:
        first, second = places[entry["sha256"]][:2]
        assert records[first].key == records[second].key
        assert records[second].timestamp_ms > records[first].timestamp_ms
    for entry in conflicts:
        other = orjson.loads(records[places[entry["sha256"]][0]].value)
        same = [
            orjson.loads(record.value)
            for record in records[: places[entry["sha256"]][0]]
            if record.value and entry["event_id"].encode() in record.value and record.key == entry["key"].encode()
        ]
        originals = [body for body in same if isinstance(body, dict) and body.get("event_id") == entry["event_id"]]
        assert any(
            body["institution"] == other["institution"] and body["amount"] != other["amount"] for body in originals
        )


def test_without_bad_share_nothing_is_bad_resent_or_in_conflict() -> None:
    """The default stream holds good records with distinct ids only."""
    simulation = Simulation(1, 3_000)
    ids = Counter(orjson.loads(record.value).get("event_id") for record in simulation if record.topic != "fx.rates.v1")
    totals = simulation.truth.totals()
    assert (totals["bad"], totals["resends"], totals["conflicts"]) == (0, 0, 0)
    assert set(ids.values()) == {1}


def test_profiles_then_rates_come_before_the_payments_that_need_them() -> None:
    """Before a payment in a currency stand its party's profile and a rate of that currency at most 13 h old."""
    profiles, rates = set(), {}
    for record in Simulation(1, 3_000):
        body = orjson.loads(record.value)
        if record.topic == "fx.profiles.v1":
            profiles.add(record.key)
        elif record.topic == "fx.rates.v1":
            rates[body["base"]] = record.timestamp_ms
        elif record.topic == "fx.transactions.v1":
            assert record.key in profiles
            assert record.timestamp_ms - rates[body["currency"]] <= 13 * 3_600_000


def test_history_days_are_marked_and_hold_no_cases() -> None:
    """Records of the history carry the header, later ones do not, and every case begins after it."""
    simulation = Simulation(1, 4_000, days=30, history_days=10)
    records = list(simulation)
    limit = simulation._calendar.start_ms + 10 * 86_400_000
    assert all((("fx.history", b"1") in record.headers) == (record.timestamp_ms < limit) for record in records)
    times = {orjson.loads(record.value).get("event_id"): record.timestamp_ms for record in records}
    assert all(times[entry["event_ids"][0]] >= limit for entry in simulation.truth.of("case"))


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({"events": 10}, "--events"),
        ({"events": 1_000, "bad_share": 0.9}, "--bad"),
        ({"events": 1_000, "days": 3}, "--days"),
        ({"events": 1_000, "residents": 900}, "--residents"),
        ({"events": 1_000, "history_days": 1}, "--history-days"),
        ({"events": 1_000, "start": date(2031, 1, 1)}, "ECB"),
    ],
)
def test_arguments_out_of_range_are_told(arguments: dict, option: str) -> None:
    """Each argument out of range names its option."""
    with pytest.raises(UsageError, match=option):
        Simulation(1, **arguments)


def test_korean_days() -> None:
    """Children's Day and Sundays are no business days; the first Monday is; month ends weigh more."""
    calendar = Calendar(date(2026, 4, 20), 30)
    assert calendar.business[0]
    assert not calendar.business[(date(2026, 5, 5) - date(2026, 4, 20)).days]
    assert not calendar.business[6]
    assert calendar.weights[9] > calendar.weights[0] > calendar.weights[6]
    assert calendar.text(calendar.start_ms + 3_600_000) == "2026-04-20T01:00:00+09:00"


def test_purposes_are_those_of_the_default_legend() -> None:
    """Each purpose code stands in detectors/packs/kr.toml with the kind it is used for."""
    legend = default_tables()["legend"]["purposes"]
    assert [legend[code]["kind"] for code in PURPOSES.values()] == list(PURPOSES)


def test_sizes_stay_in_their_range_and_lean_to_the_small() -> None:
    """A drawn size is within its limits, and most are below the middle."""
    draw = Draw("test")
    sizes = [draw.size(100, 10_000) for _ in range(2_000)]
    assert min(sizes) >= 100
    assert max(sizes) < 10_000
    assert sum(size < 5_050 for size in sizes) > 1_600
