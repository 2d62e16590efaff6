"""The door at its edges: headers, bounds, marks of history, and what each kind of record takes into the ledger."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from detectors.contracts.configuration import Admission, HistoryAllowed
from detectors.contracts.events import Declaration, Source
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, RULES, TRANSACTIONS
from streams.contracts.refusal_codes import Fault
from streams.ingest import door
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.formats.contract import FORWARD
from streams.ingest.formats.record import make_headers
from streams.keys.commitments import Committer, evidence_key
from streams.keys.pseudonyms import development_keys, partition_of
from streams.keys.sender_keys import SenderKeys
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.support import history
from tests.support.pipeline import GOOD, TIMESTAMP_MS
from tests.support.shuffled import shuffled
from tests.support.signing import BANK, key_of, signature_of

CONFIGURATION = {"event_id": "R-1", "configuration": msgspec.to_builtins(overlay_configuration({}))}
BODIES = {**GOOD, RULES: CONFIGURATION}
KEYED = [TRANSACTIONS, DECLARATIONS, PROFILES, DISPOSITIONS, RATES]
KINDS = {
    TRANSACTIONS: b"transaction",
    DECLARATIONS: b"declaration",
    PROFILES: b"profile",
    DISPOSITIONS: b"disposition",
    RATES: b"rate",
    RULES: b"configuration",
}
FIN = list(
    make_headers(
        "fin",
        {
            "resident_country": "KR",
            "party_type": "person",
            "channel": "web",
            "institution": "SHBKKRSE",
            "utc_offset": "+09:00",
        },
    )
)
MARK = ("fx.history", b"1")
# a payment in USD whose value date is far ahead
MESSAGE = (
    b"{1:F01SHBKKRSEAXXX0001000001}{2:I103SAMPDEFFXXXXN}{4:\n:20:R-1\n:23B:CRED\n:32A:791231USD1,\n"
    b":50F:NIDN/KR/1\n1/A\n3/KR/B\n:59A:SAMPDEF1\n:71A:SHA\n-}"
)


def key_and_value(topic, **changes):
    body = {**BODIES[topic], **changes}
    key = f"{body['base']}/{body['quote']}" if topic == RATES else body.get("party_id", body.get("party", "any"))
    return key.encode(), json.dumps(body).encode()


def admit(topic=TRANSACTIONS, headers=(), gate=None, partition=0, **changes):
    gate = gate or Door(development_keys(), 12, {})
    return gate.admit(ArrivedRecord(topic, partition, 77, TIMESTAMP_MS, *key_and_value(topic, **changes), headers))


def open_door(**others):
    """One that believes every mark of history."""
    return Door(development_keys(), 12, {}, history.ADMISSION, **others)


# What goes into the ledger


@pytest.mark.parametrize("topic", [*KEYED, RULES])
@pytest.mark.parametrize("marked", [True, False])
def test_every_kind_of_record_says_where_it_comes_from_what_it_is_and_whether_it_is_history(topic, marked):
    """Source, a commitment to the bytes as sent, type, the topic's id, the mark, then the sender's own headers."""
    gate = open_door()
    gate.topic_ids = {topic: b"an-id"}
    marked = marked and topic != RULES  # a configuration has no time, so that none can be history
    headers = [("ce_id", b"7"), *([MARK] if marked else [])]
    answer = admit(topic, headers, gate)
    assert isinstance(answer, Admitted), answer
    commitment = Committer(development_keys()).commitment(Source(topic, 0, 77), key_and_value(topic)[1])
    said = [] if topic == PROFILES else [(envelope.LEGS, b"1")]
    written = [(record, KINDS[topic], said) for record in answer.records]
    if topic in (RATES, RULES):
        assert answer.legs == answer.records
    else:
        written += [(leg, b"leg", [(envelope.NUMBER, b"%d" % number)]) for number, leg in enumerate(answer.legs)]
        assert bool(answer.legs) == (topic not in (PROFILES, DISPOSITIONS))  # this verdict is on the monitor's alert
    for record, kind, of_legs in written:
        assert record[3][:-1] == [
            (envelope.SOURCE_TOPIC, topic.encode()),
            (envelope.SOURCE_PARTITION, b"0"),
            (envelope.SOURCE_OFFSET, b"77"),
            (envelope.COMMITMENT, commitment),
            (envelope.TYPE, kind),
            *of_legs,
            (envelope.SOURCE_TOPIC_ID, b"an-id"),
            *([MARK] if marked else []),
            ("ce_id", b"7"),
        ]
        assert record[3] == envelope.checked(record[3][:-1], record[2])


def test_an_id_that_is_not_known_is_not_written():
    """Neither another topic's."""
    gate = Door(development_keys(), 12, {})
    gate.topic_ids = {RATES: b"an-id"}
    assert envelope.SOURCE_TOPIC_ID not in dict(admit(gate=gate).records[0][3])


