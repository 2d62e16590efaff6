"""Partitions that tell one another in a replay: the same bytes by any number of processes, and from one file alone."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from detectors.contracts.learning import Learning
from streams.contracts.learning_record import LEARNING
from streams.ledger import envelope
from streams.settings import overlay_configuration
from streams.testbed import ledger_files, replay, result_files
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.partition_pass import open_pass
from streams.testbed.prepared import Silent
from streams.testbed.rerun import rerun
from streams.testbed.result_files import LEDGER, Manifest, partition_file
from tests.support.small_stream import days, write

CONFIGURATION = overlay_configuration({"detectors": {"warm_up": 5, "daily_budget": 36.0}})
PARTITIONS = 4


def replayed(source: Path, out: Path, processes: int = 1) -> Manifest:
    """A replay of a stream over a few partitions."""
    prepare = replay.prepare_stream(source, CONFIGURATION, PARTITIONS)
    return replay.replay(prepare, out, processes=processes, force=False, stages=Silent())


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve days of six parties."""
    return write(days(12), tmp_path_factory.mktemp("stream"))


@pytest.fixture(scope="module")
def result(stream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stream, replayed in this process."""
    out = tmp_path_factory.mktemp("result") / "out"
    replayed(stream, out)
    return out


def ledger(result: Path, partition: int) -> list[LedgerRecord]:
    """The records of a partition."""
    return [one for some in ledger_files.read_ledger(partition_file(result, LEDGER, partition)) for one in some]


def told(result: Path, partition: int) -> list[tuple[Learning, LedgerRecord]]:
    """What a partition was given of what partitions told."""
    found = []
    for record in ledger(result, partition):
        if envelope.is_kind(record.headers, envelope.LEARNING_KEY):
            event, origin = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
            assert isinstance(event, Learning)
            assert origin.source is not None
            assert (origin.source.topic, origin.source.partition) == (LEARNING, event.partition)
            assert origin.source.offset == event.number - 1
            found.append((event, record))
    return found


def test_every_partition_is_given_what_each_told_in_one_order_and_once(result: Path) -> None:
    given = [[(one, record.timestamp) for one, record in told(result, number)] for number in range(PARTITIONS)]
    assert len(given[0]) > 10
    assert all(each == given[0] for each in given)
    assert max(Counter((one.partition, one.number) for one, _ in given[0]).values()) == 1
    assert len({one.partition for one, _ in given[0]}) > 1


def test_a_ledger_is_dense_and_what_was_told_stands_between_two_days(result: Path) -> None:
    for number in range(PARTITIONS):
        records = ledger(result, number)
        assert [one.offset for one in records] == list(range(len(records)))
        assert all(before.timestamp <= after.timestamp for before, after in pairwise(records))


def test_all_partitions_have_counted_all_that_was_told(result: Path) -> None:
    sums = []
    for number in range(PARTITIONS):
        part = open_pass(result, number)
        for records in ledger_files.read_ledger(partition_file(result, LEDGER, number)):
            part.apply(records)
        assert part.state.scorer is not None
        sums.append(part.state.scorer.calibration.everyone.to_state())
        assert part.state.exchange.outcomes == {"score_counts applied": len(told(result, number))}
    assert sums[0].newer
    assert all(each == sums[0] for each in sums)


def test_a_partition_comes_out_bit_for_bit_from_its_own_file(result: Path) -> None:
    for number in range(PARTITIONS):
        again = rerun(result, number)
        assert again.identical, again.difference


@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_gives_the_same_bytes(
    processes: int, stream: Path, result: Path, tmp_path: Path
) -> None:
    """The manifest has the SHA-256 of every file."""
    replayed(stream, tmp_path / "out", processes)
    assert (tmp_path / "out" / result_files.MANIFEST).read_bytes() == (result / result_files.MANIFEST).read_bytes()


def test_a_result_replayed_is_the_same_again_and_is_told_nothing_twice(result: Path, tmp_path: Path) -> None:
    prepare = replay.prepare_result(result, None)
    again = replay.replay(prepare, tmp_path / "again", processes=1, force=False, stages=Silent())
    before = result_files.read_manifest(result)
    assert {name: digest for name, digest in again.files.items() if name != result_files.DEAD_LETTERS} == {
        name: digest for name, digest in before.files.items() if name != result_files.DEAD_LETTERS
    }


def test_under_another_configuration_partitions_tell_one_another_anew(result: Path, tmp_path: Path) -> None:
    """What was told under the one before is left out."""
    other = msgspec.structs.replace(
        CONFIGURATION, detectors=msgspec.structs.replace(CONFIGURATION.detectors, seed=CONFIGURATION.detectors.seed + 1)
    )
    prepare = replay.prepare_result(result, other)
    replay.replay(prepare, tmp_path / "other", processes=1, force=False, stages=Silent())
    given, before = told(tmp_path / "other", 1), told(result, 1)
    assert len(given) == len(before)
    assert {one.told.detectors for one, _ in given}.isdisjoint({one.told.detectors for one, _ in before})


def test_partitions_meet_at_local_midnight(result: Path) -> None:
    zone = CONFIGURATION.engine.time_zone
    assert zone == "Asia/Seoul"
    for _, record in told(result, 0):
        assert record.timestamp % 86_400_000 == 15 * 3_600_000
