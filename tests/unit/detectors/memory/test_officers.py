"""Ranks of officers: what a new table holds, and who gives a place up."""

import msgspec

from detectors.memory.officers import AT_ONCE, IDLE_US, MOST_KNOWN, Officers
from detectors.values.legal_calendar import DAY_US


def full():
    """All places taken, one a day after the first; higher numbers were there first."""
    officers = Officers()
    for place in range(MOST_KNOWN):
        officers.note_counted(1000 - place, max(0, place - AT_ONCE + 1) * DAY_US)
    return officers


def test_a_new_table_is_empty_and_can_be_saved():
    assert Officers().to_state() == msgspec.msgpack.encode((0, []))
    assert Officers.from_state(Officers().to_state()).to_state() == Officers().to_state()


def test_the_one_who_was_silent_longest_gives_way_whatever_the_number():
    """All but one of the first sixteen speak again; that one gives way, a microsecond after 400 days and not before."""
    officers = full()
    later = IDLE_US
    for place in range(AT_ONCE):
        if place != 7:
            officers.note_counted(1000 - place, later)
    officers.note_counted(5000, IDLE_US)
    assert officers.rank(5000) == MOST_KNOWN
    officers.note_counted(5000, IDLE_US + 1)
    assert (officers.rank(5000), officers.rank(993)) == (MOST_KNOWN - 1, MOST_KNOWN)
    # the places behind move up
    assert (officers.rank(1000), officers.rank(992)) == (0, 7)
