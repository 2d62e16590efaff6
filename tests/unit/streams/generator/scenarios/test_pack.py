"""The scenario pack: planted whole, told truly, admitted; found where rules must, hidden where formats could tell."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from detectors.features import NAMES
from streams.contracts.input_record import DISPOSITIONS, PROFILES, TRANSACTIONS, ArrivedRecord
from streams.errors import UsageError
from streams.generator import Simulation
from streams.generator.calendar import Calendar
from streams.generator.industries import INDUSTRIES
from streams.generator.population import residents
from streams.generator.rates import Rates
from streams.generator.scenarios.pack import MOST_SHARE, plant_pack
from streams.generator.scenarios.registry import SCENARIOS, TYPOLOGIES
from streams.generator.scenarios.terms import VARIANTS
from streams.generator.truth import Truth
from streams.generator.world import World
from streams.ingest.door import Admitted, Door
from streams.keys import pseudonyms
from tests.support.pack_stream import PackStream, at

SEED = 3
SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture(scope="module")
def stream() -> PackStream:
    return PackStream(SEED)


@cache
def _calendar_and_rates(start: date, days: int) -> tuple[Calendar, Rates]:
    calendar = Calendar(start, days)
    return calendar, Rates(calendar, 1, 12)


def _planted(events: int, days: int, start: date, first_day: int = 0, **more: Any) -> tuple[World, Truth]:
    """The pack alone, in a country of the preset `basic`."""
    truth = Truth()
    calendar, rates = _calendar_and_rates(start, days)
    world = World(calendar, rates, truth, seed=1, room=events, history_days=0)
    people = residents(1, max(60, min(4_000, events // 12)))
    plant_pack(world, people, events=events, seed=1, first_day=first_day, **more)
    return world, truth


def _of(stream: PackStream, typology: str, variant: str) -> list[dict[str, Any]]:
    return [case for case in stream.cases if (case["typology"], case["variant"]) == (typology, variant)]


def test_every_typology_is_planted_in_every_variant(stream: PackStream) -> None:
    """T01 to T18 times three variants, and nothing was left out of a stream that is long enough."""
    assert tuple(f"T{number:02}" for number in range(1, 19)) == TYPOLOGIES
    found = {(case["typology"], case["variant"]) for case in stream.cases}
    assert found == {(typology, variant) for typology in TYPOLOGIES for variant in VARIANTS}
    assert stream.truth.of("left_out") == []


def test_truth_is_what_the_stream_holds(stream: PackStream) -> None:
    """Every event of a case is in the stream, belongs to one of its parties, in time order, in the span, and is due."""
    begin, end = stream.simulation._calendar.start_ms, stream.simulation._calendar.end_ms
    seen: Counter[str] = Counter()
    for case in stream.cases:
        bodies = [stream.bodies[event_id] for event_id in case["event_ids"]]
        seen.update(case["event_ids"])
        times = [at(body) for body in bodies]
        assert times == sorted(times), case["case_id"]
        assert {body["party_id"] for body in bodies} == set(case["party_ids"])
        assert case["party_id"] in case["party_ids"]
        assert all(begin <= moment.timestamp() * 1000 < end for moment in times), case["case_id"]
        texts = [body.get("event_time") or body["declared_time"] for body in bodies]
        assert (case["first_event_time"], case["last_event_time"]) == (texts[0], texts[-1])
        assert case["due_event_id"] is None or case["due_event_id"] in case["event_ids"]
        assert case["due_event_id"] is not None or (case["typology"], case["variant"]) not in {
            (typology, "template") for typology in ("T01", "T02", "T03", "T04", "T05", "T16")
        }
        assert Decimal(case["illicit_usd"]) > 1_000
        assert not set(case.get("cover_event_ids", ())) & set(case["event_ids"])
    assert set(seen.values()) == {1}


def test_no_party_plays_in_two_cases_or_a_lookalike(stream: PackStream) -> None:
    """What a party's alert is about is never in doubt."""
    parties = Counter(party for case in stream.cases for party in case["party_ids"])
    assert set(parties.values()) == {1}
    assert not set(parties) & {entry["party_id"] for entry in stream.truth.of("lookalike")}


