"""The report by which a challenger is promoted is the one that the configuration names, unchanged, and about it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.contracts.configuration import Configuration, Promotion, fingerprint
from detectors.testbed.gate import Check, report_hash
from streams.decisions.approve_configuration import InForce, propose
from streams.decisions.promotion_report import read_report, require_report, tell_models
from streams.errors import ApprovalError, UsageError
from tests.support.challenged import challenged, swapped
from tests.unit.streams.decisions.test_approve_configuration import AT, HAN, LOCKED

BOTH = challenged()
PROMOTED = swapped(BOTH, "robust")
CHECKS = (
    Check(name="recall", passed=True, measured={"value": 0.5}, limit="0", reason="it finds as much"),
    Check(name="cpu", passed=True, measured={"us": 12.3}, limit="1.1", reason="it costs as much", timing=True),
)


def about(one: str) -> dict[str, Any]:
    return {"versions": {"code": "1", "config": "c", "detectors": one, "rules": "r"}, "files": {"a": "b"}}


def written(place: Path, *, passed: bool = True, **changed: Any) -> tuple[Path, str]:
    """A gate.json of champion and challenger, and its hash."""
    told = {
        "format": 3,
        "passed": passed,
        "champion": about(fingerprint(BOTH.detectors)),
        "challenger": about(fingerprint(PROMOTED.detectors)),
    } | changed
    made = report_hash(told, CHECKS)
    whole = {**told, "checks": CHECKS, "timings": {"a": 1.5}, "places": {"champion": "x"}, "report_hash": made}
    path = place / "gate.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2))
    return path, made


def naming(report: str, of: Configuration = PROMOTED) -> Configuration:
    return msgspec.structs.replace(of, promotion=Promotion(report=report))


def test_a_report_that_is_named_and_about_the_set_is_taken(tmp_path: Path) -> None:
    path, made = written(tmp_path)
    report = require_report(naming(made), path)
    assert (report.report_hash, report.passed) == (made, True)
    told = list(tell_models(BOTH, naming(made), report))
    assert told[0] == f"promotion of {fingerprint(PROMOTED.detectors)} by report {made}: the gate passed"
    assert any(
        "[detectors]" in line and "go on with what they learned as [challengers.robust]" in line for line in told
    )


def test_a_gate_that_failed_is_told_loudly_and_a_stale_report_too(tmp_path: Path) -> None:
    path, made = written(tmp_path, passed=False)
    assert next(tell_models(BOTH, naming(made), read_report(path))).endswith("THE GATE FAILED")
    again = list(tell_models(naming(made, BOTH), naming(made)))
    assert again[0].endswith("nobody compared it here (--report)")
    assert again[1].startswith("WARNING: it is the report by which the set now in force was promoted")


def test_what_is_not_that_report_is_refused(tmp_path: Path) -> None:
    path, made = written(tmp_path)
    with pytest.raises(UsageError, match="names another report"):
        require_report(PROMOTED, path)
    with pytest.raises(UsageError, match="about other detector sets"):
        require_report(naming(made, challenged({}, seed=9)), path)
    path.write_bytes(path.read_bytes().replace(b'"passed": true', b'"passed": false', 1))
    with pytest.raises(UsageError, match="changed after it was written"):
        require_report(naming(made), path)
    path.write_bytes(b'{"checks": []}')
    with pytest.raises(UsageError, match="no report of the gate"):
        read_report(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_report(tmp_path / "nothing")


def test_models_that_start_anew_say_so_before() -> None:
    told = list(tell_models(BOTH, challenged({}, seed=9)))
    assert any("start anew; ranks after 30 payments of a partition" in line for line in told)
    assert sum("stop, and what they learned is forgotten" in line for line in told) == 3
    assert list(tell_models(BOTH, BOTH)) == []


def test_a_promotion_without_a_report_is_not_proposed() -> None:
    there = msgspec.structs.replace(BOTH, approvers=LOCKED.approvers)
    unfounded = msgspec.structs.replace(PROMOTED, approvers=LOCKED.approvers, promotion=msgspec.UNSET)
    with pytest.raises(ApprovalError, match="without a report"):
        propose(InForce(there, None), unfounded, "Han", HAN, "better", AT)
