"""What is in force, read from topics in memory: where it stands, what it is compared with, who may not read it."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError as ReaderConnectionError
from aiokafka.errors import TopicAuthorizationFailedError as ReaderDeniedError
from kafka.errors import (
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from nacl.signing import SigningKey

from detectors.contracts.configuration import Admission, fingerprint
from streams.errors import (
    BrokerUnavailableError,
    NotAuthorizedError,
    RulesDifferError,
    RulesGoneError,
    TopicsError,
)
from streams.kafka import clients
from streams.ledger import configuration_in_force
from streams.ledger.ruling_change import Change
from tests.support.ledger import configuration
from tests.support.log_cluster import SETTINGS
from tests.support.rules_topics import GOOD, LEDGER, MISSPELT, OTHER, RULES, STOPPING, Topics, begun, settings_of


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    """Empty ones."""
    return Topics(monkeypatch)


def test_the_newest_change_is_in_force_with_its_place_and_time(topics: Topics) -> None:
    """As ingest reads the topic: what is not committed yet is not in force, what nobody can read neither."""
    for one, at in [(GOOD, 1000), (OTHER, 2000), (None, 3000), (GOOD, 4000)]:
        topics.rule(one, at)
    topics.hidden = 1
    assert configuration_in_force.read_ruling_change(SETTINGS) == (OTHER, Change(1, 2000, OTHER))
    assert configuration_in_force.in_force(SETTINGS) == OTHER
    assert topics.reads[0] == (RULES, 0, None, 3, True, "each")
    assert all(one.stopped and one.committed_only for one in topics.readers)


def test_before_the_first_change_it_is_the_ledgers_first_record(topics: Topics) -> None:
    """Of partition 0; nothing of the ledger is read but that."""
    topics.begin(begun(OTHER))
    topics.append(LEDGER, 1, None, begun(GOOD))
    assert configuration_in_force.read_ruling_change(SETTINGS) == (OTHER, None)


@pytest.mark.parametrize("records", [[b"{}"], [None], [b'{"type":"transaction"}', begun(GOOD)], []], ids=str)
def test_a_ledger_that_does_not_begin_with_one_says_what_to_do(topics: Topics, records: list[bytes | None]) -> None:
    """Whatever stands behind the first record: that one alone is the beginning."""
    for value in records:
        topics.begin(value)
    topics.end = 900
    with pytest.raises(RulesGoneError) as told:
        configuration_in_force.in_force(SETTINGS)
    assert told.value.message == (
        "no record says any more which configuration is in force; "
        "got: fx.rules.v1 holds no change, fx.ledger.v1 does not begin with a configuration; "
        "expected: a configuration in fx.rules.v1, or as the first record of fx.ledger.v1[0]; "
        "to do: put the one in force again that was: fxwatch rules apply, with its file in FXWATCH_CONFIG; "
        "partitions keep what they have until then"
    )
    assert isinstance(told.value.__cause__, msgspec.MsgspecError if records else type(None))
    if records == [None]:
        assert str(told.value.__cause__) == "Input data was truncated"


def test_an_empty_ledger_is_a_matter_of_topics_apply(topics: Topics) -> None:
    """Nobody has begun it."""
    with pytest.raises(TopicsError, match="the ledger holds no configuration yet; to do: run: fxwatch topics apply"):
        configuration_in_force.in_force(SETTINGS)


@pytest.mark.parametrize("missing", [{RULES}, {LEDGER}, {RULES, LEDGER}], ids=["rules", "ledger", "both"])
def test_topics_that_are_missing_are_named(topics: Topics, missing: set[str]) -> None:
    """A consumer that is asked about one only goes silent for 30 s."""
    topics.missing = missing
    with pytest.raises(TopicsError) as told:
        configuration_in_force.in_force(SETTINGS)
    names = ", ".join(name for name in (RULES, LEDGER) if name in missing)
    assert told.value.message == f"the cluster lacks topics; got: no {names}; to do: run: fxwatch topics apply"


@pytest.mark.parametrize(
    ("fault", "expected", "got"),
    [
        (TopicAuthorizationFailedError("no"), NotAuthorizedError, "TopicAuthorizationFailedError: no"),
        (ReaderDeniedError("no"), NotAuthorizedError, "TopicAuthorizationFailedError: no"),
        (KafkaConnectionError("gone"), BrokerUnavailableError, repr(KafkaConnectionError("gone"))),
        (ReaderConnectionError("gone"), BrokerUnavailableError, repr(ReaderConnectionError("gone"))),
    ],
    ids=["denied", "reader denied", "gone", "reader gone"],
)
def test_who_cannot_read_it_is_told_why(topics: Topics, fault: Exception, expected: type[Exception], got: str) -> None:
    """A missing right is one, whichever client says so; everything else is a broker that does not serve it."""
    topics.rule(GOOD)
    topics.fault = fault
    with pytest.raises(expected) as told:
        configuration_in_force.read_ruling_change(SETTINGS)
    assert told.value.what == "the configuration in force cannot be read"
    assert told.value.fields["got"] == got
    assert told.value.__cause__ is fault


def test_a_topic_that_is_silent_is_given_up(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that the message says."""

    async def slow(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(2.0)
        yield []

    monkeypatch.setattr(clients, "read_range", slow)
    monkeypatch.setattr(configuration_in_force, "READ_SECONDS", 0.05)
    topics.rule(GOOD)
    with pytest.raises(BrokerUnavailableError, match=r"fx.rules.v1 cannot be read; got: nothing for 0 s"):
        configuration_in_force.refused_place(SETTINGS)


def test_a_change_is_found_in_each_ledger_partition_by_its_source(topics: Topics) -> None:
    """From the first record of its time on; of the same topic, partition and offset, and committed."""
    change = Change(7, 1000, GOOD)
    topics.ledger(0, 900, 7)  # before its time: the one before a topic was created anew
    topics.ledger(0, 1000)
    for source in ({"source": 8}, {"source": 7, "topic": "fx.rates.v1"}, {"source": 7, "number": 1}, {"source": 7}):
        topics.ledger(0, 1000, **source)
    topics.ledger(1, 999)
    topics.ledger(2, 2000, 7)
    topics.ledger(3, 1000, 6)
    assert configuration_in_force.find_places(SETTINGS, change, iter([0, 1, 2, 3, 4])) == {
        0: 5,
        1: None,
        2: 0,
        3: None,
        4: None,
    }
    assert sorted(topics.reads) == [
        (LEDGER, 0, 1, 6, True, "each"),
        (LEDGER, 2, 0, 1, True, "each"),
        (LEDGER, 3, 0, 1, True, "each"),
    ]
    topics.hidden = 1
    assert configuration_in_force.find_places(SETTINGS, change, [0, 2]) == {0: None, 2: None}
    assert all(one.stopped and one.committed_only for one in topics.readers)


def test_a_change_is_looked_for_among_a_bounded_number_of_records(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger of millions behind its time is not read to its end."""
    monkeypatch.setattr(configuration_in_force, "MOST_LOOKED_AT", 3)
    for partition, before in ((0, 2), (1, 3)):
        topics.ledger(partition, 500)
        for _ in range(before):
            topics.ledger(partition, 1000)
        topics.ledger(partition, 1000, 7)
    assert configuration_in_force.find_places(SETTINGS, Change(7, 1000, GOOD), [0, 1]) == {0: 3, 1: None}


def test_a_change_that_the_door_refuses_counts_where_it_stands_in_the_ledger(topics: Topics) -> None:
    """By an earlier release: it is in force, and not refused."""
    topics.rule(OTHER, 1000)
    topics.rule(MISSPELT, 2000)
    assert configuration_in_force.in_force(SETTINGS) == OTHER
    assert configuration_in_force.refused_place(SETTINGS) == "fx.rules.v1[0] at offset 1"
    topics.ledger(0, 2000, 1)
    assert configuration_in_force.in_force(SETTINGS) == MISSPELT
    assert configuration_in_force.refused_place(SETTINGS) is None


def test_what_is_refused_at_the_ledgers_beginning_is_told(topics: Topics) -> None:
    """Without any change; with one, the newest counts."""
    topics.begin(begun(STOPPING))
    assert configuration_in_force.refused_place(SETTINGS) == "fx.ledger.v1[0] at its beginning"
    topics.rule(GOOD)
    assert configuration_in_force.refused_place(SETTINGS) is None
    topics.rule(STOPPING)
    topics.rule(None)
    assert configuration_in_force.refused_place(SETTINGS) == "fx.rules.v1[0] at offset 2"


def test_records_of_other_partitions_are_counted_as_strangers(topics: Topics) -> None:
    """All of them, and none of partition 0."""
    topics.rules_partitions = 3
    for partition, count in ((0, 4), (1, 2), (2, 3)):
        for _ in range(count):
            topics.rule(GOOD, partition=partition)
    assert configuration_in_force.count_strangers(SETTINGS) == 5


def test_another_configuration_than_the_one_in_force_says_both(topics: Topics) -> None:
    """Table by table, with what to do; the same one is given back."""
    topics.rule(OTHER)
    with pytest.raises(RulesDifferError) as told:
        configuration_in_force.require(settings_of(desks={"tax": {}}))
    ours = configuration(desks={"tax": {}})
    assert told.value.message == (
        "this configuration differs from the one in force in the ledger; "
        f"got: [desks] here {fingerprint(ours.desks)}, in force {fingerprint(OTHER.desks)}; "
        f"[engine] here {fingerprint(ours.engine)}, in force {fingerprint(OTHER.engine)}; expected: the same; "
        "to do: put it in force with: fxwatch rules apply, or correct FXWATCH_CONFIG"
    )
    assert configuration_in_force.require(settings_of(engine={"case_window_days": 20})) == OTHER


def test_where_approvers_are_named_two_of_them_put_another_one_in_force(topics: Topics) -> None:
    """`rules apply` would be refused."""
    seeds = {"Han": b"1" * 32, "Kim": b"2" * 32}
    keys = {name: SigningKey(seed).verify_key.encode().hex() for name, seed in seeds.items()}
    topics.rule(configuration(approvers=keys))
    with pytest.raises(RulesDifferError, match="with: fxwatch rules propose and approve, or correct FXWATCH_CONFIG"):
        configuration_in_force.require(settings_of())


def test_rates_of_the_operators_own_are_no_shipped_ones(topics: Topics) -> None:
    """A worker that has the shipped table does not start beside them; only a release that had none is completed."""
    there = configuration(rates={"jump": 0.2})
    topics.rule(there)
    with pytest.raises(RulesDifferError, match=r"got: \[rates\] here"):
        configuration_in_force.require(SETTINGS)
    silent = msgspec.structs.replace(GOOD, rates=msgspec.UNSET)
    assert [configuration_in_force.find_lacking_tables(one) for one in (there, GOOD, silent)] == [[], [], ["rates"]]


def test_reading_leaves_the_threads_own_loop_alone(topics: Topics) -> None:
    """A worker asks before Faust runs, which takes the loop of its thread."""
    topics.rule(GOOD)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        configuration_in_force.refused_place(SETTINGS)
        assert asyncio.get_event_loop() is loop
        configuration_in_force.find_places(SETTINGS, Change(0, 0, GOOD), [0])
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_who_may_send_what_is_compared_as_it_is_read() -> None:
    """A configuration that does not say it has the default, so that both have one fingerprint."""
    silent = msgspec.structs.replace(GOOD, admission=msgspec.UNSET)
    assert (
        configuration_in_force.find_differing_tables(silent, msgspec.structs.replace(GOOD, admission=Admission())) == []
    )
    said = configuration(admission={"placeholders": ["nobody"]})
    assert configuration_in_force.find_differing_tables(GOOD, said) == [
        f"[admission] here {fingerprint(GOOD.admitted)}, in force {fingerprint(said.admitted)}"
    ]


def test_another_number_of_partitions_cannot_be_put_in_force(topics: Topics) -> None:
    """A party's state lives in one of them: neither a worker nor `rules apply` goes on."""
    topics.rule(GOOD)
    for work in (configuration_in_force.require, configuration_in_force.send_change):
        with pytest.raises(RulesDifferError) as told:
            work(settings_of(engine={"partitions": 6}))
        assert told.value.message == (
            "the number of the ledger's partitions is fixed when it is begun: a party's state lives in one of them; "
            "got: [engine] partitions = 6; expected: 12; "
            "to do: set [engine] partitions = 12 in the file that FXWATCH_CONFIG names, or use another cluster"
        )
