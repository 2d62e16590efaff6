"""MT103 to the contract: blocks and fields, what is mapped and reported, and what is refused."""

import msgspec
import pytest

from streams.ingest.formats import Parameters, convert, narrative, syntax_of
from tests.support.repository import ROOT

SAMPLES = ROOT / "tests" / "formats"
INCOMING = (SAMPLES / "incoming.mt103").read_bytes()
OUTGOING = (SAMPLES / "outgoing.rje.fin").read_bytes()
FIRST = OUTGOING.partition(b"$")[0]
SECOND = OUTGOING.partition(b"$")[2]
KOREAN = Parameters(
    resident_country="KR",
    party_type="person",
    channel="interbank",
    local_currency="KRW",
    utc_offset="+09:00",
    institution_numbers=True,
)


def converted(content=INCOMING, **changed):
    return convert(content, msgspec.structs.replace(KOREAN, **changed), "fin")


def only(result):
    assert result.faults == ()
    (transaction,) = result.transactions
    return transaction


def changed(*pairs, content=INCOMING):
    for old, new in pairs:
        assert content.count(old) >= 1, old
        content = content.replace(old, new)
    return content


def codes(result):
    return [fault.code for fault in result.faults]


def test_an_incoming_message_becomes_the_contract_s_transaction():
    """Seen from the beneficiary; the network's output time is the receiving bank's clock; comma amounts."""
    assert only(converted()) == {
        "event_id": "2a4b6c8d-1e3f-4a5b-8c7d-9e0f1a2b3c4d",
        "payment_id": "2a4b6c8d-1e3f-4a5b-8c7d-9e0f1a2b3c4d",
        "direction": "in",
        "event_time": "2026-01-05T23:35:00+09:00",
        "party_id": "SAMPLE-8801",
        "party_type": "person",
        "party_account": "SAMPLE-ACCOUNT-2",
        "counterparty_id": "SAMPLE-4711",
        "counterparty_country": "DE",
        "counterparty_bank_country": "DE",
        "institution": "SAMPKRSE",
        "channel": "interbank",
        "amount": "1234.56",
        "currency": "EUR",
        "purpose": "30200",
        "remittance_info": "TUITION SPRING TERM",
    }


def test_an_outgoing_conversion_has_its_local_side_and_rate():
    """33B in the local currency is the local side, 36 turned round the deal rate, 13C gives the time."""
    transaction = only(converted(FIRST, party_type="by-identifier"))
    assert (transaction["direction"], transaction["event_time"]) == ("out", "2026-01-06T14:15:00+09:00")
    assert (transaction["amount"], transaction["currency"]) == ("720.00", "USD")
    assert (transaction["settled_amount"], transaction["settled_currency"]) == ("1000000", "KRW")
    assert transaction["deal_rate"] == "1387.501388"
    assert (transaction["party_id"], transaction["party_type"]) == ("778899", "person")
    assert (transaction["counterparty_id"], transaction["institution"]) == ("SAMPUS33", "SAMPKRSE")


def test_every_field_is_mapped_or_reported():
    """Each tag of block 4, each block and each inner block has a place in the report; remittance over 140 is told."""
    longer = changed((b"CHARACTERS NO4", b"CHARACTERS NO4\nFIVE"), content=FIRST)
    for content in (INCOMING, longer):
        result = converted(content)
        only(result)
        places = [one.path for one in result.mapped] + [left.path for left in result.unmapped]
        tags = {"/".join(place.split("/")[:2]) for place in places}
        lines = content.decode().split("\n")
        assert {f"4/{line.split(':')[1]}" for line in lines if line.startswith(":")} <= tags
        assert {"1", "2", "3/121"} <= tags
    assert [left.reason for left in result.unmapped if left.path == "4/70"] == [
        "characters 141 to 144 of the remittance information: over the limit"
    ]
    assert "4/77B/narrative" in [left.path for left in result.unmapped]


