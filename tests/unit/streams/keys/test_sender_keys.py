"""Whose records are believed by their signature, and every way in which one is not."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from detectors.values.institution_code import institution_code
from detectors.values.spelling import folded
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, RULES, TRANSACTIONS
from streams.contracts.refusal_codes import CODES
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.formats.record import make_headers
from streams.keys.pseudonyms import development_keys
from streams.keys.sender_keys import MOST_KEYS, OUTCOMES, SenderKeys
from streams.keys.signed_records import SIGNATURE
from tests.support import history
from tests.support.own_cpu import own_cpu
from tests.support.pipeline import GOOD
from tests.support.shuffled import shuffled
from tests.support.signing import BANK, BANKS, OFFICE, OTHER, key_of, signature_of

NOW = datetime(2026, 1, 5, 2, 26, 40, tzinfo=UTC)


NOW_MS = int(NOW.timestamp() * 1000)


KEY_FIELD = {DISPOSITIONS: "party"}


WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "SHBKKRSE")


MARK = ("fx.history", b"1")


def sent(topic=TRANSACTIONS, **changes):
    """Topic, key and value of a good record."""
    body = {**GOOD[topic], **changes}
    key = f"{body['base']}/{body['quote']}" if topic == RATES else body[KEY_FIELD.get(topic, "party_id")]
    return topic, key.encode(), json.dumps(body).encode()


def admit(record, headers=(), senders=BANKS, timestamp_ms=NOW_MS, admission=None):
    """What the door makes of a record on partition 3."""
    door = Door(development_keys(), 12, {}, admission, senders)
    return door.admit(ArrivedRecord(record[0], 3, 77, timestamp_ms, record[1], record[2], list(headers)))


def outcome(answer):
    """`proven` or the code of the fault; None where nothing had to be proven."""
    assert isinstance(answer, Admitted if answer.proof is None or answer.proof.fault is None else Rejected), answer
    return None if answer.proof is None else answer.proof.outcome


def test_a_signed_payment_is_admitted_and_becomes_what_an_unsigned_one_did():
    """The ledger's bytes are the same: the signature goes no further than the door."""
    record = sent()
    proven, plain = admit(record, signature_of(*record)), admit(record, senders=None)
    assert (proven.proof.sender, proven.proof.outcome) == ("SHBKKRSE", "proven")
    assert (proven.records, proven.legs) == (plain.records, plain.legs)
    assert SIGNATURE not in repr(proven.records)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (lambda record: [], "signature.missing"),
        (lambda record: [(SIGNATURE, None)], "signature.missing"),
        (lambda record: [("FX.SIGNATURE", signature_of(*record)[0][1])], "signature.missing"),
        (lambda record: [(SIGNATURE, b"")], "signature.malformed"),
        (lambda record: [(SIGNATURE, signature_of(*record)[0][1] + b"0")], "signature.malformed"),
        (lambda record: [(SIGNATURE, signature_of(*record)[0][1][:-1])], "signature.malformed"),
        (lambda record: [(SIGNATURE, b"\x02" + signature_of(*record)[0][1][1:])], "signature.malformed"),
        (lambda record: [(SIGNATURE, b"\x01" + bytes(64))], "signature.wrong"),
        (lambda record: signature_of(*record, by=OTHER), "signature.wrong"),
        (lambda record: signature_of(RATES, *record[1:]), "signature.wrong"),
        (lambda record: signature_of(record[0], b"P-2", record[2]), "signature.wrong"),
        (lambda record: signature_of(*record[:2], record[2] + b" "), "signature.wrong"),
        (lambda record: [*signature_of(*record), MARK], "signature.wrong"),
        (lambda record: signature_of(*record, headers=[("fx.note", b"1")])[1:], "signature.wrong"),
        (lambda record: [*signature_of(*record), *signature_of(*record, by=OTHER)], "signature.wrong"),
    ],
)
def test_a_record_in_anothers_name_is_refused_by_its_own_code(headers, code):
    """Without, with a broken, another's, another record's signature, or with a header added or taken away."""
    record = sent()
    answer = admit(record, headers(record), admission=history.ADMISSION)
    assert (answer.codes, answer.stage, answer.proof.sender) == ((code,), "validate", "SHBKKRSE")
    assert answer.message.startswith(f"{code} {SIGNATURE} (expected ")
    assert "SHBK" not in answer.message


