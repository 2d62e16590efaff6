"""The audit log's chain of hashes."""

from datetime import UTC, datetime

import pytest

from streams.access import audit_log

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def chain(count: int) -> list[tuple[int, bytes]]:
    values: list[tuple[int, bytes]] = []
    for number in range(count):
        last = values[-1][1] if values else None
        who = audit_log.Who("officer", 1000, "desk-1")
        # every other offset is a transaction marker
        values.append((2 * number, audit_log.chained(last, "reidentify", f"t{number}", "c", "r", who, WHEN, "opened")))
    return values


def test_an_untouched_chain_is_whole():
    """Records as they were written show no break."""
    assert list(audit_log.find_breaks(chain(5))) == []


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_a_removed_record_breaks_the_chain(removed):
    """Removing any record but the last is seen at the one that followed it."""
    values = chain(5)
    del values[removed]
    told = list(audit_log.find_breaks(values))
    assert len(told) == 1
    assert told[0].startswith(f"offset {2 * removed + 2}:")


def test_a_changed_record_breaks_the_chain():
    """Changing a record's content is seen at the next one."""
    values = chain(3)
    values[1] = (values[1][0], values[1][1].replace(b"officer", b"0fficer"))
    assert [told.split(":")[0] for told in audit_log.find_breaks(values)] == ["offset 4"]


def test_what_is_no_record_is_told():
    """Foreign bytes in the log are named with their offset."""
    assert next(iter(audit_log.find_breaks([(0, b"x")]))).startswith("offset 0: not an audit record")


def test_the_account_is_the_system_s_not_the_environment_s(monkeypatch):
    """USER and LOGNAME can be set by anyone, so they are not asked."""
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    assert audit_log.read_account().user != "somebody"


@pytest.mark.parametrize("typed", ["900101-1234567", "k1.0a3." + "5D" * 16, "", "x" * 5000, "\udcff"])
def test_what_is_no_token_is_not_written(typed):
    """Somebody may type an identity by mistake; the log is kept for ever and many may read it."""
    value = audit_log.chained(
        None, "reidentify", typed, "c", "r", audit_log.read_account(), WHEN, "refused: token.malformed"
    )
    assert f'"token":"no token ({len(typed)} characters)"'.encode() in value
    assert not typed or typed.encode("utf-8", "replace") not in value
    assert audit_log.subject("k1.0a3." + "5d" * 16) == "k1.0a3." + "5d" * 16
