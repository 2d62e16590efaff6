"""The import contract of pyproject.toml: the science knows nothing of Kafka, time or the network."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINTER = str(Path(sys.executable).with_name("lint-imports"))


def lint(where):
    return subprocess.run([LINTER, "--no-cache"], cwd=where, capture_output=True, text=True, timeout=120, check=False)


def test_detectors_import_nothing_from_streams():
    """import-linter finds the contract kept in this repository."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_a_forbidden_import_is_found(tmp_path):
    """The same configuration finds an import of streams in a copy of the science, so the check can fail."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("streams", "detectors"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text('"""Empty."""\n')
    (tmp_path / "detectors" / "wrong.py").write_text("import streams\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "detectors.wrong -> streams" in done.stdout
