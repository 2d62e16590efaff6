"""Hostile forms of a payment message in a record: what each costs the door, in CPU time of its own thread."""

import pytest

from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.ingest.door import Door
from streams.ingest.formats import RECORD_LIMITS
from streams.ingest.formats.record import make_headers
from streams.keys.pseudonyms import development_keys
from tests.support.own_cpu import own_cpu
from tests.unit.streams.ingest.formats.test_hostile import ANSWER, FIN, GIVEN, SHAPES, XML, beside_the_payment

DOCUMENT = XML[XML.index(b"<Document") :]
LONG = b"n" * 128
OTHER = b"<Othr><Id>12345</Id></Othr>" * 199
LINE = b"\r\n" if b"\r\n" in FIN else b"\n"


def beside(unit, count=99_999, begin=b"", end=b""):
    """The sample with `unit` in its transfer as often as a record has room for, at most `count` times."""
    room = RECORD_LIMITS.content - len(XML) - len(begin) - len(end)
    return beside_the_payment(begin + unit * min(count, room // len(unit)) + end)


def before(place, more, content=XML):
    assert place in content
    return content.replace(place, more + place, 1)


def fields(text, count):
    return before(b":71A:", (text + LINE) * count, FIN)


FORMS = {
    "empty": beside(b"<a/>", 4_700),
    "long names": beside(b"<%s/>" % LONG),
    "mixed": beside(b"<a/>x", 4_700),
    "names": beside_the_payment(b"".join(b"<a%d/>" % n for n in range(4_700))),
    "attributes": beside_the_payment(b"<a " + b" ".join(b'a%d="1"' % n for n in range(4_600)) + b"/>"),
    "attributes of many": beside(b'<a b="1" c="2"/>', 1_550),
    "deep": beside(b"<a>" * 20 + b"</a>" * 20, 230),
    "deep long": beside(b"<a/>", 4_600, b"".join([b"<%s>" % LONG] * 20), b"</%s>" % LONG * 20),
    "namespaces": beside_the_payment(b"".join(b'<a xmlns="urn:%d"/>' % n for n in range(2_500))),
    "long namespace": beside(b"<o:a/>", 4_600, b'<b xmlns:o="%s">' % (b"u" * 256), b"</b>"),
    "text": beside(b"x", begin=b"<a>", end=b"</a>"),
    "references": beside(b"&#65;", begin=b"<a>", end=b"</a>"),
    "comments": beside(b"<!---->"),
    "instructions": beside(b"<?a?>"),
    "line ends": beside(b"\n", begin=b"<a>", end=b"</a>"),
    "sections": beside(b"<![CDATA[x]]>", begin=b"<a>", end=b"</a>"),
    "Hangul": beside("가".encode(), begin=b"<a>", end=b"</a>"),
    "identifications": before(b"</Cdtr>", b"<Id><PrvtId>" + OTHER * 7 + b"</PrvtId></Id>"),
    "ultimate": beside_the_payment(b"<UltmtDbtr><Id><PrvtId>" + OTHER + b"</PrvtId></Id></UltmtDbtr>"),
    "remittance": before(b"<RmtInf>", b"<RmtInf>" + b"<Ustrd>a</Ustrd>" * 3_200 + b"</RmtInf>"),
    "codes": beside_the_payment(b"<RgltryRptg>" + b"<Dtls><Cd>1</Cd></Dtls>" * 2_200 + b"</RgltryRptg>"),
    "reports": beside(b"<RgltryRptg><Authrty><Ctry>KR</Ctry></Authrty><Dtls><Cd>1</Cd></Dtls></RgltryRptg>", 640),
    "report lines": beside(b"/ORDERRES/KR//30200\n", 990, b"<RgltryRptg><Dtls><Inf>", b"</Inf></Dtls></RgltryRptg>"),
    "instructions for agents": beside(b"<InstrForNxtAgt><InstrInf>/ORDERRES/KR//1</InstrInf></InstrForNxtAgt>", 800),
    "wide envelope": b"<e>" + b"<a/>" * 4_700 + DOCUMENT + b"</e>",
    "roots": b"<a/>" * 16_000,
    "roots before": b"<a/>" * 200 + DOCUMENT,
    "transfers": before(b"<CdtTrfTxInf>", b"<CdtTrfTxInf/>" * 4_000),
    "documents": b"<e>" + b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"/>' * 880 + b"</e>",
    "blanks": b" " * 50_000 + DOCUMENT,
    "header": before(b"<MsgId>", b"<InstgAgt/>" * 4_000),
    "UTF-16": beside(b"<a/>", 4_700).decode().replace("UTF-8", "UTF-16").encode("utf-16")[: RECORD_LIMITS.content],
    "fields": fields(b":72:a", 4_800),
    "times": fields(b":13C:/SNDTIME/1030+0900", 2_000),
    "regulatory": fields(b":77B:/ORDERRES/KR//1", 2_500),
    "lines": fields(b":72:a" + (LINE + b"a") * 4_800, 1),
    "remittance lines": FIN.replace(b":70:", b":70:a" + (LINE + b"a") * 4_800, 1),
    "inner blocks": FIN.replace(b"{3:", b"{3:" + b"{108:}" * 4_800, 1),
    "answers before": ANSWER * 900 + FIN,
    "trailers": FIN.rstrip() + b"{5:" + b"{CHK:}" * 4_800 + b"}",
    "separators": b"$\n" * 29_000 + FIN,
    "hyphens": FIN.replace(b":70:", b":70:a" + (LINE + b"-") * 4_800, 1),
    "interface": FIN.rstrip() + b"{S:x}" * 4_000,
    "braces": b"{1:" * 20_000,
    **{f"FIN {name}": content for name, content in SHAPES.items()},
}
# The dearest took 16 ms, the least of seven runs on a machine with eight others at work; three times that, for slower
# machines. Beyond it heartbeats wait: ingest hands its loop back between records, every 20 ms.
MOST_SECONDS = 0.05


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_the_loop_for_long(form):
    """Whatever becomes of it. The least of three: the first pays for what Python makes once, any for a collection."""
    content = FORMS[form]
    assert len(content) <= RECORD_LIMITS.content
    syntax = "xml" if content.lstrip()[:1] in (b"<", b"\xff") else "fin"
    door, took = Door(development_keys(), 12, {}), []
    for _ in range(3):
        with own_cpu() as measured:
            door.admit(
                ArrivedRecord(inputs.TRANSACTIONS, 0, 1, 1_790_000_000_000, None, content, make_headers(syntax, GIVEN))
            )
        took.append(measured.seconds)
    assert min(took) < MOST_SECONDS
