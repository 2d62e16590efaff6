"""A configuration that is refused is said on /readyz until one is accepted; by the worker that reads them."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Self

import msgspec
import pytest
from nacl.signing import SigningKey

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from streams.contracts.inputs import RulesRecord
from streams.errors import BrokerUnavailableError, RulesGoneError, TopicsError
from streams.ingest import refused_configuration
from streams.ingest.refused_configuration import RulesRefused
from streams.kafka.topics import LEDGER, RULES, TRANSACTIONS
from streams.ledger import configuration_in_force
from streams.settings import Settings, load_settings
from tests.support.ledger import configuration

HELD, OTHERS = {(RULES, 0), (TRANSACTIONS, 0)}, {(RULES, 1), (TRANSACTIONS, 0)}
GOOD = configuration()
LOCKED = msgspec.structs.replace(
    GOOD,
    approvers={
        name: SigningKey(bytes([number]) * 32).verify_key.encode().hex() for number, name in ((1, "H"), (2, "K"))
    },
)
STOPPING = msgspec.structs.replace(GOOD, engine=msgspec.structs.replace(GOOD.engine, rate_stale_hours=1e300))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second is waited for more records."""
    monkeypatch.setattr(refused_configuration, "SETTLED_SECONDS", 0.01)


def record(topic: str, partition: int, offset: int) -> Any:
    return SimpleNamespace(topic=topic, partition=partition, offset=offset)


def told(story: Callable[[RulesRefused], Any], *looks: str | Exception | None) -> list[str]:
    """The notes after a story; `looks` are what the topic says, one look each."""
    answers = list(looks)

    def look(_: Settings) -> str | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def play() -> list[str]:
        refused = RulesRefused(load_settings(), look)
        await story(refused)
        await refused.stop()
        return refused.notes()

    found = asyncio.run(play())
    assert not answers
    return found


async def looked(refused: RulesRefused) -> None:
    """Until it has its answer, whatever else keeps the machine busy; one that was cancelled has none."""
    if refused._looking is not None:
        await asyncio.wait({refused._looking}, timeout=10)


def test_the_worker_that_takes_the_configurations_says_what_was_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up when the partition is taken, again after an outage; another worker says nothing."""
    monkeypatch.setattr(refused_configuration, "RETRY_SECONDS", 0.001)

    async def taken(refused: RulesRefused) -> None:
        await refused.note_assigned(HELD)
        await looked(refused)
        await refused.note_assigned(HELD)

    [note] = told(taken, BrokerUnavailableError("away"), "fx.rules.v1[0] at offset 7")
    assert "the newest configuration (fx.rules.v1[0] at offset 7) is refused" in note
    assert note.endswith("then rules apply")
    assert told(taken, None) == []

    async def given_up(refused: RulesRefused) -> None:
        await taken(refused)
        await refused.note_assigned(OTHERS)

    assert told(given_up, "fx.rules.v1[0] at offset 7") == []
    assert told(lambda refused: refused.note_assigned(OTHERS)) == []


def test_a_refusal_is_said_until_one_is_accepted() -> None:
    """Records of payments, and of the other partitions, where configurations are in force nowhere, change nothing."""

    async def refused_one(refused: RulesRefused) -> None:
        await refused.note_assigned(HELD)
        await looked(refused)
        refused.note_taken(record(RULES, 0, 8), refused=True)
        refused.note_taken(record(RULES, 5, 1), refused=False)
        refused.note_taken(record(TRANSACTIONS, 0, 9), refused=False)

    assert "at offset 8" in told(refused_one, None)[0]

    async def mended(refused: RulesRefused) -> None:
        await refused_one(refused)
        refused.note_taken(record(RULES, 0, 9), refused=False)
        await looked(refused)

    assert told(mended, None, None) == []


def test_what_the_door_admits_and_monitors_refuse_is_said() -> None:
    """A change that the approvers did not sign: found by a look at the topic, and gone with the next one's."""

    async def admitted(refused: RulesRefused) -> None:
        await refused.note_assigned(HELD)
        await looked(refused)
        refused.note_taken(record(RULES, 0, 9), refused=False)
        await looked(refused)

    [note] = told(admitted, None, "fx.rules.v1[0] at offset 9")
    assert "(fx.rules.v1[0] at offset 9) is refused" in note

    async def approved(refused: RulesRefused) -> None:
        await admitted(refused)
        refused.note_taken(record(RULES, 0, 10), refused=False)
        assert refused.notes() == []
        await looked(refused)

    assert told(approved, None, "fx.rules.v1[0] at offset 9", None) == []

    async def flood(refused: RulesRefused) -> None:
        await refused.note_assigned(HELD)
        await looked(refused)
        for offset in range(50):
            refused.note_taken(record(RULES, 0, offset), refused=False)
            await asyncio.sleep(0)
        await looked(refused)

    # one look for all of them
    assert "at offset 49" in told(flood, None, "fx.rules.v1[0] at offset 49")[0]


