"""What tells a country in a pacs.008, in the order that docs/FORMATS.md gives and justifies."""

import pytest

from streams.ingest.formats import Parameters, convert

KOREAN = Parameters(resident_country="KR", party_type="person", channel="branch", institution_numbers=True)
BANK = "<CdtrAgt><FinInstnId>{}</FinInstnId></CdtrAgt>"
BIC, ADDRESS = "<BICFI>BOFAUS3N</BICFI>", "<PstlAdr><Ctry>FR</Ctry></PstlAdr>"
CLEARING = "<ClrSysMmbId><ClrSysId><Cd>GBDSC</Cd></ClrSysId><MmbId>203040</MmbId></ClrSysMmbId>"
IBAN, NUMBER = "<IBAN>DE02120300000000202051</IBAN>", "<Othr><Id>456</Id></Othr>"
KOSOVO = "<IBAN>XK051212012345678906</IBAN>"


def converted(bank="", account=NUMBER, party=""):
    """A pacs.008 of a Korean person to somebody of whom so much is told."""
    return convert(
        f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr>
<CreDtTm>2026-03-10T09:00:00+09:00</CreDtTm><NbOfTxs>1</NbOfTxs></GrpHdr><CdtTrfTxInf><PmtId>
<UETR>33333333-3333-4333-8333-333333333333</UETR></PmtId><IntrBkSttlmAmt Ccy="USD">1000.00</IntrBkSttlmAmt>
<Dbtr><PstlAdr><Ctry>KR</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><Othr><Id>123</Id></Othr></Id></DbtrAcct>
<DbtrAgt><FinInstnId><BICFI>BKGGKRSE</BICFI></FinInstnId></DbtrAgt>{BANK.format(bank)}<Cdtr>{party}</Cdtr>
<CdtrAcct><Id>{account}</Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>""".encode(),
        KOREAN,
        "xml",
    )


@pytest.mark.parametrize(
    ("bank", "account", "country"),
    [
        (BIC + CLEARING + ADDRESS, IBAN, "US"),
        (CLEARING + ADDRESS, IBAN, "DE"),
        (CLEARING + ADDRESS, NUMBER, "FR"),
        (CLEARING, NUMBER, "GB"),
        ("<ClrSysMmbId><MmbId>NZNCC020368</MmbId></ClrSysMmbId>", NUMBER, "NZ"),
        ("<ClrSysMmbId><ClrSysId><Prtry>HKNCC</Prtry></ClrSysId><MmbId>004</MmbId></ClrSysMmbId>", NUMBER, "HK"),
        ("<ClrSysMmbId><ClrSysId><Cd>ZZ</Cd></ClrSysId><MmbId>NZNCC020368</MmbId></ClrSysMmbId>", NUMBER, "NZ"),
        ("", IBAN, "DE"),
        ("", KOSOVO, "XK"),
        ("<BICFI>NCBVXKPR</BICFI>", NUMBER, "XK"),
        ("<PstlAdr><Ctry>XK</Ctry></PstlAdr>", NUMBER, "XK"),
    ],
)
def test_a_bank_s_country_is_told_in_this_order(bank, account, country):
    """BIC, IBAN, address, clearing system; and it is the party's, of whom nothing else is told."""
    (body,) = converted(bank, account).transactions
    assert (body["counterparty_bank_country"], body["counterparty_country"]) == (country, country)


OWN_BIC = "<Id><OrgId><AnyBIC>ACMEITM2</AnyBIC></OrgId></Id>"
AT_HOME, RESIDENCE = "<PstlAdr><Ctry>FR</Ctry></PstlAdr>", "<CtryOfRes>JP</CtryOfRes>"


@pytest.mark.parametrize(
    ("party", "country"),
    [
        (AT_HOME + OWN_BIC + RESIDENCE, "JP"),
        (AT_HOME + OWN_BIC, "FR"),
        (OWN_BIC, "IT"),
        ("<CtryOfRes>XK</CtryOfRes>", "XK"),
        ("", "US"),
    ],
)
def test_a_party_s_country_is_told_in_this_order(party, country):
    """Residence, address, the firm's own BIC, then the bank's; the bank's own country stays what it is."""
    (body,) = converted(BIC, NUMBER, party).transactions
    assert (body["counterparty_country"], body["counterparty_bank_country"]) == (country, "US")


@pytest.mark.parametrize(
    "bank",
    [
        "",
        "<ClrSysMmbId><ClrSysId><Cd>ZZZZZ</Cd></ClrSysId><MmbId>1</MmbId></ClrSysMmbId>",
        "<ClrSysMmbId><ClrSysId><Prtry>US</Prtry></ClrSysId><MmbId>1</MmbId></ClrSysMmbId>",
    ],
)
def test_what_tells_no_country_is_no_country(bank):
    """A system that is not in the list is not guessed by its first letters."""
    assert [fault.code for fault in converted(bank).faults] == ["message.resident"]