def test_headers_that_mean_nothing_may_be_added_on_the_way():
    """Traces and CloudEvents; and the last signature counts, as of all headers."""
    record = sent()
    headers = [*signature_of(*record, by=OTHER), ("traceparent", b"00-ab"), *signature_of(*record), ("x", None)]
    assert outcome(admit(record, headers)) == "proven"


def test_a_signature_covers_what_makes_a_record_history():
    """Signed with the mark it is history; the mark taken away is another record."""
    record = sent()
    headers = signature_of(*record, headers=[MARK])
    answer = admit(record, headers, admission=history.ADMISSION)
    assert outcome(answer) == "proven"
    assert MARK in answer.records[0][3]
    assert outcome(admit(record, headers[1:], admission=history.ADMISSION)) == "signature.wrong"


def test_a_signature_holds_in_any_order_of_headers_where_they_were_signed_by_name():
    """A proxy may keep no order: a sender that signs its `fx.` headers by name is believed all the same."""
    record = sent()
    note = ("fx.note", b"1")
    headers = [("traceparent", b"00-ab"), *signature_of(*record, headers=[MARK, note])]
    plain = admit(record, headers, admission=history.ADMISSION)
    assert (outcome(plain), MARK in plain.records[0][3]) == ("proven", True)
    for other in shuffled(headers):
        answer = admit(record, other, admission=history.ADMISSION)
        assert (answer.records, answer.proof) == (plain.records, plain.proof)
    unordered = signature_of(*record, headers=[note, MARK])
    assert outcome(admit(record, unordered, admission=history.ADMISSION)) == "proven"
    assert outcome(admit(record, unordered[::-1], admission=history.ADMISSION)) == "signature.wrong"


def test_a_signature_holds_the_order_of_headers_with_one_name():
    """The last of them counts: turned round, what was signed as no history would be history."""
    record, no = sent(), ("fx.history", b"0")
    headers = signature_of(*record, headers=[MARK, no])
    assert outcome(admit(record, headers)) == "proven"
    assert outcome(admit(record, [no, MARK, *headers[2:]], admission=history.ADMISSION)) == "signature.wrong"


def test_all_faults_are_told():
    """A forged record with the mark of history has both codes; one that cannot be read has only that."""
    record = sent()
    assert admit(record, [MARK]).codes == ("history.not_allowed", "signature.missing")
    broken = admit(sent(amount="1,5"))
    assert (broken.codes, broken.proof) == (("decimal.malformed",), None)


@pytest.mark.parametrize("told", ["SHBKKRSE", "SHBKKRSEXXX", "shbkkrse", " SHBKKRSE ", "SHBK\u200bKRSE", WIDE])
def test_every_spelling_of_the_name_needs_the_key(told):
    """BIC8 and BIC11, cases, blanks, invisible signs and width forms are one institution."""
    record = sent(institution=told)
    assert outcome(admit(record)) == "signature.missing"
    assert outcome(admit(record, signature_of(*record))) == "proven"


def test_a_name_that_the_core_reads_as_anothers_needs_its_key():
    """A register's code of a BIC's form but of no country: the core cuts `XXX` off, so the door has to."""
    keys = SenderKeys([key_of(BANK, institutions=("WOORIBNK",))])
    for told in ("WOORIBNK", "WOORIBNKXXX", "WOORIBNKXXX\u200b"):
        record = sent(institution=told)
        assert outcome(admit(record, senders=keys)) == "signature.missing"
        assert outcome(admit(record, signature_of(*record), senders=keys)) == "proven"
    # the honest case beside it: other codes are other institutions, for the core too
    for told in ("WOORIBNKXX1", "WOORIBNKXX", "wooribnkxxx"):
        answer = admit(sent(institution=told), senders=keys)
        assert isinstance(answer, Admitted)
        assert json.loads(answer.records[0][2])["institution"] == told == institution_code(told)


