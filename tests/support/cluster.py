"""A real cluster under test: workers as processes of their own, and what the topics say of their work.

Nothing here sleeps for a fixed time and hopes: a run is over when the topics and the groups' committed offsets say so.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
import tomli_w
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from detectors.contracts.alert import Alert
from detectors.core import Notice
from streams.contracts.dead_letters import Original, read_original
from streams.contracts.refusal_codes import TOLD_BY_MONITOR
from streams.kafka import topic_reader, topics
from streams.kafka.agent_names import AgentNames
from streams.keys.pseudonyms import load_keys
from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.rebuild import begin
from streams.settings import load_settings
from streams.version import code_version
from tests.support import warm_commands
from tests.support.ledger_replay import (
    BROKERS,
    SHARED_SOURCE,
    STAMPED_BY_BROKER,
    LegsReplay,
    Replay,
    Seen,
    replay_of,
    replay_of_legs,
    trails_of,
)
from tests.support.worker_process import COMMAND, Worker

T = TypeVar("T")

PARTITIONS = 12
READY_SECONDS = 60.0
CONFLICT = "event.conflict"
# A wait's limit ends a test that hangs, and promises nothing. A machine with other work on it took twice as long.
PATIENCE = 3


class Cluster:
    """fxwatch on an empty broker: its own group names, key file and workers.

    A context manager that leaves nothing running.

    `tables` overlay the default configuration (`{"detectors": {"warm_up": 20}}`); `settings` are further settings by
    name (`session_timeout_seconds=6`), for workers and commands alike. `cold`: workers are started as operators start
    them, and not as forks of a process that has all imports.
    """

    def __init__(
        self,
        bootstrap: str,
        directory: Path,
        tables: dict[str, Any] | None = None,
        *,
        cold: bool = False,
        **settings: Any,
    ) -> None:
        self.directory, self.cold = directory, cold
        key_file = directory / "keys.txt"
        key_file.write_text("k1 = " + "1f" * 32 + "\n")
        key_file.chmod(0o600)
        # Groups of an earlier test may still hold members that were killed: names of our own need not wait for them.
        chosen = {"bootstrap": bootstrap, "key_file": key_file, "application": f"test-{os.urandom(4).hex()}"} | settings
        configuration = directory / "fxwatch.toml"
        configuration.write_text(tomli_w.dumps(tables or {}))
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
        self.environment = foreign | {f"FXWATCH_{name.upper()}": str(value) for name, value in chosen.items()}
        self.environment["FXWATCH_CONFIG"] = str(configuration)
        self.settings = load_settings(**chosen, effective_tables=tables or {})
        self.keys = load_keys(key_file)
        self.workers: list[Worker] = []
        self._started = 0
        self.doubt: KafkaError | None = None

    def __enter__(self) -> Self:
        assert self.fxwatch("topics", "apply").returncode == 0
        addresses = self.settings.bootstrap_servers
        self._admin = KafkaAdminClient(bootstrap_servers=addresses)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            if worker.alive():
                worker.process.send_signal(signal.SIGCONT)
                worker.kill()
        self._admin.close()

    def fxwatch(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; unless told otherwise it must exit 0."""
        done = warm_commands.run([str(one) for one in arguments], self.environment, 600)
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    # -- workers --------------------------------------------------------------------------------------------------

    def start(self, *roles: str) -> list[Worker]:
        """Start workers side by side and wait until all are ready."""
        started = [self.spawn(role) for role in roles]
        self.wait_ready(started)
        self.until(self.settled, READY_SECONDS, "the groups are not settled")
        return started

    def settled(self) -> bool:
        """Whether rebalances are over: the groups hold the workers that run and no others, all partitions run.

        Of both agents that learn. Failure prevented: a worker that was stopped as it opened partitions of the shared
        agent said that it had saved 22 of 24.
        """
        return all(self._group_settled(agent) for agent in ("ingest", "monitor", "shared"))

    def _group_settled(self, agent: str) -> bool:
        members = sum(one.alive() and not one.frozen and one.role in (agent, "all") for one in self.workers)
        if not members:
            return True
        group = AgentNames(self.settings.application, agent).group
        # it cannot read Faust's member metadata, which nobody asked it for
        logging.getLogger("kafka.admin").setLevel(logging.ERROR)
        found = self._admin.describe_groups([group])[group]
        # raises where the coordinator has moved; describe_groups answers with an error of the old one instead
        self.committed(agent)
        held = agent == "ingest" or self.running_partitions(agent) == PARTITIONS
        return held and found["group_state"] == "Stable" and len(found["members"]) == members

    def spawn(self, role: str, command: Sequence[str] = COMMAND) -> Worker:
        """Start a worker, or what stands for one, without waiting for it."""
        self._started += 1
        worker = Worker(self.directory, self.environment, role, self._started, command, warm=not self.cold)
        self.workers.append(worker)
        return worker

    def wait_ready(self, workers: Iterable[Worker]) -> None:
        """Wait for `/readyz`; a worker that ended meanwhile fails the test with its last words."""
        for worker in workers:
            self.until(
                lambda worker=worker: worker.page("/readyz") is not None,
                READY_SECONDS,
                f"{worker.log.name} is not ready",
            )

    def stop(self, workers: Iterable[Worker]) -> list[int]:
        """Stop workers at once, as an orchestrator would; returns their exit codes."""
        stopping = list(workers)
        for worker in stopping:
            worker.tell()
        return [worker.stop() for worker in stopping]

    def stop_all(self) -> None:
        """Stop every worker that runs, one by one and not in the join that the one before caused; each must exit 0."""
        before = [worker for worker in self.workers if not worker.alive()]  # zombies that were fenced, say
        for worker in [worker for worker in self.workers if worker.alive()]:
            self.until(self.settled, READY_SECONDS, "the groups are not settled", may_end=before)
            code = worker.stop()
            assert code == 0, f"SIGTERM ended {worker.log.name} with {code}:\n{worker.words()}"

    def until(self, fact: Callable[[], bool], seconds: float, what: str, *, may_end: Iterable[Worker] = ()) -> float:
        """Wait until `fact` holds; returns the seconds it took.

        Fails when a worker ended on its own, or after `seconds` as a machine with nothing else to do counts them.
        """
        began, seconds = time.monotonic(), PATIENCE * seconds
        excused = list(may_end)
        while not self._holds(fact):
            for worker in self.workers:
                ended = worker.process.poll()
                assert (
                    ended is None or worker in excused or ended == -signal.SIGKILL or worker.stopped_after is not None
                ), f"{worker.log.name} ended with {ended}:\n{worker.words()}"
            assert time.monotonic() - began < seconds, (
                f"{what} after {seconds:.0f} s; {self._told()}; last error {self.doubt!r}; "
                + "\n".join(
                    f"{worker.log.name}: {worker.page('/healthz')}\n{worker.words()}"
                    for worker in self.workers
                    if worker.alive()
                )
            )
            time.sleep(0.1)
        return time.monotonic() - began

    def once(
        self,
        ask: Callable[[], T],
        fits: Callable[[T], bool],
        seconds: float,
        what: str,
        *,
        may_end: Iterable[Worker] = (),
    ) -> T:
        """Wait as `until` does; returns the answer that fitted. Asked again for an assertion, it may be another."""
        found: list[T] = []

        def fact() -> bool:
            found[:] = [ask()]
            return fits(found[0])

        self.until(fact, seconds, what, may_end=may_end)
        return found[0]

    def _holds(self, fact: Callable[[], bool]) -> bool:
        """Whether a fact is known to hold; while brokers are away it is not known."""
        try:
            return fact()
        except KafkaError as fault:
            # kafka-python's admin client asks the coordinator it once found for ever, wherever that has moved
            self.doubt = fault
            self._admin.close()
            with contextlib.suppress(KafkaError):
                self._admin = KafkaAdminClient(bootstrap_servers=self.settings.bootstrap_servers)
            return False

    def when_answered(self, ask: Callable[[], T], seconds: float = 30.0) -> T:
        """What `ask` returns, once the broker that kafka-python picks is one that is there."""
        found: list[T] = []
        self.until(lambda: not found.append(ask()), seconds, "no answer")
        return found[0]

    # -- facts ----------------------------------------------------------------------------------------------------

    def committed(self, agent: str) -> dict[TopicPartition, int]:
        """The committed offsets of an agent's group."""
        found = self._admin.list_group_offsets({AgentNames(self.settings.application, agent).group: None})
        held = next(iter(found.values()), {})
        return {tp: one.offset for tp, one in held.items() if isinstance(tp, TopicPartition) and one.offset >= 0}

    def ends(self, *names: str) -> dict[TopicPartition, int]:
        """The end offsets of topics."""
        counts = {one["name"]: len(one["partitions"]) for one in self._admin.describe_topics(list(names))}
        asked = [TopicPartition(name, number) for name in names for number in range(counts[name])]
        # not with a consumer: after an election kafka-python's asks the leader it knew until its time is out
        found = self._admin.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.LATEST))
        return {tp: one.offset for tp, one in found.items()}

    def lag(self, agent: str, *names: str) -> int:
        """Records that an agent's group has not finished (committed) yet."""
        done = self.committed(agent)
        return sum(end - done.get(tp, 0) for tp, end in self.ends(*names).items())

    def monitored(self) -> int:
        """Ledger records that the monitor's group has committed."""
        return sum(self.committed("monitor").values())

    def ingested(self) -> int:
        """Input records that the ingest group has committed."""
        return sum(self.committed("ingest").values())

    def behind(self) -> str:
        """What is still to do, for people."""
        return f"ingest lags {self.lag('ingest', *topics.INPUTS)}, monitor {self.lag('monitor', topics.LEDGER)} records"

    def _told(self) -> str:
        try:
            return self.behind()
        except KafkaError as fault:
            return f"the brokers do not say what is left: {fault!r}"

    def wait_drained(self, seconds: float = 60, *, may_end: Iterable[Worker] = ()) -> float:
        """Wait until every input is ledgered or dead-lettered, the ledger applied, each conflict's letter written."""

        def drained() -> bool:
            # in the order of the data: what ingest finished is in the ledger before the ledger's end is asked for;
            # twice, because what monitors tell one another goes once more through ingest and ledger, and tells nothing
            for _ in range(2):
                if self.lag("ingest", *topics.INPUTS) or self.lag("monitor", topics.LEDGER):
                    return False
            return not self.follows_legs() or self.lag("shared", topics.LEGS) == 0

        took = self.until(drained, seconds, "not drained", may_end=may_end)
        return took + self.until(self._letters_written, 30, "conflicts without dead letters", may_end=may_end)

    def _letters_written(self) -> bool:
        notices = {msgspec.json.decode(record.value, type=Notice).source for _, record in self.read(topics.NOTICES)}
        letters = {
            (one.topic, one.partition, one.offset)
            for one in self.dead_letters()
            if not TOLD_BY_MONITOR.isdisjoint(one.codes)
        }
        return len(notices) == len(letters)

    def read(self, *names: str) -> list[tuple[Any, Any]]:
        """(partition, record) of every committed record, each partition in order."""
        return list(self.stream(*names))

    def stream(self, *names: str) -> Iterator[tuple[Any, Any]]:
        """As `read`, without holding them all: the ledger of a million events is 7 GB of objects."""
        with topic_reader.Reader(self.settings, names) as reader:
            for tp, records in reader.read_to_end():
                for record in records:
                    yield tp, record

    def count_uncommitted(self, topic: str) -> Counter[bytes]:
        """How often a read_uncommitted reader sees each value, aborted transactions included."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.settings.bootstrap_servers,
            enable_auto_commit=False,
            isolation_level="read_uncommitted",
            auto_offset_reset="earliest",
        )
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends, found = consumer.end_offsets(partitions), Counter()
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for records in consumer.poll(500).values():
                found.update(record.value for record in records)
        consumer.close()
        return found

    def dead_letters(self) -> list[Original]:
        """Dead letters, each source position once: a letter may be written again after a crash."""
        found = {}
        for _, record in self.read(topics.DEADLETTER):
            letter = read_original(record)
            assert letter is not None
            found.setdefault(
                (letter.topic, letter.partition, letter.offset, not TOLD_BY_MONITOR.isdisjoint(letter.codes)), letter
            )
        return list(found.values())

    def follows_legs(self) -> bool:
        """Whether a worker that runs, or ran, has the shared agent."""
        return any(worker.role in ("shared", "all") for worker in self.workers)

    def published(self, *, by: str = "monitor") -> dict[tuple[str, int], list[Seen]]:
        """What a read_committed reader sees of an agent: alerts and copies, notices, open items, lists, what it told.

        By (topic, partition). In which order two agents write into one partition is not fixed; each one's own is.
        """
        desks = [topics.desk_topic(desk) for desk in self.settings.effective.desks]
        names = [
            topics.ALERTS,
            topics.NOTICES,
            topics.OPEN_ITEMS,
            topics.SCREENS,
            topics.LEARNING,
            topics.SHADOW,
            *desks,
        ]
        found: dict[tuple[str, int], list[Seen]] = {}
        for tp, record in self.read(*names):
            stamp = BROKERS if tp.topic in STAMPED_BY_BROKER else record.timestamp
            seen = Seen(record.key, record.value, tuple(record.headers), stamp)
            if (SHARED_SOURCE in seen.headers) == (by == "shared"):
                found.setdefault((tp.topic, tp.partition), []).append(seen)
        return found

    def replay(self) -> Replay:
        """Apply the ledger as it stands by the pure core alone, outputs unmuted."""
        return replay_of(self.stream(topics.LEDGER), PARTITIONS)

    def replay_legs(self) -> LegsReplay:
        """The same of the legs as they stand, for the shared agent."""
        return replay_of_legs(self.stream(topics.LEGS), PARTITIONS)

    def alerts(self) -> list[Alert]:
        """Alerts that a read_committed reader sees."""
        return [msgspec.json.decode(record.value, type=Alert) for _, record in self.read(topics.ALERTS)]

    def digests(self, *options: str, agent: str = "monitor") -> list[dict[str, Any]]:
        """`fxwatch state digest --json`, a partition each of one agent."""
        told = self.fxwatch("state", "digest", "--json", "--agent", agent, *options).stdout
        return [json.loads(line) for line in told.splitlines()]

    def newest_snapshots(self) -> dict[int, int]:
        """By ledger partition, the position of the newest snapshot that can be loaded; 0 where there is none.

        By the product's own reader, because that chooses the snapshot which `digests` begins with.
        """
        log = MONITOR.open_log(self.settings)

        async def newest(number: int) -> int:
            place = MONITOR.place(number)
            end = self.ends(topics.LEDGER)[TopicPartition(topics.LEDGER, number)]
            begun = await begin(log, MonitorCore(code_version()), place, await log.progress(place), stop=end)
            return begun.snapshot or 0

        async def all_of_them() -> dict[int, int]:
            return {number: await newest(number) for number in range(PARTITIONS)}

        return asyncio.run(all_of_them())

    def running_partitions(self, agent: str = "monitor") -> int:
        """An agent's partitions that live workers show as running."""
        workers = [worker for worker in self.workers if worker.alive() and worker.role in (agent, "all")]
        return sum(len(worker.running_partitions(agent)) for worker in workers)


