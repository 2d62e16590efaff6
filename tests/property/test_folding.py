"""Folding the payments of a busy party into totals changes no yearly total and no finding of T02."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books import folded_payments
from detectors.books.party import token_number, unpack
from detectors.books.payments import NO_DOCUMENT, OUT, exact_sum, rows
from detectors.contracts.alert import Measured
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import year_bounds
from tests.property.test_extreme_values import CONFIGURATION as EXTREME
from tests.property.test_extreme_values import STEPS as RECORDS
from tests.property.test_extreme_values import accepted
from tests.support.few_rows import few_rows
from tests.support.ledger import START, Ledger, configuration
from tests.support.pipeline import Pipeline

PARTY = "k1.0a3.remitter"
YEARS = (2025, 2026)
CONFIGURATION = configuration(detectors={"daily_budget": 0.0, "exploration": 0.0})
# what folding may say of a finding: that it took place, and where among the folded payments of a day a cap was crossed
SAID = {"folded_payments", "folded_orders_not_settled", "returns_not_matched", "payments_after_crossing"}
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "what": st.sampled_from(["pay", "pay", "pay", "pay", "settle", "return", "cancel"]),
            "which": st.integers(0, 30),
            # 300 days from March to December and over the turn of the year, up to 35 of them late
            "hours": st.integers(0, 24 * 34),
            "base": st.integers(0, 40),
            "amount": st.sampled_from(["4900", "4100.55", "30000", "0.01", "62000", "90000.5"]),
            "currency": st.sampled_from(["USD", "USD", "EUR"]),
            "status": st.sampled_from(["settled", "settled", "ordered"]),
            "institution": st.sampled_from(["BANKA", "BANKB", "BANKC"]),
            "channel": st.sampled_from(["app", "small_remitter"]),
            "evidence": st.sampled_from(["none", "none", "none", "shown"]),
            "direction": st.sampled_from(["out", "out", "out", "in"]),
        }
    ),
    min_size=5,
    max_size=40,
)


def totals(state):
    """USD cents without documents by local year: what is kept as rows, and what is folded."""
    if PARTY not in state.parties:
        return {}
    party, zone = unpack(state.parties[PARTY]), state.effective.zone
    found, rest = rows(party), folded_payments.folded_of(party)
    legal = found[found["flags"] & (OUT | NO_DOCUMENT) == OUT | NO_DOCUMENT]
    sums = {}
    for year in YEARS:
        first, last = year_bounds(year, zone)
        sums[year] = exact_sum(legal["usd"][(legal["time"] >= first) & (legal["time"] < last)])
        sums[year] += 0 if rest is None else rest.annual_total(year)
    return sums


def annual_hits(outputs):
    """What T02 says in alerts, but for what folding says of itself."""
    hits = [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T02"]
    return [(hit.strength, hit.window, tuple(each for each in hit.measured if each.name not in SAID)) for hit in hits]


def annual_fired(outputs):
    """T02's strength, news or not."""
    return [strength for name, strength in outputs.assessed.fired if name == "T02"]


def event(step, number, made, kept):
    """The payment that a step makes, or what it says of one that is kept as a row in the folded ledger."""
    at = START + timedelta(days=7 * step["base"], hours=step["hours"])
    given = {name: step[name] for name in ("currency", "institution", "channel", "evidence", "direction")}
    if step["what"] == "pay":
        paid = (f"e{number}", at, step["amount"], given | {"status": step["status"], "payment_id": f"P{number}"})
        return paid, paid
    known = [one for one in made if token_number(f"{one[3]['institution']}|{one[0]}") in kept]
    if not known:
        return None, None
    name, paid_at, amount, fields = known[step["which"] % len(known)]
    later = max(at, paid_at + timedelta(hours=1))
    if step["what"] == "settle":
        return (f"s{number}", later, amount, fields | {"status": "settled"}), None
    status = {"return": "returned", "cancel": "cancelled"}[step["what"]]
    back = amount if status == "cancelled" else "0.01"
    return (f"r{number}", later, back, fields | {"status": status, "original_event_id": name, "payment_id": None}), None


