"""The judge's I/O: reads results and truth, runs baselines and one partition again, and puts the report together."""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.contracts.alert import Versions
from detectors.contracts.learning import StreamDrift
from detectors.testbed.comparison import Comparison, compare
from detectors.testbed.figures.held_back import HeldBack, count_held
from detectors.testbed.ground import Ground, lay_ground
from detectors.testbed.judgement import JudgedResult, Judgement, Settings, System, canonical_hash, judge
from detectors.testbed.truth import Truth
from streams.contracts.identifiers import DEFAULT
from streams.errors import UsageError
from streams.keys.pseudonyms import is_token, testbed_keys
from streams.testbed import truth_files
from streams.testbed.baseline_runs import run_baselines
from streams.testbed.drift_seen import read_drifts
from streams.testbed.loose_files import read_alerts
from streams.testbed.prepared import Stages
from streams.testbed.rerun import rerun
from streams.testbed.result_files import MANIFEST, Result, read_result, sha256_of
from streams.testbed.same_stream import require_same_stream

FORMAT = 1
JSON_NAME, MARKDOWN_NAME, HTML_NAME = "report.json", "report.md", "report.html"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A result that was judged: SHA-256 of its manifest and its files, its versions, and what it was replayed from."""

    manifest_sha256: str
    files: dict[str, str]
    versions: Versions
    source: dict[str, str]


class StateSize(msgspec.Struct, frozen=True, kw_only=True):
    """What the version keeps: bytes of all partitions' states before compression, and bytes a party."""

    parties: int
    state_bytes: int
    bytes_per_party: float | None


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """One partition run again by the judge. `difference` names the first that did not come out bit for bit."""

    partition: int
    records: int
    transactions: int
    identical: bool
    difference: str | None


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time, which differs from run to run and is in no hash.

    `cpu_us_per_event` is that of the core alone a ledger record, `cpu_us_per_transaction` the same a transaction (the
    rates it needs included). `baselines` is CPU us a transaction by baseline.
    """

    cpu_us_per_event: float | None
    cpu_us_per_transaction: float | None
    baselines: dict[str, float]


class JudgeReport(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON report. All but `timings` is the same whenever the same files are judged; so is `report_hash`.

    `drift` is what operators would have been told of changes of the stream. `held_back` is how much of crime and of the
    rest the quarantine kept from the models, null where it was off; `became` counts what became of it.
    `against` and `comparison` (this result minus that one) are there where a second result was given. Its JSON Schema,
    with these words as descriptions, is `msgspec.json.schema(Report)`.
    """

    format: int = FORMAT
    made_by: str = "fxwatch testbed judge"
    result: Input
    truth_sha256: str
    judgement: Judgement
    state: StateSize
    reproduction: Reproduction | None
    against: Input | None
    comparison: Comparison | None
    drift: tuple[StreamDrift, ...] = ()
    held_back: HeldBack | None = None
    became: dict[str, int] = {}
    timings: Timings
    report_hash: str = ""

    def as_json(self) -> bytes:
        """The report's bytes, indented, with sorted keys."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


def judge_result(
    place: Path,
    truth_place: Path,
    settings: Settings,
    stages: Stages,
    *,
    against: Path | None = None,
    with_baselines: bool = True,
) -> JudgeReport:
    """Judge a result by a truth, and compare it with another result of the same stream where one is given.

    Raises `UsageError` for what is no result or truth, or does not belong together; `ResultError` for damage.
    Cost: reading 3 s, figures 18 s, River's recipe 25 s and the partition run again 30 s for 1 000 000 transactions.
    """
    stages.begin("reading", None)
    result, truth = read_result(place), truth_files.read_truth(truth_place)
    ground = lay(result, truth)
    systems, cpu_us = _baselines(result, settings.seed, stages) if with_baselines else ([], {})
    stages.begin("figures", None)
    judged = judge(ground, systems, settings)
    other, comparison = None, None
    if against is not None:
        other, comparison = _compared(result, judged, truth, against, stages)
    stages.begin("one partition again", None)
    reproduction, timings = _again(result, cpu_us)
    manifest = result.manifest
    report = JudgeReport(
        result=_input(result),
        truth_sha256=sha256_of(truth_place / truth_files.NAME if truth_place.is_dir() else truth_place),
        judgement=judged.judgement,
        state=StateSize(
            parties=manifest.parties,
            state_bytes=manifest.state_bytes,
            bytes_per_party=manifest.state_bytes / manifest.parties if manifest.parties else None,
        ),
        reproduction=reproduction,
        against=other,
        comparison=comparison,
        drift=read_drifts(result),
        held_back=_held_back(result, ground),
        became=manifest.held_back,
        timings=timings,
    )
    return msgspec.structs.replace(report, report_hash=canonical_hash(msgspec.to_builtins(report)))


def tokens_of(truth: Truth) -> dict[str, str]:
    """The testbed's token of every raw identifier in the truth; what is a token already stands for itself."""
    keys = testbed_keys()
    raw: Iterable[str] = (
        *(one for case in truth.cases for one in case.parties),
        *(one.party_id for one in truth.lookalikes),
    )
    return {one: one if is_token(one) else keys.party(DEFAULT.person(one)[0]).token for one in raw}


