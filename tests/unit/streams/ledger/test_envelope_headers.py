"""The ledger's headers one by one: what each may hold at its limits, what is said of one that may not stand."""

import hashlib
import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from detectors.contracts.configuration import Configuration, DetectorSet, Legend
from detectors.contracts.events import ConfigurationChange, Declaration, Leg, Origin, Rate, Source, Transaction
from detectors.contracts.legs import name_shared, shorten
from streams.contracts.inputs import DECLARATIONS, TRANSACTIONS
from streams.errors import LedgerError
from streams.ledger import envelope
from tests.support.pipeline import GOOD, Pipeline

RATE = Rate(
    event_id="R",
    identity="1" * 32,
    body="2" * 32,
    base="USD",
    quote="KRW",
    mid="1387.5",
    rate_time=datetime(2026, 1, 5, tzinfo=UTC),
)
LEG = Leg(
    event_id="E",
    identity="1" * 32,
    body="2" * 32,
    event_time=datetime(2026, 1, 5, tzinfo=UTC),
    direction="out",
    party="p",
    counterparty="c",
    counterparty_country="US",
    institution="SHBKKRSE",
    amount="5",
    currency="USD",
)
COMMITMENT = b"k1:" + b"ab" * 32
SOURCE = Source("fx.rates.v1", 3, 2**40)
VALUE = envelope.encode(RATE)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that an earlier test read are not asked about again."""
    monkeypatch.setattr(envelope, "_topic_names", {})
    monkeypatch.setattr(envelope, "_topic_ids", {None: ""})


def headers(**changes: bytes | None) -> list[Any]:
    """The headers of a rate; a content of None is left out."""
    named = {
        name.replace("__fx_", "__fx.").replace("_partition", ".partition").replace("_offset", ".offset"): content
        for name, content in changes.items()
    }
    return [
        (name, named.get(name, content))
        for name, content in envelope.envelope(SOURCE, COMMITMENT, b"rate")
        if named.get(name, content) is not None
    ]


def origin_of(written: list[Any]) -> Origin:
    """Where a rate with these headers came from."""
    return envelope.decode_record(VALUE, written, 9, 1234)[1]


def refusal(value: bytes | None, written: list[Any], partition: int | None = 4) -> str:
    """What is said of a record that cannot be read."""
    with pytest.raises(LedgerError) as told:
        envelope.decode_record(value, written, 99, 1234, partition)
    assert told.value.fields["expected"] == "an event and its envelope, as this version of fxwatch writes them"
    assert told.value.fields["todo"] == "see `fxwatch skip --help`, or run the version that wrote it"
    assert told.value.fields["got"] == ("offset 99" if partition is None else f"partition {partition}, offset 99")
    return told.value.what.removeprefix("a record cannot be read: ")


def test_the_check_is_a_crc_over_names_contents_and_value() -> None:
    """CRC-32 (zlib) of the headers' names and contents, one a line, and then the value; eight hex digits."""
    written: list[Any] = [("a", b"1"), ("b", None), ("c", b"3")]
    [*same, (name, check)] = envelope.checked(written, b"value")
    assert (same, name) == (written, "__fx.check")
    assert check == b"%08x" % zlib.crc32(b"a\n1\nb\n\nc\n3value")


def test_a_changed_value_is_told_from_one_that_is_no_event() -> None:
    """Damage is said to be damage; what never was an event says so, under a right check and without one."""
    checked = envelope.checked(headers(), VALUE)
    assert refusal(VALUE.replace(b"1387.5", b"1387.6"), checked) == (
        "header __fx.check is not the checksum of value and headers: the record was changed"
    )
    assert refusal(None, envelope.checked(headers(), b"")) == "Input data was truncated"
    assert refusal(None, headers()) == "Input data was truncated"
    assert refusal(b"[]", headers(), None).startswith("Expected `object`, got `array`")


@pytest.mark.parametrize(
    ("partition", "offset"), [(0, 0), (2**31 - 1, 2**63 - 1), (10, 10)], ids=["smallest", "largest", "two digits"]
)
def test_positions_to_the_limits_of_kafka_come_back(partition: int, offset: int) -> None:
    """A partition is a whole number of 32 bits, an offset of 64, both with a sign that is never used."""
    written = envelope.envelope(Source("t", partition, offset), COMMITMENT, b"rate")
    assert origin_of(written).source == Source("t", partition, offset)


@pytest.mark.parametrize("digits", [b"2147483648", b" 1", b"+1", b"-1", b"1_0", b"", b"01234567890", b"1.0"])
def test_a_partition_that_is_none_is_refused(digits: bytes) -> None:
    """Plain decimal digits, no more than the largest has: `int` alone would read some of these."""
    told = "header __fx.source.partition is not a whole number from 0 to 2147483647"
    assert refusal(VALUE, headers(__fx_source_partition=digits)) == told


