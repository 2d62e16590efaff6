"""Damaged snapshots, pointers and positions: another slot, a replay, a named stop; never a wrong state."""

import asyncio
import logging
import tracemalloc

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.memory.frozen_state import STATE_SCHEMA
from detectors.memory.state import PartitionState
from streams.errors import BrokerUnavailableError, LedgerError, PartitionStoppedError, SnapshotError
from streams.kafka import clients, topics
from streams.kafka.unreadable_sets import Unreadable, UnreadableSetError
from streams.ledger.progress import Skip, SnapshotPointer, decode, encode
from streams.ledger.snapshot_format import Header, read_header, seal
from streams.monitor.core import MonitorCore
from streams.partition import kafka_log
from streams.settings import Settings
from tests.bench.workload import ingested, records, stored
from tests.support.memory_topics import TOPIC_ID, Kept, MemoryTopics
from tests.support.own_cpu import own_cpu

EVENTS = 600
SAVES = (40, 80)
# for reading a damaged snapshot; a good one takes 0.34 MB, and 20 ms of CPU while memory is traced
MOST_MEGABYTES = 20
MOST_SECONDS = 2.0


@pytest.fixture(scope="module")
def ledger():
    """The ledger of the partition that has most records of a small stream."""
    return max(ingested(stored(records(EVENTS, seed=3))).ledger, key=len)


@pytest.fixture
def kept(ledger, monkeypatch):
    """Two snapshots, of which the second is the newer, and their partition."""
    found = MemoryTopics(0, ledger, monkeypatch)
    found.expected = found.learn(SAVES)
    return found


def newest_header(kept):
    """Place of the newest header on the snapshot topic."""
    return max(place for place, one in enumerate(kept.held[topics.SNAPSHOTS]) if one.key.endswith(b"/header"))


def newest_pointer(kept):
    """Place of the newest pointer on the progress topic."""
    return len(kept.held[topics.PROGRESS]) - 1


def torn(kept):
    """The header came, a chunk did not."""
    kept.held[topics.SNAPSHOTS][newest_header(kept) - 1] = Kept(newest_header(kept) - 1, b"", b"")


def bare_header(kept):
    """Compaction, or a fault, left the header alone."""
    log = kept.held[topics.SNAPSHOTS]
    for place in range(newest_header(kept)):
        log[place] = Kept(place, b"", b"")


def headless(kept):
    """The chunks came, the header did not."""
    kept.held[topics.SNAPSHOTS][newest_header(kept)] = Kept(newest_header(kept), b"", b"")


def emptied(kept):
    """The topic was emptied and its offsets begin anew: the pointers dangle."""
    kept.held[topics.SNAPSHOTS] = []


def reseal(kept, **changes):
    """The newest header says something else, with a right checksum, and so does its pointer."""
    place = newest_header(kept)
    header = read_header(kept.held[topics.SNAPSHOTS][place].value)
    kept.change(topics.SNAPSHOTS, place, msgspec.json.encode(seal(msgspec.structs.replace(header, **changes))))


def foreign_schema(kept):
    """A version with another layout of the state wrote it."""
    reseal(kept, schema=STATE_SCHEMA + 1)


def wrong_next(kept):
    """The header and the pointer agree on a position that is not the state's."""
    reseal(kept, next=SAVES[1] + 5)
    point(kept, next=SAVES[1] + 5)


def point(kept, **changes):
    """The newest pointer says something else."""
    place = newest_pointer(kept)
    pointer = decode(kept.held[topics.PROGRESS][place].value, SnapshotPointer)
    kept.change(topics.PROGRESS, place, encode(msgspec.structs.replace(pointer, **changes)))


def beyond_the_end(kept):
    """The pointer reaches beyond the topic's end: waiting for that offset would never end."""
    point(kept, last=10_000)


def of_the_other(kept):
    """The pointer names the records of the other slot."""
    point(kept, first=0, last=1)