def test_messages_of_a_file_are_converted_one_by_one():
    """The second has no time of its own and an old date: two parameters give it one, in the right century."""
    missing = converted(OUTGOING)
    assert len(missing.transactions) == 1
    assert [(one.code, one.field) for one in missing.faults][:1] == [("message.time", "message[2]/event_time")]
    ordering = changed(
        (b"CHOI SAMPLE", b"1/CHOI SAMPLE"), (b"SEOUL KOREA", b"3/KR/SEOUL"), (b":50K:", b":50F:"), content=SECOND
    )
    transaction = only(converted(ordering, time_of_day="09:00"))
    assert transaction["event_time"] == "1999-12-31T09:00:00+09:00"
    assert transaction["event_id"] == "SAMPKRSE/SAMPLEREF0003"
    assert transaction["counterparty_country"] == "DE"


@pytest.mark.parametrize(("written", "year"), [("791231", "2079"), ("800101", "1980"), ("000101", "2000")])
def test_two_digit_years_follow_swift_s_rule(written, year):
    """80 to 99 belong to the last century, all others to this one."""
    content = changed((b"260106USD", written.encode() + b"USD"), content=FIRST)
    assert only(converted(content))["event_time"].startswith(year)


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (((b"O103", b"O202"),), "message.type"),
        (((b"{2:O1031530260105SAMPDEFFAXXX00010000012601052335N}", b""),), "message.type"),
        (((b"EUR1234,56", b"EUR1234.56"),), "message.form"),
        (((b"EUR1234,56", b"EUR1234"),), "message.form"),
        (((b":32A:260105EUR1234,56\n", b""),), "message.missing"),
        (((b":32A:260105", b":32A:261305"),), "message.form"),
        (((b":32A:260105EUR1234,56", b":32A:260105EUR0,"),), "decimal.range"),
        (((b":71A:SHA", b":32A:260105EUR1,"),), "message.repeated"),
        (((b":71A:SHA", b":59:/X\nY"),), "message.repeated"),
        (((b":71A:SHA", b":72:/RETN/59"),), "message.returned"),
        (((b":23B:CRED", b":23B:CRTS"),), "message.test"),
        (((b"{CHK:123456789ABC}", b"{TNG:}"),), "message.test"),
        (((b"2a4b6c8d-1e3f", b"2A4B6C8D-1E3F"),), "message.form"),
        (((b"7/KR/SAMPLE-8801\n", b""), (b"/SAMPLE-ACCOUNT-2\n", b"")), "message.identifier"),
        (((b"-}{5", b"}{5"),), "fin.malformed"),
        (((b":20:", b"20:"),), "fin.malformed"),
        (((b":23B:", b":2B:"),), "fin.malformed"),
        (((b"{CHK:123456789ABC}", b"{CHK:}" * 300_001),), "size.exceeded"),
        (((b":71A:SHA\n", b":71A:SHA\n" * 300_001),), "size.exceeded"),
        (((b"-}{5:", b"-}" + b"{1:F}" * 300_000 + b"{5:"),), "size.exceeded"),
        (((b"1/HONG", b"3/KR/A\n1/HONG"), (b"7/KR", b"2/A\n7/KR")), "message.form"),
        (((b"//30200", b"//30200\n//A\n//B\n//C"),), "message.form"),
        (((b"ERIKA", "ÉRIKA".encode()),), "fin.malformed"),
        (((b"{1:F01", b"{9:F01"),), "fin.malformed"),
    ],
)
def test_what_is_missing_or_malformed_is_a_fault(pairs, code):
    """One stable code, no transaction, nothing invented."""
    result = converted(changed(*pairs))
    assert (codes(result), result.transactions) == ([code], ())