def test_an_offset_that_is_none_is_refused() -> None:
    """One past the largest of Kafka."""
    told = "header __fx.source.offset is not a whole number from 0 to 9223372036854775807"
    assert refusal(VALUE, headers(__fx_source_offset=b"%d" % 2**63)) == told


def test_a_header_without_content_is_no_number() -> None:
    """Kafka knows headers whose content is null."""
    written = [(name, None if name == envelope.SOURCE_OFFSET else content) for name, content in headers()]
    assert refusal(VALUE, written).startswith("header __fx.source.offset is not a whole number")


@pytest.mark.parametrize("name", [envelope.TYPE, envelope.SOURCE_TOPIC, envelope.SOURCE_PARTITION, envelope.COMMITMENT])
def test_a_header_that_is_missing_is_named(name: str) -> None:
    """By its name, as who looks at the record sees it."""
    written = [header for header in headers() if header[0] != name]
    assert refusal(VALUE, written) == f"no header {name!r}"


def test_the_plain_hash_of_earlier_releases_stays_readable() -> None:
    """64 hex digits of either case, as the ledger of that time has them; anything else is refused."""
    digest = hashlib.sha256(b"sent").hexdigest().upper()
    rest = [header for header in headers() if header[0] != envelope.COMMITMENT]
    assert origin_of([*rest, (envelope.SHA256, digest.encode())]).commitment == digest
    for content in (b"a" * 63, b"a" * 65, b"g" * 64, b"", None):
        assert refusal(VALUE, [*rest, (envelope.SHA256, content)]) == "header __fx.sha256 is not 64 hex digits"


def test_a_commitment_that_is_none_is_refused() -> None:
    """The id of its key, a colon, and 64 hex digits."""
    told = "header __fx.commitment is not <key id>:<64 hex digits>"
    assert refusal(VALUE, headers(**{"__fx.commitment": b"ab" * 32})) == told


def test_headers_that_contradict_the_value_are_refused() -> None:
    """Another type; a header beside those that the check covers, wherever it stands."""
    assert refusal(VALUE, headers(**{"__fx.type": b"leg"})) == "header __fx.type is not the value's type"
    changed = "header __fx.check is not the checksum of value and headers: the record was changed"
    written = envelope.checked(headers(), VALUE)
    for place in range(len(written) + 1):
        assert refusal(VALUE, [*written[:place], ("more", b"1"), *written[place:]]) == changed


@pytest.mark.parametrize(("content", "expected"), [(b"x", "x"), (b"x" * 64, "x" * 64)])
def test_a_topic_id_of_one_to_64_characters_comes_back(content: bytes, expected: str) -> None:
    """The limits themselves are within."""
    assert origin_of([*headers(), (envelope.SOURCE_TOPIC_ID, content)]).topic_id == expected


def test_a_topic_id_that_is_none_says_how_long_one_is() -> None:
    """Empty, or longer."""
    for content in (b"", b"x" * 65):
        written = [*headers(), (envelope.SOURCE_TOPIC_ID, content)]
        assert refusal(VALUE, written) == "header __fx.source.topic_id is not 1 to 64 characters"


def test_names_are_kept_once_and_not_without_bound() -> None:
    """One string serves all records of a topic; a foreign ledger of many thousand names does not fill the memory."""

    def read(number: int) -> Origin:
        written = envelope.envelope(Source(f"topic {number}", 0, 0), COMMITMENT, b"rate", topic_id=b"id %d" % number)
        return origin_of(written)

    found, again = read(0), read(0)
    assert found.source is not None
    assert again.source is not None
    assert found.source.topic is again.source.topic
    assert found.topic_id is again.topic_id
    for number in range(1100):
        assert read(number).topic_id == f"id {number}"
    assert (len(envelope._topic_names), len(envelope._topic_ids)) == (1000, 1000)


@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("topic_id", [b"", b"an-id"])
def test_whatever_headers_there_are_the_origin_is_whole(history: bool, checked: bool, topic_id: bytes) -> None:
    """Offset, source, commitment, time, id, mark of history and trace: with the usual seven headers and with others."""
    for passed_on in ([], [("traceparent", b"00-1")]):
        written = envelope.envelope(
            SOURCE, COMMITMENT, b"rate", topic_id=topic_id, history=history, passed_on=passed_on
        )
        assert origin_of(envelope.checked(written, VALUE) if checked else written) == Origin(
            offset=9,
            source=SOURCE,
            commitment=COMMITMENT.decode(),
            timestamp_ms=1234,
            topic_id=topic_id.decode(),
            history=history,
            headers=tuple(passed_on),
        )


