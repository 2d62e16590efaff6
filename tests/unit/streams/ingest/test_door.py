"""The door: what a good record becomes, that nothing personal gets behind it, and what a refusal says."""

import hashlib
import json
import tomllib

import msgspec
import pytest

from detectors.contracts.events import ConfigurationChange, Disposition, Profile, Rate, Source, Transaction
from detectors.contracts.legs import slot_of_group
from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.ingest import door
from streams.ingest.door import Admitted, Door
from streams.keys.commitments import Committer
from streams.keys.pseudonyms import Key, Keys, development_keys, partition_of
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.support import history
from tests.support.repository import ROOT

CORPUS = ROOT / "tests" / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text("utf-8"))
TIMESTAMP_MS = 1_767_580_000_000
WORDS = {"crypto": ("bitcoin", "코인"), "art": ("art",), "living": ("생활비",), "none": ()}

TRANSACTION = {
    "event_id": "E-1",
    "event_time": "2026-01-05T10:11:12.345+09:00",
    "direction": "out",
    "party_id": "RESIDENT-77",
    "party_type": "person",
    "party_account": "ACCOUNT-OWN",
    "counterparty_account": "ACCOUNT-OTHER",
    "counterparty_id": "FOREIGN-88",
    "contract_counterparty_id": "CONTRACT-99",
    "counterparty_country": "DE",
    "institution": "SHBKKRSE",
    "channel": "app",
    "amount": "4950.00",
    "currency": "USD",
    "device_id": "DEVICE-55",
    "contact_id": "CONTACT-66",
    "remittance_info": "Party of CALLERS: 1월 생활비",
}
PERSONAL = (
    "RESIDENT-77",
    "ACCOUNT-OWN",
    "ACCOUNT-OTHER",
    "FOREIGN-88",
    "CONTRACT-99",
    "DEVICE-55",
    "CONTACT-66",
    "CALLERS",
    "생활비",
)


def admit(body, topic=inputs.TRANSACTIONS, key=None, headers=(), keys=None, gate=None, timestamp_ms=TIMESTAMP_MS):
    value = json.dumps(body, ensure_ascii=False).encode()
    key = body.get("party_id", body.get("party", "")).encode() if key is None else key
    gate = gate or Door(keys or development_keys(), 12, WORDS)
    partition = 0 if topic == inputs.RULES else 3  # configurations come in one partition
    return gate.admit(ArrivedRecord(topic, partition, 77, timestamp_ms, key, value, list(headers)))


def event(record):
    return envelope.decode_record(record[2], record[3], 5, TIMESTAMP_MS)[0]


def test_a_transaction_becomes_one_ledger_record_and_a_leg_for_each_shared_thing():
    """Key, partition and content of all follow from the tokens of the party and of the things."""
    answer = admit(TRANSACTION)
    assert isinstance(answer, Admitted)
    (record,) = answer.records
    got = event(record)
    keys = development_keys()
    assert isinstance(got, Transaction)
    assert got.party == keys.party("RESIDENT-77").token
    assert record[:2] == (partition_of(got.party, 12), got.party.encode())
    assert got.counterparty == keys.party("FOREIGN-88").token
    assert got.contract_counterparty == keys.party("CONTRACT-99").token
    assert got.device == keys.device("DEVICE-55").token
    assert got.contact == keys.contact("CONTACT-66").token
    assert got.counterparty_account == keys.account("ACCOUNT-OTHER").token
    assert got.event_time.isoformat() == "2026-01-05T01:11:12.345000+00:00"
    assert got.amount == "4950.00"
    assert got.remittance_classes == ("living",)
    things = [got.counterparty, got.counterparty_account, got.device, got.contact]
    legs = [envelope.decode_leg(one.value, one.headers, 1, TIMESTAMP_MS) for one in answer.legs]
    assert [one[:2] for one in answer.legs] == [(partition_of(token, 12), token.encode()) for token in things]
    assert [leg.kind for leg, _ in legs] == ["counterparty", "account", "device", "contact"]
    assert [leg.number for leg, _ in legs] == [0, 1, 2, 3]
    for leg, origin in legs:
        assert origin.source == Source("fx.transactions.v1", 3, 77)
        for name in set(leg.__struct_fields__) & set(got.__struct_fields__):
            assert getattr(leg, name) == getattr(got, name)


