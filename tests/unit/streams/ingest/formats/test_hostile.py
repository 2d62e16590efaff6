"""What a hostile payment message may cost and say: bounded names, memory, loop time, and no identifier in a fault."""

import asyncio
import time
import tracemalloc
from types import SimpleNamespace

import pytest

from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.ingest.agent import IngestAgent
from streams.ingest.door import Door, Rejected
from streams.ingest.formats import FILE_LIMITS, RECORD_LIMITS, Parameters, convert
from streams.ingest.formats.record import make_headers
from streams.ingest.formats.tree import PATH_LIMIT
from streams.ingest.formats.xml_reader import NAME_LIMIT
from streams.keys.pseudonyms import development_keys
from tests.support.own_cpu import own_cpu
from tests.support.repository import ROOT

SAMPLES = ROOT / "tests" / "formats"
XML = (SAMPLES / "outgoing.pacs.008.001.10.xml").read_bytes()
FIN = (SAMPLES / "incoming.mt103").read_bytes()
GIVEN = {"resident_country": "KR", "party_type": "company", "channel": "interbank", "utc_offset": "+09:00"}
KOREAN = Parameters(**GIVEN, local_currency="KRW")
PERSON = "Hong_Gil-dong.880101-1234567"


def peak_of(content, limits):
    """Bytes that a conversion takes at most, and its result."""
    tracemalloc.start()
    try:
        return convert(content, KOREAN, "xml", limits), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def beside_the_payment(elements):
    """The sample with elements of the sender's own inside its transfer."""
    end = XML.index(b"</CdtTrfTxInf>")
    return XML[:end] + elements + XML[end:]


@pytest.mark.parametrize(
    "elements",
    [b"<n%s/>", b'<a n%s="1"/>', b'<a xmlns:o="urn:o" o:n%s="1"/>', b'<o:n%s xmlns:o="urn:o"/>'],
)
def test_a_name_longer_than_the_limit_is_refused_by_name(elements):
    """An element's or attribute's, with or without a namespace; one character less is read."""
    longest = elements % (b"n" * (NAME_LIMIT - 1))
    assert convert(beside_the_payment(longest), KOREAN, "xml").faults == ()
    (fault,) = convert(beside_the_payment(elements % (b"n" * NAME_LIMIT)), KOREAN, "xml").faults
    assert (fault.code, fault.expected) == ("size.exceeded", f"names of at most {NAME_LIMIT} characters")


def test_many_elements_below_long_names_take_memory_by_their_number():
    """30 levels of the longest names above 4 800 elements in a record, 12 000 in a file: no path is kept for each."""
    name = b"n" * NAME_LIMIT
    deep = b"".join(b"<%s>" % name for _ in range(25)), b"</%s>" % name * 25
    record = beside_the_payment(deep[0] + b"<a/>" * 4_800 + deep[1])
    assert len(record) < RECORD_LIMITS.content
    result, peak = peak_of(record, RECORD_LIMITS)
    assert len(result.transactions) == 1
    assert peak < 8_000_000
    result, peak = peak_of(beside_the_payment(deep[0] + b"<a/>" * 12_000 + deep[1]), FILE_LIMITS)
    assert len(result.unmapped) > 12_000
    assert max(len(one.path) for one in result.unmapped) <= PATH_LIMIT
    assert peak < 25_000_000


def test_a_record_reports_nothing_and_a_file_every_text():
    """Ingest has no reader for the report: it is not made there."""
    of_record, of_file = (convert(XML, KOREAN, "xml", limits) for limits in (RECORD_LIMITS, FILE_LIMITS))
    assert of_record.transactions == of_file.transactions
    assert (of_record.mapped, of_record.unmapped) == ((), ())
    assert of_file.mapped
    assert of_file.unmapped


def test_lines_of_a_message_are_bounded_as_elements_are():
    """A part is made of a line: 60 000 lines of two bytes would be as many nodes."""
    lines = b"/ORDERRES/KR" + b"\na" * 20_000
    pacs = beside_the_payment(b"<RgltryRptg><Dtls><Inf>%s</Inf></Dtls></RgltryRptg>" % lines)
    fin = FIN.replace(b":70:", b":70:a" + b"\r\na" * 20_000)
    for content, syntax in ((pacs, "xml"), (fin, "fin")):
        (fault,) = convert(content, KOREAN, syntax, RECORD_LIMITS).faults
        assert "lines" in fault.expected, syntax


ANSWER = b"{1:F21SAMPKRSEAXXX0001000001}{4:{177:2603101530}{451:0}}\n"