@pytest.mark.parametrize("told", ["BANKKRSE", "SHBKKRSE123", "SHBKKRS"])
def test_an_institution_without_a_key_is_as_before(told):
    """Unsigned, or with a signature of whomever; a branch of another BIC11 is another institution."""
    record = sent(institution=told)
    for headers in ([], signature_of(*record), [(SIGNATURE, b"nonsense")]):
        answer = admit(record, headers)
        assert (outcome(answer), answer.proof) == (None, None)


@pytest.mark.parametrize("topic", [DECLARATIONS, RATES, PROFILES, DISPOSITIONS])
def test_topics_without_keys_are_as_before(topic):
    """An institution's key says nothing of them."""
    assert outcome(admit(sent(topic))) is None


@pytest.mark.parametrize("topic", [DECLARATIONS, RATES, PROFILES, DISPOSITIONS, TRANSACTIONS])
def test_a_topic_with_a_key_takes_only_what_it_signed(topic):
    """A rate feed, customs, a register, a console; an institution's own key stands before a topic's."""
    senders = SenderKeys([key_of(OFFICE, topics=(topic,)), key_of(BANK, institutions=("SHBKKRSE",))])
    changes = {"institution": "BANKKRSE"} if topic == TRANSACTIONS else {}
    record = sent(topic, **changes)
    assert outcome(admit(record, senders=senders)) == "signature.missing"
    assert outcome(admit(record, signature_of(*record, by=BANK), senders)) == "signature.wrong"
    answer = admit(record, signature_of(*record, by=OFFICE), senders)
    assert outcome(answer) == "proven"
    assert answer.proof.sender == topic
    own = sent()
    answer = admit(own, signature_of(*own, by=OFFICE), senders)
    assert (outcome(answer), answer.proof.sender) == ("signature.wrong", "SHBKKRSE")


@pytest.mark.parametrize("told", ["Kim Min-su", "KIM MIN-SU", "Kim  Min-su ", "Kim Min-su\u200b"])
def test_an_officer_with_a_key_signs_every_verdict(told):
    """Whoever writes the name in another case or with a blank more needs the key too; the metric has no name."""
    senders = SenderKeys([key_of(OFFICE, officers=(folded("Kim Min-su"),))])
    record = sent(DISPOSITIONS, investigator=told)
    assert outcome(admit(record, senders=senders)) == "signature.missing"
    answer = admit(record, signature_of(*record, by=OFFICE), senders)
    assert (outcome(answer), answer.proof.sender) == ("proven", DISPOSITIONS)
    assert outcome(admit(sent(DISPOSITIONS, investigator="Kim Min-a"), senders=senders)) is None


def test_a_feed_with_a_key_signs_every_rate_that_names_it():
    """In any spelling; a rate that names another feed or none is the topic's, or as before."""
    ecb = key_of(OFFICE, feeds=("ecb",))
    for told in ("ECB", "ecb", " ECB", "E\u200bCB"):
        record = sent(RATES, source=told)
        assert outcome(admit(record, senders=SenderKeys([ecb]))) == "signature.missing"
        assert outcome(admit(record, signature_of(*record, by=BANK), SenderKeys([ecb]))) == "signature.wrong"
        answer = admit(record, signature_of(*record, by=OFFICE), SenderKeys([ecb]))
        assert (outcome(answer), answer.proof.sender) == ("proven", RATES)
    for changes in ({}, {"source": "BOK"}):
        record = sent(RATES, **changes)
        assert outcome(admit(record, senders=SenderKeys([ecb]))) is None
        both = SenderKeys([ecb, key_of(BANK, topics=(RATES,))])
        assert outcome(admit(record, signature_of(*record, by=OFFICE), both)) == "signature.wrong"
        assert outcome(admit(record, signature_of(*record, by=BANK), both)) == "proven"
    for topic in (DECLARATIONS, PROFILES):
        assert SenderKeys([ecb]).judge(ArrivedRecord(topic, 0, 0, NOW_MS, None, b"{}", []), {"source": "ECB"}) is None


