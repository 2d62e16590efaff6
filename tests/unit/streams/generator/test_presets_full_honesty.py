"""What honest people of the preset `full` do, recomputed from the records alone: lawful, seasonal, complete."""

from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

import orjson
import pytest

from streams.contracts.input_record import DECLARATIONS, PROFILES, RATES, TRANSACTIONS
from streams.generator import Simulation
from streams.generator.draw import Draw
from streams.generator.industries import INDUSTRIES
from streams.generator.law import Law
from streams.generator.lookalikes import ALL
from streams.generator.plan import ALL_TYPOLOGIES
from streams.generator.world import REPORTING_BANKS
from streams.rule_packs import default_tables
from streams.settings import overlay_configuration


class Books:
    """A stream without planted cases, read back."""

    def __init__(self, events: int, **more: object) -> None:
        self.simulation = Simulation(6, events, preset="full", typologies=(), **more)
        self.rates: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
        self.paid: list[dict] = []
        self.declared: list[dict] = []
        self.profiles: dict[str, dict] = {}
        for record in self.simulation:
            body = orjson.loads(record.value)
            if record.topic == RATES:
                self.rates[body["base"]].append((datetime.fromisoformat(body["rate_time"]), float(body["mid"])))
            elif record.topic == TRANSACTIONS:
                body["at"] = datetime.fromisoformat(body["event_time"])
                self.paid.append(body)
            elif record.topic == DECLARATIONS:
                body["at"] = datetime.fromisoformat(body["declared_time"])
                self.declared.append(body)
            elif record.topic == PROFILES:
                self.profiles.setdefault(body["party_id"], body)
        self.truth = self.simulation.truth
        self.end = self.simulation._calendar.date(self.simulation._calendar.end_ms)

    def mid(self, currency: str, at: datetime) -> float:
        """Won per unit, as last published."""
        known = self.rates[currency]
        return known[bisect_right(known, at, key=lambda rate: rate[0]) - 1][1]

    def usd(self, body: dict) -> float:
        """A payment in USD."""
        return float(body["amount"]) * self.mid(body["currency"], body["at"]) / self.mid("USD", body["at"])

    def first_events(self) -> list[dict]:
        """The first event of each payment that is sent or received."""
        seen, first = set(), []
        for body in self.paid:
            payment = body.get("payment_id", body["event_id"])
            if body.get("status", "settled") in {"ordered", "settled"} and payment not in seen:
                seen.add(payment)
                first.append(body)
        return first


@pytest.fixture(
    scope="module", params=[date(2022, 3, 1), date(2025, 2, 3), date(2025, 10, 27)], ids=["2022", "2025", "2026"]
)
def books(request: pytest.FixtureRequest) -> Books:
    return Books(60_000, start=request.param, days=300)


@pytest.fixture(scope="module")
def year() -> Books:
    return Books(60_000, days=365)


def test_no_honest_person_exceeds_the_cap_of_the_year(books: Books) -> None:
    """Outward sums without documents stay under the law's cap of that year; only look-alikes come close to it."""
    law = Law(overlay_configuration({}))
    sums: Counter[tuple[str, int]] = Counter()
    for body in books.first_events():
        if body["party_type"] == "person" and body["direction"] == "out" and body.get("evidence", "none") == "none":
            sums[body["party_id"], body["at"].year] += books.usd(body)
    near = {entry["party_id"] for entry in books.truth.of("lookalike") if entry["lookalike"] == "near_cap"}
    assert near
    for (party_id, year), usd in sums.items():
        limits = law.on(date(year, 6, 1))
        assert usd < limits.annual_cap * 0.95 if party_id in near else usd < limits.small_remitter_cap * 0.65
    year = books.simulation.plan.start.year + (books.simulation.plan.start.month > 6)
    assert max(sums[party_id, year] for party_id in near) > 0.75 * annual_cap(year)


def annual_cap(year: int) -> float:
    """The cap of banks' customers on 1 June, read from the configuration's own table."""
    dated = [one for one in default_tables()["rules"]["T02"]["limits"] if one["name"] == "annual_cap"]
    return float(
        max((one for one in dated if one["effective_from"] <= date(year, 6, 1)), key=lambda one: one["effective_from"])[
            "value"
        ]
    )


def test_the_law_is_that_of_the_day() -> None:
    """Caps of 2022, of late 2023 (small remitters have a lower one) and of 2026, as the configuration dates them."""
    law = Law(overlay_configuration({}))
    dated = [law.on(day) for day in (date(2022, 5, 1), date(2023, 8, 1), date(2026, 5, 1))]
    assert [limits.annual_cap for limits in dated] == [50_000, 100_000, 100_000]
    assert [limits.small_remitter_cap for limits in dated] == [50_000, 50_000, 100_000]
    assert [limits.honest_year for limits in dated] == [30_000, 30_000, 60_000]
    assert [limits.after_cap for limits in dated] == [False, False, True]
    assert law.on(date(2022, 5, 1)).honest_year == 30_000


