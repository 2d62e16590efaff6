"""Whose topics these are: the application's name, claimed once on `fx.progress.v1`.

Consumer groups and transactional ids bear the name. Failure prevented: two names on one cluster's topics share nothing,
so that both read every input and both publish every alert, each of them ready and content; and transactional ids of
different names do not fence each other.
"""

import asyncio
import time
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient

from streams.errors import BrokerUnavailableError, OtherApplicationError
from streams.kafka import clients, topics
from streams.kafka.agent_names import GROUPS, AgentNames
from streams.kafka.coordinators import ask_coordinator
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.ledger import progress
from streams.ledger.progress import Application
from streams.log import logs
from streams.partition.outputs import abandon
from streams.settings import Settings

logger = logs.get_logger(__name__)

KEY = b"application"
PARTITION = 0
# One for all names, so that of two first claims the later start fences the earlier one, which then finds the later's.
TRANSACTIONAL_ID = "fxwatch-application"
# A claim is one small transaction; another's, that was cut off in the middle, is ended by the broker within this.
CLAIM_SECONDS = 60.0
RETRY_SECONDS = 0.5


def require(settings: Settings) -> None:
    """Return when the topics are this application's; an unclaimed cluster is claimed by the first who asks.

    Of several first ones at the same moment exactly one gets it. Raises `OtherApplicationError` for another's topics,
    `ProgressError` when the claim cannot be read, `BrokerUnavailableError`. Cost: a read of one partition.
    """
    held: Application = _run(_held_or_claimed(settings))
    if held.name != settings.application:
        raise OtherApplicationError(
            "these topics belong to another application: both would publish every alert",
            got=f"FXWATCH_APPLICATION={settings.application}",
            expected=f"FXWATCH_APPLICATION={held.name}, claimed at {held.at}",
            todo=f"set FXWATCH_APPLICATION={held.name}; or, to change the name for good, stop every worker of "
            f"{held.name} and run: fxwatch topics take-over",
        )


def take_over(settings: Settings) -> Application | None:
    """Make this application's name the cluster's; returns the claim before it, None when there was none.

    The consumer groups of the new name begin at the start: everything is read again, and dropped as redelivered. Raises
    `OtherApplicationError` while workers of the other name run, as far as their groups tell.
    """
    former: Application | None = _run(_held(settings))
    if former is not None and former.name != settings.application:
        with topics.connect(settings) as admin:
            running = _members(admin, former.name)
        if running:
            raise OtherApplicationError(
                f"workers of {former.name} run: two names at once would publish every alert twice",
                got="; ".join(running),
                expected=f"no member in the groups of {former.name}",
                todo="stop them, wait for the session time-out, and run this again",
            )
    now: Application = _run(_claim(settings, over=former))
    if now.name != settings.application:
        raise OtherApplicationError(
            "another application took these topics over at the same moment",
            got=now.name,
            expected=settings.application,
            todo="agree on one name, then run it again",
        )
    return former


def _run(work: Any) -> Any:
    # a loop of its own that is never the thread's (streams/kafka/check_connection.py)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        # aiokafka leaves the futures of a fenced producer to nobody; asyncio would write a traceback for each
        runner.get_loop().set_exception_handler(lambda _loop, context: logger.debug("%s", context.get("message")))
        try:
            return runner.run(work)
        except DENIED as fault:
            raise make_not_authorized_error("whose topics these are cannot be read or claimed", fault) from fault
        except (KafkaError, TimeoutError) as fault:
            raise BrokerUnavailableError(
                "whose topics these are cannot be read or claimed",
                got=repr(fault),
                todo="see the broker's log, then try again",
            ) from fault


def _members(admin: KafkaAdminClient, name: str) -> list[str]:
    """The groups of an application that have members, with how many."""
    groups = [AgentNames(name, agent).group for agent in GROUPS]
    found = ask_coordinator(lambda: admin.describe_groups(groups))
    denied = [group for group in groups if "AUTHORIZATION" in str(found.get(group, {}).get("error") or "").upper()]
    if denied:  # which would look like groups without members
        raise make_not_authorized_error("whether workers of the former name run cannot be told", ", ".join(denied))
    return [
        f"{group} has {len(found[group]['members'])} members"
        for group in groups
        if group in found and found[group]["members"]
    ]


async def _held_or_claimed(settings: Settings) -> Application:
    held = await _held(settings)
    return held if held is not None else await _claim(settings, over=None)


async def _claim(settings: Settings, over: Application | None) -> Application:
    """Claim the topics, unless they are claimed otherwise than `over` says; returns the claim that then stands.

    Starting the producer ends whatever an earlier claimant had under way, and fences it; the claim is read after that.
    So between that reading and the commit nobody else can have claimed.
    """
    deadline = time.monotonic() + CLAIM_SECONDS
    while True:
        producer = clients.make_transactional_producer(settings, TRANSACTIONAL_ID)
        try:
            await producer.start()
            held = await _held(settings)
            if held != over:
                assert held is not None  # a claim is never taken back
                return held
            ours = Application(name=settings.application, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            async with producer.transaction():
                await producer.send_and_wait(topics.PROGRESS, progress.encode(ours), KEY, PARTITION)
        except DENIED:
            raise  # which no time heals
        except KafkaError:
            # fenced by another claimant, whose claim is found next; or the broker is busy
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return ours
        finally:
            await abandon(producer)


async def _held(settings: Settings) -> Application | None:
    """The newest claim. Up to the read_uncommitted end: an open transaction is waited for, it may be a claim's."""
    place = TopicPartition(topics.PROGRESS, PARTITION)
    consumer = clients.make_reader(settings, committed=False)
    try:
        await consumer.start()
        consumer.assign([place])
        end = await clients.end_offset(consumer, place)
    finally:
        await consumer.stop()
    found = None
    async for records in clients.read_range(settings, topics.PROGRESS, PARTITION, None, end):
        for record in records:
            if record.key == KEY and record.value is not None:
                found = progress.decode(record.value, Application)
    return found
