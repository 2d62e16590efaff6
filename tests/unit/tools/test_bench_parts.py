"""The bench times functions by their names, which move: one that is gone would end `make bench`, which is not in CI."""

import pytest

from tests.bench.parts import PLACES


@pytest.mark.parametrize(("owner", "name", "part"), PLACES, ids=lambda one: one if isinstance(one, str) else "")
def test_what_the_bench_times_is_there(owner, name, part):
    """Each of its places is a function of the product."""
    assert callable(getattr(owner, name)), part
