"""Which shared things a record names, in which order, and what its legs say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from detectors.contracts.events import Declaration, Leg, Profile, Transaction
from detectors.contracts.legs import (
    MOST_LEGS,
    SharedThing,
    name_group,
    name_shared,
    shared_of,
    shorten,
    slot_of_group,
)

PARTY, FOREIGN, ACCOUNT, OWN = "k1.001.aa", "k1.0ff.bb", "k1.abc.cc", "k1.002.ab"
DEVICE, CONTACT, CONTRACT = "k1.fff.dd", "k1.000.ee", "k1.003.ac"
WHEN = datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC)
ALWAYS: dict[str, Any] = {"event_id": "E", "identity": "1" * 32, "body": "2" * 32, "former": ("3" * 32, "4" * 32)}
NAMES = {name: name.replace("k1", "k0") for name in (PARTY, FOREIGN, ACCOUNT, OWN, DEVICE, CONTACT, CONTRACT)}


def payment(**changes: Any) -> Transaction:
    given: dict[str, Any] = {
        "event_time": WHEN,
        "direction": "in",
        "status": "returned",
        "party": PARTY,
        "party_type": "person",
        "party_account": OWN,
        "counterparty": FOREIGN,
        "counterparty_account": ACCOUNT,
        "counterparty_country": "US",
        "contract_counterparty": CONTRACT,
        "institution": "SHBKKRSE",
        "channel": "app",
        "amount": "5.00",
        "currency": "USD",
        "purpose": "30401",
        "evidence": "shown",
        "device": DEVICE,
        "contact": CONTACT,
        "payment_id": "PAY",
        "original_event_id": "E0",
        "previous": NAMES,
    }
    return Transaction(**ALWAYS, **given | changes)


def declaration(**changes: Any) -> Declaration:
    given: dict[str, Any] = {
        "declaration_no": "N-1",
        "declared_time": WHEN,
        "kind": "import",
        "party": PARTY,
        "counterparty": FOREIGN,
        "counterparty_country": "US",
        "hs_code": "8471301234",
        "quantity": "10",
        "quantity_unit": "EA",
        "value": "900.5",
        "currency": "EUR",
        "incoterm": "CIF",
        "origin_country": "CN",
        "line": 2,
        "amends": "N-0",
        "previous": {PARTY: "k0.001.aa"},
    }
    return Declaration(**ALWAYS, **given | changes)


def test_a_payment_names_its_counterparty_then_account_device_and_contact():
    """By token, with the token's slot; its own account and the contract's party are shared with nobody."""
    assert name_shared(payment()) == (
        SharedThing("counterparty", FOREIGN, 0x0FF),
        SharedThing("account", ACCOUNT, 0xABC),
        SharedThing("device", DEVICE, 0xFFF),
        SharedThing("contact", CONTACT, 0),
    )
    assert len(name_shared(payment())) == MOST_LEGS


@pytest.mark.parametrize("missing", ["counterparty_account", "device", "contact"])
def test_what_a_payment_does_not_name_has_no_leg(missing):
    """The others move up."""
    kinds = {"counterparty_account": "account"}
    found = [thing.kind for thing in name_shared(payment(**{missing: None}))]
    assert found == [
        kind for kind in ("counterparty", "account", "device", "contact") if kind != kinds.get(missing, missing)
    ]


def test_a_declaration_names_its_goods_group():
    """Six digits of the HS code, the partner's country, the unit; the slot is SHA-256 of that, without a key."""
    # printf 847130/US/EA | sha256sum
    assert name_shared(declaration()) == (SharedThing("goods", "847130/US/EA", 0xA45),)
    assert name_group("847130", "US", "EA") == "847130/US/EA"
    assert slot_of_group("847130/US/KG") != slot_of_group("847130/US/EA")


def test_other_records_name_nothing_shared():
    """A profile, say."""
    assert name_shared(Profile(**ALWAYS, party=PARTY, party_type="person", as_of=WHEN)) == ()


@pytest.mark.parametrize("token", ["", "k1.0ff", "k1.0ff.bb.cc", "k1.xyz.bb"])
def test_a_token_without_a_slot_is_refused(token):
    """Nobody could say where its leg belongs."""
    with pytest.raises(ValueError, match=r"unpack|invalid literal"):
        name_shared(payment(counterparty=token))


def test_a_payments_short_form_has_what_detection_needs():
    """Field by field; of the former names only those of what the leg names."""
    event = payment()
    leg = shorten(event)
    copied = set(Leg.__struct_fields__) & set(Transaction.__struct_fields__) - {"previous", "declaration_no", "hs_code"}
    assert copied == {
        "event_id", "identity", "body", "event_time", "direction", "status", "party", "counterparty",
        "counterparty_country", "institution", "amount", "currency", "purpose", "evidence", "party_account",
        "counterparty_account", "device", "contact", "payment_id", "original_event_id", "former",
    }  # fmt: skip
    for name in copied:
        assert getattr(leg, name) == getattr(event, name), name
    assert leg.previous == {name: former for name, former in NAMES.items() if name != CONTRACT}
    assert (leg.kind, leg.number, leg.declaration, leg.hs_code) == (None, 0, None, None)
    assert shorten(payment(previous={})).previous == {}


@pytest.mark.parametrize(("kind", "direction"), [("import", "out"), ("export", "in")])
def test_a_declarations_short_form_has_goods_and_value(kind, direction):
    """What comes in is paid for, so its value goes out."""
    assert shorten(declaration(kind=kind)) == Leg(
        **ALWAYS,
        event_time=WHEN,
        direction=direction,
        party=PARTY,
        counterparty=FOREIGN,
        counterparty_country="US",
        institution="",
        amount="900.5",
        currency="EUR",
        previous={PARTY: "k0.001.aa"},
        declaration=kind,
        declaration_no="N-1",
        line=2,
        amends="N-0",
        hs_code="8471301234",
        quantity="10",
        quantity_unit="EA",
        incoterm="CIF",
        origin_country="CN",
    )


@pytest.mark.parametrize("event", [payment(), declaration()], ids=["payment", "declaration"])
def test_a_leg_says_by_itself_whose_it_is(event):
    """Each of a record's legs, as the record names them."""
    for number, thing in enumerate(name_shared(event)):
        assert shared_of(replace(shorten(event), kind=thing.kind, number=number)) == thing


def test_a_leg_of_an_earlier_release_is_the_counterpartys():
    """It has no kind."""
    assert shared_of(shorten(payment())) == SharedThing("counterparty", FOREIGN, 0x0FF)


@pytest.mark.parametrize("kind", ["account", "device", "contact"])
def test_a_leg_of_nothing_is_refused(kind):
    """Its kind names what it has not."""
    leg = replace(shorten(payment(counterparty_account=None, device=None, contact=None)), kind=kind)
    with pytest.raises(ValueError, match=f"^a leg of kind {kind} names no {kind}$"):
        shared_of(leg)
