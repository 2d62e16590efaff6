"""Which messages a text holds: headers beside documents, envelopes, pairs in a file, and what is no payment."""

import pytest

from streams.contracts.refusal_codes import write_message
from streams.ingest.formats import RECORD_LIMITS, ConversionLimits, Parameters, convert, syntax_of
from streams.ingest.formats.xml_reader import ROOT_COST

KOREAN = Parameters(resident_country="KR", party_type="person", channel="branch", institution_numbers=True)
ISO = "urn:iso:std:iso:20022:tech:xsd:"
HEADER = f'<AppHdr xmlns="{ISO}head.001.001.02"><BizMsgIdr>M1</BizMsgIdr></AppHdr>'
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'

OWN = "send the contract's own record with status returned, with original_event_id"
COVER = (
    "this is pacs.009, a transfer between financial institutions, not a customer's payment: leave it out; "
    "of a cover (COV), send the pacs.008 that it covers"
)


def payment(uetr="33333333-3333-4333-8333-333333333333", version="08", amount="1000.00"):
    """A pacs.008 of one payment from Korea to America."""
    return f"""<Document xmlns="{ISO}pacs.008.001.{version}"><FIToFICstmrCdtTrf><GrpHdr><MsgId>M1</MsgId>
<CreDtTm>2026-03-10T09:00:00+09:00</CreDtTm><NbOfTxs>1</NbOfTxs></GrpHdr><CdtTrfTxInf><PmtId><UETR>{uetr}</UETR></PmtId>
<IntrBkSttlmAmt Ccy="USD">{amount}</IntrBkSttlmAmt><Dbtr><PstlAdr><Ctry>KR</Ctry></PstlAdr></Dbtr>
<DbtrAcct><Id><Othr><Id>123</Id></Othr></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>BKGGKRSE</BICFI></FinInstnId></DbtrAgt>
<CdtrAgt><FinInstnId><BICFI>BOFAUS3N</BICFI></FinInstnId></CdtrAgt><Cdtr><PstlAdr><Ctry>US</Ctry></PstlAdr></Cdtr>
<CdtrAcct><Id><Othr><Id>456</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>"""


def other(name):
    return f'<Document xmlns="{ISO}{name}"><SomeMsg><GrpHdr/></SomeMsg></Document>'


def converted(text, limits=RECORD_LIMITS, encoding="utf-8"):
    return convert(text.encode(encoding), KOREAN, "xml", limits)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + payment(),
        f"{HEADER}\n\n{payment()}\n",
        f"{DECLARED}\n{HEADER}\n{payment()}",
        f"{HEADER}\n{DECLARED}\n{payment()}",
        f"{DECLARED}{HEADER}{DECLARED}{payment()}",
        f"\n \r\n{DECLARED}\n{HEADER}\n<!-- between -->\n<?pi?>\n{payment()}\n<!-- behind -->",
        f"\ufeff{DECLARED}{HEADER}\ufeff{DECLARED}{payment()}",
        f"\ufeff\n{DECLARED}{payment()}",
    ],
)
def test_a_header_beside_its_document_is_read(text):
    """Two roots in one text, each with or without a declaration and byte order mark: one payment of one record."""
    result = converted(text)
    assert syntax_of(text.encode()) == "xml"
    assert result.faults == ()
    assert [body["event_id"] for body in result.transactions] == ["33333333-3333-4333-8333-333333333333"]


