"""The one build step that pyproject.toml cannot say: the wheel carries what an operator needs beside the code.

Rules, dashboards, Compose files, locks and documents stand where the repository has them, and only there. The list is
`shipped` of `[tool.fxwatch]` in pyproject.toml. A wheel holds copies in streams/shipped_files, laid out as in the
repository; streams/installation/shipped_files.py finds them in either place, so an editable installation needs no
copies.
"""

import shutil
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithShippedFiles(build_py):
    """setuptools' own step, then the copies."""

    def run(self) -> None:
        """Copy anew: an earlier build may have left files that are gone since."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "streams", "shipped_files")
        shutil.rmtree(target, ignore_errors=True)
        for name in tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["fxwatch"]["shipped"]:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if Path(name).is_dir():
                shutil.copytree(name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy(name, target / name)


setup(cmdclass={"build_py": BuildWithShippedFiles})