def test_no_honest_payments_look_split(books: Books) -> None:
    """Our own search for three undocumented pieces just under the line within 90 days finds nothing."""
    pieces = defaultdict(list)
    for body in books.first_events():
        if body["direction"] == "out" and body.get("evidence", "none") == "none":
            usd = books.usd(body)
            if 4_000 <= usd <= 5_000:
                pieces[body["party_id"]].append(body["at"])
    assert pieces
    for times in pieces.values():
        assert all(third - first > timedelta(days=90) for first, third in zip(times, times[2:], strict=False))


def test_every_lookalike_is_there_for_every_typology(books: Books) -> None:
    """Each kind is planted, T01 to T18 are resembled, its events exist and are its parties'."""
    entries = books.truth.of("lookalike")
    assert {entry["lookalike"] for entry in entries} == {kind.name for kind in ALL}
    assert {entry["resembles"] for entry in entries} == set(ALL_TYPOLOGIES)
    party = {body["event_id"]: body["party_id"] for body in [*books.paid, *books.declared]}
    profiled = {"diversified_firm", "larger_exchanger"}
    for entry in entries:
        parties = {party[event_id] for event_id in entry["event_ids"] if event_id in party}
        missing = [event_id for event_id in entry["event_ids"] if event_id not in party]
        assert parties <= set(entry.get("party_ids", [entry["party_id"]]))
        assert len(missing) <= (entry["lookalike"] in profiled)


def test_lookalikes_grow_with_the_stream() -> None:
    """Several of each kind in a longer stream, one of each in a short one."""
    counts = []
    for events in (5_000, 20_000, 60_000):
        simulation = Simulation(1, events, preset="full", typologies=())
        assert sum(1 for _ in simulation) == events
        counts.append(Counter(entry["lookalike"] for entry in simulation.truth.of("lookalike")))
    assert [set(count.values()) for count in counts] == [{1}, {2}, {5}]


def test_the_seasonal_firm_is_silent_for_eight_months(year: Books) -> None:
    """It trades, does nothing for 230 days and more, and trades again."""
    for entry in year.truth.of("lookalike"):
        if entry["lookalike"] == "seasonal_firm":
            days = [body["at"] for body in year.paid if body["party_id"] == entry["party_id"]]
            gaps = [(later - earlier).days for earlier, later in pairwise(days)]
            assert max(gaps) >= 230
            assert len(days) - gaps.index(max(gaps)) > 4


def test_declared_goods_are_paid_when_due(books: Books) -> None:
    """Every declaration with a due date well inside the span has its payment, near the date and the amount."""
    paid = defaultdict(list)
    for body in books.first_events():
        paid[body["party_id"], body["counterparty_id"], body["currency"]].append((body["at"], float(body["amount"])))
    owed: dict[str, list] = {}
    amended = {body["amends"] for body in books.declared if "amends" in body}
    for body in books.declared:
        if body["event_id"] not in amended and "settlement_due" in body:
            owed.setdefault(body["declaration_no"], [body, 0.0])[1] += float(body["value"])
    checked = 0
    for body, value in owed.values():
        due = date.fromisoformat(body["settlement_due"])
        if due > books.end - timedelta(days=14):
            continue
        checked += 1
        near = paid[body["party_id"], body["counterparty_id"], body["currency"]]
        assert any(
            abs((at.date() - due).days) <= 14 and value * 0.99 <= amount <= value * 1.0001 + 1 for at, amount in near
        ), body
    assert checked > 100


def test_prepaid_goods_come_before_they_are_due(books: Books) -> None:
    """For every prepayment whose goods are due inside the span there is a declaration with that partner in time."""
    arrived = defaultdict(list)
    for body in books.declared:
        arrived[body["party_id"], body["counterparty_id"]].append(body["at"].date())
    checked = 0
    for body in books.first_events():
        if body.get("trade_terms") == "advance" and date.fromisoformat(body["goods_due"]) < books.end:
            checked += 1
            due = date.fromisoformat(body["goods_due"])
            dates = arrived[body["party_id"], body["counterparty_id"]]
            assert any(body["at"].date() <= day <= due + timedelta(days=7) for day in dates)
    assert checked > 100


