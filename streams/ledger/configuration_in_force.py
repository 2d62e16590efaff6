"""The configuration in force: what the ledger holds, compared with what a worker's file says.

The newest record of `fx.rules.v1` that the core accepts is in force (ingest broadcasts it to the ledger); before the
first one it is the record that `topics apply` wrote at the start of each ledger partition. All stand in partition 0:
door and core refuse a configuration of any other, because two partitions have no order. A worker whose file differs
must not run: it would explain alerts by limits that did not apply.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError as ReadError
from kafka import KafkaProducer
from kafka import TopicPartition as Partition
from kafka.errors import AuthorizationError, InvalidTimestampError, KafkaError

from detectors.configuration_approval import approval_faults, approvers_of
from detectors.configuration_faults import stopping_faults
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration, fingerprint
from detectors.contracts.events import ConfigurationChange
from detectors.core import RULES_PARTITION
from detectors.succession import promotion_faults
from detectors.typologies import all_rules
from streams.contracts.inputs import INPUTS, RulesRecord
from streams.errors import (
    ApprovalError,
    BrokerUnavailableError,
    ConfigurationError,
    DeliveryError,
    RulesDifferError,
    RulesGoneError,
    TopicsError,
)
from streams.kafka import clients, topics
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.kafka.security import kafka_python_access
from streams.kafka.topic_reader import count_partitions_of
from streams.kafka.topics import LEDGER, RULES
from streams.kafka.topics.admin_client import MISSING
from streams.ledger import envelope
from streams.ledger.configuration_records import DELIVERY_SECONDS, read_ledger_ends
from streams.ledger.ruling_change import Change, find_ruling, is_accepted
from streams.settings import EFFECTIVE, Settings, overlay_configuration

READ_SECONDS = 15.0
# Ledger records of one partition among which a change is looked for; some 2 s.
MOST_LOOKED_AT = 50_000


def in_force(settings: Settings) -> Configuration:
    """The configuration in force. Raises `TopicsError` when the ledger holds none yet."""
    return read_ruling_change(settings)[0]


def read_ruling_change(settings: Settings) -> "tuple[Configuration, Change | None]":
    """The configuration in force and the change that put it there; None stands for the ledger's first record.

    Raises `RulesGoneError` when neither is kept.
    """
    _require_topics(settings)
    try:
        changes = [_change(record) for record in _read(settings, RULES, RULES_PARTITION)]
        return find_ruling(lambda: _begun(settings), changes, partial(_is_in_ledger, settings))
    except DENIED as fault:
        raise make_not_authorized_error("the configuration in force cannot be read", fault) from fault
    except (KafkaError, ReadError) as fault:
        raise BrokerUnavailableError("the configuration in force cannot be read", got=repr(fault)) from fault


def _begun(settings: Settings) -> Configuration:
    cause = None
    for record in _read(settings, LEDGER, 0, most=1):
        try:
            return msgspec.json.decode(record.value or b"", type=ConfigurationChange).configuration
        except msgspec.MsgspecError as fault:
            cause = fault
    with topics.connect(settings) as admin:
        place = Partition(LEDGER, 0)
        if read_ledger_ends(admin, [place])[place] == 0:
            raise TopicsError("the ledger holds no configuration yet", todo="run: fxwatch topics apply")
    # deleted by retention, say; `topics apply` leaves a ledger alone that ever held a record
    raise RulesGoneError(
        "no record says any more which configuration is in force",
        got=f"{RULES} holds no change, {LEDGER} does not begin with a configuration",
        expected=f"a configuration in {RULES}, or as the first record of {LEDGER}[0]",
        todo="put the one in force again that was: fxwatch rules apply, with its file in "
        "FXWATCH_CONFIG; partitions keep what they have until then",
    ) from cause


def _change(record: Any) -> Change:
    try:
        read = msgspec.json.decode(record.value or b"", type=RulesRecord)
    except msgspec.MsgspecError:
        return Change(record.offset, record.timestamp, None)
    return Change(record.offset, record.timestamp, read.configuration, read.approvals or None)


def refused_place(settings: Settings) -> str | None:
    """Where the newest configuration stands when it is refused, so that another is in force; None when all is well.

    Raises `BrokerUnavailableError` on silence, `TopicsError` or `RulesGoneError` when there is none at all.
    """
    changes = [_change(record) for record in _read(settings, RULES, RULES_PARTITION)]
    if not changes:
        return f"{LEDGER}[0] at its beginning" if stopping_faults(_begun(settings)) else None
    newest = changes[-1]
    in_ledger = partial(_is_in_ledger, settings)
    if is_accepted(newest, in_ledger):
        _, ruling = find_ruling(partial(_begun, settings), changes, in_ledger)
        return None if ruling is newest else place_of(newest.offset)
    return place_of(newest.offset)


def place_of(offset: int) -> str:
    """Where a change stands, for people."""
    return f"{RULES}[{RULES_PARTITION}] at offset {offset}"


def _is_in_ledger(settings: Settings, change: Change) -> bool:
    return find_places(settings, change, [0])[0] is not None


def list_switched_off(configuration: Configuration) -> list[str]:
    """Typologies of this release that the configuration does not enable."""
    named = configuration.rules
    return [each.id for each in all_rules() if each.id not in named or not named[each.id].enabled]


def count_strangers(settings: Settings) -> int:
    """Records of `fx.rules.v1` in other partitions than 0: dead letters, in force nowhere."""
    count = count_partitions_of(settings, [RULES])[RULES]
    return sum(len(_read(settings, RULES, number)) for number in range(count) if number != RULES_PARTITION)


def find_places(settings: Settings, change: Change, partitions: Iterable[int]) -> dict[int, int | None]:
    """Where a change stands in each ledger partition, None where it is not found (yet).

    A ledger record has its input's Kafka timestamp, so it is looked for from the first record of that time on, among
    `MOST_LOOKED_AT` records.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_places(settings, change, list(partitions)))


