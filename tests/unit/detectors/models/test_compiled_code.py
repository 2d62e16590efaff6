"""Compiled code is loaded when it is needed, kept where it can be, and done without where it cannot."""

import json
import os
import subprocess
import sys
import types
from typing import Any

import pytest

from detectors.models import compiled_code, compiled_trial
from detectors.models.compiled_code import Kernels
from tests.support.repository import ROOT

FAKE = Kernels(*["kernel"] * len(Kernels._fields))


@pytest.fixture
def numba(monkeypatch):
    """A compiler that compiles nothing: `asked` says how it was asked, `answers` what it then does."""
    module: Any = types.ModuleType("numba")
    module.config = types.SimpleNamespace(DISABLE_JIT=False, CPU_NAME=None, CPU_FEATURES=None, CACHE_LOCATOR_CLASSES="")
    module.asked, module.answers = [], []

    def compile_(_numba: Any, *, keep: bool) -> tuple[Kernels, bool]:
        module.asked.append(keep)
        answer = module.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return FAKE, answer

    monkeypatch.setitem(sys.modules, "numba", module)
    monkeypatch.setattr(compiled_code, "_compile", compile_)
    monkeypatch.setattr(compiled_trial, "find_difference", lambda _kernels: "")
    return module


def prepare() -> compiled_code.Prepared:
    """As if no one had asked in this process."""
    return compiled_code.prepare.__wrapped__()


@pytest.mark.parametrize(
    ("cached", "said"),
    [(True, "compiled code of the models was loaded"), (False, "the models were compiled")],
)
def test_what_came_of_it_is_said(numba, cached, said):
    """From the cache or not; neither asks anyone to do anything."""
    numba.answers = [cached]
    assert prepare() == compiled_code.Prepared(FAKE, cached, said, trouble=False)
    assert numba.asked == [True]


def test_the_plainest_processor_is_compiled_for_unless_another_is_named(numba):
    """A cache made on one machine then serves any other."""
    numba.answers = [True]
    prepare()
    assert (numba.config.CPU_NAME, numba.config.CPU_FEATURES) == ("generic", "")
    assert "SealedCacheLocator" in numba.config.CACHE_LOCATOR_CLASSES
    numba.config.CPU_NAME, numba.config.CPU_FEATURES, numba.config.CACHE_LOCATOR_CLASSES = "host", "+fma", "Mine"
    numba.answers = [True]
    prepare()
    assert (numba.config.CPU_NAME, numba.config.CPU_FEATURES) == ("host", "+fma")
    assert numba.config.CACHE_LOCATOR_CLASSES == "Mine"


@pytest.mark.parametrize(
    "fault",
    [RuntimeError("cannot cache function 'trees': no locator available"), OSError(28, "No space left on device")],
)
def test_what_cannot_be_kept_is_compiled_all_the_same_and_said(numba, fault):
    """A read-only file system, or a full one: the start is slow, and the log says that the next one will be."""
    numba.answers = [fault, False]
    found = prepare()
    assert numba.asked == [True, False]
    assert (found.kernels, found.trouble) == (FAKE, True)
    assert found.said == (
        f"the models were compiled; it cannot be kept for the next start, which will compile again ({fault})"
    )


def test_a_compiler_that_fails_leaves_plain_python(numba):
    """Whatever it raises, and with its own words."""
    numba.answers = [ValueError("no such processor")]
    found = prepare()
    assert (found.kernels, found.trouble) == (None, True)
    assert found.said.startswith("the compiler failed (ValueError: no such processor), so the models run as plain")


def test_code_that_differs_from_plain_python_is_not_used(numba, monkeypatch):
    """The first difference is told."""
    numba.answers = [True]
    monkeypatch.setattr(compiled_trial, "find_difference", lambda _kernels: "trees, event 7")
    found = prepare()
    assert (found.kernels, found.trouble) == (None, True)
    assert "does not give what plain Python gives (trees, event 7)" in found.said


def test_an_operator_may_switch_it_off(numba):
    """Numba's own switch; that is no trouble."""
    numba.config.DISABLE_JIT = True
    found = prepare()
    assert (found.kernels, found.trouble, numba.asked) == (None, False, [])
    assert "NUMBA_DISABLE_JIT is set" in found.said


def test_without_numba_there_is_plain_python(monkeypatch):
    """An installation without it works, and is told."""
    monkeypatch.setitem(sys.modules, "numba", None)
    found = prepare()
    assert (found.kernels, found.trouble) == (None, True)
    assert "numba cannot be imported" in found.said


def run(program: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_nothing_is_imported_before_an_event_is_learned():
    """Commands build models to check their parameters, and must not wait half a second for a compiler."""
    program = """
import sys
from detectors.models import REGISTRY
for kind in REGISTRY.values():
    model = kind.build({}, 1)
    model.score_one({"hour": 1.0}), model.explain_one({"hour": 1.0}), model.to_state()
    model.score_then_learn_one({"hour": 1.0}, learn=False)
print("numba" in sys.modules)
"""
    with run(program) as process:
        assert process.stdout is not None
        assert process.stdout.read().strip() == "False"


@pytest.mark.skipif(compiled_code.kernels() is None, reason=compiled_code.prepare().said)
def test_two_processes_that_compile_at_once_leave_one_good_cache(tmp_path):
    """A new directory: both compile, neither hurts the other, and the third loads what they left."""
    program = "import json; from detectors.models.compiled_code import prepare; f = prepare(); print(json.dumps(f[1:]))"
    two = [run(program, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    said = []
    for process in two:
        out, _ = process.communicate(timeout=300)
        said.append(json.loads(out))
    assert [trouble for _, _, trouble in said] == [False, False]
    out, _ = run(program, NUMBA_CACHE_DIR=str(tmp_path)).communicate(timeout=300)
    assert json.loads(out) == [True, "compiled code of the models was loaded", False]