def test_line_ends_byte_order_mark_and_fillers_do_not_matter():
    """CRLF, a BOM, and the control bytes of sector files give the same transaction."""
    windows = b"\xef\xbb\xbf" + INCOMING.replace(b"\n", b"\r\n")
    framed = b"\x01" + INCOMING.rstrip() + b"\x03\x00\x00"
    assert only(converted(windows)) == only(converted(framed)) == only(converted())


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"<?xml", "xml"),
        (b"  \n<Document", "xml"),
        ("\ufeff<a/>".encode("utf-16-le"), "xml"),
        ("<a/>".encode("utf-16-be"), "xml"),
        (INCOMING, "fin"),
        (b"\x01{1:F01", "fin"),
        (b'{"event_id": "1"}', None),
        (b"", None),
    ],
)
def test_the_syntax_shows_in_the_first_bytes(beginning, expected):
    """XML and FIN are told from the contract's JSON lines."""
    assert syntax_of(beginning) == expected


ACKNOWLEDGED = b"{1:F21SAMPKRSEAXXX0001000002}{4:{177:%s}{451:0}}"


@pytest.mark.parametrize("written", [b"2613011530", b"2601062460", b"260106", b"SOME TIME.", b""])
def test_a_time_of_acknowledgement_that_is_none_is_left_aside(written):
    """The payment is as good as without: its value date serves, and the text is reported."""
    without = FIRST.replace(b":13C:/SNDTIME/1415+0900\n", b"")
    result = converted(ACKNOWLEDGED % written + without, time_of_day="09:00")
    assert only(result) == only(converted(without, time_of_day="09:00"))
    assert "acknowledgement/4/177" in [left.path for left in result.unmapped]
    right = only(converted(ACKNOWLEDGED % b"2601061530" + without, time_of_day="09:00"))
    assert right["event_time"] == "2026-01-06T15:30:00+09:00"


def test_without_the_offset_of_the_clock_an_acknowledgement_tells_no_time():
    """It is asked for by name; the value date is not taken in its place."""
    without = FIRST.replace(b":13C:/SNDTIME/1415+0900\n", b"")
    (fault,) = converted(ACKNOWLEDGED % b"2601061530" + without, time_of_day="09:00", utc_offset=None).faults
    assert (fault.code, fault.expected) == ("message.time", "a time with its offset, or the parameter utc_offset")


def test_every_other_type_is_named():
    """Whatever three digits: its number, what it is, and what to do."""
    for kind in {f"{number:03d}" for number in range(1000)} - {"103"}:
        (fault,) = converted(changed((b"{2:O103", b"{2:O" + kind.encode()))).faults
        assert (fault.code, fault.field) == ("message.type", "2")
        assert fault.expected.startswith(f"an MT103; this is MT{kind}, ")
        assert fault.expected.count("; ") >= 2, kind
        assert len(fault.expected) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("ONE", "ONE"),
        ("ONE\nTWO", "ONE TWO"),
        ("ONE\n\nTWO", "ONE TWO"),
        ("\n ONE \nTWO ", "ONE TWO"),
        ("FIVE5\nTWO", "FIVE5TWO"),
        ("FIVE \nTWO", "FIVE TWO"),
        ("FIVE5\n TWO", "FIVE5 TWO"),
        ("FIVE5\n\nTWO", "FIVE5 TWO"),
        ("SIXSIX\nTWO", "SIXSIX TWO"),
        ("//A\n//B", "//A //B"),
        ("/R/A\n//BC", "/R/A BC"),
        ("/R/AB\n//CD", "/R/ABCD"),
        ("/R/AB\n//\n//CD", "/R/AB CD"),
        ("/R/AB\n/S/CD\nE", "/R/AB/S/CDE"),
    ],
)
def test_lines_become_one_text(text, expected):
    """With lines of five characters: full ones go on, `//` only behind a code."""
    assert narrative.join_lines(text, 5) == expected


def test_a_second_regulatory_report_field_is_refused():
    """77B stands once; 2 700 of them in a record held ingest's event loop for 21 ms, longer than any other form."""
    content = INCOMING.replace(b":71A:", b":77B:/ORDERRES/KR//30200\r\n:77B:/BENEFRES/KR\r\n:71A:", 1)
    assert content.count(b":77B:") >= 2
    (fault,) = convert(content, KOREAN, "fin").faults
    assert (fault.code, fault.field) == ("message.repeated", "77B")
