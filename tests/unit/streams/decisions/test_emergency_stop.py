"""The emergency stop: what is in force by it, and that no file's change ends it by the way."""

import msgspec
import pytest

from detectors.contracts.configuration import fingerprint
from streams.decisions import emergency_stop
from streams.decisions.emergency_stop import keep_stops, resume, stop, with_stops
from streams.errors import RulesGoneError, UsageError
from streams.settings import Settings
from tests.support.ledger import configuration

PLAIN = configuration()
STOPPED = stop(PLAIN, "statistical_alerts", "a feed sends cents")


def test_a_stop_changes_nothing_else_and_goes_without_a_trace():
    """The detector set keeps its fingerprint, so that no model starts anew; and resumed it is the former one."""
    assert STOPPED.stops == {"statistical_alerts": "a feed sends cents"}
    assert fingerprint(STOPPED) != fingerprint(PLAIN)
    assert STOPPED.detectors == PLAIN.detectors
    assert resume(STOPPED, "statistical_alerts") == PLAIN
    assert fingerprint(resume(STOPPED, "statistical_alerts")) == fingerprint(PLAIN)


def test_it_stands_in_the_record_and_only_while_there_is_one():
    """An earlier release reads what is sent when nothing is stopped."""
    assert b"stopped" not in msgspec.json.encode(PLAIN)
    assert msgspec.json.decode(msgspec.json.encode(STOPPED), type=type(PLAIN)) == STOPPED


def test_a_second_stop_of_the_same_has_the_newer_reason():
    assert stop(STOPPED, "statistical_alerts", "still").stops == {"statistical_alerts": "still"}


@pytest.mark.parametrize("reason", ["", "x" * 501, "two\nlines"])
def test_a_reason_that_cannot_be_kept_is_refused(reason):
    with pytest.raises(UsageError, match="expected: one line of 1 to 500 characters"):
        stop(PLAIN, "statistical_alerts", reason)


@pytest.mark.parametrize("reason", ["x", "x" * 500])
def test_the_shortest_and_the_longest_reason_are_kept(reason):
    assert stop(PLAIN, "statistical_alerts", reason).stops["statistical_alerts"] == reason


def test_what_is_not_stopped_cannot_be_resumed():
    with pytest.raises(UsageError, match="no stop of statistical_alerts in the configuration in force"):
        resume(PLAIN, "statistical_alerts")


def test_a_change_of_limits_keeps_the_stop(monkeypatch: pytest.MonkeyPatch):
    """`rules apply` with a file, which never says a stop."""
    other = configuration(engine={"case_window_days": 20})
    kept = keep_stops(other, STOPPED)
    assert (kept.engine, kept.stops) == (other.engine, STOPPED.stops)
    assert keep_stops(other, PLAIN) == other
    settings = Settings(effective_tables={"engine": {"case_window_days": 20}})
    monkeypatch.setattr(emergency_stop, "in_force", lambda _: STOPPED)
    assert with_stops(settings) == kept


def test_where_nobody_knows_what_is_in_force_nothing_is_stopped(monkeypatch: pytest.MonkeyPatch):
    def gone(_):
        raise RulesGoneError("no record says any more which configuration is in force")

    monkeypatch.setattr(emergency_stop, "in_force", gone)
    assert with_stops(Settings()) == Settings().effective