def test_a_payment_without_account_device_and_contact_has_one_leg():
    """Numbers count the things that are named; a device alone is the second one."""
    plain = {name: it for name, it in TRANSACTION.items() if name not in ("counterparty_account", "device_id",
                                                                          "contact_id")}  # fmt: skip

    def kinds(body):
        legs = [envelope.decode_leg(one.value, one.headers, 1, TIMESTAMP_MS)[0] for one in admit(body).legs]
        return [(leg.kind, leg.number) for leg in legs]

    assert kinds(plain) == [("counterparty", 0)]
    assert kinds(plain | {"device_id": "D"}) == [("counterparty", 0), ("device", 1)]


def test_nothing_personal_gets_behind_the_door():
    """No identifier of the sender stands anywhere in ledger record or leg; identities alone carry them."""
    answer = admit({**TRANSACTION, "x_name": "CALLERS"}, headers=[("name", b"CALLERS")])
    written = repr((answer.records, answer.legs))
    assert not [text for text in PERSONAL if text in written]
    assert [identifier for _, identifier in answer.identities] == ["RESIDENT-77", "FOREIGN-88", "CONTRACT-99"]


def test_every_field_of_the_contract_reaches_the_event():
    """A transaction with every field set leaves no field of the event at its default."""
    body = TRANSACTION | {
        "status": "returned",
        "payment_id": "PAY",
        "original_event_id": "E-0",
        "counterparty_bank_country": "AT",
        "branch": "B1",
        "settled_amount": "1.5",
        "settled_currency": "KRW",
        "deal_rate": "0.1",
        "purpose": "30401",
        "evidence": "shown",
        "report_no": "R1",
        "report_type": "offset",
        "declaration_no": "D1",
        "trade_terms": "sight",
        "goods_due": "2026-03-01",
        "hs_code": "847130",
        "ip_country": "KR",
        "exchange_linked_inflow_24h": "7",
        "residency": "foreign_resident",
        "designated_bank": False,
    }
    assert body.keys() == set(inputs.TransactionRecord.__struct_fields__)
    got = event(admit(body).records[0])
    defaults = {field.name: field.default for field in msgspec.structs.fields(Transaction) if not field.required}
    left = [name for name, default in defaults.items() if getattr(got, name) == default]
    assert left == ["notes", "former"]  # nothing had to be done to any field; no rotation
    assert got.previous == {}
    same = [name for name in body if name in Transaction.__struct_fields__ and isinstance(body[name], str)]
    same = [name for name in same if name not in ("event_time", "goods_due", "party_account", "counterparty_account")]
    assert {name: getattr(got, name) for name in same} == {name: body[name] for name in same}


def test_identities_are_handed_out_once_as_far_as_memory_goes(monkeypatch):
    """A party seen before is not sealed again, until it is forgotten."""
    monkeypatch.setattr(door, "SEALED_REMEMBERED", 3)
    gate = Door(development_keys(), 12, {})
    assert len(admit(TRANSACTION, gate=gate).identities) == 3
    assert admit(TRANSACTION, gate=gate).identities == ()
    assert len(admit({**TRANSACTION, "counterparty_id": "FOREIGN-2"}, gate=gate).identities) == 1
    assert len(gate._sealed) == 3


def test_the_same_person_has_one_token_in_every_role():
    """A counterparty of one payment is recognised as the party of another."""
    one = event(admit(TRANSACTION).records[0])
    other = event(admit({**TRANSACTION, "party_id": "FOREIGN-88", "counterparty_id": "RESIDENT-77"}).records[0])
    assert (one.party, one.counterparty) == (other.counterparty, other.party)


def test_identity_and_body_tell_duplicates_from_conflicts():
    """Field order does not change the body, a value does; another institution makes another identity."""
    first = event(admit(TRANSACTION).records[0])
    again = event(admit(dict(reversed(TRANSACTION.items()))).records[0])
    changed = event(admit({**TRANSACTION, "amount": "4950.01"}).records[0])
    elsewhere = event(admit({**TRANSACTION, "institution": "KOEXKRSE"}).records[0])
    assert (again.identity, again.body) == (first.identity, first.body)
    assert (changed.identity, changed.body != first.body) == (first.identity, True)
    assert elsewhere.identity != first.identity