def assert_shared_exact(cluster: Cluster) -> None:
    """The same of the shared agent: alerts and trails once each, and states as a pass over the legs has them."""
    replay = cluster.replay_legs()
    assert cluster.published(by="shared") == replay.outputs
    assert trails_of(cluster.stream(topics.LEGS)) == replay.trails
    saved = cluster.digests(agent="shared")
    assert {one["partition"]: one["digest"] for one in saved} == replay.digests
    assert all(one["next"] == one["end"] for one in saved)


def assert_compacted(place: tuple[str, int], got: Sequence[Seen], wanted: Sequence[Seen]) -> None:
    """Of a compacted topic: each record once and in order, as far as the broker keeps it, and the newest of each key.

    The broker compacts while a test runs, because the records have the old Kafka timestamps of their inputs. Of a key
    whose newest record has no value it may keep none.
    """
    rest = iter(wanted)
    assert all(one in rest for one in got), f"{place}: a record that the replay has not, twice, or out of order"
    newest = [{one.key: one for one in seen} for seen in (got, wanted)]
    ours, theirs = ({key: one for key, one in each.items() if one.value is not None} for each in newest)
    assert ours == theirs, f"{place}: the newest record of a key differs from the replay of the ledger"


def assert_exact(cluster: Cluster, replay: Replay, *, from_ledger: bool = False) -> None:
    """The promise to users: outputs once each, byte for byte as the pure replay has them; state too; inputs add up.

    Ends the workers (SIGTERM): what they had in memory is then in their last snapshots, and that is what is compared.
    `from_ledger`: `fxwatch state digest --from-ledger` must agree too, the same replay by the product's own command.
    """
    cluster.stop_all()
    published = cluster.published()
    for place in sorted(published.keys() | replay.outputs.keys()):
        got, wanted = published.get(place, []), replay.outputs.get(place, [])
        if place[0] in (topics.OPEN_ITEMS, topics.SCREENS):
            assert_compacted(place, got, wanted)
        else:
            assert got == wanted, f"{place} differs from the replay of the ledger"
    # of a ledger to which somebody added partitions only the first hold anything
    ends = {tp.partition: end for tp, end in cluster.ends(topics.LEDGER).items() if tp.partition < PARTITIONS}
    assert cluster.newest_snapshots() == ends, "no snapshot at the ledger's end: states would be a replay's"
    saved = cluster.digests()
    assert {one["partition"]: one["digest"] for one in saved} == replay.digests
    assert not from_ledger or saved == cluster.digests("--from-ledger")
    if cluster.follows_legs():
        assert_shared_exact(cluster)
    for one in saved:
        assert one["next"] == one["end"]
        assert one["learned"] == replay.learned[one["partition"]]
        assert set(one["learned"].values()) <= {one["scored"] - one["withheld"]}, (
            "an event was scored but not learned from, or more than once"
        )
    cluster.fxwatch("reconcile")
