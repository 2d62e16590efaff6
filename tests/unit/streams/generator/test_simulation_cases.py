"""What is planted meets its rule, what is honest does not: recomputed from the records alone, in decimal arithmetic."""

from bisect import bisect_right
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest

from streams.generator import Simulation

SEOUL = ZoneInfo("Asia/Seoul")


class Books:
    """A stream read back: transactions, rates, truth, and sums of our own."""

    def __init__(self, seed: int, events: int) -> None:
        simulation = Simulation(seed, events)
        self.rates: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
        self.paid: dict[str, dict] = {}
        for record in simulation:
            body = orjson.loads(record.value)
            if record.topic == "fx.rates.v1":
                self.rates[body["base"]].append((datetime.fromisoformat(body["rate_time"]), Decimal(body["mid"])))
            elif record.topic == "fx.transactions.v1":
                body["at"] = datetime.fromisoformat(body["event_time"])
                self.paid[body["event_id"]] = body
        self.truth = simulation.truth
        self.planted = {
            event_id: entry["typology"] for entry in self.truth.of("case") for event_id in entry["event_ids"]
        }

    def mid(self, currency: str, at: datetime) -> Decimal:
        """Won per unit, as last published."""
        known = self.rates[currency]
        return known[bisect_right(known, at, key=lambda rate: rate[0]) - 1][1]

    def usd(self, body: dict) -> Decimal:
        """A payment in USD."""
        return Decimal(body["amount"]) * self.mid(body["currency"], body["at"]) / self.mid("USD", body["at"])

    def gap_bp(self, body: dict) -> Decimal:
        """Deal over mid, in bp."""
        return (Decimal(body["deal_rate"]) / self.mid(body["currency"], body["at"]) - 1) * 10_000

    def undocumented(self) -> list[dict]:
        """First events of payments without documents, in time order."""
        seen, first = set(), []
        for body in sorted(self.paid.values(), key=lambda body: body["at"]):
            if body.get("evidence", "none") == "none" and body.get("status", "settled") in {"ordered", "settled"}:
                payment = body.get("payment_id", body["event_id"])
                if payment not in seen:
                    seen.add(payment)
                    first.append(body)
        return first


@pytest.fixture(scope="module", params=[(1, 2_000), (7, 20_000), (8, 40_000)], ids=str)
def books(request: pytest.FixtureRequest) -> Books:
    return Books(*request.param)


def _splits(pieces: list[dict], books: Books) -> dict[tuple, str]:
    """(party, purpose) -> event_id at which at least 3 pieces of 4 000-5 000 USD within 90 days reach 10 000 USD."""
    by_party, due = defaultdict(list), {}
    for body in pieces:
        usd = books.usd(body)
        if body["direction"] == "out" and 4_000 <= usd <= 5_000:
            key = (body["party_id"], body.get("purpose"))
            by_party[key] = [(at, held) for at, held in by_party[key] if at > body["at"] - timedelta(days=90)] + [
                (body["at"], usd)
            ]
            if len(by_party[key]) >= 3 and sum(held for _, held in by_party[key]) >= 10_000:
                due.setdefault(key, body["event_id"])
    return due


def test_enough_cases_of_every_typology() -> None:
    """At least one each in 2 000 records, three in 20 000; slower variants among them."""
    small, large = Books(1, 2_000).truth, Books(2, 20_000).truth
    assert small.totals()["cases"] == {"T01": 1, "T02": 1, "T16": 1}
    assert large.totals()["cases"] == {"T01": 3, "T02": 3, "T16": 3}
    assert {entry["variant"] for entry in large.of("case")} == {"template", "slow"}


def test_truth_names_existing_events_of_the_party_in_order(books: Books) -> None:
    """Every event of a case exists, belongs to its party, and first and last times are right."""
    for entry in books.truth.of("case"):
        times = [books.paid[event_id]["at"] for event_id in entry["event_ids"]]
        assert times == sorted(times)
        assert {books.paid[event_id]["party_id"] for event_id in entry["event_ids"]} == {entry["party_id"]}
        assert (entry["first_event_time"], entry["last_event_time"]) == tuple(
            books.paid[entry["event_ids"][place]]["event_time"] for place in (0, -1)
        )
        assert entry["due_event_id"] in entry["event_ids"]


