"""Advice that can be followed: whatever a fault of a payment message asks for, given, makes the fault go away."""

import json
import re
from datetime import datetime

import msgspec
import orjson
import pytest

from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.ingest.decode import decode
from streams.ingest.formats import Parameters, convert
from streams.ingest.formats.parameters import parameters
from tests.support.repository import ROOT

CORPUS = ROOT / "tests" / "formats" / "corpus"
NAMES = [field.name for field in msgspec.structs.fields(Parameters)]
# a right value of each parameter that a fault may ask for; of the resident country, those of the corpus
VALUES = {
    "utc_offset": "+09:00",
    "time_of_day": "09:00",
    "order_date": "2026-03-10",
    "institution": "SAMPKRSE",
    "institution_numbers": "true",
    "party_type": "company",
    "local_currency": "KRW",
    "transaction_purpose": "true",
}
SOMEWHERE = ("KR", "DE", "US", "JP", "FR", "GB")


def asked_for(fault):
    """The parameters that a fault's text names."""
    return [name for name in NAMES if re.search(rf"\b{name}\b", fault["expected"] or "")]


def asking():
    """(case, place of a fault in it) for every fault of the corpus that names a parameter."""
    for case in sorted(CORPUS.glob("*.json")):
        for place, (_, _, expected) in enumerate(json.loads(case.read_bytes())["faults"]):
            if asked_for({"expected": expected}):
                yield pytest.param(case, place, id=f"{case.stem}-{place}")


def faults_of(case, given):
    told = json.loads(case.read_bytes())
    message = next(path for path in (case.with_suffix(".xml"), case.with_suffix(".fin")) if path.exists())
    sent = told.get("timestamp")
    made = parameters({**told["parameters"], **given})
    assert isinstance(made, Parameters)
    timestamp = int(datetime.fromisoformat(sent).timestamp() * 1000) if sent else None
    result = convert(message.read_bytes(), made, "xml" if message.suffix == ".xml" else "fin", timestamp_ms=timestamp)
    return [[fault.code, fault.field] for fault in result.faults]


@pytest.mark.parametrize(("case", "place"), list(asking()))
def test_a_parameter_that_a_fault_names_is_enough(case, place):
    """All that it names are given, and nothing else: no fault of that place is left."""
    code, field, expected = json.loads(case.read_bytes())["faults"][place]
    names = asked_for({"expected": expected})
    assert [code, field] in faults_of(case, {})
    given = {name: VALUES[name] for name in names if name in VALUES}
    countries = SOMEWHERE if "resident_country" in names else [None]
    tries = [{**given, "resident_country": country} if country else given for country in countries]
    assert any(field not in [at for _, at in faults_of(case, one)] for one in tries)


def test_the_corpus_asks_for_each_parameter_that_can_help():
    """A new advice that no message of the corpus meets would go untested."""
    found = {
        name
        for case in CORPUS.glob("*.json")
        for _, _, expected in json.loads(case.read_bytes())["faults"]
        for name in asked_for({"expected": expected})
    }
    assert found >= {
        "utc_offset",
        "time_of_day",
        "order_date",
        "institution",
        "institution_numbers",
        "resident_country",
        "party_type",
    }


WHO = "<Cdtr><Nm>Sample Receiver</Nm><Id><OrgId><Othr><Id>SAMPLE-HRB-2</Id></Othr></OrgId></Id></Cdtr>"
BANK = "<CdtrAgt><FinInstnId><Nm>SAMPLE</Nm></FinInstnId></CdtrAgt>"
KOREAN = Parameters(resident_country="KR", party_type="company", channel="interbank")


def message_without_a_country(who=WHO, bank=BANK, account="<Othr><Id>1234</Id></Othr>"):
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr>
<CreDtTm>2026-03-10T09:00:00+09:00</CreDtTm><NbOfTxs>1</NbOfTxs></GrpHdr><CdtTrfTxInf><PmtId>
<UETR>33333333-3333-4333-8333-333333333333</UETR></PmtId><IntrBkSttlmAmt Ccy="USD">1000.00</IntrBkSttlmAmt>
<Dbtr><PstlAdr><Ctry>KR</Ctry></PstlAdr><Id><OrgId><Othr><Id>SAMPLE-BRN-1</Id></Othr></OrgId></Id></Dbtr>
<DbtrAgt><FinInstnId><BICFI>SAMPKRSE</BICFI></FinInstnId></DbtrAgt>{bank}{who}
<CdtrAcct><Id>{account}</Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>""".encode()


@pytest.mark.parametrize(
    ("word", "given"),
    [
        ("residence", {"who": WHO.replace("</Cdtr>", "<CtryOfRes>DE</CtryOfRes></Cdtr>")}),
        ("address", {"who": WHO.replace("<Id>", "<PstlAdr><Ctry>DE</Ctry></PstlAdr><Id>", 1)}),
        ("own BIC", {"who": WHO.replace("<Othr>", "<AnyBIC>SAMPDEF2</AnyBIC><Othr>")}),
        ("BIC", {"bank": BANK.replace("<Nm>", "<BICFI>SAMPDEFF</BICFI><Nm>")}),
        ("IBAN", {"account": "<IBAN>DE02120300000000202051</IBAN>"}),
        ("address", {"bank": BANK.replace("</Nm>", "</Nm><PstlAdr><Ctry>DE</Ctry></PstlAdr>")}),
        (
            "clearing code",
            {
                "bank": BANK.replace(
                    "<Nm>", "<ClrSysMmbId><ClrSysId><Cd>DEBLZ</Cd></ClrSysId><MmbId>37040044</MmbId></ClrSysMmbId><Nm>"
                )
            },
        ),
    ],
)
def test_each_thing_that_would_tell_a_country_does(word, given):
    """The fault names the side that tells none, and what would; each of them alone is enough."""
    (fault,) = convert(message_without_a_country(), KOREAN, "xml").faults
    assert fault.code == "message.resident"
    assert fault.expected.startswith("the creditor's country")
    assert word in fault.expected
    (body,) = convert(message_without_a_country(**given), KOREAN, "xml").transactions
    assert body["counterparty_country"] == "DE"


@pytest.mark.parametrize("status", ["returned", "cancelled"])
def test_a_return_is_taken_as_the_contract_s_own_record(status):
    """What `message.returned` and the other messages advise: the contract's record with status and original event."""
    (payment,) = convert((CORPUS / "xml_minimal_out.xml").read_bytes(), KOREAN, "xml").transactions
    back = {**payment, "event_id": "SAMPLE-R-1", "status": status, "original_event_id": payment["event_id"]}
    key = back["party_id"].encode()
    assert decode(INPUTS[TRANSACTIONS], 1_773_300_000_000, key, orjson.dumps(back)) is not None


def test_a_document_taken_out_of_its_wrapper_is_read():
    """The advice about XML that stands as text, and about a header alone, followed."""
    wrapped = (CORPUS / "xml_document_as_text.xml").read_text()
    inside = wrapped.partition("<![CDATA[")[2].partition("]]>")[0]
    assert len(convert(inside.encode(), KOREAN, "xml").transactions) == 1
    header = (CORPUS / "xml_header_alone.xml").read_bytes()
    assert len(convert(header + inside.encode(), KOREAN, "xml").transactions) == 1