def lay(result: Result, truth: Truth) -> Ground:
    """A result, with all its alerts, joined with a truth.

    Raises `UsageError` when the truth is of another stream, `ResultError` for damage.
    """
    alerts = read_alerts(result)
    try:
        return lay_ground(result.sheet, truth, tokens_of(truth), alerts.loose, alerts.said)
    except ValueError as fault:
        raise UsageError(
            "the truth does not fit the result", got=str(fault), expected="the truth of the stream that was replayed"
        ) from fault


def _baselines(result: Result, seed: int, stages: Stages) -> tuple[list[System], dict[str, float]]:
    zone = ZoneInfo(result.configuration.engine.time_zone)
    return run_baselines(result.sheet, zone, seed, stages)


def _compared(
    result: Result, judged: JudgedResult, truth: Truth, against: Path, stages: Stages
) -> tuple[Input, Comparison]:
    stages.begin("comparison", None)
    other = read_result(against)
    require_same_stream(result, other)
    # chance is told of the result that is judged
    settings = msgspec.structs.replace(judged.judgement.settings, lots=0)
    second = judge(lay(other, truth), (), settings)
    return _input(other), compare(judged, second)


def _held_back(result: Result, ground: Ground) -> HeldBack | None:
    """By the configuration that the result ended with; None where its quarantine is off."""
    if result.configuration.quarantined.days == 0:
        return None
    return count_held(ground, result.configuration.detectors.ceiling)


def _input(result: Result) -> Input:
    manifest = result.manifest
    return Input(
        manifest_sha256=sha256_of(result.directory / MANIFEST),
        files=manifest.files,
        versions=manifest.versions,
        source=manifest.source.files,
    )


def _again(result: Result, cpu_us: dict[str, float]) -> tuple[Reproduction | None, Timings]:
    """The partition with the most transactions, run again: its cost, and whether the same bits come out."""
    if not len(result.sheet):
        return None, Timings(cpu_us_per_event=None, cpu_us_per_transaction=None, baselines=cpu_us)
    partition = int(np.argmax(np.bincount(result.sheet.partition)))
    again = rerun(result.directory, partition)
    rows = max(1, len(again.rows))
    reproduction = Reproduction(
        partition=partition,
        records=again.records,
        transactions=len(again.rows),
        identical=again.identical,
        difference=again.difference,
    )
    timings = Timings(
        cpu_us_per_event=again.apply_seconds * 1e6 / max(1, again.records),
        cpu_us_per_transaction=again.apply_seconds * 1e6 / rows,
        baselines=cpu_us,
    )
    return reproduction, timings
