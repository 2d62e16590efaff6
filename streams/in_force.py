"""The configuration in force: what the ledger holds, compared with what a worker's file says.

The newest record of `fx.rules.v1` is in force (ingest broadcasts it to the ledger); before the first one it is the
record that `topics apply` wrote at the start of each ledger partition. A worker whose file differs must not run: it
would explain alerts by limits that did not apply.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError as ReadError
from kafka import KafkaProducer
from kafka.errors import AuthorizationError, KafkaError

from detectors.configuration import Configuration, fingerprint
from detectors.events import ConfigurationChange
from streams import clients, topics
from streams.contracts import RulesRecord
from streams.errors import BrokerUnavailableError, DeliveryError, RulesDifferError, TopicsError
from streams.kafka.denied import DENIED, not_authorized
from streams.kafka.security import kafka_python_access
from streams.rules import DELIVERY_SECONDS, KEY
from streams.settings import EFFECTIVE, Settings
from streams.topics import LEDGER, RULES
from streams.topics.cluster import MISSING

# Operators' changes go to one partition, so that their order is one.
RULES_PARTITION = 0
READ_SECONDS = 15.0


def in_force(settings: Settings) -> Configuration:
    """The configuration in force. Raises `TopicsError` when the ledger holds none yet."""
    _require_topics(settings)
    try:
        changes = _read(settings, RULES, RULES_PARTITION)
        for record in reversed(changes):
            try:
                return msgspec.json.decode(record.value, type=RulesRecord).configuration
            except msgspec.MsgspecError:
                continue  # ingest dead-letters it for the same reason; it never came into force
        for record in _read(settings, LEDGER, 0, most=1):
            return msgspec.json.decode(record.value, type=ConfigurationChange).configuration
    except msgspec.MsgspecError as fault:
        raise TopicsError(
            "the ledger does not begin with a configuration", got=str(fault), todo="run: fxwatch topics apply"
        ) from fault
    except DENIED as fault:
        raise not_authorized("the configuration in force cannot be read", fault) from fault
    except (KafkaError, ReadError) as fault:
        raise BrokerUnavailableError("the configuration in force cannot be read", got=repr(fault)) from fault
    raise TopicsError("the ledger holds no configuration yet", todo="run: fxwatch topics apply")


def _require_topics(settings: Settings) -> None:
    """A consumer asked about a topic that is not there, or a broker that does not answer, only goes silent for 30 s."""
    with topics.connect(settings) as admin:
        held = topics.described(admin, (RULES, LEDGER))
    missing = [name for name, each in held.items() if each["error_code"] == MISSING]
    if missing:
        raise TopicsError("the cluster lacks topics", got=f"no {', '.join(missing)}", todo="run: fxwatch topics apply")


def differences(ours: Configuration, theirs: Configuration) -> list[str]:
    """The tables that differ, with the fingerprints of both."""
    told = [(name, _fingerprint(ours, name), _fingerprint(theirs, name)) for name in EFFECTIVE]
    return [f"[{name}] here {here}, in force {there}" for name, here, there in told if here != there]


def _fingerprint(configuration: Configuration, table: str) -> str:
    return fingerprint(configuration.admitted if table == "admission" else getattr(configuration, table))


def require(settings: Settings) -> None:
    """Return when the settings' effective configuration is in force. Raises `RulesDifferError` otherwise."""
    ruling = in_force(settings)
    _require_same_partitions(settings, ruling)
    differing = differences(settings.effective, ruling)
    if differing:
        raise RulesDifferError(
            "this configuration differs from the one in force in the ledger",
            got="; ".join(differing),
            expected="the same",
            todo="put it in force with: fxwatch rules apply, or correct FXWATCH_CONFIG",
        )


def _require_same_partitions(settings: Settings, ruling: Configuration) -> None:
    """Raise `RulesDifferError` when the number of ledger partitions differs, which no `rules apply` may put right."""
    wanted, there = settings.effective.engine.partitions, ruling.engine.partitions
    if wanted != there:
        raise RulesDifferError(
            "the number of the ledger's partitions is fixed when it is begun: a party's state lives in one of them",
            got=f"[engine] partitions = {wanted}",
            expected=f"{there}",
            todo=f"set [engine] partitions = {there} in the file that FXWATCH_CONFIG names, or use another cluster",
        )


def change(settings: Settings) -> bool:
    """Send the effective configuration to `fx.rules.v1`; False when it is in force already.

    Raises `DeliveryError`, and `RulesDifferError` when it has another number of ledger partitions.
    """
    ruling = in_force(settings)
    _require_same_partitions(settings, ruling)
    if not differences(settings.effective, ruling):
        return False
    version = fingerprint(settings.effective)
    event = RulesRecord(event_id=f"{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}", configuration=settings.effective)
    producer = KafkaProducer(**kafka_python_access(settings), acks="all", client_id=f"{settings.application}-rules")
    try:
        producer.send(RULES, msgspec.json.encode(event), KEY, partition=RULES_PARTITION).get(DELIVERY_SECONDS)
    except AuthorizationError as fault:
        raise not_authorized("the configuration was not taken", fault) from fault
    except KafkaError as fault:
        raise DeliveryError("the configuration was not acknowledged", got=repr(fault), todo="run it again") from fault
    finally:
        producer.close()
    return True


def _read(settings: Settings, topic: str, partition: int, most: int | None = None) -> list[Any]:
    """The committed records of one partition from its beginning, at most `most`.

    Read as ingest reads them: one that was rolled back is in force nowhere, and one that nobody can read has no value
    here. Raises `BrokerUnavailableError` on silence.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        try:
            return runner.run(asyncio.wait_for(_committed(settings, topic, partition, most), READ_SECONDS))
        except TimeoutError as fault:
            raise BrokerUnavailableError(f"{topic} cannot be read", got=f"nothing for {READ_SECONDS:.0f} s") from fault


async def _committed(settings: Settings, topic: str, partition: int, most: int | None) -> list[Any]:
    consumer = clients.reader(settings, committed=True)
    try:
        await consumer.start()
        end = await clients.end_offset(consumer, TopicPartition(topic, partition))
    finally:
        await consumer.stop()
    found: list[Any] = []
    async for records in clients.read_range(settings, topic, partition, None, end, unreadable="each"):
        found += records
        if most is not None and len(found) >= most:
            break
    return found[:most]
