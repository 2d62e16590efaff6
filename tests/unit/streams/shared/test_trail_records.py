"""Trails as records of the topic that the agent reads: where they go, what they say, and when there are none."""

from detectors.contracts.events import Origin, Source
from detectors.contracts.legs import shared_of
from streams.contracts.inputs import TRANSACTIONS
from streams.contracts.record_headers import HISTORY_HEADER
from streams.ledger import envelope
from streams.shared.core import SharedCore
from streams.shared.trail_records import trail_headers
from tests.support.legs_partition import LegsLog
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION


def cycle_stream() -> LegsLog:
    """A pays X, X pays B."""
    log = LegsLog()
    more = {"party_type": "company", "counterparty_id": "X"}
    log.send(TRANSACTIONS, TRANSACTION | more | {"event_id": "1", "party_id": "A", "amount": "200000"})
    given = {"event_id": "2", "party_id": "B", "amount": "190000", "direction": "in"}
    log.send(TRANSACTIONS, TRANSACTION | more | given)
    return log


def test_trails_are_records_for_the_residents_partitions_that_this_agent_reads() -> None:
    """Each with the leg that it follows from, its number, and the commitment to the payment's own bytes."""
    log = cycle_stream()
    core = SharedCore("test")
    state, outputs = core.new(0), []
    for record in log.records:
        outputs += core.apply(state, 7, record, muted=False)
    cause = log.records[-1].offset
    originals = {dict(one.headers)[envelope.COMMITMENT].decode() for one in log.records[1:]}
    decoded = [envelope.decode_leg(one.value, one.headers, 0, one.timestamp_ms) for one in outputs]
    assert [leg.number for leg, _ in decoded] == [0, 1, 2, 3]
    for one, (leg, origin) in zip(outputs, decoded, strict=True):
        thing = shared_of(leg)
        assert (one.topic, one.partition, one.key) == ("fx.legs.v1", thing.slot % 12, thing.name.encode())
        assert origin.source == Source("fx.legs.v1", 7, cause)
        assert origin.commitment in originals
        assert (origin.history, one.timestamp_ms) == (False, TIMESTAMP_MS)
    assert (core.tally.trails, core.tally.cut) == (4, 0)


def test_a_trail_of_history_is_history_and_a_muted_one_is_none() -> None:
    """What was learned from alone raises nothing in another node either."""
    log = cycle_stream()
    last = log.records[-1]
    headers = envelope.checked([(name, value) for name, value in last.headers if name != envelope.CHECK], last.value)
    assert [name for name, _ in headers] == [name for name, _ in last.headers]
    history = [*headers[:-1], HISTORY_HEADER]
    core = SharedCore("test")
    state = core.new(0)
    for record in log.records[:-1]:
        core.apply(state, 0, record, muted=False)
    frozen = list(state.freeze().sections())
    marked = last._replace(headers=envelope.checked(history, last.value))
    found = core.apply(state, 0, marked, muted=False)
    assert [envelope.decode_leg(one.value, one.headers, 0, 0)[1].history for one in found] == [True] * 4
    assert core.apply(core.thaw(0, frozen), 0, marked, muted=True) == []


def test_headers_name_a_plain_hash_as_such_and_pass_the_trace_on() -> None:
    """Earlier releases wrote plain hashes; of the sender's headers the trace alone concerns this payment's reader."""
    given = (("ce_id", b"1"), (envelope.TRACE, b"t"))
    origin = Origin(offset=5, source=None, commitment="", timestamp_ms=0, headers=given)
    headers = dict(trail_headers(Source("fx.legs.v1", 3, 5), "0" * 64, 7, origin))
    assert headers == {
        envelope.SOURCE_TOPIC: b"fx.legs.v1",
        envelope.SOURCE_PARTITION: b"3",
        envelope.SOURCE_OFFSET: b"5",
        envelope.SHA256: b"0" * 64,
        envelope.TYPE: b"leg",
        envelope.NUMBER: b"7",
        envelope.TRACE: b"t",
    }
    assert envelope.COMMITMENT in dict(trail_headers(Source("fx.legs.v1", 3, 5), "k1:" + "0" * 64, 7, origin))
