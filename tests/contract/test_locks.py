"""The hashed locks against pyproject.toml: complete, consistent, without addresses of indexes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME, BUILD = PROJECT["project"]["dependencies"], PROJECT["build-system"]["requires"]
OPTIONAL = PROJECT["project"]["optional-dependencies"]
EXTRAS = [line for extra in ("demo", "testbed") for line in OPTIONAL[extra] if line != "fxwatch[demo]"]
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-testbed.lock": [*RUNTIME, *EXTRAS],
    "requirements-build.lock": BUILD,
    "requirements-dev.lock": [*RUNTIME, *EXTRAS, *BUILD, *PROJECT["dependency-groups"]["dev"]],
    "requirements-java.lock": OPTIONAL["java"],
    "requirements-fuzz.lock": PROJECT["dependency-groups"]["fuzz"],
    "requirements-mutation.lock": PROJECT["dependency-groups"]["mutation"],
    "requirements-labelled.lock": PROJECT["dependency-groups"]["labelled"],
}


def pins(name):
    """Package -> (version, hashes) of a lock."""
    found = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text().strip()):
        if not block.startswith("#"):
            requirement = Requirement(block.split("\\")[0].strip())
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", block
            found[canonicalize_name(requirement.name)] = (
                specifier.version,
                re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block),
            )
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_within_its_bounds(name):
    """Each requirement of pyproject.toml has one pinned version in the lock, and that version satisfies it."""
    locked = pins(name)
    for line in LOCKS[name]:
        requirement = Requirement(line)
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), f"{line}: locked {version}; to do: make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(name):
    """Nothing is installed whose bytes are not known."""
    locked = pins(name)
    assert locked
    assert [package for package, (_, hashes) in locked.items() if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_address_and_no_path_in_a_lock(name):
    """A lock carries versions and hashes only: no index, no local directory, no option."""
    text = (ROOT / name).read_text()
    assert not re.search(r"://| @ |find-links|index-url|trusted-host", text)
    assert {line.strip().split("=")[0] for line in text.splitlines() if line.strip().startswith("--")} == {"--hash"}
    assert not re.search(r"(^|\s)/\w", text)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-testbed.lock", "requirements-build.lock"])
def test_developers_run_what_is_shipped(name):
    """Every pin is the same in the developers' lock, version and hashes."""
    runtime, development = pins(name), pins("requirements-dev.lock")
    assert {package: development.get(package) for package in runtime} == runtime
    assert runtime.keys() < development.keys()


def test_the_testbed_adds_to_what_a_worker_has():
    """Its lock may be installed over a worker's: every pin of the worker is in it, and more."""
    worker, testbed = pins("requirements.lock"), pins("requirements-testbed.lock")
    assert {package: testbed.get(package) for package in worker} == worker
    assert worker.keys() < testbed.keys()
