"""The promotion gate on two result directories: is it the same stream, what do both cost, and what does the gate say.

Costs are measured on one partition of both, run again in this process, champion and challenger in turn, so that a busy
machine is as hard on the one as on the other. That run also proves that each result follows from its ledger bit for
bit, and that both ledgers hold the same records.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from detectors.testbed import gate, gate_evidence
from detectors.testbed.gate import Check, CostLimits, Costs
from detectors.testbed.gate_evidence import Resampling, Version
from detectors.testbed.truth import Truth
from streams.errors import UsageError
from streams.testbed.judge import lay
from streams.testbed.prepared import Stages
from streams.testbed.rerun import Rerun, rerun
from streams.testbed.result_files import LEDGER, Result, partition_file, prove, read_result
from streams.testbed.same_stream import require_same_stream

# 2: at the gate's budget raised alerts are compared, and the models' order is a check
FORMAT = 2
ROUNDS = 3


class Measured(NamedTuple):
    """Costs of both, with the partition and the rounds' CPU microseconds an event (champion, challenger)."""

    costs: Costs
    partition: int
    rounds: tuple[tuple[float, float], ...]
    differences: tuple[str | None, str | None]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says. `report` is what `gate.json` holds, its hash included."""

    passed: bool
    checks: tuple[Check, ...]
    report: dict[str, Any]


def compare(
    places: tuple[Path, Path], truth: Truth, how: Resampling, limits: CostLimits, stages: Stages, rounds: int = ROUNDS
) -> Verdict:
    """Decide whether the challenger (second of `places`) may take the champion's place.

    Raises `UsageError` when the results are not of the same stream or not of this truth, `ResultError` for damage,
    `LedgerError`. Cost: two judgements at one budget and eight replays of one partition.
    """
    results = read_result(places[0]), read_result(places[1])
    require_same_stream(*results)
    grounds = lay(results[0], truth), lay(results[1], truth)
    measured = measure(*results, stages, rounds)
    stages.begin("figures", None)
    versions = [Version(ground, one.configuration) for ground, one in zip(grounds, results, strict=True)]
    try:
        figures = gate_evidence.figures(versions[0], versions[1], how, measured.costs)
    except ValueError as fault:
        raise UsageError(f"the two results cannot be compared: {fault}", got=", ".join(map(str, places))) from fault
    checks = gate.decide(figures, limits)
    passed = all(check.passed for check in checks)
    told = {
        "format": FORMAT,
        "passed": passed,
        "failed": [check.name for check in checks if not check.passed],
        "champion": _about(results[0]),
        "challenger": _about(results[1]),
        "same": results[0].manifest.files == results[1].manifest.files,
        "settings": {**how._asdict(), **msgspec.structs.asdict(limits)},
        "truth_sha256": hashlib.sha256(msgspec.json.encode(truth)).hexdigest(),
        "partition_measured": measured.partition,
        "differences": measured.differences,
        "judged": {
            "cases": grounds[0].cases,
            "lookalikes": int(grounds[0].lookalike_seen.sum()),
            "days": len(grounds[0].days),
            "transactions": int(grounds[0].payments.sum()),
        },
    }
    report = {
        **told,
        "checks": checks,
        "timings": {"cpu_us_an_event": [{"champion": a, "challenger": b} for a, b in measured.rounds]},
        "places": {"champion": str(places[0]), "challenger": str(places[1])},
        "report_hash": gate.report_hash(told, checks),
    }
    return Verdict(passed=passed, checks=checks, report=report)


def _about(result: Result) -> dict[str, Any]:
    """What a promotion must know of a version: its versions, its configuration and the digests of what it gave."""
    manifest = result.manifest
    return {
        "versions": msgspec.to_builtins(manifest.versions),
        "detectors": manifest.detectors,
        "files": manifest.files,
        "source": msgspec.to_builtins(manifest.source),
    }


def measure(champion: Result, challenger: Result, stages: Stages, rounds: int = ROUNDS) -> Measured:
    """Run one partition of both again, in turn. Raises `ResultError`, `LedgerError`, `UsageError` for unequal records.

    The partition is the one with the most transactions. CPU time is that of the core alone, the least of the rounds: on
    a busy machine other work only ever adds to it, and a median of three refused a version compared with itself (ratio
    1.31). The round before the first is not counted: it fills caches and lazy imports for both.
    """
    numbers = np.bincount(champion.sheet.partition.astype(np.int64), minlength=champion.manifest.partitions)
    partition = int(np.argmax(numbers))
    _prove_same_records(champion, challenger, partition)
    stages.begin("core", 2 * (rounds + 1) * max(1, int(numbers[partition])))
    pairs: list[tuple[float, float]] = []
    proofs: list[Rerun] = []
    for turn in range(rounds + 1):
        pair = []
        for result in (champion, challenger):
            again = rerun(result.directory, partition)
            pair.append(1e6 * again.apply_seconds / max(1, again.records))
            stages.advance(len(again.rows))
            if not turn:
                proofs.append(again)
        if turn:
            pairs.append((pair[0], pair[1]))
    costs = Costs(
        cpu_us=(min(first for first, _ in pairs), min(second for _, second in pairs)),
        state_bytes=(_bytes_a_party(champion), _bytes_a_party(challenger)),
        bit_equal=(proofs[0].identical, proofs[1].identical),
    )
    return Measured(costs, partition, tuple(pairs), (proofs[0].difference, proofs[1].difference))


def _bytes_a_party(result: Result) -> float:
    return result.manifest.state_bytes / max(1, result.manifest.parties)


def _prove_same_records(champion: Result, challenger: Result, partition: int) -> None:
    """Return when a partition's ledger holds the same events in both. Raises `UsageError` otherwise.

    Configurations may differ, and so may what partitions told one another, which each version learned by itself. It
    stands among the events, so their offsets differ with it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from streams.ledger.envelope import CONFIGURATION_KEY, LEARNING_KEY

    own = pa.array([CONFIGURATION_KEY, LEARNING_KEY])

    tables = []
    for result in (champion, challenger):
        path = partition_file(result.directory, LEDGER, partition)
        prove(result.directory, result.manifest, [f"{LEDGER}/{path.name}"])
        table = pq.read_table(path, columns=["timestamp_ms", "key", "value"])
        tables.append(table.filter(pc.invert(pc.is_in(table["key"], own))))
    if not tables[0].equals(tables[1]):
        raise UsageError(
            "the two ledgers do not hold the same records",
            got=f"partition {partition} of both",
            expected="the same events in the same order",
            todo="replay one stream twice with the same --partitions",
        )