def test_equal_json_numbers_give_equal_bodies():
    """1.0 and 1 are the same JSON number, also in a sender's own fields; 1 and "1" are not the same."""
    bodies = [event(admit({**TRANSACTION, "x_n": number}).records[0]).body for number in (1, 1.0, "1")]
    assert bodies[0] == bodies[1] != bodies[2]


def test_during_a_rotation_every_token_comes_with_its_previous_one():
    """`previous` maps each token of the record to the one under the previous key."""
    old, new, routing = (Key(name, bytes([n]) * 32) for n, name in enumerate(("k1", "k2", "k3"), 1))
    got = event(admit(TRANSACTION, keys=Keys(new, routing, old)).records[0])
    before = event(admit(TRANSACTION, keys=Keys(old, routing)).records[0])
    tokens = (
        "party",
        "counterparty",
        "contract_counterparty",
        "party_account",
        "counterparty_account",
        "device",
        "contact",
    )
    assert got.previous == {getattr(got, name): getattr(before, name) for name in tokens}
    assert got.former == (before.identity, before.body)
    assert before.former is None
    assert before.previous == {}


def test_rates_go_to_every_partition():
    """One record a ledger partition, the same bytes, keyed by the pair; without event_id it is derived."""
    body = {"base": "USD", "quote": "KRW", "mid": "1387.50", "rate_time": "2026-01-05T09:00:00+09:00"}
    answer = admit(body, inputs.RATES, b"USD/KRW")
    assert [record[0] for record in answer.records] == list(range(12))
    assert len({record[1:3] for record in answer.records}) == 1
    got = event(answer.records[0])
    assert isinstance(got, Rate)
    assert answer.records[0][1] == b"USD/KRW"
    assert got.event_id == "USD/KRW@2026-01-05T00:00:00Z"
    assert event(admit({**body, "event_id": "R-1"}, inputs.RATES, b"USD/KRW").records[0]).event_id == "R-1"


def test_rules_go_to_every_partition():
    """The operator's configuration is broadcast as it is."""
    configuration = overlay_configuration({})
    body = {"event_id": "R-1", "configuration": msgspec.to_builtins(configuration)}
    answer = admit(body, inputs.RULES, b"anything")
    assert len(answer.records) == 12
    assert answer.records[0][1] == b"configuration"
    assert event(answer.records[11]) == ConfigurationChange(configuration=configuration)


def test_a_verdict_follows_its_token_and_leaves_its_reason_outside():
    """A disposition goes to the partition of its token's slot; the reason's hash is keyed."""
    token = f"k9.00e.{'a' * 32}"
    body = {
        "event_id": "V-1",
        "alert_id": "a1",
        "party": token,
        "verdict": "refuted",
        "reason": "CALLERS is a student",
        "investigator": "INV-7",
        "decided_at": "2026-01-05T11:00:00+09:00",
    }
    (record,) = admit(body, inputs.DISPOSITIONS).records
    got = event(record)
    assert isinstance(got, Disposition)
    assert record[:2] == (14 % 12, token.encode())
    assert "CALLERS" not in repr(record)
    assert got.reason_hash != hashlib.sha256(b"CALLERS is a student").hexdigest()[:32]
    assert got.reason_hash == development_keys().reason("CALLERS is a student")


VERDICT = {
    "event_id": "V-1",
    "alert_id": "a1",
    "party": f"k9.00e.{'a' * 32}",
    "verdict": "refuted",
    "reason": "one office",
    "investigator": "INV-7",
    "decided_at": "2026-01-05T11:00:00+09:00",
}


@pytest.mark.parametrize(
    ("kind", "token", "partition"),
    [("device", f"k9.00f.{'b' * 32}", 15 % 12), ("goods", "870321/CN/KG", slot_of_group("870321/CN/KG") % 12)],
)
def test_a_verdict_on_an_alert_about_a_shared_thing_goes_to_its_party_and_to_the_thing(kind, token, partition):
    """The ledger keeps it with the alert's party; the shared agent gets the same record under the thing."""
    admitted = admit(VERDICT | {"shared_kind": kind, "shared_token": token}, inputs.DISPOSITIONS)
    (record,), (leg,) = admitted.records, admitted.legs
    assert (record[:2], leg[:2]) == ((14 % 12, VERDICT["party"].encode()), (partition, token.encode()))
    assert record.value == leg.value
    assert (event(leg).shared_kind, event(leg).shared_token) == (kind, token)
    assert admit(VERDICT, inputs.DISPOSITIONS).legs == ()


