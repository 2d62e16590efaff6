"""Whatever bytes stand in the ledger: an event as it was written, or a `LedgerError`; never a silent wrong score."""

import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.contracts.events import ConfigurationChange
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.errors import LedgerError
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from tests.support.own_cpu import own_cpu
from tests.support.pipeline import GOOD, RATE, TRANSACTION, LedgerRecord, Pipeline

MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def written():
    """One ledger record of each kind but the first configuration, as ingest writes it."""
    pipeline = Pipeline()
    for topic, body in GOOD.items():
        pipeline.send(topic, body)
    pipeline.send(TRANSACTIONS, TRANSACTION | {"event_id": "E-9"}, history=True)
    return pipeline.log[1:]


WRITTEN = written()


def read(record):
    """The record's event and origin, None when it cannot be read."""
    try:
        return envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
    except LedgerError:
        return None


@MANY
@given(st.sampled_from(WRITTEN), st.data())
def test_a_changed_value_is_never_read(record, data):
    """Any byte of the value replaced, put in or taken out: the checksum tells, though most would still decode."""
    place = data.draw(st.integers(0, len(record.value) - 1))
    put = data.draw(st.binary(max_size=4))
    taken = data.draw(st.integers(0, 4))
    value = record.value[:place] + put + record.value[place + taken :]
    if value != record.value:
        assert read(record._replace(value=value)) is None


@MANY
@given(st.sampled_from(WRITTEN), st.data())
def test_a_changed_header_is_never_read(record, data):
    """Position, digest, type and the mark of history are under the same checksum; so is the number of headers."""
    headers = list(record.headers)
    place = data.draw(st.integers(0, len(headers) - 1))
    name, content = headers[place]
    change = data.draw(st.sampled_from(["content", "drop", "twice", "none"]))
    if change == "content":
        headers[place] = (name, data.draw(st.binary(max_size=70).filter(lambda other: other != content)))
    elif change == "twice":
        headers.insert(place, headers[place])
    elif change == "none":
        headers[place] = (name, None)
    else:
        del headers[place]
        if name == envelope.CHECK:  # what was written before there were checks has none, and is read as it is
            assert read(record._replace(headers=headers)) == read(record)
            return
    found = read(record._replace(headers=headers))
    # the check itself twice is the same record once more
    assert found is None or (change == "twice" and name == envelope.CHECK and found == read(record))


@MANY
@given(st.sampled_from(WRITTEN), st.binary(min_size=1, max_size=4), st.integers(0, 600), st.integers(0, 4))
def test_a_record_of_any_value_is_applied_or_named(record, put, place, taken):
    """Even with a right checksum: a value that decodes is applied, and everything else is a `LedgerError`."""
    pipeline = Pipeline()
    value = record.value[:place] + put + record.value[place + taken :]
    changed = LedgerRecord(1, record.timestamp, record.key, value, envelope.checked(record.headers[:-1], value))
    try:
        pipeline.core.apply(pipeline.state, 0, changed, muted=False)
    except LedgerError:
        assert pipeline.state.next == 1
    else:
        assert pipeline.state.next == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (envelope.SOURCE_PARTITION, b"-1"),
        (envelope.SOURCE_PARTITION, b"1_0"),
        (envelope.SOURCE_PARTITION, b" 1"),
        (envelope.SOURCE_PARTITION, b"2147483648"),
        (envelope.SOURCE_OFFSET, b"9223372036854775808"),
        (envelope.SOURCE_OFFSET, "\uff11".encode()),
        (envelope.COMMITMENT, b"a" * 64),
        (envelope.COMMITMENT, b"k1:" + b"a" * 63),
        (envelope.COMMITMENT, b"k1:" + b"g" * 64),
        (envelope.COMMITMENT, b"K1:" + b"a" * 64),
        (envelope.COMMITMENT, b":" + b"a" * 64),
        (envelope.COMMITMENT, b"k1:" + b"a " * 32),
        (envelope.TYPE, b"rate"),
        (envelope.TYPE, None),
    ],
)
def test_an_envelope_of_no_sense_is_named_before_anything_changes(name, content):
    """Also under a right checksum: a position, digest or type that ingest cannot have written is refused on reading."""
    record = WRITTEN[0]
    headers = [(each, content if each == name else old) for each, old in record.headers[:-1]]
    assert read(record._replace(headers=envelope.checked(headers, record.value))) is None


def test_a_source_is_missing_only_from_the_first_configuration():
    """A payment without a position could be applied twice, since no mark would hold it back."""
    record = WRITTEN[0]
    assert read(record._replace(headers=[(envelope.TYPE, b"transaction")])) is None


def test_a_value_that_decodes_and_cannot_be_applied_is_named():
    """An amount that is no number is read as text; the core refuses it, as an error with its place and no traceback."""
    record = WRITTEN[0]
    value = record.value.replace(b'"4950.00"', b'"4950.OO"')
    assert value != record.value
    pipeline = Pipeline()
    changed = LedgerRecord(1, 0, b"k", value, envelope.checked(record.headers[:-1], value))
    with pytest.raises(LedgerError, match="offset 1"):
        pipeline.core.apply(pipeline.state, 0, changed, muted=False)


@MANY
@given(st.one_of(st.none(), st.binary(max_size=300)), st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=20))))
def test_any_bytes_are_an_event_or_an_error(value, headers):
    """Bytes and headers of no origin are refused with their place."""
    with pytest.raises(LedgerError, match="partition 7, offset 9"):
        envelope.decode_record(value, headers, 9, 0, 7)


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 1_000_000,
        b'{"type":"rate","x":' + b"[" * 500_000,
        b'{"type":"rate","x":"' + b"a" * 1_000_000,
        b'{"type":"rate",' + b'"x":1,' * 150_000 + b'"y":1}',
        b'{"type":"rate","mid":' + b"9" * 1_000_000 + b"}",
        b"\xff" * 1_000_000,
    ],
)
def test_a_hostile_megabyte_is_refused_in_bounded_time_and_memory(value):
    """The largest records the ledger can hold are refused within a second of CPU and 16 times their size of memory."""
    headers = envelope.checked(envelope.envelope(envelope.Source(RATES, 0, 0), b"a" * 64, b"rate"), value)
    tracemalloc.start()
    try:
        with own_cpu() as spent:
            assert read(LedgerRecord(1, 0, b"k", value, headers)) is None
        assert spent.seconds < 1.0
        assert tracemalloc.get_traced_memory()[1] < 16 * len(value)
    finally:
        tracemalloc.stop()


def test_a_record_that_cannot_be_applied_leaves_the_position():
    """`next` stays at the record, so that whoever loads the state anew meets it again and not the one after it."""
    pipeline = Pipeline()
    pipeline.send(RATES, RATE)
    core = MonitorCore("test")
    state = core.new(0)
    change = ConfigurationChange(configuration=pipeline.configuration)
    core.apply(state, 0, LedgerRecord(0, 0, *envelope.first_configuration(change)), muted=False)
    position = state.next
    value = json.dumps(json.loads(WRITTEN[0].value) | {"identity": "0" * 31}).encode()
    record = LedgerRecord(1, 0, b"k", value, envelope.checked(WRITTEN[0].headers[:-1], value))
    with pytest.raises(LedgerError):
        core.apply(state, 0, record, muted=False)
    assert state.next == position
