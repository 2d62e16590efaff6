"""Ids, formats and digits alone do not tell planted events from honest ones, and the test of that can fail."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from streams.contracts.input_record import TRANSACTIONS
from streams.generator import Simulation
from tests.support.pack_stream import PackStream

SEED = 3


@pytest.fixture(scope="module")
def stream() -> PackStream:
    return PackStream(SEED)


_HEX_TAIL = re.compile(r"[0-9]*[a-f][0-9a-f]*$")


def _marks(body: dict[str, Any]) -> dict[str, bool]:
    """Presence, digits and prefixes: what a marker would show in, and nothing of what the case is about."""
    amount, seconds = body["amount"], body["event_time"][17:19]
    moment = datetime.fromisoformat(body["event_time"])
    terms = body.get("trade_terms")
    counterparty = body["counterparty_id"].partition("-")[2]
    return {
        "payment_id": "payment_id" in body,
        "payment_id_form": re.fullmatch(r"UETR-[0-9a-f]{10}", body.get("payment_id", "UETR-0000000000")) is None,
        "text": "remittance_info" in body,
        "branch": "branch" in body,
        "bank_country": "counterparty_bank_country" in body,
        "device": "device_id" in body,
        "contact": "contact_id" in body,
        "ip": "ip_country" in body,
        "event_id_form": re.fullmatch(r"[0-9a-f]{10}", body["event_id"]) is None,
        "event_id_high": body["event_id"][0] >= "8",
        "event_id_odd": int(body["event_id"], 16) % 2 == 1,
        "counterparty_new_form": _HEX_TAIL.search(counterparty) is not None,
        "counterparty_short": len(counterparty) < 6,
        "account_prefix": body["counterparty_account"][:2] == body["counterparty_country"],
        "account_digits": len(body["counterparty_account"]) != 12,
        "cents": "." in amount,
        "round": amount.rstrip("0").endswith(".") or amount.endswith("000"),
        "last_digit_even": amount[-1] in "02468",
        "first_digit_one": amount[0] == "1",
        "deal_digits": len(body.get("deal_rate", "").partition(".")[2]) % 2 == 1,
        "settled": "settled_amount" in body,
        "on_the_minute": seconds == "00",
        "late_second": seconds >= "30",
        "small_remitter": body["institution"].startswith("SR"),
        "before_nine": moment.hour < 9,
        "at_noon": moment.hour == 12,
        "after_six": moment.hour >= 18,
        "late_evening": moment.hour >= 22 or moment.hour == 0,
        "small_hours": 1 <= moment.hour <= 5,
        "monday": moment.weekday() == 0,
        "friday": moment.weekday() == 4,
        "weekend": moment.weekday() >= 5,
        "month_end": (moment + timedelta(days=3)).month != moment.month,
        **{f"terms_{name}": terms == name for name in ("sight", "open_account", "usance", "consignment")},
    }


def _auc(stream: PackStream, change: Any = None) -> tuple[float, float]:
    """AUC (0-1) of an additive score over the marks, held out, and its 99.9 % quantile when labels are shuffled.

    Payments are compared within groups of the same kind.
    """
    planted = {event_id for case in stream.cases for event_id in case["event_ids"]}
    covers = {event_id for case in stream.cases for event_id in case.get("cover_event_ids", ())}
    groups: dict[tuple[Any, ...], list[tuple[bool, list[bool]]]] = defaultdict(list)
    for event_id, body in stream.bodies.items():
        if stream.topic_of[event_id] != TRANSACTIONS or event_id in covers:
            continue
        guilty = event_id in planted
        seen = change(dict(body)) if guilty and change is not None else body
        kind = tuple(body.get(name) for name in ("party_type", "direction", "purpose", "channel", "status", "currency"))
        groups[kind].append((guilty, list(_marks(seen).values())))
    # every group that has both: those with honest company only on paper are the business of the tests below
    kept = {kind: rows for kind, rows in groups.items() if 0 < sum(guilty for guilty, _ in rows) < len(rows)}
    assert sum(guilty for rows in kept.values() for guilty, _ in rows) > 400
    data = [(np.array([g for g, _ in rows]), np.array([m for _, m in rows], float)) for rows in kept.values()]
    draws = np.random.default_rng(1)
    shuffled = [_held_out([(draws.permutation(labels), marks) for labels, marks in data]) for _ in range(60)]
    # normal approximation of the tail: 60 shuffles give its spread well enough
    return _held_out(data), float(np.mean(shuffled) + 3.1 * np.std(shuffled))


def _held_out(data: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Weights are learned on one half of every group and tried on the other, both ways; ranks count within groups."""
    wins = pairs = 0.0
    for fold in (0, 1):
        excess, weight = 0.0, 0.0
        for labels, marks in data:
            learn = np.arange(len(labels)) % 2 == fold
            honest, guilty = marks[learn & ~labels], marks[learn & labels]
            if len(guilty) and len(honest):
                excess = excess + len(guilty) * (guilty.mean(axis=0) - honest.mean(axis=0))
                weight += len(guilty)
        for labels, marks in data:
            tried = np.arange(len(labels)) % 2 != fold
            score = marks @ (np.asarray(excess) / max(weight, 1.0))
            honest, guilty = score[tried & ~labels], score[tried & labels]
            wins += (guilty[:, None] > honest).sum() + 0.5 * (guilty[:, None] == honest).sum()
            pairs += len(guilty) * len(honest)
    return wins / pairs


