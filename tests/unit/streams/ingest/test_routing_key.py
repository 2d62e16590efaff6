"""A key file without the key that routed so far stops ingest before it writes anything."""

import asyncio
from types import SimpleNamespace

import pytest

from streams.errors import KeyFileError, ProgressError
from streams.ingest import agent as ingest
from streams.ingest import routing_key
from streams.ingest.agent import IngestAgent
from streams.ingest.door import Door
from streams.kafka import clients, topics
from streams.keys.pseudonyms import Key, Keys, parse_keys
from streams.ledger.progress import Progress, Published, Routing, encode
from streams.settings import load_settings

K1, K2, K3 = (f"k{number} = {str(number) * 64}\n" for number in (1, 2, 3))
MONITORS = SimpleNamespace(offset=0, key=b"monitor/0", value=encode(Published(next=5)))


@pytest.fixture
def log(monkeypatch):
    """Partition 0 of the progress topic, as ingest's clients see it; the monitor has written to it before."""
    held = [MONITORS]

    async def nothing(*_):
        return

    async def end(_consumer, _place):
        return len(held)

    async def read(_settings, topic, partition, start, stop, *, committed):
        assert (topic, partition, start, committed) == (topics.PROGRESS, 0, None, False)
        yield held[:stop]

    async def send(_producer, topic, partition, records, _patience):
        assert (topic, partition) == (topics.PROGRESS, 0)
        held.extend(SimpleNamespace(offset=len(held), key=key, value=value) for key, value, _, _ in records)

    consumer = SimpleNamespace(start=nothing, stop=nothing, assign=lambda _places: None)
    monkeypatch.setattr(clients, "make_reader", lambda _settings, committed: consumer)
    for name, replacement in (("end_offset", end), ("read_range", read), ("send_records", send)):
        monkeypatch.setattr(clients, name, replacement)
    return held


def start(text):
    """What a worker with this key file does before it reads anything."""
    door = Door(parse_keys(text, "f"), 12, {})
    asyncio.run(routing_key.require(load_settings(), None, door.routing))


def test_a_rotation_starts_and_a_lost_routing_line_does_not(log):
    """Every step of a rotation and the end of its overlap pass; a file of the new key alone is refused and says why."""
    for text in (K1, K1, K2 + K1, K2 + K1.rstrip() + " routing", K3 + K2 + K1):
        start(text)
    assert len(log) == 2  # the note, once
    for text in (K2, K1 + K2, K3 + K2):
        with pytest.raises(KeyFileError, match=r"got: routing key k[23]; expected: routing key k1.*last line"):
            start(text)
    assert len(log) == 2


def test_the_same_id_with_another_secret_is_refused_and_another_id_with_the_same_is_not(log):
    """What counts is where parties are; the id is for the message."""
    start(K1)
    start(f"k9 = {'1' * 64}")
    with pytest.raises(KeyFileError, match="routing key k1 with another secret"):
        start(f"k1 = {'3' * 64}")
    assert len(log) == 2


def test_the_note_gives_no_key_away_and_is_no_position_of_the_monitor(log):
    """It holds neither the secret nor a fingerprint of any event; a monitor that reads its partition is not touched."""
    start(K1)
    key, value = log[1].key, log[1].value
    assert b"1" * 17 not in value
    progress = Progress()
    for record in log:
        progress.absorb("monitor", 0, record.key, record.value)
    assert progress == Progress(next=5)
    assert key == routing_key.KEY
    checks = {Keys(one, one).routing_check() for one in (Key("a", b"1" * 32), Key("a", b"2" * 32))}
    assert len(checks) == 2
    assert {len(check) for check in checks} == {16}


def test_a_note_that_cannot_be_read_stops_too(log):
    """Damage is no reason to believe the key file."""
    log.append(SimpleNamespace(offset=1, key=routing_key.KEY, value=encode(Routing(key="k1", check="0"))[:-3] + b'9"}'))
    with pytest.raises(ProgressError, match="Routing"):
        start(K1)


def test_ingest_asks_before_it_starts_and_leaves_no_producer_behind(log, monkeypatch):
    """The refusal is the start's own; nothing was written, nothing stays open."""
    start(K1)
    did = []

    async def note(what):
        did.append(what)

    producer = SimpleNamespace(start=lambda: note("start"), stop=lambda: note("stop"))
    monkeypatch.setattr(ingest.clients, "make_idempotent_producer", lambda *_: producer)
    agent = object.__new__(IngestAgent)
    agent.settings, agent.door = load_settings(), Door(parse_keys(K2, "f"), 12, {})
    agent.app, agent.inputs = (
        SimpleNamespace(conf=SimpleNamespace(id="i")),
        SimpleNamespace(look=lambda: note("ids"), ids={}),
    )
    agent.clock = SimpleNamespace(start=lambda _producer: did.append("clock"))
    with pytest.raises(KeyFileError):
        asyncio.run(agent.start())
    assert did == ["ids", "start", "stop"]