def test_expectations_name_real_features_and_typologies(stream: PackStream) -> None:
    """The judge can only match names that detectors have; the case's own typology is always among them."""
    for case in stream.cases:
        assert set(case["expected"]["features"]) <= set(NAMES)
        assert case["expected"]["features"]
        assert case["expected"]["typologies"][0] == case["typology"]
        assert set(case["expected"]["typologies"]) <= set(TYPOLOGIES)


def test_the_door_admits_every_planted_record(stream: PackStream) -> None:
    """No case is lost as a dead letter."""
    door = Door(pseudonyms.development_keys(), 1, {})
    ids = [event_id for case in stream.cases for event_id in (*case["event_ids"], *case.get("cover_event_ids", ()))]
    assert len(ids) > 600
    for place, event_id in enumerate(ids):
        record = stream.record_of[event_id]
        answer = door.admit(ArrivedRecord(record.topic, 0, place, record.timestamp_ms, record.key, record.value, []))
        assert isinstance(answer, Admitted), (event_id, answer)


def test_today_s_rules_find_their_templates_in_time(stream: PackStream) -> None:
    """T01, T02 and T16 template cases fire their own rule at or before the event that is due."""
    cases = [case for typology in ("T01", "T02", "T16") for case in _of(stream, typology, "template")]
    fired = stream.fired(case["party_id"] for case in cases)
    for case in cases:
        events = case["event_ids"]
        in_time = events[: events.index(case["due_event_id"]) + 1]
        assert any(case["typology"] in fired[event_id] for event_id in in_time), case["case_id"]


def test_the_adversarial_split_escapes_its_rule(stream: PackStream) -> None:
    """No event of the adversarial T01 case, nor of its remitter, fires T01."""
    (case,) = _of(stream, "T01", "adversarial")
    fired = stream.fired([case["party_id"]])
    assert set(case["event_ids"]) <= set(fired)
    assert not [event_id for event_id, typologies in fired.items() if "T01" in typologies]


def test_the_adversarial_deals_stay_under_the_limit(stream: PackStream) -> None:
    """No event of the adversarial T16 case fires T16, although each gives more away than an honest deal."""
    (case,) = _of(stream, "T16", "adversarial")
    fired = stream.fired(case["party_ids"])
    assert not [event_id for event_id in case["event_ids"] if "T16" in fired[event_id]]


def test_fans_and_funnels_have_the_parties_they_need(stream: PackStream) -> None:
    """Multi-party typologies involve the residents and foreign sides that define them."""
    for variant in VARIANTS:
        (fan,), (mirror,) = _of(stream, "T03", variant), _of(stream, "T04", variant)
        assert len(fan["party_ids"]) >= 5
        assert len(mirror["party_ids"]) >= 10
        sides = {(body["direction"], body["party_id"]) for body in _bodies(stream, mirror)}
        assert min(Counter(direction for direction, _ in sides).values()) >= 5
        (cycle,) = _of(stream, "T15", variant)
        assert len(cycle["party_ids"]) >= 2
    devices = [body["device_id"] for body in _bodies(stream, _of(stream, "T03", "template")[0])]
    assert len(set(devices)) == 1
    hidden = _bodies(stream, _of(stream, "T03", "adversarial")[0])
    assert len({body["counterparty_account"] for body in hidden}) == 1
    assert len({body["counterparty_id"] for body in hidden}) == 2


def test_the_mirror_balances(stream: PackStream) -> None:
    """Template and slow T04: both sides are worth the same within the band of the definition, over the case's rates."""
    rates = stream.simulation._rates
    for variant in ("template", "slow"):
        sums: dict[str, float] = defaultdict(float)
        for body in _bodies(stream, _of(stream, "T04", variant)[0]):
            if body.get("status", "settled") == "settled":
                at_ms = int(at(body).timestamp() * 1000)
                sums[body["direction"]] += rates.usd(float(body["amount"]), body["currency"], at_ms)
        assert 0.85 <= sums["in"] / sums["out"] <= 1.15


