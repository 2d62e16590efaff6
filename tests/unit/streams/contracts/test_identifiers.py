"""One identifier in many spellings is one: tokens, totals, institutions and placeholders."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from detectors.alerting.desks import About, matching
from detectors.books.payments import rows
from detectors.contracts.configuration import Desk
from detectors.values.shares import Shares
from detectors.values.spelling import plain
from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, PROFILES, RATES, TRANSACTIONS
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.support.own_cpu import own_cpu
from tests.support.pipeline import DECLARATION, PROFILE, RATE, TRANSACTION, Pipeline

TIME = datetime(2026, 1, 5, 3, tzinfo=UTC)


BIG = TRANSACTION | {"amount": "60000.00", "channel": "branch", "event_time": "2026-01-05T11:00:00+09:00"}


USD_KRW = RATE | {"rate_time": "2026-01-05T00:00:00Z"}


def wide(text):
    """The width forms of ASCII letters, digits and signs, as Korean and Japanese keyboards give them."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def sent(*bodies, topic=TRANSACTIONS, pipeline=None):
    """What the pipeline is like after the records; each must be admitted."""
    pipeline = pipeline or Pipeline()
    for body in bodies:
        answer = pipeline.send(topic, body, at=TIME)
        assert not isinstance(answer, Rejected), answer
    return pipeline


def alerts(pipeline, *bodies):
    """The typologies of the alerts that the records raise."""
    found = []
    for body in bodies:
        outputs = pipeline.send(TRANSACTIONS, body, at=TIME)
        assert not isinstance(outputs, Rejected), outputs
        found += [output for output in outputs if output.topic == "fx.alerts.v1"]
    return found


@pytest.mark.parametrize(
    "other",
    [
        "person-9 ",
        " person-9",
        "person-9\u3000",
        "person-9\u00a0",
        "person\u200b-9",
        "\u202eperson-9\u202c",
        "person-9\ufeff",
        wide("person-9"),
        "per\u00adson-9",
        "person-9\ufe0f",
        "person\u20109",
        "person\u20119",
        "person\u20139",
        "person\u22129",
        "person-\u0669",
        "person-\u096f",
        "person-9\u2800",
        "person-9\U0001d159",
        "person\u2011\u0669\U00016fe4",
    ],
)
def test_one_person_in_two_spellings_is_one_yearly_total(other):
    """Two payments of 60 000 USD at two banks cross the cap of 100 000 (cases/ids_trailing_blank.jsonl)."""
    assert other != "person-9"
    one = BIG | {"event_id": "a1", "party_id": "person-9", "institution": "BKGGKRSE"}
    two = BIG | {"event_id": "a2", "party_id": other, "institution": "SHBKKRSE"}
    pipeline = Pipeline()
    assert alerts(pipeline, one) == []
    (alert,) = alerts(pipeline, two)
    assert b'"T02"' in alert.value
    assert len(pipeline.state.parties) == 1


def test_two_people_stay_two():
    """The honest case beside it: case, inner blanks and letters that only look alike are differences."""
    others = ["Person-9", "person -9", "person-09", "p\u0435rson-9", "person_9"]
    bodies = [BIG | {"event_id": f"e{number}", "party_id": party} for number, party in enumerate(["person-9", *others])]
    pipeline = Pipeline()
    assert alerts(pipeline, *bodies) == []
    assert len(pipeline.state.parties) == 6


@pytest.mark.parametrize("text", ["가나", "\u1100\u1161\u1102\u1161", "\uac00\u1102\u1161"])
def test_composed_and_decomposed_hangul_are_one(text):
    """As macOS and Windows write the same name."""
    assert DEFAULT.person(text) == ("가나", "")


def test_the_same_event_through_bic_8_and_bic_11_counts_once():
    """cases/bic8_bic11_same_event.jsonl: one event, sent twice; a duplicate, neither conflict nor second payment."""
    body = BIG | {"event_id": "b1", "institution": "BKGGKRSE"}
    pipeline = sent(body, body | {"institution": "BKGGKRSEXXX"}, body | {"institution": "bkggkrsexxx "})
    assert pipeline.state.counters["duplicates"] == 2
    assert pipeline.state.counters["conflicts"] == 0
    assert len(rows(pipeline.party())) == 1
    assert {event.institution for event in pipeline.events()} == {"BKGGKRSE"}