def test_large_payments_have_papers_and_capital_ones_a_report(books: Books) -> None:
    """Above the line nothing is without papers where the law asks for them at once; property always has a report."""
    law, freely = Law(overlay_configuration({})), 0
    for body in books.first_events():
        if books.usd(body) > 5_200 and body.get("evidence", "none") == "none":
            # since 2026 persons need papers only once the year's cap is used up
            assert body["party_type"] == "person"
            assert law.on(body["at"].date()).after_cap
            freely += 1
        if body.get("purpose") == "50101":
            assert body["report_type"] == "capital"
            assert body["report_no"]
        if "contract_counterparty_id" in body:
            assert body["report_type"] == "third_party"
        if body["purpose"] == "50301" and body["party_type"] != "bank" and books.usd(body) > 50_000:
            assert body["report_type"] == "capital"
    assert (freely > 0) == (books.end.year == 2026), "the law of 2026 must show in what honest people do"


def test_deals_are_close_to_the_market(books: Books) -> None:
    """No honest deal is farther than 1.2 % from the mid, and half are within 0.6 %."""
    gaps = [abs(float(body["deal_rate"]) / books.mid(body["currency"], body["at"]) - 1) * 10_000 for body in books.paid]
    assert max(gaps) <= 120
    assert median(gaps) < 60


def test_tuition_is_paid_before_the_terms(year: Books) -> None:
    """January, February, July and August hold the tuition of families; most of it February and August."""
    usual = {entry["party_id"] for entry in year.truth.of("lookalike")}
    months = Counter(
        body["at"].month for body in year.first_events() if body["purpose"] == "40201" and body["party_id"] not in usual
    )
    assert set(months) == {1, 2, 7, 8}
    assert months[2] + months[8] > 1.5 * (months[1] + months[7])


def test_month_ends_are_busier_and_nights_are_quiet(year: Books) -> None:
    """The last three days of a month hold more payments a business day than the others; few are made from 1 to 5."""
    by_date = Counter(
        body["at"].date()
        for body in year.paid
        if year.simulation._calendar.business[(body["at"].date() - year.simulation.plan.start).days]
    )
    ends = [count for day, count in by_date.items() if (day + timedelta(days=3)).month != day.month]
    others = [count for day, count in by_date.items() if (day + timedelta(days=3)).month == day.month]
    assert sum(ends) / len(ends) > 1.15 * sum(others) / len(others)
    night = sum(1 <= body["at"].hour <= 5 for body in year.paid)
    assert night < 0.02 * len(year.paid)


def test_the_change_of_regime_doubles_trade_and_switches_its_currency(year: Books) -> None:
    """From its day on, the named firms' new contracts with China are in yuan, and they trade clearly more."""
    regime = next(entry for entry in year.truth.of("regime") if entry["name"] == "yuan_settlement")
    firms, day = set(regime["party_ids"]), date.fromisoformat(regime["day"])
    begun = [body for body in year.declared if body["party_id"] in firms]
    china = [body for body in begun if body["counterparty_country"] == "CN"]
    before = Counter(body["currency"] for body in china if body["at"].date() < day)
    # contracts of before still ship for some weeks
    after = Counter(body["currency"] for body in china if body["at"].date() > day + timedelta(days=75))
    assert before["USD"] > 10
    assert after["CNY"] > 10
    assert after["USD"] < 0.1 * after["CNY"]
    days = (year.end - day).days
    late = sum(body["at"].date() >= day for body in begun) / days
    early = sum(body["at"].date() < day for body in begun) / (365 - days)
    assert late > 1.5 * early


