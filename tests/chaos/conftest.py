"""The three-broker cluster of each chaos test: new for each, because its faults leave traces."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.three_brokers import ThreeBrokers


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[ThreeBrokers]:
    """Three brokers of the test's own, running."""
    with ThreeBrokers(tmp_path) as cluster:
        yield cluster
