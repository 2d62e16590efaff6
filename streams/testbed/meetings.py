"""Partitions that tell one another, without Kafka: all are replayed for a local day, then meet, and go on.

What partitions told on a day comes into the ledger of each of them before the first record of the next day, in the
order of the tellers. Live it comes within a second or so; here at most two days later, because a day's last counts are
told with the next day's first payment. Nothing depends on how many processes take part, or on which partition is done
first. Each partition's ledger file holds what it was given: `judge` runs a partition again from its file alone.
"""

import shutil
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.learning import Learning
from detectors.values.legal_calendar import local_date, midnight_us
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.learning_record import LEARNING
from streams.errors import LedgerError
from streams.ingest.door import Admitted, Door
from streams.keys.pseudonyms import testbed_keys
from streams.testbed import ledger_files
from streams.testbed.partition_files import PARTS, PartitionTask
from streams.testbed.partition_pass import PartitionFigures, quiet_collector
from streams.testbed.prepared import Prepared, Stages
from streams.testbed.processes import Crew
from streams.testbed.result_files import LEDGER, SHARED_ALERTS, partition_file
from streams.testbed.seats import Arriving, Reached, Round, Seats
from streams.testbed.shared_pass import SharedFigures, SharedTask, replay_legs

_MILLISECOND_US = 1_000
_encode = msgspec.json.Encoder().encode


def replay_together(
    tasks: Sequence[PartitionTask], prepared: Prepared, processes: int, stages: Stages
) -> tuple[list[PartitionFigures], SharedFigures]:
    """Replay all partitions, which tell one another, and the legs beside them in one more process.

    The ledger of a result that begins at its beginning is taken, and written anew with what was told. Raises as
    `partition_files.replay_partition`. Cost: that of the partitions alone, 3 us a record for writing the ledger again,
    and a wait at each local day for the slowest. Memory: the states of all partitions.
    """
    directory = tasks[0].directory
    (directory / LEDGER).rename(directory / PARTS / LEDGER)
    (directory / LEDGER).mkdir()
    shared = SharedTask(directory / PARTS, prepared.partitions, directory / SHARED_ALERTS)
    door = Door(testbed_keys(), prepared.partitions, {})
    zone = ZoneInfo(prepared.configuration.engine.time_zone)
    with quiet_collector(), Crew(Seats(), min(processes, len(tasks)), stages, shared, replay_legs) as crew:
        reached = crew.ask([Round(tasks=tuple(some)) for some in _dealt(tasks, crew.size)])
        arriving: tuple[Arriving, ...] = ()
        while (next_ms := _earliest(reached)) is not None:
            until_ms = _midnight_ms(next_ms, zone)
            reached = crew.ask([Round(until_ms=until_ms, arriving=arriving)] * crew.size)
            arriving = tuple(_written(door, (one for each in reached for one in each.told), until_ms))
        figures = [one for each in crew.ask([Round()] * crew.size) for one in each.figures]
        answer: SharedFigures = crew.answer_aside()
    shutil.rmtree(directory / PARTS / LEDGER)
    return sorted(figures, key=lambda one: one.partition), answer


def _dealt(tasks: Sequence[PartitionTask], processes: int) -> list[list[PartitionTask]]:
    """The partitions of each process, so that each has about as many ledger records."""
    records = {
        task.partition: ledger_files.count(partition_file(task.directory / PARTS, LEDGER, task.partition))
        for task in tasks
    }
    dealt: list[list[PartitionTask]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for task in sorted(tasks, key=lambda one: (-records[one.partition], one.partition)):
        least = loads.index(min(loads))
        dealt[least].append(task)
        loads[least] += records[task.partition]
    return dealt


def _earliest(reached: Iterable[Reached]) -> int | None:
    return min((one.next_ms for one in reached if one.next_ms is not None), default=None)


def _midnight_ms(at_ms: int, zone: ZoneInfo) -> int:
    """The end of the local day of a Kafka timestamp, ms."""
    day = local_date(at_ms * _MILLISECOND_US, zone).toordinal()
    return midnight_us(day + 1, zone) // _MILLISECOND_US


def _written(door: Door, told: Iterable[Learning], at_ms: int) -> Iterable[Arriving]:
    """What ingest would have written to each partition of the ledger, in the order of the tellers and their numbers."""
    for one in sorted(told, key=lambda each: (each.partition, each.number)):
        # a partition's records stand in its own partition of the topic, without a gap
        record = ArrivedRecord(LEARNING, one.partition, one.number - 1, at_ms, b"%d" % one.partition, _encode(one))
        admitted = door.admit(record)
        if not isinstance(admitted, Admitted):
            raise LedgerError("the door refuses what a partition told", got=admitted.message, todo="report it")
        _, key, value, headers = admitted.records[0]
        yield Arriving(at_ms, key, value, headers)
