"""What log, commands and /readyz say while something is stopped."""

from types import SimpleNamespace

import msgspec

from streams.operations.stops_told import StopsTold, describe_stops
from tests.support.ledger import configuration

PLAIN = configuration()
STOPPED = msgspec.structs.replace(PLAIN, stopped={"statistical_alerts": "cents"})
LINE = "statistical_alerts are stopped: cents; taken back by: fxwatch rules resume statistical_alerts"


def test_a_stop_is_one_line_with_its_reason_and_the_way_back():
    assert (describe_stops(PLAIN), describe_stops(STOPPED)) == ([], [LINE])


def test_a_stop_is_a_note_and_no_reason_to_be_unready():
    """Also before any partition has come under a configuration."""
    told = [StopsTold(SimpleNamespace(ruling=ruling)) for ruling in (None, PLAIN, STOPPED)]
    assert [one.notes() for one in told] == [[], [], [LINE]]
    assert [one.unready() for one in told] == [[], [], []]