def test_another_branch_is_another_institution_s_code():
    """Only XXX stands for the head office; a register's code that ends so, or that is no BIC, is left alone."""
    for code in ("BKGGKRSE001", "SR-REMITXXX", "KR0001", "remitter-a"):
        assert DEFAULT.institution(code) == (code, "")


def test_ledgers_of_earlier_releases_hold_one_bank_too():
    """A return signed with XXX takes back the payment signed without, also where an old ledger holds both."""
    pipeline = sent(BIG | {"event_id": "o1"})
    (ordered,) = pipeline.events()
    back = BIG | {"event_id": "o2", "status": "returned", "original_event_id": "o1"}
    sent(back, pipeline=pipeline)
    assert rows(pipeline.party())["usd"].tolist() == [0]
    again = Pipeline()
    for number, record in enumerate(pipeline.log[1:], 1):
        value = record.value.replace(b'"SHBKKRSE"', b'"SHBKKRSEXXX"') if number == 2 else record.value
        headers = envelope.checked([header for header in record.headers if header[0] != envelope.CHECK], value)
        again.core.apply(again.state, 0, record._replace(value=value, headers=headers), muted=True)
    assert rows(again.party())["usd"].tolist() == [0]
    assert again.party().names == pipeline.party().names
    assert ordered.institution == "SHBKKRSE"


@pytest.mark.parametrize("listed", ["BKGGKRSE", "BKGGKRSEXXX", "bkggkrse", " bkggkrsexxx "])
@pytest.mark.parametrize("there", ["BKGGKRSE", "BKGGKRSEXXX"])
def test_a_desk_s_list_knows_a_bank_by_either_code(listed, there):
    """And in any case, and only that bank; so does the list of those who have a share of their own."""
    shares = Shares()
    shares.list([listed])
    assert shares.has("BKGGKRSE")
    assert not shares.has("SHBKKRSE")
    configuration = overlay_configuration({})
    configuration = msgspec.structs.replace(configuration, desks={"d": Desk(institutions=(listed,))})
    assert matching(About(("T01",), "low", "person", (there,)), configuration) == ("d",)
    assert matching(About(("T01",), "low", "person", ("SHBKKRSE",)), configuration) == ()


def test_lei_and_iban_have_one_spelling_and_their_check_digits():
    """Blanks, hyphens and case are taken away where the check digits say that it is one."""
    lei, iban = "5493001KJTIIGC8Y1R12", "DE02120300000000202051"
    for text in (lei, "5493 001K JTII GC8Y 1R12", "5493001kjtiigc8y1r12", "549300-1KJTIIGC8Y1R12"):
        assert DEFAULT.person(text) == (lei, "")
    for text in (iban, "DE02 1203 0000 0000 2020 51", "de02-1203-0000-0000-2020-51"):
        assert DEFAULT.account(text) == DEFAULT.person(text) == (iban, "")
    assert DEFAULT.person("5493001KJTIIGC8Y1R21")[1] == "identifier.check_digits"
    assert DEFAULT.account("DE20120300000000202051")[1] == "identifier.check_digits"


@pytest.mark.parametrize(
    "text",
    [
        "20260105000000000017",
        "FIRMSEOUL00000000117",
        "0000000000000000AB12",
        "ABCD00EFGHIJ00000001",
        "DE0212030000000020205",
        "KR02120300000000202051",
        "NO12",
        "110-123-456789",
        "N0-93-1234567",
    ],
)
def test_what_only_resembles_an_lei_or_iban_is_let_through(text):
    """Other numbers of 20 characters, other lengths, countries without IBANs: no check digits are asked of them."""
    assert DEFAULT.person(text) == DEFAULT.account(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        "NOTPROVIDED",
        "notprovided",
        "Not Provided",
        "NONREF",
        "UNKNOWN",
        "N/A",
        "n.a.",
        "-",
        "...",
        "0",
        "000-000",
        "XXX",
        "xxxxxxxxxxx",
        "x x",
        "\u200b",
        "없음",
        "해당 없음",
    ],
)
def test_a_placeholder_names_nobody(text):
    """For a person the record is refused; whatever else it stands for is left out, and the payment counts."""
    answer = Pipeline().send(TRANSACTIONS, BIG | {"counterparty_id": text}, at=TIME)
    assert isinstance(answer, Rejected)
    assert answer.codes == ("identifier.placeholder",)
    optional = {
        "party_account": "party_account",
        "counterparty_account": "counterparty_account",
        "contract_counterparty_id": "contract_counterparty",
        "device_id": "device",
        "contact_id": "contact",
        "payment_id": "payment_id",
        "report_no": "report_no",
        "declaration_no": "declaration_no",
    }
    (event,) = sent(BIG | dict.fromkeys(optional, text)).events()
    assert {getattr(event, field) for field in optional.values()} == {None}
    assert event.notes == tuple(f"placeholder {name}" for name in optional)
    assert DEFAULT.names_nobody(text)


