"""Ledger records in words, whole in both languages, and for machines."""

import io
import re
from datetime import date

import msgspec
import pytest

from detectors.contracts.approvals import Approvals
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.contracts.learning import Learning, Mean, ScoreCounts, StreamDrift
from detectors.memory.day_measures import MEASURES
from streams.alert_text.alert_text import text_of
from streams.desk_text.record_text import record_json, record_lines
from streams.desk_text.record_words import MEASURES_KO, VALUES
from streams.ledger import envelope
from tests.support.desk_records import EVENTS, NOON, PARTY, PURPOSES, SEOUL, payment, record
from tests.support.korean import foreign_words


def page(event, lang):
    made = record(event)
    read, origin = envelope.decode_record(made.value, made.headers, made.offset, made.timestamp)
    return text_of(record_lines("3:7", made.key.decode(), read, origin, purposes=PURPOSES, zone=SEOUL, lang=lang))


@pytest.mark.parametrize("event", EVENTS, ids=[type(each).__name__ for each in EVENTS])
def test_a_record_in_words_is_whole_in_both_languages(event):
    """Every value of the event stands on the page; the Korean page has no English word."""
    english, korean = page(event, "en"), page(event, "ko")
    codes = {"kind", *VALUES["en"], "base", "quote"}
    for name in event.__struct_fields__:
        content = getattr(event, name)
        if isinstance(content, str) and name not in codes and not re.fullmatch(r"[0-9.]+", content):
            assert content in english, name
    names = {
        "VN",
        "CN",
        "crypto",
        "EA",
        "rules",
        "legend",
        "desks",
        "detectors",
        "engine",
        "admission",
        "rates",
        "sanctions",
        "duties",
        "screens",
        "pack",
        "approvers",
        "challengers",
        "promotion",
        "stopped",
        "quarantine",
        "desk",
        "notes",
    }
    assert [word for word in foreign_words(korean) if word not in names] == []
    assert "2026-04-28 12:00:00 KST" in english or isinstance(event, ConfigurationChange)


def test_a_configuration_says_who_approved_it():
    """The approvers by name, when it was proposed, and why; nothing where nobody had to."""
    approvals = Approvals(
        replaces="0" * 64, proposed_at=NOON, reason="notice 2026-1", signatures={"lee": "b", "kim": "a"}
    )
    event = msgspec.structs.replace(EVENTS[-1], approvals=approvals)
    assert "  Approved by               kim, lee (2026-04-28 12:00:00 KST: notice 2026-1)" in page(event, "en")
    assert "kim, lee (2026년 4월 28일 12:00:00(한국 시각): notice 2026-1)" in page(event, "ko")
    assert "Approved by" not in page(EVENTS[-1], "en")
    assert "승인" not in page(EVENTS[-1], "ko")


def test_a_payment_in_words():
    """Word for word: what an investigator reads of it."""
    text = page(EVENTS[0], "en")
    for line in (
        "LEDGER RECORD 3:7  Payment across the border",
        "  Amount                    4,858.80 USD",
        "  Settled as                7,292,968 KRW",
        "  Purpose                   gift to a person abroad (40101)",
        "  Documents                 documents shown",
        "  Status                    returned",
        "  Came from                 partition 4, offset 106 of fx.transactions.v1",
        "  Mended at the door        Reported by: spelled anew",
        f"  Former tokens             {PARTY} <- k0.0a3.{'9' * 32}",
    ):
        assert line in text, line
    assert "  금액                      미화 4,858.80달러" in page(EVENTS[0], "ko")


@pytest.mark.parametrize(
    ("field", "english", "korean"),
    [
        ("party_id", "Party", "당사자"),
        ("counterparty_id", "Counterparty", "상대방"),
        ("contract_counterparty_id", "Party of the contract", "계약 상대방"),
        ("device_id", "Device", "기기"),
        ("contact_id", "Contact", "연락처"),
        ("event_id", "Id", "식별번호"),
        ("payment_id", "Payment's reference", "거래 참조번호"),
    ],
)
def test_what_was_mended_is_named_in_the_readers_language(field, english, korean):
    """The door's notes have the contract's names of fields, the page its own."""
    event = payment(notes=(f"respelled {field}",))
    assert f"  Mended at the door        {english}: spelled anew\n" in page(event, "en")
    assert f"  접수 시 보정              {korean}: 표기 통일\n" in page(event, "ko")


def test_a_record_for_machines():
    """The event as the ledger has it, and where it came from."""
    made = record(EVENTS[4])
    event, origin = envelope.decode_record(made.value, made.headers, made.offset, made.timestamp)
    told = record_json("3:7", "record", event, origin, "")
    assert told["source"] == {"topic": "fx.dispositions.v1", "partition": 4, "offset": 106}
    assert (told["event"]["type"], told["event"]["verdict"], told["position"]) == ("disposition", "refuted", "3:7")
    assert record_json("3:7", "marker", None, None, "") == {"position": "3:7", "state": "marker"}


def test_a_senders_escape_sequence_does_not_reach_the_terminal():
    """In no field that a sender chooses."""
    text = page(payment(institution="A\x1b[2J", branch="\u202eB"), "en")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_origin_without_a_source():
    """The ledger's first record is nobody's input."""
    origin = Origin(offset=0, source=None, commitment="", timestamp_ms=-1)
    text = text_of(record_lines("0:0", "configuration", EVENTS[5], origin, purposes=PURPOSES, zone=SEOUL, lang="en"))
    assert "topics apply" in text
    assert io.StringIO(text).readline().startswith("LEDGER RECORD 0:0  Configuration")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "a drift: amount of person.out changed"),
        ("ko", "거래 흐름의 변화: person.out 금액, 2026년 3월 21일부터 1024 USD → 2048 USD"),
    ],
)
def test_a_drift_is_said_in_words(lang, words):
    """The sentence of the log in English; segment, measure, day and both means in Korean."""
    before, after = (Mean(payments=10, days=3, total=parts) for parts in (3200, 3520))
    drift = StreamDrift(
        segment="person.out",
        measure="amount",
        since=date(2026, 3, 21),
        before=before,
        after=after,
        text="amount of person.out changed",
        detectors="f00d",
    )
    origin = Origin(offset=7, source=Source("fx.learning.v1", 0, 6), commitment="k1:" + "0" * 64, timestamp_ms=0)
    event = Learning(partition=0, number=7, told=drift)
    text = text_of(record_lines("0:7", "learning", event, origin, purposes=PURPOSES, zone=SEOUL, lang=lang))
    assert words in " ".join(text.split())


def test_every_measure_has_a_korean_name():
    assert MEASURES_KO.keys() == MEASURES.keys()


@pytest.mark.parametrize(("lang", "told"), [("en", "1,006 scores"), ("ko", "점수 1,006건")])
def test_what_a_partition_told_is_said_in_a_few_words(lang, told):
    """Who told it, the number, and how many scores; the bins are for machines."""
    event = Learning(
        partition=3,
        number=7,
        told=ScoreCounts(segments={"person.out": (2, 5, 9, 1), "person.in": (4, 1000)}, detectors="f00d"),
    )
    source = Source("fx.learning.v1", 3, 6)
    origin = Origin(offset=7, source=source, commitment="k1:" + "0" * 64, timestamp_ms=0)
    text = text_of(record_lines("3:7", "learning", event, origin, purposes=PURPOSES, zone=SEOUL, lang=lang))
    assert told in text
    assert "fx.learning.v1" in text
    if lang == "ko":
        assert [word for word in foreign_words(text) if word != "learning"] == []