def test_rare_fields_have_honest_company(stream: PackStream) -> None:
    """Where planted events of a kind of party at a bank have a rare field, honest ones there have it, too."""
    planted = {event_id for case in stream.cases for event_id in case["event_ids"]}
    for field in ("exchange_linked_inflow_24h", "counterparty_bank_country", "branch", "device_id"):
        seen: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
        for event_id, body in stream.bodies.items():
            if field in body:
                seen[event_id in planted].add((body["party_type"], body["institution"]))
        assert seen[True], field
        assert seen[True] <= seen[False], field


def test_no_amount_recurs_among_the_payments_of_a_case(stream: PackStream) -> None:
    """Drawn sizes never stick at a bound: no two payments of or beside a case are of the same amount."""
    for case in stream.cases:
        covers = [stream.bodies[event_id] for event_id in case.get("cover_event_ids", ())]
        paid = {
            (body["party_id"], body.get("payment_id", body["event_id"]), body["amount"])
            for body in (*(stream.bodies[event_id] for event_id in case["event_ids"]), *covers)
            if "amount" in body
        }
        assert len({(party, amount) for party, _, amount in paid}) == len(paid), case["case_id"]


def _without_payment_id(body: dict[str, Any]) -> dict[str, Any]:
    body.pop("payment_id", None)
    return body


def _rounded(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"amount": f"{float(body['amount']):.0f}"}


def test_ids_and_formats_do_not_tell_planted_from_honest(stream: PackStream) -> None:
    """A classifier on marks alone is no better than on shuffled labels, beyond five hundredths."""
    auc, chance = _auc(stream)
    assert auc < max(chance, 0.55), (auc, chance)


def _on_any_day(body: dict[str, Any]) -> dict[str, Any]:
    """Moved to a day of the week drawn evenly, as planted events once were."""
    moment = datetime.fromisoformat(body["event_time"])
    return body | {"event_time": (moment + timedelta(days=int(body["event_id"], 16) % 7)).isoformat()}


def _by_night(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"event_time": f"{body['event_time'][:11]}03{body['event_time'][13:]}"}


@pytest.mark.parametrize("marker", [_without_payment_id, _rounded, _on_any_day, _by_night])
def test_the_classifier_would_see_a_marker(stream: PackStream, marker: Any) -> None:
    """It finds planted events without ids, of whole amounts, on any day or by night, so that the test can fail."""
    auc, chance = _auc(stream, marker)
    assert auc > max(chance, 0.55) + 0.05, (auc, chance)


def _weekend_share(stream: PackStream, event_ids: set[str]) -> float:
    """Of these payments of persons at banks and small remitters, those made on a Saturday or Sunday."""
    days = [
        datetime.fromisoformat(body["event_time"]).weekday()
        for event_id, body in stream.bodies.items()
        if event_id in event_ids and body.get("party_type") == "person" and body["institution"][:2] in {"BK", "SR"}
    ]
    assert len(days) > 100
    return sum(day >= 5 for day in days) / len(days)


def test_cases_and_lookalikes_rest_at_weekends_as_honest_people_do(stream: PackStream) -> None:
    """The weekend tells nobody: shares lie within four hundredths, and no firm ever pays on a closed day."""
    cases = {event_id for case in stream.cases for event_id in case["event_ids"]}
    covers = {event_id for case in stream.cases for event_id in case.get("cover_event_ids", ())}
    alike = {event_id for entry in stream.truth.of("lookalike") for event_id in entry["event_ids"]}
    paid = {event_id for event_id, topic in stream.topic_of.items() if topic == TRANSACTIONS}
    honest = _weekend_share(stream, paid - cases - covers - alike)
    assert abs(_weekend_share(stream, cases) - honest) < 0.04
    assert abs(_weekend_share(stream, alike) - honest) < 0.06
    calendar = stream.simulation._calendar
    for event_id in paid:
        body = stream.bodies[event_id]
        if body["party_type"] == "company":
            day = datetime.fromisoformat(body["event_time"]).date() - stream.simulation.plan.start
            assert calendar.business[day.days], event_id


