"""pacs.008 to the contract: what is mapped, what is reported, what is refused, and what hostile XML comes to."""

from xml.etree import ElementTree as ET

import msgspec
import pytest

from streams.ingest.formats import ConversionLimits, Parameters, convert
from tests.support.repository import ROOT

SAMPLES = ROOT / "tests" / "formats"
OUTGOING = (SAMPLES / "outgoing.pacs.008.001.10.xml").read_bytes()
SEVERAL = (SAMPLES / "several.bah.pacs.008.001.08.xml").read_bytes()
KOREAN = Parameters(resident_country="KR", party_type="company", channel="interbank", local_currency="KRW")
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"""


def converted(content=OUTGOING, parameters=KOREAN, **changed):
    return convert(content, msgspec.structs.replace(parameters, **changed), "xml")


def only(result):
    assert result.faults == ()
    (transaction,) = result.transactions
    return transaction


def changed(*pairs, content=OUTGOING):
    for old, new in pairs:
        assert content.count(old) >= 1, old
        content = content.replace(old, new)
    return content


def codes(result):
    return [fault.code for fault in result.faults]


def reason_of(result, ending):
    return next(left.reason for left in result.unmapped if left.path.endswith(ending))


def test_an_outgoing_payment_becomes_the_contract_s_transaction():
    """Every field that the message can fill: the amount between the banks, the local side, the rate turned round."""
    assert only(converted()) == {
        "event_id": "1f3c5a52-7d1e-4c0b-9a1f-0c2d4e6f8a01",
        "payment_id": "1f3c5a52-7d1e-4c0b-9a1f-0c2d4e6f8a01",
        "direction": "out",
        "event_time": "2026-01-05T10:11:12+09:00",
        "party_id": "529900SAMPLE00000194",
        "party_type": "company",
        "party_account": "SAMPLE-ACCOUNT-1",
        "counterparty_id": "HRB-SAMPLE-77",
        "counterparty_account": "DE02120300000000202051",
        "counterparty_country": "DE",
        "counterparty_bank_country": "DE",
        "institution": "SAMPKRSE",
        "branch": "0012",
        "channel": "interbank",
        "amount": "10000.00",
        "currency": "USD",
        "settled_amount": "13875000",
        "settled_currency": "KRW",
        "deal_rate": "1387.50004",
        "purpose": "10100",
        "remittance_info": "Invoice 1 machine parts",
    }


@pytest.mark.parametrize(("content", "parted"), [(OUTGOING, 0), (SEVERAL, 1)])
def test_every_text_of_the_message_is_mapped_or_reported(content, parted):
    """As many places are told of as another parser finds texts and attributes; a coded text has two parts."""
    result = converted(content, utc_offset="+09:00")
    told = {one.path for one in result.mapped} | {one.path for one in result.unmapped}
    tree = ET.fromstring(content)
    # of a refused payment nothing is told but its faults
    refused = [int(one.place.removeprefix("CdtTrfTxInf[")[:-1]) - 1 for one in result.refused]
    transfers = tree.findall(".//{*}CdtTrfTxInf")
    left_out = {node for number in refused for node in transfers[number].iter()}
    nodes = [node for node in tree.iter() if node not in left_out]
    texts = sum(bool((node.text or "").strip()) for node in nodes) + sum(len(node.attrib) for node in nodes)
    assert len(told) == texts + parted
    assert {one.path for one in result.mapped}.isdisjoint(
        left.path for left in result.unmapped if not left.reason.startswith("characters ")
    )


def test_a_refused_payment_leaves_the_report_of_the_others_as_it_is():
    """What was said of all payments stays told: the second payment alone uses the header's time, and is refused."""
    timeless = changed(
        (b"<AccptncDtTm>2026-01-05T10:11:12+09:00</AccptncDtTm>", b""), (b"<LEI>529900SAMPLE00000194</LEI>", b"")
    )
    begin, end = b"<CdtTrfTxInf>", b"</CdtTrfTxInf>"
    first, second = (content[content.index(begin) : content.index(end) + len(end)] for content in (OUTGOING, timeless))
    alone = converted()
    beside = converted(changed((b"<NbOfTxs>1<", b"<NbOfTxs>2<"), (first, first + second)))
    assert [(one.place, [fault.code for fault in one.faults]) for one in beside.refused] == [
        ("CdtTrfTxInf[2]", ["message.identifier"])
    ]
    assert beside.places == ("CdtTrfTxInf[1]",)
    plain = [(one.path.replace("CdtTrfTxInf[1]", "CdtTrfTxInf"), one.reason) for one in beside.unmapped]
    assert plain == [(one.path, one.reason) for one in alone.unmapped]
    assert any(path.endswith("GrpHdr/CreDtTm") for path, _ in plain)


def test_the_report_holds_no_values():
    """Names, accounts and texts of the message stand in the transaction only: the report is for more eyes."""
    result = converted()
    report = repr(result.mapped) + repr(result.unmapped)
    for value in ("Sample Trading", "Muster", "SAMPLE-ACCOUNT-1", "13875000", "Invoice 1"):
        assert value not in report


