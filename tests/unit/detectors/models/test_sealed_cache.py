"""A cache beside the code that can be read and not written."""

import pytest

pytest.importorskip("numba", reason="numba is not installed")

from detectors.models.sealed_cache import SealedCacheLocator


def trees() -> None:
    """Stands for a kernel."""


def test_it_is_used_where_something_is_kept(tmp_path):
    """Numba's own locator would refuse a directory that it cannot write to; with nothing in it, it is of no use."""
    module = tmp_path / "kernels.py"
    module.write_text("x = 1\n")
    assert SealedCacheLocator.from_function(trees, str(module)) is None
    kept = tmp_path / "__pycache__"
    kept.mkdir()
    (kept / "kernels.tails-3.py311.nbi").touch()
    assert SealedCacheLocator.from_function(trees, str(module)) is None
    (kept / "kernels.trees-3.py311.nbi").touch()
    found = SealedCacheLocator.from_function(trees, str(module))
    assert found is not None
    assert found.get_cache_path() == str(kept)