def test_the_sleeper_is_silent(stream: PackStream) -> None:
    """T14 template: no event of the party in the 180 days before the case, some before that."""
    (case,) = _of(stream, "T14", "template")
    times = sorted(at(body) for body in stream.bodies.values() if body["party_id"] == case["party_id"])
    first = at(stream.bodies[case["event_ids"][0]])
    before = [moment for moment in times if moment < first]
    assert before
    assert (first - before[-1]).days >= 180


def test_a_short_span_has_a_new_firm_instead_of_a_sleeper() -> None:
    """Where 180 days of silence do not fit, T14 is played by a party whose profile arrives just before it pays."""
    world, truth = _planted(60_000, 120, date(2026, 3, 2), typologies=("T14",))
    published = {
        (record.key or b"").decode(): day
        for day in world.left()
        for record in world.take(day)
        if record.topic == PROFILES
    }
    planted = [case for case in truth.of("case") if case["variant"] != "adversarial"]
    assert {case["party_id"] for case in planted} == set(published)
    assert len(planted) == 2


def test_short_declarations_are_short(stream: PackStream) -> None:
    """T06: nothing is declared with the new supplier; T08 and T07 cases declare what their payments do not match."""
    (none,) = _of(stream, "T06", "template")
    suppliers = {body["counterparty_id"] for body in _bodies(stream, none)}
    declared = [body for event_id, body in stream.bodies.items() if stream.topic_of[event_id] != TRANSACTIONS]
    assert not [body for body in declared if body["counterparty_id"] in suppliers]
    (held,) = _of(stream, "T07", "template")
    assert {body["kind"] for body in _bodies(stream, held)} == {"export"}
    for typology in ("T07", "T08"):
        kinds = {stream.topic_of[event_id] for event_id in _of(stream, typology, "slow")[0]["event_ids"]}
        assert len(kinds) == 2


def test_third_parties_and_capital_have_no_report(stream: PackStream) -> None:
    """T10 names another party of the contract, T13 a capital purpose, and neither a report; honest ones report."""
    third = _bodies(stream, _of(stream, "T10", "template")[0], TRANSACTIONS)
    assert all(body["contract_counterparty_id"] != body["counterparty_id"] for body in third)
    capital = _bodies(stream, _of(stream, "T13", "template")[0])
    assert {body["purpose"][:2] for body in capital} == {"50"}
    assert not [body for body in (*third, *capital) if "report_no" in body]
    assert [body for body in stream.bodies.values() if "contract_counterparty_id" in body and "report_no" in body]


def test_limits_are_those_of_the_day() -> None:
    """In 2022 the cap was 50 000 USD, so T02 cases pass that, by pieces under the document line."""
    _, truth = _planted(60_000, 120, date(2022, 1, 3), typologies=("T01", "T02"))
    for case in truth.of("case"):
        if case["typology"] == "T02":
            assert 50_000 < Decimal(case["total_usd"]) < 65_000
    _, later = _planted(60_000, 120, date(2026, 1, 5), typologies=("T02",))
    totals = [Decimal(case["total_usd"]) for case in later.of("case")]
    assert len(totals) == 3
    assert min(totals) > 100_000


def test_what_does_not_fit_is_told() -> None:
    """A short stream gets what fits its span and room, truth names the rest, and the room is never overdrawn."""
    world, truth = _planted(4_000, 40, date(2026, 3, 2))
    planted = {(case["typology"], case["variant"]) for case in truth.of("case")}
    left_out = {(entry["typology"], entry["variant"]) for entry in truth.of("left_out")}
    assert ("T01", "template") in planted
    assert ("T07", "slow") in left_out
    assert planted | left_out == {(typology, variant) for typology in TYPOLOGIES for variant in VARIANTS}
    assert world.room >= 4_000 * (1 - MOST_SHARE)
    assert all(entry["reason"] and entry["cases"] == 1 for entry in truth.of("left_out"))
    tight, nothing = _planted(500, 40, date(2026, 3, 2))
    assert tight.room >= 500 * (1 - MOST_SHARE)
    assert len(nothing.of("left_out")) == len(TYPOLOGIES) * len(VARIANTS) - len(nothing.of("case"))