def test_related_counterparties_become_tokens():
    """A profile's list is tokenised in the parties' name space and not sealed."""
    body = {
        "event_id": "F-1",
        "party_id": "RESIDENT-77",
        "party_type": "company",
        "as_of": "2026-01-01T00:00:00Z",
        "related_counterparties": ["FOREIGN-88"],
        "employees": 0,
        "registered_on": "2020-02-29",
    }
    answer = admit(body, inputs.PROFILES)
    got = event(answer.records[0])
    assert isinstance(got, Profile)
    assert got.related_counterparties == (development_keys().party("FOREIGN-88").token,)
    assert (got.employees, str(got.registered_on)) == (0, "2020-02-29")
    assert [identifier for _, identifier in answer.identities] == ["RESIDENT-77"]


def test_the_longest_profile_fits_a_kafka_record():
    """A profile of 64 KiB with as many relations as are allowed stays below 1 MiB, rotation included."""
    keys = Keys(Key("a" * 16, b"1" * 32), Key("c" * 16, b"3" * 32), Key("b" * 16, b"2" * 32))
    body = {
        "event_id": "F-1",
        "party_id": "P",
        "party_type": "company",
        "as_of": "2026-01-01T00:00:00Z",
        "related_counterparties": [f"{n:04}" for n in range(inputs.RELATED_LIMIT)],
    }
    answer = admit(body, inputs.PROFILES, keys=keys)
    assert 500_000 < len(answer.records[0][2]) < 1_000_000
    body["related_counterparties"].append("one more")
    assert admit(body, inputs.PROFILES, keys=keys).codes == ("field.length",)


def test_only_history_and_the_trace_pass_the_door():
    """CloudEvents id, source, type, time and traceparent go on, the last of each; everything else stops here."""
    sent = [
        ("ce_id", b"1"),
        ("ce_id", b"2"),
        ("ce_subject", b"s"),
        ("traceparent", b"00-ab"),
        ("ce_time", None),
        ("__fx.commitment", b"forged"),
        ("__fx.sha256", b"forged"),
        ("fx.history", b"1"),
    ]
    gate = Door(development_keys(), 12, WORDS, history.ADMISSION)
    record = admit(TRANSACTION, headers=sent, gate=gate).records[0]
    origin = envelope.decode_record(record[2], record[3], 5, TIMESTAMP_MS)[1]
    assert origin.headers == (("ce_id", b"2"), ("traceparent", b"00-ab"))
    assert origin.history
    committer = Committer(development_keys())
    original = json.dumps(TRANSACTION, ensure_ascii=False).encode()
    assert origin.source is not None
    assert origin.commitment.encode() == committer.commitment(origin.source, original)


@pytest.mark.parametrize("mark", [b"0", b"true", b"", None])
def test_only_the_exact_mark_makes_history(mark):
    """Anything but 1 raises alerts as usual."""
    record = admit(TRANSACTION, headers=[("fx.history", mark)]).records[0]
    assert not envelope.decode_record(record[2], record[3], 5, TIMESTAMP_MS)[1].history


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("BITCOIN", ("crypto",)),
        ("비트코인을 삼", ("crypto",)),
        ("\uff22itcoin", ("crypto",)),
        ("party", ()),
        ("art, 코인", ("crypto", "art")),
        ("bitcoins", ()),
        ("", ()),
    ],
)
def test_words_are_found_as_people_write_them(text, classes):
    """Case and width do not matter; Latin words stand alone, Korean ones carry particles."""
    assert event(admit({**TRANSACTION, "remittance_info": text}).records[0]).remittance_classes == classes


def test_a_door_needs_a_partition():
    """Zero partitions are a programming error, told at once."""
    with pytest.raises(ValueError, match="at least 1"):
        Door(development_keys(), 0, {})
