"""Mutation testing of the product by its own tests.

Example: python -m tests.mutation detectors/ranking/budget.py
Without a file, every module that has a plan is tried (tests/mutation/modules; hours). Each mutant that survives
without a reason is printed, with --toml ready to be pasted into the plan. Exit code 1 when there is one, or a reason
that is not true.
"""

import argparse
import collections
import json
import os
import sys
import time
from pathlib import Path

# before hypothesis is imported: the same examples for every mutant (tests/conftest.py)
os.environ.setdefault("CI", "true")

import pytest

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.plan import Plan, plan_of, planned_files, unused_reasons
from tests.mutation.trial import Trial

# mutants between two lines that tell how far it is
PROGRESS_EVERY = 100
NOTICED = ("killed", "timeout")
OPTIONS = ("-q", "-p", "no:cacheprovider", "--timeout=0", "--tb=short", "-W", "ignore")


def main() -> int:
    """The command."""
    chosen = _arguments()
    unexplained = 0
    for file in chosen.files or planned_files():
        plan = plan_of(file)
        mutants = _chosen_mutants(file, chosen)
        verdicts = _try_all(file, mutants, chosen.tests or plan.tests, chosen.processes)
        unexplained += _report(file, plan, verdicts, chosen)
    return min(unexplained, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="a module, as in detectors/ranking/budget.py")
    parser.add_argument("--tests", nargs="+", default=[], help="test files, instead of those of the plan")
    parser.add_argument("--processes", type=int, default=2, help="mutants tried at a time")
    parser.add_argument("--every", type=int, default=1, help="only each N-th mutant")
    parser.add_argument("--function", default="", help="only mutants of functions whose name begins so")
    parser.add_argument("--again", type=Path, help="only the mutants that this file (of --save) calls survivors")
    parser.add_argument("--save", type=Path, help="write the survivors to this file, as JSON")
    parser.add_argument("--toml", action="store_true", help="print the survivors as entries of a plan")
    return parser.parse_args()


def _chosen_mutants(file: str, chosen: argparse.Namespace) -> list[Mutant]:
    mutants = [mutant for mutant in mutants_of(file) if mutant.function.startswith(chosen.function)]
    if chosen.again:
        wanted = {tuple(one) for one in json.loads(chosen.again.read_text("utf-8"))}
        mutants = [mutant for mutant in mutants if (mutant.function, mutant.removed, mutant.added) in wanted]
    return mutants[:: chosen.every]


def _try_all(file: str, mutants: list[Mutant], tests: list[str], processes: int) -> dict[Mutant, str]:
    began = time.monotonic()

    def tell(done: int) -> None:
        if done % PROGRESS_EVERY == 0:
            print(f"{file}: {done} of {len(mutants)} mutants, {time.monotonic() - began:.0f} s", flush=True)

    trial = Trial(mutants, processes, tell)
    code = pytest.main([*OPTIONS, *tests], plugins=[trial])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) or len(trial.verdicts) < len(mutants):
        sys.exit(f"the trial of {file} ended by {code!r} after {len(trial.verdicts)} of {len(mutants)} mutants")
    return trial.verdicts


def _report(file: str, plan: Plan, verdicts: dict[Mutant, str], chosen: argparse.Namespace) -> int:
    survivors = [mutant for mutant, verdict in verdicts.items() if verdict not in NOTICED]
    without = [mutant for mutant in survivors if not plan.explained(mutant)]
    for mutant in without:
        print(_toml(mutant) if chosen.toml else f"{verdicts[mutant]}: {mutant.label}")
    if chosen.save:
        rows = [(mutant.function, mutant.removed, mutant.added) for mutant in without]
        chosen.save.write_text(json.dumps(rows, indent=0) + "\n", "utf-8")
    partly = chosen.again or chosen.function or chosen.every > 1
    untrue = [] if partly else unused_reasons(plan, survivors)
    for reason in untrue:
        print(f"{file}: a reason for a mutant that does not survive, or is none: {reason}")
    counts = collections.Counter(verdicts.values())
    print(
        f"{file}: {len(verdicts)} mutants, {counts['killed'] + counts['timeout']} noticed, "
        f"{len(survivors) - len(without)} with a reason, {len(without)} without",
        flush=True,
    )
    return len(without) + len(untrue)


def _toml(mutant: Mutant) -> str:
    names = {"function": mutant.function, "removed": mutant.removed, "added": [mutant.added], "reason": ""}
    return "[[survivor]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in names.items()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
