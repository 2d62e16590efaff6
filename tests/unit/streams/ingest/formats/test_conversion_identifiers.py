"""Placeholders, check digits, minor units and Kosovo in payment messages, from public bug reports (invented people)."""

import pytest

from streams.contracts.identifiers import Identifiers
from streams.ingest.formats.conversion import convert
from streams.ingest.formats.parameters import Parameters

KOREAN = Parameters(
    resident_country="KR",
    party_type="person",
    channel="branch",
    local_currency="KRW",
    utc_offset="+09:00",
    time_of_day="09:00",
)
BY_ACCOUNT = Parameters(
    resident_country="KR",
    party_type="person",
    channel="branch",
    utc_offset="+09:00",
    time_of_day="09:00",
    institution_numbers=True,
)
UETR = "11111111-1111-4111-8111-111111111111"


NOBODY = ("/NOTPROVIDED\n1/ANN EXAMPLE\n2/ONE STREET\n3/KR/SEOUL", "/NOTPROVIDED\n1/BOB EXAMPLE\n3/DE/BERLIN")
DEBTOR = "<Id><OrgId><LEI>5493001KJTIIGC8Y1R12</LEI></OrgId></Id>"
CREDITOR = "<Id><OrgId><Othr><Id>77</Id></Othr></OrgId></Id>"


