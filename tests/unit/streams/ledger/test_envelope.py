"""The ledger's envelope: written, read back, and refused with its position when it cannot be read."""

from datetime import UTC, datetime

import pytest

from detectors.contracts.configuration import Configuration, DetectorSet, Legend
from detectors.contracts.events import ConfigurationChange, Origin, Rate, Source
from streams.errors import LedgerError
from streams.ledger import envelope

RATE = Rate(
    event_id="R",
    identity="1" * 32,
    body="2" * 32,
    base="USD",
    quote="KRW",
    mid="1387.5",
    rate_time=datetime(2026, 1, 5, tzinfo=UTC),
)
COMMITMENT = b"k1:" + b"ab" * 32
SOURCE = Source("fx.rates.v1", 3, 2**40)


def headers(**changes):
    return [(name, changes.get(name, content)) for name, content in envelope.envelope(SOURCE, COMMITMENT, b"rate")]


def test_an_event_comes_back_with_its_origin():
    """What was written is what is read: event, source, digest, history and trace."""
    written = envelope.envelope(SOURCE, COMMITMENT, b"rate", history=True, passed_on=[("ce_id", b"1")])
    event, origin = envelope.decode_record(envelope.encode(RATE), written, 9, 1234)
    assert event == RATE
    assert origin == Origin(
        offset=9,
        source=SOURCE,
        commitment="k1:" + "ab" * 32,
        timestamp_ms=1234,
        history=True,
        headers=(("ce_id", b"1"),),
    )


def test_a_usual_record_has_six_headers():
    """Without history and trace nothing else is written, and it reads as not history."""
    written = headers()
    assert [name for name, _ in written] == [
        envelope.SOURCE_TOPIC,
        envelope.SOURCE_PARTITION,
        envelope.SOURCE_OFFSET,
        envelope.COMMITMENT,
        envelope.TYPE,
        envelope.LEGS,
    ]
    assert envelope.decode_record(envelope.encode(RATE), written, 9, 1234)[1].history is False


def test_the_first_configuration_has_no_source():
    """`topics apply` writes it itself, so that there is no input record behind it."""
    change = ConfigurationChange(
        configuration=Configuration(rules={}, legend=Legend(), desks={}, detectors=DetectorSet(members={}))
    )
    key, value, written = envelope.first_configuration(change)
    event, origin = envelope.decode_record(value, written, 0, 55)
    assert (key, event, origin.source, origin.offset) == (b"configuration", change, None, 0)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, headers()),
        (b"", headers()),
        (b"{", headers()),
        (b'{"type":"unknown"}', headers()),
        (b"\xff", headers()),
        (envelope.encode(RATE)[:-10], headers()),
        (envelope.encode(RATE), headers(**{envelope.SOURCE_OFFSET: b"x"})),
        (envelope.encode(RATE), headers(**{envelope.SOURCE_OFFSET: None})),
        (envelope.encode(RATE), headers(**{envelope.COMMITMENT: None})),
        (envelope.encode(RATE), headers(**{envelope.COMMITMENT: b"\xff"})),
        (envelope.encode(RATE), headers(**{envelope.SOURCE_TOPIC: b"\xff"})),
        (envelope.encode(RATE), headers()[:1]),
    ],
)
def test_what_cannot_be_read_says_where_it_is(value, written):
    """An unreadable record is a `LedgerError` that names partition and offset."""
    with pytest.raises(LedgerError, match="partition 4, offset 99"):
        envelope.decode_record(value, written, 99, 1234, 4)


def test_the_id_of_the_sources_topic_comes_back():
    """With and without other headers; a record of an earlier release tells none."""
    for more in ({}, {"history": True}, {"passed_on": [("ce_id", b"1")]}):
        written = envelope.envelope(SOURCE, COMMITMENT, b"rate", topic_id=b"Zm9v_-" * 3, **more)
        value = envelope.encode(RATE)
        origin = envelope.decode_record(value, envelope.checked(written, value), 9, 1234)[1]
        assert (origin.topic_id, origin.source, origin.history) == ("Zm9v_-" * 3, SOURCE, "history" in more)
    assert envelope.decode_record(envelope.encode(RATE), headers(), 9, 1234)[1].topic_id == ""


@pytest.mark.parametrize("content", [b"", b"\xff", b"x" * 65])
def test_an_id_that_is_none_is_refused(content):
    """Empty, no ASCII, or longer than any cluster's: the record says nothing certain of its source."""
    written = [*headers(), (envelope.SOURCE_TOPIC_ID, content)]
    with pytest.raises(LedgerError, match="partition 4, offset 99"):
        envelope.decode_record(envelope.encode(RATE), written, 99, 1234, 4)


def test_the_legs_topic_holds_legs_rates_and_configurations():
    """Each is read as what its header says; a payment or profile there is nobody's."""
    written = envelope.checked(headers(), envelope.encode(RATE))
    event, origin = envelope.decode_shared(envelope.encode(RATE), written, 9, 1234)
    assert (event, origin.source, origin.offset) == (RATE, SOURCE, 9)
    change = ConfigurationChange(
        configuration=Configuration(rules={}, legend=Legend(), desks={}, detectors=DetectorSet(members={}))
    )
    _, value, first = envelope.first_configuration(change)
    assert envelope.decode_shared(value, first, 0, 55)[0] == change
    verdict = envelope.envelope(SOURCE, COMMITMENT, b"profile")
    profile = b'{"type":"profile","event_id":"F","identity":"1","body":"2","party":"p","party_type":"person",'
    profile += b'"as_of":"2026-01-05T00:00:00Z"}'
    assert envelope.decode_record(profile, verdict, 9, 1)
    with pytest.raises(LedgerError, match=r"it is no leg, verdict, rate or configuration.*partition 3"):
        envelope.decode_shared(profile, verdict, 9, 1, 3)