def played(steps, most, kept, cuts=()):
    """A folded ledger and one that keeps every row, given the same events; checked after each."""
    plain, small = Ledger(CONFIGURATION), Ledger(CONFIGURATION)
    made = []
    for ledger in (plain, small):
        for day in range(340):
            ledger.rate(START + timedelta(days=day), "1.1", "EUR", "USD")
    for number, step in enumerate(sorted(steps, key=lambda each: each["base"])):
        rows_kept = (
            {int(one) for one in rows(unpack(small.state.parties[PARTY]))["event"]}
            if PARTY in small.state.parties
            else set()
        )
        said, paid = event(step, number, made, rows_kept)
        if said is None:
            continue
        name, at, amount, fields = said
        with few_rows(10**6, 10**6):
            expected = plain.pay(name, at, amount, **fields)
        with few_rows(most, kept):
            outputs = small.pay(name, at, amount, **fields)
        if paid is not None and not outputs.late:
            made.append(paid)
        if number in cuts:
            small.state = PartitionState.thaw(list(small.state.freeze().sections()))
        assert totals(small.state) == totals(plain.state)
        assert annual_fired(outputs) == annual_fired(expected)
        assert annual_hits(outputs) == annual_hits(expected)
    return plain, small


@SETTINGS
@given(STEPS, st.integers(3, 8), st.integers(1, 3), st.sets(st.integers(0, 40), max_size=3))
def test_yearly_totals_and_findings_are_those_of_a_party_that_keeps_every_payment(steps, most, kept, cuts):
    """In any order of arrival, with settlements, returns and cancellations of what is kept, over a turn of the year."""
    _, small = played(steps, most, kept, cuts)
    _, again = played(steps, most, kept)
    assert small.state.freeze().digest() == again.state.freeze().digest()
    assert len(rows(unpack(small.state.parties[PARTY]))) <= most + 1 if PARTY in small.state.parties else True


def test_the_property_folds_and_fires():
    """The bounds of the property are met by a plain stream of it: payments are folded and T02 speaks of them."""
    step = {
        "what": "pay",
        "which": 0,
        "hours": 0,
        "amount": "30000",
        "currency": "USD",
        "status": "settled",
        "institution": "BANKA",
        "channel": "app",
        "evidence": "none",
        "direction": "out",
    }
    _, small = played([step | {"base": number} for number in range(12)], 4, 2)
    assert small.state.counters["folded"] > 3
    assert small.state.counters["alerts"] > 0
    with few_rows(4, 2):
        (alert,) = small.pay("last", START + timedelta(days=90), "900000").alerts
    measured = {each.name: each for hit in alert.typologies for each in hit.measured if hit.id == "T02"}
    assert measured["annual_total"].value == "1260000.00"
    assert measured["folded_payments"] == Measured(name="folded_payments", value=9, unit="count")
    assert alert.evidence_total == 13


@pytest.mark.parametrize("most", [3, 5])
def test_a_payment_dated_before_the_folded_ones_still_counts_in_its_own_year(most):
    """New Year in Seoul: 31 December 14:59 UTC is the old year, 15:00 the new one, folded or not."""
    turn = START.replace(year=2025, month=12, day=31, hour=15, minute=0)
    ledger = Ledger(CONFIGURATION)
    with few_rows(most, 1):
        for number in range(9):
            ledger.pay(f"n{number}", turn + timedelta(minutes=number), "10")
            ledger.pay(f"o{number}", turn - timedelta(minutes=1 + number), "1")
    assert ledger.state.counters["folded"] > 9
    assert totals(ledger.state) == {2025: 900, 2026: 9000}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_every_record_of_the_contract_is_applied_and_can_be_saved_where_nearly_all_is_folded(steps):
    """Years 1 to 9999, 1e15 and 1e-6, returns before orders: as without folding, none stops its partition."""
    with few_rows(2, 1):
        pipeline = Pipeline(EXTREME)
        for (topic, body), history in steps:
            accepted(pipeline, topic, body, history=history)
        sections = list(pipeline.state.freeze().sections())
        assert PartitionState.thaw(sections).freeze().digest() == pipeline.state.freeze().digest()