def told_by_topics(monkeypatch: pytest.MonkeyPatch, begun: Any, *changes: Configuration | None) -> str | None:
    """What the topics come to: the ledger's first record (None: gone), and the changes (None: nobody can read it)."""
    rules = [
        SimpleNamespace(
            offset=number,
            timestamp=0,
            value=b"{" if one is None else msgspec.json.encode(RulesRecord(event_id=str(number), configuration=one)),
        )
        for number, one in enumerate(changes)
    ]
    first = [] if begun is None else [SimpleNamespace(value=begun)]
    monkeypatch.setattr(
        configuration_in_force, "_read", lambda _, topic, *__, **___: rules if topic == RULES else first
    )
    monkeypatch.setattr(configuration_in_force, "find_places", lambda *_: {0: None})
    monkeypatch.setattr(configuration_in_force, "_require_topics", lambda _: None)
    return configuration_in_force.refused_place(load_settings())


def test_which_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest one counts; without a change the ledger's first record does."""
    begun = msgspec.json.encode(ConfigurationChange(configuration=GOOD))
    assert told_by_topics(monkeypatch, begun) is None
    assert told_by_topics(monkeypatch, begun, STOPPING, GOOD) is None
    assert told_by_topics(monkeypatch, begun, GOOD, STOPPING) == "fx.rules.v1[0] at offset 1"
    assert told_by_topics(monkeypatch, begun, GOOD, GOOD, None) == "fx.rules.v1[0] at offset 2"
    # nobody but the approvers of what is in force can change it, and these records have no signatures
    locked = msgspec.json.encode(ConfigurationChange(configuration=LOCKED))
    assert told_by_topics(monkeypatch, locked, GOOD) == "fx.rules.v1[0] at offset 0"
    stopping = msgspec.json.encode(ConfigurationChange(configuration=STOPPING))
    assert told_by_topics(monkeypatch, stopping) == f"{LEDGER}[0] at its beginning"
    assert told_by_topics(monkeypatch, stopping, GOOD) is None


class Admin:
    """A cluster whose ledger ends somewhere."""

    def __init__(self, end: int) -> None:
        self.end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def list_partition_offsets(self, asked: dict[Any, Any]) -> dict[Any, Any]:
        return {tp: SimpleNamespace(offset=self.end) for tp in asked}


def test_a_ledger_whose_first_record_is_gone_can_be_given_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `rules apply`; `topics apply` would leave it alone. An empty one is `topics apply`'s, as ever."""
    monkeypatch.setattr(configuration_in_force.topics, "connect", lambda _: Admin(900))
    for first in (b'{"type":"transaction"}', None):
        with pytest.raises(RulesGoneError, match="fxwatch rules apply"):
            told_by_topics(monkeypatch, first)
        with pytest.raises(RulesGoneError, match="fxwatch rules apply"):
            configuration_in_force.require(load_settings())
        assert not configuration_in_force._is_in_force(load_settings(), load_settings().effective)
    assert told_by_topics(monkeypatch, b"", GOOD) is None
    assert configuration_in_force.require(load_settings()) == GOOD
    monkeypatch.setattr(configuration_in_force.topics, "connect", lambda _: Admin(0))
    with pytest.raises(TopicsError, match="fxwatch topics apply"):
        told_by_topics(monkeypatch, None)