def test_a_declaration_becomes_one_record_of_its_party():
    """Both parties' tokens, by the party's partition and key; both identities are handed out once."""
    gate = Door(development_keys(), 12, {})
    answer = admit(DECLARATIONS, gate=gate)
    party, other = (development_keys().party(name).token for name in ("P-1", "C-1"))
    [record] = answer.records
    event = envelope.decode_record(record[2], record[3], 5, TIMESTAMP_MS)[0]
    assert isinstance(event, Declaration)
    assert (event.party, event.counterparty, event.declaration_no) == (party, other, "N-1")
    assert record[:2] == (partition_of(party, 12), party.encode())
    assert answer.identities == ((party, "P-1"), (other, "C-1"))
    assert admit(DECLARATIONS, gate=gate).identities == ()


@pytest.mark.parametrize(
    ("topic", "when"),
    [
        (TRANSACTIONS, datetime(2026, 1, 5, 1, 11, 12, tzinfo=UTC)),
        (DECLARATIONS, datetime(2026, 1, 5, tzinfo=UTC)),
        (RULES, None),
    ],
)
def test_an_answer_has_the_records_own_time(topic, when):
    assert admit(topic).when == when


def test_one_partition_is_enough():
    assert admit(gate=Door(development_keys(), 1, {})).records[0][0] == 0


def test_the_keys_of_evidence_are_those_of_the_key_file():
    keys = development_keys()
    gate = Door(keys, 12, {})
    assert all(evidence_key(key).id in gate.evidence_keys for key in (keys.current, keys.routing))


def test_who_was_sealed_longest_ago_is_forgotten_first(monkeypatch):
    """Each look counts anew, so that who is busy is sealed once."""
    monkeypatch.setattr(door, "SEALED_REMEMBERED", 3)
    gate = Door(development_keys(), 12, {})

    def new(party, counterparty):
        return [name for _, name in admit(gate=gate, party_id=party, counterparty_id=counterparty).identities]

    assert new("P-1", "C-1") == ["P-1", "C-1"]
    assert new("P-1", "C-2") == ["C-2"]
    assert new("P-1", "C-3") == ["C-3"], "C-1 is forgotten"
    assert new("P-1", "C-2") == []
    assert new("P-1", "C-1") == ["C-1"]


# Marks of history


def test_an_institution_that_may_load_history_may_in_every_spelling():
    allowed = HistoryAllowed(institutions=("shbkkrsexxx",), until=history.UNTIL)
    gate = Door(development_keys(), 12, {}, Admission(history=(allowed,)))
    assert isinstance(admit(headers=[MARK], gate=gate), Admitted)
    assert admit(headers=[MARK], gate=gate, institution="KOEXKRSE").codes == ("history.not_allowed",)


def test_a_mark_that_is_not_allowed_is_the_one_fault_where_nobody_signs():
    answer = admit(headers=[MARK])
    assert (answer.codes, answer.stage, answer.proof) == (("history.not_allowed",), "validate", None)


@pytest.mark.parametrize(
    ("headers", "marked"),
    [
        ([MARK, ("fx.history", b"0")], False),
        ([("fx.history", b"0"), MARK], True),
        ([MARK, ("fx.history", None)], True),
        ([], False),
    ],
)
def test_the_last_mark_counts(headers, marked):
    """As of all headers; one without a value says nothing."""
    record = admit(headers=headers, gate=open_door()).records[0]
    assert (MARK in record[3]) == marked


# Headers


@pytest.mark.parametrize("topic", [*KEYED, RULES])
def test_a_header_that_goes_further_has_so_many_bytes(topic):
    """4096, alone reason enough to refuse, and named; one that stays at the door may be longer."""
    taken = admit(topic, [("ce_source", b"x" * 4096), ("own", b"x" * 5000)])
    assert isinstance(taken, Admitted)
    refused = admit(topic, [("ce_source", b"x" * 4097)])
    assert (refused.codes, refused.stage) == (("header.length",), "validate")
    assert refused.message == "header.length ce_source (expected at most 4096 bytes)"


@pytest.mark.parametrize("topic", [*KEYED, RULES])
def test_a_record_has_a_thousand_headers_at_most(topic):
    """They are looked at one by one, so that a record of millions is refused before any is."""
    assert isinstance(admit(topic, [("own", b"")] * 1000), Admitted)
    refused = admit(topic, [("own", b"")] * 1001)
    assert isinstance(refused, Rejected)
    assert (refused.codes, refused.message) == (("header.count",), "header.count (expected at most 1000 headers)")
    assert refused.faults == (Fault("header.count", "", "at most 1000 headers"),)


def test_a_configuration_comes_in_one_partition():
    """Two have no order."""
    assert isinstance(admit(RULES, partition=0), Admitted)
    refused = admit(RULES, partition=1)
    assert (refused.codes, refused.message) == (
        ("configuration.partition",),
        "configuration.partition (expected partition 0)",
    )
    assert isinstance(admit(TRANSACTIONS, partition=1), Admitted)


# Payment messages


def test_only_a_payment_is_converted():
    """What the headers say of a declaration is nothing: its bytes are the contract's."""
    assert isinstance(admit(DECLARATIONS, FIN), Admitted)
    assert isinstance(admit(TRANSACTIONS, FIN), Rejected)