def test_growing_firms_grow_and_new_firms_are_young(year: Books) -> None:
    """The firms named as growing do more in the last third than in the first; new ones act after their registration."""
    growing = set(next(entry for entry in year.truth.of("regime") if entry["name"] == "fast_growing")["party_ids"])
    start = year.simulation.plan.start
    thirds = Counter((body["at"].date() - start).days * 3 // 366 for body in year.paid if body["party_id"] in growing)
    assert thirds[2] > 2 * thirds[0]
    new = {person.id for person in year.simulation._people if person.founded_day}
    assert new
    for body in year.paid:
        if body["party_id"] in new:
            assert body["at"].date() >= date.fromisoformat(year.profiles[body["party_id"]]["registered_on"])


def test_the_mix_is_plausible(year: Books) -> None:
    """Most parties are persons, most value moves through firms, corrections are rare, weekends are quiet."""
    types = Counter({body["party_id"]: body["party_type"] for body in year.paid}.values())
    assert types["person"] > 4 * types["company"]
    value: Counter[str] = Counter()
    for body in year.first_events():
        value[body["party_type"]] += year.usd(body)
    assert value["company"] > 3 * value["person"]
    corrected = sum(body.get("status") in {"returned", "cancelled"} for body in year.paid)
    assert 0 < corrected < 0.02 * len(year.paid)
    weekend = sum(body["at"].weekday() >= 5 for body in year.paid)
    assert 0 < weekend < 0.15 * len(year.paid)


def test_honest_people_share_the_combinations_that_cases_use(books: Books) -> None:
    """Living costs and wages through small remitters, small loans without report, one account under two names."""
    assert (
        sum(
            body["channel"] == "small_remitter" and body["direction"] == "out" and body["purpose"] == "40301"
            for body in books.paid
        )
        > 100
    )
    inward = Counter(
        body["purpose"] for body in books.paid if body["channel"] == "small_remitter" and body["direction"] == "in"
    )
    assert min(inward["30101"], inward["40101"]) > 20
    lent = [body for body in books.paid if body["purpose"] == "50301" and body["party_type"] == "company"]
    assert len({("report_no" in body, body["direction"]) for body in lent}) == 4
    names = defaultdict(set)
    for body in books.paid:
        names[body["counterparty_account"]].add(body["counterparty_id"])
    assert sum(len(ids) > 1 for ids in names.values()) > 30


def test_drawn_sizes_do_not_stick_at_a_bound() -> None:
    """Where the high bound is the low one times a power of two, no draw is the bound itself; every octave is drawn."""
    draw = Draw("sizes")
    drawn = [draw.spread(0.25, 2.0) for _ in range(4_000)]
    assert max(drawn) < 2.0
    assert min(drawn) >= 0.25
    octaves = Counter(0 if size < 0.5 else 1 if size < 1 else 2 for size in drawn)
    assert min(octaves.values()) > 1_200


def test_no_share_of_a_firm_s_usual_deal_recurs(books: Books) -> None:
    """A firm's contracts are of many sizes: no declared value in one currency recurs in more than a tenth of them."""
    values = defaultdict(Counter)
    for body in books.declared:
        values[body["party_id"], body["currency"]][round(float(body["value"]) / 10)] += 1
    many = [sizes for sizes in values.values() if sum(sizes.values()) > 30]
    assert many
    assert sum(max(sizes.values()) > 0.2 * sum(sizes.values()) for sizes in many) < 0.1 * len(many)


def _parties(books: Books, lookalike: str) -> list[dict]:
    found = [entry for entry in books.truth.of("lookalike") if entry["lookalike"] == lookalike]
    assert found
    return found


def test_dear_goods_stay_below_the_excess_that_a_rule_may_ask_for(books: Books) -> None:
    """T09's look-alike pays at most twice the usual price, and no item is dearer by USD 50,000."""
    for entry in _parties(books, "premium_goods"):
        for body in books.declared:
            if body["event_id"] in entry["event_ids"]:
                usual = next(
                    usd for goods in INDUSTRIES.values() for code, _, usd in goods.goods if code == body["hs_code"]
                )
                value = books.usd(body | {"amount": body["value"]})
                assert value - float(body["quantity"]) * usual < 55_000


def test_a_young_importer_grows_in_time_and_has_a_capital_of_its_own(books: Books) -> None:
    """T05's look-alike: each declaration is worth more than the one before, capitals differ, no inflow is invented."""
    entries = _parties(books, "young_importer")
    for entry in entries:
        # by number: an amended declaration, or one of several lines, counts once
        worth: dict[str, float] = {}
        amended = {body["amends"] for body in books.declared if "amends" in body}
        for body in books.declared:
            if body["event_id"] in entry["event_ids"] and body["event_id"] not in amended and "amends" not in body:
                number = body["declaration_no"]
                worth[number] = worth.get(number, 0.0) + books.usd(body | {"amount": body["value"]})
        values = list(worth.values())
        assert sum(later > earlier for earlier, later in pairwise(values)) >= len(values) - 2
        assert values[-1] > values[0]
    capitals = {books.profiles[entry["party_id"]]["capital_krw"] for entry in entries}
    assert len(capitals) > 1
    told = {
        body["institution"]
        for body in books.paid
        if body["party_type"] == "company" and "exchange_linked_inflow_24h" in body
    }
    assert told <= REPORTING_BANKS


def test_a_season_that_the_span_cannot_hold_is_left_out_and_told() -> None:
    """In 120 days nobody is silent for half a year, so the look-alike of T14 is not there, and the truth says why."""
    simulation = Simulation(1, 12_000, preset="full", days=120, typologies=())
    assert len(list(simulation)) == 12_000
    assert "seasonal_firm" not in {entry["lookalike"] for entry in simulation.truth.of("lookalike")}
    (entry,) = simulation.truth.of("left_out")
    assert (entry["typology"], entry["variant"]) == ("T14", "lookalike seasonal_firm")