def test_several_payments_in_an_envelope_fail_one_by_one():
    """Two payments become transactions, the third has its own faults; an own account abroad goes by the banks."""
    result = converted(SEVERAL, utc_offset="+09:00", party_type="by-identifier")
    first, second = result.transactions
    assert result.payments == 3
    assert (first["direction"], first["counterparty_country"], first["counterparty_bank_country"]) == (
        "out",
        "KR",
        "JP",
    )
    assert (first["event_id"], first["event_time"], first["party_type"]) == (
        "SAMPKRSE/TX-1",
        "2026-01-06T09:00:00+09:00",
        "person",
    )
    assert (second["direction"], second["purpose"], second["party_type"]) == ("in", "40100", "company")
    assert second["contract_counterparty_id"] == "529900SAMPLE00000970"
    assert codes(result) == ["message.identifier"] * 3
    assert all(fault.field.startswith("CdtTrfTxInf[3]/") for fault in result.faults)


def test_a_local_time_needs_the_offset_and_is_only_the_own_bank_s():
    """Without an offset nothing is assumed; a foreign sender's local time is not taken for the resident bank's."""
    first = converted(SEVERAL, party_type="by-identifier")
    assert next(fault.field for fault in first.faults) == "CdtTrfTxInf[1]/event_time"
    incoming = changed((b"2026-01-05T18:30:00-05:00", b"2026-01-05T18:30:00"), content=SEVERAL)
    assert "CdtTrfTxInf[2]/event_time" in [fault.field for fault in converted(incoming, utc_offset="+09:00").faults]


@pytest.mark.parametrize("version", [f"{number:02}" for number in range(2, 14)])
def test_versions_2_to_13_are_read_alike(version):
    """The same payment in each version's namespace gives the same transaction."""
    content = changed((b"pacs.008.001.10", f"pacs.008.001.{version}".encode()))
    if version == "02":
        content = changed((b"BICFI>", b"BIC>"), content=content)
    assert only(converted(content)) == only(converted())


def test_a_firm_s_bic_is_read_by_its_old_name():
    """Version 02 calls it BICOrBEI, later ones AnyBIC; both identify the firm."""
    for name in ("BICOrBEI", "AnyBIC"):
        content = changed((b"<LEI>529900SAMPLE00000194</LEI>", f"<{name}>SAMPKRS2</{name}>".encode()))
        assert only(converted(content))["party_id"] == "SAMPKRS2"


@pytest.mark.parametrize(
    ("encoding", "prefix"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16")]
)
def test_encodings_of_xml_are_read(encoding, prefix):
    """UTF-8 and UTF-16 with or without a byte order mark; the text is the same."""
    text = OUTGOING.decode().replace("Invoice 1", "송장 1").replace('encoding="UTF-8"', f'encoding="{prefix}"')
    assert only(converted(text.encode(encoding)))["remittance_info"] == "송장 1 machine parts"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (LAUGHS, "xml.document_type"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "xml.document_type"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "xml.document_type"),
        (b"<a>&undefined;</a>", "xml.malformed"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "xml.encoding"),
        (b"<a>" * 33 + b"</a>" * 33, "depth.exceeded"),
        (b"<a>" + b"<b/>" * 300_001 + b"</a>", "size.exceeded"),
        (b"<a xmlns='" + b"u" * 257 + b"'/>", "size.exceeded"),
        (b"<a><b></a>", "xml.malformed"),
        (b"<a/>text", "xml.malformed"),
        (b"<a/></a>", "xml.malformed"),
        (b"<a/><a/>", "message.type"),
        (b"<a/>" + LAUGHS, "xml.document_type"),
        (b"<a/><!DOCTYPE a>", "xml.document_type"),
        (b"<a/>" * 300_001, "size.exceeded"),
        (b"", "xml.malformed"),
        (b"<a/>", "message.type"),
    ],
)
def test_hostile_or_broken_xml_is_refused_by_a_code(content, code):
    """Nothing is expanded, fetched or read from a file, and nothing deep or endless is built."""
    assert codes(converted(content)) == [code]