def test_the_first_configurations_origin_has_a_time_and_no_source() -> None:
    """`topics apply` writes it: nobody's bytes are behind it, so there is nothing to commit to."""
    change = ConfigurationChange(
        configuration=Configuration(rules={}, legend=Legend(), desks={}, detectors=DetectorSet(members={}))
    )
    _, value, written = envelope.first_configuration(change)
    assert envelope.decode_record(value, written, 0, 55)[1] == Origin(
        offset=0, source=None, commitment="", timestamp_ms=55
    )


def test_a_leg_comes_back_with_its_origin() -> None:
    """As a record of the ledger does; its value has no type of its own, so its header says that it is a leg."""
    written = envelope.envelope(SOURCE, COMMITMENT, b"leg")
    value = envelope.encode(LEG)
    expected = Origin(offset=9, source=SOURCE, commitment=COMMITMENT.decode(), timestamp_ms=1234)
    assert envelope.decode_leg(value, envelope.checked(written, value), 9, 1234) == (LEG, expected)


def test_a_leg_that_cannot_be_read_says_where_it_is() -> None:
    """Damaged, missing, or of another type."""
    written, value = envelope.envelope(SOURCE, COMMITMENT, b"leg"), envelope.encode(LEG)
    for content, with_headers, told in [
        (value.replace(b"USD", b"KRW"), envelope.checked(written, value), "header __fx.check is not the checksum"),
        (None, envelope.checked(written, b""), "Input data was truncated"),
        (value, headers(), "header __fx.type is not the value's type"),
    ]:
        with pytest.raises(LedgerError, match=f"a record cannot be read: {told}.*got: partition 2, offset 99"):
            envelope.decode_leg(content, with_headers, 99, 1234, 2)


def numbered(number: bytes | None, leg: Leg) -> tuple[bytes, list[Any]]:
    """Value and headers of a leg that says this number in its headers."""
    value = envelope.encode(leg)
    said = [] if number is None else [(envelope.NUMBER, number)]
    written = envelope.envelope(SOURCE, COMMITMENT, b"leg", topic_id=b"id")
    return value, envelope.checked([*written[:5], *said, *written[5:]], value)


def test_a_legs_number_stands_in_value_and_headers() -> None:
    """The gate needs it with the value; who proves that no leg is missing reads headers."""
    leg = msgspec.structs.replace(LEG, kind="device", number=2)
    value, with_headers = numbered(b"2", leg)
    expected = Origin(offset=9, source=SOURCE, commitment=COMMITMENT.decode(), timestamp_ms=1, topic_id="id")
    assert envelope.decode_leg(value, with_headers, 9, 1) == (leg, expected)
    told = envelope.told_source(with_headers)
    assert told is not None
    assert (told.number, told.legs) == (2, b"")


@pytest.mark.parametrize("number", [None, b"1", b"-2", b"100", b""])
def test_a_leg_whose_number_is_another_cannot_be_read(number: bytes | None) -> None:
    """Also one without, which only legs of earlier releases may be: those have no kind either."""
    value, with_headers = numbered(number, msgspec.structs.replace(LEG, kind="device", number=2))
    with pytest.raises(LedgerError, match=r"a record cannot be read: (no )?header '?__fx.leg"):
        envelope.decode_leg(value, with_headers, 9, 1)


@pytest.mark.parametrize(("number", "expected"), [(b"0", 0), (b"999", 999), (b"1000", -1), (b"-1", -1), (None, -1)])
def test_what_headers_say_of_a_legs_number(number: bytes | None, expected: int) -> None:
    """Three decimal digits; anything else is none."""
    told = envelope.told_source(numbered(number, LEG)[1])
    assert told is not None
    assert told.number == expected


def test_the_values_of_legs_are_what_the_encoder_writes() -> None:
    """Kind and number are set behind the short form that all legs of a record have in common."""
    pipeline = Pipeline()
    for topic in (TRANSACTIONS, DECLARATIONS):
        full = {"counterparty_account": "A", "device_id": "D", "contact_id": "C"} if topic == TRANSACTIONS else {}
        pipeline.send(topic, GOOD[topic] | full)
        record = pipeline.log[-1]
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, 0)
        assert isinstance(event, (Transaction, Declaration))
        written = envelope.encode_legs(event)
        assert len(written) == (4 if topic == TRANSACTIONS else 1)
        for number, (thing, value) in enumerate(written):
            leg = msgspec.structs.replace(shorten(event), kind=thing.kind, number=number)
            assert value == envelope.encode(leg)
            assert thing == name_shared(event)[number]
