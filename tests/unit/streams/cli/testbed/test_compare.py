"""The promotion gate on replays: a weakened detector is failed and named, an equal one passes."""

import json
import shutil
from pathlib import Path

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from detectors.testbed.gate import CostLimits
from detectors.testbed.gate_evidence import Resampling
from streams.cli.testbed.compare import command
from streams.errors import UsageError
from streams.testbed import compare, replay, result_files
from streams.testbed.prepared import Silent
from streams.testbed.result_files import MANIFEST, ResultError, read_result
from streams.testbed.truth_files import read_truth
from tests.support.small_result import replayed, simulate

# What is measured with a clock is not for a test to fail on.
LIMITS = CostLimits(latency_ratio=100.0)
HOW = Resampling(budget=20, resamples=500)
# The gate runs one partition again, four times a verdict: the more there are, the shorter.
PARTITIONS = 9
# the shipped set has one member; the gate is about several
MEMBERS = {"robust_z": {}, "windowed_tails": {}, "half_space_trees": {"trees": 10, "height": 5}}
CHAMPION = {"detectors": {"warm_up": 100, "members": MEMBERS}}
WEAKENED = {
    "rule": CHAMPION | {"rules": {"T01": {"enabled": False}}},
    "crippled": {"detectors": {"warm_up": 100, "members": MEMBERS | {"robust_z": {"floor": 1e9}}}},
    "reseeded": {"detectors": {"warm_up": 100, "members": MEMBERS, "seed": 5}},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A stream, its champion's replay, and one of each changed version."""
    home = tmp_path_factory.mktemp("gate")
    found = {"stream": simulate(home / "stream", 4_500, 150, preset="full"), "champion": home / "champion"}
    replayed(found["stream"], found["champion"], CHAMPION, partitions=PARTITIONS)
    for name, tables in WEAKENED.items():
        found[name] = home / name
        replayed(found["stream"], found[name], tables, partitions=PARTITIONS)
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Another stream, too short to tell a weaker ranking: for what is found in the columns of a result alone."""
    home = tmp_path_factory.mktemp("small")
    found = {"stream": simulate(home / "stream", 1500, 80, seed=8), "champion": home / "champion"}
    replayed(found["stream"], found["champion"], CHAMPION)
    return found


def verdict(places: dict[str, Path], challenger: str) -> compare.Verdict:
    """What the gate says of one of the changed versions."""
    truth = read_truth(places["stream"])
    pair = places["champion"], places[challenger]
    return compare.compare(pair, truth, HOW, LIMITS, Silent(), rounds=1)


def failed(told: compare.Verdict) -> dict[str, str]:
    """The failed checks' reasons by name."""
    return {check.name: check.reason for check in told.checks if not check.passed}


def test_champion_passes_against_itself(places):
    """Compared with itself a version passes, differs by nothing, and replays bit for bit; a second run has one hash."""
    told = verdict(places, "champion")
    assert told.passed
    assert told.report["same"]
    assert {check.measured["difference"] for check in told.checks if "difference" in check.measured} <= {0.0, None}
    assert [check.passed for check in told.checks if check.name.startswith("replay of")] == [True, True]
    assert told.report["judged"]["cases"] > 20
    assert verdict(places, "champion").report["report_hash"] == told.report["report_hash"]


def test_disabled_rule_is_failed_and_named(places):
    """A challenger whose T01 is switched off is refused, and T01 is what the gate names."""
    told = verdict(places, "rule")
    assert not told.passed
    assert "disabled" in failed(told)["rule T01"]


def test_crippled_member_is_failed_and_named(places):
    """A challenger whose robust z sees no spread is refused by that member's own ranking; the other members pass."""
    told = verdict(places, "crippled")
    reasons = failed(told)
    assert "fall beyond noise" in reasons["member robust_z"]
    assert not {"member half_space_trees", "member windowed_tails"} & set(reasons)


@pytest.mark.parametrize("how", ["left out", "of no weight"])
def test_member_that_no_longer_counts_is_named(small, tmp_path, how):
    """A challenger that does not score with one of the champion's members is refused, and the member is named."""
    configuration = read_result(small["champion"]).configuration
    members = configuration.detectors.members
    changes = (
        {"members": {name: found for name, found in members.items() if name != "robust_z"}}
        if how == "left out"
        else {"weights": {"robust_z": 0.0}}
    )
    fewer = msgspec.structs.replace(configuration.detectors, **changes)
    challenger = msgspec.structs.replace(configuration, detectors=fewer)
    replay.replay(
        replay.prepare_result(small["champion"], challenger),
        tmp_path / "out",
        processes=1,
        force=False,
        stages=Silent(),
    )
    told = verdict({**small, "fewer": tmp_path / "out"}, "fewer")
    assert "missing" in failed(told)["member robust_z"]


def test_another_seed_falls_in_no_rule_or_member(places):
    """Another seed of the trees is no weaker version: no typology, rule or member is failed."""
    reasons = failed(verdict(places, "reseeded"))
    assert not [name for name in reasons if name.startswith(("recall", "rule", "member"))]


def test_other_streams_results_are_refused(places, small):
    """Results of two different streams cannot be compared, and the message says what both were made of."""
    with pytest.raises(UsageError, match="not replays of the same stream"):
        verdict({**places, "other": small["champion"]}, "other")


def test_damaged_result_is_no_pass(places, tmp_path):
    """A challenger whose recorded scores are not those of its ledger is refused: by checksum, and by the second run."""
    forged = tmp_path / "forged"
    shutil.copytree(places["champion"], forged)
    table = pq.read_table(forged / "scores.parquet")
    place = table.column_names.index("score")
    pq.write_table(table.set_column(place, "score", pc.multiply(table["score"], 0.5)), forged / "scores.parquet")
    with pytest.raises(ResultError, match="changed since"):
        read_result(forged)
    result_files.write_manifest(forged, result_files.read_manifest(forged))
    told = verdict({**places, "forged": forged}, "forged")
    assert "does NOT" in failed(told)["replay of the challenger"]


def test_command_writes_the_report_and_ends_by_the_verdict(places, tmp_path):
    """The command exits 1 for a refused challenger, and gate.json, gate.md and gate.html name what failed."""
    out = tmp_path / "gate"
    arguments = [
        str(places["champion"]),
        str(places["rule"]),
        "--truth",
        str(places["stream"]),
        "--out",
        str(out),
        "--budget",
        "20",
        "--resamples",
        "200",
        "--latency-ratio",
        "100",
        "--json",
    ]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1, done.output
    report = json.loads((out / "gate.json").read_bytes())
    assert json.loads(done.stdout) == report
    assert "rule T01" in report["failed"]
    assert len(report["report_hash"]) == 64
    for name in ("gate.md", "gate.html"):
        page = (out / name).read_text("utf-8")
        assert "the rule T01 is disabled in the challenger" in page
        assert report["report_hash"] in page
    assert (places["champion"] / MANIFEST).is_file()