def test_a_key_is_valid_to_the_millisecond_by_the_records_own_time():
    """So that a record read late, or again, gets the same answer; a record without a time is not believed."""
    senders = SenderKeys([key_of(BANK, until=NOW, institutions=("SHBKKRSE",))])
    record = sent()
    headers = signature_of(*record)
    assert outcome(admit(record, headers, senders, NOW_MS)) == "proven"
    assert outcome(admit(record, headers, senders, NOW_MS + 1)) == "signature.expired"
    assert (
        senders.judge(ArrivedRecord(TRANSACTIONS, 0, 0, -1, *record[1:], headers), {"institution": "SHBKKRSE"}).outcome
        == "signature.expired"
    )
    endless = BANKS.judge(ArrivedRecord(TRANSACTIONS, 0, 0, -1, *record[1:], headers), {"institution": "SHBKKRSE"})
    assert endless.outcome == "proven"
    # 1970 is a time, and -1 is none
    first = [
        senders.judge(ArrivedRecord(TRANSACTIONS, 0, 0, at, *record[1:], headers), {"institution": "SHBKKRSE"})
        for at in (0, -1)
    ]
    assert [(proof.outcome, proof.sender) for proof in first] == [
        ("proven", "SHBKKRSE"),
        ("signature.expired", "SHBKKRSE"),
    ]
    assert outcome(admit(record, signature_of(*record, by=OTHER), senders, NOW_MS + 1)) == "signature.wrong"


def test_in_a_rotation_both_keys_are_believed_and_then_the_new_one():
    """Old key until a time, new key from before it on."""
    senders = SenderKeys(
        [key_of(BANK, until=NOW, institutions=("SHBKKRSE",)), key_of(OTHER, institutions=("SHBKKRSE",))]
    )
    record = sent()
    old, new = signature_of(*record), signature_of(*record, by=OTHER)
    assert [outcome(admit(record, by, senders, NOW_MS)) for by in (old, new)] == ["proven", "proven"]
    later = [outcome(admit(record, by, senders, NOW_MS + 1)) for by in (old, new)]
    assert later == ["signature.expired", "proven"]


def test_where_everybody_must_sign_a_stranger_is_refused():
    """`require`: on the topics that it names, whoever has no key cannot write; on others as before."""
    senders = SenderKeys(BANKS.keys, [TRANSACTIONS, RATES])
    record = sent(institution="BANKKRSE")
    for headers in ([], signature_of(*record, by=OTHER)):
        answer = admit(record, headers, senders)
        assert (outcome(answer), answer.proof.sender) == ("signature.no_key", TRANSACTIONS)
    assert outcome(admit(sent(RATES), senders=senders)) == "signature.no_key"
    assert outcome(admit(sent(DECLARATIONS), senders=senders)) is None
    own = sent()
    assert outcome(admit(own, signature_of(*own), senders)) == "proven"


def test_a_payment_message_is_signed_as_it_is_sent():
    """The institution is the converted one; signed are the message's own bytes, key and fx.convert headers."""
    message = (
        b"{1:F01SHBKKRSEAXXX0000000000}{2:I103BANKDEFFXXXXN}{3:{121:5f2b8c1e-6d2a-4c3b-9f1e-0a1b2c3d4e5f}}{4:\r\n"
        b":20:R1\r\n:13C:/SNDTIME/1011+0900\r\n:23B:CRED\r\n:32A:260105USD4950,00\r\n:50K:/110-1\r\nA\r\n/KR\r\n:52A:SHBKKRSE\r\n"
        b":57A:BANKDEFF\r\n:59:/DE89370400440532013000\r\nB\r\n:71A:OUR\r\n-}"
    )
    given = {
        "resident_country": "KR",
        "party_type": "person",
        "channel": "web",
        "institution_numbers": "true",
        "institution": "SHBKKRSE",
        "utc_offset": "+09:00",
        "time_of_day": "10:11",
    }
    headers = list(make_headers("fin", given))
    record = (TRANSACTIONS, b"any", message)
    without = admit(record, headers)
    assert without.codes == ("signature.missing",), without
    signed = signature_of(*record, headers=headers)
    assert outcome(admit(record, signed)) == "proven"
    other = [(name, b"app" if name == "fx.convert.channel" else content) for name, content in signed]
    assert outcome(admit(record, other)) == "signature.wrong"


def test_configurations_are_not_judged():
    """Who puts one in force is an operator: no key of the file is for their topic, not even where all must sign."""
    assert SenderKeys(BANKS.keys, [TRANSACTIONS]).judge(ArrivedRecord(RULES, 0, 0, 0, None, b"{}", []), {}) is None