async def _places(settings: Settings, change: Change, partitions: list[int]) -> dict[int, int | None]:
    asked = {TopicPartition(LEDGER, number): change.timestamp_ms for number in partitions}
    consumer = clients.make_reader(settings, committed=True)
    try:
        await consumer.start()
        starts = {
            tp: None if at is None else int(at.offset) for tp, at in (await consumer.offsets_for_times(asked)).items()
        }
        ends = {tp: await clients.end_offset(consumer, tp) for tp in starts}
    finally:
        await consumer.stop()
    found = await asyncio.gather(
        *(_place(settings, change, tp.partition, start, ends[tp]) for tp, start in starts.items())
    )
    return dict(zip([tp.partition for tp in starts], found, strict=True))


async def _place(settings: Settings, change: Change, partition: int, start: int | None, end: int) -> int | None:
    if start is None:
        return None
    stop = min(end, start + MOST_LOOKED_AT)
    async for records in clients.read_range(settings, LEDGER, partition, start, stop, unreadable="each"):
        for record in records:
            if is_change(record, change.offset):
                return int(record.offset)
    return None


def is_change(record: Any, offset: int) -> bool:
    """Whether a ledger record says that it is the change at an offset."""
    told = envelope.told_source(record.headers or ())
    place = (RULES.encode(), b"%d" % RULES_PARTITION, offset)
    return told is not None and (told.topic, told.partition, told.offset) == place


def _require_topics(settings: Settings) -> None:
    """A consumer asked about a topic that is not there, or a broker that does not answer, only goes silent for 30 s."""
    with topics.connect(settings) as admin:
        held = topics.describe_topics(admin, (RULES, LEDGER))
    missing = [name for name, each in held.items() if each["error_code"] == MISSING]
    if missing:
        raise TopicsError("the cluster lacks topics", got=f"no {', '.join(missing)}", todo="run: fxwatch topics apply")


def find_differing_tables(ours: Configuration, theirs: Configuration) -> list[str]:
    """The tables that differ, with the fingerprints of both."""
    told = [(name, _fingerprint(ours, name), _fingerprint(theirs, name)) for name in EFFECTIVE]
    return [f"[{name}] here {here}, in force {there}" for name, here, there in told if here != there]


def _fingerprint(configuration: Configuration, table: str) -> str:
    return fingerprint(configuration.admitted if table == "admission" else getattr(configuration, table))


def require(settings: Settings) -> Configuration:
    """The configuration in force, when the settings' effective one is it. Raises `RulesDifferError` otherwise.

    A table that the release which wrote it did not have is no difference where the settings have the shipped one. So
    workers can be upgraded one by one with what `rules show` prints, before `rules apply` puts the table in force.
    """
    there = in_force(settings)
    _require_same_partitions(settings.effective, there)
    differing = find_differing_tables(settings.effective, _completed(there))
    if differing:
        raise RulesDifferError(
            "this configuration differs from the one in force in the ledger",
            got="; ".join(differing),
            expected="the same",
            todo=f"put it in force with: {_in_force_by(there)}, or correct FXWATCH_CONFIG",
        )
    return there


def _in_force_by(there: Configuration) -> str:
    return "fxwatch rules propose and approve" if approvers_of(there) else "fxwatch rules apply"


