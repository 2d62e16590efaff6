"""A sender's headers go further, but for those that hold whom the record is about."""

import json
from typing import get_args

import pytest

from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.ingest.door import Admitted, Door
from streams.ingest.sender_headers import WITHHELD, leave_out_identifiers
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.operations.metrics import Note
from tests.support.own_cpu import least_cpu
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION

NUMBER = "900101-1234567"
BODY = TRANSACTION | {"party_id": NUMBER, "party_account": "KB 110 22 3333"}


@pytest.mark.parametrize(
    "content",
    [
        "900101-1234567",
        "/customers/9001011234567/payments",
        "id=900101%2D1234567",
        "9001 0112 3456 7",
        "kb-110223333-X",
    ],
)
def test_a_header_that_names_somebody_stays_at_the_door(content):
    """However it is written; the others go on, and the event says which one did not."""
    kept, notes = leave_out_identifiers([("ce_id", content.encode()), ("ce_source", b"/bank")], BODY)
    assert kept == [("ce_source", b"/bank")]
    assert notes == (f"{WITHHELD} ce_id",)


@pytest.mark.parametrize(
    "content",
    [b"E-7f3", b"/bank/seoul", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"900101", b"\xff\x00"],
)
def test_an_honest_header_goes_on(content):
    """Random ids, traces, bytes of no text; a birth date alone is not the number."""
    assert leave_out_identifiers([("ce_id", content)], BODY) == ([("ce_id", content)], ())


def test_short_ids_are_not_looked_for():
    """P-1 is in too many headers."""
    assert leave_out_identifiers([("ce_id", b"P-1")], TRANSACTION)[1] == ()


def test_ledger_and_leg_hold_neither_header_nor_number():
    """Through the door: noted in the event, with the rest of the headers in place."""
    sent = [("ce_source", b"/customers/9001011234567"), ("ce_id", b"77"), ("traceparent", b"00-ab")]
    answer = Door(development_keys(), 12, {}).admit(
        ArrivedRecord(TRANSACTIONS, 3, 77, TIMESTAMP_MS, NUMBER.encode(), json.dumps(BODY).encode(), sent)
    )
    assert isinstance(answer, Admitted), answer
    assert answer.notes[-1] == "withheld ce_source"
    assert WITHHELD in get_args(Note)
    assert len(answer.legs) == 1
    for _, _, value, headers in (*answer.records, *answer.legs):
        assert b"1234567" not in value + b"".join(content for _, content in headers)
    event, origin = envelope.decode_record(answer.records[0][2], answer.records[0][3], 5, 0)
    assert origin.headers == (("ce_id", b"77"), ("traceparent", b"00-ab"))
    assert event.notes == answer.notes


@pytest.mark.parametrize(("letters", "kept"), [(85, True), (86, False)])
def test_a_header_with_many_bytes_beyond_ascii_stays_at_the_door(letters, kept):
    """85 Korean syllables are 255 bytes, within the most of 256. ASCII beside them counts for nothing."""
    content = ("/\uac00\uc9c0/" + "\ud55c" * (letters - 2) + "x" * 2000).encode()
    headers, notes = leave_out_identifiers([("ce_source", content)], BODY)
    assert (headers, notes) == (([("ce_source", content)], ()) if kept else ([], ("withheld ce_source",)))


@pytest.mark.parametrize(
    "unit",
    ["a-", "%41", "\ud55c", "900101-123456", "\ufdfa", "\u0662", "\u2010", "\u200b"],
    ids=["letters", "escapes", "hangul", "number", "ligature", "digits", "dashes", "unseen"],
)
@pytest.mark.parametrize("most", [4096, 255], ids=["long", "within"])
def test_the_longest_headers_cost_little(unit, most):
    """Five of 4 KiB, whatever is in them: a sender must not slow a worker down by its headers. Some 0.9 ms at most."""
    body = BODY | {field: f"{field}-0123456789" for field in ("counterparty_id", "device_id", "contact_id")}
    beyond = unit * (most // len(unit.encode()))
    headers = [(name, beyond.encode() + b"a" * (4096 - len(beyond.encode()))) for name in envelope.PASSED_ON]
    assert least_cpu(lambda: leave_out_identifiers(headers, body)) < 0.004