@pytest.mark.parametrize(("encoding", "declared"), [("utf-16", "UTF-16"), ("utf-16-be", "utf-16")])
def test_pairs_in_utf_16_are_read(encoding, declared):
    """Places are counted in bytes of one encoding, whatever the text came in."""
    text = f'<?xml version="1.0" encoding="{declared}"?>{HEADER}\n{payment()}'
    assert len(converted(text, encoding=encoding).transactions) == 1
    wrong = converted(f"{DECLARED}{HEADER}{payment()}", encoding=encoding)
    assert [fault.code for fault in wrong.faults] == ["xml.encoding"]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<BusinessMessage>", "</BusinessMessage>"),
        (f'<BizMsgEnvlp xmlns="{ISO}nvlp.001.001.01"><Hdr>', "</Doc></BizMsgEnvlp>"),
        (
            '<Saa:DataPDU xmlns:Saa="urn:swift:saa:xsd:saa.2.0"><Saa:Revision>2.0.13</Saa:Revision><Saa:Body>',
            "</Saa:Body></Saa:DataPDU>",
        ),
        ("<RequestPayload>", "</RequestPayload>"),
        (
            '<s:Envelope xmlns:s="urn:s"><s:Body><x:Rq xmlns:x="urn:x"><x:Payload>',
            "</x:Payload></x:Rq></s:Body></s:Envelope>",
        ),
    ],
)
def test_envelopes_of_networks_are_read(begin, end):
    """CBPR+ and market infrastructures wrap header and document in names of their own."""
    inside = f"{HEADER}</Hdr><Doc>{payment()}" if "<Hdr>" in begin else HEADER + payment()
    assert len(converted(begin + inside + end).transactions) == 1


def test_several_pairs_in_a_file_are_read_and_none_in_a_record():
    """A record is one place in its partition and holds one payment, however its XML is pieced together."""
    second = payment("44444444-4444-4444-8444-444444444444")
    text = f"{HEADER}\n{payment()}\n\n{DECLARED}{HEADER}\n{second}\n"
    assert [body["event_id"][0] for body in converted(text, ConversionLimits(10**6, 10**4)).transactions] == ["3", "4"]
    assert [fault.code for fault in converted(text).faults] == ["message.several"]


def test_what_is_wrong_with_the_xml_is_said_with_its_place():
    """Of the whole text, in whichever root it is; nothing of the text itself."""
    (fault,) = converted(f"{HEADER}\n{payment().replace('</GrpHdr>', '')}").faults
    assert fault.code == "xml.malformed"
    assert fault.expected == "well-formed XML; here line 7, byte 72: mismatched tag"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE AppHdr>" + payment(),
        f"{HEADER}<!DOCTYPE Document>{payment()}",
        f"{HEADER}<!DOCTYPE a [<!ENTITY b 'ha'>]><a>&b;</a>",
    ],
)
def test_no_root_may_declare_a_document_type(text):
    """The second as little as the first."""
    assert [fault.code for fault in converted(text).faults] == ["xml.document_type"]


def test_roots_are_bounded_together():
    """Each costs a parser, so it counts for more than an element: a record of 16 000 roots is refused."""
    assert [fault.code for fault in converted("<a/>" * 16_000).faults] == ["size.exceeded"]
    most = RECORD_LIMITS.nodes // (ROOT_COST + 1)
    assert [fault.code for fault in converted("<a/>" * most).faults] == ["message.type"]


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("pacs.002.001.10", "message.type", "this is pacs.002, a report on a payment's status: leave it out"),
        ("pacs.003.001.08", "message.type", "a customer's direct debit"),
        ("pacs.004.001.09", "message.returned", "this is pacs.004, a return of a payment: " + OWN),
        ("pacs.007.001.09", "message.returned", "a reversal of a payment"),
        ("pacs.009.001.08", "message.type", COVER),
        ("pacs.010.001.03", "message.type", "a direct debit between financial institutions"),
        ("pain.001.001.09", "message.type", "a customer's order to a bank: send the pacs.008"),
        ("pain.002.001.10", "message.type", "a report on the status of a customer's order"),
        ("camt.029.001.09", "message.type", "an answer to an investigation"),
        ("camt.052.001.08", "message.type", "a report on an account within the day"),
        ("camt.053.001.08", "message.type", "an account's statement: send the pacs.008 of each payment"),
        ("camt.054.001.08", "message.type", "a notification of debits and credits"),
        ("camt.056.001.08", "message.type", "a bank's request to cancel a payment"),
        ("camt.998.001.01", "message.type", "this is camt.998, a message of cash management"),
        ("seev.031.001.01", "message.type", "this is seev.031, another message of ISO 20022: leave it out"),
        ("pacs.008.001.01", "message.type", "pacs.008.001.02 to pacs.008.001.13; this is pacs.008.001.01"),
        ("pacs.008.001.14", "message.type", "pacs.008.001.02 to pacs.008.001.13; this is pacs.008.001.14"),
        ("pacs.008.002.01", "message.type", "pacs.008.001.02 to pacs.008.001.13; this is pacs.008.002.01"),
    ],
)
def test_another_message_is_named_as_what_it_is(name, code, told):
    """And it is said what to send instead; the whole fits the message of a dead letter."""
    for text in (other(name), HEADER + other(name)):
        (fault,) = converted(text).faults
        assert fault.code == code
        assert told in fault.expected
        assert told in write_message([fault])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEADER, "head.001, a business application header without its message: send both in one text"),
        (
            payment().replace(f' xmlns="{ISO}pacs.008.001.08"', ""),
            "; here is a Document of another namespace than urn:iso:std:iso:20022:tech:xsd:pacs.008",
        ),
        (HEADER + payment().replace(ISO, "urn:other:"), "here is a Document of another namespace"),
        (f"<Envelope><![CDATA[{payment()}]]></Envelope>", "here XML stands as text inside an element (CDATA"),
        ("<Payments><Payment/></Payments>", "a Document of pacs.008.001.02 to pacs.008.001.13"),
    ],
)
def test_what_is_no_message_is_told_as_far_as_it_can_be_seen(text, told):
    """The names of a sender's own elements are not shown."""
    (fault,) = converted(text).faults
    assert fault.code == "message.type"
    assert told in fault.expected
    assert "Payments" not in fault.expected