def _completed(theirs: Configuration) -> Configuration:
    shipped = overlay_configuration({})
    return msgspec.structs.replace(theirs, **{name: getattr(shipped, name) for name in find_lacking_tables(theirs)})


def find_lacking_tables(configuration: Configuration) -> list[str]:
    """Tables that the release which wrote the configuration did not have."""
    return [
        name for name in ("rates", "sanctions", "duties", "screens") if getattr(configuration, name) is msgspec.UNSET
    ]


def _require_same_partitions(configuration: Configuration, ruling: Configuration) -> None:
    """Raise `RulesDifferError` when the number of ledger partitions differs, which no `rules apply` may put right."""
    wanted, there = configuration.engine.partitions, ruling.engine.partitions
    if wanted != there:
        raise RulesDifferError(
            "the number of the ledger's partitions is fixed when it is begun: a party's state lives in one of them",
            got=f"[engine] partitions = {wanted}",
            expected=f"{there}",
            todo=f"set [engine] partitions = {there} in the file that FXWATCH_CONFIG names, or use another cluster",
        )


def send_change(
    settings: Settings, configuration: Configuration | None = None, approvals: Approvals | None = None
) -> bool:
    """Send a configuration (default: the effective one) to `fx.rules.v1`; False when the ledger has it in force.

    One that is not in the ledger is sent again, which does no harm: ingest may have yet to bring it there, or an ingest
    worker of an earlier release has refused it and nobody would read it again.

    Raises `ApprovalError` where its `approvals` are not enough for what is in force, `DeliveryError`,
    `ConfigurationError` for one too long to be admitted, and `RulesDifferError` when it has another number of ledger
    partitions.
    """
    configuration = settings.effective if configuration is None else configuration
    if _is_in_force(settings, configuration):
        return False
    approvals = _require_approvals(settings, configuration, approvals)
    version = fingerprint(configuration)
    event = RulesRecord(
        event_id=f"{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        configuration=configuration,
        approvals=approvals or msgspec.UNSET,
    )
    value, most = msgspec.json.encode(event), INPUTS[RULES].size_limit
    if len(value) > most:
        raise ConfigurationError(
            "the configuration is longer than ingest admits",
            got=f"{len(value)} bytes as JSON",
            expected=f"at most {most}",
            todo="shorten its longest tables",
        )
    producer = KafkaProducer(**kafka_python_access(settings), acks="all", client_id=f"{settings.application}-rules")
    try:
        producer.send(RULES, value, envelope.CONFIGURATION_KEY, partition=RULES_PARTITION).get(DELIVERY_SECONDS)
    except AuthorizationError as fault:
        raise make_not_authorized_error("the configuration was not taken", fault) from fault
    except InvalidTimestampError as fault:
        raise DeliveryError(
            "the configuration was not taken: its time is too far from the broker's",
            got=repr(fault),
            expected="clocks that agree within the hour that message.timestamp.after.max.ms gives",
            todo="correct the clock of this machine, or of the brokers",
        ) from fault
    except KafkaError as fault:
        raise DeliveryError(
            "the configuration was not acknowledged", got=repr(fault), todo="see the broker's log, then run it again"
        ) from fault
    finally:
        producer.close()
    return True


def _require_approvals(
    settings: Settings, configuration: Configuration, approvals: Approvals | None
) -> Approvals | None:
    """The approvals to send: those given, or what put the configuration in force where it is in force already."""
    try:
        there, change = read_ruling_change(settings)
    except RulesGoneError:
        return approvals
    standing = None if change is None else change.approvals
    if configuration == there:
        return standing
    if faults := promotion_faults(there, configuration):
        raise ApprovalError(
            "the configuration promotes a challenger without a report",
            got="; ".join(faults),
            expected="[promotion] report, the report_hash of what `fxwatch testbed compare` wrote",
            todo="write it into the file, then run this again with --report",
        )
    if faults := approval_faults(there, standing, configuration, approvals):
        raise ApprovalError(
            "the configuration is not approved",
            got="; ".join(faults),
            expected="what two approvers of the configuration in force signed",
            todo="propose it: fxwatch rules propose; then another approver: fxwatch rules approve",
        )
    return approvals


def _is_in_force(settings: Settings, configuration: Configuration) -> bool:
    try:
        there, found = read_ruling_change(settings)
    except RulesGoneError:
        return False  # whatever it was, this says it again
    _require_same_partitions(configuration, there)
    arrived = found is None or _is_in_ledger(settings, found)
    # after one that is refused it is said again: who reads the topic then finds the newest in force
    same = configuration.stops == there.stops and not find_differing_tables(configuration, there)
    return arrived and same and refused_place(settings) is None


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
    consumer = clients.make_reader(settings, committed=True)
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
