"""The testbed report by which a challenger is promoted: read, compared with the configuration, and told to people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from detectors.contracts.configuration import Configuration, fingerprint
from detectors.succession import CHAMPION, changed_models, is_promotion
from detectors.testbed.gate import Check, report_hash
from streams.errors import UsageError

# gate.json of some hundred checks is 100 kB.
MOST_BYTES = 16 * 1024 * 1024
# what the report's hash leaves out, beside the checks, which have a form of their own there
_LEFT_OUT = ("checks", "timings", "places", "report_hash")


class GateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion must know of `gate.json`: its hash, the gate's word, and the fingerprints of both sets."""

    report_hash: str
    passed: bool
    champion: str
    challenger: str


def read_report(path: Path) -> GateReport:
    """What `fxwatch testbed compare` wrote. Raises `UsageError` for what is none, or was changed since."""
    try:
        with path.open("rb") as file:
            told: dict[str, Any] = msgspec.json.decode(file.read(MOST_BYTES), type=dict[str, Any])
        checks = msgspec.convert(told["checks"], tuple[Check, ...])
        found = GateReport(
            report_hash=told["report_hash"],
            passed=told["passed"],
            champion=told["champion"]["versions"]["detectors"],
            challenger=told["challenger"]["versions"]["detectors"],
        )
    except OSError as fault:
        raise UsageError(f"the report cannot be read: {fault.strerror}", got=path) from fault
    except (msgspec.MsgspecError, KeyError, TypeError) as fault:
        raise UsageError(
            "the file is no report of the gate",
            got=f"{path}: {fault!r}",
            expected="gate.json, as `fxwatch testbed compare` wrote it",
        ) from fault
    made = report_hash({name: one for name, one in told.items() if name not in _LEFT_OUT}, checks)
    if made != found.report_hash:
        raise UsageError(
            "the report was changed after it was written",
            got=f"{path}: its content has the hash {made[:16]}",
            expected=f"{found.report_hash[:16]}, as it says itself",
            todo="compare again: fxwatch testbed compare",
        )
    return found


def require_report(configuration: Configuration, path: Path) -> GateReport:
    """The report at `path`, where it is the one that the configuration names, and about its detector set.

    Raises `UsageError` otherwise. A report in which the gate failed is taken: a roll-back may need it, and the person
    who approves is told.
    """
    report = read_report(path)
    named = configuration.promotion.report if configuration.promotion else "none"
    if named != report.report_hash:
        raise UsageError(
            "the configuration names another report",
            got=f"[promotion] report = {named}",
            expected=report.report_hash,
            todo="write this hash into the file that FXWATCH_CONFIG names",
        )
    own = fingerprint(configuration.detectors)
    if own not in (report.champion, report.challenger):
        raise UsageError(
            "the report is about other detector sets than the one that is to be in force",
            got=f"[detectors] {own}",
            expected=f"{report.champion} or {report.challenger}",
            todo="compare again with this set: fxwatch testbed compare",
        )
    return report


def tell_models(before: Configuration, after: Configuration, report: GateReport | None = None) -> Iterator[str]:
    """What a change does to the models, one line each; nothing where it does nothing. `report`: where it was read."""
    if is_promotion(before, after):
        hashed = after.promotion.report if after.promotion else "none"
        yield f"promotion of {fingerprint(after.detectors)} by report {hashed}: {_word(report)}"
        if before.promotion and after.promotion == before.promotion:
            yield "WARNING: it is the report by which the set now in force was promoted"
    for one in changed_models(before, after):
        table = f"models of [{one.place}] {one.detectors}"
        if one.becomes == "goes on":
            yield f"{table}: go on with what they learned as [{one.before}]"
        elif one.becomes == "starts anew":
            needed = after.detectors if one.place == CHAMPION else after.challenging[one.place.partition(".")[2]]
            yield f"{table}: start anew; ranks after {needed.warm_up} payments of a partition"
        else:
            yield f"{table}: stop, and what they learned is forgotten"


def _word(report: GateReport | None) -> str:
    if report is None:
        return "nobody compared it here (--report)"
    return "the gate passed" if report.passed else "THE GATE FAILED"