def test_nobody_acts_in_the_small_hours_for_a_case(stream: PackStream) -> None:
    """Hours at which no honest customer of a bank pays hold no planted payment either; customs hear in the morning."""
    planted = {event_id for case in stream.cases for event_id in case["event_ids"]}
    hours: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}
    for event_id, body in stream.bodies.items():
        paid = stream.topic_of[event_id] == TRANSACTIONS
        kind = f"{body['party_type']} {body['institution'][:2]}" if paid else "declaration"
        moment = datetime.fromisoformat(body["event_time"] if paid else body["declared_time"])
        hours[event_id in planted].add((kind, moment.hour))
    assert hours[True] <= hours[False]


# what only the guilty do, because doing it is the typology; nothing else may stand here
SUBSTANCE = (
    ("T13", "a capital transaction of a person, verified by the bank, without a report", ("person", "50101", False)),
    ("T10", "another party of the contract, and no report", ("contract", False)),
)


def _substance(body: dict[str, Any]) -> set[str]:
    reported = "report_no" in body
    seen = {("contract", reported)} if "contract_counterparty_id" in body else set()
    seen.add((body["party_type"], body["purpose"], reported))
    return {typology for typology, _, what in SUBSTANCE if what in seen}


def _combinations(body: dict[str, Any]) -> list[tuple[str, Any]]:
    """What says who does what through whom: role-like, and nothing of sums, partners or times."""
    who = (body["party_type"], body["institution"].rstrip("0123456789")[:2], body["direction"], body["purpose"])
    return [
        ("terms", (*who, body.get("trade_terms"))),
        ("evidence", (*who, body.get("evidence") is not None)),
        ("report", (*who, "report_no" in body)),
        ("goods", (*who, "declaration_no" in body, "hs_code" in body)),
        ("corridor", (body["party_type"], body["counterparty_country"], body["currency"])),
        ("contract", (body["party_type"], "contract_counterparty_id" in body, "report_no" in body)),
    ]


def _only_guilty(planted: dict[str, str], paid: Iterable[dict[str, Any]]) -> dict[tuple[str, Any], set[str]]:
    """Combination -> typologies of the cases that have it, where nobody honest does; what is substance is left away."""
    honest, guilty = set[tuple[str, Any]](), defaultdict[tuple[str, Any], set[str]](set)
    for body in paid:
        typology = planted.get(body["event_id"])
        for combination in _combinations(body):
            if typology is None:
                honest.add(combination)
            elif typology not in _substance(body):
                guilty[combination].add(typology)
    return {combination: typologies for combination, typologies in guilty.items() if combination not in honest}


def test_no_combination_of_party_institution_purpose_and_terms_is_only_guilty(stream: PackStream) -> None:
    """In three streams under three states of the law, what cases are made of is what honest residents make, too."""
    streams = [
        (
            stream.truth,
            [stream.bodies[event_id] for event_id, topic in stream.topic_of.items() if topic == TRANSACTIONS],
        )
    ]
    for seed, start in ((5, date(2022, 3, 1)), (6, date(2026, 2, 1))):
        simulation = Simulation(seed, 25_000, preset="full", days=120, start=start)
        paid = [orjson.loads(record.value) for record in simulation if record.topic == TRANSACTIONS]
        streams.append((simulation.truth, paid))
    for truth, paid in streams:
        planted = {event_id: case["typology"] for case in truth.of("case") for event_id in case["event_ids"]}
        covers = {event_id for case in truth.of("case") for event_id in case.get("cover_event_ids", ())}
        assert _only_guilty(planted, (body for body in paid if body["event_id"] not in covers)) == {}


def test_a_combination_that_nobody_honest_makes_is_found(stream: PackStream) -> None:
    """The same search finds wages through small remitters once honest ones are taken away, so that it can fail."""
    planted = {event_id: case["typology"] for case in stream.cases for event_id in case["event_ids"]}
    paid = [stream.bodies[event_id] for event_id, topic in stream.topic_of.items() if topic == TRANSACTIONS]
    left = [
        body
        for body in paid
        if body["event_id"] in planted
        or (body["channel"], body["direction"], body["purpose"]) != ("small_remitter", "in", "30101")
    ]
    found = _only_guilty(planted, left)
    assert found["terms", ("person", "SR", "in", "30101", None)] <= {"T04", "T17"}


def test_second_names_of_an_account_are_no_mark(stream: PackStream) -> None:
    """Accounts that appear under two ids have far more honest payers than guilty ones."""
    planted = {event_id for case in stream.cases for event_id in case["event_ids"]}
    names, payers = defaultdict[str, set[str]](set), defaultdict[str, set[bool]](set)
    for event_id, body in stream.bodies.items():
        if stream.topic_of[event_id] == TRANSACTIONS:
            names[body["counterparty_account"]].add(body["counterparty_id"])
            payers[body["counterparty_account"]].add(event_id in planted)
    twice = [payers[account] for account, ids in names.items() if len(ids) > 1]
    assert sum(True in each for each in twice) > 0
    assert sum(each == {False} for each in twice) > 10 * sum(True in each for each in twice)
