"""The preset `full`: exact, ordered, deterministic, valid, and with everybody and everything that it promises."""

import hashlib
import itertools
import subprocess
import sys
from collections import Counter
from datetime import date

import orjson
import pytest

from streams.contracts.input_record import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS, ArrivedRecord
from streams.contracts.record_headers import HISTORY_HEADER
from streams.errors import UsageError
from streams.generator import InputRecord, Simulation
from streams.generator.plan import ALL_TYPOLOGIES, typologies_of
from streams.generator.roles import ROLES
from streams.generator.world import MORE_PURPOSES
from streams.ingest.door import Door, Rejected
from streams.keys import pseudonyms
from streams.rule_packs import default_tables
from streams.settings import overlay_configuration

KEYS = pseudonyms.testbed_keys()
TOPICS = {TRANSACTIONS, DECLARATIONS, RATES, PROFILES, DISPOSITIONS}


def full(seed: int, events: int, **more: object) -> tuple[Simulation, list[InputRecord]]:
    """A stream of the preset without the pack, and its records."""
    simulation = Simulation(seed, events, preset="full", typologies=(), **more)
    return simulation, list(simulation)


@pytest.fixture(scope="module")
def year() -> tuple[Simulation, list[InputRecord]]:
    return full(3, 60_000, days=365, history_days=20)


@pytest.fixture(scope="module")
def bodies(year: tuple[Simulation, list[InputRecord]]) -> dict[str, list[dict]]:
    """Topic -> bodies of the year's records."""
    found: dict[str, list[dict]] = {topic: [] for topic in TOPICS}
    for record in year[1]:
        found[record.topic].append(orjson.loads(record.value))
    return found


@pytest.mark.parametrize(("events", "bad"), [(2_000, 0.0), (2_500, 0.2), (3_333, 0.05), (20_000, 0.02)])
def test_exactly_as_many_records_as_asked_for_in_time_order(events: int, bad: float) -> None:
    """All topics together make `events` records, also with many bad ones, and time stamps never step back."""
    for seed in range(3):
        simulation, records = full(seed, events, bad_share=bad)
        assert len(records) == events == simulation.truth.totals()["records"]
        assert all(one.timestamp_ms <= other.timestamp_ms for one, other in itertools.pairwise(records))


def test_equal_arguments_give_equal_bytes_and_truth_and_another_seed_others() -> None:
    """Two simulations with the same arguments, the pack included, differ in no byte; the seed changes the stream."""
    made = [Simulation(seed, 6_000, preset="full", bad_share=0.02) for seed in (3, 3, 4)]
    first, second, other = ([*simulation] for simulation in made)
    assert first == second
    assert made[0].truth.lines() == made[1].truth.lines()
    assert first != other


def test_the_door_admits_what_is_not_bad_and_refuses_the_rest_with_the_code_of_the_truth() -> None:
    """Every record of a stream with the whole pack and bad records goes through ingest's own door."""
    simulation = Simulation(5, 12_000, preset="full", bad_share=0.05)
    door = Door(KEYS, 12, overlay_configuration({}).legend.words)
    records = list(simulation)
    expected = {(entry["topic"], entry["sha256"], entry["key"]): entry["code"] for entry in simulation.truth.of("bad")}
    refused = 0
    for offset, record in enumerate(records):
        key = None if record.key is None else record.key.decode("utf-8", "replace")
        code = expected.get((record.topic, hashlib.sha256(record.value or b"").hexdigest(), key))
        answer = door.admit(
            ArrivedRecord(record.topic, 0, offset, record.timestamp_ms, record.key, record.value, record.headers)
        )
        if code is None:
            assert not isinstance(answer, Rejected), (answer, record)
        else:
            refused += 1
            assert isinstance(answer, Rejected)
            assert answer.codes == (code,)
    assert refused == simulation.truth.totals()["bad"] > 400


