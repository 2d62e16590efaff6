"""What stands at a position of the ledger, without a broker."""

import pytest

from streams.desk.positions import OffsetSpan, _told
from streams.kafka.unreadable_sets import Unreadable

UNREADABLE = Unreadable("fx.ledger.v1", 3, 14, 14, 0, 9, "0" * 64, "set.damaged", "the CRC differs")


@pytest.mark.parametrize(
    ("offset", "state"),
    [
        (9, "deleted"),
        (10, "record"),
        (11, "marker"),
        (12, "aborted"),
        (14, "damaged"),
        (20, "open"),
        (24, "open"),
        (25, "beyond"),
        (10**18, "beyond"),
    ],
)
def test_what_stands_at_a_position(offset, state):
    """Each kind of absence is another one."""
    found, hidden = {10: "a record", 14: UNREADABLE}, {12: "rolled back"}
    told = _told(offset, OffsetSpan(first=10, committed=20, written=25), found, hidden)
    assert (told.offset, told.state) == (offset, state)
    assert ("the CRC differs" in told.cause) == (state == "damaged")
