"""What becomes of one transaction: its score, its time and its share."""

import pytest

from detectors.books.party import token_number, unpack
from detectors.books.payment_ids import event_number
from detectors.books.payments import rows
from detectors.contracts.events import Origin, Source
from tests.support.ledger import START, Ledger, later, payment
from tests.support.transaction_steps import at_us_of
from tests.unit.detectors.test_payment_step import rated

PARTY = "k1.0a3.remitter"


def test_a_counterparty_keeps_its_number_through_a_key_rotation() -> None:
    """In the overlap the event names it under both keys; afterwards under the newer one alone."""
    ledger = rated()
    ledger.pay("a", later(hours=1))
    for name, previous in (("b", {"k2.111.payee": "k1.111.payee"}), ("c", {})):
        ledger.pay(name, later(hours=2), counterparty="k2.111.payee", previous=previous)
    found = rows(unpack(ledger.state.parties[PARTY]))
    assert list(found["beneficiary"]) == [token_number("k1.111.payee")] * 3


@pytest.mark.parametrize(
    ("status", "late", "scored"),
    [
        ("ordered", False, True),
        ("settled", False, True),
        ("ordered", True, True),
        ("settled", True, True),
        ("returned", False, False),
        ("cancelled", False, False),
        ("returned", True, False),
        ("cancelled", True, False),
    ],
)
def test_a_payment_is_scored_and_what_takes_one_back_is_not(status: str, late: bool, scored: bool) -> None:
    """Late ones too: only the legal totals are closed to them."""
    ledger = rated()
    if late:
        ledger.pay("newest", later(days=60), party="k1.0a3.other")
    outputs = ledger.pay("e", later(hours=1), status=status, original_event_id="gone")
    assert (outputs.scored, outputs.late) == (scored, late)
    assert len(rows(unpack(ledger.state.parties[PARTY]))) == int(scored and not late)


def test_a_payment_is_scored_once() -> None:
    """A settlement of a known order is an amendment: the models have seen the payment."""
    ledger = rated()
    told = [
        ledger.pay(status, later(hours=1), status=status, payment_id="P-1").scored for status in ("ordered", "settled")
    ]
    assert told == [True, False]


@pytest.mark.parametrize(("microseconds", "late"), [(0, False), (-1, True)])
def test_a_payment_is_late_beyond_the_configured_days(microseconds: int, late: bool) -> None:
    """35 of them, by the partition's clock before it: at the limit itself it is in time."""
    ledger = rated()
    assert not ledger.pay("first", later(days=35)).late
    assert ledger.pay("e", later(microseconds=microseconds), party="k1.0a3.other").late is late


def test_a_head_offices_code_is_the_banks() -> None:
    """A ledger of an earlier release may hold either form (ISO 9362): one name, one id, one share."""
    ledger = rated()
    ledger.pay("e", later(hours=1), institution="SHBKKRSEXXX")
    party = unpack(ledger.state.parties[PARTY])
    assert "SHBKKRSE" in party.names
    assert "SHBKKRSEXXX" not in party.names
    assert rows(party)["event"][0] == event_number("SHBKKRSE", "e")
    assert list(party.words) == ["SHBKKRSE"]
    assert ledger.state.shares.known_as("SHBKKRSE") == "SHBKKRSE"


def test_a_party_remembers_its_first_and_its_newest_time() -> None:
    """Whatever order its payments come in."""
    ledger = rated()
    for name, hours in (("a", 5), ("b", 3), ("c", 9), ("d", 4)):
        ledger.pay(name, later(hours=hours))
    party = unpack(ledger.state.parties[PARTY])
    assert (party.first_us, party.last_us) == (
        at_us_of(payment("b", later(hours=3))),
        at_us_of(payment("c", later(hours=9))),
    )


def test_the_clock_goes_to_a_payments_time_as_far_as_kafka_bears_it_out() -> None:
    """A date a day ahead moves it to the Kafka timestamp alone, for everybody else's sake."""
    ledger = rated()
    event = payment("e", later(hours=24))
    sent = int(later(hours=1).timestamp() * 1000)
    source = Source("fx.transactions.v1", 0, 0)
    ledger.put(event, Origin(offset=len(ledger.log), source=source, commitment="k1:" + "0" * 64, timestamp_ms=sent))
    assert ledger.state.watermark_us == sent * 1000


def test_a_party_is_of_the_share_of_the_institution_that_pays_for_it() -> None:
    """Its own where it has one."""
    ledger = Ledger()
    ledger.pay("a", START, institution="BANKA")
    assert unpack(ledger.state.parties[PARTY]).owner == "BANKA"
    assert ledger.state.parties.held("BANKA") == 1