def test_exactly_the_planted_split_remittances_are_there(books: Books) -> None:
    """Our own search for T01 over all parties finds the planted cases, each at its due event, and nothing else."""
    found = set(_splits(books.undocumented(), books).values())
    assert found == {entry["due_event_id"] for entry in books.truth.of("case") if entry["typology"] == "T01"}


def test_exactly_the_planted_persons_pass_the_annual_cap(books: Books) -> None:
    """Outward sums without documents pass 100 000 USD for T02 parties only, at the due event or (own habits) before."""
    sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    passed: dict[str, dict] = {}
    for body in books.undocumented():
        if body["party_type"] == "person" and body["direction"] == "out":
            key = (body["party_id"], body["at"].astimezone(SEOUL).year)
            sums[key] += books.usd(body)
            if sums[key] > 100_000:
                passed.setdefault(body["party_id"], body)
    cases = {entry["party_id"]: entry for entry in books.truth.of("case") if entry["typology"] == "T02"}
    assert set(passed) == set(cases)
    for party_id, entry in cases.items():
        due = books.paid[entry["due_event_id"]]
        assert passed[party_id]["at"] <= due["at"]
        pieces = [books.paid[event_id] for event_id in entry["event_ids"]]
        until = pieces[: entry["event_ids"].index(entry["due_event_id"]) + 1]
        assert sum(map(books.usd, until)) > 100_000 > sum(map(books.usd, until[:-1]))
        assert len({body["institution"] for body in pieces}) >= 2
    honest = [usd for (party_id, _), usd in sums.items() if party_id not in cases]
    assert max(honest) < 95_000


def test_only_planted_deals_are_off_the_market(books: Books) -> None:
    """Honest deals stay within 1.1 % of the mid, most within 0.6 %; planted ones cost the client 2.5 % and more."""
    honest = []
    for event_id, body in books.paid.items():
        gap = books.gap_bp(body)
        if books.planted.get(event_id) == "T16":
            assert (gap if body["direction"] == "out" else -gap) >= 250
        else:
            honest.append(abs(gap))
    assert max(honest) <= 110
    assert sum(gap < 60 for gap in honest) > 0.6 * len(honest)


def test_lookalikes_are_honest_and_there(books: Books) -> None:
    """Every kind of look-alike is planted, of parties that are in no case."""
    lookalikes = books.truth.of("lookalike")
    assert {entry["lookalike"] for entry in lookalikes} == {"rent", "tuition", "near_cap", "dear_bank"}
    assert not {entry["party_id"] for entry in lookalikes} & {entry["party_id"] for entry in books.truth.of("case")}


def test_the_mix_is_plausible() -> None:
    """Most residents are persons, most value moves through firms, nights are quiet, corrections are rare."""
    books = Books(4, 20_000)
    persons = [body for body in books.paid.values() if body["party_type"] == "person"]
    firms = [body for body in books.paid.values() if body["party_type"] == "company"]
    assert len({body["party_id"] for body in persons}) > 4 * len({body["party_id"] for body in firms})
    assert sum(map(books.usd, firms)) > 3 * sum(map(books.usd, persons))
    weekend = sum(body["at"].astimezone(SEOUL).weekday() >= 5 for body in books.paid.values())
    assert weekend < 0.15 * len(books.paid)
    assert all(8 <= body["at"].astimezone(SEOUL).hour < 23 for body in books.paid.values())
    returned = sum(body.get("status") in {"returned", "cancelled"} for body in books.paid.values())
    assert 0 < returned < 0.02 * len(books.paid)
    small = [body for body in persons if books.usd(body) < 3_000]
    assert sum(body.get("evidence", "none") == "none" for body in small) > 0.9 * len(small)
    large = [body for body in firms if books.usd(body) > 10_000]
    assert all(body.get("evidence") in {"shown", "verified"} for body in large)
