"""An input topic deleted and created again: told by its id, never written under the old one's."""

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from faust.types import TP

from detectors.contracts.events import Rate
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import RATES
from streams.errors import BrokerUnavailableError, InputRecreatedError, NotAuthorizedError
from streams.ingest import input_topic_ids
from streams.ingest.agent import IngestAgent
from streams.ingest.door import Admitted, Door
from streams.ingest.input_topic_ids import InputIds, shorten
from streams.ingest.refused_configuration import RulesRefused
from streams.kafka import topics
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.settings import load_settings

OLD = {name: shorten(f"00000000-0000-0000-0000-{number:012}") for number, name in enumerate(topics.INPUTS, 1)}
NEW = OLD | {RATES: shorten("00000000-0000-0000-0000-0000000000ff")}


class Cluster:
    """Tells ids; `answers` are taken one a look, the last one for ever; an exception is raised."""

    def __init__(self, *answers):
        self.answers, self.looks = list(answers), 0

    def __call__(self, _settings):
        self.looks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


def test_an_id_is_written_as_kafkas_own_tools_show_it():
    """22 characters."""
    assert shorten("00000000-0000-0000-0000-000000000001") == b"AAAAAAAAAAAAAAAAAAAAAQ"


def test_a_topic_with_another_id_is_named_with_both_and_what_to_do():
    """The first look is what the process goes by; equal ids later are no news."""
    inputs = InputIds(load_settings(), Cluster(OLD, OLD, NEW))
    asyncio.run(inputs.look())
    asyncio.run(inputs.look())
    with pytest.raises(
        InputRecreatedError, match=r"fx\.rates\.v1 with topic id A+_w; expected: A+Aw; .*start the worker"
    ):
        asyncio.run(inputs.look())
    assert inputs.ids == OLD


def test_a_cluster_that_does_not_answer_is_waited_for(monkeypatch):
    """As long as for a broker; an outage is no reason to believe that a topic is another."""
    monkeypatch.setattr(input_topic_ids, "RETRY_SECONDS", 0.001)
    away = BrokerUnavailableError("away")
    inputs = InputIds(load_settings(), Cluster(OLD, away, away, OLD))
    asyncio.run(inputs.look())
    asyncio.run(inputs.require(30))
    with pytest.raises(BrokerUnavailableError):
        asyncio.run(InputIds(load_settings(), Cluster(away)).require(0.01))


def test_the_watch_goes_on_through_an_outage_and_ends_with_a_change(monkeypatch):
    """What it raises ends the worker (health.start_in_background)."""
    monkeypatch.setattr(input_topic_ids, "WATCH_SECONDS", 0.001)
    inputs = InputIds(load_settings(), Cluster(OLD, BrokerUnavailableError("away"), OLD, NEW))
    with pytest.raises(InputRecreatedError):
        asyncio.run(asyncio.wait_for(inputs.watch(), 20))


def test_the_door_writes_the_id_of_the_topic_that_a_record_comes_from():
    """Into each ledger record; a topic whose id is not known goes without."""
    value = b'{"event_id":"R","base":"USD","quote":"KRW","mid":"1387.5","rate_time":"2026-01-05T00:00:00Z"}'
    door = Door(development_keys(), 2, {})
    for door.topic_ids, expected in (({}, ""), (OLD, OLD[RATES].decode())):
        answer = door.admit(ArrivedRecord(RATES, 0, 7, 1_767_700_000_000, b"USD/KRW", value, []))
        assert isinstance(answer, Admitted)
        for _, _, written, headers in answer.records:
            event, origin = envelope.decode_record(written, headers, 1, 0)
            assert isinstance(event, Rate)
            assert origin.topic_id == expected


def agent(cluster):
    """An ingest agent that has begun, with nothing but what looks after its inputs; `written` are (topic, offset)."""
    made = object.__new__(IngestAgent)
    made.settings, made.inputs = load_settings(), InputIds(load_settings(), cluster)
    made._handled, made._looked, made._assigned, made.metrics = {}, True, None, None
    made.rules = RulesRefused(made.settings)
    asyncio.run(made.inputs.look())
    return made


def offered(made, *offsets):
    """What the agent says of a run with these offsets of one partition, before it looks at any record."""
    run = [SimpleNamespace(topic=RATES, partition=0, offset=offset) for offset in offsets]
    asyncio.run(made._require_same_inputs(run))


def test_offsets_that_go_back_are_only_taken_from_the_same_topic():
    """A redelivery passes after one look; a new topic's records end the worker before any is written."""
    cluster = Cluster(OLD)
    made = agent(cluster)
    offered(made, 5, 6)
    offered(made, 7, 9)
    assert cluster.looks == 1
    offered(made, 6, 7)
    offered(made, 8)
    assert cluster.looks == 2
    cluster.answers = [NEW]
    for offsets in ((8, 9), (0, 1)):
        with pytest.raises(InputRecreatedError):
            offered(made, *offsets)


def test_the_first_run_of_an_assignment_is_looked_at():
    """A partition that another worker had begins anywhere: nothing goes back that this one has seen."""
    cluster = Cluster(OLD, NEW)
    made = agent(cluster)
    offered(made, 5)
    asyncio.run(made._on_assigned(None, {TP(RATES, 1)}))
    with pytest.raises(InputRecreatedError):
        offered(made, 6)


def test_ids_are_read_in_one_request_and_a_missing_topic_has_none(monkeypatch):
    """What the cluster will not say now is asked again, so that the fault has its own name."""
    known = "00000000-0000-0000-0000-000000000001"
    told = {name: {"name": name, "error_code": 0, "topic_id": known} for name in topics.INPUTS}
    told[RATES] = {"name": RATES, "error_code": 3, "topic_id": ""}
    monkeypatch.setattr(
        topics, "connect", lambda _: nullcontext(SimpleNamespace(describe_topics=lambda _names: told.values()))
    )
    read = input_topic_ids.read_ids(load_settings())
    assert read == dict.fromkeys(topics.INPUTS, shorten(known)) | {RATES: b""}
    told[RATES]["error_code"] = 5

    def refused(_settings, name):
        raise BrokerUnavailableError(name)

    monkeypatch.setattr(topics, "read_topic_id", refused)
    with pytest.raises(BrokerUnavailableError, match=RATES):
        input_topic_ids.read_ids(load_settings())
    told[RATES]["error_code"] = told[topics.RULES]["error_code"] = 29
    with pytest.raises(NotAuthorizedError, match=rf"{RATES}, {topics.RULES}.*topics acls --apply"):
        input_topic_ids.read_ids(load_settings())
