"""A payment message as an input record: through the door to the ledger's event, or refused with stable codes."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.contracts.events import Transaction
from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.refusal_codes import CODES
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.formats import Parameters, convert
from streams.ingest.formats.record import make_headers
from streams.keys.commitments import Committer
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from tests.support.repository import ROOT

SAMPLES = ROOT / "tests" / "formats"
XML = (SAMPLES / "outgoing.pacs.008.001.10.xml").read_bytes()
SEVERAL = (SAMPLES / "several.bah.pacs.008.001.08.xml").read_bytes()
FIN = (SAMPLES / "incoming.mt103").read_bytes()
GIVEN = {"resident_country": "KR", "party_type": "company", "channel": "interbank", "utc_offset": "+09:00"}
TIMESTAMP_MS = 1_767_700_000_000
DOOR = Door(development_keys(), 12, {"tuition": ("tuition",)})
KOREAN = Parameters(**GIVEN, institution_numbers=True)


def admit(value, syntax="xml", key=None, headers=None, **given):
    headers = make_headers(syntax, GIVEN | given) if headers is None else headers
    return DOOR.admit(ArrivedRecord(inputs.TRANSACTIONS, 3, 77, TIMESTAMP_MS, key, value, list(headers)))


@pytest.mark.parametrize(
    ("value", "syntax", "party"), [(XML, "xml", "529900SAMPLE00000194"), (FIN, "fin", "SAMPLE-8801")]
)
def test_a_message_becomes_a_ledger_event_without_identifiers(value, syntax, party):
    """Token and partition of the resident party, the hash of the sender's own bytes, no identifier left."""
    answer = admit(value, syntax)
    assert isinstance(answer, Admitted)
    (record,) = answer.records
    event, origin = envelope.decode_record(record[2], record[3], 5, TIMESTAMP_MS)
    assert isinstance(event, Transaction)
    assert event.party == development_keys().party(party).token
    assert origin.source is not None
    assert origin.commitment.encode() == Committer(development_keys()).commitment(origin.source, value)
    assert b"SAMPLE" not in record[2]


def test_the_event_is_that_of_the_same_payment_sent_as_json():
    """Converted by `publish` and sent as the contract's JSON, a payment has the same identity and body."""
    (body,) = convert(XML, Parameters(**GIVEN), "xml").transactions
    plain = admit(orjson.dumps(body), key=body["party_id"].encode(), headers=[("content-type", b"application/json")])
    first, second = (
        envelope.decode_record(one.records[0][2], one.records[0][3], 5, 1)[0] for one in (plain, admit(XML))
    )
    assert first == second


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (b"<a", make_headers("xml", GIVEN), "xml.malformed"),
        (SEVERAL, make_headers("xml", GIVEN), "message.several"),
        (FIN + FIN, make_headers("fin", GIVEN), "message.several"),
        (b"{1:F}" * 13_000, make_headers("fin", GIVEN), "size.exceeded"),
        (b"<a>" + b"<b/>" * 15_000 + b"</a>", make_headers("xml", GIVEN), "size.exceeded"),
        (XML, make_headers("fin", GIVEN), "fin.malformed"),
        (XML + b" " * 65_536, make_headers("xml", GIVEN), "size.exceeded"),
        (XML, [("content-type", b"application/xml")], "message.parameter"),
        (XML, make_headers("xml", GIVEN | {"resident_country": "QQ"}), "message.parameter"),
        (XML, make_headers("xml", GIVEN | {"residence": "KR"}), "message.parameter"),
        (XML.replace(b"2026-01", b"2036-01"), make_headers("xml", GIVEN), "time.future"),
        (XML, [], "json.malformed"),
        (None, make_headers("xml", GIVEN), "value.missing"),
    ],
)
def test_a_record_that_cannot_be_converted_is_refused(value, headers, code):
    """With a stable code; what the contract itself refuses is refused in messages too."""
    answer = admit(value, headers=headers)
    assert isinstance(answer, Rejected)
    assert answer.codes[0] == code
    assert "529900" not in answer.message


def test_content_types_are_read_without_case_and_parameters():
    """`Application/XML; charset=utf-8` is XML; the last header of the name counts."""
    given = make_headers("xml", GIVEN)[1:]
    for written in (b"Application/XML; charset=utf-8", b"text/xml"):
        headers = [("Content-Type", b"application/json"), ("Content-Type", written), *given]
        assert isinstance(admit(XML, headers=headers), Admitted)


def spoiled(sample):
    """A sample with pieces cut out, doubled or replaced by any bytes."""
    place = st.integers(0, len(sample))
    return st.tuples(place, place, st.binary(max_size=30), st.integers(0, 2)).map(
        lambda cut: sample[: min(cut[:2])] + cut[2] * cut[3] + sample[max(cut[:2]) * (cut[3] > 0) :]
    )


@settings(max_examples=150, deadline=2_000)
@given(
    st.sampled_from(["xml", "fin"]), st.one_of(st.binary(max_size=300), spoiled(XML), spoiled(SEVERAL), spoiled(FIN))
)
def test_no_bytes_raise_or_stall(syntax, value):
    """Whatever the bytes: transactions that the door admits, or known codes; and the door says the same."""
    result = convert(value, KOREAN, syntax)
    assert {fault.code for fault in result.faults} <= CODES.keys()
    assert result.faults or len(result.transactions) == result.payments > 0
    answer = admit(value, syntax, institution_numbers="true")
    if not result.faults and result.payments == 1 and "time.future" not in getattr(answer, "codes", ()):
        assert isinstance(answer, Admitted)
    else:
        assert isinstance(answer, Rejected)
        assert set(answer.codes) <= CODES.keys() - {"door.failed"}