@pytest.mark.parametrize(
    "damage",
    [torn, bare_header, headless, foreign_schema, wrong_next, beyond_the_end, of_the_other],
    ids=lambda one: one.__name__,
)
def test_the_other_slot_takes_over(kept, damage, caplog):
    """What cannot be used costs a longer replay; the state is that of an undisturbed run, and it is logged."""
    damage(kept)
    with caplog.at_level(logging.INFO):
        found = kept.open()
    assert found.outcome == kept.expected
    refused_all = damage is bare_header
    assert (found.partition.refused, found.partition.cold) == ((2, True) if refused_all else (1, False))
    assert "not used" in caplog.text
    assert ("cold start" in caplog.text) == refused_all


def test_a_record_set_that_a_disk_damaged_costs_its_snapshot_only(kept, monkeypatch):
    """Kafka's own checksum tells it before ours is looked at: the other slot is loaded, the partition opens."""
    newest, whole = kept.held[topics.SNAPSHOTS][newest_header(kept)].offset, clients.read_range
    damaged = Unreadable(topics.SNAPSHOTS, 0, newest, newest, -1, 100, "ab", "set.damaged", "its checksum is wrong")

    async def read_range(settings, topic, partition, start, stop, **rest):
        if topic == topics.SNAPSHOTS and start <= newest < stop:
            raise UnreadableSetError(damaged)
        async for found in whole(settings, topic, partition, start, stop, **rest):
            yield found

    monkeypatch.setattr(clients, "read_range", read_range)
    found = kept.open()
    assert (found.outcome, found.partition.refused, found.partition.cold) == (kept.expected, 1, False)


def test_an_emptied_topic_is_a_named_cold_start(kept, caplog):
    """Without any snapshot left the whole ledger is replayed, and the log and the gauge's source say so."""
    emptied(kept)
    with caplog.at_level(logging.INFO):
        found = kept.open()
    assert found.outcome == kept.expected
    assert (found.partition.refused, found.partition.cold) == (2, True)
    assert "no snapshot can be used; cold start" in caplog.text


def test_another_code_version_alone_still_loads(kept):
    """An upgrade that keeps the state's layout keeps the state."""
    reseal(kept, code="another release")
    found = kept.open()
    assert (found.outcome, found.partition.refused) == (kept.expected, 0)


def test_a_snapshot_of_another_ledger_stops_the_partition(kept):
    """A recreated ledger begins at offset 0 again: a cold start would mute its first alerts as published before."""
    reseal(kept, topic_id="another")
    found = kept.open()
    assert found.outcome == "stopped"
    assert "learned from another ledger" in found.partition.cause.message
    assert TOPIC_ID in found.partition.cause.message


def test_a_position_of_another_ledger_stops_the_partition(kept):
    """The same where there is no snapshot, only the published position."""
    kept.held.clear()
    kept.publish(10, ledger="another")
    found = kept.open()
    assert found.outcome == "stopped"
    assert "published from another ledger" in found.partition.cause.message


@pytest.mark.parametrize("position", [0, SAVES[0], SAVES[1], SAVES[1] + 5], ids=lambda at: f"published {at}")
def test_progress_ahead_of_or_behind_the_snapshot(kept, ledger, position):
    """Behind: nothing is applied twice. Ahead: what is published is applied in silence, the rest is published."""
    core, state = MonitorCore("test"), MonitorCore("test").new(0)
    due = []
    for record in ledger:
        muted = record.offset < max(position, SAVES[1])
        due += [one.value for one in core.apply(state, 0, record, muted=muted) if one.topic == topics.ALERTS]
    kept.publish(position)
    found = kept.open()
    assert found.outcome == kept.expected
    assert [one.value for one in kept.held.get(topics.ALERTS, [])] == due


@pytest.mark.parametrize(
    ("first", "end", "position"),
    [(SAVES[1] + 1, None, 0), (0, SAVES[1] - 1, 0), (0, SAVES[1] + 2, SAVES[1] + 3), (1, None, 0)],
    ids=["older than retention", "ledger cut off", "published beyond the end", "begins within the snapshot"],
)
def test_a_ledger_that_does_not_fit_stops_the_partition(kept, first, end, position):
    """Its bounds and what was expected are named; a snapshot within the ledger still loads."""
    if position:
        kept.publish(position)
    found = kept.open(first=first, end=end)
    if first == 1:
        assert found.outcome == kept.expected
        return
    assert found.outcome == "stopped"
    assert isinstance(found.partition.cause, PartitionStoppedError)
    assert "truncated or recreated" in found.partition.cause.message