def test_other_messages_of_a_file_leave_its_payments_alone():
    """Each is a fault with its place; payments around them are converted, and what was not read is not reported."""
    broken = payment().replace("<NbOfTxs>1<", "<NbOfTxs>3<")
    text = "".join(
        (
            HEADER,
            other("pacs.009.001.08"),
            payment(),
            other("pacs.004.001.09"),
            broken,
            payment("55555555-5555-4555-8555-555555555555", amount="-1"),
        )
    )
    result = converted(text, ConversionLimits(10**6, 10**4))
    assert (result.payments, len(result.transactions)) == (5, 1)
    assert [(fault.code, fault.field) for fault in result.faults] == [
        ("message.type", "Document[1]"),
        ("message.returned", "Document[3]"),
        ("message.count", "Document[4]/GrpHdr/NbOfTxs"),
        ("message.form", "Document[5]/IntrBkSttlmAmt"),
    ]
    assert not [left.path for left in result.unmapped if left.path.startswith(("Document[1]/", "Document[3]/"))]
    assert result.unmapped[0].path == "AppHdr/BizMsgIdr"


@pytest.mark.parametrize(("number", "code"), [(200, None), (201, "message.form")])
def test_identifications_of_a_party_are_bounded(number, code):
    """2 300 of them in a record held ingest's event loop for 18 ms; a party has some three."""
    many = "".join(f"<Othr><Id>SAMPLE-{place}</Id></Othr>" for place in range(number))
    text = payment().replace("<Ctry>KR</Ctry></PstlAdr>", f"<Ctry>KR</Ctry></PstlAdr><Id><OrgId>{many}</OrgId></Id>")
    result = converted(text)
    assert [fault.code for fault in result.faults] == ([code] if code else [])
    assert [body["party_id"] for body in result.transactions] == ([] if code else ["SAMPLE-0"])


@pytest.mark.parametrize("signature", [b"\0" * 24, b"q83vEjRWeJCrze8SNFZ4kA==", b" " * 24])
def test_files_of_alliance_access_have_a_prefix_before_each_datapdu(signature):
    """Format XML v2: 1F, six digits of length, 24 characters that are NULs where nothing is signed."""
    payments = [payment(f"{number}3333333-3333-4333-8333-333333333333") for number in (1, 2)]
    pdus = [f'<DataPDU xmlns="urn:swift:saa:xsd:saa.2.0"><Body>{HEADER}{one}</Body></DataPDU>' for one in payments]
    text = b"".join(b"\x1f%06d" % (len(pdu) + 24) + signature + (DECLARED + pdu).encode() for pdu in pdus)
    assert syntax_of(text[:64]) == "xml"
    result = convert(text, KOREAN, "xml")
    assert result.faults == ()
    assert [body["event_id"][0] for body in result.transactions] == ["1", "2"]
    (fault,) = convert(text.replace(b"\x1f0", b"\x1fX", 1), KOREAN, "xml").faults
    assert fault.code == "xml.malformed"