@pytest.mark.parametrize(
    "text", ["NADA", "N/A-1", "X1", "X", "NOTPROVIDED-7", "UNKNOWNS", "00001", "1", "NONE-KR", "A-"]
)
def test_an_identifier_that_begins_like_a_placeholder_is_one(text):
    """The honest case: names and numbers that hold such a word."""
    assert DEFAULT.person(text) == (text, "")
    assert not DEFAULT.names_nobody(text)


def test_a_sender_that_counts_from_zero_loses_no_event():
    """Zeros are nobody, but an event's number and a branch's code."""
    (event,) = sent(BIG | {"event_id": "0", "branch": "000"}).events()
    assert (event.event_id, event.branch, event.notes) == ("0", "000", ())


@pytest.mark.parametrize("report", ["-", "NONREF", "", "  ", "reported", "R" * 65, "1" * 65])
def test_a_report_number_that_is_none_exempts_no_payment(report):
    """The cap counts the payments all the same; with a number they would be out of it."""
    bodies = [BIG | {"event_id": f"r{number}", "report_no": report} for number in range(2)]
    assert len(alerts(Pipeline(), *bodies)) == 1
    reported = [body | {"report_no": f"2026-{number}"} for number, body in enumerate(bodies)]
    assert alerts(Pipeline(), *reported) == []


def test_report_numbers_have_the_configured_form():
    """Masks: 9 a digit, A a letter. Another form is left out and noted."""
    rule = Identifiers(report_numbers=("9999-AA-999", "R999999"))
    for text, kept in (("2026-FX-001", True), ("R123456", True), ("2026-FX-01", False), ("2026FX001", False)):
        read = rule.read(TRANSACTIONS, TRANSACTION | {"report_no": text})
        assert ("report_no" in read.body) is kept
        assert read.notes == (() if kept else ("report_form report_no",))


def test_configured_placeholders_count_beside_the_built_in_ones():
    """Also one with digits, which no built-in one has."""
    rule = Identifiers(placeholders=("9999999", "To be told"))
    for text in ("9999999", "999-9999", "TO-BE-TOLD", "NONREF"):
        assert rule.person(text)[1] == "identifier.placeholder"
        assert "payment_id" not in rule.read(TRANSACTIONS, TRANSACTION | {"payment_id": text}).body
        assert DEFAULT.person(text)[1] == ("identifier.placeholder" if text == "NONREF" else "")


def test_the_same_event_in_another_spelling_is_a_duplicate():
    """Identity and body are those of the one spelling; another amount is still a conflict."""
    first = BIG | {"event_id": "d1", "payment_id": "P 1", "purpose": "40101"}
    pipeline = sent(
        first, first | {"event_id": "d1 ", "payment_id": " P  1", "purpose": "40101\u200b", "report_no": "-"}
    )
    assert (pipeline.state.counters["duplicates"], pipeline.state.counters["conflicts"]) == (1, 0)
    sent(first | {"amount": "1"}, pipeline=pipeline)
    assert pipeline.state.counters["conflicts"] == 1


def test_purposes_in_two_spellings_are_one_purpose():
    """T01 looks at pieces of one purpose; a blank behind it would take every second piece out."""
    bodies = [
        TRANSACTION
        | {
            "event_id": f"p{number}",
            "event_time": f"2026-01-05T{number + 1:02}:00:00+09:00",
            "purpose": "40101" if number % 2 else "40101 ",
        }
        for number in range(4)
    ]
    (alert,) = alerts(sent(USD_KRW, topic=RATES), *bodies)[-1:]
    assert b'"T01"' in alert.value