def test_cases_stay_out_of_history_and_within_their_places() -> None:
    """From `first_day` on only; and no case takes more places than its scenario says."""
    for scenario in SCENARIOS:
        world, truth = _planted(60_000, 300, date(2025, 12, 1), first_day=30, typologies=(scenario.typology,))
        cases = truth.of("case")
        assert len(cases) == 3
        assert min(case["first_event_time"] for case in cases) >= "2025-12-31"
        told = [len(case["event_ids"]) + len(case.get("cover_event_ids", ())) for case in cases]
        profiles = 60_000 - world.room - sum(told)
        assert max(told) + profiles <= scenario.places, scenario.typology


def test_the_pack_grows_with_the_stream_and_stays_small() -> None:
    """A million records hold ten rounds; the illicit share lies between 0.3 and 1 per cent."""
    truth = Truth()
    calendar, rates = _calendar_and_rates(date(2025, 10, 27), 365)
    world = World(calendar, rates, truth, seed=1, room=1_000_000, history_days=0)
    plant_pack(world, residents(1, 12_000), events=1_000_000, seed=1, first_day=0)
    illicit = sum(len(case["event_ids"]) for case in truth.of("case"))
    assert truth.totals()["cases"] == dict.fromkeys(TYPOLOGIES, 30)
    assert 3_000 <= illicit <= 10_000


def test_an_unknown_typology_is_refused() -> None:
    """The error names it."""
    with pytest.raises(UsageError, match="T99"):
        _planted(4_000, 40, date(2026, 3, 2), typologies=("T01", "T99"))


def test_equal_seeds_give_equal_bytes() -> None:
    """And another seed plants other cases."""
    once, again, other = (
        Simulation(seed, 12_000, preset="full", days=60, start=date(2026, 1, 5)) for seed in (5, 5, 6)
    )
    bytes_of = [b"".join(record.value or b"" for record in each) for each in (once, again, other)]
    assert bytes_of[0] == bytes_of[1] != bytes_of[2]
    assert once.truth.lines() == again.truth.lines() != other.truth.lines()


def _bodies(stream: PackStream, case: dict[str, Any], topic: str = "") -> list[dict[str, Any]]:
    return [stream.bodies[event_id] for event_id in case["event_ids"] if topic in {"", stream.topic_of[event_id]}]


def test_honest_people_fire_neither_the_line_nor_the_cap(stream: PackStream) -> None:
    """Since 2026 honest persons send sums above the line without papers; neither T01 nor T02 fires at any of them."""
    cast = {party for case in stream.cases for party in case["party_ids"]}
    undocumented = Counter(
        body["party_id"]
        for event_id, body in stream.bodies.items()
        if stream.topic_of[event_id] == TRANSACTIONS
        and (body["party_type"], body["direction"], body.get("evidence")) == ("person", "out", None)
        and float(body["settled_amount"]) > 5_200 * 1_600
    )
    people = sorted(set(undocumented) - cast)
    assert len(people) > 20
    fired = stream.fired(people)
    assert fired
    assert not [event_id for event_id, typologies in fired.items() if typologies & {"T01", "T02"}]


def test_verdicts_confirm_cases_only_and_leave_other_players_alone(stream: PackStream) -> None:
    """What is confirmed is a party of a case, after the case; no other verdict is about anybody who plays a part."""
    keys = pseudonyms.testbed_keys()
    over = {keys.party(party).token: case["last_event_time"] for case in stream.cases for party in case["party_ids"]}
    alike = {
        keys.party(party).token
        for entry in stream.truth.of("lookalike")
        for party in entry.get("party_ids", [entry["party_id"]])
    }
    verdicts = [orjson.loads(record.value) for record in stream.records if record.topic == DISPOSITIONS]
    assert {body["verdict"] == "confirmed" for body in verdicts} == {True, False}
    for body in verdicts:
        if body["verdict"] == "confirmed":
            assert datetime.fromisoformat(body["decided_at"]) > datetime.fromisoformat(over[body["party"]])
        else:
            assert body["party"] not in over.keys() | alike


