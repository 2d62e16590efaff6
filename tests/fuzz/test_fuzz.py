"""Fuzzing in CI: finds are replayed, every seed holds, and the fuzzer runs for seconds where it is installed."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from streams.errors import LedgerError
from streams.ingest.formats import convert
from tests.fuzz import targets

HERE = Path(__file__).parent
INPUTS = [(target, path) for target in targets.TARGETS for path in sorted((HERE / "finds" / target).glob("*"))]
# of each target
SECONDS = 1


@pytest.mark.parametrize(("target", "path"), INPUTS, ids=[f"{target}-{path.name}" for target, path in INPUTS])
def test_a_find_stays_mended(target, path):
    """An input that once broke a promise keeps it now."""
    targets.TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", targets.TARGETS)
def test_the_inputs_to_begin_with_hold(target):
    """Seeds of every topic and kind, and every cut of them, keep the promise."""
    for seed in targets.seeds()[target]:
        for length in range(0, len(seed) + 1, 31):
            targets.TARGETS[target](seed[:length])
        targets.TARGETS[target](seed)


def test_a_fault_of_the_door_is_seen(monkeypatch):
    """A target is no stub: when the door fails on a record, it says so."""
    monkeypatch.setattr("streams.ingest.door.canonical.transaction", lambda *_: 1 / 0)
    (seed, *_) = targets.seeds_of_transactions()
    with pytest.raises(AssertionError, match=r"door\.failed"):
        targets.door(seed)


def test_a_fault_of_the_core_is_seen(monkeypatch):
    """An admitted record that cannot be applied would stop a partition: the target raises."""

    def fail(*_):
        raise OverflowError

    targets.begin_anew()
    monkeypatch.setattr("detectors.core._learn", fail)
    (seed, *_) = targets.seeds_of_transactions()
    with pytest.raises(LedgerError, match="OverflowError"):
        targets.door(seed)


def test_a_fault_of_the_loader_is_seen(monkeypatch):
    """Whatever is wrong with a snapshot is a `SnapshotError`; the target raises anything else."""

    def fail(_):
        raise OverflowError

    seeds = targets.seeds()["snapshot"]
    monkeypatch.setattr("streams.monitor.core.PartitionState.thaw", fail)
    with pytest.raises(OverflowError):
        targets.snapshot(seeds[0])
    (chunk,) = (seed for seed in seeds if seed[0] == targets.A_CHUNK)
    with pytest.raises(OverflowError):
        targets.snapshot(chunk)


def test_a_state_that_saves_otherwise_is_seen(monkeypatch):
    """A section that is lost between loading and saving would be a wrong score later on."""
    digests = iter(["one", "another"])
    monkeypatch.setattr("detectors.memory.frozen_state.Frozen.digest", lambda _: next(digests))
    with pytest.raises(AssertionError, match="does not save as it was loaded"):
        targets.snapshot(targets.seeds()["snapshot"][0])


def test_a_fault_of_the_conversion_is_seen(monkeypatch):
    """A message that makes the mapping fail, or that is judged otherwise as a record than as a file."""
    (seed, *_) = targets.seeds()["payment_message"]
    with monkeypatch.context() as patched:
        patched.setattr("streams.ingest.formats.mt103.payment", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            targets.payment_message(seed)
    one = next(seed for seed in targets.seeds()["payment_message"] if b"ABCDEFGHIJ" in seed)
    targets.payment_message(one)
    monkeypatch.setattr("tests.fuzz.messages.convert", lambda *_, **__: convert(b"{1:", None, "fin"))
    with pytest.raises(AssertionError, match="as a file"):
        targets.payment_message(one)


def test_a_few_seconds_of_fuzzing_find_nothing():
    """The fuzzer itself runs on every target and finds nothing; `make fuzz` takes minutes for each."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed (Linux on x86-64 only); to do there: make fuzzer")
    run = subprocess.run(
        [sys.executable, HERE / "fuzz.py", "--seconds", str(SECONDS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("finds: none") == len(targets.TARGETS)
