"""Lines into records and back: keys from the contract, time stamps as asked for, faults with their line."""

import base64
import re

import orjson
import pytest

from streams.contracts.input_record import InputRecord
from streams.contracts.record_headers import HISTORY_HEADER
from streams.contracts.record_lines import AT_SENDING, LineError, RecordLine, parse_lines, read, topic_of, write
from streams.errors import UsageError
from streams.generator import Simulation
from tests.support.repository import ROOT

RATE = b'{"base":"USD","quote":"KRW","mid":"1387.50","rate_time":"2026-05-04T10:00:00+09:00"}'


def test_every_simulated_record_survives_its_line() -> None:
    """Written and read back, every record is the same, the bad ones byte for byte; most lines are plain."""
    records = list(Simulation(6, 3_000, bad_share=0.05, days=30, history_days=5))
    lines = [write(record) for record in records]
    again = [
        next(read([line], record.topic, source="test", timestamps="event"))
        for line, record in zip(lines, records, strict=True)
    ]
    assert again == records
    # history carries a header, and a rate is sent before the time it applies from: both need the envelope
    plain = [record for record in records if not record.headers and record.topic != "fx.rates.v1"]
    later = [write(record) for record in plain]
    assert sum(not line.startswith(b'{"__record"') for line in later) > 0.85 * len(later)


def test_a_plain_line_is_sent_byte_for_byte_with_the_key_of_the_contract() -> None:
    """Spaces and field order of the sender stay; the key is BASE/QUOTE; the stamp is the time of sending."""
    spaced = RATE.replace(b":", b": ", 1)
    assert list(read([spaced + b"\r\n", b"\n"], "fx.rates.v1", source="f")) == [
        InputRecord("fx.rates.v1", b"USD/KRW", spaced, AT_SENDING)
    ]


def test_event_timestamps_and_history() -> None:
    """The event's own time in UTC milliseconds, and the header that marks history, once."""
    (line,) = parse_lines([RATE], "fx.rates.v1", timestamps="event", history=True)
    record = line.record
    assert record.timestamp_ms == 1_777_856_400_000
    assert record.headers == (HISTORY_HEADER,)
    assert next(parse_lines([write(record)], "fx.rates.v1", history=True)).record.headers == (HISTORY_HEADER,)


def test_an_envelope_keeps_its_time_unless_now_is_asked_for() -> None:
    """`own` and `event` use the envelope's timestamp_ms, `now` the time of sending."""
    line = orjson.dumps(
        {"__record": {"key": "k", "value_base64": base64.b64encode(b"\xff").decode(), "timestamp_ms": 5}}
    )
    stamps = [next(read([line], "fx.rates.v1", source="f", timestamps=choice)) for choice in ("own", "event", "now")]
    assert [record.timestamp_ms for record in stamps] == [5, 5, AT_SENDING]
    assert {record.value for record in stamps} == {b"\xff"}


def test_the_envelope_that_the_documentation_shows_is_read() -> None:
    """docs/FORMATS.md: the only place where a sender can learn the form of one."""
    text = (ROOT / "docs" / "FORMATS.md").read_text()
    (shown,) = re.findall(r'`({"__record": .*?}})`', text)
    assert list(parse_lines([shown.encode()], "fx.rates.v1")) == [
        RecordLine(1, InputRecord("fx.rates.v1", b"USD/KRW", b'{"base": "USD"}', 1_773_100_800_000, (HISTORY_HEADER,)))
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"base":', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"quote":"KRW"}', "base is missing"),
        (b'{"__record":{"valu":"x"}}', "no field valu"),
        (b'{"__record":{"value_base64":"?"}}', "not base64"),
        (b'{"__record":{"value":"x","timestamp_ms":"soon"}}', "whole number"),
        (b'{"__record":7}', "envelope"),
        (b'{"__record":{"value":"x","headers":7}}', "headers"),
        (b'{"__record":{"value":"x","headers":[7]}}', "headers"),
        (b'{"__record":{"value":"x","headers":[["name",null]]}}', "headers"),
        (b'{"__record":{"value":"x","headers":[["a","b","c"]]}}', "headers"),
        (b'{"__record":{"value":{"base":"USD"}}}', "value is no text"),
        (b'{"__record":{"value":"x","key":7}}', "key is no text"),
        (b'{"__record":{"value":"x","timestamp_ms":18446744073709551615}}', "at most 253402300799999"),
    ],
)
def test_a_faulty_line_is_told_with_its_number_or_sent_as_it_stands(line: bytes, reason: str) -> None:
    """Without --as-is the line number and the reason; with it the bytes, and no key where none can be derived."""
    with pytest.raises(LineError, match=rf"f, line 2: .*{reason}"):
        list(read([RATE, line], "fx.rates.v1", source="f"))
    assert list(parse_lines([RATE, line], "fx.rates.v1"))[1].record == InputRecord(
        "fx.rates.v1", None, line, AT_SENDING
    )


def test_no_reason_shows_what_stood_in_the_line() -> None:
    """A time that is none, and a field that nobody knows, may be a person's name in the wrong column."""
    wrong = RATE.replace(b"2026-05-04T10:00:00+09:00", b"KIM MIN-SU")
    envelopes = b'{"__record":{"KIM MIN-SU":"x"}}', orjson.dumps({"__record": {"value": wrong.decode()}})
    for line in (wrong, *envelopes):
        with pytest.raises(LineError) as told:
            list(read([line], "fx.rates.v1", source="f", timestamps="event"))
        assert "KIM" not in told.value.message


def test_the_topic_comes_from_the_option_or_the_name() -> None:
    """--topic wins; else the file's name; anything else is refused with the topics that exist."""
    assert topic_of("in/fx.rates.v1.jsonl", None) == "fx.rates.v1"
    assert topic_of("monday.jsonl", "fx.profiles.v1") == "fx.profiles.v1"
    with pytest.raises(UsageError, match="pass --topic TOPIC"):
        topic_of("monday.jsonl", None)
    with pytest.raises(UsageError, match=r"not a topic to publish to.*fx\.ledger\.v1"):
        topic_of("x.jsonl", "fx.ledger.v1")