def test_a_file_over_the_limit_is_not_parsed():
    """The length is judged before the parser sees a byte."""
    assert codes(convert(b"<" * 100, KOREAN, "xml", ConversionLimits(99, 10))) == ["size.exceeded"]


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (((b"<NbOfTxs>1<", b"<NbOfTxs>2<"),), "message.count"),
        (((b"<NbOfTxs>1</NbOfTxs>", b""),), "message.count"),
        (((b"10000.00<", b"-10000.00<"),), "message.form"),
        (((b"10000.00<", b"1e4<"),), "message.form"),
        (((b"10000.00<", b"0.00<"),), "decimal.range"),
        (((b'Ccy="USD"', b'Ccy="ZZZ"'),), "currency.unknown"),
        (((b'Ccy="USD"', b""),), "message.missing"),
        (((b"1f3c5a52-7d1e-4c0b", b"1f3c5a52-7d1e-1c0b"),), "message.form"),
        (((b"<Ctry>DE</Ctry></Pst", b"<Ctry>KR</Ctry></Pst"), (b"SAMPDEFF500", b"SAMPKRSF500")), "message.resident"),
        (((b"<Ctry>KR</Ctry></Pst", b"<Ctry>JP</Ctry></Pst"),), "message.resident"),
        (((b"<Id><OrgId><LEI>529900SAMPLE00000194</LEI></OrgId></Id>", b""),), "message.identifier"),
        (((b"SAMPDEFF500", b"SAMPLE"),), "message.form"),
        (((b"<ChrgBr>SHAR</ChrgBr>", b'<IntrBkSttlmAmt Ccy="USD">1</IntrBkSttlmAmt>'),), "message.repeated"),
        (((b"T10:11:12+09:00", b"T10:11:12"), (b"T10:12:00+09:00", b"T10:12:00")), "message.time"),
    ],
)
def test_what_is_missing_or_malformed_is_a_fault(pairs, code):
    """One stable code, no transaction, and nothing invented in place of what is not told."""
    result = converted(changed(*pairs))
    assert (codes(result), result.transactions) == ([code], ())


def test_elements_of_another_namespace_are_not_the_payment_s():
    """An amount in a foreign namespace is reported, and the standard's own is taken."""
    content = changed((b"<ChrgBr>", b'<x:IntrBkSttlmAmt xmlns:x="urn:other" Ccy="USD">1</x:IntrBkSttlmAmt><ChrgBr>'))
    result = converted(content)
    assert only(result)["amount"] == "10000.00"
    assert any(left.path.endswith("{urn:other}IntrBkSttlmAmt") for left in result.unmapped)


@pytest.mark.parametrize(
    ("rate", "expected", "reason"),
    [
        (b"0.0007207207", "1387.50004", None),
        (b"1387.5", "1387.5", None),
        (b"0.00072", None, "too few digits"),
        (b"0.0009999999", None, "confirm it in neither direction"),
    ],
)
def test_the_deal_rate_is_local_units_for_one_foreign_unit(rate, expected, reason):
    """The standard's direction is turned round, the reverse one taken where amounts prove it, another reported."""
    result = converted(changed((b"0.0007207207", rate)))
    assert only(result).get("deal_rate") == expected
    assert (reason is None) or (reason in reason_of(result, "XchgRate"))


def test_an_amount_ordered_in_another_currency_than_the_local_one_is_reported():
    """Neither the amount nor the rate finds a place, and both say so; the amount between the banks stays."""
    for content, local in ((changed((b'Ccy="KRW"', b'Ccy="EUR"')), "KRW"), (OUTGOING, None)):
        result = converted(content, local_currency=local)
        assert not {"settled_amount", "settled_currency", "deal_rate"} & only(result).keys()
        assert "local" in reason_of(result, "InstdAmt")
        assert "local side" in reason_of(result, "XchgRate")


def test_long_remittance_information_is_cut_and_told():
    """140 characters go into the contract's field; how many did not is reported."""
    content = changed(
        (
            b"<Ustrd>Invoice 1 machine parts</Ustrd>",
            b"<Ustrd>" + b"a" * 100 + b"</Ustrd>" + b"<Ustrd>" + b"b" * 60 + b"</Ustrd>",
        )
    )
    result = converted(content)
    assert only(result)["remittance_info"] == "a" * 100 + " " + "b" * 39
    assert reason_of(result, "RmtInf/Ustrd[2]").startswith("characters 141 to 161")


def test_a_regulatory_code_of_another_country_is_no_purpose():
    """It is reported; the ISO purpose takes its place only where that was asked for."""
    content = changed((b"<Ctry>KR</Ctry><Cd>", b"<Ctry>CN</Ctry><Cd>"))
    assert "purpose" not in only(converted(content))
    assert reason_of(converted(content), "RgltryRptg/Dtls/Cd").startswith("regulatory reporting")
    assert only(converted(content, transaction_purpose=True))["purpose"] == "GDDS"


def test_one_institution_s_own_numbers_identify_only_where_that_was_allowed():
    """A customer number, or else the account, is taken on request alone, and marked as such in the report."""
    content = changed((b"<Cd>COID</Cd>", b"<Cd>CUST</Cd>"))
    assert codes(converted(content)) == ["message.identifier"]
    result = converted(content, institution_numbers=True)
    assert only(result)["counterparty_id"] == "HRB-SAMPLE-77"
    assert any(one.field == "counterparty_id" and "own number" in one.note for one in result.mapped)
    bare = changed((b"<Id><OrgId><LEI>529900SAMPLE00000194</LEI></OrgId></Id>", b""))
    assert only(converted(bare, institution_numbers=True))["party_id"] == "SAMPLE-ACCOUNT-1"
