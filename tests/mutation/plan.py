"""What is known of a module's mutants: the tests that are asked, and the reason of each survivor.

`modules/` holds one file a module, `detectors.ranking.budget.toml` for `detectors/ranking/budget.py`:

    tests = ["tests/unit/detectors/ranking/test_budget.py"]

    [[survivor]]
    function = "Budget.offer"
    removed = "if rank <= threshold:"
    added = ["if rank < threshold:"]
    reason = "a rank is drawn from a continuum, so that equality has no weight"
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.mutation.mutants import ROOT, Mutant, mutants_of

PLANS = Path(__file__).with_name("modules")
# What has or should have a plan: all of the science, and the engine that applies it to a partition exactly.
SCIENCE = "detectors"
ENGINE = (
    "streams/kafka/bounded_fetching.py",
    "streams/kafka/decompression.py",
    "streams/ingest/door.py",
    "streams/kafka/fetched_bytes.py",
    "streams/ledger/configuration_in_force.py",
    "streams/partition/kafka_log.py",
    "streams/ledger/envelope.py",
    "streams/monitor/core.py",
    "streams/kafka/old_record_sets.py",
    "streams/partition/outputs.py",
    "streams/partition/partition.py",
    "streams/ledger/progress.py",
    "streams/kafka/record_sets.py",
    "streams/kafka/unreadable_sets.py",
    "streams/keys/sender_keys.py",
    "streams/keys/signed_records.py",
    "streams/partition/snapshot_writer.py",
    "streams/ledger/snapshot_format.py",
)
SHORTEST_REASON = 20


class Survivor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mutants of one line that no test can or need tell from the product, and why."""

    function: str
    removed: str
    added: list[str]
    reason: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One module: its tests, and its survivors that have a reason."""

    tests: list[str]
    survivor: list[Survivor] = []

    def explained(self, mutant: Mutant) -> bool:
        """Whether a reason is given for this mutant."""
        return any(
            one.function == mutant.function and one.removed == mutant.removed and mutant.added in one.added
            for one in self.survivor
        )


def plan_of(file: str) -> Plan:
    """The plan of a file of the repository. Raises FileNotFoundError, `msgspec.ValidationError`."""
    path = PLANS / (file.removesuffix(".py").replace("/", ".") + ".toml")
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Plan)


def planned_files() -> list[str]:
    """Every file that has a plan."""
    return sorted(path.stem.replace(".", "/") + ".py" for path in PLANS.glob("*.toml"))


def files_without_plan() -> list[str]:
    """Files of the scope that have mutants and no plan yet."""
    science = (str(path.relative_to(ROOT)) for path in (ROOT / SCIENCE).rglob("*.py"))
    wanted = {*ENGINE, *science} - set(planned_files())
    return sorted(file for file in wanted if mutants_of(file))


def stale_reasons(file: str) -> list[str]:
    """Reasons whose line does not stand in the file any more, and reasons too short to be one."""
    text = " ".join((ROOT / file).read_text("utf-8").split())
    found = []
    for one in plan_of(file).survivor:
        if " ".join(one.removed.split()) not in text:
            found.append(f"{file} {one.function}: no such line any more: {one.removed}")
        if len(one.reason) < SHORTEST_REASON:
            found.append(f"{file} {one.function}: a reason is a sentence; got: {one.reason!r}")
    return found


def unused_reasons(plan: Plan, survivors: Iterable[Mutant]) -> list[str]:
    """Mutants with a reason that did not survive: the reason is no longer true, or was never."""
    lived = {(mutant.function, mutant.removed, mutant.added) for mutant in survivors}
    return [
        f"{one.function}\n    - {one.removed}\n    + {added}"
        for one in plan.survivor
        for added in one.added
        if (one.function, one.removed, added) not in lived
    ]
