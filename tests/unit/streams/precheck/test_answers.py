"""Planned payments as people and banks write them: what is read, what is refused, what the answer holds."""

import json

import pytest

from detectors.contracts.configuration import fingerprint
from streams.errors import UsageError
from streams.precheck.answers import MOST_BYTES, Answers
from tests.support.ledger import configuration
from tests.support.pipeline import TRANSACTION

ANSWERS = Answers(configuration())
PLAIN = {"direction": "out", "party_type": "person", "residency": "resident", "amount": "7000", "currency": "USD"}


def planned(**said: object):
    return ANSWERS.check(json.dumps(PLAIN | said), "2026-03-02")[0]


def test_the_day_is_named_or_that_of_the_records_time_in_the_legal_zone_or_today():
    assert str(planned().planned_on) == "2026-03-02"
    assert str(planned(planned_on="2026-04-01", event_time="2026-05-01T00:00:00Z").planned_on) == "2026-04-01"
    assert str(planned(event_time="2025-12-28T14:59:59Z").planned_on) == "2025-12-28"
    assert str(planned(event_time="2025-12-28T15:00:00Z").planned_on) == "2025-12-29", "it is the next day in Seoul"


def test_a_record_of_the_contract_is_read_as_it_is():
    """With all its other fields, and whom the contract is with."""
    told = ANSWERS.check(json.dumps(TRANSACTION | {"contract_counterparty_id": "another"}), "2026-03-02")[0]
    assert (told.amount, told.other_party_pays) == (TRANSACTION["amount"], True)
    same = ANSWERS.check(
        json.dumps(TRANSACTION | {"contract_counterparty_id": TRANSACTION["counterparty_id"]}), "2026-03-02"
    )[0]
    assert same.other_party_pays is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        "{",
        "[" * 100_000,
        json.dumps(PLAIN | {"amount": "-1"}),
        json.dumps(PLAIN | {"amount": "1e9"}),
        json.dumps(PLAIN | {"amount": 7000}),
        json.dumps(PLAIN | {"currency": "usd"}),
        json.dumps(PLAIN | {"event_time": "yesterday"}),
        json.dumps(PLAIN | {"event_time": 7}),
        json.dumps(PLAIN | {"planned_on": "2026-02-30"}),
        json.dumps({key: value for key, value in PLAIN.items() if key != "direction"}),
        json.dumps(PLAIN | {"purpose": "x" * MOST_BYTES}),
        b"\xff\xfe",
        # no zone's clock has a day for it
        json.dumps(PLAIN | {"event_time": "9999-12-31T23:59:59Z"}),
        # whose clock?
        json.dumps(PLAIN | {"event_time": "2026-01-01T00:00:00"}),
        json.dumps(PLAIN | {"amount": "0.00"}),
        json.dumps(PLAIN | {"currency": "EUR", "usd_rate": "0.0"}),
    ],
    ids=range(20),
)
def test_what_is_no_planned_payment_says_so(text):
    with pytest.raises(UsageError, match="this is no planned payment"):
        ANSWERS.check(text, "2026-03-02")


@pytest.mark.parametrize(
    ("currency", "amount", "usd_rate", "outcome"),
    [("VND", "200000000", "0.000039", "asked"), ("KRW", "6900000", "0.00072", "not_asked")],
)
def test_a_small_currency_has_a_rate(currency, amount, usd_rate, outcome):
    """200 million VND are 7 800 USD and 6.9 million KRW are 4 968: above and below what needs a report."""
    said = {"currency": currency, "amount": amount, "usd_rate": usd_rate, "paid_before": "0", "other_party_pays": True}
    duties = ANSWERS.check(json.dumps(PLAIN | said), "2026-03-02")[1]
    assert [duty.outcome for duty in duties if duty.id == "third_party_report"] == [outcome]


def test_an_amount_of_the_contract_is_taken_with_all_its_places():
    assert planned(amount="4900.123456").amount == "4900.123456"


def test_an_answer_names_the_rules_that_it_rests_on():
    told = ANSWERS.tell(*ANSWERS.check(json.dumps(PLAIN), "2026-03-02"))
    assert told["rules"] == fingerprint(configuration().rules)
    assert told["planned"]["planned_on"] == "2026-03-02"
    papers = told["duties"][0]
    assert (papers["id"], papers["outcome"], papers["missing"]) == ("documents", "cannot_tell", ("paid_this_year",))
    assert papers["limits"][0]["effective_from"] == "2025-12-29"
    json.dumps(told)