def test_every_role_acts_and_every_form_of_the_contract_occurs(
    year: tuple[Simulation, list[InputRecord]], bodies: dict[str, list[dict]]
) -> None:
    """Roles, topics, statuses, channels, party types, evidence, reports, terms and optional fields are all there."""
    role = {person.id: person.role for person in year[0]._people}
    paid = bodies[TRANSACTIONS]
    assert {role[body["party_id"]] for body in paid} == set(ROLES)
    assert all(bodies.values())
    seen = {name: {body.get(name) for body in paid} for name in ("status", "channel", "party_type", "evidence")}
    assert seen["status"] == {None, "ordered", "returned", "cancelled"}
    assert seen["channel"] == {"branch", "web", "app", "small_remitter", "card", "exchanger", "interbank"}
    assert seen["party_type"] == {"person", "sole_trader", "company", "bank"}
    assert seen["evidence"] == {None, "exempt", "shown", "verified"}
    assert {"offset", "third_party", "capital"} <= {body.get("report_type") for body in paid}
    terms = {body.get("trade_terms") for body in paid}
    assert {"advance", "sight", "usance", "open_account", "consignment"} <= terms
    optional = set().union(*paid)
    assert {"branch", "goods_due", "declaration_no", "hs_code", "contract_counterparty_id", "ip_country"} <= optional
    assert {"exchange_linked_inflow_24h", "remittance_info", "counterparty_bank_country", "payment_id"} <= optional
    assert {"line", "amends", "settlement_due"} <= set().union(*bodies[DECLARATIONS])
    # nothing was planted here, so nothing can have been confirmed
    assert {body["verdict"] for body in bodies[DISPOSITIONS]} == {"refuted", "inconclusive", "duplicate", "withdrawn"}
    assert any("related_counterparties" in body for body in bodies[PROFILES])


def test_codes_are_those_of_the_default_legend() -> None:
    """Each further purpose code stands in detectors/packs/kr.toml."""
    legend = default_tables()["legend"]["purposes"]
    assert set(MORE_PURPOSES.values()) <= set(legend)


def test_profiles_and_rates_come_before_the_payments_that_need_them(year: tuple[Simulation, list[InputRecord]]) -> None:
    """Before a payment stand its party's profile (of a new firm: on its first day) and a rate at most 13 h old."""
    profiles: Counter[bytes] = Counter()
    rates: dict[str, int] = {}
    for record in year[1]:
        body = orjson.loads(record.value)
        if record.topic == PROFILES:
            profiles[record.key] += 1
        elif record.topic == RATES:
            rates[body["base"]] = record.timestamp_ms
        elif record.topic == TRANSACTIONS:
            assert record.key in profiles
            assert record.timestamp_ms - rates[body["currency"]] <= 13 * 3_600_000
    assert sum(number > 1 for number in profiles.values()) > 20
    assert any(person.founded_day for person in year[0]._people)


def test_history_is_marked_and_what_is_planted_begins_after_it(year: tuple[Simulation, list[InputRecord]]) -> None:
    """The first days carry the header and later ones do not; no look-alike's event and no verdict is history."""
    simulation, records = year
    limit = simulation._calendar.start_ms + 20 * 86_400_000
    assert all((HISTORY_HEADER in record.headers) == (record.timestamp_ms < limit) for record in records)
    early = {orjson.loads(record.value).get("event_id") for record in records if record.timestamp_ms < limit}
    planted = {event_id for entry in simulation.truth.of("lookalike") for event_id in entry["event_ids"]}
    assert planted
    assert not planted & early
    assert all(record.timestamp_ms >= limit for record in records if record.topic == DISPOSITIONS)


def test_verdicts_are_about_parties_of_the_stream(
    year: tuple[Simulation, list[InputRecord]], bodies: dict[str, list[dict]]
) -> None:
    """The party of a verdict is the token of a resident under the testbed's keys, and the key is the party."""
    tokens = {KEYS.party(person.id).token for person in year[0]._people}
    assert {body["party"] for body in bodies[DISPOSITIONS]} <= tokens
    assert all(record.key.decode() in tokens for record in year[1] if record.topic == DISPOSITIONS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"events": 1_000}, "--events"),
        ({"events": 4_000, "days": 365}, "leave no room for payments"),
        ({"events": 5_000, "start": date(2026, 10, 1)}, "outside the series"),
        ({"events": 5_000, "start": date(2010, 3, 1)}, "no document line or annual cap is known"),
    ],
)
def test_arguments_that_make_no_stream_are_told(arguments: dict, message: str) -> None:
    """Too few events, no room beside the rates, no rates, and no law of the time are each told."""
    with pytest.raises(UsageError, match=message):
        Simulation(1, preset="full", **arguments)