def test_declarations_and_profiles_go_by_the_same_rule():
    """A trader's declaration and profile reach the party of its payments."""
    pipeline = sent(TRANSACTION | {"party_id": "P-1"})
    sent(DECLARATION | {"party_id": "P-1\u3000", "amends": "D-0 "}, topic=DECLARATIONS, pipeline=pipeline)
    sent(
        PROFILE | {"party_id": wide("P-1"), "related_counterparties": ["C-1 ", "UNKNOWN", "C-2"]},
        topic=PROFILES,
        pipeline=pipeline,
    )
    party = pipeline.party()
    assert party.declarations == 1
    assert party.facts is not None
    assert len(party.facts.related) == 2


def test_the_sealed_identity_is_the_one_spelling():
    """What an officer reads when a token is opened is the identifier that the token stands for."""
    body = TRANSACTION | {"party_id": "P-1\u200b", "counterparty_id": " C-1"}
    door = Door(development_keys(), 1, {})
    answer = door.admit(ArrivedRecord(TRANSACTIONS, 0, 0, 1_767_580_000_000, b"P-1 ", json.dumps(body).encode(), []))
    assert isinstance(answer, Admitted)
    assert [identifier for _, identifier in answer.identities] == ["P-1", "C-1"]
    assert answer.notes == ("respelled party_id", "respelled counterparty_id")


def test_a_key_in_another_spelling_of_the_party_is_its_key():
    """The key is read as the field is; another party's key is not."""
    for key, good in ((b"P-1 ", True), (wide("P-1").encode(), True), (b"p-1", False), (b"P-1 1", False)):
        answer = Pipeline().send(TRANSACTIONS, TRANSACTION, key=key)
        assert isinstance(answer, Rejected) is not good


def test_a_header_in_another_spelling_of_the_party_stays_at_the_door():
    """As one in the same spelling does; a header of the sender's own number goes on."""
    person = "900101-1234567"
    value = json.dumps(TRANSACTION | {"party_id": person}).encode()
    door = Door(development_keys(), 1, {})
    told = {"/c/900101-1234567": False, "/c/9001\u200b01-1234567": False, wide(person): False, "/c/77": True}
    for held, goes in told.items():
        header = ("ce_source", held.encode())
        answer = door.admit(ArrivedRecord(TRANSACTIONS, 0, 0, 1_767_580_000_000, person.encode(), value, [header]))
        assert isinstance(answer, Admitted)
        assert (header in answer.records[0][3]) is goes


def test_an_incoterm_has_capitals():
    """In whichever case it was written: the second record is a duplicate."""
    pipeline = sent(*(DECLARATION | {"incoterm": term} for term in ("FOB", "fob")), topic=DECLARATIONS)
    assert pipeline.state.counters["duplicates"] == 1


def test_hostile_texts_cost_no_more_than_milliseconds():
    """A profile of 4 096 related texts of combining marks and fillers, and fields of 64 KiB."""
    texts = ["\u1100\u0301\u3164" * 5 + str(number) for number in range(4096)]
    body = PROFILE | {"related_counterparties": texts}
    with own_cpu() as measured:
        read = DEFAULT.read(PROFILES, body)
    assert len(read.body["related_counterparties"]) == 4096
    assert measured.seconds < 0.25
    long = TRANSACTION | {"party_id": "\ufdfa" * 21_000, "counterparty_id": "-" * 65_000, "payment_id": " X" * 30_000}
    with own_cpu() as measured:
        DEFAULT.read(TRANSACTIONS, long)
    assert measured.seconds < 0.01
    with own_cpu() as measured:
        for _ in range(100):
            DEFAULT.reference("-X" * 127 + "Q-")
    assert measured.seconds < 0.05


def test_memory_of_spellings_is_bounded(monkeypatch):
    """However many parties a sender names."""
    monkeypatch.setattr("streams.contracts.identifiers.REMEMBERED", 50)
    rule = Identifiers()
    for number in range(500):
        rule.read(TRANSACTIONS, TRANSACTION | {"party_id": f"P-{number}", "device_id": f"D-{number}"})
    assert all(len(known) <= 51 for fields in rule._named_fields.values() for _, known, _, _ in fields)


def test_plain_texts_stay_the_very_object():
    """Most identifiers are ASCII without blanks: nothing is made anew."""
    text = "P-1234567890"
    assert plain(text) is text