def fin(ordering=NOBODY[0], beneficiary=NOBODY[1], uetr=UETR, reference="REF1", amount="USD1000,", agent=""):
    """An MT103 of a Korean bank to a German one."""
    block3 = f"{{3:{{121:{uetr}}}}}" if uetr else ""
    return (
        (
            f"{{1:F01BKGGKRSEAXXX0000000001}}{{2:I103DEUTDEFFXXXXN}}{block3}{{4:\n:20:{reference}\n:23B:CRED\n"
            f":32A:260310{amount}\n:50F:{ordering}\n{agent}:59F:{beneficiary}\n:71A:SHA\n-}}"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def xml(
    debtor=DEBTOR,
    creditor=CREDITOR,
    account="<Othr><Id>456</Id></Othr>",
    references=f"<UETR>{UETR}</UETR>",
    amount='Ccy="USD">1000.00',
):
    """A pacs.008 of a Korean firm to an American one."""
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr>
<MsgId>M1</MsgId><CreDtTm>2026-03-10T09:00:00+09:00</CreDtTm><NbOfTxs>1</NbOfTxs></GrpHdr>
<CdtTrfTxInf><PmtId>{references}</PmtId>
<IntrBkSttlmAmt {amount}</IntrBkSttlmAmt><Dbtr><Nm>ANN</Nm><PstlAdr><Ctry>KR</Ctry></PstlAdr>{debtor}</Dbtr>
<DbtrAgt><FinInstnId><BICFI>BKGGKRSEXXX</BICFI></FinInstnId></DbtrAgt><CdtrAgt><FinInstnId><BICFI>BOFAUS3N</BICFI>
</FinInstnId></CdtrAgt><Cdtr><Nm>BOB</Nm><PstlAdr><Ctry>US</Ctry></PstlAdr>{creditor}</Cdtr><CdtrAcct><Id>{account}</Id>
</CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>""".encode()


def codes(converted):
    """(code, field) of every fault."""
    return [(fault.code, fault.field) for fault in converted.faults]


@pytest.mark.parametrize("parameters", [KOREAN, BY_ACCOUNT])
def test_accounts_that_are_not_provided_identify_nobody(parameters):
    """mt103_notprovided.fin: refused on both sides, whether or not accounts may identify; no account is mapped."""
    converted = convert(fin(), parameters, "fin")
    assert codes(converted) == [("identifier.placeholder", "party_id"), ("identifier.placeholder", "counterparty_id")]
    assert (converted.transactions, converted.mapped, converted.unmapped) == ((), (), ())


def test_an_account_that_is_provided_identifies_where_that_was_allowed():
    """The honest case: the same message with numbers."""
    message = fin(
        ordering="/110-123\n1/ANN EXAMPLE\n3/KR/SEOUL", beneficiary="/DE02120300000000202051\n1/BOB\n3/DE/BERLIN"
    )
    (body,) = convert(message, BY_ACCOUNT, "fin").transactions
    assert (body["party_id"], body["party_account"]) == ("110-123", "110-123")
    assert body["counterparty_account"] == "DE02120300000000202051"


def test_a_creditor_that_is_not_provided_is_refused():
    """pacs008_notprovided.xml: identification and account hold the placeholder."""
    nobody = "<Othr><Id>NOTPROVIDED</Id></Othr>"
    message = xml(creditor=f"<Id><OrgId>{nobody}</OrgId></Id>", account=nobody)
    for parameters in (KOREAN, BY_ACCOUNT):
        converted = convert(message, parameters, "xml")
        assert codes(converted) == [("identifier.placeholder", "counterparty_id")]
        assert converted.transactions == ()


def test_a_placeholder_beside_a_number_is_passed_over():
    """The second identification of the party is taken, the account is left out, and the payment is converted."""
    both = "<Id><OrgId><Othr><Id>NOTPROVIDED</Id></Othr><Othr><Id>123-45</Id></Othr></OrgId></Id>"
    (body,) = convert(xml(creditor=both, account="<Othr><Id>N/A</Id></Othr>"), KOREAN, "xml").transactions
    assert body["counterparty_id"] == "123-45"
    assert "counterparty_account" not in body


def test_configured_placeholders_hold_in_messages_too():
    """One rule for every way in."""
    message = xml(creditor="<Id><OrgId><Othr><Id>99999</Id></Othr></OrgId></Id>")
    assert convert(message, KOREAN, "xml").faults == ()
    assert codes(convert(message, KOREAN, "xml", identifiers=Identifiers(("99999",)))) == [
        ("identifier.placeholder", "counterparty_id")
    ]


def test_references_that_name_no_payment_are_refused():
    """NONREF behind the sender's BIC would be one event for all of a bank's payments."""
    parties = ("/110-123\n1/ANN EXAMPLE\n3/KR/SEOUL", "/456\n1/BOB\n3/DE/BERLIN")
    assert codes(convert(fin(*parties, uetr="", reference="NONREF"), BY_ACCOUNT, "fin")) == [
        ("identifier.placeholder", "20")
    ]
    (body,) = convert(fin(*parties, uetr="", reference="REF1"), BY_ACCOUNT, "fin").transactions
    assert body["event_id"] == "BKGGKRSE/REF1"
    nothing = "<InstrId>NOTPROVIDED</InstrId><TxId>NONREF</TxId>"
    assert codes(convert(xml(references=nothing), KOREAN, "xml")) == [("identifier.placeholder", "PmtId")]
    (body,) = convert(xml(references="<InstrId>I-7</InstrId><TxId>NONREF</TxId>"), KOREAN, "xml").transactions
    assert body["event_id"] == "I-7"


def test_what_a_message_calls_an_lei_or_iban_must_be_one():
    """The element leaves no doubt, whatever the number looks like."""
    for lei in ("5493001KJTIIGC8Y1R13", "FIRMSEOUL00000000117"):
        message = xml(debtor=f"<Id><OrgId><LEI>{lei}</LEI></OrgId></Id>")
        assert codes(convert(message, KOREAN, "xml")) == [("identifier.check_digits", "Dbtr/Id/OrgId/LEI")]
    for iban in ("DE02120300000000202052", "DE021203000000002020", "KR02120300000000202051"):
        message = xml(account=f"<IBAN>{iban}</IBAN>")
        assert codes(convert(message, KOREAN, "xml")) == [("identifier.check_digits", "CdtrAcct/Id/IBAN")]
    assert convert(xml(account="<IBAN>DE02120300000000202051</IBAN>"), KOREAN, "xml").faults == ()


@pytest.mark.parametrize(
    ("amount", "fault"),
    [
        ("JPY1000,50", True),
        ("JPY1000,00", False),
        ("JPY1000,", False),
        ("KRW1,5", True),
        ("KWD1,125", False),
        ("KWD1,1255", True),
        ("USD1,12", False),
        ("USD1,125", True),
        ("USD1,120", False),
    ],
)
def test_amounts_have_the_places_of_their_currency(amount, fault):
    """Both standards say so (error C03 of SWIFT); zeros at the end say nothing and pass."""
    parties = {"ordering": "/1\n1/A\n3/KR/SEOUL", "beneficiary": "/2\n1/B\n3/DE/BERLIN"}
    found = codes(convert(fin(amount=amount, **parties), BY_ACCOUNT, "fin"))
    assert found == ([("amount.minor_units", "amount")] if fault else [])
    decimal = amount[3:].replace(",", ".").rstrip(".")
    found = codes(convert(xml(amount=f'Ccy="{amount[:3]}">{decimal}'), KOREAN, "xml"))
    assert found == ([("amount.minor_units", "amount")] if fault else [])


def test_kosovo_is_a_country():
    """mt103_kosovo.fin: BIC, IBAN and contract all know XK."""
    message = fin(
        ordering="/123\n1/SOME ONE\n3/KR/SEOUL",
        beneficiary="/XK051212012345678906\n1/NAME\n3/XK/PRISTINA",
        agent=":57A:RBKOXKPR\n",
    )
    plain = message.replace(b":50F:/123\r\n1/SOME ONE\r\n3/KR/SEOUL", b":50K:/123\r\nSOME ONE").replace(
        b":59F:/XK051212012345678906\r\n1/NAME\r\n3/XK/PRISTINA", b":59:/XK051212012345678906\r\nNAME"
    )
    for each in (message, plain):
        (body,) = convert(each, BY_ACCOUNT, "fin").transactions
        assert (body["counterparty_country"], body["counterparty_bank_country"]) == ("XK", "XK")
        assert body["counterparty_account"] == "XK051212012345678906"
        assert body["direction"] == "out"