def test_truth_says_where_a_split_is_no_breach_yet() -> None:
    """A split of 2022 is a breach; one of 2026, with the cap far away, is reportable only, and the truth notes it."""
    _, old = _planted(60_000, 120, date(2022, 1, 3), typologies=("T01",))
    _, new = _planted(60_000, 120, date(2026, 1, 5), typologies=("T01",))
    assert {case["legal"][:7] for case in old.of("case")} == {"breach:"}
    assert not [case for case in old.of("case") if "note" in case]
    assert {case["legal"] for case in new.of("case")} == {"reportable before the cap (FSC notice), no breach yet"}
    assert all("own measure" in case["note"] for case in new.of("case"))


def test_third_party_pieces_are_all_above_the_exempt_line(stream: PackStream) -> None:
    """T10: what the truth counts as illicit holds no piece that needed no report."""
    for variant in VARIANTS:
        for body in _bodies(stream, _of(stream, "T10", variant)[0], TRANSACTIONS):
            at_ms = int(at(body).timestamp() * 1000)
            assert stream.simulation._rates.usd(float(body["amount"]), body["currency"], at_ms) > 5_000


def test_odd_goods_are_not_those_of_the_registered_industry() -> None:
    """T18: no case trades in a chapter of its firm's own line, however often it is drawn."""
    for seed in range(1, 4):
        simulation = Simulation(seed, 12_000, preset="full", days=120, start=date(2026, 1, 5), typologies=("T18",))
        firms = {person.id: person for person in simulation._people}
        industry = {name: {code[:2] for code, _, _ in each.goods} for name, each in INDUSTRIES.items()}
        paid = {
            body["event_id"]: body
            for record in simulation
            if record.topic == TRANSACTIONS
            for body in [orjson.loads(record.value)]
        }
        odd_goods = [case for case in simulation.truth.of("case") if firms[case["party_id"]].role != "money_exchanger"]
        assert odd_goods
        for case in odd_goods:
            traded = {paid[event_id]["hs_code"][:2] for event_id in case["event_ids"] if event_id in paid}
            assert traded
            assert not traded & industry.get(firms[case["party_id"]].industry, set()), case["case_id"]


def _dealings(seed: int) -> Iterator[tuple[dict[str, Any], float, float, float]]:
    """Each operator's case of a stream: the case, USD of its events and of honest ones, the share of plain peers."""
    simulation = Simulation(
        seed, 15_000, residents=2_000, preset="full", days=150, start=date(2026, 1, 5), typologies=("T18",)
    )
    exchangers = {person.id for person in simulation._people if person.role == "money_exchanger"}
    dealt: dict[str, dict[str, float]] = {name: {} for name in exchangers}
    for record in simulation:
        body = orjson.loads(record.value)
        if record.topic == TRANSACTIONS and body["party_id"] in exchangers and body.get("status") != "ordered":
            at_ms = int(at(body).timestamp() * 1000)
            assert (body["channel"], body["evidence"], body["institution"][:3]) == ("exchanger", "verified", "EX-")
            assert 9 <= at(body).astimezone(SEOUL).hour < 16
            usd = simulation._rates.usd(float(body["amount"]), body["currency"], at_ms)
            dealt[body["party_id"]][body["event_id"]] = usd
    cases = [case for case in simulation.truth.of("case") if case["party_id"] in exchangers]
    alike = [entry for entry in simulation.truth.of("lookalike") if entry["lookalike"] == "larger_exchanger"]
    assert alike
    playing = {each["party_id"] for each in [*cases, *alike]}
    for case in cases:
        own = dealt[case["party_id"]]
        inside = sum(own.get(event_id, 0.0) for event_id in case["event_ids"])
        yield case, inside, sum(own.values()) - inside, 1 - len(playing) / len(exchangers)


def test_operators_deal_beyond_their_honest_business_and_leave_peers() -> None:
    """T18: an operator's case comes to more than its honest dealings of five months; half its peers play no part.

    Honest and planted dealings, look-alikes' too, have one form and one set of hours.
    """
    found = [each for seed in range(1, 6) for each in _dealings(seed)]
    assert {case["variant"] for case, *_ in found} == set(VARIANTS)
    for case, inside, honest, peers in found:
        assert inside > honest > 0, case["case_id"]
        assert inside == pytest.approx(float(case["illicit_usd"]), rel=0.02)
        assert peers >= 0.5