def test_the_pack_option() -> None:
    """`full`, `none` and lists of ids; every unknown id is named."""
    assert typologies_of("full") == ALL_TYPOLOGIES
    assert typologies_of("none") == ()
    assert typologies_of("T04, T01,T04") == ("T04", "T01")
    with pytest.raises(UsageError, match="got: T19, x"):
        typologies_of("T01,T19,x")


def test_a_pack_of_some_typologies_plants_those_only() -> None:
    """The truth's cases are of the typologies asked for, in three variants where they fit."""
    simulation = Simulation(2, 30_000, preset="full", typologies=("T01", "T10"))
    assert len(list(simulation)) == 30_000
    assert {entry["typology"] for entry in simulation.truth.of("case")} == {"T01", "T10"}


def test_amended_declarations_and_their_lines_hang_together(bodies: dict[str, list[dict]]) -> None:
    """What amends names an earlier event of the same declaration; lines of one number count from 1 without a gap."""
    declared = {body["event_id"]: body for body in bodies[DECLARATIONS]}
    amending = [body for body in declared.values() if "amends" in body]
    assert amending
    for body in amending:
        first = declared[body["amends"]]
        assert first["declared_time"] < body["declared_time"]
        same = ("declaration_no", "party_id", "counterparty_id", "hs_code", "kind", "currency")
        assert all(first[name] == body[name] for name in same)
        assert first["value"] != body["value"]
    lines: dict[str, set[int]] = {}
    for body in declared.values():
        lines.setdefault(body["declaration_no"], set()).add(body.get("line", 0))
    assert any(len(numbers) > 1 for numbers in lines.values())
    assert all(numbers == {0} or numbers == set(range(1, len(numbers) + 1)) for numbers in lines.values())


def test_corrections_follow_what_they_correct(bodies: dict[str, list[dict]]) -> None:
    """A return or cancellation names an earlier event of its party; an ordered payment is settled or cancelled."""
    seen: dict[str, dict] = {}
    ordered: dict[str, dict] = {}
    for body in bodies[TRANSACTIONS]:
        if body.get("status") in {"returned", "cancelled"}:
            first = seen[body["original_event_id"]]
            assert (first["party_id"], first["payment_id"]) == (body["party_id"], body["payment_id"])
        if body.get("status") == "ordered":
            ordered[body["payment_id"]] = body
        else:
            ordered.pop(body.get("payment_id"), None)
        seen[body["event_id"]] = body
    assert not ordered


def test_records_wait_only_for_their_own_day() -> None:
    """While the stream runs, what was made and is not due yet stays a small part of it."""
    simulation = Simulation(1, 60_000, preset="full", typologies=())
    most = 0
    for number, _ in enumerate(simulation):
        if number % 500 == 0:
            most = max(most, sum(len(day) for day in simulation._world._days.values()))
    assert most < 0.15 * 60_000, most


def test_the_stream_does_not_depend_on_the_process() -> None:
    """Two processes with other seeds of Python's own hashes make the same bytes, the pack and bad ones included."""
    script = (
        "import hashlib; from streams.generator import Simulation; "
        "stream = Simulation(8, 6_000, preset='full', bad_share=0.02); whole = hashlib.sha256(); "
        "[whole.update(repr(record).encode()) for record in stream]; whole.update(stream.truth.lines()); "
        "print(whole.hexdigest())"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1] != b""


def test_households_share_telephones_and_some_banks_always_report_inflows(
    year: tuple[Simulation, list[InputRecord]], bodies: dict[str, list[dict]]
) -> None:
    """A shared contact is no proof of a ring, and a reported inflow of nothing is no sign of crypto-assets."""
    persons = [person for person in year[0]._people if person.party_type == "person"]
    shared = len(persons) - len({person.contact for person in persons})
    assert 0.01 * len(persons) < shared < 0.06 * len(persons)
    inflows = [
        body["exchange_linked_inflow_24h"] for body in bodies[TRANSACTIONS] if "exchange_linked_inflow_24h" in body
    ]
    assert 0.05 * len(bodies[TRANSACTIONS]) < len(inflows) < 0.5 * len(bodies[TRANSACTIONS])
    assert 0 < sum(inflow != "0" for inflow in inflows) < 0.1 * len(inflows)