SHAPES = {
    "CR": b"\r" * 60_000,
    "CR behind a message": FIN + b"\r" * 60_000 + b"X",
    "open headers": b"{1:\n" * 15_000,
    "open inner blocks": b"{1:F01}{3:{121:a\n" * 3_500,
    "open texts": b"{1:F01}{4:\n:20:A\n" * 3_500,
    "text between": b"X\n{1:F01}\n" * 6_000,
    "not ASCII": b"{1:F01\xff}\n" * 6_000,
    "answers": ANSWER * 1_000,
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
def test_what_is_no_fin_message_costs_no_more_than_its_length(content):
    """Runs of CR took 2 s, because the search for a line's end began anew at each of them."""
    with own_cpu() as spent:
        assert convert(content, KOREAN, "fin", RECORD_LIMITS).faults
    assert spent.seconds < 0.5


def test_many_answers_to_many_messages_of_one_number_are_not_multiplied():
    """A second answer of a kind is left alone: 300 for each of 300 messages would be 90 000 copies."""
    result = convert(FIN * 300 + ANSWER * 300, KOREAN, "fin")
    answers = [left for left in result.unmapped if left.path.endswith("451")]
    assert len(answers) == 300 + 299


def test_faults_of_a_fin_message_show_nothing_of_it():
    """Neither a line of the sender's nor a reason that is not of the network's form."""
    own = PERSON.encode()
    for content in (
        FIN.replace(b":71A:", own + b"\n:7:"),
        own + FIN,
        FIN.replace(b"{3:", b"{3:{" + own),
        ANSWER.replace(b"{451:0}", b"{451:1}{405:%s}" % own).rstrip() + FIN,
        FIN.replace(b"O103", b"O" + own),
    ):
        faults = convert(content, KOREAN, "fin").faults
        assert faults
        assert not any("Hong" in f"{fault.field}{fault.expected}" for fault in faults)


@pytest.mark.parametrize("place", ["envelope", "header"])
def test_a_fault_names_places_of_the_standard_only(place):
    """A sender's own element around the document, named after a person, comes neither into codes nor into message."""
    assert b"<BICFI>" in XML
    spoiled = XML[XML.index(b"<Document") :]
    at = spoiled.index(b"<DbtrAgt>")
    spoiled = spoiled[:at] + spoiled[at:].replace(b"<BICFI>", b"<BICFI>bad", 1)
    own = PERSON.encode()
    if place == "envelope":
        value = b"<%s>%s</%s>" % (own, spoiled, own)
    else:
        value = b'<o:%s xmlns:o="urn:%s">%s</o:%s>' % (own, own, spoiled, own)
    answer = Door(development_keys(), 12, {}).admit(
        ArrivedRecord(inputs.TRANSACTIONS, 0, 1, 1_767_700_000_000, None, value, list(make_headers("xml", GIVEN)))
    )
    assert isinstance(answer, Rejected)
    assert answer.codes == ("message.form",)
    assert "Hong" not in answer.message
    assert answer.message.startswith("message.form DbtrAgt/FinInstnId/BICFI (expected a BIC")


@pytest.mark.parametrize(("rate", "settled"), [("9" * 600_000, "9" * 600_000), ("9" * 65, "1.5")])
def test_numbers_of_any_length_are_refused_and_never_raise(rate, settled):
    """A rate times an amount of 600 000 digits each is beyond what a decimal holds."""
    assert b"</IntrBkSttlmAmt>" in XML
    begin, end = XML.index(b"<IntrBkSttlmAmt"), XML.index(b"</IntrBkSttlmAmt>") + len(b"</IntrBkSttlmAmt>")
    told = (
        f'<IntrBkSttlmAmt Ccy="USD">{settled}</IntrBkSttlmAmt><InstdAmt Ccy="KRW">{settled}</InstdAmt>'
        f"<XchgRate>{rate}</XchgRate>"
    ).encode()
    rest = XML[end:]
    for name in (b"InstdAmt", b"XchgRate"):
        if b"<" + name in rest:
            rest = rest[: rest.index(b"<" + name)] + rest[rest.index(b"</" + name + b">") + len(name) + 3 :]
    (fault,) = convert(XML[:begin] + told + rest, KOREAN, "xml").faults
    assert (fault.code, fault.expected) == ("message.form", "a decimal of at most 64 characters, without a minus sign")


def test_long_numbers_of_an_mt103_are_refused_too():
    """In the amount, the ordered amount and the rate."""
    amount = b":32A:260106USD" + b"9" * 700_000 + b","
    begin = FIN.index(b":32A:")
    content = FIN[:begin] + amount + FIN[FIN.index(b"\r\n", begin) if b"\r\n" in FIN else FIN.index(b"\n", begin) :]
    (fault,) = convert(content, KOREAN, "fin").faults
    assert (fault.code, fault.field) == ("message.form", "32A")
    assert "64 characters" in fault.expected


def test_a_run_hands_the_event_loop_back(monkeypatch):
    """Every 20 ms: heartbeats and the watchdog's proof of life go on through a run of costly records."""
    agent = object.__new__(IngestAgent)
    agent.metrics = SimpleNamespace(
        **dict.fromkeys(
            ("observe_run", "observe_stage", "count_read", "count_events", "count_dead_letter"), lambda *_: None
        ),
        reconciliation_gap=SimpleNamespace(inc=lambda _count: None),
        sender_proofs=SimpleNamespace(add=lambda _counts: None),
    )

    def admit(*_):
        time.sleep(0.01)
        return SimpleNamespace(records=(), legs=(), identities=(), when=None, notes=(), proof=None)

    agent.door, agent.sealer = SimpleNamespace(admit=admit), None
    agent._handled, agent._looked = {}, True
    agent.watch = SimpleNamespace(note_handled=lambda _runs: None)
    agent.rules = SimpleNamespace(note_taken=lambda _record, *, refused: None)
    record = SimpleNamespace(topic="t", partition=0, offset=0, timestamp=0, key=None, value=b"", headers=[])

    async def deliver(*_):
        return

    monkeypatch.setattr(agent, "_deliver", deliver)

    async def turns():
        """Turns of the loop while a run of 30 records of 10 ms is worked on."""
        run, count = asyncio.ensure_future(agent._run([record] * 30)), 0
        while not run.done():
            await asyncio.sleep(0)
            count += 1
        await run
        return count

    assert asyncio.run(turns()) >= 10