def test_a_ledger_that_was_cut_off_is_not_continued_from_an_older_snapshot(kept):
    """The older slot fits, but the ledger's tail is lost: going on would end in a state that the newer one denies."""
    found = kept.open(end=SAVES[0] + 5)
    assert found.outcome == "stopped"
    assert "offset 80" in found.partition.cause.message


@pytest.mark.parametrize("value", [b"", b"{", b"\xff\xfe", b'{"next":5}', b'{"check":"0000000000000000","next":5}'])
def test_a_position_that_cannot_be_read_stops_the_partition(kept, value):
    """Without it nobody knows which alerts are out: it stops with a named error, not a traceback."""
    kept.publish(10)
    kept.change(topics.PROGRESS, newest_pointer(kept), value)
    found = kept.open()
    assert found.outcome == "stopped"
    assert "progress topic cannot be read" in found.partition.cause.message


def test_a_decision_that_cannot_be_read_stops_the_partition_until_it_is_written_again(kept):
    """Ignored, it would apply what an operator took out; the same key written again heals it."""
    log, skip = kept.held[topics.PROGRESS], Skip(offset=10**6, reason="r", who="w", at="t")
    log.append(Kept(len(log), kept.place.skip_key(10**6), b"garbage"))
    assert kept.open().outcome == "stopped"
    log.append(Kept(len(log), kept.place.skip_key(10**6), encode(skip)))
    assert kept.open().outcome == kept.expected


def test_a_pointer_that_cannot_be_read_costs_only_its_snapshot(kept):
    """It is passed over, and the other slot is loaded."""
    kept.change(topics.PROGRESS, newest_pointer(kept), b"garbage")
    found = kept.open()
    assert found.outcome == kept.expected
    assert not found.partition.cold


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_change_of_any_byte_ends_in_the_same_state_or_a_named_stop(kept, data):
    """Bits flipped, bytes cut, put in or doubled, in chunks, headers, pointers and positions alike."""
    before = {topic: list(log) for topic, log in kept.held.items()}
    try:
        kept.publish(SAVES[1] + 3)
        topic = data.draw(st.sampled_from([topics.SNAPSHOTS, topics.PROGRESS]))
        place = data.draw(st.integers(0, len(kept.held[topic]) - 1))
        kept.change(topic, place, mutated(data, kept.held[topic][place].value))
        found = kept.open()
        if found.partition.status == "stopped":
            assert "progress topic cannot be read" in found.partition.cause.message
        else:
            assert found.outcome == kept.expected
    finally:
        kept.held = before