def test_a_payment_message_of_nothing_has_no_value():
    """With all that is wrong, and nothing of fxwatch's own that failed."""
    gate = Door(development_keys(), 12, {})
    answer = gate.admit(ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, b"P-1", None, FIN))
    assert answer.codes == ("value.missing",)


def test_faults_of_a_message_and_of_its_headers_are_told_together():
    gate = Door(development_keys(), 12, {})
    alone = gate.admit(ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, b"P-1", b"{1:", FIN))
    both = gate.admit(ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, b"P-1", b"{1:", [*FIN, ("ce_id", b"x" * 4097)]))
    assert alone.codes
    assert alone.codes[0] != "door.failed"
    assert both.codes == (*alone.codes, "header.length")


# Bounds of what is written


@pytest.mark.parametrize("which", ["record", "leg"])
def test_what_is_written_has_so_many_bytes(monkeypatch, which):
    """The record and the leg of a payment, each by itself; a refusal says whose signature the record had."""
    senders = SenderKeys([key_of(BANK, institutions=("SHBKKRSE",))])
    headers = signature_of(TRANSACTIONS, *key_and_value(TRANSACTIONS))
    gate = Door(development_keys(), 12, {}, None, senders)
    admitted = admit(headers=headers, gate=gate)
    sizes = {"record": len(admitted.records[0][2]), "leg": len(admitted.legs[-1][2])}
    monkeypatch.setattr(door, "LARGEST_WRITTEN", max(sizes.values()))
    assert isinstance(admit(headers=headers, gate=gate), Admitted)
    monkeypatch.setattr(door, "LARGEST_WRITTEN", sizes[which] - 1)
    refused = admit(headers=headers, gate=gate)
    assert isinstance(refused, Rejected)
    assert refused.codes == ("size.exceeded",)
    assert refused.message == f"size.exceeded (expected at most {sizes[which] - 1} bytes in the ledger's form)"
    assert (refused.proof.sender, refused.proof.outcome) == ("SHBKKRSE", "proven")


def test_a_fault_of_our_own_is_told_at_the_stage_where_it_was(monkeypatch):
    """The record itself was read and found good."""

    def fail(*_args):
        raise KeyError("C-1")

    monkeypatch.setattr(door.canonical, "declaration", fail)
    answer = admit(DECLARATIONS)
    assert (answer.codes, answer.stage) == (("door.failed",), "pseudonymise")
    assert answer.faults == (Fault("door.failed", "KeyError"),)
    assert answer.message.startswith("door.failed KeyError: ")


def test_a_payment_message_is_judged_by_its_record_s_timestamp():
    """A value date ahead is refused with what its sender can say; the check of the record alone could only say so."""
    headers = [*FIN, ("fx.convert.time_of_day", b"09:00")]
    answer = Door(development_keys(), 12, {}).admit(
        ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, None, MESSAGE, headers)
    )
    assert answer.codes == ("time.future",)
    assert answer.faults[0].expected == FORWARD
    day = datetime.fromtimestamp(TIMESTAMP_MS / 1000, UTC).date().isoformat().encode()
    said = [*headers, ("fx.convert.order_date", day)]
    answer = Door(development_keys(), 12, {}).admit(
        ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, None, MESSAGE, said)
    )
    assert isinstance(answer, Admitted)


def read(answer):
    """The events of all records that an input record became, and where they came from."""
    assert isinstance(answer, Admitted)
    decoded = [envelope.decode_record(one.value, one.headers, 5, TIMESTAMP_MS) for one in answer.records]
    return decoded + [envelope.decode_shared(one.value, one.headers, 5, TIMESTAMP_MS) for one in answer.legs]


@pytest.mark.parametrize("topic", KEYED)
def test_a_senders_headers_mean_the_same_in_any_order(topic):
    """The mark of history, CloudEvents and trace, among others that stop at the door."""
    sent = [("ce_id", b"7"), MARK, ("own", b"1"), ("ce_source", b"/bank"), ("traceparent", b"00-ab"), ("ce_time", None)]
    expected = read(admit(topic, sent, gate=open_door()))
    for headers in shuffled(sent, 5):
        assert read(admit(topic, headers, gate=open_door())) == expected


def test_a_payment_messages_parameters_mean_the_same_in_any_order():
    """What converts it stands in headers."""
    day = datetime.fromtimestamp(TIMESTAMP_MS / 1000, UTC).date().isoformat().encode()
    sent = [*FIN, ("fx.convert.time_of_day", b"09:00"), ("fx.convert.order_date", day), ("ce_id", b"7")]
    gate = Door(development_keys(), 12, {})
    admitted = [
        gate.admit(ArrivedRecord(TRANSACTIONS, 0, 77, TIMESTAMP_MS, None, MESSAGE, headers))
        for headers in (sent, *shuffled(sent, 3))
    ]
    assert isinstance(admitted[0], Admitted)
    assert [(answer.records, answer.legs) for answer in admitted] == [(admitted[0].records, admitted[0].legs)] * len(
        admitted
    )
