"""A worker's installation: small, enough for the commands of operators and investigators, plain about the others."""

import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streams import cli
from streams.installation import extras
from tests.support.slim_worker import ROOT, locked

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MIB = 2**20


def slim(*arguments):
    """A process without the modules that requirements.lock does not bring."""
    return subprocess.run(
        (sys.executable, "-m", "tests.support.slim_worker", *arguments),
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def slim_imports():
    """What a worker imports, and what every module lacks, in one process without the modules of the extras."""
    done = slim("imports")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def on_disk(files):
    """Bytes that the files take on the disk, as `du` counts them; what is not there takes none."""
    return sum(file.stat().st_blocks * 512 for file in {Path(file).resolve() for file in files} if file.is_file())


def test_a_workers_environment_is_540_mib_at_most(slim_imports):
    """Every file of the lock's packages and of fxwatch, and the bytecode of what a worker imports.

    Summed from what is installed here: the versions are the lock's (test_locks.py). pip and Python itself do not count.
    Of it, LLVM and Numba, which compile the models, take 210 MiB: the models cost a twentieth with them.
    """
    installed = [metadata.distribution(name) for name in locked("requirements.lock")]
    files = [file.locate() for one in installed for file in one.files if file.suffix != ".pyc"]
    own = [
        file for package in ("detectors", "streams") for file in (ROOT / package).rglob("*") if file.suffix != ".pyc"
    ]
    libraries, code, compiled = on_disk(files), on_disk(own), on_disk(slim_imports["bytecode"])
    print(f"libraries {libraries / MIB:.0f} MiB, fxwatch {code / MIB:.0f}, bytecode of a worker {compiled / MIB:.0f}")
    assert compiled
    assert libraries + code + compiled <= 540 * MIB


@pytest.mark.parametrize("name", ["pyarrow", "matplotlib", "jinja2", "pillow", "jgo", "currencyconverter", "holidays"])
def test_what_only_testbed_and_demo_need_is_not_a_workers(name):
    """It is in the lock for them, and in the developers'."""
    assert name not in locked("requirements.lock")
    assert name in locked("requirements-testbed.lock") & locked("requirements-dev.lock")


def test_every_module_of_a_worker_can_be_imported_without_the_extras(slim_imports):
    """What lacks a library belongs to the testbed or the generator, and lacks one of an extra."""
    lacking = {name: module for name, module in slim_imports["lacked"].items() if module}
    assert {"streams.generator", "streams.testbed.report"} <= lacking.keys()
    assert [name for name in lacking if not name.startswith(("streams.testbed.", "streams.generator"))] == []
    assert set(lacking.values()) <= {module for libraries in extras.LIBRARIES.values() for module in libraries}


def test_a_file_can_be_checked_without_the_extras():
    """A dry run reads, checks and converts payment messages: contracts, registers and formats need no extra."""
    told = slim(
        "publish",
        "--dry-run",
        "--json",
        "--resident-country",
        "KR",
        "--party-type",
        "company",
        "--channel",
        "interbank",
        "--local-currency",
        "KRW",
        "tests/formats/outgoing.pacs.008.001.10.xml",
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["messages"][0]["converted"] == 1


def test_a_command_that_needs_an_extra_says_so_where_it_is_missing():
    """A real process: exit code 2, one message with what to install, no traceback; its --help works."""
    refused = slim("testbed", "library", "list", "--json")
    assert refused.returncode == 2, refused.stderr
    told = json.loads(refused.stderr)
    assert told["code"] == "extra.missing"
    assert told["got"] == "no jgo, CurrencyConverter, holidays, pyarrow, Jinja2, matplotlib"
    assert told["expected"] == "the extra `testbed`"
    assert "Example: fxwatch testbed run" in slim("testbed", "run", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        ("demo", "demo"),
        ("simulate --out {out}", "demo"),
        ("broker start --dir {out}", "demo"),
        ("testbed run --out {out}", "testbed"),
        ("testbed generate --out {out}", "testbed"),
        ("testbed replay ledger --out {out}", "testbed"),
        ("testbed judge {there} --truth {there} --out {out}", "testbed"),
        ("testbed compare {there} {there} --truth {there} --out {out}", "testbed"),
        ("testbed search {there} --vary a=1 --out {out}", "testbed"),
        ("testbed exercise {there} --truth {there} --out {out}", "testbed"),
        ("testbed learn {there} --truth {there}", "testbed"),
        ("testbed library verify", "testbed"),
    ],
)
def test_no_command_begins_without_its_extra(arguments, extra, tmp_path, monkeypatch, capsys):
    """The check comes before any work: nothing was written, and the message says what to install."""
    for module in extras.LIBRARIES[extra]:
        monkeypatch.setitem(sys.modules, module, None)
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["fxwatch", *arguments.format(out=out, there=tmp_path).split()])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert told.startswith(f"fxwatch: {extras.PURPOSES[extra]} cannot run: ")
    assert f"python -m pip install 'fxwatch[{extra}]'" in told
    assert "--require-hashes -r requirements-testbed.lock" in told
    assert not out.exists()


def test_the_extras_are_those_of_the_package():
    """The table of modules names every library of pyproject.toml's extras, and each module is that library's."""
    for extra, libraries in extras.LIBRARIES.items():
        declared = [Requirement(line).name for line in EXTRAS[extra] if not line.startswith("fxwatch[")]
        assert {canonicalize_name(name) for name in libraries.values()} >= set(map(canonicalize_name, declared))
        for module, name in libraries.items():
            assert [canonicalize_name(one) for one in metadata.packages_distributions()[module]] == [
                canonicalize_name(name)
            ]
    assert "fxwatch[demo]" in EXTRAS["testbed"]
    assert extras.LIBRARIES["demo"].items() < extras.LIBRARIES["testbed"].items()


def test_nothing_is_missing_here():
    """Developers have everything, so that a check that always fails would show."""
    assert extras.find_missing("demo") == extras.find_missing("testbed") == []
    extras.require("testbed")


def test_an_import_that_fails_late_is_told_alike(monkeypatch, capsys):
    """A library that vanished after the check, or a command without one: the same message, not a traceback."""

    def fail(**_):
        raise ModuleNotFoundError("No module named 'pyarrow.parquet'", name="pyarrow.parquet")

    monkeypatch.setattr(cli, "command", fail)
    monkeypatch.setattr(sys, "argv", ["fxwatch"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "fxwatch[testbed]" in capsys.readouterr().err
    assert extras.missing_library(ModuleNotFoundError("No module named 'numpy'", name="numpy")) is None