def test_the_outcomes_are_codes():
    """What the metric calls them is what the dead letters call them."""
    assert set(OUTCOMES) - {"proven"} == {code for code in CODES if code.startswith("signature.")}


def test_the_fingerprint_is_of_what_is_believed():
    """Equal for the same keys in another order, different for each thing that changes who is believed."""
    one, two = key_of(BANK, institutions=("A", "B")), key_of(OTHER, topics=(RATES,))
    base = SenderKeys([one, two]).fingerprint
    assert SenderKeys([two, key_of(BANK, institutions=("B",)), key_of(BANK, institutions=("A",))]).fingerprint == base
    others = {
        SenderKeys(keys, required).fingerprint
        for keys, required in (
            ([one], ()),
            ([one, two], [RATES]),
            ([one._replace(until=NOW), two], ()),
            ([one._replace(institutions=("A",)), two], ()),
            ([one, two._replace(officers=("c",))], ()),
            ([one, two._replace(feeds=("c",))], ()),
            ([one._replace(public_key=OTHER.verify_key.encode()), two], ()),
        )
    }
    assert len(others) == 7
    assert base not in others


def test_the_fingerprint_stays_between_releases():
    """Operators compare it between machines: a line for each name, topic and key, in order, and its SHA-256."""
    keys = [
        key_of(BANK, institutions=("A",), officers=("kim",)),
        key_of(OTHER, until=NOW, feeds=("ecb",), topics=(RATES,)),
    ]
    bank, other = (bytes(key.verify_key).hex() for key in (BANK, OTHER))
    until = f"{NOW.timestamp()}"
    lines = "\n".join(
        [
            f"feed ecb {other} {until}",
            f"institution A {bank} ",
            f"officer kim {bank} ",
            f"require {TRANSACTIONS}",
            f"topic {RATES} {other} {until}",
        ]
    )
    assert SenderKeys(keys, [TRANSACTIONS]).fingerprint == hashlib.sha256(lines.encode()).hexdigest()[:12]


def test_who_can_send_nothing_is_told():
    """Names whose keys have all ended, and topics that require a key that nobody has."""
    yesterday = NOW - timedelta(days=1)
    senders = SenderKeys(
        [
            key_of(BANK, until=yesterday, institutions=("A", "B")),
            key_of(OTHER, institutions=("B",)),
            key_of(OFFICE, until=NOW, officers=("kim",)),
            key_of(OFFICE, until=yesterday, feeds=("ecb",), topics=(RATES,)),
        ],
        [TRANSACTIONS, RATES, PROFILES, DISPOSITIONS],
    )
    assert senders.find_silenced(NOW) == ["A", "feed ecb", f"all of {RATES}", f"all of {PROFILES}"]
    later = ["A", "officer kim", "feed ecb", f"all of {RATES}", f"all of {PROFILES}"]
    assert senders.find_silenced(NOW + timedelta(seconds=1)) == later
    assert BANKS.find_silenced(NOW) == []
    assert "kim" not in senders.describe()
    signed = "A, B; officers: 1; feed ecb; all of fx.dispositions.v1"
    assert senders.describe().startswith(f"keys: 4; signed records of: {signed}; ")


def test_a_forger_costs_milliseconds_at_most():
    """The most keys a name may have, all tried, on the longest record: 64 KiB, none of them right."""
    seeds = [bytes([number]) * 32 for number in range(MOST_KEYS)]
    keys = [key_of(type(BANK)(seed), institutions=("SHBKKRSE",)) for seed in seeds]
    senders, record = SenderKeys(keys), sent()
    value = record[2].ljust(64 * 1024)
    headers = [(SIGNATURE, signature_of(*record)[0][1])]
    with own_cpu() as measured:
        for _ in range(20):
            proof = senders.judge(
                ArrivedRecord(TRANSACTIONS, 0, 0, NOW_MS, record[1], value, headers), {"institution": "SHBKKRSE"}
            )
    assert proof.outcome == "signature.wrong"
    print(f"{measured.seconds / 20 * 1e6:.0f} us a record")
    assert measured.seconds / 20 < 0.010