def mutated(data, value):
    """`value` with one to three changes of a few bytes."""
    changed = bytearray(value)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(changed) - 1)))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "end"]))
        if kind == "flip" and changed:
            changed[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del changed[at : at + data.draw(st.integers(1, 8))]
        elif kind == "insert":
            changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        else:
            del changed[at:]
    return bytes(changed)


# What a checksum does not catch: sections that are well-formed, and wrong.
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary(max_size=40)
VALUES = st.recursive(
    SCALARS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def sections_of(ledger):
    """The sections of a state that has applied `ledger`."""
    core = MonitorCore("test")
    state = core.new(0)
    for record in ledger:
        core.apply(state, 0, record, muted=True)
    return list(state.freeze().sections())


@pytest.fixture(scope="module")
def sections(ledger):
    return sections_of(ledger)


def hostile(data, packed):
    """Well-formed msgpack in the place of a section, or the section with one of its parts replaced."""
    if data.draw(st.booleans()):
        return msgspec.msgpack.encode(data.draw(VALUES))
    try:
        parts = msgspec.msgpack.decode(packed)
    except (ValueError, RecursionError):
        return data.draw(st.binary(max_size=64))
    inner = parts
    while isinstance(inner, list | dict) and inner:
        key = data.draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
        if data.draw(st.booleans()) or not isinstance(inner[key], list | dict) or not inner[key]:
            inner[key] = data.draw(VALUES)
            break
        inner = inner[key]
    return msgspec.msgpack.encode(parts)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_hostile_sections_raise_snapshot_errors_only(sections, data):
    """Whatever stands in a section: refused as `SnapshotError`, or a state that saves again; memory stays bounded."""
    changed, place = list(sections), data.draw(st.integers(0, len(sections) - 1))
    name, packed = changed[place]
    changed[place] = (data.draw(st.sampled_from([name, name, name, "x#0", "header#0", ""])), hostile(data, packed))
    # not the process's resident memory: its high-water mark is that of the tests before
    tracemalloc.start()
    try:
        with own_cpu() as spent:
            state = MonitorCore("test").thaw(0, changed)
    except SnapshotError:
        return
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEGABYTES * 1e6
        assert spent.seconds < MOST_SECONDS
    assert state.next >= 0
    state.freeze().digest()


def test_a_snapshot_of_another_partition_is_refused(sections):
    """A state belongs to its partition: models and parties of another one would score in silence."""
    with pytest.raises(SnapshotError, match="another partition"):
        MonitorCore("test").thaw(1, sections)


def test_rates_out_of_order_are_refused(sections):
    """A search in them would find some rate; the score would be wrong in silence."""
    changed = []
    for name, packed in sections:
        if name.startswith("rates/"):
            times, mids, offsets = msgspec.msgpack.decode(packed)
            packed = msgspec.msgpack.encode((times[::-1], mids, offsets))  # noqa: PLW2901
        changed.append((name, packed))
    with pytest.raises(SnapshotError, match="rates"):
        MonitorCore("test").thaw(0, changed)


def test_a_header_covers_each_of_its_fields():
    """No field of a header may change unseen."""
    header = seal(
        Header(
            snapshot_id="i",
            agent="monitor",
            partition=1,
            slot="slot-0",
            schema=1,
            code="c",
            config="f",
            next=5,
            topic_id="t",
            chunks=1,
            bytes=10,
            sha256="s",
        )
    )
    assert read_header(msgspec.json.encode(header)) == header
    for field in Header.__struct_fields__:
        value = getattr(header, field)
        changed = msgspec.structs.replace(header, **{field: value + 1 if isinstance(value, int) else f"{value}x"})
        with pytest.raises(SnapshotError, match="checksum"):
            read_header(msgspec.json.encode(changed))


def test_thawed_sections_give_the_same_digest(sections):
    """The undamaged sections are what all of this is compared with."""
    assert list(PartitionState.thaw(sections).freeze().sections()) == sections


def test_a_worker_is_told_that_its_ledger_is_another_one(monkeypatch):
    """Faust forgets a deleted topic without a word; a cluster that does not answer is no reason."""
    answers = iter([TOPIC_ID, BrokerUnavailableError("away"), "another"])

    def read_topic_id():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(kafka_log, "WATCH_SECONDS", 0.0)
    monkeypatch.setattr(kafka_log, "TOPIC_ID_SECONDS", 0.0)
    log = kafka_log.KafkaLog(
        Settings(),
        ledger=topics.LEDGER,
        snapshots_topic=topics.SNAPSHOTS,
        schema=STATE_SCHEMA,
        topic_id=TOPIC_ID,
        group="test",
        read_topic_id=read_topic_id,
    )
    told = []
    asyncio.run(asyncio.wait_for(log.watch(told.append), 10))
    assert [type(one) for one in told] == [LedgerError]
    assert "got: topic id another" in told[0].message


def test_offsets_that_go_back_to_a_shorter_ledger_stop_the_partition(kept, ledger):
    """They look redelivered; passed over, the new ledger's first records would never be applied."""
    found = kept.open()
    partition, next_ = found.partition, found.partition.state.next
    partition.log.ledger = ledger[:10]
    asyncio.run(partition.run(list(ledger[:3])))
    assert partition.status == "stopped"
    assert f"offset {next_} among them" in partition.cause.message


def test_records_that_come_again_are_passed_over(kept, ledger):
    """The same ledger, delivered again: nothing changes."""
    found = kept.open()
    asyncio.run(found.partition.run(list(ledger[:3])))
    assert found.outcome == kept.expected
