"""A broker's directory has one owner."""

import os
from pathlib import Path

import pytest

from streams.demo.broker.directory import locked, take
from streams.errors import BrokerStartError


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    """The lock is refused while held, and free again when its holder lets go."""
    descriptor = take(tmp_path)
    assert locked(tmp_path)
    with pytest.raises(BrokerStartError, match="in use by a broker that is starting or stopping"):
        take(tmp_path)
    os.close(descriptor)
    assert not locked(tmp_path)
