"""The wheel carries what an operator needs, and `fxwatch deploy write` takes it out: from a wheel and from source."""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from streams.cli import command
from streams.installation import shipped_files

ROOT = Path(__file__).parents[2]
SHIPPED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["fxwatch"]["shipped"]
MOUNTED = (
    "deploy/prometheus/prometheus.yml",
    "deploy/grafana/dashboards/fxwatch.json",
    "deploy/compose/secured.yml",
    "deploy/prometheus/rules/fxwatch.yml",
    "deploy/alertmanager/alertmanager.yml",
    "docs/RUNBOOK.md",
)


def tracked(*places):
    """Files of the repository below the places, as git has them (or has yet to be told of)."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *places)
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name for name in names if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as an operator's is; pip runs offline."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    for name in tracked("streams", "detectors", "pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE", *SHIPPED):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    # what an earlier build left in the tree must not come along
    stale = source / "build" / "lib" / "streams" / "shipped_files" / "gone.yml"
    stale.parent.mkdir(parents=True)
    stale.write_text("gone: true\n")
    pip("wheel", "--no-build-isolation", "--wheel-dir", place, source)
    (built,) = place.glob("fxwatch-*.whl")
    return built


def pip(verb, *arguments):
    """Run pip of this environment, without an index."""
    subprocess.run(
        (
            sys.executable,
            "-m",
            "pip",
            verb,
            "--quiet",
            "--no-index",
            "--no-deps",
            "--disable-pip-version-check",
            *arguments,
        ),
        check=True,
    )


def test_the_wheel_holds_every_file_that_is_not_code(wheel):
    """Templates, defaults and locks below the packages, and all that is shipped; nothing else, nothing stale."""
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {name for name in tracked("streams", "detectors") if not name.endswith(".py")}
    assert {
        "streams/demo/broker/jars.lock",
        "detectors/defaults.toml",
        "detectors/packs/kr.toml",
        "streams/testbed/report/page.html.jinja",
    } <= data
    assert data - names == set()
    held = {name for name in names if name.startswith("streams/shipped_files/")}
    assert {f"streams/shipped_files/{name}" for name in MOUNTED} <= held
    assert held == {f"streams/shipped_files/{name}" for name in tracked(*SHIPPED)}
    modules = {name for name in tracked("streams", "detectors") if name.endswith(".py")}
    assert {name for name in names - held if name.endswith(".py")} == modules


def test_an_installed_wheel_writes_its_files(wheel, tmp_path):
    """Installed where no source is: the command writes every file, byte for byte, and each path of Compose exists."""
    pip("install", "--no-compile", "--target", tmp_path / "site", wheel)
    site = tmp_path / "work" / "site"
    site.parent.mkdir()
    done = subprocess.run(
        (sys.executable, "-c", "from streams.cli import main; main()", "deploy", "write", "site", "--json"),
        check=True,
        capture_output=True,
        text=True,
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    written = json.loads(done.stdout)["written"]
    assert set(written) == tracked(*SHIPPED)
    assert all((site / name).read_bytes() == (ROOT / name).read_bytes() for name in written)
    compose = yaml.safe_load((site / "docker-compose.yml").read_text())
    build = compose["services"]["monitor"]["build"]
    assert (site / build["context"] / build["dockerfile"]).is_file()
    mounts = [volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])]
    assert [mount for mount in mounts if mount.startswith("./") and not (site / mount).exists()] == []


def test_a_source_archive_holds_what_its_wheel_will(wheel, tmp_path):
    """`python -m build` makes the wheel from the archive, in which setup.py must find what is shipped."""
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    source = wheel.parent / "source"
    subprocess.run((sys.executable, "-c", build, tmp_path), cwd=source, check=True, capture_output=True)
    (archive,) = tmp_path.glob("fxwatch-*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    assert {"setup.py", "pyproject.toml", *tracked("streams", "detectors", *SHIPPED)} - names == set()


def run(*arguments):
    return CliRunner().invoke(command, ["deploy", "write", *map(str, arguments)])


def test_an_editable_installation_finds_the_files_where_they_stand(tmp_path):
    """The repository holds each file once, and the command writes those."""
    done = run(tmp_path / "site")
    assert done.exit_code == 0
    assert set(shipped_files.files()) == tracked(*SHIPPED)
    assert f"wrote {tmp_path / 'site' / 'docker-compose.yml'}" in done.output
    assert done.output.splitlines()[-1].startswith(
        f"{len(shipped_files.files())} files written to {tmp_path / 'site'}, 0 "
    )


def test_a_changed_file_is_not_overwritten_without_force(tmp_path):
    """An operator's own change stops the command before it writes anything; --force replaces it, and only it."""
    run(tmp_path)
    changed, gone = tmp_path / MOUNTED[0], tmp_path / MOUNTED[1]
    changed.write_text("own: true\n")
    gone.unlink()
    refused = run(tmp_path)
    assert isinstance(refused.exception, shipped_files.FilesDifferError)
    assert refused.exception.exit_code == 2
    assert refused.exception.got == MOUNTED[0]
    assert "--force" in refused.exception.message
    assert changed.read_text() == "own: true\n"
    assert not gone.exists()
    forced = json.loads(run(tmp_path, "--force", "--json").output)
    assert forced["written"] == sorted(MOUNTED[:2])
    assert len(forced["unchanged"]) == len(shipped_files.files()) - 2
    assert changed.read_bytes() == (ROOT / MOUNTED[0]).read_bytes()


def test_a_directory_in_the_way_is_said_in_words(tmp_path):
    """Neither a traceback nor a half-written site where a path cannot be made."""
    (tmp_path / "deploy").write_text("a file where a directory is needed")
    refused = run(tmp_path)
    assert isinstance(refused.exception, shipped_files.FxwatchError)
    assert "to do: name a directory" in refused.exception.message


def test_an_installation_without_the_files_says_so(tmp_path, monkeypatch):
    """A copy of the modules alone carries nothing to write."""
    monkeypatch.setattr(shipped_files, "_IN_WHEEL", tmp_path / "none")
    monkeypatch.setattr(shipped_files, "_SOURCE", tmp_path)
    with pytest.raises(shipped_files.NotShippedError, match="to do: install fxwatch from its wheel"):
        shipped_files.files()
